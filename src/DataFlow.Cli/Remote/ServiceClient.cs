using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace DataFlow.Cli.Remote;

/// <summary>Talks to a running service, and turns its problems into sentences.</summary>
/// <param name="server">Where its API is.</param>
/// <param name="key">The key that opens it; null for none.</param>
internal sealed class ServiceClient(Uri server, string? key) : IDisposable
{
    private readonly HttpClient _client = new() { BaseAddress = server, Timeout = TimeSpan.FromMinutes(2) };

    /// <summary>Asks for something.</summary>
    /// <exception cref="WrongInputException">The service refuses it.</exception>
    /// <exception cref="ConnectorException">The service can't be reached, or failed.</exception>
    public Task<ServiceAnswer> GetAsync(string path, CancellationToken ct, string accept = "application/json") => SendAsync(HttpMethod.Get, path, null, null, accept, ct);

    /// <summary>Gives a command.</summary>
    public Task<ServiceAnswer> PostAsync(string path, CancellationToken ct, string? definition = null) =>
        SendAsync(HttpMethod.Post, path, definition, null, "application/json", ct);

    /// <summary>Changes the definition of a version.</summary>
    public Task<ServiceAnswer> PutAsync(string path, string definition, string version, CancellationToken ct) =>
        SendAsync(HttpMethod.Put, path, definition, version, "application/json", ct);

    /// <summary>Removes a version.</summary>
    public Task<ServiceAnswer> DeleteAsync(string path, string version, CancellationToken ct) =>
        SendAsync(HttpMethod.Delete, path, null, version, "application/json", ct);

    public void Dispose() => _client.Dispose();

    private async Task<ServiceAnswer> SendAsync(
        HttpMethod method, string path, string? definition, string? version, string accept, CancellationToken ct)
    {
        using var request = new HttpRequestMessage(method, path);
        request.Headers.Accept.ParseAdd(accept);
        request.Headers.Authorization = key is null ? null : new AuthenticationHeaderValue("Bearer", key);
        if (version is not null)
        {
            request.Headers.TryAddWithoutValidation("If-Match", version);
        }

        request.Content = definition is null ? null : new StringContent(definition, Encoding.UTF8, "application/yaml");
        try
        {
            using var response = await _client.SendAsync(request, ct).ConfigureAwait(false);
            var text = await response.Content.ReadAsStringAsync(ct).ConfigureAwait(false);
            return response.IsSuccessStatusCode
                ? new ServiceAnswer(text, response.Headers.ETag?.ToString() ?? "*")
                : throw Refused((int)response.StatusCode, text);
        }
        catch (HttpRequestException failure)
        {
            throw ConnectorException.External($"{server} can't be reached: {failure.Message} Is the service running there? --server says where it is.", failure);
        }
        catch (TaskCanceledException) when (!ct.IsCancellationRequested)
        {
            throw ConnectorException.External($"{server} has not answered within {_client.Timeout.TotalMinutes:0} minutes.");
        }
    }

    private Exception Refused(int status, string text)
    {
        var problem = Problem(text);
        var message = new StringBuilder(problem?["detail"]?.GetValue<string>() ?? string.Create(CultureInfo.InvariantCulture, $"{server} answered with the status {status}."));
        foreach (var wrong in problem?["problems"]?.AsArray() ?? [])
        {
            var line = wrong!["line"]!.GetValue<int>();
            var place = line > 0 ? string.Create(CultureInfo.InvariantCulture, $"{line}:{wrong["column"]}: ") : "";
            var where = wrong["key"]!.GetValue<string>() is { Length: > 0 } named ? $"{named}: " : "";
            message.Append(CultureInfo.InvariantCulture, $"\n  {place}{where}{wrong["message"]!.GetValue<string>()}");
        }

        return status >= 500 ? ConnectorException.External(message.ToString()) : new WrongInputException(message.ToString());
    }

    private static JsonNode? Problem(string text)
    {
        try
        {
            return JsonNode.Parse(text);
        }
        catch (JsonException)
        {
            // Something in between answered, such as a proxy.
            return null;
        }
    }
}

/// <summary>What a service answered.</summary>
/// <param name="Text">The body.</param>
/// <param name="Version">The version that it is of, as the service wants it back.</param>
internal sealed record ServiceAnswer(string Text, string Version)
{
    /// <summary>The body as JSON.</summary>
    public JsonNode Json => JsonNode.Parse(Text)!;
}
