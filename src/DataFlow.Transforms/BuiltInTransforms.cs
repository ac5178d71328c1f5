namespace DataFlow.Transforms;

/// <summary>The transforms that every pipeline can use.</summary>
public static class BuiltInTransforms
{
    /// <summary>All of them, in the order of the reference.</summary>
    public static IReadOnlyList<TransformDefinition> All { get; } = [FilterDefinition.Definition, SelectDefinition.Definition];
}
