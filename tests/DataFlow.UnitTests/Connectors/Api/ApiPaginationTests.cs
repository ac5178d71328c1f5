using DataFlow.Conformance;
using static DataFlow.Conformance.TestApiAnswers;

namespace DataFlow.UnitTests.Connectors;

public sealed class ApiPaginationTests
{
    [Fact]
    [Trait("claim", "API-06")]
    [Trait("claim", "API-07")]
    [Trait("claim", "API-08")]
    [Trait("claim", "API-09")]
    [Trait("claim", "API-10")]
    public async Task Offset_asks_for_0_100_200_and_ends_at_a_short_page()
    {
        await using var api = await TestApi.OfJsonAsync((context, _) => Page(context.Number("offset"), Math.Min(100, 250 - context.Number("offset"))));

        var run = await ApiRun.ToEnd(new Uri(api.Address, "/api/users"), ("pagination-type", "offset"));

        Assert.Equal(["/api/users?offset=0&limit=100", "/api/users?offset=100&limit=100", "/api/users?offset=200&limit=100"], api.Targets);
        Assert.Equal(Enumerable.Range(0, 250).Select(id => $"{id}"), run.Ids);
        Assert.Equal(250, run.Context.Positions["api"].Offset);
    }

    [Fact]
    [Trait("claim", "API-10")]
    public async Task Offset_ends_at_an_empty_page()
    {
        await using var api = await TestApi.OfJsonAsync((context, _) => Page(context.Number("skip"), context.Number("skip") < 20 ? 10 : 0));

        var run = await ApiRun.ToEnd(api.Address, ("pagination-type", "offset"), ("pagination-param", "skip"), ("pagination-size-param", "take"), ("pagination-size", "10"));

        Assert.Equal(["/?skip=0&take=10", "/?skip=10&take=10", "/?skip=20&take=10"], api.Targets);
        Assert.Equal(20, run.Records.Count);
    }

    [Fact]
    [Trait("claim", "API-08")]
    [Trait("claim", "API-11")]
    public async Task Page_starts_at_1()
    {
        await using var api = await TestApi.OfJsonAsync((context, _) => Page((context.Number("page") - 1) * 50, context.Number("page") < 3 ? 50 : 7));

        var run = await ApiRun.ToEnd(new Uri(api.Address, "/api/users"), ("pagination-type", "page"), ("pagination-param", "page"), ("pagination-size-param", "per_page"), ("pagination-size", "50"));

        Assert.Equal(["/api/users?page=1&per_page=50", "/api/users?page=2&per_page=50", "/api/users?page=3&per_page=50"], api.Targets);
        Assert.Equal(107, run.Records.Count);
    }

    [Theory]
    [Trait("claim", "API-12")]
    [Trait("claim", "API-13")]
    [InlineData("next_cursor")]
    [InlineData("nextCursor")]
    [InlineData("cursor")]
    public async Task The_next_cursor_is_found_under_its_usual_names(string name)
    {
        await using var api = await TestApi.OfJsonAsync(
            $$"""{"{{name}}":"abc123","data":{{Users(1, 2)}}}""", $$"""{"data":{{Users(3, 2)}},"{{name}}":"x/y+z"}""", $$"""{"data":{{Users(5, 1)}},"{{name}}":null}""");

        var run = await ApiRun.ToEnd(new Uri(api.Address, "/api/users"), ("pagination-type", "cursor"));

        Assert.Equal(["/api/users?limit=100", "/api/users?cursor=abc123&limit=100", "/api/users?cursor=x%2Fy%2Bz&limit=100"], api.Targets);
        Assert.Equal(["1", "2", "3", "4", "5"], run.Ids);
    }

    [Theory]
    [Trait("claim", "API-13")]
    [InlineData("""{"next_cursor":"a","nextCursor":"b","cursor":"c","data":[]}""", "a")]
    [InlineData("""{"cursor":"c","nextCursor":"b","data":[]}""", "b")]
    [InlineData("""{"next_cursor":"","cursor":"c","data":[]}""", "c")]
    [InlineData("""{"cursor":17,"data":[]}""", "17")]
    public async Task Cursor_names_are_tried_in_their_order(string first, string cursor)
    {
        await using var api = await TestApi.OfJsonAsync(first, """{"data":[]}""");

        await ApiRun.ToEnd(api.Address, ("pagination-type", "cursor"));

        Assert.Equal($"/?cursor={cursor}&limit=100", api.Targets.Last());
    }

    [Fact]
    public async Task A_Link_header_leads_from_page_to_page()
    {
        await using var api = await TestApi.StartAsync((context, _) =>
        {
            var page = context.Number("page", 1);
            if (page < 3)
            {
                context.Response.Headers.Link =
                    $"<{context.Request.Scheme}://{context.Request.Host}/issues?state=a,b&page={page + 1}>; rel=\"next\", </issues?page=3>; rel=\"last\"";
            }

            return context.JsonAsync(Users(page * 10, 2));
        });

        var run = await ApiRun.ToEnd(new Uri(api.Address, "/issues?state=a,b"), ("pagination-type", "link-header"), ("response-path", "."));

        Assert.Equal(["/issues?state=a,b", "/issues?state=a,b&page=2", "/issues?state=a,b&page=3"], api.Targets);
        Assert.Equal(["10", "11", "20", "21", "30", "31"], run.Ids);
    }

    [Fact]
    public async Task An_OData_answer_names_the_address_of_its_next_page()
    {
        await using var api = await TestApi.OfJsonAsync(
            """{"@odata.context":"$metadata#People","value":[{"id":1}],"@odata.nextLink":"/People?$skiptoken=8"}""",
            """{"value":[{"id":2}]}""");

        var run = await ApiRun.ToEnd(new Uri(api.Address, "/People"), ("pagination-type", "next-url"), ("next-url-path", "['@odata.nextLink']"), ("response-path", "value"));

        Assert.Equal(["/People", "/People?$skiptoken=8"], api.Targets);
        Assert.Equal(["1", "2"], run.Ids);
    }

    private static string Page(int from, int count) => $$"""{"data":{{Users(from, count)}}}""";
}
