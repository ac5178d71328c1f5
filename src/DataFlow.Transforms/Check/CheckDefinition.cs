namespace DataFlow.Transforms;

/// <summary>The <c>check</c> transform.</summary>
internal static class CheckDefinition
{
    /// <summary>How it stands in the catalogue.</summary>
    public static TransformDefinition Definition { get; } = new()
    {
        Name = "check",
        Summary = "Holds records against rules of data quality; those that don't meet them become dead letters with the reason.",
        OptionsType = typeof(CheckOptions),
        Example = "{ rules: { positive-amount: \"amount > 0\", has-mail: \"mail LIKE '%_@_%'\" } }",
        Create = options => new CheckTransform((CheckOptions)options),
    };
}
