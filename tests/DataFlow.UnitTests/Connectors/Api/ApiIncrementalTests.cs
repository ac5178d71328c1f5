using DataFlow.Conformance;
using static DataFlow.Conformance.TestApiAnswers;

namespace DataFlow.UnitTests.Connectors;

public sealed class ApiIncrementalTests
{
    private static readonly (string, string)[] ByTime =
        [("incremental-param", "since"), ("incremental-path", "meta.updated_at"), ("pagination-type", "page"), ("pagination-size", "2")];

    private readonly FileSourceContext _context = ApiRun.Impatient();

    [Fact]
    public async Task Only_what_is_newer_is_asked_for_and_what_comes_again_is_left_out()
    {
        var now = 10;
        await using var api = await TestApi.OfJsonAsync((context, _) =>
        {
            var since = context.Request.Query["since"].ToString();
            var all = Enumerable.Range(1, now).Select(id => (Id: id, At: $"2024-01-01T10:{id / 3:00}:00Z"));
            var page = all.Where(item => string.CompareOrdinal(item.At, since) >= 0).Skip((context.Number("page") - 1) * 2).Take(2);
            return $$"""{"data":[{{string.Join(',', page.Select(item => $$$"""{"id":{{{item.Id}}},"meta":{"updated_at":"{{{item.At}}}"}}"""))}}]}""";
        });

        var first = await ApiRun.ToEnd(_context, api.Address, ByTime);
        now = 14;
        var second = await ApiRun.ToEnd(_context, api.Address, ByTime);

        Assert.Equal(Enumerable.Range(1, 10).Select(id => $"{id}"), first.Ids);
        Assert.Equal("/?page=1&per_page=2", api.Targets.First());
        Assert.Contains("/?page=1&per_page=2&since=2024-01-01T10%3A03%3A00Z", api.Targets);
        Assert.Equal(["11", "12", "13", "14"], second.Ids);
        Assert.Equal(2, second.Deduplicated);
        Assert.Equal(14, _context.Positions["api"].Offset);
    }

    [Fact]
    public async Task A_restart_in_the_middle_of_a_poll_goes_on_with_the_next_page_of_the_same_window()
    {
        await using var api = await TestApi.OfJsonAsync((context, _) =>
        {
            var page = context.Number("page");
            return $$"""{"data":[{{string.Join(',', Enumerable.Range(page * 2, page < 4 ? 2 : 0).Select(id => $$$"""{"id":{{{id}}},"meta":{"updated_at":"{{{2030 - id}}}-01-01"}}"""))}}]}""";
        });
        await using (var cut = new ApiRun(_context, api.Address, ByTime))
        {
            await cut.Next();
            await cut.Next();
        }

        var rest = await ApiRun.ToEnd(_context, api.Address, ByTime);
        await ApiRun.ToEnd(_context, api.Address, ByTime);

        Assert.Equal(["6", "7"], rest.Ids);
        Assert.Equal(["page=1", "page=2", "page=3", "page=4", "page=1"], api.Targets.Take(5).Select(target => target.Split('?')[1].Split('&')[0]));
        Assert.EndsWith("&since=2028-01-01", api.Targets.ElementAt(4));
    }

    [Theory]
    [InlineData("2024-01-01T10:00:00Z", "2024-01-01T09:50:00Z")]
    [InlineData("2024-01-01T10:00:00.25+02:00", "2024-01-01T09:50:00.25+02:00")]
    [InlineData("1704103200", "1704102600")]
    [InlineData("1704103200000", "1704102600000")]
    public async Task A_lookback_asks_for_more_in_the_way_that_the_API_writes_time(string newest, string asked)
    {
        await using var api = await TestApi.OfJsonAsync($$"""{"data":[{"id":1,"at":"{{newest}}"}]}""");
        (string, string)[] options = [("incremental-param", "since"), ("incremental-path", "at"), ("incremental-lookback", "10m"), ("incremental-start", "2023-12-01")];

        await ApiRun.ToEnd(_context, api.Address, options);
        var again = await ApiRun.ToEnd(_context, api.Address, options);

        Assert.Equal("/?since=2023-12-01", api.Targets.First());
        Assert.Equal($"/?since={Uri.EscapeDataString(asked)}", api.Targets.Last());
        Assert.Empty(again.Records);
        Assert.Equal(1, again.Deduplicated);
    }

    [Fact]
    public async Task A_record_that_has_changed_is_new_and_equal_ones_in_one_page_are_all_delivered()
    {
        var answers = new Queue<string>(
        [
            """{"data":[{"id":1,"at":"2024-01-01"},{"id":2,"at":"2024-01-02"},{"id":2,"at":"2024-01-02"}]}""",
            """{"data":[{"id":2,"at":"2024-01-02","x":"noise"},{"id":1,"at":"2024-01-03"},{"at":null}]}""",
        ]);
        await using var api = await TestApi.OfJsonAsync((_, _) => answers.Dequeue());
        (string, string)[] options = [("incremental-param", "since"), ("incremental-path", "at"), ("incremental-lookback", "7d")];

        var plain = await ApiRun.ToEnd(_context, api.Address, options);
        Assert.Equal(["1", "2", "2"], plain.Ids);
        Assert.Equal(3, plain.Records.Select(record => record.DeliveryId).Distinct().Count());

        var keyed = ApiRun.Impatient();
        answers.Enqueue("""{"data":[{"id":1,"at":"2024-01-01"},{"id":2,"at":"2024-01-02"}]}""");
        answers.Enqueue(answers.Peek().Replace("noise", "other"));
        answers.Dequeue();
        await ApiRun.ToEnd(keyed, api.Address, [.. options, ("deduplicate-by", "id")]);
        var second = await ApiRun.ToEnd(keyed, api.Address, [.. options, ("deduplicate-by", "id")]);

        Assert.Equal(["2024-01-03", ""], second.Records.Select(record => record["at"]));
        Assert.Equal(1, second.Deduplicated);
    }

    [Fact]
    public async Task An_unchanged_answer_is_not_sent_again()
    {
        var tag = "\"v1\"";
        await using var api = await TestApi.StartAsync((context, _) =>
        {
            context.Response.Headers.ETag = tag;
            context.Response.Headers.LastModified = "Mon, 01 Jan 2024 09:00:00 GMT";
            return context.Request.Headers.IfNoneMatch == tag ? context.JsonAsync("", 304) : context.JsonAsync($$"""{"data":{{Users(1, 3)}}}""");
        });

        Assert.Equal(3, (await ApiRun.ToEnd(_context, api.Address)).Records.Count);
        Assert.Empty((await ApiRun.ToEnd(_context, api.Address)).Records);
        Assert.Empty((await ApiRun.ToEnd(_context, api.Address)).Records);
        tag = "\"v2\"";
        Assert.Equal(3, (await ApiRun.ToEnd(_context, api.Address)).Records.Count);

        Assert.Equal("Mon, 01 Jan 2024 09:00:00 GMT", api.Requests[2].Headers["If-Modified-Since"]);
        Assert.Equal("\"v1\"", api.Requests[3].Headers["If-None-Match"]);
    }

    [Fact]
    public async Task A_change_in_the_second_of_the_answer_is_not_missed()
    {
        await using var api = await TestApi.StartAsync((context, _) =>
        {
            context.Response.Headers.LastModified = context.Response.Headers.Date = "Mon, 01 Jan 2024 09:00:00 GMT";
            return context.JsonAsync($$"""{"data":{{Users(1, 3)}}}""");
        });

        await ApiRun.ToEnd(_context, api.Address);
        await ApiRun.ToEnd(_context, api.Address);

        Assert.DoesNotContain("If-Modified-Since", api.Requests[1].Headers.Keys);
    }

    [Fact]
    public async Task A_poll_of_several_pages_is_never_skipped_because_its_first_page_is_unchanged()
    {
        await using var api = await TestApi.StartAsync((context, _) =>
        {
            context.Response.Headers.ETag = "\"v1\"";
            return context.JsonAsync($$"""{"data":{{Users(context.Number("page"), context.Number("page") < 2 ? 1 : 0)}}}""");
        });
        (string, string)[] options = [("pagination-type", "page"), ("pagination-size", "1")];

        await ApiRun.ToEnd(_context, api.Address, options);
        await ApiRun.ToEnd(_context, api.Address, options);

        Assert.All(api.Requests, request => Assert.DoesNotContain("If-None-Match", request.Headers.Keys));
    }
}
