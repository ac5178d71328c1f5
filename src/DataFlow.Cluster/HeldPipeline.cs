using DataFlow.Engine.Lifecycle;
using DataFlow.Engine.State;

namespace DataFlow.Cluster;

/// <summary>A pipeline kept from running while its state is worked on. Disposing it lets it go.</summary>
internal sealed class HeldPipeline : IAsyncDisposable
{
    private readonly string _pipeline;
    private readonly string _owner;
    private readonly IPipelineLeases _leases;
    private readonly PipelineLock? _lock;
    private readonly CancellationTokenSource _lost = new();
    private readonly CancellationTokenSource _done = new();
    private readonly Task _renewing;

    private HeldPipeline(string pipeline, string owner, IPipelineLeases leases, PipelineLock? held, TimeProvider time)
    {
        _pipeline = pipeline;
        _owner = owner;
        _leases = leases;
        _lock = held;
        _renewing = RenewAsync(time);
    }

    /// <summary>Cancelled when somebody else has taken it.</summary>
    public CancellationToken Lost => _lost.Token;

    /// <summary>Takes a pipeline.</summary>
    /// <returns>Null when somebody holds it.</returns>
    public static async Task<HeldPipeline?> TryTakeAsync(string pipeline, Node node, IPipelineLeases leases, TimeProvider time, CancellationToken ct)
    {
        // Not the owner that this node runs pipelines as: a run and this exclude each other on the same node too.
        var owner = $"{node.Owner}/{Guid.NewGuid():N}";
        if (!await leases.ClaimAsync(pipeline, owner, Node.LeaseDuration, ct).ConfigureAwait(false))
        {
            return null;
        }

        try
        {
            var held = node.Options.Database is null ? PipelineLock.Acquire(node.Options.StateFolder, pipeline, instance: null, time) : null;
            return new HeldPipeline(pipeline, owner, leases, held, time);
        }
        catch
        {
            await leases.ReleaseAsync(pipeline, owner, CancellationToken.None).ConfigureAwait(false);
            throw;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _done.CancelAsync().ConfigureAwait(false);
        await _renewing.ConfigureAwait(false);
        _lock?.Dispose();
        _lost.Dispose();
        _done.Dispose();
        try
        {
            await _leases.ReleaseAsync(_pipeline, _owner, CancellationToken.None).ConfigureAwait(false);
        }
        catch (ConnectorException)
        {
            // What was done stands, and the lease ends after its time.
        }
    }

    private async Task RenewAsync(TimeProvider time)
    {
        using var timer = new PeriodicTimer(Node.LeaseDuration / 3, time);
        try
        {
            while (await timer.WaitForNextTickAsync(_done.Token).ConfigureAwait(false))
            {
                if (!await TryRenewAsync().ConfigureAwait(false))
                {
                    await _lost.CancelAsync().ConfigureAwait(false);
                    return;
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Done.
        }
    }

    private async Task<bool> TryRenewAsync()
    {
        try
        {
            return await _leases.ClaimAsync(_pipeline, _owner, Node.LeaseDuration, _done.Token).ConfigureAwait(false);
        }
        catch (ConnectorException)
        {
            // The store is away, so that nobody else can take it either.
            return true;
        }
    }
}
