using DataFlow.Fuzz;

namespace DataFlow.UnitTests.Formats;

/// <summary>A short run of the fuzzer, always the same cases; <c>dotnet run --project tests/DataFlow.Fuzz</c> goes on with others.</summary>
public sealed class FuzzTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void All_paths_of_all_readers_agree_on_damaged_input(int seed)
    {
        const int Cases = 8_000;
        var compared = 0;
        for (var number = 0; number < Cases; number++)
        {
            var fuzz = FuzzCase.Of(seed, number);
            var result = ReaderFuzz.Check(fuzz);
            Assert.True(result.Difference is null, $"{result.Difference}\n{fuzz}");
            compared += result.Compared;
        }

        Assert.True(compared > 3 * Cases, $"Only {compared} records were compared: the cases are too damaged to show anything.");
    }

    [Fact]
    public void A_case_can_be_made_again()
    {
        Assert.Equal(FuzzCase.Of(7, 123).ToString(), FuzzCase.Of(7, 123).ToString());
        Assert.NotEqual(FuzzCase.Of(7, 123).ToString(), FuzzCase.Of(7, 124).ToString());
    }
}
