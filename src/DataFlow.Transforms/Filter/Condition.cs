namespace DataFlow.Transforms;

/// <summary>A condition on one record. Immutable, thread-safe: what changes from batch to batch is in <see cref="RowReader"/>.</summary>
internal abstract class Condition
{
    /// <summary>The truth of the condition for a row.</summary>
    /// <param name="rows">Reads the batch.</param>
    /// <param name="row">0-based physical row.</param>
    public abstract Truth Evaluate(RowReader rows, int row);
}

/// <summary>True when every part is.</summary>
internal sealed class AllOf(IReadOnlyList<Condition> parts) : Condition
{
    private readonly Condition[] _parts = [.. parts];

    public override Truth Evaluate(RowReader rows, int row)
    {
        var least = Truth.True;
        foreach (var part in _parts)
        {
            var truth = part.Evaluate(rows, row);
            if (truth == Truth.False)
            {
                return truth;
            }

            least = truth < least ? truth : least;
        }

        return least;
    }
}

/// <summary>True when at least one part is.</summary>
internal sealed class AnyOf(IReadOnlyList<Condition> parts) : Condition
{
    private readonly Condition[] _parts = [.. parts];

    public override Truth Evaluate(RowReader rows, int row)
    {
        var greatest = Truth.False;
        foreach (var part in _parts)
        {
            var truth = part.Evaluate(rows, row);
            if (truth == Truth.True)
            {
                return truth;
            }

            greatest = truth > greatest ? truth : greatest;
        }

        return greatest;
    }
}

/// <summary>The opposite; unknown stays unknown.</summary>
internal sealed class Not(Condition inner) : Condition
{
    public override Truth Evaluate(RowReader rows, int row) => Truth.True - (int)inner.Evaluate(rows, row);
}

/// <summary>True when the record has no such value, or a null.</summary>
internal sealed class IsNull(int slot) : Condition
{
    public override Truth Evaluate(RowReader rows, int row) => rows.TryRead(slot, row, out _) ? Truth.False : Truth.True;
}
