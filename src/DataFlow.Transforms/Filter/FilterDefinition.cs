namespace DataFlow.Transforms;

/// <summary>The <c>filter</c> transform.</summary>
internal static class FilterDefinition
{
    /// <summary>How it stands in the catalogue.</summary>
    public static TransformDefinition Definition { get; } = new()
    {
        Name = "filter",
        Summary = "Keeps the records that meet a SQL condition.",
        OptionsType = typeof(FilterOptions),
        ShorthandOption = "condition",
        Example = "\"age >= 18\"",
        Create = options => new FilterTransform((FilterOptions)options),
    };
}
