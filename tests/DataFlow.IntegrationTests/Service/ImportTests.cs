using DataFlow.Engine.Configuration;
using DataFlow.Engine.Lifecycle;
using DataFlow.Server.Import;
using Microsoft.Extensions.DependencyInjection;

namespace DataFlow.IntegrationTests.Service;

/// <summary>Pipeline files that a service is started with.</summary>
public sealed class ImportTests(TestService service) : IClassFixture<TestService>
{
    [Fact]
    public async Task A_new_file_is_added_and_started_and_bringing_it_in_again_changes_nothing()
    {
        service.Write("new/a.yaml", Definitions.Endless("import-new"));

        Assert.Equal(ImportOutcome.Added, (await ImportAsync("new")).Outcome);
        Assert.Equal(ImportOutcome.Unchanged, (await ImportAsync("new")).Outcome);
        await service.ReachesAsync("import-new", "running");
        await Conformance.Eventually.IsAsync(async () =>
        {
            var answer = await service.GetAsync("pipelines/import-new");
            return (answer.Json["run"]?["counters"]?["delivered"]?.GetValue<long>() > 0, answer.Text);
        });
    }

    [Fact]
    public async Task A_changed_file_changes_a_running_pipeline_in_place()
    {
        service.Write("changed/a.yaml", Definitions.Endless("import-changed"));
        await ImportAsync("changed");
        await service.ReachesAsync("import-changed", "running");
        service.Write("changed/a.yaml", Definitions.Endless("import-changed", more: "workers: 1"));

        var imported = await ImportAsync("changed");

        Assert.Equal(ImportOutcome.Changed, imported.Outcome);
        Assert.Contains("workers", imported.Detail, StringComparison.Ordinal);
        var answer = await service.GetAsync("pipelines/import-changed");
        Assert.Equal("\"2\"", answer.ETag);
        Assert.Equal("running", answer.Json["state"]!.GetValue<string>());
    }

    [Fact]
    public async Task A_change_that_would_read_again_is_left_to_somebody_to_decide()
    {
        service.Write("other/in.csv", "id\n1\n");
        service.Write("other/a.yaml", Definitions.Csv("import-other", "in.csv"));
        await ImportAsync("other");
        await service.ReachesAsync("import-other", "completed");
        service.Write("other/a.yaml", Definitions.Csv("import-other", "in.csv").Replace("format: csv", "format: csv, encoding: utf-16"));

        var imported = await ImportAsync("other");

        Assert.Equal(ImportOutcome.LeftAlone, imported.Outcome);
        Assert.Contains("source.options.encoding", imported.Detail, StringComparison.Ordinal);
        Assert.Contains("reset its state", imported.Detail, StringComparison.Ordinal);
        Assert.Equal("\"1\"", (await service.GetAsync("pipelines/import-other")).ETag);
    }

    [Fact]
    public async Task A_pipeline_that_somebody_stopped_stays_stopped_and_one_that_failed_gets_its_mended_file_and_runs()
    {
        service.Write("kept/a.yaml", Definitions.Endless("import-stopped"));
        service.Write("kept/b.yaml", Definitions.Csv("import-failed", "missing.csv"));
        await ImportAsync("kept/a.yaml");
        await ImportAsync("kept/b.yaml");
        await service.ReachesAsync("import-failed", "failed");
        await service.PostAsync("pipelines/import-stopped/stop");
        service.Write("kept/there.csv", "id\n1\n");
        service.Write("kept/b.yaml", Definitions.Csv("import-failed", "there.csv"));

        Assert.Equal("known, stopped", (await ImportAsync("kept/a.yaml")).Detail);
        Assert.Equal(ImportOutcome.Changed, (await ImportAsync("kept/b.yaml")).Outcome);
        await service.ReachesAsync("import-failed", "completed");
    }

    [Fact]
    public void Files_that_do_not_validate_or_have_one_name_are_refused_before_anything_starts()
    {
        service.Write("alike/a.yaml", Definitions.Endless("alike"));
        service.Write("alike/b/c.yml", Definitions.Endless("Alike"));
        service.Write("alike/d.yaml", "name: broken\nsource: { type: tset }\nsink: { type: \"null\" }\n");
        service.Write("alike/.hidden/e.yaml", "not looked at");

        var refused = Assert.Throws<ConfigurationException>(() => PipelineFiles.Read([service.PathOf("alike")], BuiltInCatalogue.Instance));

        Assert.Equal(["source.type", "name"], refused.Problems.Select(problem => problem.Key));
        Assert.Contains("same name", refused.Problems[1].Message, StringComparison.Ordinal);
        Assert.Throws<ConfigurationException>(() => PipelineFiles.Read([service.PathOf("nowhere.yaml")], BuiltInCatalogue.Instance));
    }

    private async Task<ImportedPipeline> ImportAsync(string path)
    {
        var file = Assert.Single(PipelineFiles.Read([service.PathOf(path)], BuiltInCatalogue.Instance));
        return await new PipelineImport(service.Pipelines, service.Services.GetRequiredService<IServiceStore>())
            .ImportAsync(file, TestContext.Current.CancellationToken);
    }
}
