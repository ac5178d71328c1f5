namespace DataFlow.Transforms;

/// <summary>What a selection means for one schema. Immutable.</summary>
/// <param name="Schema">The columns afterwards.</param>
/// <param name="Columns">For each of them the column before, or <c>~i</c> for the i-th constant.</param>
/// <param name="Taken">Renamed columns whose new name another column has.</param>
internal sealed record Projection(RecordSchema Schema, int[] Columns, IReadOnlyList<TakenName> Taken);

/// <summary>A column that is to get a name which another column has.</summary>
/// <param name="From">0-based column with the old name.</param>
/// <param name="To">0-based column with the new name.</param>
internal readonly record struct TakenName(int From, int To);
