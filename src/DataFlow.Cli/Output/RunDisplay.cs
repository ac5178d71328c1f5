using System.Globalization;
using DataFlow.Engine;
using Spectre.Console;

namespace DataFlow.Cli.Output;

/// <summary>Shows a run while it goes on: a bar with rate and time left on a terminal, a plain line now and then otherwise.</summary>
internal static class RunDisplay
{
    private static readonly TimeSpan BarInterval = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LineInterval = TimeSpan.FromSeconds(10);

    /// <summary>Shows the runner's progress until the run has ended.</summary>
    public static Task<PipelineOutcome> WatchAsync(CliContext context, string pipeline, PipelineRunner runner, Task<PipelineOutcome> run) =>
        context.IsInteractive ? WithBarAsync(context, pipeline, runner, run) : WithLinesAsync(context, pipeline, runner, run);

    private static async Task<PipelineOutcome> WithLinesAsync(CliContext context, string pipeline, PipelineRunner runner, Task<PipelineOutcome> run)
    {
        var started = context.Time.GetTimestamp();
        using var ended = new CancellationTokenSource();
        while (!run.IsCompleted)
        {
            await Task.WhenAny(run, Task.Delay(LineInterval, context.Time, ended.Token)).ConfigureAwait(false);
            if (!run.IsCompleted)
            {
                context.Error.WriteLine($"{pipeline}: {Describe(runner.Progress, context.Time.GetElapsedTime(started))}");
            }
        }

        await ended.CancelAsync().ConfigureAwait(false);
        return await run.ConfigureAwait(false);
    }

    private static async Task<PipelineOutcome> WithBarAsync(CliContext context, string pipeline, PipelineRunner runner, Task<PipelineOutcome> run)
    {
        var started = context.Time.GetTimestamp();
        await context.Terminal.Progress()
            .AutoClear(true)
            .Columns(new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn(), new PercentageColumn())
            .StartAsync(async display =>
            {
                var bar = display.AddTask(Markup.Escape(pipeline));
                while (!run.IsCompleted)
                {
                    var progress = runner.Progress;
                    bar.Description = Markup.Escape($"{pipeline}: {Describe(progress, context.Time.GetElapsedTime(started))}");
                    bar.IsIndeterminate = progress.TotalBytes is null or 0;
                    bar.MaxValue = Math.Max(1, progress.TotalBytes ?? 1);
                    bar.Value = bar.MaxValue - (progress.BacklogBytes ?? bar.MaxValue);
                    await Task.WhenAny(run, Task.Delay(BarInterval, context.Time)).ConfigureAwait(false);
                }
            }).ConfigureAwait(false);
        return await run.ConfigureAwait(false);
    }

    private static string Describe(PipelineProgress progress, TimeSpan elapsed)
    {
        var run = progress.Run;
        var seconds = Math.Max(0.001, elapsed.TotalSeconds);
        var text = string.Create(
            CultureInfo.InvariantCulture,
            $"{run.Read:N0} read, {run.Delivered:N0} delivered, {Bytes.Format(run.Bytes)}, {run.Read / seconds:N0}/s");
        if (progress.BacklogBytes is { } left && run.Bytes > 0)
        {
            text += string.Create(CultureInfo.InvariantCulture, $", {TimeSpan.FromSeconds(left * seconds / run.Bytes):h\\:mm\\:ss} left");
        }

        return progress.Reason is { } reason ? $"{text} ({reason})" : text;
    }
}
