using System.Globalization;
using System.Runtime.CompilerServices;
using DataFlow.Engine.State;

namespace DataFlow.Engine;

/// <summary>Reads open dead letters again, one per batch, so that each is delivered or fails on its own.</summary>
/// <param name="pipeline">Whose letters.</param>
/// <param name="store">Where they are.</param>
/// <param name="filter">Which of them.</param>
/// <param name="readAgain">Parses raw bytes the way the pipeline's source does; see <see cref="SourceDefinition.ReadAgain"/>.</param>
public sealed class DeadLetterSource(
    string pipeline, IStateStore store, DeadLetterFilter filter, Action<RecordBatch, RecordError, SplitPosition?> readAgain) : ISource
{
    /// <summary>The split of a replay.</summary>
    public const string Split = "@dead-letters";

    /// <inheritdoc/>
    public async IAsyncEnumerable<RecordBatch> ReadAsync(SourceContext context, [EnumeratorCancellation] CancellationToken stop)
    {
        var after = filter.After;
        while (!stop.IsCancellationRequested)
        {
            var page = await store.DeadLetters.ListAsync(pipeline, filter with { After = after, Limit = 100 }, CancellationToken.None).ConfigureAwait(false);
            if (page.Count == 0)
            {
                yield break;
            }

            foreach (var letter in page)
            {
                var batch = context.Pool.Rent(letter.Error.Raw.Length);
                batch.Append(letter.Error.Raw);
                batch.Identity = RecordIdentity.OfSingle(letter.Error.DeliveryId, letter.Error.Split);
                batch.FirstLine = letter.Error.Offset;
                if (letter.Error.Raw.Length >= RecordError.MaxRawBytes)
                {
                    batch.AddError(letter.Error with { Message = "The record was cut when it was kept, at 1 MiB; read it again from its source. " + letter.Error.Message });
                }
                else
                {
                    ReadAgain(batch, letter.Error, context);
                }

                batch.Metadata.Set("timestamp", context.Time.GetUtcNow().UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture));
                batch.AdvanceTo(Split, new LetterPosition(letter.Id, letter.Error.Stage));
                yield return batch;
            }

            after = page[^1].Id;
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private void ReadAgain(RecordBatch batch, RecordError letter, SourceContext context)
    {
        try
        {
            readAgain(batch, letter, context.PositionOf(letter.Split));
        }
        catch (ConnectorException failure)
        {
            // One letter that can't be read again must not hold up those behind it.
            batch.AddError(letter with { Message = failure.Message });
        }
    }
}
