using System.Text;
using DataFlow.Formats;

namespace DataFlow.UnitTests.Formats.Json;

public sealed class JsonAnswerReaderTests
{
    private const string Document = """
        {"meta":{"next":"a\"ü","total":12.50,"flags":[true,{"x":null}]},"before":[[1,2],{"data":[9]}],
         "data" : [ {"id":1,"text":"a,]}\\\"","nested":{"a":[1, 2]}},  {"nested":{},"id":-2.5e3} ,
          42,-0.5,"text ]",null,true,[], [1,
           [2]], {} , {"id":"ä€😀","new":"field"}, 7 ],
         "after":{"cursor":"c-1","deep":[[[[{}]]]]},"more":false}

        """;

    private static readonly JsonPath[] Watched = [.. new[] { "meta.next", "meta.total", "after.cursor", "more", "meta.flags[1]", "nothing" }.Select(JsonPath.Parse)];

    [Fact]
    public void Rows_and_watched_values_do_not_depend_on_how_the_bytes_come()
    {
        var whole = Read(int.MaxValue, 1000);

        Assert.Equal(12, whole.Rows.Count);
        Assert.Equal(["a\"ü", "12.50", "c-1", "false", null, null], whole.Values);
        Assert.Equal("[1,[2]]", whole.Rows[8]);
        for (var chunk = 1; chunk <= 80; chunk++)
        {
            foreach (var most in new[] { 1, 3, 1000 })
            {
                var read = Read(chunk, most);
                Assert.Equal(whole.Rows, read.Rows);
                Assert.Equal(whole.Values, read.Values);
            }
        }
    }

    [Fact]
    public void A_document_that_is_cut_anywhere_is_never_taken_for_a_whole_one()
    {
        var bytes = Encoding.UTF8.GetBytes(Document.TrimEnd());
        for (var length = 0; length < bytes.Length; length++)
        {
            foreach (var chunk in new[] { 7, int.MaxValue })
            {
                var fault = Assert.Throws<JsonAnswerException>(() => Read(bytes[..length], chunk, 1000));
                Assert.True(fault.IsCut, $"cut at {length}: {fault.Message}");
            }
        }
    }

    [Fact]
    public void A_reader_can_start_over_and_remembers_the_keys()
    {
        var reader = new JsonAnswerReader(JsonPath.Parse("data"), Watched, new FormatOptions());
        var first = Read(reader, Encoding.UTF8.GetBytes(Document), int.MaxValue, 1000);
        reader.Begin();
        var second = Read(reader, """{"data":[{"id":3}]}"""u8.ToArray(), int.MaxValue, 1000);

        Assert.Equal("c-1", first.Values[2]);
        Assert.Equal(["""{"id":3}"""], second.Rows);
        Assert.All(second.Values, Assert.Null);
    }

    private static (List<string> Rows, List<string?> Values) Read(int chunk, int most) => Read(Encoding.UTF8.GetBytes(Document), chunk, most);

    private static (List<string> Rows, List<string?> Values) Read(byte[] document, int chunk, int most) =>
        Read(new JsonAnswerReader(JsonPath.Parse("data"), Watched, new FormatOptions()), document, chunk, most);

    /// <summary>Reads a document of which so many bytes come at a time.</summary>
    private static (List<string> Rows, List<string?> Values) Read(JsonAnswerReader reader, byte[] document, int chunk, int most)
    {
        var pool = new BatchPool();
        var rows = new List<string>();
        var (at, come) = (0, 0);
        while (true)
        {
            come = Math.Min(document.Length, come == 0 || chunk == int.MaxValue ? chunk : come + chunk);
            var batch = pool.Rent(Math.Max(1, come - at));
            try
            {
                batch.Identity = new RecordIdentity("test", "answer");
                batch.Append(document.AsSpan(at, come - at));
                at += reader.Read(batch, come == document.Length, most);
                for (var row = 0; row < batch.RowCount; row++)
                {
                    rows.Add(Encoding.UTF8.GetString(batch.RawRow(row)));
                }

                if (come == document.Length && at == come && batch.RowCount < most)
                {
                    break;
                }
            }
            finally
            {
                batch.Release();
            }
        }

        Assert.Equal(0, pool.Lent);
        return (rows, [.. Enumerable.Range(0, Watched.Length).Select(reader.ValueOf)]);
    }
}
