namespace DataFlow.Cli;

/// <summary>What the command tells the shell.</summary>
internal static class ExitCode
{
    /// <summary>Done, or stopped gracefully.</summary>
    public const int Done = 0;

    /// <summary>Failed while running.</summary>
    public const int Failed = 1;

    /// <summary>Wrong input: arguments, pipeline file, something that isn't there.</summary>
    public const int WrongInput = 2;
}
