using System.Text.Unicode;

namespace DataFlow.Formats;

/// <summary>
/// Reads CSV: RFC 4180 and its dialects. Ordinary rows are found 64 bytes at a time; rows that are anything else are read
/// byte by byte, with the same result. A bad row costs itself only.
/// </summary>
/// <remarks>
/// <list type="bullet">
/// <item>A line ends with the record separator, also in quotes. Blank lines are counted and left out.</item>
/// <item>Header: empty names become <c>fieldN</c>, N counting from 0; names that repeat become <c>name_2</c>, <c>name_3</c>. Several header
/// rows are joined with a space. A header whose quotes never close, or that breaks a limit, ends the run.</item>
/// <item>Without a header columns are <c>field0</c>, <c>field1</c>, ..., as many as the first row has.</item>
/// <item>A quoted field that goes on after its closing quote, or is still open after max-quoted-lines, 1 MiB, max-line-bytes or the
/// last byte: the row's first physical line is bad, and reading goes on at the next.</item>
/// <item>An escape other than the quote makes a quote or another escape part of a quoted field; before anything else it is an
/// ordinary character.</item>
/// <item>With trim, blanks around quotes are left out too. Blanks in quotes stay.</item>
/// <item><c>on-malformed: keep</c>: stray quotes and quotes that never close are ordinary characters, text after a closing quote is
/// appended, missing fields are absent, surplus ones are called <c>extra1</c>, <c>extra2</c>, ... unless they are empty. Counted as
/// <c>repaired</c>.</item>
/// <item><c>on-malformed: pad</c>: missing fields are absent, counted as <c>padded</c>; other bad rows are skipped.</item>
/// <item>A truncated line (<c>line-truncated</c>) keeps the fields that are left; the others are absent.</item>
/// </list>
/// </remarks>
public sealed class CsvRecordReader : IRecordReader
{
    private readonly CsvDialect _dialect;
    private readonly CsvPath _path;
    private readonly CsvParser _parser;
    private readonly FormatOptions _options;
    private CsvLayout? _layout;
    private DeferredRows? _deferred;
    private long _line;
    private bool _inDroppedLine;

    /// <summary>Creates a reader at the start of a stream.</summary>
    /// <param name="options">How the bytes are laid out and what to do with bad rows.</param>
    /// <exception cref="OptionException">Delimiter, quote and record separator can't be told from each other.</exception>
    public CsvRecordReader(FormatOptions options)
        : this(options, CsvPath.Widest)
    {
    }

    internal CsvRecordReader(FormatOptions options, CsvPath path)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options;
        _dialect = new CsvDialect(options);
        _path = path;
        _parser = new CsvParser(_dialect, path);
    }

    /// <inheritdoc/>
    public ReaderState State => new(_line, _layout?.Names, !_inDroppedLine);

    /// <inheritdoc/>
    public int Read(RecordBatch batch, bool isFinal, int maxRecords)
    {
        ArgumentNullException.ThrowIfNull(batch);
        batch.FirstLine = _line + 1;
        _parser.Start(batch, _layout, isFinal, maxRecords, _inDroppedLine);
        if (_parser.PassLines(_options.SkipRows - _line) && (!_options.HasHeader || _layout is not null || _parser.TakeHeader()))
        {
            _parser.TakeRows();
        }

        _layout = _parser.Layout;
        _line += _parser.Line;
        _inDroppedLine = _parser.InDroppedLine;
        batch.Length = _parser.At;
        return _parser.At;
    }

    /// <inheritdoc/>
    public int Frame(RecordBatch batch, bool isFinal, int maxRecords)
    {
        ArgumentNullException.ThrowIfNull(batch);
        var maxLength = Math.Min(_dialect.MaxLineBytes, CsvDialect.MaxQuotedBytes);
        if (_layout is null || _inDroppedLine || _line < _options.SkipRows || !_dialect.IsFast(_layout.Count)
            || maxLength < 64 || _options.OnMalformed == MalformedPolicy.Fail)
        {
            return -1;
        }

        var scan = Scan(batch, isFinal, Math.Min(maxRecords, Math.Max(1, RecordBatch.MaxCells / _layout.Count)), maxLength, out var isSure);
        if (!isSure || scan.Records == 0 || MayFail(batch.Data.AsSpan(0, scan.RecordsEnd)))
        {
            return -1;
        }

        batch.FirstLine = _line + 1;
        batch.Length = scan.RecordsEnd;
        batch.Defer(_deferred ??= new DeferredRows(_dialect, _layout, _path));
        _line += scan.Lines;
        return scan.RecordsEnd;
    }

    /// <inheritdoc/>
    public void Restore(ReaderState state)
    {
        _line = state.Line;
        _inDroppedLine = !state.IsRestartPoint;
        _deferred = null;
        _layout = state.Header is not { Count: > 0 } names ? null
            : _options.HasHeader ? CsvLayout.WithHeader(names)
            : CsvLayout.WithoutHeader(names.Count);
    }

    private unsafe CsvFrameScan Scan(RecordBatch batch, bool isFinal, int maxRecords, int maxLength, out bool isSure)
    {
        fixed (byte* data = batch.Data)
        {
            var scan = new CsvFrameScan(data, batch.Length)
            {
                Delimiter = _dialect.Delimiter[0],
                Quoting = _dialect.Quote.Length > 0 ? ulong.MaxValue : 0,
                MaxRecords = maxRecords,
                MaxLength = maxLength + 1,
                MaxQuotedLines = _options.MaxQuotedLines,
                IsFinal = isFinal,
            };
            isSure = scan.Run(_path);
            return scan;
        }
    }

    /// <summary>A policy could end the run in the middle of these records: they have to be read in sequence.</summary>
    private bool MayFail(ReadOnlySpan<byte> records) => _options.OnInvalidBytes == InvalidBytesPolicy.Fail && !Utf8.IsValid(records);

    private sealed class DeferredRows(CsvDialect dialect, CsvLayout layout, CsvPath path) : IDeferredRows
    {
        public void Parse(RecordBatch batch)
        {
            var parser = new CsvParser(dialect, path);
            parser.Start(batch, layout, isFinal: true, int.MaxValue, inDroppedLine: false);
            parser.TakeRows();
        }
    }
}
