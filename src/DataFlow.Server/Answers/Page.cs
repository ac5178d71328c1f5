namespace DataFlow.Server.Answers;

/// <summary>A part of a list.</summary>
/// <param name="Items">The entries.</param>
/// <param name="Next">What to give as <c>after</c> to get the next part; left out after the last one.</param>
public sealed record Page<T>(IReadOnlyList<T> Items, string? Next);
