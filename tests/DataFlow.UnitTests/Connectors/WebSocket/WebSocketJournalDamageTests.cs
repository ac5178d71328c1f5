using System.Buffers.Binary;
using System.Text;
using DataFlow.Conformance;
using DataFlow.Connectors;
using DataFlow.UnitTests.Fakes;

namespace DataFlow.UnitTests.Connectors;

/// <summary>What a damaged file of a journal has cost is told, and what there is of it is kept.</summary>
public sealed class WebSocketJournalDamageTests : IDisposable
{
    private const int Messages = 300;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("dataflow-damage-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [InlineData(20)]
    [InlineData(int.MaxValue)]
    [InlineData(int.MaxValue - 60)]
    public async Task Damage_before_the_newest_file_is_a_gap_and_the_rest_comes(int length)
    {
        await using var server = await WebSocketRun.ServeNumbersAsync([]);
        await FillAsync();
        var (path, damagedFrom, next) = Damage(number: 11, length);
        var before = await File.ReadAllBytesAsync(path, TestContext.Current.CancellationToken);
        var context = Context();
        await using (var run = new StreamRun(context, server.Address, ("journal", "true")))
        {
            await run.UntilNumbersAsync(10 + Messages - next + 1);
            Assert.Equal([.. Enumerable.Range(1, 10), .. Enumerable.Range(next, Messages - next + 1)], run.Numbers);
        }

        var gap = Assert.Single(Damages(context));
        Assert.Equal((10, next, next - 11), (gap.Last, gap.Next, gap.Missing));
        Assert.StartsWith($"The journal's file {path} is damaged from byte {damagedFrom} on; what is there was moved to ", gap.Reason);
        Assert.Equal(
            before[damagedFrom..], await File.ReadAllBytesAsync(Assert.Single(Files("*.damaged")), TestContext.Current.CancellationToken));
        Assert.Contains(context.Log.Lines, line => line.StartsWith("Warning: Gap of ") && line.Contains(gap.Reason));
    }

    [Fact]
    public async Task It_is_told_once_and_not_where_its_messages_are_delivered()
    {
        await using var server = await WebSocketRun.ServeNumbersAsync([]);
        await FillAsync();
        var (_, _, next) = Damage(number: 11, length: 20);
        var context = Context();
        for (var attempt = 0; attempt < 2; attempt++)
        {
            // The first file is still there when it ends.
            await using var run = new StreamRun(context, server.Address, ("journal", "true"));
            await run.NextAsync(acknowledges: false);
            context.Positions.Clear();
            await Eventually.Is(() => !context.Gaps.IsEmpty);
        }

        Assert.Single(Damages(context));
        File.Delete(Path.Combine(_folder.FullName, "journal", "delivered"));
        var later = Context();
        later.Positions["stream"] = new SplitPosition(next - 1, "");
        await using var rest = new StreamRun(later, server.Address, ("journal", "true"));
        await rest.UntilNumbersAsync(Messages - next + 1);
        Assert.Empty(Damages(later));
    }

    private static IEnumerable<SourceGap> Damages(TestSourceContext context) => context.Gaps.Where(gap => gap.Reason.Contains(" is damaged "));

    private async Task FillAsync()
    {
        var context = Context();
        using var metrics = new WebSocketMetrics("p", context.Clock);
        using var journal = MessageJournal.Open(
            new WebSocketSourceOptions { Journal = true, JournalBytes = new ByteSize(65_536) }, context, StreamPlace.Start, metrics);
        for (var number = 1; number <= Messages; number++)
        {
            var message = Encoding.UTF8.GetBytes($$"""{"n":{{number}}}""".PadRight(100));
            await journal.AddAsync(
                new MessageFrame { Number = number, Length = message.Length, Sequence = number, CursorLength = -1 }, message, TestContext.Current.CancellationToken);
        }
    }

    /// <summary>Gives a message of the oldest file another length.</summary>
    private (string Path, int From, int Next) Damage(int number, int length)
    {
        string[] files = [.. Files("*.journal").Order()];
        var from = (int)JournalSegment.Start + ((number - 1) * (MessageFrame.Size + 100));
        var bytes = File.ReadAllBytes(files[0]);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(from + sizeof(ulong)), length);
        File.WriteAllBytes(files[0], bytes);
        return (files[0], from, int.Parse(Path.GetFileNameWithoutExtension(files[1])));
    }

    private string[] Files(string pattern) => Directory.GetFiles(_folder.FullName, pattern, SearchOption.AllDirectories);

    private TestSourceContext Context() => new() { MostRecords = 10, Latency = TimeSpan.Zero, StateFolder = _folder.FullName };
}
