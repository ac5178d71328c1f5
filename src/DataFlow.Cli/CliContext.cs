using DataFlow.Cli.Output;
using DataFlow.Connectors;
using Spectre.Console;

namespace DataFlow.Cli;

/// <summary>What commands talk to: streams, terminal, clock. One per invocation.</summary>
internal sealed record CliContext
{
    /// <summary>Results go here.</summary>
    public required TextWriter Out { get; init; }

    /// <summary>Progress, warnings and errors go here, so that results can be piped.</summary>
    public required TextWriter Error { get; init; }

    /// <summary>Draws on the error stream; plain when it is no terminal.</summary>
    public required IAnsiConsole Terminal { get; init; }

    /// <summary>Columns of the terminal that results are shown on; null when they go elsewhere.</summary>
    public int? Width { get; init; }

    /// <summary>True when results may have colours.</summary>
    public bool HasColour { get; init; }

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>True when somebody watches: progress bars instead of lines.</summary>
    public bool IsInteractive => Terminal.Profile.Out.IsTerminal && !Console.IsErrorRedirected;

    /// <summary>The process's own streams.</summary>
    public static CliContext ForProcess()
    {
        var terminal = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
        return new CliContext
        {
            Out = Console.Out,
            Error = Console.IsErrorRedirected ? Console.Error : new TerminalWriter(terminal),
            Terminal = terminal,
            Width = Console.IsOutputRedirected || Console.WindowWidth < 1 ? null : Console.WindowWidth,
            HasColour = DisplayText.HasColour(),
        };
    }
}
