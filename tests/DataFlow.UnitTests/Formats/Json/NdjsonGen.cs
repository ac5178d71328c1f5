using System.Text;
using CsCheck;

namespace DataFlow.UnitTests.Formats.Json;

/// <summary>JSON texts as people and programs write them, and what becomes of them on the way.</summary>
internal static class NdjsonGen
{
    private static readonly Gen<string> Space = Gen.Frequency(
        (12, Gen.Const("")), (4, Gen.Const(" ")), (1, Gen.OneOf("\t", "  ", " \t\r ", "\r")));

    private static readonly Gen<string> Characters = Gen.OneOf(
        "a", "Z", "0", " ", "é", "李", "😀", "{", "}", "[", ",", ":", "\\n", "\\\"", "\\\\", "\\/", "\\b\\f\\r\\t",
        "\\u0041", "\\u00e9", "\\ud83d\\ude00", "\\uD83D", "\\udE00x", "\\u0000", "plain text of some more than thirty-two bytes, ");

    private static readonly Gen<string> Strings = Characters.Array[0, 6].Select(parts => "\"" + string.Concat(parts) + "\"");

    private static readonly Gen<string> Numbers = Gen.Select(
        Gen.OneOf("", "-"),
        Gen.OneOf("0", "7", "42", "1234567890", "1234567890123", "12345678901234", "123456789012345", "1234567890123456",
            "98765432109876543210987654321098765"),
        Gen.OneOf("", "", ".0", ".5", ".123456789", ".1234567890123456"),
        Gen.OneOf("", "", "", "e1", "E+10", "e-007"),
        (sign, whole, fraction, exponent) => sign + whole + fraction + exponent);

    private static readonly Gen<string> Keys = Gen.Frequency(
        (8, Gen.OneOf("\"a\"", "\"b\"", "\"id\"", "\"value\"", "\"line\"", "\"a_key_that_is_longer_than_one_vector_of_bytes\"")),
        (1, Gen.OneOf("\"\"", "\"\\u0061\"", "\"é\"", "\"\\u00e9\"", "\"a_key_that_is_longer_than_one_vector_of_bytez\"", "\"x\\\"y\"")));

    private static readonly Gen<string> Deep = Gen.Int[60, 68].Select(depth => new string('[', depth) + new string(']', depth));

    private static readonly Gen<string> Scalars = Gen.Frequency((4, Strings), (4, Numbers), (2, Gen.OneOf("true", "false", "null")));

    private static readonly Gen<string> Values = Value(3);

    private static readonly Gen<string> Objects = Object(Values);

    private static readonly Gen<string> Valid = Gen.Frequency((10, Objects), (1, Values), (1, Object(Deep)), (1, Deep));

    private static readonly Gen<string> Broken = Gen.Select(
        Valid,
        Gen.Int[0, 10_000],
        Gen.Int[0, 2],
        Gen.OneOf("{", "}", "[", "]", ",", ":", "\"", "\\", "0", ".", "e", "-", "\u0001", "\t", "\u007F", "x", "t"),
        Break);

    /// <summary>Lines without their line breaks, valid JSON or nearly.</summary>
    public static readonly Gen<string> Lines = Gen.Select(
        Space, Gen.Frequency((3, Valid), (2, Broken), (1, Gen.Const(""))), Space, (before, line, after) => before + line + after);

    /// <summary>Whole streams, with line breaks of both kinds and some invalid bytes.</summary>
    public static readonly Gen<byte[]> Streams = Gen.Select(
        Gen.Select(Lines, Gen.Frequency((4, Gen.Const("\n")), (1, Gen.Const("\r\n")))).Array[0, 12],
        Gen.Bool,
        Gen.Select(Gen.Int[0, 2000], Gen.OneOf<byte>(0xFF, 0xC3, 0xE6, 0x80)).Array[0, 2],
        (lines, isTerminated, damages) =>
        {
            var text = string.Concat(lines.Select(line => line.Item1 + line.Item2));
            var bytes = Encoding.UTF8.GetBytes(isTerminated ? text : text.TrimEnd('\n'));
            foreach (var (at, damage) in damages)
            {
                if (at < bytes.Length)
                {
                    bytes[at] = damage;
                }
            }

            return bytes;
        });

    private static Gen<string> Value(int depth) => depth == 0
        ? Scalars
        : Gen.Frequency((8, Scalars), (1, Object(Value(depth - 1))), (1, Array(Value(depth - 1))));

    private static Gen<string> Object(Gen<string> values) => Gen.Select(
        Gen.Select(Space, Keys, Space, Space, values, (s1, key, s2, s3, value) => s1 + key + s2 + ":" + s3 + value).Array[0, 6],
        Space,
        (fields, space) => "{" + string.Join(space + ",", fields) + space + "}");

    private static Gen<string> Array(Gen<string> values) => Gen.Select(
        Gen.Select(Space, values, (space, value) => space + value).Array[0, 4],
        Space,
        (items, space) => "[" + string.Join(space + ",", items) + space + "]");

    private static string Break(string line, int place, int kind, string what)
    {
        var at = place % (line.Length + 1);
        if (at < line.Length && char.IsSurrogate(line[at]))
        {
            return line;
        }

        return kind switch
        {
            0 => line.Insert(at, what),
            1 => at < line.Length ? line.Remove(at, 1) : line,
            _ => line[..at],
        };
    }
}
