namespace DataFlow.Cli;

/// <summary>An argument can't be used. The message says what was found and what is allowed.</summary>
internal sealed class WrongInputException(string message) : Exception(message);
