namespace DataFlow.Transforms;

/// <summary>What a condition reads: a field, or metadata written with an @.</summary>
/// <param name="Name">Its name without the @.</param>
/// <param name="IsMetadata">True for metadata.</param>
internal readonly record struct Reference(string Name, bool IsMetadata);
