using System.Buffers;

namespace DataFlow.Transforms;

/// <summary>Keeps the rows for which a condition is true. Immutable; batches may be filtered on several workers at once.</summary>
internal sealed class FilterTransform : ITransform
{
    private const int MostRowsOnStack = 2048;

    private readonly Condition _condition;
    private readonly IReadOnlyList<Reference> _references;

    public FilterTransform(FilterOptions options) => (_condition, _references) = ConditionParser.Parse(options.Condition);

    public RecordBatch Apply(RecordBatch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        var count = batch.Count;
        var rented = count > MostRowsOnStack ? ArrayPool<int>.Shared.Rent(count) : null;
        Span<int> kept = rented ?? stackalloc int[MostRowsOnStack];
        using var rows = new RowReader(batch, _references);
        var written = 0;
        for (var index = 0; index < count; index++)
        {
            var row = batch.RowAt(index);
            kept[written] = row;
            written += _condition.Evaluate(rows, row) == Truth.True ? 1 : 0;
        }

        if (written < count)
        {
            batch.Select(kept[..written]);
        }

        if (rented is not null)
        {
            ArrayPool<int>.Shared.Return(rented);
        }

        return batch;
    }
}
