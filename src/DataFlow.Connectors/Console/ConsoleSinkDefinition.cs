namespace DataFlow.Connectors;

/// <summary>The console sink in the catalogue.</summary>
internal static class ConsoleSinkDefinition
{
    public static SinkDefinition Definition { get; } = new()
    {
        Name = "console",
        Summary = "Shows records on standard output: as a table, NDJSON or CSV.",
        ConnectionDescription = "Not used: records go to standard output.",
        ConnectionExample = "stdout",
        ConnectionRequired = false,
        OptionsType = typeof(ConsoleSinkOptions),
        Capabilities = _ => new SinkCapabilities(SinkReplay.Repeated, "what stands on a console can't be taken back"),
        Create = settings => new ConsoleSinkConnector((ConsoleSinkOptions)settings.Options, Console.OpenStandardOutput, DisplayText.HasColour),
    };
}
