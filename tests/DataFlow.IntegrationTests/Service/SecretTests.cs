using System.Net;
using System.Reflection;
using System.Text;
using System.Text.Json;
using DataFlow.Engine.Configuration;

namespace DataFlow.IntegrationTests.Service;

/// <summary>No secret is ever part of an answer.</summary>
public sealed class SecretTests(TestService service) : IClassFixture<TestService>
{
    private const string Secret = "hunter2-never-shown";

    /// <summary>Every secret option of every source and sink of the catalogue.</summary>
    public static TheoryData<string, string, string> SecretOptions
    {
        get
        {
            var options = new TheoryData<string, string, string>();
            foreach (var (role, name, type) in BuiltInCatalogue.Instance.Sources.Select(source => ("source", source.Name, source.OptionsType))
                .Concat(BuiltInCatalogue.Instance.Sinks.Select(sink => ("sink", sink.Name, sink.OptionsType))))
            {
                foreach (var property in type.GetProperties().Where(property => property.GetCustomAttribute<OptionAttribute>() is { Secret: true }))
                {
                    options.Add(role, name, JsonNamingPolicy.KebabCaseLower.ConvertName(property.Name));
                }
            }

            return options;
        }
    }

    [Theory]
    [MemberData(nameof(SecretOptions))]
    public void Every_secret_option_is_masked_and_its_reference_is_not(string role, string kind, string option)
    {
        var isMap = BuiltInCatalogue.Instance is var catalogue
            && (role == "source" ? catalogue.FindSource(kind)!.OptionsType : catalogue.FindSink(kind)!.OptionsType)
                .GetProperties().Single(property => JsonNamingPolicy.KebabCaseLower.ConvertName(property.Name) == option).PropertyType != typeof(string);
        var value = isMap ? $"{{ X-Any: {Secret}, X-Safe: \"${{env:SAFE}}\" }}" : Secret;
        foreach (var place in (string[])["options", "config"])
        {
            var shown = ShownDefinition.Of($"# {Secret}\n{role}:\n  type: {kind}\n  {place}:\n    {option}: {value} # {Secret}\n", BuiltInCatalogue.Instance);

            Assert.DoesNotContain(Secret, shown.ToYaml(), StringComparison.Ordinal);
            Assert.DoesNotContain(Secret, shown.ToJson()!.ToJsonString(), StringComparison.Ordinal);
            Assert.Contains("***", shown.ToYaml(), StringComparison.Ordinal);
            Assert.Equal(isMap, shown.ToYaml().Contains("${env:SAFE}", StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task No_answer_about_a_pipeline_with_secrets_holds_one()
    {
        var port = UnusedPort();
        string[] definitions =
        [
            Api("secret-api", $"auth-type: bearer, auth-token: {Secret}", port),
            Api("secret-headers", $"headers: {{ X-Key: {Secret} }}", port),
            Api("secret-query", "auth-type: none", port, $"?access_token={Secret}"),
            $$"""
            name: secret-database
            source: { type: database, connection: "Host=127.0.0.1;Port={{port}};Username=u;Password={{Secret}};Database=d", options: { driver: postgresql, query: "SELECT id FROM t" } }
            sink: { type: "null" }
            """,
            $$"""
            name: secret-socket
            source: { type: websocket, connection: "ws://127.0.0.1:{{port}}/?token={{Secret}}", options: { auth-type: header, auth-param-name: X-Key, auth-token: {{Secret}} } }
            sink: { type: "null" }
            """,
        ];
        var said = new StringBuilder();
        foreach (var definition in definitions)
        {
            var added = await service.SendAsync(HttpMethod.Post, "pipelines?start=true", definition);
            said.AppendLine(added.Text);
            Assert.True(added.Status is HttpStatusCode.Created, added.Text);
            var name = added.Json["name"]!.GetValue<string>();
            var shown = added.Json["definition"]!.ToJsonString();
            Assert.Contains("***", shown, StringComparison.Ordinal);
            await Conformance.Eventually.IsAsync(async () =>
            {
                var answer = await service.GetAsync($"pipelines/{name}");
                said.AppendLine(answer.Text);
                return (!answer.Json["isHealthy"]!.GetValue<bool>(), answer.Text);
            });
            foreach (var path in (string[])["", "/state", "/history", "/gaps", "/dead-letters"])
            {
                said.AppendLine((await service.GetAsync($"pipelines/{name}{path}")).Text);
            }

            said.AppendLine((await service.SendAsync(HttpMethod.Get, $"pipelines/{name}", accept: "application/yaml")).Text);
            said.AppendLine((await service.SendAsync(HttpMethod.Post, $"pipelines/{name}/plan", definition.Replace(Secret, Secret + "-too", StringComparison.Ordinal))).Is(HttpStatusCode.OK).Text);
            said.AppendLine((await service.PostAsync($"pipelines/{name}/stop")).Text);
            said.AppendLine((await service.SendAsync(HttpMethod.Put, $"pipelines/{name}", definition.Replace("source: {", $"source: {{ password: {Secret}, ", StringComparison.Ordinal), ifMatch: "*")).Text);
        }

        said.AppendLine((await service.GetAsync("pipelines")).Text);
        Assert.DoesNotContain(Secret, said.ToString(), StringComparison.Ordinal);
    }

    private static string Api(string name, string options, int port, string query = "") => $$"""
        name: {{name}}
        source: { type: api, connection: "http://127.0.0.1:{{port}}/{{query}}", options: { {{options}} } }
        sink: { type: "null" }
        """;

    // Nobody answers there.
    private static int UnusedPort()
    {
        using var socket = new System.Net.Sockets.Socket(System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}
