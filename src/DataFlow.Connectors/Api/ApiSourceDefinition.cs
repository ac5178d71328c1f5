namespace DataFlow.Connectors;

/// <summary>The catalogue entry of the REST source.</summary>
internal static class ApiSourceDefinition
{
    public static SourceDefinition Definition { get; } = new()
    {
        Name = SourceType.Api,
        Summary = "Polls a REST API: any pagination, at a polite rate, resumable in the middle of a poll.",
        ConnectionDescription = "Address of the list, with http:// or https://. Parameters that stand in it are kept.",
        ConnectionExample = "https://api.example.com/users",
        OptionsType = typeof(ApiSourceOptions),
        Capabilities = _ => new SourceCapabilities(Replayable: true),
        Create = Create,
        DefaultUntil = _ => Until.Forever,
    };

    private static ApiSourceConnector Create(SourceSettings settings) =>
        HttpAddress.Problem(settings.Connection) is { } problem ? throw ConnectorException.User(problem) : new ApiSourceConnector(settings);
}
