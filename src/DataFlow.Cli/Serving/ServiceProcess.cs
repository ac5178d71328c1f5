using DataFlow.Cluster;
using DataFlow.Engine.Lifecycle;
using DataFlow.Server;
using DataFlow.Server.Import;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;

namespace DataFlow.Cli.Serving;

/// <summary>The service in this process, from its start to the signal that ends it.</summary>
internal sealed class ServiceProcess(CliContext context, ServeOptions options)
{
    private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(60);

    /// <summary>Runs it.</summary>
    /// <returns>The exit code.</returns>
    public async Task<int> RunAsync()
    {
        // Everything that can be wrong with what was given is said before anything starts.
        var files = PipelineFiles.Read(options.Files, BuiltInCatalogue.Instance, options.Confinement);
        var server = ToServerOptions();
        using var signals = new StopSignals(context);
        var running = await DataFlowServer.StartAsync(server, signals.Stop).ConfigureAwait(false);
        await using (running.ConfigureAwait(false))
        {
            var address = running.Addresses[0];
            context.Out.WriteLine($"DataFlow serves at {address}: open it in a browser, or ask curl {address}pipelines");
            await ImportAsync(running, files, signals.Stop).ConfigureAwait(false);
            context.Out.WriteLine("Ready.");
            await UntilStoppedAsync(running, signals.Stop).ConfigureAwait(false);
            await StopAsync(running).ConfigureAwait(false);
        }

        context.Error.WriteLine("Stopped.");
        return ExitCode.Done;
    }

    private async Task ImportAsync(DataFlowServer running, IReadOnlyList<FilePipeline> files, CancellationToken stop)
    {
        var import = new PipelineImport(
            running.Services.GetRequiredService<PipelineService>(), running.Services.GetRequiredService<IServiceStore>());
        try
        {
            foreach (var file in files)
            {
                var imported = await import.ImportAsync(file, stop).ConfigureAwait(false);
                var warning = imported.Outcome == ImportOutcome.LeftAlone ? "warning: " : "";
                (warning.Length > 0 ? context.Error : context.Out).WriteLine($"{warning}{imported.Pipeline}: {imported.Detail}");
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            context.Error.WriteLine("Stopped while the pipeline files were brought in; starting again brings in the rest.");
        }
    }

    private static async Task UntilStoppedAsync(DataFlowServer running, CancellationToken stop)
    {
        var stopped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var bySignal = stop.Register(() => stopped.TrySetResult());
        using var byItself = running.Stopping.Register(() => stopped.TrySetResult());
        await stopped.Task.ConfigureAwait(false);
    }

    private async Task StopAsync(DataFlowServer running)
    {
        var names = running.Services.GetRequiredService<LocalRuns>().All.Select(run => run.Pipeline).Order(StringComparer.Ordinal).ToList();
        if (names.Count > 0)
        {
            const int Most = 10;
            var more = names.Count > Most ? $" and {names.Count - Most} more" : "";
            context.Error.WriteLine($"Waiting for the last commit of {string.Join(", ", names.Take(Most))}{more}.");
        }

        using var limit = new CancellationTokenSource(StopTimeout, context.Time);
        await running.StopAsync(limit.Token).ConfigureAwait(false);
    }

    private ServerOptions ToServerOptions()
    {
        IReadOnlyList<Uri> listen = options.Listen.Count == 0 ? [ServerOptions.DefaultListen] : [.. options.Listen.Select(url => Url(url, "listen"))];
        var host = options.ClusterHost ?? "127.0.0.1";
        return new ServerOptions
        {
            Listen = listen,
            Settings = options.Settings,
            Logging = Log,
            Security = options.Security,
            FreshnessLimit = options.FreshnessLimit ?? ServerOptions.DefaultFreshnessLimit,
            Cluster = new ClusterOptions
            {
                Address = options.Address is { } address ? Url(address, "address") : Reachable(listen[0], host),
                StateFolder = options.State,
                Root = options.Root,
                Confinement = options.Confinement,
                Database = options.Database,
                NodeName = options.Node ?? Environment.MachineName,
                Host = host,
                Port = options.ClusterPort ?? 0,
                Seeds = options.Seeds,
                Nodes = options.Nodes ?? 1,
            },
        };
    }

    private void Log(ILoggingBuilder logging)
    {
        if (options.IsLogJson)
        {
            logging.AddJsonConsole(console =>
            {
                console.UseUtcTimestamp = true;
                console.TimestampFormat = "yyyy-MM-ddTHH:mm:ss.fffZ";
                console.IncludeScopes = true;
            });
        }
        else
        {
            logging.AddSimpleConsole(console =>
            {
                console.SingleLine = true;
                console.UseUtcTimestamp = true;
                console.TimestampFormat = "yyyy-MM-ddTHH:mm:ssZ ";
            });
        }

        logging.Services.Configure<ConsoleLoggerOptions>(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
        logging.SetMinimumLevel(LogLevel.Warning);
        logging.AddFilter("DataFlow", options.Verbose ? LogLevel.Debug : LogLevel.Information);
    }

    // Nobody reaches "all addresses": the other nodes know this one by its name in the cluster.
    private static Uri Reachable(Uri listen, string host) =>
        listen.Host is "*" or "+" or "0.0.0.0" or "[::]" ? new UriBuilder(listen) { Host = host }.Uri : listen;

    private static Uri Url(string text, string option) => Uri.TryCreate(text.Replace("//*", "//0.0.0.0", StringComparison.Ordinal), UriKind.Absolute, out var url)
        ? url
        : throw new WrongInputException($"{option}: '{text}' is no URL; give one such as http://127.0.0.1:5080.");
}
