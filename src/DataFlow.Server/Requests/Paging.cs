using System.Globalization;
using DataFlow.Cluster;
using DataFlow.Server.Answers;

namespace DataFlow.Server.Requests;

/// <summary>Cuts lists into parts.</summary>
internal static class Paging
{
    /// <summary>Entries of a part, where the caller doesn't say.</summary>
    public const int DefaultLimit = 100;

    /// <summary>Most entries of a part.</summary>
    public const int MostEntries = 1000;

    /// <summary>Refuses a limit that makes no sense.</summary>
    /// <exception cref="RefusalException">It doesn't.</exception>
    public static void CheckLimit(int limit, int most = MostEntries)
    {
        if (limit < 1 || limit > most)
        {
            throw new RefusalException(RefusalKind.Invalid, string.Create(CultureInfo.InvariantCulture, $"limit is {limit}; allowed are 1 to {most}."));
        }
    }

    /// <summary>A part of a list that was asked for with one entry more than the limit, so as to know whether there are more.</summary>
    public static Page<T> Of<T>(IReadOnlyList<T> found, int limit, Func<T, string> keyOf) =>
        found.Count <= limit ? new Page<T>(found, Next: null) : new Page<T>([.. found.Take(limit)], keyOf(found[limit - 1]));
}
