using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace DataFlow.Formats;

/// <content>The walk over the outermost object: where nearly all of the time goes.</content>
internal sealed unsafe partial class JsonRowParser
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private byte* ObjectFields<TScan>(byte* origin, byte* p, bool isOverlay, ref JsonWalk walk)
        where TScan : struct, IJsonScan
    {
        var row = _batch.RowCount - 1;
        ref var cells = ref CellsOf(row);
        ref var keys = ref _columns.Keys;
        var order = _order;
        var key = 0;
        var fields = 0;
        var filled = 0;
        var isSorted = true;

        p = walk.SkipWhitespace(p + 1);
        if (*p == (byte)'}')
        {
            p++;
            goto End;
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
                p = FindKey<TScan>(p, fields == 0, ref key, ref walk);
                if (p == null)
                {
                    return null;
                }

                keys = ref _columns.Keys;
                cells = ref CellsOf(row);
            }

            p = walk.SkipWhitespace(p);
            var column = key - 1;
            ref var cell = ref Unsafe.Add(ref cells, column);
            if (column < filled && cell.Kind != FieldKind.Absent)
            {
                _isRepeating = true;
            }
            else
            {
                if (fields == order.Length)
                {
                    return walk.Fail(p, JsonFault.TooManyFields);
                }

                order[fields++] = column;
                isSorted &= column >= filled;
                for (; filled < column; filled++)
                {
                    Unsafe.Add(ref cells, filled) = FieldRef.Absent;
                }

                filled = Math.Max(filled, column + 1);
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

                cell = new FieldRef((int)(start - origin), (int)(p - start), kind, isOverlay);
                p++;
            }
            else
            {
                p = JsonGrammar<TScan>.SkipNonString(p, 1, ref walk);
                if (p == null)
                {
                    return null;
                }

                cell = *start == (byte)'n' ? FieldRef.Null : new FieldRef((int)(start - origin), (int)(p - start), FieldKind.JsonRaw, isOverlay);
            }

            p = walk.SkipWhitespace(p);
            if (*p == (byte)',')
            {
                p = walk.SkipWhitespace(p + 1);
                continue;
            }

            if (*p++ == (byte)'}')
            {
                break;
            }

            return walk.Fail(p - 1, JsonFault.CommaOrBraceExpected);
        }

        End:
        for (var stride = _batch.Stride; filled < stride; filled++)
        {
            Unsafe.Add(ref cells, filled) = FieldRef.Absent;
        }

        _fields = fields;
        if (!isSorted)
        {
            _batch.SetRowOrder(row, _orders.Share(order.AsSpan(0, fields)));
        }

        return p;
    }

    /// <summary>Finds or adds the column of a key that is not the expected one.</summary>
    /// <returns>The byte after the colon, or null.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private byte* FindKey<TScan>(byte* p, bool isFirst, ref int key, ref JsonWalk walk)
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

        Unsafe.Add(ref _columns.Keys, key).Next = column + 1;
        key = column + 1;
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

    private ref FieldRef CellsOf(int row) =>
        ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(_batch.Refs), (nint)row * _batch.Stride);
}
