namespace DataFlow;

/// <summary>
/// A batch of records: one pooled byte buffer and a row-major table of slices into it. Filtering writes a selection,
/// projecting changes the schema; no bytes move. One owner at a time: whoever is handed a batch passes it on or calls
/// <see cref="Release"/>, exactly once. Not thread-safe.
/// </summary>
/// <remarks>
/// <b>Physical</b> rows and columns are what was read. <b>Visible</b> ones are what is left after selection and
/// projection. Reading by people and sinks goes over visible columns; parsers write physical ones.
/// </remarks>
public sealed partial class RecordBatch
{
    /// <summary>Readable bytes that follow every buffer, so that vector loads may run past the end.</summary>
    public const int Slack = 64;

    /// <summary>Rows times columns at which parsers cut a batch, so that sparse data does not become a huge table.</summary>
    public const int MaxCells = 262_144;

    private readonly BatchPool _pool;
    private readonly List<RecordError> _errors = [];
    private readonly List<Advance> _advances = [];
    private readonly Dictionary<string, int> _outcomes = [];
    private byte[] _data;
    private int _references;

    internal RecordBatch(BatchPool pool)
    {
        _pool = pool;
        _data = [];
        Metadata = new BatchMetadata(this);
    }

    /// <summary>What is known about the records besides their data.</summary>
    public BatchMetadata Metadata { get; }

    /// <summary>Positions that the splits have reached with this batch. Empty when no restart point exists after it.</summary>
    public IReadOnlyList<Advance> Advances => _advances;

    /// <summary>Records that failed so far. They are not among the rows.</summary>
    public IReadOnlyList<RecordError> Errors => _errors;

    /// <summary>
    /// What had to be done to make records of the input, by outcome: <c>padded</c>, <c>repaired</c>,
    /// <c>invalid-json-as-text</c>. Counted as parse errors, although the record was delivered.
    /// </summary>
    public IReadOnlyDictionary<string, int> Outcomes => _outcomes;

    /// <summary>Bytes of the source that this batch stands for, before decompression and decoding.</summary>
    public long BytesRead { get; set; }

    /// <summary>Records that a source read again at a boundary and left out because they had been delivered.</summary>
    public int Deduplicated { get; set; }

    /// <summary>Records that a source gave up before this batch because its buffer was full. Counted as read and dropped.</summary>
    public int Dropped { get; set; }

    /// <summary>Gives each row its DeliveryId. Must be set before the first row's id is asked for.</summary>
    public RecordIdentity? Identity { get; set; }

    /// <summary>Added to a row's start in the buffer to get its position in the split, for sources that read a byte stream.</summary>
    public long PositionBase { get; set; }

    /// <summary>The buffer. At least <see cref="Slack"/> bytes beyond <see cref="Capacity"/> may be read; parsers may put a stop byte into the first one.</summary>
    public byte[] Data => _data;

    /// <summary>Bytes of the buffer that are filled.</summary>
    public int Length { get; set; }

    /// <summary>Bytes that the buffer can take.</summary>
    public int Capacity => Math.Max(0, _data.Length - Slack);

    /// <summary>Memory held, in bytes; what the pipeline's byte credit is charged for.</summary>
    public long Footprint =>
        _data.Length + _overlay.Length + ((long)_refs.Length * 8) + ((long)(_rowStart.Length + _rowLength.Length + _rowLine.Length) * 4)
        + ((_positions?.Length ?? 0) * 8L);

    /// <summary>
    /// Moves the batch's position forward. The last position given for a split counts; <see cref="Position.Gone"/> takes the split out.
    /// </summary>
    public void AdvanceTo(string split, Position position)
    {
        ThrowIfReleased();
        _advances.Add(new Advance(split, position));
    }

    /// <summary>Takes the positions away, for a source that reads through another one and has its own.</summary>
    public IReadOnlyList<Advance> TakeAdvances()
    {
        ThrowIfReleased();
        Advance[] taken = [.. _advances];
        _advances.Clear();
        return taken;
    }

    /// <summary>Adds a record that failed.</summary>
    public void AddError(RecordError error)
    {
        ThrowIfReleased();
        _errors.Add(error);
    }

    /// <summary>Gives each error the DeliveryId of its record, where the reader that found it could not know it.</summary>
    public void IdentifyErrors(Func<RecordError, Guid> idOf)
    {
        ThrowIfReleased();
        for (var index = 0; index < _errors.Count; index++)
        {
            _errors[index] = _errors[index] with { DeliveryId = idOf(_errors[index]) };
        }
    }

    /// <summary>Counts something that had to be done to make a record of the input.</summary>
    public void CountOutcome(string outcome, int times = 1)
    {
        ThrowIfReleased();
        _outcomes[outcome] = _outcomes.GetValueOrDefault(outcome) + times;
    }

    /// <summary>Makes room for at least <paramref name="capacity"/> bytes in the buffer; keeps what is in it.</summary>
    public void EnsureCapacity(int capacity)
    {
        ThrowIfReleased();
        if (capacity > Capacity)
        {
            var larger = _pool.RentBytes(Math.Max(capacity, Capacity * 2) + Slack);
            Array.Copy(_data, larger, Length);
            _pool.Return(_data);
            _data = larger;
        }
    }

    /// <summary>Copies bytes to the end of the buffer.</summary>
    /// <returns>Where they start.</returns>
    public int Append(ReadOnlySpan<byte> bytes)
    {
        EnsureCapacity(Length + bytes.Length);
        var start = Length;
        bytes.CopyTo(_data.AsSpan(start));
        Length += bytes.Length;
        return start;
    }

    /// <summary>One more owner, for fan-out. A shared batch is read-only, and every owner releases it once.</summary>
    public RecordBatch Share()
    {
        ThrowIfReleased();
        Interlocked.Increment(ref _references);
        return this;
    }

    /// <summary>Gives the batch back. It must not be touched afterwards.</summary>
    /// <exception cref="InvalidOperationException">It had been given back before.</exception>
    public void Release()
    {
        var left = Interlocked.Decrement(ref _references);
        if (left < 0)
        {
            throw new InvalidOperationException("A batch was released twice.");
        }

        if (left == 0)
        {
            _pool.Return(this);
        }
    }

    internal void Lend(int dataCapacity)
    {
        _references = 1;
        _data = _pool.RentBytes(dataCapacity + Slack);
    }

    internal void Reset()
    {
        _pool.Return(_data);
        _data = [];
        Length = 0;
        BytesRead = 0;
        Deduplicated = 0;
        Dropped = 0;
        Identity = null;
        PositionBase = 0;
        _errors.Clear();
        _advances.Clear();
        _outcomes.Clear();
        Metadata.Clear();
        ResetRows();
    }

    [System.Diagnostics.Conditional("DEBUG")]
    private void ThrowIfReleased()
    {
        if (Volatile.Read(ref _references) <= 0)
        {
            throw new InvalidOperationException("A batch was used after its release.");
        }
    }
}
