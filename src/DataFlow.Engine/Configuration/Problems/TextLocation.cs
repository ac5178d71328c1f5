namespace DataFlow.Engine.Configuration;

/// <summary>A place in a text file, as editors count. Line 0 means that the place is unknown.</summary>
/// <param name="Line">1-based.</param>
/// <param name="Column">1-based.</param>
public readonly record struct TextLocation(int Line, int Column);
