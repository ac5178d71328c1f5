using Microsoft.Extensions.Logging;

namespace DataFlow;

/// <summary>Writes records somewhere.</summary>
public interface ISink : IAsyncDisposable
{
    /// <summary>
    /// Opens the target: takes it over (raises its fence to the epoch), undoes everything after the last commit and returns
    /// the checkpoint that the target itself holds, or null when it holds none. Called once per attempt, and once more when the
    /// target has seen a higher epoch.
    /// </summary>
    /// <remarks>
    /// A target that holds its own checkpoint is the authority: the engine goes on from it, whether it is ahead of the stored
    /// state (a lost reply, a lost state folder) or behind (the target was restored from a copy), unless its generation is lower.
    /// One that has seen a higher epoch than the context's changes nothing and returns its checkpoint with that epoch: the engine
    /// raises its own above it, which only the current run can, and opens again. A commit under a lower epoch is refused.
    /// <para>When the context holds no state, the engine commits once before the first write. What the target was before our first
    /// byte is durable then, and a crash before the first real commit can be undone like any other.</para>
    /// </remarks>
    /// <exception cref="ConnectorException">The target can't be used, or was changed by somebody else.</exception>
    ValueTask<Checkpoint?> OpenAsync(SinkContext context, CancellationToken ct);

    /// <summary>
    /// Writes a batch. In order, never concurrently. The batch stays the caller's. Rows that the target refuses are
    /// returned, never thrown.
    /// </summary>
    /// <exception cref="ConnectorException">The write failed as a whole: everything since the last commit is void.</exception>
    ValueTask<WriteResult> WriteAsync(RecordBatch batch, CancellationToken ct);

    /// <summary>
    /// Makes all that was written durable. Never concurrent with a write. Returns what the sink needs to undo later writes
    /// (path, length), which is stored with the checkpoint; null when it needs nothing.
    /// </summary>
    /// <remarks>
    /// A target that keeps the checkpoint itself stores it in the same transaction. When it held none of this generation, the
    /// first commit has all splits and replaces what is there; the others have those that changed.
    /// </remarks>
    /// <exception cref="ConnectorException">Nothing since the last commit may count as durable.</exception>
    ValueTask<string?> CommitAsync(Checkpoint checkpoint, CancellationToken ct);
}

/// <summary>
/// A sink whose costly part, turning records into bytes, can run on the workers while the writing stays in order.
/// </summary>
public interface IParallelSink : ISink
{
    /// <summary>
    /// Encodes batches on any worker; null while the order of batches still decides the outcome, as before a CSV header is
    /// fixed. Asked for each batch, after <see cref="ISink.OpenAsync"/>.
    /// </summary>
    IBatchEncoder? Encoder { get; }

    /// <summary>
    /// Writes an encoded batch. As <see cref="ISink.WriteAsync"/>, but the caller knows already which rows could not be encoded:
    /// they are not returned again. The encoded batch stays the caller's.
    /// </summary>
    ValueTask<WriteResult> WriteAsync(EncodedBatch encoded, CancellationToken ct);
}

/// <summary>Turns batches into bytes. Thread-safe.</summary>
public interface IBatchEncoder
{
    /// <summary>Encodes the visible rows of a batch. The batch stays the caller's; the caller owns the result.</summary>
    EncodedBatch Encode(RecordBatch batch);
}

/// <summary>The bytes of a batch, ready to be written.</summary>
/// <param name="pool">Where the buffer comes from and goes back to.</param>
public sealed class EncodedBatch(BatchPool pool) : IDisposable
{
    private readonly List<RefusedRow> _refused = [];
    private byte[] _buffer = [];

    /// <summary>The bytes so far.</summary>
    public ReadOnlyMemory<byte> Bytes => _buffer.AsMemory(0, Length);

    /// <summary>Number of bytes so far.</summary>
    public int Length { get; private set; }

    /// <summary>Rows among the bytes.</summary>
    public int Rows { get; set; }

    /// <summary>Rows that could not be encoded. They are not among the bytes.</summary>
    public IReadOnlyList<RefusedRow> Refused => _refused;

    /// <summary>The buffer with room for at least <paramref name="length"/> more bytes and <see cref="RecordBatch.Slack"/> writable bytes beyond.</summary>
    public Span<byte> Reserve(int length)
    {
        var needed = Length + length + RecordBatch.Slack;
        if (needed > _buffer.Length)
        {
            var larger = pool.RentBytes(Math.Max(needed, _buffer.Length * 2));
            Array.Copy(_buffer, larger, Length);
            pool.Return(_buffer);
            _buffer = larger;
        }

        return _buffer.AsSpan(Length);
    }

    /// <summary>Takes bytes that were written into the reserved room.</summary>
    public void Advance(int length) => Length += length;

    /// <summary>Adds bytes.</summary>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(Reserve(bytes.Length));
        Length += bytes.Length;
    }

    /// <summary>Cuts back to an earlier length, when a row turns out to be refused half-way.</summary>
    public void CutTo(int length) => Length = length;

    /// <summary>Adds a row that could not be encoded.</summary>
    public void Refuse(int row, string reason, string message) => _refused.Add(new RefusedRow(row, reason, message));

    /// <summary>Gives the buffer back.</summary>
    public void Dispose()
    {
        pool.Return(_buffer);
        _buffer = [];
        Length = 0;
    }
}

/// <summary>What became of a batch that was written.</summary>
/// <param name="Refused">Rows that the target refused; all others are written.</param>
/// <param name="CommitNow">The sink asks for a commit right after this batch, as a rotating file does.</param>
public readonly record struct WriteResult(IReadOnlyList<RefusedRow>? Refused = null, bool CommitNow = false)
{
    /// <summary>Every row was written.</summary>
    public static WriteResult Written => default;
}

/// <summary>A row that a sink refused. It goes to the dead letters.</summary>
/// <param name="Row">0-based physical row.</param>
/// <param name="Reason">A short stable code, for counting.</param>
/// <param name="Message">A sentence for people.</param>
public readonly record struct RefusedRow(int Row, string Reason, string Message);

/// <summary>What a sink is told when it is opened.</summary>
public sealed record SinkContext
{
    /// <summary>The pipeline's name.</summary>
    public required string PipelineId { get; init; }

    /// <summary>The generation of the run: raised by reset and seek.</summary>
    public required long Generation { get; init; }

    /// <summary>The epoch of the run: a target that has seen a higher one refuses us.</summary>
    public required long Epoch { get; init; }

    /// <summary>What the sink returned at the last commit, or null when there was none.</summary>
    public string? State { get; init; }

    /// <summary>
    /// True at the first run, and after a reset. <see cref="State"/>, if there is one, is then what the former generation left: the
    /// sink replaces what it had written itself.
    /// </summary>
    public bool StartsOver { get; init; }

    /// <summary>The clock.</summary>
    public required TimeProvider Time { get; init; }

    /// <summary>Where buffers come from.</summary>
    public required BatchPool Pool { get; init; }

    /// <summary>For what people should see in the log.</summary>
    public required ILogger Logger { get; init; }
}
