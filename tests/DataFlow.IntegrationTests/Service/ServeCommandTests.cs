using System.Net;
using System.Net.Sockets;

namespace DataFlow.IntegrationTests.Service;

/// <summary><c>dataflow serve</c> and the commands that talk to it, as they are typed.</summary>
public sealed class ServeCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_service_starts_with_its_files_is_steered_by_commands_and_stops_in_order()
    {
        _folder.Write("pipelines/ticks.yaml", Definitions.Endless("ticks"));
        using var service = await ServedAsync("pipelines");

        Assert.Contains("ticks: added and started", service.Said, StringComparison.Ordinal);
        await SaysAsync(service, "ticks  ", "pipelines", "list");
        await SaysAsync(service, "ticks: running, version 1", "pipelines", "show", "ticks");
        await SaysAsync(service, "type: test", "pipelines", "show", "ticks", "--yaml");
        await SaysAsync(service, " up ", "cluster", "status");
        await SaysAsync(service, "ticks: stopped", "pipelines", "stop", "ticks");
        var changed = _folder.Write("pipelines/ticks.yaml", Definitions.Endless("ticks", more: "workers: 1"));
        await SaysAsync(service, "ticks: restart", "pipelines", "plan", changed);
        await SaysAsync(service, "ticks: version 2", "pipelines", "change", changed);
        await SaysAsync(service, "ticks: running", "pipelines", "start", "ticks");
        await SaysAsync(service, "ticks: paused", "pipelines", "pause", "ticks");
        await SaysAsync(service, "ticks: running", "pipelines", "resume", "ticks");
        await SaysAsync(service, "tocks: running", "pipelines", "add", _folder.Write("tocks.yaml", Definitions.Endless("tocks")), "--start");
        await SaysAsync(service, "tocks: stopped", "pipelines", "stop", "tocks");
        await SaysAsync(service, "tocks: stopped", "pipelines", "recover", "tocks");
        await SaysAsync(service, "tocks: removed", "pipelines", "remove", "tocks");
        var refused = await RunAsync(service, "pipelines", "show", "tocks");
        Assert.Equal((2, ""), (refused.ExitCode, refused.Out));
        Assert.Contains("There is no pipeline 'tocks'.", refused.Error, StringComparison.Ordinal);

        var ended = await service.TerminateAsync();

        ended.Succeeded();
        Assert.Contains("Waiting for the last commit of ticks.", ended.Error, StringComparison.Ordinal);
        Assert.Contains("Stopped.", ended.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_port_that_is_taken_is_said_at_once()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();

        var result = await Cli.RunAsync(_folder.Path, "serve", "--listen", $"http://127.0.0.1:{((IPEndPoint)taken.LocalEndpoint).Port}");

        Assert.Equal(1, result.ExitCode);
        Assert.Contains("is taken: another program listens", result.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_folder[".dataflow"]));
    }

    [Theory]
    [InlineData("http://example.com:80", "is a name")]
    [InlineData("ftp://127.0.0.1:21", "http://")]
    [InlineData("nonsense", "is no URL")]
    [InlineData("http://203.0.113.7:5080", "is no address of this machine")]
    public async Task An_address_that_can_not_be_listened_on_is_said(string url, string words)
    {
        var result = await Cli.RunAsync(_folder.Path, "serve", "--listen", url);

        Assert.NotEqual(0, result.ExitCode);
        Assert.Contains(words, result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_that_does_not_validate_keeps_the_service_from_starting()
    {
        _folder.Write("bad.yaml", "name: bad\nsource: { type: tset }\nsink: { type: \"null\" }\n");

        var result = await Cli.RunAsync(_folder.Path, "serve", "bad.yaml");

        Assert.Equal(2, result.ExitCode);
        Assert.Contains("bad.yaml:2:17: source.type", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Options_come_from_the_environment_and_a_settings_file_too_and_the_command_line_wins()
    {
        _folder.Write("settings.json", """{ "listen": ["http://127.0.0.1:0"], "node": "from-the-file", "state": "from-the-file" }""");
        using var service = await ServedAsync([], new Dictionary<string, string> { ["DATAFLOW_NODE"] = "from-the-environment", ["DATAFLOW_SETTINGS"] = "settings.json" }, "--state", "given");

        await SaysAsync(service, "from-the-environment", "cluster", "status");
        Assert.True(Directory.Exists(_folder["given"]));
        Assert.False(Directory.Exists(_folder["from-the-file"]));
    }

    [Fact]
    public async Task A_service_that_is_not_there_is_said()
    {
        var result = await Cli.RunAsync(_folder.Path, "pipelines", "list", "--server", "http://127.0.0.1:9");

        Assert.Equal(1, result.ExitCode);
        Assert.Contains("http://127.0.0.1:9/ can't be reached", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Two_pipeline_files_are_compared()
    {
        _folder.Write("old.yaml", Definitions.Csv("p", "in.csv"));
        _folder.Write("new.yaml", Definitions.Csv("p", "in.csv").Replace("format: csv", "format: csv, encoding: utf-16"));

        var result = await Cli.RunAsync(_folder.Path, "plan", "old.yaml", "new.yaml");

        result.Succeeded();
        Assert.StartsWith("would-re-read. ", result.Out, StringComparison.Ordinal);
        Assert.Contains("source.options.encoding: UTF-8 -> utf-16", result.Out, StringComparison.Ordinal);
    }

    private Task<ServedProcess> ServedAsync(params string[] arguments) => ServedAsync(["--listen", "http://127.0.0.1:0"], null, arguments);

    private Task<ServedProcess> ServedAsync(string[] listen, IReadOnlyDictionary<string, string>? environment, params string[] arguments) =>
        ServedProcess.StartAsync(_folder.Path, ["serve", .. arguments, .. listen], environment);

    private Task<CliResult> RunAsync(ServedProcess service, params string[] arguments) =>
        Cli.RunAsync(_folder.Path, arguments, new Dictionary<string, string> { ["DATAFLOW_SERVER"] = service.Address.ToString() });

    private async Task SaysAsync(ServedProcess service, string words, params string[] arguments)
    {
        var result = await RunAsync(service, arguments);
        result.Succeeded();
        Assert.Contains(words, result.Out, StringComparison.Ordinal);
    }
}
