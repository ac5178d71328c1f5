using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using DataFlow.Conformance;
using DataFlow.Connectors;
using DataFlow.Formats;

namespace DataFlow.UnitTests.Conformance;

public sealed class PushSourceConformance : SourceConformance<PushSourceFixture>;

/// <summary>
/// A producer that pushes the same numbered batches to every pipeline that takes them, each again until it is answered. Without a
/// service nobody can push: that is how the source is refused.
/// </summary>
public sealed class PushSourceFixture : ISourceFixture
{
    private const string Alone = "alone";
    private const int Size = 5;

    private static readonly PushInboxes Inboxes = new();
    private static readonly ConcurrentDictionary<string, PushSourceFixture> Fixtures = new();

    private readonly string _name = Guid.NewGuid().ToString("N");
    private readonly CancellationTokenSource _over = new();
    private readonly ConcurrentDictionary<string, Task> _followed = new();
    private readonly List<byte[]> _batches = [];
    private int _published;

    public static string Kind => SourceType.Push;

    public static Catalogue Catalogue { get; } = new(
        BuiltInCatalogue.Instance.Sources.Select(source => source.Name != Kind ? source : source with { Create = Create }),
        BuiltInCatalogue.Instance.Sinks,
        BuiltInCatalogue.Instance.Transforms);

    public static Waivers Waivers { get; } = Waivers.Of(
        ("Another_side_that_does_not_answer_is_an_external_fault_that_may_pass", "The source connects to nobody: producers come to it."),
        ("Its_secrets_are_in_no_message_and_no_log", "The source has none: keys are checked by the service before a batch gets to it."),
        ("A_connection_that_is_cut_costs_no_record", "There is no connection of the source; PushServiceTests cuts that of a producer."));

    public SourceConfig Config => new() { SourceType = Kind, ConnectionString = _name };

    public SourceConfig Refused => new() { SourceType = Kind, ConnectionString = Alone };

    public ValueTask StartAsync(CancellationToken ct)
    {
        Fixtures[_name] = this;
        return ValueTask.CompletedTask;
    }

    public ValueTask PublishAsync(int count, CancellationToken ct)
    {
        var last = _published + count;
        while (_published < last)
        {
            var numbers = Enumerable.Range(_published + 1, Math.Min(Size, last - _published)).ToList();
            Add(string.Concat(numbers.Select(number => string.Create(CultureInfo.InvariantCulture, $"{{\"number\":{number}}}\n"))));
            _published += numbers.Count;
        }

        return ValueTask.CompletedTask;
    }

    public ValueTask PublishMalformedAsync(CancellationToken ct)
    {
        Add("{\"number\":\n");
        return ValueTask.CompletedTask;
    }

    public long NumberOf(DataRecord record) => record.GetInt64("number");

    public async ValueTask DisposeAsync()
    {
        await _over.CancelAsync();
        await Task.WhenAll(_followed.Values);
        Fixtures.TryRemove(_name, out _);
        _over.Dispose();
    }

    private static ISource Create(SourceSettings settings)
    {
        var isAlone = settings.Connection == Alone;
        if (!isAlone)
        {
            var fixture = Fixtures[settings.Connection];
            fixture._followed.GetOrAdd(settings.PipelineId, fixture.FollowAsync);
        }

        return PushSourceDefinition.Of(isAlone ? null : Inboxes).Create(settings);
    }

    private void Add(string text)
    {
        lock (_batches)
        {
            _batches.Add(Encoding.UTF8.GetBytes(text));
        }
    }

    private byte[]? BatchOf(long sequence)
    {
        lock (_batches)
        {
            return sequence <= _batches.Count ? _batches[(int)sequence - 1] : null;
        }
    }

    private Task FollowAsync(string pipeline) => Task.Run(async () =>
    {
        try
        {
            var inFlight = new Dictionary<long, Task>();
            for (var sequence = 1L; ; sequence++)
            {
                while (BatchOf(sequence) is null || inFlight.Count >= 4)
                {
                    await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, _over.Token);
                    inFlight = inFlight.Where(sent => !sent.Value.IsCompleted).ToDictionary();
                }

                inFlight[sequence] = PushAsync(pipeline, sequence, BatchOf(sequence)!);
            }
        }
        catch (OperationCanceledException)
        {
            // The test is over.
        }
    });

    private async Task PushAsync(string pipeline, long sequence, byte[] batch)
    {
        while (true)
        {
            if (Inboxes.Find(pipeline) is not { } inbox)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, _over.Token);
                continue;
            }

            var body = inbox.Receive();
            Assert.True(body.TryReserve(batch.Length));
            batch.CopyTo(body.Free);
            body.Advance(batch.Length);
            var receipt = await inbox.DeliverAsync(new BatchId("numbers", sequence), body, RecordFormat.Json, _over.Token);
            if (receipt.Outcome is PushOutcome.Delivered or PushOutcome.AlreadyDelivered)
            {
                return;
            }

            Assert.True(receipt.Outcome is PushOutcome.Closed or PushOutcome.OutOfSequence or PushOutcome.Late, receipt.ToString());
        }
    }
}
