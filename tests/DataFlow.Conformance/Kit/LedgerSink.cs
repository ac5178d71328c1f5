using System.Text;

namespace DataFlow.Conformance;

/// <summary>Keeps what was written in memory; only what was committed survives a reopening, as with a file that is cut back.</summary>
public sealed class LedgerSink(LedgerSink.Ledger ledger) : ISink
{
    public ValueTask<Checkpoint?> OpenAsync(SinkContext context, CancellationToken ct)
    {
        ledger.Step("open");
        var committed = context.State is null ? 0 : int.Parse(context.State);
        Assert.True(committed <= ledger.Values.Count, "The sink has lost what a checkpoint counts on.");
        ledger.Values.RemoveRange(committed, ledger.Values.Count - committed);
        return ValueTask.FromResult<Checkpoint?>(null);
    }

    public ValueTask<WriteResult> WriteAsync(RecordBatch batch, CancellationToken ct)
    {
        var refused = new List<RefusedRow>();
        for (var index = 0; index < batch.Count; index++)
        {
            ledger.Step("write");
            var row = batch.RowAt(index);
            var value = int.Parse(Encoding.UTF8.GetString(batch.Utf8(row, 0)));
            if (value % 10 == ledger.RefusedDigit)
            {
                refused.Add(new RefusedRow(row, "refused", $"Number {value} is refused."));
                continue;
            }

            ledger.Values.Add(value);
        }

        return ValueTask.FromResult(new WriteResult(refused));
    }

    public ValueTask<string?> CommitAsync(Checkpoint checkpoint, CancellationToken ct)
    {
        ledger.Step("sink-commit");
        Assert.Equal(0, checkpoint.Counters.Unaccounted);
        return ValueTask.FromResult<string?>(ledger.Values.Count.ToString());
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    /// <summary>What the sink holds.</summary>
    public sealed class Ledger
    {
        public List<int> Values { get; } = [];

        public int RefusedDigit { get; init; } = 7;

        public Action<string> Step { get; set; } = _ => { };
    }
}
