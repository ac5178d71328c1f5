using System.Text;

namespace DataFlow.UnitTests.Engine;

/// <summary>Writes rows and the checkpoint in one transaction, as a database does: its own checkpoint is the authority.</summary>
internal sealed class TableSink(TableSink.Table table) : ISink
{
    private readonly List<int> _uncommitted = [];
    private long _epoch;

    public ValueTask<Checkpoint?> OpenAsync(SinkContext context, CancellationToken ct)
    {
        table.Opened.Add(context.Epoch);
        _uncommitted.Clear();
        if (table.Checkpoint is { } held && table.Fence > context.Epoch)
        {
            return ValueTask.FromResult<Checkpoint?>(held with { Epoch = table.Fence });
        }

        _epoch = table.Fence = context.Epoch;
        return ValueTask.FromResult(table.Checkpoint);
    }

    public ValueTask<WriteResult> WriteAsync(RecordBatch batch, CancellationToken ct)
    {
        for (var index = 0; index < batch.Count; index++)
        {
            _uncommitted.Add(int.Parse(Encoding.UTF8.GetString(batch.Utf8(batch.RowAt(index), 0))));
        }

        return ValueTask.FromResult(WriteResult.Written);
    }

    public ValueTask<string?> CommitAsync(Checkpoint checkpoint, CancellationToken ct)
    {
        table.Commits++;
        Assert.Equal(table.Fence, _epoch);
        table.BeforeCommit(table.Commits);
        var knowsSplits = table.Checkpoint?.Generation == checkpoint.Generation;
        var splits = new Dictionary<string, SplitPosition>(knowsSplits ? table.Checkpoint!.Splits : new Dictionary<string, SplitPosition>());
        foreach (var (split, position) in checkpoint.Splits)
        {
            splits[split] = position;
        }

        table.Rows.AddRange(_uncommitted);
        _uncommitted.Clear();
        table.Checkpoint = checkpoint with { Splits = splits };
        table.AfterCommit(table.Commits);
        return ValueTask.FromResult<string?>(null);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    /// <summary>What the database holds.</summary>
    internal sealed class Table
    {
        public List<int> Rows { get; } = [];

        public List<long> Opened { get; } = [];

        public Checkpoint? Checkpoint { get; set; }

        public long Fence { get; set; }

        public int Commits { get; set; }

        /// <summary>Throws to let a commit fail; called with its number.</summary>
        public Action<int> BeforeCommit { get; set; } = _ => { };

        /// <summary>Throws to lose the reply of a commit; called with its number.</summary>
        public Action<int> AfterCommit { get; set; } = _ => { };
    }
}
