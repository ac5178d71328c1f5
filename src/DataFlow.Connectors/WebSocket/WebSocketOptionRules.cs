using DataFlow.Formats;

namespace DataFlow.Connectors;

/// <summary>What must hold between the options of the WebSocket source.</summary>
internal static class WebSocketOptionRules
{
    public const string CursorPlaceholder = "{{cursor}}";

    public static IEnumerable<OptionProblem> Check(WebSocketSourceOptions options) =>
        Auth(options).Concat(Connection(options)).Concat(Paths(options)).Concat(Buffer(options)).Concat(Gaps(options));

    private static IEnumerable<OptionProblem> Auth(WebSocketSourceOptions options)
    {
        var hasToken = options.AuthToken.Length > 0 || options.AuthTokenFile.Length > 0;
        if (options.AuthType != WebSocketAuthType.None && !hasToken)
        {
            yield return new OptionProblem(
                "auth-token", $"auth-type {options.AuthType.ToString().ToLowerInvariant()} needs a token; give auth-token or auth-token-file.");
        }

        if (options.AuthType == WebSocketAuthType.None && hasToken)
        {
            yield return new OptionProblem("auth-type", "There is a token, but auth-type none does not send it; write query, header or bearer.");
        }

        if (options.AuthToken.Length > 0 && options.AuthTokenFile.Length > 0)
        {
            yield return new OptionProblem("auth-token-file", "auth-token gives the token already; remove one of them.");
        }

        if (options.AuthToken.AsSpan().ContainsAnyInRange('\0', '\x1f'))
        {
            yield return new OptionProblem("auth-token", "The token holds a line break or another control character, which no header can carry.");
        }
    }

    private static IEnumerable<OptionProblem> Connection(WebSocketSourceOptions options)
    {
        if (options.ReconnectMinBackoff > options.ReconnectMaxBackoff)
        {
            yield return new OptionProblem(
                "reconnect-min-backoff",
                $"The first pause ({options.ReconnectMinBackoff.TotalSeconds} s) is longer than the longest one "
                    + $"({options.ReconnectMaxBackoff.TotalSeconds} s); raise reconnect-max-backoff.");
        }

        if (options.PingMessage.Length > 0 && options.HeartbeatInterval == TimeSpan.Zero)
        {
            yield return new OptionProblem("ping-message", "It is sent at each heartbeat, but heartbeat-interval is 0; give an interval.");
        }

        if (options.PongMessage.Length > 0 && options.PingMessage.Length == 0)
        {
            yield return new OptionProblem("pong-message", "It answers ping-message, which is not given.");
        }

        if (options.SubscribeExpect.Length > 0 && options.Subscribe.Count == 0)
        {
            yield return new OptionProblem("subscribe-expect", "It answers subscribe, which is not given.");
        }

        foreach (var code in options.StopOnCloseCodes.Where(code => !int.TryParse(code, out var number) || number is < 1000 or > 4999))
        {
            yield return new OptionProblem("stop-on-close-codes", $"'{code}' is no close code; they are whole numbers from 1000 to 4999.");
        }
    }

    private static IEnumerable<OptionProblem> Paths(WebSocketSourceOptions options)
    {
        foreach (var (key, path) in new[]
        {
            ("cursor-path", options.CursorPath), ("sequence-path", options.SequencePath), ("timestamp-path", options.TimestampPath),
        })
        {
            if (path.Length > 0 && !JsonPath.TryParse(path, out _, out var problem))
            {
                yield return new OptionProblem(key, problem);
            }
        }

        if (options.CursorPath.Length > 0)
        {
            yield break;
        }

        if (options.Subscribe.Any(message => message.Contains(CursorPlaceholder, StringComparison.Ordinal)))
        {
            yield return new OptionProblem("cursor-path", $"subscribe contains {CursorPlaceholder}, so the path to the cursor in a message must be given.");
        }

        if (options.CursorInclusive || options.CursorStart.Length > 0)
        {
            yield return new OptionProblem("cursor-path", "cursor-start and cursor-inclusive mean something only with the path to the cursor in a message.");
        }
    }

    private static IEnumerable<OptionProblem> Gaps(WebSocketSourceOptions options)
    {
        if (options.OnGap is not { } filling)
        {
            yield break;
        }

        if (options.SequencePath.Length == 0 && (filling.Asks(GapRequest.Last) || filling.Asks(GapRequest.Next)))
        {
            yield return new OptionProblem(
                "sequence-path", "on-gap asks by {{last}} or {{next}}, so the path to the sequence number in a message must be given; or ask by {{from}} and {{to}}.");
        }

        if (options.SequencePath.Length == 0 && options.CursorPath.Length > 0)
        {
            yield return new OptionProblem(
                "on-gap", "With a cursor the server sends what was missed, and on-gap would bring it again; leave one of them out, or give sequence-path, which "
                    + "tells what is missing all the same.");
        }

        if (options.OnFull == FullBufferPolicy.DropOldest)
        {
            yield return new OptionProblem("on-full", "drop-oldest gives up messages that no gap stands for, so that on-gap does not bring them back; write block.");
        }
    }

    private static IEnumerable<OptionProblem> Buffer(WebSocketSourceOptions options)
    {
        if (options is { Journal: true, OnFull: FullBufferPolicy.DropOldest })
        {
            yield return new OptionProblem(
                "on-full", "drop-oldest would drop what the journal is there to keep; write block, or leave the journal out.");
        }

        if (options is { CursorPath.Length: > 0, OnFull: FullBufferPolicy.DropOldest })
        {
            yield return new OptionProblem(
                "on-full", "drop-oldest gives up messages that the server is not asked for again, because the cursor goes on past them; write block, or leave the cursor out.");
        }
    }
}
