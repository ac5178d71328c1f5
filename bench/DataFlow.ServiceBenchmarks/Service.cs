using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace DataFlow.ServiceBenchmarks;

/// <summary>A service in a process of its own, with its state in a folder of its own.</summary>
internal sealed class Service : IAsyncDisposable
{
    private readonly HttpClient _http;

    private Service(Process process, Uri address)
    {
        Process = process;
        _http = new HttpClient { BaseAddress = address, Timeout = TimeSpan.FromMinutes(2) };
    }

    public Process Process { get; }

    public static async Task<Service> StartAsync(Command command, string folder)
    {
        using var port = new TcpListener(IPAddress.Loopback, 0);
        port.Start();
        var address = new Uri($"http://127.0.0.1:{((IPEndPoint)port.LocalEndpoint).Port}");
        port.Stop();
        Directory.CreateDirectory(folder);
        var process = command.Start(folder, "serve", "--state", Path.Combine(folder, "state"), "--listen", address.ToString());
        process.OutputDataReceived += (_, _) => { };
        process.ErrorDataReceived += (_, line) => Console.Error.WriteLine(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        var service = new Service(process, address);
        while (true)
        {
            try
            {
                var nodes = await service.GetAsync("nodes");
                if (nodes.GetProperty("items")[0].GetProperty("membership").GetString() == "up")
                {
                    return service;
                }
            }
            catch (HttpRequestException)
            {
                // It is not there yet.
            }

            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System);
        }
    }

    public async Task<JsonElement> GetAsync(string path) => await _http.GetFromJsonAsync<JsonElement>(path);

    public async Task ReadAsync(string path)
    {
        using var answer = await _http.GetAsync(path);
        answer.EnsureSuccessStatusCode();
        await answer.Content.ReadAsByteArrayAsync();
    }

    public async Task AddAndStartAsync(string name, string definition)
    {
        using var body = new StringContent(definition, Encoding.UTF8, "application/yaml");
        using var added = await _http.PostAsync("pipelines", body);
        if (!added.IsSuccessStatusCode)
        {
            throw new InvalidOperationException(await added.Content.ReadAsStringAsync());
        }

        await PostAsync($"pipelines/{name}/start");
    }

    public async Task PostAsync(string path)
    {
        using var answer = await _http.PostAsync(path, content: null);
        answer.EnsureSuccessStatusCode();
    }

    public async Task WaitForAsync(string pipeline, string state)
    {
        while ((await GetAsync($"pipelines/{pipeline}")).GetProperty("state").GetString() != state)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System);
        }
    }

    public async ValueTask DisposeAsync()
    {
        Process.Kill();
        await Process.WaitForExitAsync();
        Process.Dispose();
        _http.Dispose();
    }
}
