#pragma warning disable CS1591 // The [Option] text is the documentation; it is what help, reference and schema print.
namespace DataFlow.Connectors;

internal enum KafkaSasl
{
    None,
    Plain,

    [OptionValue("scram-sha-256")]
    ScramSha256,

    [OptionValue("scram-sha-512")]
    ScramSha512,

    [OptionValue("oauthbearer")]
    OAuthBearer,
}

/// <summary>How to reach a cluster: what source and sink have in common.</summary>
internal abstract record KafkaClientOptions : IOptionsValidation
{
    [Option("Encrypt the connection. Implied by ca-file and cert-file.")]
    public bool Tls { get; init; }

    [Option("File with the certificates (PEM) of the authorities that sign the brokers' certificates. Left out: those of the system.", Example = "ca.pem", Path = true)]
    public string CaFile { get; init; } = "";

    [Option("File with this client's own certificate (PEM), for clusters that ask for one (mTLS). Needs key-file.", Example = "client.pem", Path = true)]
    public string CertFile { get; init; } = "";

    [Option("File with the private key (PEM) of cert-file.", Example = "client.key", Path = true)]
    public string KeyFile { get; init; } = "";

    [Option("Password of key-file.", Secret = true)]
    public string KeyPassword { get; init; } = "";

    [Option("How to log in: none, plain, scram-sha-256, scram-sha-512 or oauthbearer.")]
    public KafkaSasl Sasl { get; init; }

    [Option("User name for plain and scram.")]
    public string Username { get; init; } = "";

    [Option("Password for plain and scram.", Secret = true, Example = "${env:KAFKA_PASSWORD}")]
    public string Password { get; init; } = "";

    [Option("oauthbearer: where tokens are fetched (OIDC client credentials).", Example = "https://login.example.com/oauth2/token")]
    public string OauthTokenUrl { get; init; } = "";

    [Option("oauthbearer: the client's id.")]
    public string OauthClientId { get; init; } = "";

    [Option("oauthbearer: the client's secret.", Secret = true, Example = "${env:KAFKA_CLIENT_SECRET}")]
    public string OauthClientSecret { get; init; } = "";

    [Option("oauthbearer: the scope to ask for.", Advanced = true)]
    public string OauthScope { get; init; } = "";

    [Option("How long to wait for the first answer of a broker.", Advanced = true, Unit = "s")]
    [OptionRange(1, 3600)]
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(30);

    [Option("Properties of the client library (librdkafka) that have no option here. Those that an option sets or that delivery depends on are refused.", Advanced = true, Example = "{ client.rack: eu-1a }")]
    public IReadOnlyDictionary<string, string> Client { get; init; } = new Dictionary<string, string>();

    /// <inheritdoc/>
    public virtual IEnumerable<OptionProblem> Validate()
    {
        if (CertFile.Length > 0 != KeyFile.Length > 0)
        {
            yield return new OptionProblem(
                CertFile.Length > 0 ? "cert-file" : "key-file", "A client certificate needs both cert-file and key-file; give the other one too.");
        }

        if (Sasl is KafkaSasl.Plain or KafkaSasl.ScramSha256 or KafkaSasl.ScramSha512)
        {
            if (Username.Length == 0)
            {
                yield return new OptionProblem("username", "The chosen sasl mechanism logs in with a user name; give username and password.");
            }

            if (Password.Length == 0)
            {
                yield return new OptionProblem("password", "The chosen sasl mechanism logs in with a password; give it as ${env:NAME}.");
            }
        }
        else if (Username.Length > 0 || Password.Length > 0)
        {
            yield return new OptionProblem(
                Username.Length > 0 ? "username" : "password", "This has no effect without sasl; choose sasl: plain, scram-sha-256 or scram-sha-512.");
        }

        if (Sasl == KafkaSasl.OAuthBearer && OauthTokenUrl.Length == 0)
        {
            yield return new OptionProblem("oauth-token-url", "oauthbearer fetches tokens from a URL; give it as oauth-token-url.");
        }

        foreach (var problem in Client.Keys.Select(KafkaClientProperties.Problem).OfType<string>())
        {
            yield return new OptionProblem("client", problem);
        }
    }
}
