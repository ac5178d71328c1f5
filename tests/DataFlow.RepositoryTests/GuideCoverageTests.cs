using System.Reflection;

namespace DataFlow.RepositoryTests;

/// <summary>docs/guide-coverage.md says the truth: a claim is proven exactly when a test carries its id.</summary>
public sealed class GuideCoverageTests
{
    private static readonly string[] Statuses = ["proven", "open", "unverified"];

    [Fact]
    public void Every_proven_claim_names_tests_that_carry_its_id()
    {
        var tests = TestsByClaim();
        foreach (var row in Rows().Where(row => row.Status == "proven"))
        {
            Assert.True(tests.TryGetValue(row.Id, out var carrying), $"{row.Id} is called proven, but no test carries [Trait(\"claim\", \"{row.Id}\")].");
            Assert.True(row.Test.Length > 0, $"{row.Id} names no test.");
            foreach (var name in row.Test.Split(',', StringSplitOptions.TrimEntries))
            {
                Assert.True(carrying.Contains(name.Trim('`')), $"{row.Id} names {name}, but the tests that carry its id are: {string.Join(", ", carrying)}.");
            }
        }
    }

    [Fact]
    public void Every_claim_that_a_test_carries_is_listed_as_proven()
    {
        var rows = Rows().ToDictionary(row => row.Id);
        foreach (var (claim, tests) in TestsByClaim())
        {
            Assert.True(rows.TryGetValue(claim, out var row), $"{tests.First()} carries the unknown claim {claim}.");
            Assert.True(row.Status == "proven", $"{tests.First()} carries {claim}, which the table calls {row.Status}.");
        }
    }

    [Fact]
    public void Every_row_has_a_known_status_and_an_id_of_its_own()
    {
        var rows = Rows();
        Assert.Equal(222, rows.Count);
        Assert.Equal(rows.Count, rows.Select(row => row.Id).Distinct().Count());
        Assert.All(rows, row => Assert.Contains(row.Status, Statuses));
    }

    private static List<Row> Rows() =>
    [
        .. File.ReadLines(Repository.PathOf("docs", "guide-coverage.md"))
            .Select(line => line.Split('|', StringSplitOptions.TrimEntries))
            .Where(cells => cells.Length >= 5 && cells[1].Contains('-', StringComparison.Ordinal) && char.IsAsciiDigit(cells[1][^1]))
            .Select(cells => new Row(cells[1], cells[2], cells[3])),
    ];

    private static Dictionary<string, HashSet<string>> TestsByClaim()
    {
        var tests = new Dictionary<string, HashSet<string>>();
        foreach (var assembly in Repository.TestAssemblies())
        {
            foreach (var method in assembly.GetTypes().SelectMany(type => type.GetMethods()))
            {
                if (method.GetCustomAttribute<FactAttribute>() is null)
                {
                    continue;
                }

                var traits = method.GetCustomAttributes<TraitAttribute>().Concat(method.ReflectedType!.GetCustomAttributes<TraitAttribute>());
                foreach (var trait in traits.Where(trait => trait.Name == "claim"))
                {
                    if (!tests.TryGetValue(trait.Value, out var names))
                    {
                        tests[trait.Value] = names = [];
                    }

                    names.Add($"{method.ReflectedType!.Name}.{method.Name}");
                }
            }
        }

        return tests;
    }

    private sealed record Row(string Id, string Status, string Test);
}
