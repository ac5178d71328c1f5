using System.Text;
using DataFlow.Connectors;

namespace DataFlow.UnitTests.Connectors.Test;

public class TestSourceFaultTests
{
    private const int Total = 2000;

    [Fact]
    public async Task Malformed_records_become_errors_with_their_bytes_and_number()
    {
        var run = await TestSourceRun.ReadAsync(new TestSourceOptions { TotalRecords = Total, Malformed = 0.1 });
        Assert.InRange(run.Errors.Count, Total / 10 * 0.8, Total / 10 * 1.2);
        Assert.Equal(Total, run.Errors.Count + run.Records.Count);
        Assert.Equal(
            Enumerable.Range(1, Total).Select(number => (long)number),
            run.Errors.Select(error => error.Offset).Concat(run.Records.Select(record => record.GetInt64("id"))).Order());
        var error = run.Errors[0];
        Assert.Equal(("source", "invalid-json", "test"), (error.Stage, error.Reason, error.Split));
        Assert.Equal($"Record {error.Offset} of the test source ends in the middle, because the option malformed asks for such records.", error.Message);
        Assert.StartsWith($$"""{"id":{{error.Offset}},""", Encoding.UTF8.GetString(error.Raw));
        Assert.DoesNotContain("}", Encoding.UTF8.GetString(error.Raw));
    }

    [Fact]
    public async Task Duplicates_are_records_of_their_own_with_equal_content_on_top_of_the_total()
    {
        var run = await TestSourceRun.ReadAsync(new TestSourceOptions { TotalRecords = Total, Duplicates = 0.25, Audit = true });
        Assert.InRange(run.Records.Count - Total, Total / 4 * 0.8, Total / 4 * 1.2);
        Assert.Equal(run.Records.Count, run.Records.Select(record => record.DeliveryId).Distinct().Count());
        Assert.Equal(Total, run.Lines.Distinct().Count());
        Assert.Equal(Enumerable.Range(1, Total).Select(number => number.ToString()), run.Records.Select(record => record["sequence"]).Distinct());
        Assert.All(run.Lines.CountBy(line => line), line => Assert.InRange(line.Value, 1, 2));
    }

    [Fact]
    public async Task Late_records_have_older_timestamps()
    {
        var options = new TestSourceOptions { TotalRecords = Total, RecordType = TestRecordType.Event };
        var onTime = await TestSourceRun.ReadAsync(options);
        var late = await TestSourceRun.ReadAsync(options with { Late = 0.1, LateBy = TimeSpan.FromMinutes(5) });
        var lateness = onTime.Records.Zip(late.Records, (first, second) =>
            DateTimeOffset.Parse(first["timestamp"]!) - DateTimeOffset.Parse(second["timestamp"]!)).ToList();
        Assert.Equal([TimeSpan.Zero, TimeSpan.FromMinutes(5)], lateness.Distinct().Order());
        Assert.InRange(lateness.Count(lag => lag > TimeSpan.Zero), Total / 10 * 0.8, Total / 10 * 1.2);
    }

    [Fact]
    public async Task Nulls_replace_one_field_of_their_share_of_the_records()
    {
        var run = await TestSourceRun.ReadAsync(new TestSourceOptions { TotalRecords = Total, Nulls = 0.2 });
        var nulls = run.Records.Select(record => record.Data.Keys.Count(record.IsNull)).ToList();
        Assert.Equal([0, 1], nulls.Distinct().Order());
        Assert.InRange(nulls.Sum(), Total / 5 * 0.8, Total / 5 * 1.2);
        Assert.All(run.Records.Where(record => record.IsNull("id")), record => Assert.Equal(record.DeliveryId.ToString(), record.Id));
    }

    [Fact]
    public async Task Huge_records_have_one_huge_text()
    {
        var run = await TestSourceRun.ReadAsync(new TestSourceOptions { TotalRecords = 200, Huge = 0.1, HugeBytes = new ByteSize(100_000) });
        var huge = run.Records.Where(record => record["name"]!.Length == 100_000).ToList();
        Assert.InRange(huge.Count, 5, 40);
        Assert.All(run.Records.Except(huge), record => Assert.InRange(record["name"]!.Length, 3, 40));
    }

    [Fact]
    public async Task A_drifting_schema_renames_a_field_or_adds_one()
    {
        var run = await TestSourceRun.ReadAsync(new TestSourceOptions { TotalRecords = Total, SchemaDrift = 0.2 });
        string[] usual = ["id", "name", "age", "email"];
        var drifted = run.Records.Where(record => !record.Data.Keys.SequenceEqual(usual)).ToList();
        Assert.InRange(drifted.Count, Total / 5 * 0.8, Total / 5 * 1.2);
        Assert.Equal(
            ["age,email,id_v2,name", "age,email,id,name_v2", "age_v2,email,id,name", "age,email_v2,id,name", "age,email,extra,id,name"],
            drifted.Select(record => string.Join(',', record.Data.Keys.Order(StringComparer.Ordinal))).Distinct().Order(Comparer<string>.Create(ByDrift)));
    }

    [Fact]
    public async Task A_fault_leaves_the_other_records_as_they_are()
    {
        var options = new TestSourceOptions { TotalRecords = Total, Seed = 3 };
        var clean = await TestSourceRun.ReadAsync(options);
        var faulty = await TestSourceRun.ReadAsync(options with { Malformed = 0.2, Duplicates = 0.2 });
        Assert.Empty(faulty.Lines.Except(clean.Lines));
        Assert.Equal(
            faulty.Records.Select(record => record.DeliveryId).Where(clean.Records.Select(record => record.DeliveryId).Contains).Count(),
            faulty.Lines.Distinct().Count());
    }

    [Fact]
    public async Task Audit_fields_prove_that_nothing_was_lost_or_changed()
    {
        var run = await TestSourceRun.ReadAsync(new TestSourceOptions { TotalRecords = 500, Audit = true, Seed = 9, Nulls = 0.2, SchemaDrift = 0.2 });
        Assert.All(run.Records, (record, index) =>
        {
            Assert.Equal((index + 1).ToString(), record["sequence"]);
            Assert.Equal("seed-9", record["run_id"]);
            Assert.Equal(ChecksumOf(record), record["checksum"]);
        });
        Assert.Equal("mine", (await TestSourceRun.ReadAsync(new TestSourceOptions { TotalRecords = 1, Audit = true, RunId = "mine" })).Records[0]["run_id"]);
    }

    [Fact]
    public async Task A_checksum_is_of_the_text_not_of_its_json_form()
    {
        var run = await TestSourceRun.ReadAsync(new TestSourceOptions
        {
            TotalRecords = 1,
            Audit = true,
            Template = new Dictionary<string, string> { ["x"] = "choice(a\"b\\c)" },
        });
        Assert.Equal("a\"b\\c", run.Records[0]["x"]);
        Assert.Equal(ChecksumOf(run.Records[0]), run.Records[0]["checksum"]);
    }

    private static string ChecksumOf(DataRecord record)
    {
        var checksum = new AuditChecksum();
        foreach (var (name, value) in record.Data.Where(pair => pair.Key is not ("sequence" or "run_id" or "checksum")))
        {
            checksum.Add(Encoding.UTF8.GetBytes(name), Encoding.UTF8.GetBytes(value));
        }

        var output = new byte[AuditChecksum.Length];
        checksum.Finish(output);
        return Encoding.UTF8.GetString(output);
    }

    private static int ByDrift(string left, string right) => Rank(left).CompareTo(Rank(right));

    private static int Rank(string fields) => Array.FindIndex(["id_v2", "name_v2", "age_v2", "email_v2", "extra"], fields.Contains);
}
