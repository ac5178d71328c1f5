using System.Text;
using DataFlow.Conformance;
using DataFlow.Engine.Configuration;
using DataFlow.Engine.State;
using Microsoft.Extensions.Time.Testing;

namespace DataFlow.UnitTests.SourceApi;

/// <summary>The guide's Source API, on real files and generated records.</summary>
public sealed class SourceApiTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("dataflow-test-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    [Trait("claim", "SRC-01")]
    public void Six_kinds_can_be_chosen() =>
        Assert.Subset(
            BuiltInCatalogue.Instance.Sources.Select(kind => kind.Name).ToHashSet(),
            new HashSet<string> { "file", "kafka", "api", "websocket", "database", "test" });

    [Fact]
    [Trait("claim", "SRC-03")]
    public void A_source_id_names_kind_and_pipeline_and_is_never_the_same_twice()
    {
        var config = Users("id,name\n1,Alice\n");

        var first = Source.Create("pipeline-1", config);
        var second = Source.Create("pipeline-1", config);

        Assert.Matches("^file-source-pipeline-1-.+$", first.SourceId);
        Assert.NotEqual(first.SourceId, second.SourceId);
    }

    [Fact]
    [Trait("claim", "SRC-03")]
    public async Task Two_sources_of_an_equal_configuration_are_independent()
    {
        var config = Users("id,name\n1,Alice\n2,Bob\n");

        var first = await Ids(Source.Create("pipeline-1", config));
        var second = await Ids(Source.Create("pipeline-1", config));

        Assert.Equal(["1", "2"], first);
        Assert.Equal(first, second);
    }

    [Fact]
    [Trait("claim", "SRC-04")]
    public void Pipeline_id_and_configuration_are_what_was_given()
    {
        var config = Users("id\n1\n");

        var source = Source.Create("pipeline-1", config);

        Assert.Equal("pipeline-1", source.PipelineId);
        Assert.Same(config, source.Config);
    }

    [Fact]
    [Trait("claim", "SRC-04")]
    public void A_printed_configuration_hides_passwords_and_tokens()
    {
        var config = new SourceConfig
        {
            SourceType = "api",
            ConnectionString = "https://me:hunter2@example.com/items?token=hunter2&page=1",
            Options = new Dictionary<string, string> { ["method"] = "GET", ["auth-token"] = "hunter2", ["auth-password"] = "hunter2" },
        };

        var printed = config.ToString();

        Assert.DoesNotContain("hunter2", printed, StringComparison.Ordinal);
        Assert.Contains("auth-token = ***", printed, StringComparison.Ordinal);
        Assert.Contains("method = GET", printed, StringComparison.Ordinal);
        Assert.Contains("example.com/items", printed, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("claim", "SRC-02")]
    [Trait("claim", "SRC-05")]
    [Trait("claim", "SRC-11")]
    [Trait("claim", "FILE-10")]
    public async Task The_stream_gives_the_records_of_the_guide()
    {
        var config = Users("id,name,age,email\n1,Alice,30,alice@example.com\n2,Bob,25,bob@example.com\n");

        var records = new List<DataRecord>();
        await foreach (var record in Source.Create("my-pipeline-id", config).Stream())
        {
            records.Add(record);
        }

        Assert.Equal(["1", "2"], records.Select(record => record.Id));
        Assert.Equal(
            new Dictionary<string, string> { ["id"] = "1", ["name"] = "Alice", ["age"] = "30", ["email"] = "alice@example.com" },
            records[0].Data);
        Assert.Equal(
            new Dictionary<string, string> { ["id"] = "2", ["name"] = "Bob", ["age"] = "25", ["email"] = "bob@example.com" },
            records[1].Data);
        Assert.Equal("2", records[0].Metadata["line_number"]);
        Assert.Equal(("file", "csv", config.ConnectionString), (records[0].Metadata["source"], records[0].Metadata["format"], records[0].Metadata["file_path"]));
        Assert.Matches(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$", records[0].Metadata["timestamp"]);
    }

    [Fact]
    [Trait("claim", "SRC-05")]
    [Trait("claim", "FILE-24")]
    [Trait("claim", "OPS-08")]
    public async Task The_failure_of_a_stream_is_seen_by_its_reader()
    {
        var config = Users("id\n") with { ConnectionString = Path.Combine(_folder.FullName, "absent.csv") };

        var failure = await Assert.ThrowsAsync<ConnectorException>(() => Ids(Source.Create("p", config)));

        Assert.StartsWith("File not found", failure.Message, StringComparison.Ordinal);
        Assert.Contains(config.ConnectionString, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("claim", "SRC-06")]
    [Trait("claim", "FILE-09")]
    public async Task A_start_ends_when_the_source_has_ended_and_everything_was_taken()
    {
        var config = Users("id,name\n1,Alice\n2,Bob\n3,Carol\n");
        var taken = new List<string>();

        // <start>
        var source = new FileSource("user-pipeline", config);
        var run = source.Start((records, ct) =>
        {
            taken.AddRange(records.Select(record => record["name"]!));
            return ValueTask.CompletedTask;
        });
        await run;
        if (source.IsHealthy)
        {
            Console.WriteLine($"Processed {source.CurrentOffset} lines");
        }

        await source.Stop();

        // </start>
        Assert.Equal(["Alice", "Bob", "Carol"], taken);
        Assert.Equal(4, source.CurrentOffset);
    }

    [Fact]
    [Trait("claim", "SRC-06")]
    [Trait("claim", "SRC-10")]
    public async Task A_start_faults_with_the_cause_and_the_source_is_unhealthy()
    {
        var source = Source.Create("p", Users("id\n1\n"));

        var failure = await Assert.ThrowsAsync<ConnectorException>(() => source.Start((_, _) => throw ConnectorException.User("The pipeline is full.")));

        Assert.Equal("The pipeline is full.", failure.Message);
        Assert.False(source.IsHealthy);
    }

    [Fact]
    [Trait("claim", "SRC-06")]
    public async Task A_second_start_throws_from_the_call()
    {
        var source = Source.Create("p", Users("id\n1\n"));
        await source.Start((_, _) => ValueTask.CompletedTask);

        Assert.Throws<InvalidOperationException>(() => { _ = source.Start((_, _) => ValueTask.CompletedTask); });
    }

    [Fact]
    [Trait("claim", "SRC-07")]
    [Trait("claim", "OPS-04")]
    public async Task A_stop_ends_an_endless_source_and_no_record_follows()
    {
        var source = Source.Create("p", Endless());
        var taken = 0;
        var run = source.Start((records, _) =>
        {
            Interlocked.Add(ref taken, records.Count);
            return ValueTask.CompletedTask;
        });
        await Eventually.Is(() => Volatile.Read(ref taken) > 1000);

        await source.Stop();

        var atStop = taken;
        await run;
        Assert.Equal(atStop, taken);
        Assert.Equal(atStop, source.CurrentOffset);
        await source.DisposeAsync();
        await source.DisposeAsync();
    }

    [Fact]
    [Trait("claim", "SRC-07")]
    public async Task A_stop_that_takes_longer_than_30_seconds_is_a_time_out_for_its_caller()
    {
        var time = new FakeTimeProvider();
        var taking = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var source = new Source("p", Endless(), new SourceServices { Time = time });
        var run = source.Start(async (_, _) =>
        {
            taking.TrySetResult();
            await held.Task;
        });
        await taking.Task;

        var stop = source.Stop();
        Assert.False(stop.IsCompleted);
        await AdvanceUntilAsync(time, stop);
        await Assert.ThrowsAsync<TimeoutException>(() => stop);

        held.SetResult();
        await AdvanceUntilAsync(time, run);
        await source.DisposeAsync();
    }

    [Fact]
    [Trait("claim", "SRC-08")]
    [Trait("claim", "FILE-29")]
    public async Task The_offset_can_be_read_before_while_and_after_running()
    {
        var source = Source.Create("p", Users("id\n1\n2\n3\n") with { BatchSize = 1 });
        var seen = new List<long> { source.CurrentOffset };

        await foreach (var _ in source.Stream())
        {
            seen.Add(source.CurrentOffset);
        }

        seen.Add(source.CurrentOffset);
        Assert.Equal(0, seen[0]);
        Assert.Equal(seen.Order(), seen);
        Assert.Equal(4, seen[^1]);
    }

    [Fact]
    [Trait("claim", "SRC-09")]
    [Trait("claim", "FILE-30")]
    public async Task Resuming_from_a_line_skips_that_many_lines()
    {
        var text = new StringBuilder("id,name\n");
        for (var line = 2; line <= 1500; line++)
        {
            text.Append($"{line},line {line}\n");
        }

        var source = Source.Create("p", Users(text.ToString()));
        source.ResumeFrom(1000);

        var records = new List<DataRecord>();
        await foreach (var record in source.Stream())
        {
            records.Add(record);
        }

        Assert.Equal(("1001", "line 1001"), (records[0].Metadata["line_number"], records[0]["name"]));
        Assert.Equal(500, records.Count);
    }

    [Fact]
    [Trait("claim", "SRC-09")]
    public void A_kind_that_can_not_place_a_bare_number_says_so()
    {
        var services = new SourceServices { Catalogue = BuiltInCatalogue.Instance.With(Unplaceable()) };
        var source = Source.Create("p", new SourceConfig { SourceType = "unplaceable", ConnectionString = "x" }, services);

        var refusal = Assert.Throws<NotSupportedException>(() => source.ResumeFrom(7));

        Assert.Contains("dataflow state set", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("claim", "SRC-11")]
    public void An_unknown_kind_is_an_error_that_lists_the_kinds()
    {
        var failure = Assert.Throws<ConfigurationException>(() => Source.Create("p", new SourceConfig { SourceType = "fiel", ConnectionString = "x" }));

        Assert.Contains("file", failure.Message, StringComparison.Ordinal);
        Assert.Contains("test", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("claim", "SRC-12")]
    public void A_configuration_of_another_kind_is_refused()
    {
        var config = Users("id\n1\n");

        Assert.StartsWith("file-source-pipeline-1-", new FileSource("pipeline-1", config).SourceId, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => new TestSource("pipeline-1", config));
    }

    [Fact]
    [Trait("claim", "SRC-14")]
    public async Task A_slow_reader_slows_the_source()
    {
        var source = Source.Create("p", Endless());
        await using var records = source.StreamBatches().GetAsyncEnumerator();
        Assert.True(await records.MoveNextAsync());
        var taken = records.Current.Count;
        records.Current.Release();

        // Everything that may be on its way is: one batch with the reader, one in the hand-over, two in flight.
        for (var look = 0; look < 1000; look++)
        {
            await Task.Yield();
        }

        Assert.True(source.CurrentOffset <= taken * 4, $"The source has run ahead to {source.CurrentOffset} while {taken} were read.");
    }

    [Fact]
    [Trait("claim", "SRC-15")]
    [Trait("claim", "OPS-03")]
    public async Task A_source_with_the_same_pipeline_id_goes_on_where_the_last_one_stopped()
    {
        var file = Path.Combine(_folder.FullName, "grows.csv");
        await File.WriteAllTextAsync(file, "id\n1\n2\n");
        var config = Users("id\n") with { ConnectionString = file };
        await using (var state = SqliteStateStore.Open(Path.Combine(_folder.FullName, "state"), TimeProvider.System))
        {
            Assert.Equal(["1", "2"], await Ids(Source.Create("p", config, new SourceServices { State = state })));
        }

        await File.AppendAllTextAsync(file, "3\n");
        await using (var state = SqliteStateStore.Open(Path.Combine(_folder.FullName, "state"), TimeProvider.System))
        {
            Assert.Equal(["3"], await Ids(Source.Create("p", config, new SourceServices { State = state })));
        }
    }

    [Fact]
    [Trait("claim", "SRC-16")]
    [Trait("claim", "FILE-22")]
    public async Task Malformed_input_never_ends_the_stream()
    {
        var services = new SourceServices();

        Assert.Equal(["1", "3"], await Ids(Source.Create("p", Users("id,name\n1,Alice\n2,Bob,surplus\n3,Carol\n"), services)));

        var letter = Assert.Single(await services.State.DeadLetters.ListAsync("p", new DeadLetterFilter(), CancellationToken.None));
        Assert.Equal(("too-many-fields", "2,Bob,surplus"), (letter.Error.Reason, Encoding.UTF8.GetString(letter.Error.Raw)));
    }

    [Fact]
    [Trait("claim", "CFG-10")]
    public void A_configuration_is_copied_with_a_change()
    {
        var config = Users("id\n");

        var copy = config with { BatchSize = 7 };

        Assert.Equal((1000, 7, config.ConnectionString), (config.BatchSize, copy.BatchSize, copy.ConnectionString));
    }

    private static async Task<List<string>> Ids(Source source)
    {
        var ids = new List<string>();
        await foreach (var record in source.Stream())
        {
            ids.Add(record.Id);
        }

        return ids;
    }

    private static async Task AdvanceUntilAsync(FakeTimeProvider time, Task ended)
    {
        while (!ended.IsCompleted)
        {
            time.Advance(TimeSpan.FromSeconds(1));
            await Task.WhenAny(ended, Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System));
        }
    }

    private static SourceConfig Endless() => new() { SourceType = "test", ConnectionString = "test", BatchSize = 100 };

    private static SourceDefinition Unplaceable() => new()
    {
        Name = "unplaceable",
        Summary = "Can't be placed.",
        ConnectionDescription = "Nothing.",
        ConnectionExample = "x",
        OptionsType = typeof(NoOptions),
        Capabilities = _ => new SourceCapabilities(Replayable: true),
        Create = _ => throw new NotSupportedException(),
    };

    private SourceConfig Users(string csv)
    {
        var path = Path.Combine(_folder.FullName, "users.csv");
        File.WriteAllText(path, csv);

        // <config>
        var config = new SourceConfig
        {
            SourceType = "file",
            ConnectionString = path,
            Options = new Dictionary<string, string> { ["format"] = "csv", ["has-header"] = "true" },
            BatchSize = 1000,
            PollIntervalMs = 1000,
        };

        // </config>
        return config;
    }

    public sealed record NoOptions;
}
