using System.Globalization;
using DataFlow.Engine;
using Spectre.Console;

namespace DataFlow.Cli.Output;

/// <summary>Shows a run while it goes on: a bar with speed and time left on a terminal, a plain line now and then otherwise.</summary>
internal static class RunDisplay
{
    private const int BarWidth = 24;
    private static readonly TimeSpan BarInterval = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LineInterval = TimeSpan.FromSeconds(10);

    /// <summary>Shows the runner's progress until the run has ended.</summary>
    public static Task<PipelineOutcome> WatchAsync(CliContext context, string pipeline, PipelineRunner runner, Task<PipelineOutcome> run) =>
        context.IsInteractive ? WithBarAsync(context, runner, run) : WithLinesAsync(context, pipeline, runner, run);

    /// <summary>Everything that can be said about a run that goes on: records, bytes, speed, time left.</summary>
    public static string Describe(PipelineProgress progress, RecentSpeed speed)
    {
        var run = progress.Run;
        var text = string.Create(CultureInfo.InvariantCulture, $"{run.Read:N0} records, {Bytes.Format(run.Bytes)}");
        if (progress.TotalBytes is > 0 and { } total)
        {
            text += string.Create(CultureInfo.InvariantCulture, $" ({100 * Done(progress, total) / total:0}% of {Bytes.Format(total)})");
        }

        text += string.Create(CultureInfo.InvariantCulture, $", {speed.Records:N0} records/s, {Bytes.Format(speed.Bytes)}/s");
        if (run.DeadLettered > 0)
        {
            text += string.Create(CultureInfo.InvariantCulture, $", {run.DeadLettered:N0} dead-lettered");
        }

        if (progress.BacklogBytes is > 0 and { } left && speed.Bytes > 0)
        {
            text += $", {Duration.Format(TimeSpan.FromSeconds(Math.Min(left / speed.Bytes, TimeSpan.MaxValue.TotalSeconds / 2)))} left";
        }

        return progress.Reason is { } reason ? $"{text} ({reason})" : text;
    }

    private static async Task<PipelineOutcome> WithLinesAsync(CliContext context, string pipeline, PipelineRunner runner, Task<PipelineOutcome> run)
    {
        var speed = new RecentSpeed(context.Time);
        speed.Note(0, 0);
        using var ended = new CancellationTokenSource();
        while (!run.IsCompleted)
        {
            await Task.WhenAny(run, Task.Delay(LineInterval, context.Time, ended.Token)).ConfigureAwait(false);
            if (!run.IsCompleted)
            {
                var progress = runner.Progress;
                speed.Note(progress.Run.Read, progress.Run.Bytes);
                context.Error.WriteLine($"{pipeline}: {Describe(progress, speed)}");
            }
        }

        await ended.CancelAsync().ConfigureAwait(false);
        return await run.ConfigureAwait(false);
    }

    private static async Task<PipelineOutcome> WithBarAsync(CliContext context, PipelineRunner runner, Task<PipelineOutcome> run)
    {
        var speed = new RecentSpeed(context.Time);
        speed.Note(0, 0);
        await context.Terminal.Progress()
            .AutoClear(true)
            .Columns(new ProgressBarColumn { Width = BarWidth }, new TaskDescriptionColumn { Alignment = Justify.Left })
            .StartAsync(async display =>
            {
                var bar = display.AddTask("starting");
                while (!run.IsCompleted)
                {
                    var progress = runner.Progress;
                    speed.Note(progress.Run.Read, progress.Run.Bytes);
                    bar.Description = Markup.Escape(Describe(progress, speed));
                    bar.IsIndeterminate = progress.TotalBytes is null or 0;
                    bar.MaxValue = Math.Max(1, progress.TotalBytes ?? 1);
                    bar.Value = Done(progress, bar.MaxValue);
                    await Task.WhenAny(run, Task.Delay(BarInterval, context.Time)).ConfigureAwait(false);
                }
            }).ConfigureAwait(false);
        return await run.ConfigureAwait(false);
    }

    private static double Done(PipelineProgress progress, double total) => Math.Max(0, total - (progress.BacklogBytes ?? total));
}
