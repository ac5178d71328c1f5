namespace DataFlow.Transforms;

/// <summary>The transforms that every pipeline can use.</summary>
public static class BuiltInTransforms
{
    /// <summary>All of them, in the order of the reference.</summary>
    public static IReadOnlyList<TransformDefinition> All { get; } = [FilterDefinition.Definition, SelectDefinition.Definition, CheckDefinition.Definition];

    /// <summary>Makes a filter.</summary>
    /// <param name="condition">A SQL condition, as in a pipeline file.</param>
    /// <exception cref="OptionException">It is none; says where it goes wrong.</exception>
    public static ITransform Filter(string condition) => new FilterTransform(new FilterOptions { Condition = condition });
}
