using System.CommandLine;

namespace DataFlow.Cli.Remote;

/// <summary>Where the service is that a command talks to.</summary>
internal static class ServiceArguments
{
    private const string DefaultServer = "http://127.0.0.1:5080";

    /// <summary>Its address.</summary>
    public static Option<string?> Server { get; } = new("--server")
    {
        Description = $"Where the service is. Default: what DATAFLOW_SERVER says, else {DefaultServer}.",
        HelpName = "url",
    };

    /// <summary>What opens it.</summary>
    public static Option<string?> Key { get; } = new("--key")
    {
        Description = "The key that opens the service. Better given as DATAFLOW_KEY: other users see command lines.",
        HelpName = "key",
    };

    /// <summary>A client for the service that was named.</summary>
    public static ServiceClient Connect(ParseResult parsed)
    {
        var server = parsed.GetValue(Server) ?? Variable("DATAFLOW_SERVER") ?? DefaultServer;
        return Uri.TryCreate(server, UriKind.Absolute, out var address) && address.Scheme is "http" or "https"
            ? new ServiceClient(address, parsed.GetValue(Key) ?? Variable("DATAFLOW_KEY"))
            : throw new WrongInputException($"--server '{server}' is no URL; give one such as {DefaultServer}.");
    }

    private static string? Variable(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;
}
