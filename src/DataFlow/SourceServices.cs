using DataFlow.Engine.State;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace DataFlow;

/// <summary>What a source in your own process works with. The defaults need nothing: real time, no log, state in memory.</summary>
public sealed record SourceServices
{
    /// <summary>The kinds there are.</summary>
    public Catalogue Catalogue { get; init; } = BuiltInCatalogue.Instance;

    /// <summary>Where positions are kept. In memory unless set: give a store in a folder to go on after a restart.</summary>
    public IStateStore State { get; init; } = new InMemoryStateStore(TimeProvider.System);

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>For what people should see: malformed records, retries.</summary>
    public ILogger Logger { get; init; } = NullLogger.Instance;

    /// <summary>Relative paths start here; the current folder unless set.</summary>
    public string BaseDirectory { get; init; } = Environment.CurrentDirectory;
}
