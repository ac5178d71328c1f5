using CsCheck;
using DataFlow.Connectors;
using DataFlow.UnitTests.Fakes;

namespace DataFlow.UnitTests.Connectors.Test;

public class TestSourceDeterminismTests
{
    private static readonly TestSourceOptions Everything = new()
    {
        TotalRecords = 150,
        Seed = 7,
        Audit = true,
        Malformed = 0.1,
        Duplicates = 0.2,
        Late = 0.2,
        Nulls = 0.2,
        Huge = 0.05,
        HugeBytes = new ByteSize(5000),
        SchemaDrift = 0.2,
        RecordType = TestRecordType.Event,
    };

    [Fact]
    public async Task The_same_seed_gives_the_same_bytes_and_another_seed_others()
    {
        var first = await TestSourceRun.ReadAsync(Everything);
        var second = await TestSourceRun.ReadAsync(Everything);
        var other = await TestSourceRun.ReadAsync(Everything with { Seed = 8 });
        Assert.Equal(first.Lines, second.Lines);
        Assert.NotEqual(first.Lines, other.Lines);
    }

    [Fact]
    public async Task A_known_seed_gives_known_bytes_on_every_machine()
    {
        var run = await TestSourceRun.ReadAsync(new TestSourceOptions { TotalRecords = 2, Seed = 42, Audit = true });
        Assert.Equal(
            [
                """{"id":1,"name":"Rosa O'Brien","age":56,"email":"rosa.obrien1@example.com","sequence":1,"run_id":"seed-42","checksum":"efabf8906a34ba40"}""",
                """{"id":2,"name":"Anna Tanaka","age":73,"email":"anna.tanaka2@example.com","sequence":2,"run_id":"seed-42","checksum":"4bd302492380f316"}""",
            ],
            run.Lines);
    }

    [Fact]
    public async Task Output_does_not_depend_on_batch_size_or_byte_bound_or_the_place_of_restarts()
    {
        var expected = await TestSourceRun.ReadAsync(Everything);
        await Gen.Select(Gen.Int[1, 200], Gen.Int[100, 20_000], Gen.Int[1, 20]).SampleAsync(
            async (records, bytes, batches) =>
            {
                var run = await ReadWithRestartsAsync(records, bytes, batches);
                Assert.Equal(expected.Lines, run.Lines);
                Assert.Equal(expected.Records.Select(record => record.DeliveryId), run.Records.Select(record => record.DeliveryId));
                Assert.Equal(expected.Errors.Select(error => (error.DeliveryId, error.Offset)), run.Errors.Select(error => (error.DeliveryId, error.Offset)));
                Assert.All(run.BatchSizes, size => Assert.InRange(size, 1, records));
            },
            iter: 20);
    }

    [Fact]
    public async Task There_is_no_restart_point_between_a_record_and_its_copy()
    {
        var run = await TestSourceRun.ReadAsync(
            new TestSourceOptions { TotalRecords = 2, Duplicates = 1 }, new TestSourceContext { MostRecords = 1 });
        Assert.Equal(["1", "1", "2", "2"], run.Records.Select(record => record.Id));
        Assert.Equal([null, 1, null, 2], run.Offsets);
    }

    private static async Task<TestSourceRun> ReadWithRestartsAsync(int records, int bytes, int batches)
    {
        var context = new TestSourceContext { MostRecords = records, MostBytes = bytes };
        var run = new TestSourceRun();
        while (await run.GoOnAsync(Everything, context, batches))
        {
        }

        return run;
    }
}
