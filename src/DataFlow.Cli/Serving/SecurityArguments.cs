using System.CommandLine;
using DataFlow.Engine.Configuration;
using DataFlow.Server;

namespace DataFlow.Cli.Serving;

/// <summary>The options of <c>dataflow serve</c> that say who may come in and what pipelines may name.</summary>
internal static class SecurityArguments
{
    /// <summary>Password of the certificate's key: in the environment or the settings file only, so that no list of processes shows it.</summary>
    private const string TlsPassword = "tls-password";

    /// <summary>The key of commands that talk to a service; it may stand in the service's environment, too.</summary>
    private const string ClientKey = "DATAFLOW_KEY";

    private const string OpenVariables = "DATAFLOW_*";

    private static readonly Option<bool> RequireLogin = new("--require-login") { Description = "Ask for a key or token on loopback addresses too, as behind a proxy on this machine." };
    private static readonly Option<string?> TlsCertificate = new("--tls-certificate") { Description = "Certificate for https:// addresses: PEM with its chain, or PFX. Read again when it is replaced. A password stands in DATAFLOW_TLS_PASSWORD.", HelpName = "file" };
    private static readonly Option<string?> TlsKey = new("--tls-key") { Description = "Private key of a PEM certificate.", HelpName = "file" };
    private static readonly Option<string?> OidcAuthority = new("--oidc-authority") { Description = "OpenID Connect issuer whose tokens open the API, besides keys.", HelpName = "url" };
    private static readonly Option<string?> OidcAudience = new("--oidc-audience") { Description = "Audience that the tokens must be for. Default: dataflow.", HelpName = "name" };
    private static readonly Option<string?> OidcReadScope = new("--oidc-read-scope") { Description = "Scope or role of those who may look. Default: dataflow.read.", HelpName = "name" };
    private static readonly Option<string?> OidcWriteScope = new("--oidc-write-scope") { Description = "Scope or role of those who may change things. Default: dataflow.write.", HelpName = "name" };
    private static readonly Option<string?> OidcRoleClaim = new("--oidc-role-claim") { Description = "Claim with roles besides scope, scp, roles and role.", HelpName = "name" };
    private static readonly Option<string[]> Plugins = new("--plugins") { Description = "Folder that pipelines may have database providers loaded from; may be given several times. Default: none.", HelpName = "folder" };
    private static readonly Option<string[]> AllowEnv = new("--allow-env") { Description = $"Environment variable that pipelines may use as ${{env:NAME}}, * for any rest; may be given several times. Default: {OpenVariables}, without the service's own.", HelpName = "name" };

    /// <summary>All of them.</summary>
    public static IReadOnlyList<Option> All { get; } =
        [RequireLogin, TlsCertificate, TlsKey, OidcAuthority, OidcAudience, OidcReadScope, OidcWriteScope, OidcRoleClaim, Plugins, AllowEnv];

    /// <summary>Who may come in.</summary>
    /// <exception cref="WrongInputException">Something can't be used.</exception>
    public static SecurityOptions Security(ParseResult parsed, ServeSettings settings)
    {
        string? Text(Option<string?> option) => parsed.GetValue(option) ?? settings.Text(option.Name.TrimStart('-'));
        var certificate = Text(TlsCertificate);
        return new SecurityOptions
        {
            RequireLogin = parsed.GetValue(RequireLogin) || settings.Text("require-login") is "true",
            Tls = certificate is null ? null : new TlsOptions
            {
                Certificate = Path.GetFullPath(certificate),
                Key = Text(TlsKey) is { } key ? Path.GetFullPath(key) : null,
                Password = settings.Text(TlsPassword),
            },
            Oidc = Text(OidcAuthority) is not { } authority ? null : new OidcOptions
            {
                Authority = Uri.TryCreate(authority, UriKind.Absolute, out var url) && url.Scheme is "http" or "https"
                    ? url
                    : throw new WrongInputException($"oidc-authority: '{authority}' is no URL; give the issuer's https:// address."),
                Audience = Text(OidcAudience) ?? "dataflow",
                ReadScope = Text(OidcReadScope) ?? "dataflow.read",
                WriteScope = Text(OidcWriteScope) ?? "dataflow.write",
                RoleClaim = Text(OidcRoleClaim),
            },
        };
    }

    /// <summary>What pipelines may name.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="settings">Environment and settings file.</param>
    /// <param name="files">The pipeline files and folders that were given: what stands beside them may be named.</param>
    /// <param name="roots">The roots that were given.</param>
    /// <param name="state">The state folder.</param>
    public static Confinement Confinement(
        ParseResult parsed, ServeSettings settings, IEnumerable<string> files, IEnumerable<string> roots, string state)
    {
        IReadOnlyList<string> List(Option<string[]> option) =>
            parsed.GetValue(option) is { Length: > 0 } given ? given : settings.List(option.Name.TrimStart('-'));
        var variables = List(AllowEnv);
        var tls = Security(parsed, settings).Tls;
        return new Confinement(
            [.. roots, .. files.Select(file => Directory.Exists(file) ? file : Path.GetDirectoryName(Path.GetFullPath(file))!)],
            [state, .. new[] { tls?.Certificate, tls?.Key, settings.File }.OfType<string>()],
            List(Plugins),
            variables.Count > 0 ? variables : [OpenVariables],
            parsed.CommandResult.Command.Options.Select(option => ServeSettings.VariableOf(option.Name.TrimStart('-'))).Append(ServeSettings.VariableOf(TlsPassword)).Append(ClientKey));
    }
}
