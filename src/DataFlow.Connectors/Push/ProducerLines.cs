namespace DataFlow.Connectors;

/// <summary>
/// The producers that are remembered, as many as the options allow: a new one takes the place of the one that was silent for the
/// longest time. Guarded by their inbox.
/// </summary>
internal sealed class ProducerLines
{
    /// <summary>The producer of batches without an id. No name that a producer may have.</summary>
    public const string Unnamed = "(unnamed)";

    /// <summary>The split whose position counts how many were forgotten. No name that a producer may have.</summary>
    public const string Forgotten = "(forgotten)";

    private readonly Dictionary<string, ProducerLine> _lines = new(StringComparer.Ordinal);
    private readonly PushSourceOptions _options;
    private readonly TimeProvider _time;

    public ProducerLines(PushSourceOptions options, SourceContext context)
    {
        (_options, _time) = (options, context.Time);
        ForgottenSoFar = PositionOf(Forgotten).Offset;
        foreach (var producer in context.KnownSplits.Where(split => split != Forgotten).Append(Unnamed))
        {
            var stored = PositionOf(producer);
            _lines[producer] = new ProducerLine(stored, stored.Life, Now);
        }

        PushPosition PositionOf(string split) => context.PositionOf(split) is { } stored ? PushPosition.Parse(stored) : PushPosition.Start;
    }

    /// <summary>How many producers were forgotten since the first run.</summary>
    public long ForgottenSoFar { get; private set; }

    public IEnumerable<ProducerLine> All => _lines.Values;

    private DateTimeOffset Now => _time.GetUtcNow();

    private bool IsFull => _lines.Count - 1 >= _options.MaxProducers;

    /// <summary>The line of a producer; null when it is not known, because it is new or was forgotten.</summary>
    public ProducerLine? Find(string producer) => _lines.GetValueOrDefault(producer);

    /// <summary>True when one that is not known may begin.</summary>
    public bool HasRoom() => !IsFull || Silent().Any();

    /// <summary>Adds a batch to the line of its producer. Where that begins with it, the batch tells the checkpoint who is forgotten for it.</summary>
    public void Add(PushedBatch batch, RecordBatch last)
    {
        if (!_lines.TryGetValue(batch.Id.Producer, out var line))
        {
            line = new ProducerLine(PushPosition.Start, ForgottenSoFar, Now);
            MakeRoom(last);
            _lines[batch.Id.Producer] = line;
        }

        line.Add(batch, Now);
    }

    private void MakeRoom(RecordBatch last)
    {
        var before = ForgottenSoFar;
        foreach (var producer in Silent().Take(Math.Max(0, _lines.Count - _options.MaxProducers)).ToList())
        {
            _lines.Remove(producer);
            last.AdvanceTo(producer, Position.Gone);
            ForgottenSoFar++;
        }

        if (ForgottenSoFar > before)
        {
            last.AdvanceTo(Forgotten, new PushPosition(ForgottenSoFar));
        }
    }

    /// <summary>Those that may be forgotten, the longest silent one first.</summary>
    private IEnumerable<string> Silent()
    {
        var latest = Now - _options.ForgetAfter;
        return _lines
            .Where(line => line.Key != Unnamed && line.Value.Last is null && line.Value.At <= latest)
            .OrderBy(line => line.Value.At)
            .Select(line => line.Key);
    }
}
