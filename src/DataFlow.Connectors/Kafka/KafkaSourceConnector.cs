using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;

namespace DataFlow.Connectors;

/// <summary>
/// Reads topics. At-least-once: as a member of a consumer group, whose offsets are committed behind the sink's acknowledgements.
/// Effectively-once: all partitions, from where the checkpoint says.
/// </summary>
internal sealed partial class KafkaSourceConnector(KafkaSourceSetup setup) : IAcknowledgedSource
{
    private KafkaPump? _pump;
    private Task _pumping = Task.CompletedTask;

    /// <inheritdoc/>
    public async IAsyncEnumerable<RecordBatch> ReadAsync(SourceContext context, [EnumeratorCancellation] CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(context);
        if (setup.Options.EnableAutoCommit)
        {
            WarnOfAutoCommit(context.Logger, context.SourceId);
        }

        var pump = Open(context);
        _pumping = Task.Factory.StartNew(() => pump.Run(stop), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        using var stopping = stop.Register(pump.Complete);
        while (await pump.Queue.TakeAsync().ConfigureAwait(false) is { } batch)
        {
            yield return batch;
        }
    }

    /// <inheritdoc/>
    public ValueTask AcknowledgeAsync(IReadOnlyList<Advance> advances, CancellationToken ct)
    {
        _pump?.Acknowledge(advances);
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_pump is { } pump)
        {
            _pump = null;
            pump.End();
            await _pumping.ConfigureAwait(false);
            await Task.Run(pump.Dispose).ConfigureAwait(false);
        }
    }

    private KafkaPump Open(SourceContext context)
    {
        try
        {
            return _pump = new KafkaPump(setup, context);
        }
        catch (Exception exception) when (exception is InvalidOperationException or ArgumentException)
        {
            throw ConnectorException.User($"The Kafka client can't be made: {exception.Message} Check the options of the source.", exception);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{SourceId}: enable-auto-commit is true: offsets are committed by time, also of records that are not delivered yet. After a crash those are lost.")]
    private static partial void WarnOfAutoCommit(ILogger logger, string sourceId);
}
