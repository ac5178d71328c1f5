using System.Security.Cryptography;
using System.Text;

namespace DataFlow.Engine.State;

/// <summary>Positions of splits as the columns of their table: one array each, so that ten thousand are one statement.</summary>
internal readonly struct PostgresSplits
{
    /// <summary>Ends an insertion of these columns.</summary>
    public const string OnConflict =
        """
        on conflict (pipeline, split_key) do update set position_offset = excluded.position_offset, position = excluded.position
        """;

    public PostgresSplits(IReadOnlyDictionary<string, SplitPosition> splits)
    {
        Names = [.. splits.Keys];
        Keys = KeysOf(Names);
        Offsets = [.. splits.Values.Select(position => position.Offset)];
        Positions = [.. splits.Values.Select(position => position.Json)];
    }

    public byte[][] Keys { get; }

    public string[] Names { get; }

    public long[] Offsets { get; }

    public string[] Positions { get; }

    public static byte[][] KeysOf(IReadOnlyCollection<string> names) =>
        [.. names.Select(name => SHA256.HashData(Encoding.UTF8.GetBytes(PostgresText.Escape(name))))];
}
