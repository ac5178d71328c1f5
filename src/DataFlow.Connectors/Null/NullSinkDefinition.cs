namespace DataFlow.Connectors;

/// <summary>The null sink in the catalogue.</summary>
internal static class NullSinkDefinition
{
    public static SinkDefinition Definition { get; } = new()
    {
        Name = "null",
        Summary = "Counts records and drops them, to measure everything before it.",
        ConnectionDescription = "Not used.",
        ConnectionExample = "none",
        ConnectionRequired = false,
        OptionsType = typeof(NullSinkOptions),
        Capabilities = _ => new SinkCapabilities(SinkReplay.Undone),
        Create = settings => new NullSinkConnector((NullSinkOptions)settings.Options),
    };
}
