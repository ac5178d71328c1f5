using Microsoft.Extensions.DependencyInjection;

namespace DataFlow.UnitTests.Samples;

public sealed class AddASourceTests
{
    [Fact]
    [Trait("claim", "SRC-13")]
    public async Task A_source_of_ones_own_is_a_class_and_one_line()
    {
        var folder = Directory.CreateTempSubdirectory("dataflow-test-");
        try
        {
            await File.WriteAllTextAsync(Path.Combine(folder.FullName, "b.csv"), "12345");
            await File.WriteAllTextAsync(Path.Combine(folder.FullName, "a.csv"), "1");
            await File.WriteAllTextAsync(Path.Combine(folder.FullName, "c.txt"), "1");
            var services = new ServiceCollection();

            // <register>
            services.AddDataFlow(options => options.StateDirectory = Path.Combine(folder.FullName, "state"))
                .AddSource<FolderListingSource, FolderListingOptions>("folder-listing", new SourceRegistration
                {
                    Summary = "Lists the files of a folder.",
                    ConnectionIsPath = true,
                    Capabilities = new SourceCapabilities(Replayable: true),
                });

            // </register>
            await using var provider = services.BuildServiceProvider();

            // <use>
            var source = provider.GetRequiredService<SourceFactory>().Create("listing", new SourceConfig
            {
                SourceType = "folder-listing",
                ConnectionString = folder.FullName,
                Options = new Dictionary<string, string> { ["suffix"] = ".csv" },
            });
            var names = new List<string>();
            await foreach (var record in source.Stream())
            {
                names.Add($"{record["name"]} {record.GetInt64("bytes")}");
            }

            // </use>
            Assert.Equal(["a.csv 1", "b.csv 5"], names);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
