using DataFlow.Conformance;
using DataFlow.UnitTests.Connectors;

namespace DataFlow.UnitTests.Conformance;

public sealed class FileSourceConformance : SourceConformance<FileSourceFixture>;

/// <summary>A CSV file in a folder of its own.</summary>
public sealed class FileSourceFixture : ISourceFixture
{
    private readonly TempFolder _folder = new();
    private int _published;

    public FileSourceFixture() => _folder.Write("numbers.csv", "n,text\n");

    public static string Kind => SourceType.File;

    public static Waivers Waivers { get; } = Waivers.Of(
        ("Another_side_that_does_not_answer_is_an_external_fault_that_may_pass", "A file has no other side: it is there or it is not."),
        ("A_connection_that_is_cut_costs_no_record", "There is no connection to a file."),
        ("Its_secrets_are_in_no_message_and_no_log", "The file source has no secret options."));

    public SourceConfig Config => Of("numbers.csv");

    public SourceConfig Refused => Of("missing.csv");

    public ValueTask PublishAsync(int count, CancellationToken ct)
    {
        _folder.Append("numbers.csv", string.Concat(Enumerable.Range(_published + 1, count).Select(n => $"{n},\"row {n}, ä\"\n")));
        _published += count;
        return ValueTask.CompletedTask;
    }

    public ValueTask PublishMalformedAsync(CancellationToken ct)
    {
        _folder.Append("numbers.csv", "1,2,3,too many\n");
        return ValueTask.CompletedTask;
    }

    public long NumberOf(DataRecord record) => record.GetInt64("n");

    public ValueTask DisposeAsync()
    {
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }

    private SourceConfig Of(string file) => new()
    {
        SourceType = Kind,
        ConnectionString = _folder[file],
        Options = new Dictionary<string, string> { ["format"] = "csv", ["has-header"] = "true" },
    };
}
