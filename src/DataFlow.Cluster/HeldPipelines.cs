using DataFlow.Engine.Lifecycle;

namespace DataFlow.Cluster;

/// <summary>All instances of a pipeline, kept from running while their state is worked on. Disposing it lets them go.</summary>
internal sealed class HeldPipelines : IAsyncDisposable
{
    private readonly List<HeldPipeline> _held = [];

    private HeldPipelines()
    {
    }

    /// <summary>Takes a pipeline with all of its instances, or one of them.</summary>
    /// <returns>Null when somebody holds one of them.</returns>
    public static async Task<HeldPipelines?> TryTakeAsync(
        RegisteredPipeline pipeline, Node node, IPipelineLeases leases, TimeProvider time, CancellationToken ct)
    {
        var all = new HeldPipelines();
        try
        {
            foreach (var entry in pipeline.Entries)
            {
                if (await HeldPipeline.TryTakeAsync(entry.Name, node, leases, time, ct).ConfigureAwait(false) is not { } held)
                {
                    await all.DisposeAsync().ConfigureAwait(false);
                    return null;
                }

                all._held.Add(held);
            }

            return all;
        }
        catch
        {
            await all.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>A source that is cancelled when somebody else has taken one of them.</summary>
    /// <param name="ct">Cancels it too.</param>
    public CancellationTokenSource LinkTo(CancellationToken ct) =>
        CancellationTokenSource.CreateLinkedTokenSource([ct, .. _held.Select(held => held.Lost)]);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var held in _held)
        {
            await held.DisposeAsync().ConfigureAwait(false);
        }
    }
}
