using System.Text;

namespace DataFlow.Connectors;

/// <summary>An answer whose headers have come. Owns the connection until it is disposed.</summary>
internal sealed class HttpAnswer(HttpCall call, HttpResponseMessage message, HttpOutcome outcome, TimeProvider time, TimeSpan bodyTimeout)
    : IDisposable
{
    /// <summary>What was asked.</summary>
    public HttpCall Call => call;

    /// <summary>Status and headers.</summary>
    public HttpResponseMessage Message => message;

    /// <summary>Success, NotModified or Skip: everything else is a failure.</summary>
    public HttpOutcome Outcome => outcome;

    /// <summary>The status code.</summary>
    public int Status => (int)message.StatusCode;

    /// <summary>The media type, such as <c>application/json</c>; empty when the server names none.</summary>
    public string MediaType => message.Content.Headers.ContentType?.MediaType ?? "";

    /// <summary>The body in UTF-8, decompressed, as it comes.</summary>
    /// <param name="maxBytes">Most bytes before the answer counts as broken.</param>
    /// <param name="ct">Gives up.</param>
    public async Task<Stream> OpenBodyAsync(long maxBytes, CancellationToken ct)
    {
        var body = await message.Content.ReadAsStreamAsync(ct).ConfigureAwait(false);
        return HttpBody.Open(body, message, new HttpBodyLimits(maxBytes, bodyTimeout, time, call.Shown));
    }

    /// <summary>The start of the body as text, for messages. Never fails.</summary>
    public async Task<string> HeadOfBodyAsync(CancellationToken ct)
    {
        try
        {
            using var body = await OpenBodyAsync(1 << 20, ct).ConfigureAwait(false);
            var head = new byte[512];
            var length = await body.ReadAtLeastAsync(head, head.Length, throwOnEndOfStream: false, ct).ConfigureAwait(false);
            return TextOf(head.AsSpan(0, length));
        }
        catch (Exception fault) when (fault is HttpFault or IOException or HttpRequestException or InvalidDataException)
        {
            return "";
        }
    }

    /// <summary>Bytes as one line of text for people.</summary>
    public static string TextOf(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder();
        foreach (var letter in Encoding.UTF8.GetString(bytes[..Math.Min(bytes.Length, 300)]).Trim())
        {
            text.Append(char.IsControl(letter) ? ' ' : letter);
        }

        return text.ToString();
    }

    /// <inheritdoc/>
    public void Dispose() => message.Dispose();
}
