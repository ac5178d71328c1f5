using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace DataFlow.Formats;

/// <content>The walk over the outermost object: where nearly all of the time goes.</content>
internal sealed unsafe partial class JsonRowParser
{
    /// <summary>Instead of a number of columns: the row's keys do not come in the order of the columns.</summary>
    private const int Unsorted = int.MaxValue;

    private int _key;
    private int _filled;
    private bool _isSorted;

    private ref FieldRef Cells
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(_batch.Refs), (nint)(_batch.RowCount - 1) * _batch.Stride);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private byte* ObjectFields<TScan>(byte* origin, byte* p, ref JsonWalk walk)
        where TScan : struct, IJsonScan
    {
        ref var cells = ref Cells;
        ref var keys = ref _columns.Keys;
        var maxFields = _order.Length;
        var key = 0;

        // Cells before this column are decided.
        var filled = 0;
        var fields = 0;

        p = walk.SkipWhitespace(p + 1);
        if (*p == (byte)'}')
        {
            EndFields(0, 0);
            return p + 1;
        }

        while (true)
        {
            var next = Unsafe.Add(ref keys, key).Next;
            ref var predicted = ref Unsafe.Add(ref keys, next);
            if (next != 0
                && TScan.StartsWith(p, in predicted)
                && (predicted.Length <= JsonKey.HeadLength || EndsWith(p, in predicted, in walk)))
            {
                p += predicted.Length;
                key = next;
            }
            else
            {
                p = FindKey<TScan>(p, key, isFirst: filled == 0, ref walk);
                if (p == null)
                {
                    return null;
                }

                key = _key;
                keys = ref _columns.Keys;
                cells = ref Cells;
            }

            p = walk.SkipWhitespace(p);
            var column = key - 1;
            if (column >= filled && fields < maxFields)
            {
                for (; filled < column; filled++)
                {
                    Unsafe.Add(ref cells, filled) = FieldRef.Absent;
                }

                filled++;
                fields++;
            }
            else
            {
                if (!TryPlace(column, filled, fields))
                {
                    return walk.Fail(p, JsonFault.TooManyFields);
                }

                filled = Unsorted;
            }

            var start = p;
            if (*p == (byte)'"')
            {
                var kind = FieldKind.JsonString;
                p = TScan.StringStop(++start);
                if (*p != (byte)'"')
                {
                    kind = FieldKind.JsonStringEscaped;
                    p = JsonGrammar<TScan>.EscapedStringEnd(p, ref walk);
                    if (p == null)
                    {
                        return null;
                    }
                }

                Unsafe.Add(ref cells, column) = new FieldRef((int)(start - origin), (int)(p - start), kind);
                p++;
            }
            else
            {
                p = JsonGrammar<TScan>.SkipNonString(p, 1, ref walk);
                if (p == null)
                {
                    return null;
                }

                Unsafe.Add(ref cells, column) = *start == (byte)'n'
                    ? FieldRef.Null
                    : new FieldRef((int)(start - origin), (int)(p - start), FieldKind.JsonRaw);
            }

            p = walk.SkipWhitespace(p);
            if (*p == (byte)',')
            {
                p = walk.SkipWhitespace(p + 1);
                continue;
            }

            if (*p == (byte)'}')
            {
                EndFields(filled, fields);
                return p + 1;
            }

            return walk.Fail(p, JsonFault.CommaOrBraceExpected);
        }
    }

    /// <summary>Makes room for a field in a row that is not, or no longer, in the order of the columns.</summary>
    /// <returns>False when the row has too many fields.</returns>
    private bool TryPlace(int column, int filled, int fields)
    {
        var cells = MemoryMarshal.CreateSpan(ref Cells, _batch.Stride);
        if (filled != Unsorted)
        {
            _filled = filled;
            _fields = 0;
            _isSorted = true;
            for (var present = 0; present < filled; present++)
            {
                if (cells[present].Kind != FieldKind.Absent)
                {
                    _order[_fields++] = present;
                }
            }
        }

        if (column < _filled && cells[column].Kind != FieldKind.Absent)
        {
            _isRepeating = true;
            return true;
        }

        if (_fields == _order.Length)
        {
            return false;
        }

        _order[_fields++] = column;
        if (column < _filled)
        {
            _isSorted = false;
        }
        else
        {
            cells[_filled..column].Fill(FieldRef.Absent);
            _filled = column + 1;
        }

        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void EndFields(int filled, int fields)
    {
        if (filled == Unsorted)
        {
            filled = _filled;
            fields = _fields;
            if (!_isSorted)
            {
                _batch.SetRowOrder(_batch.RowCount - 1, _orders.Share(_order.AsSpan(0, fields)));
            }
        }

        _fields = fields;
        ref var cells = ref Cells;
        for (var stride = _batch.Stride; filled < stride; filled++)
        {
            Unsafe.Add(ref cells, filled) = FieldRef.Absent;
        }
    }

    /// <summary>Finds or adds the column of a key that is not the expected one; its number is left in <see cref="_key"/>.</summary>
    /// <returns>The byte after the colon, or null.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private byte* FindKey<TScan>(byte* p, int previous, bool isFirst, ref JsonWalk walk)
        where TScan : struct, IJsonScan
    {
        if (*p != (byte)'"')
        {
            return walk.Fail(p, isFirst ? JsonFault.KeyOrEndExpected : JsonFault.KeyExpected);
        }

        var quote = TScan.StringStop(p + 1);
        var isEscaped = *quote != (byte)'"';
        if (isEscaped)
        {
            quote = JsonGrammar<TScan>.EscapedStringEnd(quote, ref walk);
            if (quote == null)
            {
                return null;
            }
        }

        var colon = walk.SkipWhitespace(quote + 1);
        if (*colon != (byte)':')
        {
            return walk.Fail(colon, JsonFault.ColonExpected);
        }

        var written = new ReadOnlySpan<byte>(p, (int)(quote + 1 - p));
        var name = written[1..^1];
        var column = ColumnOf(isEscaped ? Unescape(name) : name, written, p, ref walk);
        if (column < 0)
        {
            return null;
        }

        _key = column + 1;
        Unsafe.Add(ref _columns.Keys, previous).Next = _key;
        return colon + 1;
    }

    private ReadOnlySpan<byte> Unescape(ReadOnlySpan<byte> name)
    {
        if (_name.Length < name.Length)
        {
            _name = new byte[name.Length * 2];
        }

        return _name.AsSpan(0, FieldText.Unescape(name, _name));
    }

    private static bool EndsWith(byte* p, in JsonKey key, in JsonWalk walk) =>
        walk.Limit - p >= key.Length
        && new ReadOnlySpan<byte>(p, key.Length)[JsonKey.HeadLength..].SequenceEqual(key.Text.AsSpan(JsonKey.HeadLength));
}
