using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;

namespace DataFlow.Conformance;

/// <summary>Emits the numbers 0 to n-1 in batches of varying size; every tenth record is bad. Can fail, stall or refuse to replay.</summary>
public sealed class NumberSource(NumberSource.Script script) : IAcknowledgedSource
{
    public const string Split = "numbers";

    public async IAsyncEnumerable<RecordBatch> ReadAsync(SourceContext context, [EnumeratorCancellation] CancellationToken stop)
    {
        script.Attempts++;
        var identity = new RecordIdentity("numbers", Split);
        var next = script.Replayable ? (int)(context.PositionOf(Split)?.Offset ?? 0) : script.Emitted;
        while (next < script.Total && !stop.IsCancellationRequested)
        {
            script.Step("read");
            var batch = context.Pool.Rent(1024);
            batch.Identity = identity;
            batch.Begin(new RecordSchema("n"), 16);
            var size = (script.Random.Next(4) == 0) ? 0 : script.Random.Next(1, 8);
            for (var end = Math.Min(script.Total, next + size); next < end; next++)
            {
                if (next % 10 == 9)
                {
                    batch.AddError(new RecordError(identity.At(next), RecordError.Stages.Source, "bad", $"Number {next} is bad.", [1], Split, next));
                    continue;
                }

                var text = Encoding.UTF8.GetBytes(next.ToString());
                var start = batch.Append(text);
                batch.AddRow(start, text.Length)[0] = new FieldRef(start, text.Length, FieldKind.Text);
                batch.SetPosition(batch.RowCount - 1, next);
            }

            script.Emitted = Math.Max(script.Emitted, next);
            batch.AdvanceTo(Split, new NumberPosition(next));
            if (script.Random.Next(3) == 0)
            {
                await Task.Yield();
            }

            yield return batch;
        }

        if (script.WaitForStop)
        {
            context.CaughtUp();
            await Task.Delay(Timeout.InfiniteTimeSpan, context.Time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    public ValueTask AcknowledgeAsync(IReadOnlyList<Advance> advances, CancellationToken ct)
    {
        script.Step("acknowledge");
        script.Acknowledged.AddRange(advances.Select(advance => advance.Position.Offset));
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    public sealed class NumberPosition(long next) : Position
    {
        public override long Offset => next;

        public override void Write(Utf8JsonWriter writer)
        {
            writer.WriteStartObject();
            writer.WriteNumber("v", 1);
            writer.WriteNumber("next", next);
            writer.WriteEndObject();
        }
    }

    /// <summary>What happens, and what has happened; survives restarts of the source.</summary>
    public sealed class Script
    {
        public int Total { get; init; } = 100;

        public bool Replayable { get; init; } = true;

        public bool WaitForStop { get; init; }

        public Random Random { get; init; } = new(1);

        public int Attempts { get; set; }

        public int Emitted { get; set; }

        public List<long> Acknowledged { get; } = [];

        /// <summary>Called at each step of source, sink and store; throws to make that step fail.</summary>
        public Action<string> Step { get; set; } = _ => { };
    }
}
