namespace DataFlow.Connectors;

/// <summary>A request that can be sent any number of times. Immutable.</summary>
/// <param name="Method">The verb.</param>
/// <param name="Address">Where to, without credentials.</param>
internal sealed record HttpCall(HttpMethod Method, Uri Address)
{
    private (Uri Of, string Text)? _shown;

    /// <summary>The body, or null.</summary>
    public ReadOnlyMemory<byte>? Body { get; init; }

    /// <summary>The body's Content-Type.</summary>
    public string ContentType { get; init; } = "application/json";

    /// <summary>Headers of this request alone.</summary>
    public IReadOnlyList<(string Name, string Value)> Headers { get; init; } = [];

    /// <summary>True for a request that must be sent as it is: to a token endpoint.</summary>
    public bool IsAnonymous { get; init; }

    /// <summary>The address for people.</summary>
    public string Shown => _shown is { } shown && ReferenceEquals(shown.Of, Address) ? shown.Text : (_shown = (Address, HttpAddress.Show(Address))).Value.Text;

    /// <summary>The message for one attempt.</summary>
    public HttpRequestMessage ToMessage()
    {
        var message = new HttpRequestMessage(Method, Address);
        if (Body is { } body)
        {
            message.Content = new ReadOnlyMemoryContent(body);
            message.Content.Headers.TryAddWithoutValidation("Content-Type", ContentType);
        }

        foreach (var (name, value) in Headers)
        {
            HttpAddress.AddHeader(message, name, value);
        }

        return message;
    }
}
