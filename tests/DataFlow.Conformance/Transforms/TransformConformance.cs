using System.Text;
using DataFlow.Engine.Configuration;

namespace DataFlow.Conformance;

/// <summary>
/// What every transform has to do. One plugs in with a fixture and one line:
/// <c>public sealed class FilterConformance : TransformConformance&lt;FilterFixture&gt;;</c>
/// </summary>
/// <typeparam name="TFixture">The transform.</typeparam>
public abstract class TransformConformance<TFixture>
    where TFixture : ITransformFixture, new()
{
    private const string Refused = "refused ";
    private const int Rows = 60;
    private const string Split = "rows";

    private readonly BatchPool _pool = new();
    private readonly ITransform _transform;

    protected TransformConformance()
    {
        TFixture.Waivers.SkipIfWaived();
        _transform = Create();
    }

    [Fact]
    public void It_does_something()
    {
        var batch = Batch(1, Rows);
        var before = Show(batch);

        Assert.NotEqual(before, Show(batch = _transform.Apply(batch)));
        batch.Release();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(59)]
    public void The_result_does_not_depend_on_how_the_input_is_cut_into_batches(int size)
    {
        var whole = Apply(1, Rows);
        var cut = new List<string>();
        for (var first = 1; first <= Rows; first += size)
        {
            cut.AddRange(Apply(first, Math.Min(size, Rows + 1 - first)));
        }

        // Rows and refused ones, each in their order: how the two lie between each other is the batches' affair.
        Assert.Equal(whole, cut.OrderBy(line => line.StartsWith(Refused, StringComparison.Ordinal)));
    }

    [Fact]
    public void The_same_input_gives_the_same_result_again_and_by_another_object()
    {
        var first = Apply(1, Rows);

        Assert.Equal(first, Apply(1, Rows));
        Assert.Equal(first, Apply(1, Rows, Create()));
    }

    [Fact]
    public async Task Several_workers_may_use_it_at_once()
    {
        var expected = Apply(1, Rows);

        var results = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() =>
        {
            for (var round = 0; round < 50; round++)
            {
                Assert.Equal(expected, Apply(1, Rows));
            }

            return true;
        })));

        Assert.All(results, Assert.True);
        Assert.Equal(0, _pool.Lent);
    }

    [Fact]
    public void Positions_and_errors_of_a_batch_stay_with_it()
    {
        var batch = Batch(1, Rows);
        batch.AddError(new RecordError(Guid.NewGuid(), RecordError.Stages.Source, "bad", "It is bad.", [1], Split, 99));

        var result = _transform.Apply(batch);

        Assert.Equal(Rows, Assert.Single(result.Advances).Position.Offset);
        Assert.Contains(result.Errors, error => error.Reason == "bad");
        result.Release();
        Assert.Equal(0, _pool.Lent);
    }

    [Fact]
    public void An_empty_batch_with_a_position_passes()
    {
        var batch = Batch(1, 0);

        var result = _transform.Apply(batch);

        Assert.Equal(0, result.Count);
        Assert.Single(result.Advances);
        result.Release();
        Assert.Equal(0, _pool.Lent);
    }

    [Fact]
    public void Each_row_goes_on_is_left_out_or_becomes_a_dead_letter()
    {
        var batch = Batch(1, Rows);
        var ids = Enumerable.Range(0, Rows).Select(batch.DeliveryIdOf).ToList();

        var result = _transform.Apply(batch);

        var shown = Enumerable.Range(0, result.Count).Select(index => result.DeliveryIdOf(result.RowAt(index))).ToList();
        var letters = result.Errors.Select(error => error.DeliveryId).ToList();
        Assert.Subset(ids.ToHashSet(), shown.Concat(letters).ToHashSet());
        Assert.Equal(shown.Count + letters.Count, shown.Concat(letters).Distinct().Count());
        Assert.All(result.Errors, error => Assert.Equal(RecordError.Stages.Transform, error.Stage));
        result.Release();
    }

    [Fact]
    public void Its_waivers_name_tests_and_give_reasons() => TFixture.Waivers.Check(GetType());

    private static ITransform Create() => PipelineFile.Parse(
        $"""
        name: conformance
        source: {"{"} type: test {"}"}
        transforms:
          - {TFixture.Kind}: {new TFixture().Settings}
        sink: {"{"} type: "null" {"}"}
        """,
        Path.GetFullPath("conformance.yaml"),
        TFixture.Catalogue).CreateTransforms()[0];

    private List<string> Apply(int first, int count, ITransform? transform = null)
    {
        var batch = (transform ?? _transform).Apply(Batch(first, count));
        var shown = Show(batch);
        shown.AddRange(batch.Errors.Select(error => $"{Refused}{error.DeliveryId} {error.Reason}"));
        batch.Release();
        return shown;
    }

    private static List<string> Show(RecordBatch batch) =>
    [
        .. Enumerable.Range(0, batch.Count).Select(index =>
        {
            var row = batch.RowAt(index);
            var fields = (batch.VisibleOrderOf(row) ?? Enumerable.Range(0, batch.Schema.Count))
                .Where(column => batch.Field(row, column).Kind != FieldKind.Absent)
                .Select(column => $"{batch.Schema.Names[column]}={batch.Field(row, column).Kind} {Encoding.UTF8.GetString(batch.Utf8(row, column))}");
            return $"{batch.DeliveryIdOf(row)} {string.Join(' ', fields)}";
        }),
    ];

    private RecordBatch Batch(int first, int count)
    {
        var batch = _pool.Rent(1024);
        batch.Identity = new RecordIdentity("conformance", Split);
        batch.Begin(new RecordSchema("n", "text", "extra"), 16);
        for (var number = first; number < first + count; number++)
        {
            var start = batch.Length;
            var n = Field(batch, number.ToString());
            var text = number % 5 == 0 ? FieldRef.Null : Field(batch, $"text {number}");
            var extra = number % 3 == 0 ? Field(batch, "") : FieldRef.Absent;
            var row = batch.AddRow(start, batch.Length - start);
            (row[0], row[1], row[2]) = (n, text, extra);
            batch.SetPosition(batch.RowCount - 1, number);
        }

        batch.AdvanceTo(Split, new NumberSource.NumberPosition(first + count - 1));
        return batch;
    }

    private static FieldRef Field(RecordBatch batch, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        return new FieldRef(batch.Append(bytes), bytes.Length, FieldKind.Text);
    }
}
