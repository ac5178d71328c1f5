using DataFlow.Connectors;
using DataFlow.Formats;
using DataFlow.UnitTests.Connectors;
using DataFlow.UnitTests.Connectors.Test;
using DataFlow.UnitTests.Fakes;

namespace DataFlow.UnitTests.Sharing;

/// <summary>What the instances of a source read together is everything, and nothing twice.</summary>
public sealed class SharedSourceTests : IDisposable
{
    private static readonly FileSourceOptions Text = new() { Format = RecordFormat.Text };

    private readonly TempFolder _folder = new();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(5)]
    [InlineData(8)]
    public async Task Every_file_is_read_by_one_instance_in_whichever_folder_it_is(int count)
    {
        for (var number = 0; number < 40; number++)
        {
            _folder.Write($"{number % 3}/in-{number}.txt", $"line of {number}\n");
        }

        var read = new List<string>();
        foreach (var share in Shares(count))
        {
            read.AddRange((await FileRun.ToEnd(new FileSourceContext(), _folder["**/*.txt"], Text, share)).Texts);
        }

        Assert.Equal(Enumerable.Range(0, 40).Select(number => $"line of {number}").Order(), read.Order());
    }

    [Fact]
    public async Task A_file_that_comes_later_has_one_reader_too()
    {
        _folder.Write("a.txt", "a\n");
        var contexts = Shares(3).ToDictionary(share => share, _ => new FileSourceContext());
        var watched = Text with { Mode = FileReadMode.Watch, MinAge = TimeSpan.Zero };
        var read = await ReadAsync();
        for (var number = 0; number < 20; number++)
        {
            _folder.Write($"late-{number}.txt", $"late {number}\n");
        }

        read.AddRange(await ReadAsync());

        Assert.Equal(Enumerable.Range(0, 20).Select(number => $"late {number}").Append("a").Order(), read.Order());

        async Task<List<string>> ReadAsync()
        {
            var texts = new List<string>();
            foreach (var (share, context) in contexts)
            {
                texts.AddRange((await FileRun.ToEnd(context, _folder["*.txt"], watched, share)).Texts);
            }

            return texts;
        }
    }

    [Fact]
    public async Task Followed_files_have_one_reader_each()
    {
        for (var number = 0; number < 20; number++)
        {
            _folder.Write($"app-{number}.log", $"line of {number}\n");
        }

        var read = new List<string>();
        foreach (var share in Shares(3))
        {
            read.AddRange((await FileRun.ToEnd(new FileSourceContext(), _folder["*.log"], Text with { Mode = FileReadMode.Tail }, share)).Texts);
        }

        Assert.Equal(Enumerable.Range(0, 20).Select(number => $"line of {number}").Order(), read.Order());
    }

    [Fact]
    public async Task A_single_file_is_read_by_one_instance_and_all_of_them_warn()
    {
        _folder.Write("only.txt", "a\nb\n");
        var contexts = Shares(3).Select(share => (share, context: new FileSourceContext())).ToList();

        var read = new List<string>();
        foreach (var (share, context) in contexts)
        {
            read.AddRange((await FileRun.ToEnd(context, _folder["only.txt"], Text, share)).Texts);
        }

        Assert.Equal(["a", "b"], read);
        Assert.All(contexts, run => Assert.Contains(run.context.Messages, message => message.Contains("is a single file: one of the 3 instances reads it", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_pattern_that_matches_nothing_is_refused_in_each_instance_unless_read_files_go_away()
    {
        foreach (var share in Shares(2))
        {
            await Assert.ThrowsAsync<ConnectorException>(() => FileRun.ToEnd(new FileSourceContext(), _folder["*.txt"], Text, share));
            Assert.Empty((await FileRun.ToEnd(new FileSourceContext(), _folder["*.txt"], Text with { OnComplete = OnComplete.Delete }, share)).Texts);
        }
    }

    [Theory]
    [InlineData(1, 0)]
    [InlineData(2, 0)]
    [InlineData(3, 0)]
    [InlineData(7, 0)]
    [InlineData(8, 0.3)]
    public async Task Every_generated_record_comes_from_one_instance_byte_for_byte_as_from_one_run(int count, double duplicates)
    {
        var options = new TestSourceOptions { TotalRecords = 1000, Audit = true, Duplicates = duplicates };
        var whole = await TestSourceRun.ReadAsync(options);

        var shared = new List<string>();
        foreach (var share in Shares(count))
        {
            var run = new TestSourceRun { Share = share };
            var context = new TestSourceContext { MostRecords = 50 };

            // With a restart behind every third batch.
            while (await run.GoOnAsync(options, context, batches: 3))
            {
            }

            shared.AddRange(run.Lines);
        }

        Assert.Equal(whole.Lines.Order(StringComparer.Ordinal), shared.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task More_instances_than_records_leave_some_with_nothing_to_do()
    {
        var read = new List<int>();
        foreach (var share in Shares(8))
        {
            var run = new TestSourceRun { Share = share };
            await run.GoOnAsync(new TestSourceOptions { TotalRecords = 5 }, new TestSourceContext());
            read.Add(run.Records.Count);
        }

        Assert.Equal([1, 1, 1, 1, 1, 0, 0, 0], read);
    }

    public void Dispose() => _folder.Dispose();

    private static IEnumerable<SourceShare> Shares(int count) => Enumerable.Range(1, count).Select(number => new SourceShare(number, count));
}
