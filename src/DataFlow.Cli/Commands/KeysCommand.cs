using System.CommandLine;
using System.Globalization;
using System.Text.RegularExpressions;
using DataFlow.Cli.Serving;
using DataFlow.Cluster;
using DataFlow.Engine.Lifecycle;
using DataFlow.Server;

namespace DataFlow.Cli.Commands;

/// <summary><c>dataflow keys</c>: the keys that open the API of a service.</summary>
internal static partial class KeysCommand
{
    private static readonly Argument<string> Name = new("name") { Description = "What people call the key; the history names it as the one who asked." };
    private static readonly Option<bool> ReadOnly = new("--read-only") { Description = "A key that may look and change nothing." };
    private static readonly Option<string?> State = new("--state") { Description = "State folder of the service. Default: .dataflow in the current folder.", HelpName = "folder" };
    private static readonly Option<string?> Database = new("--database") { Description = "PostgreSQL database of the service, when its state is in one.", HelpName = "connection" };

    public static Command Create(CliContext context)
    {
        var create = new Command("create", "Make a key. Its secret is shown once; only a hash is kept. It opens the API at once.") { Name, ReadOnly, State, Database };
        create.SetAction((parsed, ct) => CreateAsync(context, parsed, ct));
        var list = new Command("list", "List the keys.") { State, Database };
        list.SetAction((parsed, ct) => ListAsync(context, parsed, ct));
        var revoke = new Command("revoke", "Take a key away. Running services refuse it within 5 seconds.") { Name, State, Database };
        revoke.SetAction((parsed, ct) => RevokeAsync(context, parsed, ct));
        return new Command("keys", "The keys that open the API of a service: Authorization: Bearer KEY, or X-Api-Key: KEY.") { create, list, revoke };
    }

    private static async Task<int> CreateAsync(CliContext context, ParseResult parsed, CancellationToken ct)
    {
        var name = parsed.GetRequiredValue(Name);
        if (!Allowed().IsMatch(name))
        {
            throw new WrongInputException($"'{name}' can't be the name of a key; use up to 100 letters, digits and - _ . @.");
        }

        var secret = KeySecret.Create();
        var key = new ApiKey(name, KeySecret.HashOf(secret), !parsed.GetValue(ReadOnly), context.Time.GetUtcNow());
        var store = await OpenAsync(context, parsed, ct).ConfigureAwait(false);
        await using (store.ConfigureAwait(false))
        {
            if (!await store.Keys.AddAsync(key, ct).ConfigureAwait(false))
            {
                throw new WrongInputException($"There is a key '{name}' already; revoke it first, or choose another name.");
            }
        }

        await context.Out.WriteLineAsync(secret).ConfigureAwait(false);
        await context.Error.WriteLineAsync(
            $"This is the secret of key '{name}', which may {(key.MayWrite ? "look and change things" : "only look")}. It is not shown again.").ConfigureAwait(false);
        return ExitCode.Done;
    }

    private static async Task<int> ListAsync(CliContext context, ParseResult parsed, CancellationToken ct)
    {
        var store = await OpenAsync(context, parsed, ct).ConfigureAwait(false);
        await using (store.ConfigureAwait(false))
        {
            foreach (var key in await store.Keys.ListAsync(ct).ConfigureAwait(false))
            {
                await context.Out.WriteLineAsync(string.Create(
                    CultureInfo.InvariantCulture, $"{key.Name}\t{(key.MayWrite ? "read, write" : "read")}\t{key.Created.UtcDateTime:yyyy-MM-dd HH:mm:ss}Z")).ConfigureAwait(false);
            }
        }

        return ExitCode.Done;
    }

    private static async Task<int> RevokeAsync(CliContext context, ParseResult parsed, CancellationToken ct)
    {
        var name = parsed.GetRequiredValue(Name);
        var store = await OpenAsync(context, parsed, ct).ConfigureAwait(false);
        await using (store.ConfigureAwait(false))
        {
            if (!await store.Keys.RemoveAsync(name, ct).ConfigureAwait(false))
            {
                throw new WrongInputException($"There is no key '{name}'; `dataflow keys list` shows those that there are.");
            }
        }

        await context.Error.WriteLineAsync($"Key '{name}' is revoked; running services refuse it within 5 seconds.").ConfigureAwait(false);
        return ExitCode.Done;
    }

    private static async Task<IServiceStore> OpenAsync(CliContext context, ParseResult parsed, CancellationToken ct)
    {
        var settings = new ServeSettings(file: null);
        return await ServiceStores.OpenAsync(
            Path.GetFullPath(parsed.GetValue(State) ?? settings.Text("state") ?? ".dataflow"),
            parsed.GetValue(Database) ?? settings.Text("database"),
            context.Time,
            ct).ConfigureAwait(false);
    }

    [GeneratedRegex(@"^[\p{L}\p{Nd}._@-]{1,100}$")]
    private static partial Regex Allowed();
}
