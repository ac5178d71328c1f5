using DataFlow.Connectors;
using DataFlow.Formats;
using DataFlow.UnitTests.Encoders;

namespace DataFlow.UnitTests.Sinks;

public class FileSinkRotationTests : SinkFixture
{
    private static readonly FileSinkOptions Small = new() { RotateBytes = new ByteSize(20) };

    [Fact]
    public async Task A_full_file_is_followed_by_the_next_one_at_a_commit()
    {
        await using var run = await OpenAsync(Small);
        Assert.False((await run.WriteAsync(1)).CommitNow);
        Assert.True((await run.WriteAsync(2)).CommitNow);
        await run.WriteAsync(3);
        await run.CommitAsync();
        Assert.Equal(["users.ndjson"], FileNames());
        await run.WriteAsync(4);
        await run.CommitAsync();
        Assert.Equal(["users-000001.ndjson", "users.ndjson"], FileNames());
        Assert.Equal("{\"n\":\"1\"}\n{\"n\":\"2\"}\n{\"n\":\"3\"}\n", Text());
        Assert.Equal("{\"n\":\"4\"}\n", Text("users-000001.ndjson"));
    }

    [Fact]
    public async Task A_file_that_was_started_after_the_last_commit_is_removed()
    {
        string? state;
        await using (var run = await OpenAsync(Small))
        {
            await run.WriteAsync(1, 2);
            await run.CommitAsync();
            state = run.State;
            await run.WriteAsync(3);
        }

        Assert.Equal(2, FileNames().Count());
        await using (var run = await OpenAsync(Small, state))
        {
            Assert.Equal(["users.ndjson"], FileNames());
            await run.WriteAsync(3);
            await run.CommitAsync();
            state = run.State;
        }

        await using (var run = await OpenAsync(Small, state))
        {
            await run.WriteAsync(4);
            await run.CommitAsync();
        }

        Assert.Equal("{\"n\":\"3\"}\n{\"n\":\"4\"}\n", Text("users-000001.ndjson"));
    }

    [Fact]
    public async Task Files_that_are_none_of_ours_stay()
    {
        File.WriteAllText(Path.Combine(Folder, "users-202401.ndjson"), "x");
        await using var run = await OpenAsync(Small);
        await run.WriteAsync(1, 2);
        await run.CommitAsync();
        await using (await OpenAsync(path: Path.Combine(Folder, "other.ndjson")))
        {
        }

        Assert.Equal("x", Text("users-202401.ndjson"));
        File.WriteAllText(Path.Combine(Folder, "users-000001.ndjson"), "theirs");
        Assert.Contains("is there already and isn't ours", (await Assert.ThrowsAsync<ConnectorException>(() => run.WriteAsync(3))).Message);
        Assert.Equal("theirs", Text("users-000001.ndjson"));
    }

    [Fact]
    public async Task Time_starts_a_new_file_too_also_across_a_restart()
    {
        var options = new FileSinkOptions { RotateInterval = TimeSpan.FromHours(1) };
        string? state;
        await using (var run = await OpenAsync(options))
        {
            Time.Advance(TimeSpan.FromHours(5));
            await run.WriteAsync(1);
            await run.CommitAsync();
            state = run.State;
        }

        Time.Advance(TimeSpan.FromMinutes(59));
        await using (var run = await OpenAsync(options, state))
        {
            await run.WriteAsync(2);
            Time.Advance(TimeSpan.FromMinutes(2));
            Assert.True((await run.WriteAsync(3)).CommitNow);
            await run.CommitAsync();
            await run.WriteAsync(4);
            await run.CommitAsync();
        }

        Assert.Equal("{\"n\":\"1\"}\n{\"n\":\"2\"}\n{\"n\":\"3\"}\n", Text());
        Assert.Equal("{\"n\":\"4\"}\n", Text("users-000001.ndjson"));
    }

    [Fact]
    public async Task While_a_later_file_is_written_the_first_one_stays_locked()
    {
        string? state;
        await using (var run = await OpenAsync(Small))
        {
            await run.WriteAsync(1, 2);
            await run.CommitAsync();
            await run.WriteAsync(3);
            await run.CommitAsync();
            state = run.State;
            Assert.Contains("is being written by another", await RefusalAsync(Small with { IfExists = IfExistsPolicy.Overwrite }));
        }

        await using (await OpenAsync(Small, state))
        {
            Assert.Contains("is being written by another", await RefusalAsync(Small with { IfExists = IfExistsPolicy.Overwrite }));
        }

        await using (await OpenAsync(Small with { IfExists = IfExistsPolicy.Overwrite }))
        {
            Assert.Equal(["users.ndjson"], FileNames());
        }
    }

    [Fact]
    public async Task Files_of_an_earlier_run_are_refused_or_appended_to()
    {
        File.WriteAllText(Path.Combine(Folder, "users-000001.ndjson"), "x\n");
        Assert.Contains("users-000001.ndjson is there already", await RefusalAsync(Small));
        await using var run = await OpenAsync(Small with { IfExists = IfExistsPolicy.Append });
        await run.WriteAsync(1);
        await run.CommitAsync();
        Assert.Equal("x\n{\"n\":\"1\"}\n", Text("users-000001.ndjson"));
    }

    [Fact]
    public async Task A_new_csv_field_starts_a_new_file_wherever_batches_are_cut()
    {
        var options = new FileSinkOptions { Format = OutputFormat.Csv, OnNewField = NewFieldPolicy.Rotate };
        string[] lines = ["{\"a\":1}", "{\"a\":2}", "{\"b\":3,\"a\":4}", "{\"a\":5}", "{\"c\":null}", "{\"b\":6}"];
        foreach (var cut in Enumerable.Range(1, lines.Length))
        {
            await using (var run = await OpenAsync(options))
            {
                foreach (var batch in lines.Chunk(cut))
                {
                    await run.WriteAsync(Rows.Json(batch));
                }

                await run.CommitAsync();
            }

            Assert.Equal("a\n1\n2\n", Text());
            Assert.Equal("a,b\n4,3\n5,\n", Text("users-000001.ndjson"));
            Assert.Equal("a,b,c\n,,\n,6,\n", Text("users-000002.ndjson"));
            Array.ForEach(Directory.GetFiles(Folder), File.Delete);
        }
    }

    [Theory]
    [InlineData("out/users.ndjson", "out/users-000001.ndjson")]
    [InlineData("out/users.ndjson.gz", "out/users-000001.ndjson.gz")]
    [InlineData("out/a.b.csv", "out/a.b-000001.csv")]
    [InlineData("out/plain", "out/plain-000001")]
    [InlineData("out.d/plain", "out.d/plain-000001")]
    [InlineData("out/.hidden", "out/.hidden-000001")]
    [InlineData("out/x.gz", "out/x-000001.gz")]
    public void The_number_stands_before_the_extension(string first, string second) =>
        Assert.Equal(second, new FileSinkNames(first).PathOf(1));
}
