using System.Text;
using DataFlow.Conformance;
using DataFlow.Connectors;
using DataFlow.Formats;
using DataFlow.UnitTests.Fakes;

namespace DataFlow.UnitTests.Connectors.Push;

/// <summary>What the inbox answers to producers, by a clock that the tests move.</summary>
public sealed class PushInboxTests : IAsyncDisposable
{
    private readonly TestSourceContext _context = new() { MostRecords = 3 };
    private readonly PushInboxes _inboxes = new();
    private CancellationTokenSource _stop = new();
    private readonly List<RecordBatch> _taken = [];
    private PushSourceConnector? _source;
    private Task _reading = Task.CompletedTask;

    private PushInbox Inbox => _inboxes.Find(_context.PipelineId)!;

    [Fact]
    public async Task A_batch_is_answered_when_it_is_acknowledged_and_not_before()
    {
        Open();
        var answer = PushAsync("a:1", "{\"n\":1}\n{\"n\":2}\nbad\n{\"n\":3}\n");
        await TakenAsync(records: 4);
        Assert.False(answer.IsCompleted);

        await AcknowledgeAsync();

        Assert.Equal(new PushReceipt(PushOutcome.Delivered, 4, 1), await answer);
    }

    [Fact]
    public async Task Only_the_last_part_of_a_batch_is_a_place_to_go_on_from()
    {
        Open();
        _ = PushAsync("a:1", string.Concat(Enumerable.Range(1, 8).Select(number => $"{{\"n\":{number}}}\n")));
        await TakenAsync(records: 8);

        Assert.Equal([0, 0, 1], _taken.Select(batch => batch.Advances.Count));
        Assert.Equal(("a", 1L), (_taken[^1].Advances[0].Split, _taken[^1].Advances[0].Position.Offset));
    }

    [Fact]
    public async Task What_is_sent_again_is_recognised_in_flight_and_after_and_in_the_next_run()
    {
        Open();
        var first = PushAsync("a:1", "{\"n\":1}");
        await TakenAsync(records: 1);
        var again = PushAsync("a:1", "{\"n\":1}");
        await AcknowledgeAsync();
        Assert.Equal(PushOutcome.Delivered, (await first).Outcome);
        Assert.Equal(PushOutcome.Delivered, (await again).Outcome);
        Assert.Equal(PushOutcome.AlreadyDelivered, (await PushAsync("a:1", "{\"n\":1}")).Outcome);

        await RestartAsync();
        Assert.Equal(PushOutcome.AlreadyDelivered, (await PushAsync("a:1", "{\"n\":1}")).Outcome);
        Assert.Equal(1L, await Inbox.LastOfAsync("a", default));
        Assert.Equal(0L, await Inbox.LastOfAsync("b", default));
        Assert.Single(_taken);
    }

    [Fact]
    public async Task Another_content_under_a_known_number_is_refused()
    {
        Open();
        _ = PushAsync("a:1", "{\"n\":1}");
        await TakenAsync(records: 1);
        Assert.Equal(PushOutcome.OtherContent, (await PushAsync("a:1", "{\"n\":2}")).Outcome);
        await AcknowledgeAsync();
        await RestartAsync();
        Assert.Equal(PushOutcome.OtherContent, (await PushAsync("a:1", "{\"n\":2}")).Outcome);
    }

    [Fact]
    public async Task A_batch_that_overtakes_its_predecessor_waits_for_it()
    {
        Open();
        var second = PushAsync("a:2", "{\"n\":2}");
        var first = PushAsync("a:1", "{\"n\":1}");
        await TakenAsync(records: 2);
        await AcknowledgeAsync();

        Assert.Equal(PushOutcome.Delivered, (await first).Outcome);
        Assert.Equal(PushOutcome.Delivered, (await second).Outcome);
        Assert.Equal([1, 2], _taken.Select(batch => DataRecord.From(batch, 0).GetInt64("n")));
    }

    [Fact]
    public async Task A_jump_is_refused_with_the_number_that_is_expected()
    {
        Open();
        Assert.Equal(new PushReceipt(PushOutcome.OutOfSequence, Expected: 1), await PushAsync("a:1000", "{}"));

        var near = PushAsync("a:2", "{}");
        Assert.False(near.IsCompleted);
        _context.Clock.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(new PushReceipt(PushOutcome.OutOfSequence, Expected: 1), await near);
    }

    [Fact]
    public async Task A_producer_does_not_wait_for_ever_and_its_batch_is_delivered_all_the_same()
    {
        Open();
        var answer = PushAsync("a:1", "{\"n\":1}");
        await TakenAsync(records: 1);
        _context.Clock.Advance(TimeSpan.FromSeconds(30));
        Assert.Equal(PushOutcome.Late, (await answer).Outcome);

        await AcknowledgeAsync();
        Assert.Equal(PushOutcome.AlreadyDelivered, (await PushAsync("a:1", "{\"n\":1}")).Outcome);
    }

    [Fact]
    public async Task The_end_of_the_run_gives_back_what_is_not_delivered()
    {
        Open();
        var answer = PushAsync("a:1", "{\"n\":1}");
        await TakenAsync(records: 1);
        await CloseAsync();

        Assert.Equal(PushOutcome.Closed, (await answer).Outcome);
        Assert.Null(_inboxes.Find(_context.PipelineId));
    }

    [Fact]
    public async Task A_full_inbox_takes_no_more_until_something_is_delivered()
    {
        Open(new PushSourceOptions { InboxBytes = new ByteSize(1024) });
        var line = $"{{\"n\":\"{new string('x', 900)}\"}}";
        var answer = PushAsync("a:1", line);
        using var body = Inbox.Receive();
        Assert.False(body.TryReserve(900));

        await TakenAsync(records: 1);
        Assert.False(body.TryReserve(900));
        await AcknowledgeAsync();
        Assert.Equal(PushOutcome.Delivered, (await answer).Outcome);
        Assert.True(body.TryReserve(900));
    }

    [Fact]
    public async Task Without_a_batch_id_a_batch_is_delivered_each_time_unless_the_pipeline_is_effectively_once()
    {
        Open();
        var first = PushAsync(null, "{\"n\":1}");
        var second = PushAsync(null, "{\"n\":1}");
        await TakenAsync(records: 2);
        await AcknowledgeAsync();
        Assert.Equal(PushOutcome.Delivered, (await first).Outcome);
        Assert.Equal(PushOutcome.Delivered, (await second).Outcome);
        Assert.NotEqual(_taken[0].DeliveryIdOf(0), _taken[1].DeliveryIdOf(0));

        await CloseAsync();
        Open(delivery: DeliveryGuarantee.EffectivelyOnce);
        var refused = await PushAsync(null, "{\"n\":1}");
        Assert.Equal(PushOutcome.Unreadable, refused.Outcome);
        Assert.Contains("Batch-Id", refused.Problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(RecordFormat.JsonArray, "\uFEFF[{\"n\":1}, {\"n\":2},\n{\"n\":3}]", 3)]
    [InlineData(RecordFormat.JsonDocument, "{\n  \"n\": 1\n}", 1)]
    [InlineData(RecordFormat.Csv, "n\n1\n2\n", 2)]
    [InlineData(RecordFormat.Text, "1\n2\n3\n4\n", 4)]
    [InlineData(RecordFormat.Json, "", 0)]
    public async Task Bodies_of_every_format_are_read(RecordFormat format, string body, int records)
    {
        Open();
        var answer = PushAsync("a:1", body, format);
        await TakenAsync(records);
        await AcknowledgeAsync();

        Assert.Equal(new PushReceipt(PushOutcome.Delivered, records), await answer);
    }

    [Fact]
    public async Task A_record_that_is_refused_by_policy_refuses_its_batch_and_not_the_pipeline()
    {
        Open(new PushSourceOptions { OnInvalidJson = InvalidJsonPolicy.Fail });
        var refused = await PushAsync("a:1", "{\"n\":1}\nbad\n");
        Assert.Equal(PushOutcome.Unreadable, refused.Outcome);
        Assert.Contains("line 2", refused.Problem, StringComparison.OrdinalIgnoreCase);

        var answer = PushAsync("a:1", "{\"n\":1}\n");
        await TakenAsync(records: 1);
        await AcknowledgeAsync();
        Assert.Equal(PushOutcome.Delivered, (await answer).Outcome);
    }

    [Fact]
    public async Task Batches_that_are_refused_leave_no_producer_behind()
    {
        Open(new PushSourceOptions { MaxProducers = 1 });
        for (var number = 1; number <= 100; number++)
        {
            Assert.Equal(PushOutcome.OutOfSequence, (await PushAsync($"refused-{number}:1000", "{}")).Outcome);
        }

        await DeliverAsync("a:1");
        Assert.Equal(["a"], _context.Positions.Keys);
    }

    [Fact]
    public async Task A_producer_beyond_the_bound_is_refused_while_all_others_are_at_work()
    {
        Open(new PushSourceOptions { MaxProducers = 2 });
        await DeliverAsync("a:1");
        _context.Clock.Advance(TimeSpan.FromDays(29));
        await DeliverAsync("b:1");

        Assert.Equal(PushOutcome.TooManyProducers, (await PushAsync("c:1", "{}")).Outcome);
        await DeliverAsync("a:2");
        await RestartAsync(new PushSourceOptions { MaxProducers = 2 });
        Assert.Equal(PushOutcome.TooManyProducers, (await PushAsync("c:1", "{}")).Outcome);
        await DeliverAsync("b:2");
    }

    [Fact]
    public async Task The_producer_that_was_silent_the_longest_makes_room_for_a_new_one_and_nobody_else_is_forgotten()
    {
        var options = new PushSourceOptions { MaxProducers = 2 };
        Open(options);
        await DeliverAsync("a:1");
        await DeliverAsync("b:1");
        _context.Clock.Advance(TimeSpan.FromDays(10));
        await DeliverAsync("a:2");
        _context.Clock.Advance(TimeSpan.FromDays(20));
        await RestartAsync(options);

        await DeliverAsync("c:1");

        Assert.Equal(["(forgotten)", "a", "c"], _context.Positions.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(PushOutcome.AlreadyDelivered, (await PushAsync("a:2", "{\"n\":1}")).Outcome);
        Assert.Equal(0L, await Inbox.LastOfAsync("b", default));
        Assert.Equal(PushOutcome.TooManyProducers, (await PushAsync("b:1", "{\"n\":1}")).Outcome);
    }

    [Fact]
    public async Task A_producer_is_remembered_as_long_as_there_is_room()
    {
        Open(new PushSourceOptions { MaxProducers = 2 });
        await DeliverAsync("a:1");
        _context.Clock.Advance(TimeSpan.FromDays(1000));
        await DeliverAsync("b:1");
        Assert.Equal(PushOutcome.AlreadyDelivered, (await PushAsync("a:1", "{\"n\":1}")).Outcome);
    }

    [Fact]
    public async Task A_forgotten_producer_begins_at_1_again_with_records_of_their_own()
    {
        var options = new PushSourceOptions { MaxProducers = 1 };
        Open(options);
        await DeliverAsync("a:1");
        _context.Clock.Advance(TimeSpan.FromDays(30));
        await DeliverAsync("b:1");
        _context.Clock.Advance(TimeSpan.FromDays(30));

        Assert.Equal(new PushReceipt(PushOutcome.OutOfSequence, Expected: 1), await PushAsync("a:40", "{\"n\":1}"));
        await DeliverAsync("a:1");
        await RestartAsync(options);
        await DeliverAsync("a:2");

        var ids = _taken.Select(batch => (batch.Identity!.Split, Id: batch.DeliveryIdOf(0))).ToList();
        Assert.Equal(["a", "b", "a", "a"], ids.Select(id => id.Split));
        Assert.Equal(4, ids.Select(id => id.Id).Distinct().Count());
        Assert.Equal(_taken[2].Identity!.Source, _taken[3].Identity!.Source);
    }

    [Fact]
    public async Task A_producer_that_is_forgotten_and_comes_back_before_the_commit_stays()
    {
        Open(new PushSourceOptions { MaxProducers = 1, ForgetAfter = TimeSpan.FromMilliseconds(1) });
        await DeliverAsync("a:1");
        _context.Clock.Advance(TimeSpan.FromSeconds(1));
        var other = PushAsync("b:1", "{\"n\":1}");
        await TakenAsync(records: 2);
        Assert.Equal(PushOutcome.TooManyProducers, (await PushAsync("a:1", "{\"n\":2}")).Outcome);
        await AcknowledgeAsync();
        await other;
        _context.Clock.Advance(TimeSpan.FromSeconds(1));

        await DeliverAsync("a:1");

        Assert.Equal(["(forgotten)", "a"], _context.Positions.Keys.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("shop-7:42", true)]
    [InlineData("a:0", false)]
    [InlineData("a:-1", false)]
    [InlineData("a", false)]
    [InlineData(":1", false)]
    [InlineData("(unnamed):1", false)]
    [InlineData("a b:1", false)]
    [InlineData("a:99999999999", false)]
    public void Batch_ids_are_a_name_and_a_number(string text, bool isOne) => Assert.Equal(isOne, BatchId.TryParse(text, out _));

    public async ValueTask DisposeAsync()
    {
        await CloseAsync();
        _taken.ForEach(batch => batch.Release());
        Assert.Equal(0, _context.Pool.Lent);
        _stop.Dispose();
    }

    private void Open(PushSourceOptions? options = null, DeliveryGuarantee? delivery = null)
    {
        var settings = new SourceSettings
        {
            PipelineId = _context.PipelineId,
            Connection = "push",
            ConfiguredConnection = "push",
            BaseDirectory = "/",
            Options = new object(),
            Delivery = delivery,
        };
        var source = _source = new PushSourceConnector(settings, options ?? new PushSourceOptions(), _inboxes);
        _stop = new CancellationTokenSource();
        var batches = source.ReadAsync(_context, _stop.Token).GetAsyncEnumerator(CancellationToken.None);
        var move = batches.MoveNextAsync();
        _reading = ReadAsync(batches, move);
    }

    private async Task ReadAsync(IAsyncEnumerator<RecordBatch> batches, ValueTask<bool> move)
    {
        while (await move)
        {
            lock (_taken)
            {
                _taken.Add(batches.Current);
            }

            move = batches.MoveNextAsync();
        }

        await batches.DisposeAsync();
    }

    private Task<PushReceipt> PushAsync(string? id, string text, RecordFormat format = RecordFormat.Json)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        var body = Inbox.Receive();
        Assert.True(body.TryReserve(bytes.Length));
        bytes.CopyTo(body.Free);
        body.Advance(bytes.Length);
        BatchId? batch = id is null ? null : BatchId.TryParse(id, out var parsed) ? parsed : throw new ArgumentException(id);
        return Inbox.DeliverAsync(batch, body, format, TestContext.Current.CancellationToken);
    }

    private Task TakenAsync(int records) => Eventually.Is(() =>
    {
        lock (_taken)
        {
            return _taken.Count > 0 && _taken[^1].Advances.Count > 0 && _taken.Sum(batch => batch.RowCount + batch.Errors.Count) >= records;
        }
    });

    private async Task AcknowledgeAsync()
    {
        List<Advance> advances;
        lock (_taken)
        {
            _taken.ForEach(_context.Commit);
            advances = [.. _taken.SelectMany(batch => batch.Advances).GroupBy(advance => advance.Split).Select(split => split.Last())];
        }

        await _source!.AcknowledgeAsync(advances, default);
    }

    private async Task DeliverAsync(string id)
    {
        int taken;
        lock (_taken)
        {
            taken = _taken.Count;
        }

        var answer = PushAsync(id, "{\"n\":1}");
        await TakenAsync(records: taken + 1);
        await AcknowledgeAsync();
        Assert.Equal(PushOutcome.Delivered, (await answer).Outcome);
    }

    private async Task RestartAsync(PushSourceOptions? options = null)
    {
        await CloseAsync();
        Open(options);
    }

    private async Task CloseAsync()
    {
        await _stop.CancelAsync();
        await _reading;
        if (_source is not null)
        {
            await _source.DisposeAsync();
        }
    }
}
