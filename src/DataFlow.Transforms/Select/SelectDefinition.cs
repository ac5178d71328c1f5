namespace DataFlow.Transforms;

/// <summary>The <c>select</c> transform.</summary>
internal static class SelectDefinition
{
    /// <summary>How it stands in the catalogue.</summary>
    public static TransformDefinition Definition { get; } = new()
    {
        Name = "select",
        Summary = "Chooses, orders, renames and drops fields, and adds constant ones.",
        OptionsType = typeof(SelectOptions),
        ShorthandOption = "fields",
        Example = "{ fields: [id, mail], rename: { mail: email }, set: { country: CH } }",
        Create = options => new SelectTransform((SelectOptions)options),
    };
}
