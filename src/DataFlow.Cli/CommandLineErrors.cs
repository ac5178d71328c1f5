using System.CommandLine;
using System.CommandLine.Completions;
using System.CommandLine.Parsing;
using DataFlow.Engine.Configuration;

namespace DataFlow.Cli;

/// <summary>Says what is wrong with a command line: what was found, what is allowed, what was probably meant.</summary>
internal static class CommandLineErrors
{
    /// <summary>One sentence per mistake.</summary>
    public static IEnumerable<string> Of(ParseResult parsed)
    {
        var command = parsed.CommandResult.Command;
        foreach (var token in parsed.UnmatchedTokens)
        {
            yield return Unmatched(command, token);

            // What follows an unknown command can't be judged.
            if (command.Subcommands.Count > 0)
            {
                yield break;
            }
        }

        var unmatched = parsed.UnmatchedTokens.Select(token => $"'{token}'").ToList();
        foreach (var error in parsed.Errors.Where(error => !unmatched.Exists(token => error.Message.Contains(token, StringComparison.Ordinal))))
        {
            yield return Sentence(command, error);
        }
    }

    /// <summary>The command as it is typed: <c>dataflow state show</c>.</summary>
    public static string PathOf(CommandResult result) =>
        result.Parent is CommandResult parent ? $"{PathOf(parent)} {result.Command.Name}" : result.Command.Name;

    private static string Unmatched(Command command, string token)
    {
        if (token.StartsWith('-'))
        {
            IReadOnlyList<string> options = [.. command.Options.Where(option => !option.Hidden).Select(option => option.Name)];
            return $"There is no option '{token}'.{Suggestion.Sentence(token, options)} {command.Name} has {string.Join(", ", options)}.";
        }

        if (command.Subcommands.Count > 0)
        {
            var names = command.Subcommands.Select(subcommand => subcommand.Name).ToList();
            return $"There is no command '{token}'.{Suggestion.Sentence(token, names)} There are {string.Join(", ", names)}.";
        }

        var takes = command.Arguments.Count == 0 ? "no argument" : string.Join(' ', command.Arguments.Select(Shown));
        return $"'{token}' is too much: {command.Name} takes {takes}.";
    }

    private static string Sentence(Command command, ParseError error) => error.SymbolResult switch
    {
        CommandResult when command.Subcommands.Count > 0 && command.Action is null =>
            $"Name a command: {string.Join(", ", command.Subcommands.Select(subcommand => subcommand.Name))}.",
        ArgumentResult { Tokens: [], Argument: var argument, Parent: CommandResult } => $"{Shown(argument)} is missing: {argument.Description}",
        ArgumentResult { Tokens: [var token, ..], Argument: var argument, Parent: CommandResult } when IsNumber(argument.ValueType) =>
            $"{Shown(argument)} '{token.Value}' is no whole number. {argument.Description}",
        ArgumentResult { Tokens: [var token, ..], Argument: var argument, Parent: CommandResult } when ValuesOf(argument) is { Count: > 1 } values =>
            $"{Shown(argument)} '{token.Value}' is not known.{Suggestion.Sentence(token.Value, values)} It is one of {string.Join(", ", values)}.",
        OptionResult { Tokens: [var token, ..], Option: var option } when ValuesOf(option) is { Count: > 1 } values =>
            $"{option.Name} '{token.Value}' is not known.{Suggestion.Sentence(token.Value, values)} It is one of {string.Join(", ", values)}.",
        OptionResult { Tokens: [], Option: { Required: false } option } => $"{option.Name} needs a value. {option.Description}",
        OptionResult { Tokens: [var token, ..], Option: var option } when IsNumber(option.ValueType) =>
            $"{option.Name} '{token.Value}' is no whole number. {option.Description}",
        _ => OnOneLine(error.Message),
    };

    private static string Shown(Argument argument) => $"<{argument.HelpName ?? argument.Name}>";

    private static List<string> ValuesOf(Symbol symbol) => [.. symbol.GetCompletions(CompletionContext.Empty).Select(completion => completion.Label)];

    private static bool IsNumber(Type type) => type == typeof(int) || type == typeof(long) || type == typeof(long[]);

    // The library lists the allowed values one per line.
    private static string OnOneLine(string message)
    {
        var lines = message.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        return lines.Length == 1 ? lines[0] : $"{lines[0]} {string.Join(", ", lines[1..])}.";
    }
}
