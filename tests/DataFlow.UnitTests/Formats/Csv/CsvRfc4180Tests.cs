using DataFlow.Conformance;
using DataFlow.Formats;

namespace DataFlow.UnitTests.Formats.Csv;

/// <summary>RFC 4180, rule by rule, on every path.</summary>
public class CsvRfc4180Tests
{
    public static TheoryData<string, string, string[]> Corpus => new()
    {
        { "rule 1: each record on a line of its own", "aaa,bbb,ccc\r\nzzz,yyy,xxx\r\n", ["aaa|bbb|ccc", "zzz|yyy|xxx"] },
        { "rule 2: the last record may lack its line break", "aaa,bbb,ccc\r\nzzz,yyy,xxx", ["aaa|bbb|ccc", "zzz|yyy|xxx"] },
        { "rule 4: spaces are part of a field", " aaa , bbb\r\n", [" aaa | bbb"] },
        { "rule 4: the last field may be empty", "aaa,\r\n,bbb\r\n,\r\n", ["aaa|", "|bbb", "|"] },
        { "rule 5: fields may be quoted or not", "\"aaa\",\"bbb\",\"ccc\"\r\nzzz,yyy,xxx", ["aaa|bbb|ccc", "zzz|yyy|xxx"] },
        { "rule 6: line breaks and commas in quotes", "\"aaa\",\"b\r\nbb\",\"c,cc\"\r\nzzz,yyy,xxx", ["aaa|b\r\nbb|c,cc", "zzz|yyy|xxx"] },
        { "rule 7: quotes are doubled", "\"aaa\",\"b\"\"bb\",\"ccc\"\r\n", ["aaa|b\"bb|ccc"] },
        { "rule 7: only quotes", "\"\"\"\",\"\"\"\"\"\",\"\"\r\n", ["\"|\"\"|"] },
        { "one column", "a\r\n\"\"\r\n\"b\"\r\n", ["a", "", "b"] },
        { "long fields", $"{new string('x', 200)},\"{new string('y', 200)}\"\r\n", [$"{new string('x', 200)}|{new string('y', 200)}"] },
    };

    [Theory]
    [MemberData(nameof(Corpus))]
    public void Every_path_follows_the_rules(string rule, string text, string[] records)
    {
        foreach (var path in Enum.GetValues<CsvPath>())
        {
            for (var shift = 0; shift < 70; shift++)
            {
                // A comment-like first row of another length moves everything to other places in the blocks.
                var columns = records[0].Count(character => character == '|') + 1;
                var first = new string('s', shift + 1) + string.Concat(Enumerable.Repeat(",", columns - 1)) + "\r\n";
                var run = ReaderRun.Of(new CsvRecordReader(Csv.NoHeader, path), first + text);
                var found = run.Records.Skip(1)
                    .Select(record => string.Join('|', record.Split('|').Select(field => field[(field.IndexOf('=') + 1)..])));

                Assert.True(records.SequenceEqual(found), $"{rule} on {path}, moved by {shift}");
                Assert.Empty(run.Errors);
            }
        }
    }
}
