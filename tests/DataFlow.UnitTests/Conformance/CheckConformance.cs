using DataFlow.Conformance;

namespace DataFlow.UnitTests.Conformance;

public sealed class CheckConformance : TransformConformance<CheckFixture>;

public sealed class CheckFixture : ITransformFixture
{
    public static string Kind => "check";

    public string Settings => "{ rules: { small: \"n < 10\", said: \"text IS NOT NULL\" } }";
}
