using System.Runtime.InteropServices;

namespace DataFlow.Connectors;

/// <summary>
/// The rows that were delivered above the lower bound, by hash, so that they are known when the window is read again. Rows that are
/// alike are counted. Kept in pieces, each with a stored position of its own, so that a commit stores only what has changed.
/// </summary>
internal sealed class SeenWindow
{
    /// <summary>Rows per piece.</summary>
    public const int PieceSize = 2048;

    private readonly Dictionary<UInt128, Occurrences> _rows = [];
    private readonly List<Piece?> _pieces = [];
    private readonly SortedSet<int> _changed = [];
    private int _open = -1;
    private int _poll;

    /// <summary>Rows that are remembered.</summary>
    public int Count { get; private set; }

    /// <summary>Takes in a piece of an earlier run.</summary>
    public void Restore(int index, SeenPosition stored)
    {
        while (_pieces.Count <= index)
        {
            _pieces.Add(null);
        }

        var hashes = stored.Hashes;
        if (hashes.Length > 0)
        {
            _pieces[index] = new Piece(hashes, hashes.Length, stored.Highest, null);
            Count += hashes.Length;
            foreach (var hash in hashes)
            {
                CollectionsMarshal.GetValueRefOrAddDefault(_rows, hash, out _).Delivered++;
            }
        }
    }

    /// <summary>From here on, each remembered row may be met once again.</summary>
    public void BeginPoll() => _poll++;

    /// <summary>
    /// Meets a row. False when it had been delivered before; otherwise it is remembered, and <paramref name="ordinal"/> tells how many
    /// rows like it there were before.
    /// </summary>
    public bool TryAdd(UInt128 hash, CursorValue cursor, out int ordinal)
    {
        ref var row = ref CollectionsMarshal.GetValueRefOrAddDefault(_rows, hash, out _);
        if (row.Poll != _poll)
        {
            (row.Poll, row.Met) = (_poll, 0);
        }

        ordinal = row.Met++;
        if (row.Met <= row.Delivered)
        {
            return false;
        }

        row.Delivered++;
        Remember(hash, cursor);
        return true;
    }

    /// <summary>Forgets rows below a bound, which are never read again. Some may be kept for a while: that does no harm.</summary>
    public void ForgetBelow(CursorValue bound)
    {
        for (var index = 0; index < _pieces.Count; index++)
        {
            if (_pieces[index] is { } piece && piece.Highest < bound)
            {
                Drop(piece, 0, piece.Count);
                _pieces[index] = null;
                _changed.Add(index);
                _open = index == _open ? -1 : _open;
            }
        }

        if (_open >= 0 && _pieces[_open] is { Cursors: { } cursors } open)
        {
            Compact(open, cursors, bound);
        }
    }

    /// <summary>The pieces that have changed since the last call, as positions.</summary>
    public IEnumerable<(int Index, SeenPosition Position)> TakeChanged()
    {
        foreach (var index in _changed)
        {
            yield return (
                index, _pieces[index] is { } piece ? new SeenPosition(piece.Hashes, piece.Count, piece.Highest) : SeenPosition.Empty);
        }

        _changed.Clear();
    }

    private void Remember(UInt128 hash, CursorValue cursor)
    {
        if (_open < 0 || _pieces[_open]!.Count == PieceSize)
        {
            if (_open >= 0)
            {
                _pieces[_open]!.Cursors = null;
            }

            _open = _pieces.IndexOf(null);
            if (_open < 0)
            {
                _open = _pieces.Count;
                _pieces.Add(null);
            }

            _pieces[_open] = new Piece(new UInt128[PieceSize], 0, CursorValue.None, new CursorValue[PieceSize]);
        }

        var piece = _pieces[_open]!;
        piece.Hashes[piece.Count] = hash;
        piece.Cursors![piece.Count] = cursor;
        piece.Count++;
        piece.Highest = cursor > piece.Highest ? cursor : piece.Highest;
        Count++;
        _changed.Add(_open);
    }

    /// <summary>The open piece is rewritten instead of changed: positions that were handed out still point into it.</summary>
    private void Compact(Piece open, CursorValue[] cursors, CursorValue bound)
    {
        var keep = 0;
        for (var index = 0; index < open.Count; index++)
        {
            keep += cursors[index] >= bound ? 1 : 0;
        }

        if (keep == open.Count)
        {
            return;
        }

        var smaller = new Piece(new UInt128[PieceSize], 0, CursorValue.None, new CursorValue[PieceSize]);
        for (var index = 0; index < open.Count; index++)
        {
            if (cursors[index] < bound)
            {
                Drop(open, index, 1);
                continue;
            }

            smaller.Hashes[smaller.Count] = open.Hashes[index];
            smaller.Cursors![smaller.Count++] = cursors[index];
            smaller.Highest = cursors[index] > smaller.Highest ? cursors[index] : smaller.Highest;
        }

        _pieces[_open] = smaller;
        _changed.Add(_open);
    }

    private void Drop(Piece piece, int start, int count)
    {
        foreach (var hash in piece.Hashes.AsSpan(start, count))
        {
            ref var row = ref CollectionsMarshal.GetValueRefOrNullRef(_rows, hash);
            if (--row.Delivered == 0)
            {
                _rows.Remove(hash);
            }
            else
            {
                row.Met = Math.Max(0, row.Met - 1);
            }
        }

        Count -= count;
    }

    private struct Occurrences
    {
        public int Delivered;
        public int Met;
        public int Poll;
    }

    private sealed class Piece(UInt128[] hashes, int count, CursorValue highest, CursorValue[]? cursors)
    {
        public UInt128[] Hashes { get; } = hashes;

        public int Count { get; set; } = count;

        public CursorValue Highest { get; set; } = highest;

        /// <summary>Of each row while the piece is filled; afterwards only the highest counts.</summary>
        public CursorValue[]? Cursors { get; set; } = cursors;
    }
}
