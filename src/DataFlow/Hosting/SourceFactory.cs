using DataFlow.Engine.State;
using Microsoft.Extensions.Logging;

namespace DataFlow;

/// <summary>
/// Makes sources that share the application's catalogue, clock, log and state, so that a source goes on where the last one with
/// its pipeline id was stopped. Remembers them for the health check. Thread-safe.
/// </summary>
/// <param name="catalogue">The kinds there are.</param>
/// <param name="state">Where positions are kept.</param>
/// <param name="time">The clock.</param>
/// <param name="loggers">For what people should see.</param>
public sealed class SourceFactory(Catalogue catalogue, IStateStore state, TimeProvider time, ILoggerFactory loggers)
{
    private readonly Lock _gate = new();
    private readonly List<WeakReference<Source>> _sources = [];

    /// <summary>Sources that were made and are still in use.</summary>
    public IReadOnlyList<Source> Sources
    {
        get
        {
            lock (_gate)
            {
                _sources.RemoveAll(reference => !reference.TryGetTarget(out _));
                return [.. _sources.Select(reference => reference.TryGetTarget(out var source) ? source : null).OfType<Source>()];
            }
        }
    }

    /// <summary>Makes a source.</summary>
    /// <param name="pipelineId">Its position is kept under this name.</param>
    /// <param name="config">What to read.</param>
    public Source Create(string pipelineId, SourceConfig config)
    {
        var source = Source.Create(pipelineId, config, new SourceServices
        {
            Catalogue = catalogue,
            State = state,
            Time = time,
            Logger = loggers.CreateLogger<Source>(),
        });
        lock (_gate)
        {
            _sources.Add(new WeakReference<Source>(source));
        }

        return source;
    }
}
