using DataFlow.Formats;

namespace DataFlow.Connectors;

/// <summary>The catalogue entry of the push source.</summary>
internal static class PushSourceDefinition
{
    /// <summary>The push source of a process without a service: it can be looked at, and refuses to run.</summary>
    public static SourceDefinition Definition { get; } = Of(null);

    /// <summary>The push source of a service.</summary>
    public static SourceDefinition Of(PushInboxes? inboxes) => new()
    {
        Name = SourceType.Push,
        Summary = "Takes records that programs send over HTTP to a pipeline of the service, in batches that are recognised when they are sent again.",
        ConnectionDescription = "Nothing to connect to; by convention the word push. The address is that of the service: POST /pipelines/{name}/batches.",
        ConnectionExample = "push",
        ConnectionRequired = false,
        OptionsType = typeof(PushSourceOptions),
        Capabilities = Capabilities,
        Create = settings => Create(settings, inboxes),
        ReadAgain = PushParser.ReadAgain,
        DefaultUntil = _ => Until.Forever,
    };

    private static SourceCapabilities Capabilities(SourceSettings settings) => new(
        Replayable: true,
        Endless: true,
        Remark: settings.Delivery == DeliveryGuarantee.EffectivelyOnce
            ? "a producer keeps a batch until it is answered, and sends it again under the same Batch-Id; batches without one are refused."
            : "a producer keeps a batch until it is answered, and sends it again under the same Batch-Id; one without Batch-Id comes twice when its answer is lost.");

    private static PushSourceConnector Create(SourceSettings settings, PushInboxes? inboxes)
    {
        // What can't be used is said before a producer gets to see it.
        var options = (PushSourceOptions)settings.Options;
        RecordReaders.Create(options);
        return new PushSourceConnector(settings, options, inboxes);
    }
}
