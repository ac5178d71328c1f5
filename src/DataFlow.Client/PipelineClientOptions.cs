namespace DataFlow.Client;

/// <summary>How a <see cref="PipelineClient"/> sends. Immutable.</summary>
public sealed record PipelineClientOptions
{
    /// <summary>Sent as <c>Authorization: Bearer</c>; null for a service without login.</summary>
    public string? ApiKey { get; init; }

    /// <summary>
    /// The name under which the service recognises batches that are sent again: letters, digits, dots, dashes and underscores, 100 at
    /// most. One program at a time may use it. A client that has it again after a restart goes on behind its last delivered batch. Null
    /// gives each client a name of its own; the service remembers 10,000 names per pipeline, so name programs that are started often.
    /// </summary>
    public string? Producer { get; init; }

    /// <summary>Most records per batch. At least 1.</summary>
    public int BatchRecords { get; init; } = 1000;

    /// <summary>Most bytes per batch, unless a single record is larger; 1 to what the service reads, which is 4 MiB unless it says otherwise.</summary>
    public int BatchBytes { get; init; } = 1 << 20;

    /// <summary>Longest time that a record waits for its batch to fill. Zero sends each record at once.</summary>
    public TimeSpan Linger { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary>Batches that are sent and not acknowledged, 1 to 16.</summary>
    public int MaxInFlight { get; init; } = 4;

    /// <summary>Memory for records that are not acknowledged, in bytes. When it is used up, sending waits.</summary>
    public long BufferBytes { get; init; } = 16 << 20;

    /// <summary>How long one batch is sent again and again before the client fails; null for ever.</summary>
    public TimeSpan? GiveUpAfter { get; init; }

    /// <summary>How long one request may take. Longer than the pipeline's <c>answer-within</c>, which is 30 s unless it says otherwise.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(100);

    /// <summary>How long the end of the client waits for what was sent.</summary>
    public TimeSpan CloseWithin { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>What requests are made with, for certificates and proxies; the caller's, and its time-out should be infinite. Null for one of its own.</summary>
    public HttpClient? Http { get; init; }

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    internal void Check()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(BatchRecords, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(BatchBytes, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(Linger, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxInFlight, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(MaxInFlight, 16);
        ArgumentOutOfRangeException.ThrowIfLessThan(BufferBytes, 1);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(RequestTimeout, TimeSpan.Zero);
    }
}
