using System.Text;
using DataFlow.Conformance;
using DataFlow.Connectors;
using DataFlow.Engine.Configuration;
using DataFlow.UnitTests.Fakes;

namespace DataFlow.UnitTests.Connectors;

/// <summary>With a journal nothing that was received is lost.</summary>
public sealed class WebSocketJournalTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("dataflow-journal-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task What_was_received_and_not_delivered_is_read_after_a_restart()
    {
        var context = Context();
        using (var journal = Open(context))
        {
            await AddAllAsync(journal, 1, 25);
            (await TakeAsync(journal)).Release();
        }

        using var again = Open(context, StreamPlace.Start with { Number = 7 });

        Assert.Equal(25, again.Last);
        Assert.Equal((25, "c25"), (again.Start.Sequence, again.Start.Cursor));
        var batch = await TakeAsync(again);
        Assert.Equal(Enumerable.Range(8, 10).Select(number => (long)number), NumbersIn(batch));
        batch.Release();
        Assert.Equal(0, context.Pool.Lent);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(10)]
    [InlineData(60)]
    public async Task A_message_that_was_cut_off_by_the_end_of_the_process_is_none(int bytesLost)
    {
        var context = Context();
        using (var journal = Open(context))
        {
            await AddAllAsync(journal, 1, 5);
        }

        var path = Assert.Single(Files());
        using (var file = File.OpenWrite(path))
        {
            file.SetLength(file.Length - bytesLost);
        }

        using var again = Open(context);
        Assert.Equal(4, again.Last);
        await AddAllAsync(again, 5, 6);
        var batch = await TakeAsync(again, complete: true);
        Assert.Equal([1, 2, 3, 4, 5, 6], NumbersIn(batch));
        batch.Release();
    }

    [Fact]
    public async Task A_damaged_message_ends_the_journal_before_it()
    {
        var context = Context();
        using (var journal = Open(context))
        {
            await AddAllAsync(journal, 1, 3);
        }

        var bytes = await File.ReadAllBytesAsync(Files()[0], TestContext.Current.CancellationToken);
        bytes[^1] ^= 1;
        await File.WriteAllBytesAsync(Files()[0], bytes, TestContext.Current.CancellationToken);

        using var again = Open(context);

        Assert.Equal(2, again.Last);
    }

    [Fact]
    public async Task Files_go_when_all_of_their_messages_are_delivered()
    {
        var context = Context();
        using var journal = Open(context, bytes: 65_536);
        await AddAllAsync(journal, 1, 300);
        Assert.True(Files().Length > 2);
        for (var last = 0L; last < 300;)
        {
            var batch = await TakeAsync(journal);
            last = NumbersIn(batch)[^1];
            batch.Release();
            journal.Acknowledge(last);
        }

        Assert.Single(Files());
    }

    [Fact]
    public async Task A_full_journal_blocks_until_something_is_delivered_and_loses_nothing()
    {
        var context = Context();
        using var journal = Open(context, bytes: 65_536);
        var number = 0;
        ValueTask adding;
        do
        {
            adding = AddAsync(journal, ++number);
        }
        while (adding.IsCompletedSuccessfully && number < 10_000);

        Assert.False(adding.IsCompleted);
        Assert.Contains(context.Reports, report => report.Health == SourceHealth.Waiting && report.Reason.StartsWith("The journal is full (64KiB)"));
        Assert.InRange(Files().Sum(path => new FileInfo(path).Length), 50_000, 65_536);

        var seen = new List<long>();
        while (seen.Count < number)
        {
            var batch = await TakeAsync(journal);
            seen.AddRange(NumbersIn(batch));
            batch.Release();
            journal.Acknowledge(seen[^1]);
        }

        await adding;
        Assert.Equal(Enumerable.Range(1, number).Select(expected => (long)expected), seen);
    }

    [Fact]
    public async Task A_file_that_can_not_be_removed_is_a_failure_that_may_pass()
    {
        using var journal = Open(Context(), bytes: 65_536);
        await AddAllAsync(journal, 1, 300);
        var oldest = Files().Order().First();
        File.Delete(oldest);
        Directory.CreateDirectory(Path.Combine(oldest, "in the way"));
        var batch = await TakeAsync(journal, complete: true);
        while (NumbersIn(batch)[^1] < 300)
        {
            batch.Release();
            batch = await TakeAsync(journal);
        }

        batch.Release();

        var error = Assert.Throws<ConnectorException>(() => journal.Acknowledge(300));

        Assert.NotEqual(RetryKind.Never, error.Retry.Kind);
        Assert.StartsWith("The journal in ", error.Message);
    }

    [Fact]
    public async Task A_message_larger_than_a_batch_passes_through()
    {
        var context = Context();
        using var journal = Open(context);
        await AddAsync(journal, 1);
        await AddAsync(journal, 2, bytes: 3_000_000);
        await AddAsync(journal, 3);
        journal.Complete(null);
        var numbers = new List<long>();
        while (await journal.TakeAsync() is { } batch)
        {
            numbers.AddRange(NumbersIn(batch));
            batch.Release();
        }

        Assert.Equal([1, 2, 3], numbers);
    }

    [Fact]
    public async Task A_new_journal_beside_an_old_position_goes_on_counting()
    {
        using var journal = Open(Context(), StreamPlace.Start with { Number = 600 });
        await AddAsync(journal, 601);

        Assert.Equal(601, journal.Last);
    }

    [Fact]
    public async Task A_source_with_a_journal_keeps_every_message_over_crashes_of_the_sink()
    {
        var sent = 0;
        await using var server = await WebSocketServer.StartAsync(async connection =>
        {
            var closed = connection.UntilClosedAsync();
            while (!closed.IsCompleted && sent < 300)
            {
                await connection.SendAsync($$"""{"n":{{++sent}}}""");
            }

            await closed;
        });
        using var bench = new SourceBench(BuiltInCatalogue.Instance, () => WebSocketRun.ConfigOf("websocket", server.Address, ("journal", "true")))
        {
            StateFolder = _folder.FullName,
        };

        await bench.RunAsync(expected: int.MaxValue, new FaultSchedule().At(FaultStep.SinkWrite, 2, Fault.Crash));
        await bench.RunAsync(expected: int.MaxValue, new FaultSchedule().At(FaultStep.SinkCommit, 3, Fault.Crash));
        var outcome = await bench.RunAsync(expected: 300);

        Assert.Null(outcome.Error);
        Assert.Equal(Enumerable.Range(1, 300).Select(number => (long)number), bench.Records().Select(record => record.GetInt64("n")));
        Assert.Equal(300, bench.Records().Select(record => record.DeliveryId).Distinct().Count());
    }

    [Fact]
    public void A_journal_that_would_be_dropped_from_is_refused() =>
        Assert.Contains("drop-oldest would drop what the journal is there to keep", Assert.Throws<ConfigurationException>(() => SourceBinding.Bind(
            "p", WebSocketRun.ConfigOf("websocket", "ws://localhost", ("journal", "true"), ("on-full", "drop-oldest")), BuiltInCatalogue.Instance)).Message);

    [Fact]
    public async Task Without_a_state_folder_a_journal_is_refused_with_a_sentence()
    {
        using var bench = WebSocketRun.Bench("ws://localhost", ("journal", "true"));

        Assert.StartsWith("journal: true keeps messages in the state folder, and this run has none", (await bench.RunAsync()).Error!.Message);
    }

    private static ValueTask AddAsync(MessageJournal journal, int number, int bytes = 100)
    {
        var message = Encoding.UTF8.GetBytes($"c{number}".PadRight(bytes));
        return journal.AddAsync(
            new MessageFrame { Number = number, Length = message.Length, Sequence = number, CursorLength = $"c{number}".Length }, message, default);
    }

    private static async Task AddAllAsync(MessageJournal journal, int first, int last)
    {
        for (var number = first; number <= last; number++)
        {
            await AddAsync(journal, number);
        }
    }

    private static async Task<RecordBatch> TakeAsync(MessageJournal journal, bool complete = false)
    {
        if (complete)
        {
            journal.Complete(null);
        }

        return (await journal.TakeAsync())!;
    }

    private static List<long> NumbersIn(RecordBatch batch)
    {
        var numbers = new List<long>();
        for (var at = 0; at < batch.Length; at += MessageFrame.Size + MessageFrame.At(batch.Data, at).Length)
        {
            numbers.Add(MessageFrame.At(batch.Data, at).Number);
        }

        return numbers;
    }

    private static MessageJournal Open(TestSourceContext context, StreamPlace? start = null, long bytes = 1 << 30) => MessageJournal.Open(
        new WebSocketSourceOptions { Journal = true, JournalBytes = new ByteSize(bytes) },
        context,
        start ?? StreamPlace.Start,
        new WebSocketMetrics("p", context.Clock));

    private string[] Files() => Directory.GetFiles(_folder.FullName, "*.journal", SearchOption.AllDirectories);

    private TestSourceContext Context() => new() { MostRecords = 10, Latency = TimeSpan.Zero, StateFolder = _folder.FullName };
}
