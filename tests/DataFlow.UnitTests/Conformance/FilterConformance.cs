using DataFlow.Conformance;

namespace DataFlow.UnitTests.Conformance;

public sealed class FilterConformance : TransformConformance<FilterFixture>;

public sealed class FilterFixture : ITransformFixture
{
    public static string Kind => "filter";

    public string Settings => "\"n >= 10 OR text IS NULL\"";
}
