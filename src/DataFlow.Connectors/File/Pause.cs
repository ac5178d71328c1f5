namespace DataFlow.Connectors;

/// <summary>The wait between two looks.</summary>
internal static class Pause
{
    /// <returns>False when the run was stopped meanwhile.</returns>
    public static async ValueTask<bool> For(SourceContext context, CancellationToken stop)
    {
        try
        {
            await Task.Delay(context.PollInterval, context.Time, stop).ConfigureAwait(false);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }
}
