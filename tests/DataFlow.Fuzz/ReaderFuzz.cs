using DataFlow.Conformance;
using DataFlow.Formats;

namespace DataFlow.Fuzz;

/// <summary>
/// Reads cases twice: in one piece on the careful path, which is the reference, and cut into buffers on a fast one. Both must
/// give the same records, errors and outcomes, and neither may fail but with a sentence.
/// </summary>
public static class ReaderFuzz
{
    private static readonly CsvPath[] CsvPaths = [CsvPath.Widest, CsvPath.Vector512, CsvPath.Vector256, CsvPath.Vector128, CsvPath.Scalar, CsvPath.Careful];

    /// <summary>Reads a case both ways.</summary>
    public static FuzzResult Check(FuzzCase fuzz)
    {
        ArgumentNullException.ThrowIfNull(fuzz);
        var (careful, carefulFailure) = Read(fuzz, fast: false);
        var (fast, fastFailure) = Read(fuzz, fast: true);
        if (carefulFailure is not (null or ConnectorException) || fastFailure is not (null or ConnectorException))
        {
            return new FuzzResult($"A reader failed without a sentence.\ncareful: {carefulFailure}\nfast: {fastFailure}", 0);
        }

        if (carefulFailure?.Message != fastFailure?.Message)
        {
            return new FuzzResult(
                $"Only one failed, or they say different things.\ncareful: {carefulFailure?.Message}\nfast: {fastFailure?.Message}", 0);
        }

        return carefulFailure is not null ? new FuzzResult(null, 0) : new FuzzResult(
            Difference("records and errors", careful!.Everything, fast!.Everything)
                ?? Difference("outcomes", careful.Outcomes.Select(Text), fast.Outcomes.Select(Text))
                ?? Difference("line", [careful.State.Line.ToString()], [fast.State.Line.ToString()]),
            careful.Everything.Count);
    }

    private static string Text(KeyValuePair<string, int> outcome) => $"{outcome.Key} {outcome.Value}";

    private static (ReaderRun? Run, Exception? Failure) Read(FuzzCase fuzz, bool fast)
    {
        try
        {
            var reader = Reader(fuzz, fast);
            return (fast ? ReaderRun.Of(reader, fuzz.Bytes, fuzz.Chunk, fuzz.MaxRecords, fuzz.Frames) : ReaderRun.Of(reader, fuzz.Bytes), null);
        }
        catch (OptionException failure)
        {
            // Options that don't go together are refused before anything is read: the same for both.
            return (null, ConnectorException.User(failure.Message));
        }
        catch (Exception failure)
        {
            return (null, failure);
        }
    }

    private static IRecordReader Reader(FuzzCase fuzz, bool fast) => fuzz.Options.Format switch
    {
        RecordFormat.Csv => new CsvRecordReader(fuzz.Options, fast ? CsvPaths[fuzz.Path % CsvPaths.Length] : CsvPath.Careful),
        RecordFormat.Json => new NdjsonRecordReader(fuzz.Options, vectorised: fast && fuzz.Path % 4 != 0),
        _ => RecordReaders.Create(fuzz.Options),
    };

    private static string? Difference(string what, IEnumerable<string> careful, IEnumerable<string> fast)
    {
        var (left, right) = (careful.ToList(), fast.ToList());
        var at = Enumerable.Range(0, Math.Max(left.Count, right.Count))
            .FirstOrDefault(index => left.ElementAtOrDefault(index) != right.ElementAtOrDefault(index), -1);
        return at < 0 ? null
            : $"The {what} differ, first in entry {at}.\ncareful: {left.ElementAtOrDefault(at)}\nfast:    {right.ElementAtOrDefault(at)}";
    }
}

/// <summary>What came of a case.</summary>
/// <param name="Difference">What differs, or null when nothing does.</param>
/// <param name="Compared">Records and errors that were compared; none when both failed with the same sentence.</param>
public readonly record struct FuzzResult(string? Difference, int Compared);
