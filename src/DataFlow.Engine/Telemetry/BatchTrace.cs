using System.Diagnostics;

namespace DataFlow.Engine.Telemetry;

/// <summary>
/// One span per batch, from the moment in which the source handed it on until the sink has written it, on the source <c>DataFlow</c>.
/// Costs nothing while nobody listens.
/// </summary>
internal static class BatchTrace
{
    /// <summary>Name of the activity source, for those who listen.</summary>
    public const string Name = "DataFlow";

    private static readonly ActivitySource Source = new(Name);

    /// <summary>Records the span of a batch that was written, or could not be.</summary>
    public static void Record(PipelineSpec spec, InFlightBatch batch, int refused, Exception? failure, TimeProvider time)
    {
        if (!Source.HasListeners())
        {
            return;
        }

        // A trace of its own: whoever started the pipeline has ended long ago.
        var around = Activity.Current;
        Activity.Current = null;
        try
        {
            using var span = Source.StartActivity(
                "dataflow.batch", ActivityKind.Internal, parentContext: default, startTime: time.GetUtcNow() - time.GetElapsedTime(batch.Taken));
            span?.SetTag("pipeline_id", spec.PipelineId)
                .SetTag("source_type", spec.SourceType)
                .SetTag("split", batch.Split)
                .SetTag("records.read", batch.Read)
                .SetTag("records.filtered", batch.Filtered)
                .SetTag("records.refused", refused)
                .SetStatus(failure is null ? ActivityStatusCode.Unset : ActivityStatusCode.Error, failure?.Message)
                .SetEndTime(time.GetUtcNow().UtcDateTime);
        }
        finally
        {
            Activity.Current = around;
        }
    }
}
