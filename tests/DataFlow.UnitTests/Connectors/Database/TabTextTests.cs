using System.Data.Common;
using System.Text;
using CsCheck;
using DataFlow.Connectors;

namespace DataFlow.UnitTests.Connectors.Database;

/// <summary>The lines that COPY and LOAD DATA read.</summary>
public sealed class TabTextTests
{
    private static readonly Gen<string> Texts = Gen.String[
        Gen.Frequency((8, Gen.Char['a', 'z']), (1, Gen.OneOf(Gen.Const('\t'), Gen.Const('\n'), Gen.Const('\r'), Gen.Const('\\'), Gen.Const('日')))), 0, 100];

    [Fact]
    public void Whatever_a_text_holds_and_wherever_it_ends_it_is_one_value_of_its_line() =>
        Texts.Array[1, 20].Sample(texts =>
        {
            var batch = BatchOf(texts);

            Assert.Equal(string.Concat(texts.Select(text => Escaped(text) + "\n")), Lines(batch, texts.Length));
        });

    [Fact]
    public void The_last_text_may_fill_its_buffer_to_the_end()
    {
        var pool = new BatchPool();
        var batch = pool.Rent(1 << 10);
        batch.Begin(new RecordSchema("text"), 1);
        var text = Encoding.UTF8.GetBytes(new string('a', batch.Capacity - 1) + "\t");
        Add(batch, text);
        Assert.Equal(batch.Capacity, batch.Length);

        Assert.Equal(new string('a', text.Length - 1) + "\\t\n", Lines(batch, 1));
    }

    private static string Lines(RecordBatch batch, int rows)
    {
        var address = DatabaseAddress.Of("jdbc:postgresql://db/d", new DatabaseLogin("", "", "", "drivers"), "/");
        var target = new WriteTarget(null!, TargetTable.Of(address, "t", [new TextColumn()]), [], new DatabaseSinkOptions());
        var run = new RowRun(batch, Enumerable.Range(0, rows).ToArray(), [0], [0], IsDelete: false, IsPartial: false);
        using var lines = new TabText(target, new BatchPool(), boolsAsDigits: false).Encode(run, run.Rows.Span, numbered: false);
        return Encoding.UTF8.GetString(lines.Bytes.Span);
    }

    private static RecordBatch BatchOf(string[] texts)
    {
        var batch = new BatchPool().Rent(64);
        batch.Begin(new RecordSchema("text"), texts.Length);
        foreach (var text in texts)
        {
            Add(batch, Encoding.UTF8.GetBytes(text));
        }

        return batch;
    }

    private static void Add(RecordBatch batch, byte[] text)
    {
        var start = batch.Append(text);
        batch.AddRow(start, text.Length)[0] = new FieldRef(start, text.Length, FieldKind.Text);
    }

    private static string Escaped(string text) =>
        text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\t", "\\t", StringComparison.Ordinal)
            .Replace("\n", "\\n", StringComparison.Ordinal).Replace("\r", "\\r", StringComparison.Ordinal);

    private sealed class TextColumn : DbColumn
    {
        public TextColumn()
        {
            ColumnName = "text";
            DataType = typeof(string);
            DataTypeName = "text";
        }
    }
}
