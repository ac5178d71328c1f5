using System.Text;
using DataFlow.Formats;

namespace DataFlow.Fuzz;

/// <summary>Makes inputs: good ones of each format, damaged the way transfers, editors and programs damage them.</summary>
internal static class FuzzInput
{
    private const int MostBytes = 4096;

    private static readonly Dictionary<RecordFormat, string[]> Good = new()
    {
        [RecordFormat.Csv] =
        [
            "id,name,note\n1,Ann,plain\n2,\"Bob, the second\",\"say \"\"hi\"\"\"\r\n3,李,\"two\nlines\"\n",
            "a;;b\n1;;2\n", "x,y\n\n,\n\"\",\"\"\n", "a\tb\tc\n1\t'x\ty'\t3\n",
            "id,a_long_text\n7," + new string('x', 90) + "\n8,\"" + new string('y', 70) + "\"\n",
        ],
        [RecordFormat.Json] =
        [
            "{\"id\":1,\"name\":\"Ann\"}\n{\"id\":2,\"tags\":[1,{\"a\":null}],\"name\":\"n\\u00e4me\"}\n",
            "{\"b\":-1.5e3,\"a\":true}\r\n\n{\"a\":\"\\ud83d\\ude00\",\"a\":2}\n42\n\"x\"\n",
            "{\"a_key_that_is_longer_than_one_vector_of_bytes\":\"" + new string('z', 80) + "\"}\n",
        ],
        [RecordFormat.JsonArray] =
        [
            "[{\"id\":1,\"name\":\"Ann\"},\n {\"id\":2,\"n\":[1,[2]]}, 3, \"]\", null]\n", "[]", " [ {\"a\":\"\\\"}\"} ] ",
        ],
        [RecordFormat.JsonDocument] = ["{\n \"id\": 1,\n \"x\": {\"y\": [\"]\", 2]}\n}\n{\"id\":2}\n", "[1,2] {\"a\":null}"],
        [RecordFormat.Text] = ["one\ntwo\r\n\nthree ä€😀\n", "no end", "a||b||c", "\r\r\n"],
    };

    private static readonly byte[][] Tokens =
    [
        .. new[]
        {
            "\"", "\"\"", "'", ",", ";;", "\t", "\n", "\r\n", "\r", "\\", "\\\"", "\\u", "\\ud83d", "{", "}", "[", "]", ":", "null", "NULL", "#",
            "||", "0", "-", "1e", ".", " ", "\0", "\u2028", "😀", "{\"a\":", "\"a\":1", "},{",
        }.Select(Encoding.UTF8.GetBytes),
        [0xFF], [0xC3], [0xE6, 0x9D], [0xF0, 0x9F, 0x98], [0xED, 0xA0, 0x80], [0x80],
    ];

    public static byte[] Make(Random random, RecordFormat format)
    {
        var samples = Good[format];
        var bytes = new List<byte>();
        for (var pieces = random.Next(1, 10); pieces > 0; pieces--)
        {
            // Now and then the sample of another format: somebody named the wrong file.
            var from = random.Next(20) == 0 ? Good[(RecordFormat)random.Next(Good.Count)] : samples;
            bytes.AddRange(Encoding.UTF8.GetBytes(
                format == RecordFormat.Csv && random.Next(2) == 0 ? Rows(random) : from[random.Next(from.Length)]));
        }

        for (var damages = random.Next(0, 6); damages > 0; damages--)
        {
            Damage(random, bytes);
        }

        return [.. bytes.Take(MostBytes)];
    }

    /// <summary>Well-formed rows of three fields of any length, so that quotes and separators fall everywhere in a vector.</summary>
    private static string Rows(Random random)
    {
        var rows = new StringBuilder();
        for (var count = random.Next(1, 12); count > 0; count--)
        {
            for (var field = 0; field < 3; field++)
            {
                var text = new string('x', random.Next(0, 30));
                rows.Append(field == 0 ? "" : ",").Append(random.Next(6) switch
                {
                    0 => $"\"{text}\"",
                    1 => $"\"{text},\"\"{text}\"",
                    2 => $"\"{text}\n\"\"\"",
                    _ => text,
                });
            }

            rows.Append(random.Next(3) == 0 ? "\r\n" : "\n");
        }

        return rows.ToString();
    }

    private static void Damage(Random random, List<byte> bytes)
    {
        var at = random.Next(bytes.Count + 1);
        var length = Math.Min(random.Next(1, 40), bytes.Count - at);
        switch (random.Next(6))
        {
            case 0 when at < bytes.Count:
                bytes[at] ^= (byte)(1 << random.Next(8));
                break;
            case 1:
                bytes.RemoveRange(at, length);
                break;
            case 2:
                bytes.InsertRange(at, bytes.GetRange(at, length));
                break;
            case 3:
                bytes.RemoveRange(at, bytes.Count - at);
                break;
            case 4:
                bytes.InsertRange(at, Enumerable.Repeat(Tokens[random.Next(Tokens.Length)], random.Next(1, 80)).SelectMany(token => token));
                break;
            default:
                bytes.InsertRange(at, Tokens[random.Next(Tokens.Length)]);
                break;
        }
    }
}
