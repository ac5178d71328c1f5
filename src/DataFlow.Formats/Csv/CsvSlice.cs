namespace DataFlow.Formats;

/// <summary>Where a record, or a line that is none, stands in the buffer.</summary>
/// <param name="Start">First byte.</param>
/// <param name="ContentEnd">Where it ends without its separator.</param>
/// <param name="End">Where the next one starts, or -1 when the end is not visible.</param>
/// <param name="Lines">Physical lines.</param>
internal readonly record struct CsvSlice(int Start, int ContentEnd, int End, int Lines)
{
    /// <summary>Length without the separator.</summary>
    public int Length => ContentEnd - Start;
}
