namespace DataFlow.Transforms;

/// <summary>Lets records through that meet all rules. Immutable; batches may be checked on several workers at once.</summary>
internal sealed class CheckTransform : ITransform
{
    private const string Reason = "check-failed";

    private readonly Rule[] _rules;
    private readonly FailedCheckPolicy _onFail;

    public CheckTransform(CheckOptions options)
    {
        _rules = [.. (options.Rules ?? new Dictionary<string, string>()).Select(rule => new Rule(rule.Key, rule.Value))];
        _onFail = options.OnFail;
        if (_rules.Length == 0)
        {
            throw new OptionException("rules", "There is no rule; write one such as: positive-amount: \"amount > 0\".");
        }
    }

    public RecordBatch Apply(RecordBatch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        var readers = Array.ConvertAll(_rules, rule => rule.ReaderOf(batch));
        try
        {
            List<int>? passed = null;
            for (var index = 0; index < batch.Count; index++)
            {
                var row = batch.RowAt(index);
                if (IsGood(readers, row))
                {
                    passed?.Add(row);
                    continue;
                }

                passed ??= [.. Enumerable.Range(0, index).Select(batch.RowAt)];
                batch.AddError(Refuse(batch, readers, row));
            }

            if (passed is not null)
            {
                batch.Select([.. passed]);
            }

            return batch;
        }
        finally
        {
            Array.ForEach(readers, reader => reader.Dispose());
        }
    }

    private bool IsGood(RowReader[] readers, int row)
    {
        for (var index = 0; index < _rules.Length; index++)
        {
            if (!_rules[index].IsMet(readers[index], row))
            {
                return false;
            }
        }

        return true;
    }

    private RecordError Refuse(RecordBatch batch, RowReader[] readers, int row)
    {
        var failed = _rules.Zip(readers).Where(rule => !rule.First.IsMet(rule.Second, row)).Select(rule => rule.First.Explain(rule.Second, row));
        var error = RefusedRecord.Of(batch, row, Reason, $"The record does not meet {string.Join("; ", failed)}.");
        return _onFail == FailedCheckPolicy.DeadLetter
            ? error
            : throw ConnectorException.User($"{error.Explanation} Mend the data or the rule, or write on-fail: dead-letter.");
    }
}
