using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace DataFlow.IntegrationTests.Service;

/// <summary>An answer that must be a problem (RFC 9457).</summary>
internal static class Problem
{
    /// <summary>Fails unless the answer is a problem with this status.</summary>
    /// <returns>Its detail.</returns>
    public static async Task<string> AssertAsync(HttpStatusCode status, HttpResponseMessage answer)
    {
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(status == answer.StatusCode, $"{answer.StatusCode}: {text}");
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
        var problem = (await answer.Content.ReadFromJsonAsync<JsonNode>())!;
        Assert.Equal((int)status, (int)problem["status"]!);
        Assert.StartsWith("urn:dataflow:problem:", (string)problem["type"]!);
        answer.Dispose();
        return (string)problem["detail"]!;
    }
}
