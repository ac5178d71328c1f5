using System.Net;
using System.Text.Json.Nodes;

namespace DataFlow.IntegrationTests.Service;

/// <summary>Positions and dead letters, over HTTP.</summary>
public sealed class StateApiTests(TestService service) : IClassFixture<TestService>
{
    private const string Messy = "id,name\n1,Ann\n2,Bob,x\n3,Cy\n4,Di,x,y\n5,\"Eve\n";

    [Fact]
    public async Task Positions_and_counters_are_shown_moved_and_forgotten()
    {
        await CompletedAsync("moved", "id\n1\n2\n3\n");
        var state = (await service.GetAsync("pipelines/moved/state")).Is(HttpStatusCode.OK).Json;
        Assert.Equal(3, state["counters"]!["delivered"]!.GetValue<int>());
        var (split, position) = Assert.Single(state["splits"]!.AsObject());

        var sought = (await service.PostAsync("pipelines/moved/state/seek", """{ "offset": 2 }""")).Is(HttpStatusCode.OK).Json;
        Assert.Equal(state["generation"]!.GetValue<int>() + 1, sought["generation"]!.GetValue<int>());
        Assert.Contains(sought["splits"]!.AsObject(), entry => entry.Value!["offset"]!.GetValue<int>() == 2);
        var whole = new JsonObject { ["split"] = split, ["offset"] = position!["offset"]!.DeepClone(), ["position"] = position["position"]!.DeepClone() };
        var back = (await service.PostAsync("pipelines/moved/state/seek", whole.ToJsonString())).Is(HttpStatusCode.OK).Json;
        Assert.True(JsonNode.DeepEquals(position, back["splits"]![split]));
        (await service.PostAsync("pipelines/moved/state/reset")).Is(HttpStatusCode.NoContent);
        Assert.Empty((await service.GetAsync("pipelines/moved/state")).Json["splits"]!.AsObject());
    }

    [Fact]
    public async Task A_seek_that_leads_nowhere_is_refused()
    {
        await CompletedAsync("lost", "id\n1\n");

        await RefusesAsync("""{ "offset": -1 }""", "-1 is no offset");
        await RefusesAsync("""{ "offset": 1, "split": "elsewhere.csv" }""", "no split 'elsewhere.csv'", "There are:");
        await RefusesAsync("""{ "position": { "v": 1 } }""", "'split'");
        await RefusesAsync("{}", "'offset'");
        await RefusesAsync("""{ "ofset": 1 }""", "$.ofset");
        await RefusesAsync("""{ "offset": "one" }""", "$.offset");
        await RefusesAsync("[", "line 1");

        async Task RefusesAsync(string body, params string[] words) =>
            (await service.PostAsync("pipelines/lost/state/seek", body)).IsProblem(HttpStatusCode.BadRequest, "bad-request", words);
    }

    [Fact]
    public async Task The_state_of_a_pipeline_that_runs_stays_as_it_is()
    {
        await service.AddAsync(Definitions.Endless("moving"), start: true);

        (await service.PostAsync("pipelines/moving/state/reset")).IsProblem(HttpStatusCode.Conflict, "conflict", "stop it first");
        (await service.PostAsync("pipelines/moving/state/seek", """{ "offset": 0 }""")).IsProblem(HttpStatusCode.Conflict, "conflict", "stop it first");
        (await service.PostAsync("pipelines/moving/dead-letters/replay")).IsProblem(HttpStatusCode.Conflict, "conflict", "stop it first");
    }

    [Fact]
    public async Task A_pipeline_that_never_ran_has_no_state()
    {
        await service.AddAsync(Definitions.Endless("fresh"));

        (await service.GetAsync("pipelines/fresh/state")).IsProblem(HttpStatusCode.NotFound, "not-found", "it has not run yet");
    }

    [Fact]
    public async Task Dead_letters_are_listed_in_parts_shown_and_counted()
    {
        await CompletedAsync("messy", Messy);

        var all = (await service.GetAsync("pipelines/messy/dead-letters")).Is(HttpStatusCode.OK).Json;
        var letters = all["items"]!.AsArray();
        Assert.Equal(3, letters.Count);
        Assert.Equal(2, all["counts"]!["too-many-fields"]!.GetValue<int>());
        Assert.All(letters, letter => Assert.Null(letter!["raw"]));
        var first = (await service.GetAsync("pipelines/messy/dead-letters?limit=2")).Json;
        Assert.Equal(letters[1]!["id"]!.ToString(), first["next"]!.GetValue<string>());
        var second = (await service.GetAsync($"pipelines/messy/dead-letters?limit=2&after={first["next"]}")).Json;
        Assert.Equal(letters[2]!["id"]!.GetValue<long>(), Assert.Single(second["items"]!.AsArray())!["id"]!.GetValue<long>());
        Assert.Equal(2, (await service.GetAsync("pipelines/messy/dead-letters?reason=too-many-fields&stage=source")).Json["items"]!.AsArray().Count);
        var one = (await service.GetAsync($"pipelines/messy/dead-letters/{letters[0]!["id"]}")).Is(HttpStatusCode.OK).Json;
        Assert.Equal("2,Bob,x", one["text"]!.GetValue<string>().TrimEnd('\n'));
        Assert.Equal(one["text"]!.GetValue<string>(), System.Text.Encoding.UTF8.GetString(Convert.FromBase64String(one["raw"]!.GetValue<string>())));
        (await service.GetAsync("pipelines/messy/dead-letters/999999")).IsProblem(HttpStatusCode.NotFound, "not-found", "999999");
        (await service.GetAsync("pipelines/messy/dead-letters?status=lost")).IsProblem(HttpStatusCode.BadRequest, "bad-request", "open, replayed, any");
        (await service.GetAsync("pipelines/messy/dead-letters/first")).IsProblem(HttpStatusCode.NotFound, "not-found");
    }

    [Fact]
    public async Task Dead_letters_are_replayed_with_the_mended_definition_and_what_is_left_is_deleted()
    {
        await CompletedAsync("mended", Messy);
        (await service.SendAsync(HttpMethod.Put, "pipelines/mended", Definitions.Csv("mended", "mended.csv").Replace("format: csv", "format: csv, max-fields: 2000, extra-fields: keep"), ifMatch: "*"))
            .IsProblem(HttpStatusCode.UnprocessableEntity, "invalid-definition");

        var replay = (await service.PostAsync("pipelines/mended/dead-letters/replay", """{ "reason": "too-many-fields" }""")).Is(HttpStatusCode.OK).Json;
        Assert.Equal((0, 2), (replay["delivered"]!.GetValue<int>(), replay["failed"]!.GetValue<int>()));
        (await service.SendAsync(HttpMethod.Delete, "pipelines/mended/dead-letters")).IsProblem(HttpStatusCode.BadRequest, "bad-request", "all=true");
        Assert.Equal(2, (await service.SendAsync(HttpMethod.Delete, "pipelines/mended/dead-letters?reason=too-many-fields")).Is(HttpStatusCode.OK).Json["deleted"]!.GetValue<int>());
        Assert.Equal(1, (await service.SendAsync(HttpMethod.Delete, "pipelines/mended/dead-letters?all=true")).Json["deleted"]!.GetValue<int>());
        Assert.Empty((await service.GetAsync("pipelines/mended/dead-letters")).Json["items"]!.AsArray());
        var history = (await service.GetAsync("pipelines/mended/history")).Is(HttpStatusCode.OK).Json["items"]!.AsArray()
            .Where(entry => entry!["event"]!.GetValue<string>() == "dead-letters-deleted").Select(entry => entry!["detail"]!.GetValue<string>());
        Assert.Equal(["1 deleted (open)", "2 deleted (open, reason too-many-fields)"], history);
    }

    private async Task CompletedAsync(string name, string csv)
    {
        service.Write($"{name}.csv", csv);
        await service.AddAsync(Definitions.Csv(name, $"{name}.csv"), start: true);
        await service.ReachesAsync(name, "completed");
    }
}
