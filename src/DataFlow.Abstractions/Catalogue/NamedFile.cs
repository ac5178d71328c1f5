namespace DataFlow;

/// <summary>Something on this machine that the settings of a source or sink name.</summary>
/// <param name="Key">The key that names it, below <c>source</c> or <c>sink</c>: <c>connection</c>, <c>options.client</c>.</param>
/// <param name="Path">The file or folder; relative ones start at the pipeline file's folder.</param>
/// <param name="IsCode">True when it is loaded and run, as plug-ins are.</param>
public readonly record struct NamedFile(string Key, string Path, bool IsCode = false);
