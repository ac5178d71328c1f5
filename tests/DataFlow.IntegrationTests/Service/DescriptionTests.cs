using System.Net;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using DataFlow.Server.OpenApi;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace DataFlow.IntegrationTests.Service;

/// <summary>The description of the API, for programs and for people.</summary>
public sealed partial class DescriptionTests(TestService service) : IClassFixture<TestService>
{
    [Fact]
    public async Task The_document_that_is_served_is_the_one_in_the_repository()
    {
        var served = (await service.GetAsync("openapi/v1.json")).Is(HttpStatusCode.OK);
        var written = JsonNode.Parse(await ApiDocument.WriteAsync(TestContext.Current.CancellationToken));

        Assert.True(JsonNode.DeepEquals(written, served.Json));
    }

    [Fact]
    public async Task Every_endpoint_is_described_with_its_parameters_answers_and_problems()
    {
        var document = (await service.GetAsync("openapi/v1.json")).Json;
        var described = document["paths"]!.AsObject()
            .SelectMany(path => path.Value!.AsObject().Select(operation => (Name: $"{operation.Key} {path.Key}", Operation: operation.Value!)))
            .ToList();

        Assert.All(described, endpoint =>
        {
            Assert.NotNull(endpoint.Operation["summary"]);
            Assert.NotNull(endpoint.Operation["operationId"]);
            Assert.All(endpoint.Operation["parameters"]?.AsArray() ?? [], parameter => Assert.NotNull(parameter!["description"]));
            var responses = endpoint.Operation["responses"]!.AsObject();
            Assert.Contains(responses, response => response.Key.StartsWith('2'));
            Assert.All((string[])["400", "401", "403", "500", "503"], status => Assert.NotNull(responses[status]!["content"]!["application/problem+json"]));
        });
        var routes = service.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(route => route.Metadata.GetMetadata<Microsoft.AspNetCore.Http.Metadata.ITagsMetadata>() is not null)
            .Select(route => $"{route.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods[0].ToLowerInvariant()} /{Constraint().Replace(route.RoutePattern.RawText!.Trim('/'), "}")}")
            .Order(StringComparer.Ordinal);
        Assert.Equal(routes, described.Select(endpoint => endpoint.Name).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Every_endpoint_asks_for_a_right()
    {
        var routes = service.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(route => route.Metadata.GetMetadata<Microsoft.AspNetCore.Http.Metadata.ITagsMetadata>() is not null)
            .ToList();

        Assert.NotEmpty(routes);
        Assert.All(routes, route =>
        {
            var policy = Assert.Single(route.Metadata.GetOrderedMetadata<Microsoft.AspNetCore.Authorization.IAuthorizeData>()).Policy;
            var changes = route.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods[0] != "GET" && !route.RoutePattern.RawText!.EndsWith("/plan", StringComparison.Ordinal);
            Assert.Equal(changes ? "write" : "read", policy);
        });
    }

    [Fact]
    public async Task The_page_for_people_needs_nothing_from_elsewhere()
    {
        var home = (await service.SendAsync(HttpMethod.Get, "", accept: "text/html")).Is(HttpStatusCode.OK);
        var page = (await service.SendAsync(HttpMethod.Get, "docs/", accept: "text/html")).Is(HttpStatusCode.OK);

        Assert.Equal(page.Text, home.Text);
        Assert.DoesNotContain("//", WithoutComments().Replace(page.Text, ""), StringComparison.Ordinal);
        var scripts = Script().Matches(page.Text).Select(match => match.Groups["src"].Value).ToList();
        Assert.NotEmpty(scripts);
        foreach (var script in scripts)
        {
            (await service.GetAsync($"docs/{script}")).Is(HttpStatusCode.OK);
        }
    }

    [Fact]
    public async Task The_catalogue_is_served_with_the_schema_of_every_kind()
    {
        var connectors = (await service.GetAsync("connectors")).Is(HttpStatusCode.OK).Json["items"]!.AsArray();

        Assert.Equal(
            BuiltInCatalogue.Instance.Sources.Count + BuiltInCatalogue.Instance.Sinks.Count + BuiltInCatalogue.Instance.Transforms.Count, connectors.Count);
        foreach (var connector in connectors)
        {
            var one = (await service.GetAsync($"connectors/{connector!["role"]}/{connector["name"]}")).Is(HttpStatusCode.OK).Json;
            Assert.Equal("https://json-schema.org/draft/2020-12/schema", one["schema"]!["$schema"]!.GetValue<string>());
            Assert.All(one["options"]!.AsArray(), option => Assert.NotNull(Named(one["schema"]!, option!["name"]!.GetValue<string>())));
            Assert.NotEmpty(one["example"]!.GetValue<string>());
        }

        Assert.Equal(BuiltInCatalogue.Instance.Sinks.Count, (await service.GetAsync("connectors?role=sink")).Json["items"]!.AsArray().Count);
    }

    /// <summary>The schema of an option; those of an option that is a map itself have its name and a dot before theirs.</summary>
    private static JsonNode? Named(JsonNode schema, string option) =>
        option.Split('.').Aggregate((JsonNode?)schema, (within, name) => (within?["properties"] ?? within?["anyOf"]?[0]?["properties"])?[name]);

    [GeneratedRegex("""<script[^>]* src="(?<src>[^"]+)">""")]
    private static partial Regex Script();

    [GeneratedRegex("<!--.*?-->", RegexOptions.Singleline)]
    private static partial Regex WithoutComments();

    [GeneratedRegex(":[a-z]+}")]
    private static partial Regex Constraint();
}
