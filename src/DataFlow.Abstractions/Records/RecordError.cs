using System.Globalization;

namespace DataFlow;

/// <summary>A record that could not be read, transformed or written. It goes to the dead letters; the rest goes on.</summary>
/// <param name="DeliveryId">The record's own identity: the same again when it is read again.</param>
/// <param name="Stage">Where it failed: <c>source</c>, <c>transform</c> or <c>sink</c>.</param>
/// <param name="Reason">A short stable code, for counting: <c>too-many-fields</c>, <c>invalid-json</c>.</param>
/// <param name="Message">A sentence for people: where, what was found, what is allowed.</param>
/// <param name="Raw">The bytes as they were read, cut at 1 MiB.</param>
/// <param name="Split">The split it came from (file, partition), or empty.</param>
/// <param name="Offset">Its position in the split, as people count: a line number for files.</param>
public sealed record RecordError(
    Guid DeliveryId, string Stage, string Reason, string Message, byte[] Raw, string Split, long Offset)
{
    /// <summary>The most of a bad record that is kept, in bytes. A longer one is cut here.</summary>
    public const int MaxRawBytes = 1 << 20;

    /// <summary>Where it failed and why, for people. The message of a source says by itself where in the split it was.</summary>
    public string Explanation
    {
        get
        {
            var place = SplitName.ForPeople(Split);
            return place.Length == 0 ? Message
                : Stage == Stages.Source ? $"{place}: {Message}"
                : string.Create(CultureInfo.InvariantCulture, $"{place}, record {Offset}: {Message}");
        }
    }

    /// <summary>Names of the stages.</summary>
    public static class Stages
    {
        /// <summary>Could not be read.</summary>
        public const string Source = "source";

        /// <summary>A transform refused it.</summary>
        public const string Transform = "transform";

        /// <summary>The sink refused it.</summary>
        public const string Sink = "sink";
    }
}
