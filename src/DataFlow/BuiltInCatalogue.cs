using DataFlow.Connectors;
using DataFlow.Transforms;

namespace DataFlow;

/// <summary>Everything that comes with the product: an explicit list.</summary>
public static class BuiltInCatalogue
{
    /// <summary>The built-in sources, sinks and transforms.</summary>
    public static Catalogue Instance { get; } = new(BuiltInConnectors.Sources, BuiltInConnectors.Sinks, BuiltInTransforms.All);
}
