using System.Text;
using DataFlow.Conformance;

namespace DataFlow.UnitTests.Engine;

/// <summary>Does what a test says, and remembers what it was told.</summary>
internal sealed class ScriptedSource(
    Func<SourceContext, CancellationToken, IAsyncEnumerable<RecordBatch>> read, List<string>? acknowledged = null) : IAcknowledgedSource
{
    public IAsyncEnumerable<RecordBatch> ReadAsync(SourceContext context, CancellationToken stop) => read(context, stop);

    public ValueTask AcknowledgeAsync(IReadOnlyList<Advance> advances, CancellationToken ct)
    {
        acknowledged?.AddRange(advances.Select(advance => $"{advance.Split}:{advance.Position.Offset}"));
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    /// <summary>A batch of the numbers from one to before another, which are also their positions in the split.</summary>
    public static RecordBatch Batch(SourceContext context, string split, int from, int to, bool advances = true)
    {
        var batch = context.Pool.Rent(1024);
        batch.Identity = new RecordIdentity("scripted", split);
        batch.Begin(new RecordSchema("n"), 16);
        for (var number = from; number < to; number++)
        {
            var text = Encoding.UTF8.GetBytes(number.ToString());
            var start = batch.Append(text);
            batch.AddRow(start, text.Length)[0] = new FieldRef(start, text.Length, FieldKind.Text);
            batch.SetPosition(batch.RowCount - 1, number);
        }

        if (advances)
        {
            batch.AdvanceTo(split, new NumberSource.NumberPosition(to));
        }

        return batch;
    }

    /// <summary>Where to go on in a split.</summary>
    public static int Start(SourceContext context, string split, int first = 0) => (int)(context.PositionOf(split)?.Offset ?? first);
}
