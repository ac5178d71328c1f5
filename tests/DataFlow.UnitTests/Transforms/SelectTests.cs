using DataFlow.Transforms;
using static DataFlow.UnitTests.Transforms.Batches;

namespace DataFlow.UnitTests.Transforms;

public class SelectTests
{
    private static readonly string[] Names = ["a", "b", "c"];

    private readonly BatchPool _pool = new();

    [Fact]
    public void Fields_are_kept_in_the_given_order() =>
        Assert.Equal(["c=3 a=1", "c=6 a=4"], Selected(new() { Fields = ["c", "a"] }, Of(_pool, Names, ["1", "2", "3"], ["4", "5", "6"])));

    [Fact]
    public void A_chosen_field_that_a_record_does_not_have_stays_absent()
    {
        Assert.Equal(["a=1", "c=3 a=2"], Selected(new() { Fields = ["c", "x", "a"] }, Of(_pool, Names, ["1", "", Absent], ["2", "", "3"])));
        Assert.Equal([""], Selected(new() { Fields = ["x"] }, Of(_pool, Names, ["1", "2", "3"])));
    }

    [Fact]
    public void Renamed_fields_keep_place_and_type()
    {
        var batch = Of(_pool, new RecordSchema([("a", FieldType.Int64), ("b", FieldType.Text)]), [Raw("1"), "2"]);
        var selected = new SelectTransform(new SelectOptions { Rename = Map(("a", "x")) }).Apply(batch);
        Assert.Equal(["x=1 b=2"], Show(selected));
        Assert.Equal(FieldType.Int64, selected.Schema.TypeOf(0));
        selected.Release();
    }

    [Fact]
    public void Two_fields_can_swap_names() =>
        Assert.Equal(["b=1 a=2 c=3"], Selected(new() { Rename = Map(("a", "b"), ("b", "a")) }, Of(_pool, Names, ["1", "2", "3"])));

    [Fact]
    public void Dropped_fields_are_gone_and_new_ones_pass_through()
    {
        var select = new SelectTransform(new SelectOptions { Drop = ["b", "unknown"] });
        Assert.Equal(["a=1 c=3"], Shown(select.Apply(Of(_pool, Names, ["1", "2", "3"]))));
        Assert.Equal(["z=9 a=1"], Shown(select.Apply(Of(_pool, ["z", "b", "a"], ["9", "2", "1"]))));
    }

    [Fact]
    public void Constants_come_last_typed_as_they_are_written()
    {
        var set = new Dictionary<string, object?>
        {
            ["country"] = "CH",
            ["version"] = 2L,
            ["rate"] = 0.10m,
            ["ok"] = true,
            ["nothing"] = null,
            ["e"] = 1e300,
        };
        var selected = new SelectTransform(new SelectOptions { Set = set }).Apply(Of(_pool, ["a"], ["1"], ["2"]));
        const string Constants = "country=CH version=2 rate=0.10 ok=true nothing=NULL e=1E+300";
        Assert.Equal([$"a=1 {Constants}", $"a=2 {Constants}"], Show(selected));
        Assert.Equal(
            [FieldType.Text, FieldType.Text, FieldType.Int64, FieldType.Decimal, FieldType.Bool, FieldType.Text, FieldType.Double],
            Enumerable.Range(0, 7).Select(selected.Schema.TypeOf));
        selected.Release();
        Assert.Equal(0, _pool.Lent);
    }

    [Fact]
    public void A_constant_replaces_a_field_of_the_same_name() =>
        Assert.Equal(["a=1 c=3 b=new"], Selected(new() { Set = Constant("b", "new") }, Of(_pool, Names, ["1", "2", "3"])));

    [Fact]
    public void All_parts_work_together() => Assert.Equal(
        ["x=3 a=1 country=CH"],
        Selected(
            new() { Fields = ["c", "a"], Rename = Map(("c", "x")), Set = Constant("country", "CH") },
            Of(_pool, Names, ["1", "2", "3"])));

    [Fact]
    public void Selections_can_follow_each_other()
    {
        var batch = Of(_pool, Names, ["1", "2", "3"]);
        batch = new SelectTransform(new() { Drop = ["a"], Set = Constant("k", "v") }).Apply(batch);
        batch = new SelectTransform(new() { Rename = Map(("k", "l"), ("c", "d")), Set = Constant("m", "w") }).Apply(batch);
        batch = new FilterTransform(new() { Condition = "l = 'v' AND d = 3 AND m = 'w' AND c IS NULL" }).Apply(batch);
        Assert.Equal(["m=w b=2 l=v"], Selected(new() { Fields = ["m", "b", "l"] }, batch));
    }

    [Fact]
    public void A_row_keeps_its_own_order_unless_fields_give_one()
    {
        Assert.Equal(["C=3 a=1 k=v", "a=4 C=6 k=v"], Selected(
            new() { Drop = ["b"], Rename = Map(("c", "C")), Set = Constant("k", "v") }, Reordered()));
        Assert.Equal(["a=1 c=3", "a=4 c=6"], Selected(new() { Fields = ["a", "c"] }, Reordered()));
        Assert.Equal(["c=3 b=2 a=1", "a=4 b=5 c=6"], Shown(Reordered()));
    }

    [Fact]
    public void A_row_keeps_its_own_order_through_several_selections()
    {
        var batch = new SelectTransform(new() { Set = Constant("k", "v") }).Apply(Reordered());
        batch = new SelectTransform(new() { Drop = ["b"], Set = Constant("l", "w") }).Apply(batch);
        Assert.Equal(["c=3 a=1 k=v l=w", "a=4 c=6 k=v l=w"], Shown(batch));
    }

    [Fact]
    public void A_renamed_field_takes_the_place_of_one_that_a_record_does_not_have()
    {
        var options = new SelectOptions { Rename = Map(("a", "c")) };
        Assert.Equal(["c=1 b=2", "b=5 c=6", "b=8"], Selected(options, Of(_pool, Names, ["1", "2", Absent], [Absent, "5", "6"], [Absent, "8", Absent])));
        Assert.Equal(["c=1 b=2"], Selected(options, Of(_pool, ["a", "b"], ["1", "2"])));
        Assert.Equal(["b=5 c=6"], Selected(options, Of(_pool, ["b", "c"], ["5", "6"])));
    }

    [Fact]
    public void A_record_with_both_names_is_an_error_and_the_others_go_on()
    {
        var batch = Of(_pool, Names, ["1", "2", Absent], ["4", "5", "6"], [null, "8", Absent]);
        batch.FirstLine = 10;
        var id = batch.DeliveryIdOf(1);
        var selected = new SelectTransform(new() { Rename = Map(("a", "c")) }).Apply(batch);
        Assert.Equal(["c=1 b=2", "c=NULL b=8"], Show(selected));
        var error = Assert.Single(selected.Errors);
        Assert.Equal((id, "transform", "name-taken", "rows", 11L), (error.DeliveryId, error.Stage, error.Reason, error.Split, error.Offset));
        Assert.Equal("456"u8.ToArray(), error.Raw);
        Assert.Equal("select can't rename 'a' to 'c': the record has a field 'c' already. Drop or rename that one too.", error.Message);
        selected.Release();
    }

    [Fact]
    public void The_field_in_the_way_can_be_dropped() =>
        Assert.Equal(["c=1 b=2"], Selected(new() { Rename = Map(("a", "c")), Drop = ["c"] }, Of(_pool, Names, ["1", "2", "3"])));

    [Fact]
    public void A_constant_in_the_way_makes_every_record_that_has_the_field_an_error()
    {
        var batch = new SelectTransform(new() { Set = Constant("k", "v") }).Apply(Of(_pool, ["a"], ["1"], [Absent]));
        batch = new SelectTransform(new() { Rename = Map(("a", "k")) }).Apply(batch);
        Assert.Single(batch.Errors);
        Assert.Equal(["k=v"], Shown(batch));
    }

    [Fact]
    public void A_selection_that_changes_nothing_still_projects_so_that_output_does_not_depend_on_the_batch()
    {
        var batch = new SelectTransform(new() { Drop = ["x"] }).Apply(Of(_pool, Names, ["1", "2", "3"]));
        Assert.True(batch.IsProjected);
        batch.Release();
    }

    [Fact]
    public void Batches_of_one_schema_share_their_projected_schema()
    {
        var schema = new RecordSchema(Names);
        var select = new SelectTransform(new() { Drop = ["a"] });
        var first = select.Apply(Of(_pool, schema, ["1", "2", "3"]));
        var second = select.Apply(Of(_pool, schema, ["4", "5", "6"]));
        Assert.Same(first.Schema, second.Schema);
        first.Release();
        second.Release();
    }

    public static TheoryData<string, string, object> Contradictions => new()
    {
        { "fields", "Nothing is selected; give fields, rename, drop or set.", new SelectOptions() },
        { "fields", "The list of fields is empty; give at least one, or leave it out to keep all.", new SelectOptions { Fields = [] } },
        { "fields", "Two fields would be called 'a'; names must differ.", new SelectOptions { Fields = ["a", "b", "a"] } },
        { "rename", "Two fields would be called 'b'; names must differ.", new SelectOptions { Fields = ["a", "b"], Rename = Map(("a", "b")) } },
        { "rename", "Two fields would be called 'x'; names must differ.", new SelectOptions { Rename = Map(("a", "x"), ("b", "x")) } },
        { "set", "Two fields would be called 'a'; names must differ.", new SelectOptions { Fields = ["a"], Set = Constant("a", "1") } },
        { "set", "Two fields would be called 'x'; names must differ.", new SelectOptions { Rename = Map(("a", "x")), Set = Constant("x", "1") } },
        { "rename", "The field 'b' is renamed but not among fields; add it there under its old name.", new SelectOptions { Fields = ["a"], Rename = Map(("b", "c")) } },
        { "rename", "The field 'a' is both renamed and dropped; decide for one.", new SelectOptions { Drop = ["a"], Rename = Map(("a", "b")) } },
        { "rename", "The new name of 'a' is empty.", new SelectOptions { Rename = Map(("a", "")) } },
        { "drop", "Both fields and drop are given; what is not among fields is dropped already.", new SelectOptions { Fields = ["a"], Drop = ["b"] } },
        { "set", "The value of 'a' is no text, number, true, false or null; write a single value, in quotes if it is a text.", new SelectOptions { Set = Constant("a", new[] { 1 }) } },
    };

    [Theory]
    [MemberData(nameof(Contradictions))]
    public void Options_that_contradict_each_other_are_refused(string key, string message, object options)
    {
        var error = Assert.Throws<OptionException>(() => new SelectTransform((SelectOptions)options));
        Assert.Equal((key, message), (error.Key, error.Message));
    }

    [Fact]
    public void The_catalogue_lists_filter_select_and_check()
    {
        Assert.Equal(["filter", "select", "check"], BuiltInTransforms.All.Select(transform => transform.Name));
        Assert.Equal(["condition", "fields", null], BuiltInTransforms.All.Select(transform => transform.ShorthandOption));
        Assert.IsType<FilterTransform>(BuiltInTransforms.All[0].Create(new FilterOptions { Condition = "a = 1" }));
        Assert.IsType<SelectTransform>(BuiltInTransforms.All[1].Create(new SelectOptions { Fields = ["a"] }));
    }

    private static Dictionary<string, string> Map(params (string From, string To)[] names) => names.ToDictionary();

    private static Dictionary<string, object?> Constant(string name, object? value) => new() { [name] = value };

    private static string[] Selected(SelectOptions options, RecordBatch batch) => Shown(new SelectTransform(options).Apply(batch));

    private static string[] Shown(RecordBatch batch)
    {
        var lines = Show(batch);
        batch.Release();
        return lines;
    }

    private RecordBatch Reordered()
    {
        var batch = Of(_pool, Names, ["1", "2", "3"], ["4", "5", "6"]);
        batch.SetRowOrder(0, [2, 1, 0]);
        return batch;
    }
}
