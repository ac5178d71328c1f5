namespace DataFlow.Connectors;

/// <summary>The <c>test</c> source.</summary>
internal static class TestSourceDefinition
{
    public const string Name = SourceType.Test;

    public static SourceDefinition Definition { get; } = new()
    {
        Name = Name,
        Summary = "Generates records for trying out and testing pipelines: repeatable, at any rate, with faults on request.",
        ConnectionDescription = "Nothing to connect to; by convention the word test.",
        ConnectionExample = "test",
        ConnectionRequired = false,
        OptionsType = typeof(TestSourceOptions),
        Capabilities = settings => new SourceCapabilities(Replayable: true, Endless: IsEndless(settings)),
        Sharing = _ => SourceSharing.ByShare,
        Create = settings => new TestSourceConnector((TestSourceOptions)settings.Options, settings.Share),
        PositionFromNumber = (_, number) => number >= 0
            ? new Advance(TestSourceConnector.Split, new TestPosition(number))
            : throw ConnectorException.User($"The test source can't go on after record {number}; give 0 or the number of a record."),
        DefaultUntil = settings => IsEndless(settings) ? Until.Forever : Until.CaughtUp,
    };

    private static bool IsEndless(SourceSettings settings) => ((TestSourceOptions)settings.Options).TotalRecords == 0;
}
