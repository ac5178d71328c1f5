namespace DataFlow.Engine.Configuration;

/// <summary>Finds what differs between two definitions, option by option, whichever way they are written.</summary>
internal static class DefinitionDifference
{
    /// <summary>What differs, in the order of the file. Secrets are compared and not shown.</summary>
    public static IReadOnlyList<PlanChange> Between(PipelineDefinition before, PipelineDefinition after)
    {
        var old = Settings(before).ToDictionary(setting => setting.Key, StringComparer.Ordinal);
        var current = Settings(after).ToDictionary(setting => setting.Key, StringComparer.Ordinal);
        return
        [
            .. old.Keys.Concat(current.Keys).Distinct()
                .Select(key => (key, old: old.GetValueOrDefault(key), current: current.GetValueOrDefault(key)))
                .Where(pair => pair.old?.Value != pair.current?.Value)
                .Select(pair => new PlanChange(
                    pair.key, pair.old?.Shown, pair.current?.Shown, (pair.old ?? pair.current)!.IsIdentity)),
        ];
    }

    private static IEnumerable<Setting> Settings(PipelineDefinition definition) =>
    [
        new Setting("source.type", definition.Source.Definition.Name, IsIdentity: true),
        Connection("source.connection", definition.Source.Settings.Connection, definition.Source.Settings.ConfiguredConnection),
        .. Options("source.options", definition.Source.Settings.Options),
        new Setting("source.batch-size", Text(definition.Source.BatchSize)),
        new Setting("source.poll-interval-ms", DurationText.Format(definition.Source.PollInterval)),
        .. definition.Transforms.SelectMany(transform => Options(transform.Key, transform.Options)),
        new Setting("sink.type", definition.Sink.Definition.Name),
        Connection("sink.connection", definition.Sink.Settings.Connection, definition.Sink.Settings.ConfiguredConnection),
        .. Options("sink.options", definition.Sink.Settings.Options),
        new Setting("delivery", definition.Delivery is { } delivery ? GuaranteeExplanation.NameOf(delivery) : null),
        new Setting("until", definition.Until is { } until ? OptionTable.Of(typeof(PipelineKeys)).Find("until")!.Choices.First(choice => choice.Value.Equals(until)).Name : null),
        new Setting("instances", Text(definition.Instances), IsIdentity: definition.Source.Definition.Sharing(definition.Source.Settings).PositionsMeanShare),
        new Setting("max-latency", definition.MaxLatency is { } latency ? DurationText.Format(latency) : null),
        new Setting("max-batch-bytes", definition.MaxBatchBytes.ToString()),
        new Setting("workers", Text(definition.Workers)),
        new Setting("max-dead-letters", definition.MaxDeadLetters is { } most ? Text(most) : null),
        new Setting("commit-interval", DurationText.Format(definition.CommitInterval)),
    ];

    private static Setting Connection(string key, string connection, string configured) =>
        new(key, connection.Length == 0 ? null : connection) { Shown = configured.Length == 0 ? null : ConnectionDisplay.Of(configured) };

    private static IEnumerable<Setting> Options(string path, object options) => OptionTable.Of(options.GetType()).Entries.Select(entry =>
    {
        var value = OptionText.Format(entry, entry.Property.GetValue(options));
        var setting = new Setting(Phrases.Join(path, entry.Name), value, entry.IsIdentity);
        return entry.IsSecret && !string.IsNullOrEmpty(value)
            ? setting with { Shown = SecretMask.Mask }
            : setting with { Shown = value is null ? null : ConnectionDisplay.Of(value) };
    });

    private static string Text(long number) => number.ToString(System.Globalization.CultureInfo.InvariantCulture);

    private sealed record Setting(string Key, string? Value, bool IsIdentity = false)
    {
        public string? Shown { get; init; } = Value;
    }
}
