using System.Globalization;

namespace DataFlow.Connectors;

/// <summary>The properties of the client library, made of options. Thread-safe.</summary>
internal static class KafkaClientProperties
{
    /// <summary>Properties that users can't set, each with the reason.</summary>
    private static readonly Dictionary<string, string> Owned = new(StringComparer.Ordinal)
    {
        ["bootstrap.servers"] = "the connection says it",
        ["metadata.broker.list"] = "the connection says it",
        ["group.id"] = "the option group-id sets it",
        ["group.instance.id"] = "the option group-instance-id sets it",
        ["group.protocol"] = "the option group-protocol sets it",
        ["isolation.level"] = "the option isolation sets it",
        ["auto.offset.reset"] = "the option auto-offset-reset sets it",
        ["enable.auto.commit"] = "offsets are committed after the sink has acknowledged the records; the option enable-auto-commit changes that",
        ["enable.auto.offset.store"] = "offsets are committed after the sink has acknowledged the records",
        ["auto.commit.interval.ms"] = "the platform commits",
        ["enable.partition.eof"] = "the platform finds out itself where a partition ends",
        ["queued.max.messages.kbytes"] = "the option buffer-bytes sets it",
        ["transactional.id"] = "it is made of the pipeline's name, so that two pipelines never share one",
        ["enable.idempotence"] = "a sink that is not idempotent could double and reorder records",
        ["enable.gapless.guarantee"] = "the platform keeps the order",
        ["acks"] = "records count as delivered when all in-sync replicas have them",
        ["request.required.acks"] = "records count as delivered when all in-sync replicas have them",
        ["compression.type"] = "the option compression sets it",
        ["compression.codec"] = "the option compression sets it",
        ["message.timeout.ms"] = "the option delivery-timeout sets it",
        ["delivery.timeout.ms"] = "the option delivery-timeout sets it",
        ["transaction.timeout.ms"] = "the option delivery-timeout sets it",
        ["security.protocol"] = "the options tls and sasl set it",
        ["sasl.mechanism"] = "the option sasl sets it",
        ["sasl.mechanisms"] = "the option sasl sets it",
        ["sasl.username"] = "the option username sets it",
        ["sasl.password"] = "the option password sets it, which is never printed",
        ["ssl.key.password"] = "the option key-password sets it, which is never printed",
        ["ssl.key.pem"] = "it holds a secret; use key-file",
        ["ssl.keystore.password"] = "it is a secret; use cert-file and key-file",
        ["sasl.oauthbearer.client.secret"] = "the option oauth-client-secret sets it, which is never printed",
        ["sasl.oauthbearer.config"] = "the oauth options set it",
    };

    /// <summary>Why a property can't be set by users; null when it can.</summary>
    public static string? Problem(string name) =>
        Owned.TryGetValue(name, out var reason) ? $"The client property '{name}' can't be set: {reason}. Remove it."
        : name.StartsWith("test.", StringComparison.Ordinal) || name.EndsWith("_cb", StringComparison.Ordinal)
            || name is "opaque" or "default_topic_conf" or "interceptors" or "enabled_events"
            ? $"The client property '{name}' can't be set in a file: it is meant for programs. Remove it."
        : null;

    /// <summary>Address and security, which source and sink share.</summary>
    public static Dictionary<string, string> Of(string connection, KafkaClientOptions options, string clientId)
    {
        var properties = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["bootstrap.servers"] = connection,
            ["client.id"] = clientId,
            ["security.protocol"] = (UsesTls(options), options.Sasl != KafkaSasl.None) switch
            {
                (true, true) => "sasl_ssl",
                (true, false) => "ssl",
                (false, true) => "sasl_plaintext",
                _ => "plaintext",
            },
            ["socket.keepalive.enable"] = "true",
            ["reconnect.backoff.ms"] = "100",
            ["reconnect.backoff.max.ms"] = "10000",
        };
        AddIfGiven(properties, "ssl.ca.location", options.CaFile);
        AddIfGiven(properties, "ssl.certificate.location", options.CertFile);
        AddIfGiven(properties, "ssl.key.location", options.KeyFile);
        AddIfGiven(properties, "ssl.key.password", options.KeyPassword);
        if (options.Sasl != KafkaSasl.None)
        {
            properties["sasl.mechanism"] = options.Sasl switch
            {
                KafkaSasl.Plain => "PLAIN",
                KafkaSasl.ScramSha256 => "SCRAM-SHA-256",
                KafkaSasl.ScramSha512 => "SCRAM-SHA-512",
                _ => "OAUTHBEARER",
            };
            AddIfGiven(properties, "sasl.username", options.Username);
            AddIfGiven(properties, "sasl.password", options.Password);
        }

        if (options.Sasl == KafkaSasl.OAuthBearer)
        {
            properties["sasl.oauthbearer.method"] = "oidc";
            AddIfGiven(properties, "sasl.oauthbearer.token.endpoint.url", options.OauthTokenUrl);
            AddIfGiven(properties, "sasl.oauthbearer.client.id", options.OauthClientId);
            AddIfGiven(properties, "sasl.oauthbearer.client.secret", options.OauthClientSecret);
            AddIfGiven(properties, "sasl.oauthbearer.scope", options.OauthScope);
        }

        return properties;
    }

    /// <summary>Puts the user's own properties over those of the platform, which are only its defaults.</summary>
    /// <exception cref="OptionException">The library has no such property, or not with this value.</exception>
    public static Dictionary<string, string> With(this Dictionary<string, string> properties, IReadOnlyDictionary<string, string> own)
    {
        foreach (var (name, value) in own)
        {
            if (LibRdKafka.ProblemWith(name, value) is { } problem)
            {
                throw new OptionException("client", $"The client library does not take {name}: {problem.TrimEnd('.')}. Correct or remove it.");
            }

            properties[name] = value;
        }

        return properties;
    }

    /// <summary>A duration as the library takes it.</summary>
    public static string Milliseconds(TimeSpan time) => ((long)time.TotalMilliseconds).ToString(CultureInfo.InvariantCulture);

    private static bool UsesTls(KafkaClientOptions options) => options.Tls || options.CaFile.Length > 0 || options.CertFile.Length > 0;

    private static void AddIfGiven(Dictionary<string, string> properties, string name, string value)
    {
        if (value.Length > 0)
        {
            properties[name] = value;
        }
    }
}
