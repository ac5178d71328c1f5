using DataFlow.Conformance;

namespace DataFlow.UnitTests.Conformance;

public sealed class SelectConformance : TransformConformance<SelectFixture>;

public sealed class SelectFixture : ITransformFixture
{
    public static string Kind => "select";

    public string Settings => "{ drop: [text], rename: { n: number }, set: { country: CH } }";
}
