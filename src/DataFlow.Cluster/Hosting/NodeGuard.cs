using Akka.Actor;
using Akka.Cluster;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace DataFlow.Cluster;

/// <summary>
/// Watches over this node's membership. It is ready while it is up in a cluster and not about to leave. A node that is no member
/// for a minute ends itself: whoever supervises it starts it again, and only a new start joins a cluster that has gone on without it.
/// </summary>
internal sealed class NodeGuard : PeriodicService, IHealthCheck
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Akka.Cluster.Cluster _cluster;
    private readonly IHostApplicationLifetime _lifetime;
    private long? _cutOffSince;
    private string _members = "";

    public NodeGuard(ActorSystem system, IHostApplicationLifetime lifetime, TimeProvider time, ILogger<NodeGuard> logger)
        : base(TimeSpan.FromSeconds(1), time, logger)
    {
        _cluster = Akka.Cluster.Cluster.Get(system);
        _lifetime = lifetime;
    }

    /// <inheritdoc/>
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) => Task.FromResult(
        _lifetime.ApplicationStopping.IsCancellationRequested ? HealthCheckResult.Unhealthy("This node is stopping.")
        : _cluster.SelfMember.Status != MemberStatus.Up ? HealthCheckResult.Unhealthy(
            $"This node is not up in the cluster yet, it is {_cluster.SelfMember.Status}: it waits for a majority of the nodes.")
        : HealthCheckResult.Healthy());

    /// <inheritdoc/>
    protected override Task DoAsync(CancellationToken stop)
    {
        var members = string.Join(", ", _cluster.State.Members.Select(member => $"{member.Address.Host}:{member.Address.Port} {member.Status}"));
        if (members != _members)
        {
            _members = members;
            Logger.MembersChanged(members);
        }

        var status = _cluster.SelfMember.Status;
        if (status == MemberStatus.Up)
        {
            _cutOffSince = null;
        }
        else if (Time.GetElapsedTime(_cutOffSince ??= Time.GetTimestamp()) >= Patience)
        {
            Logger.NodeCutOff(Patience.TotalSeconds, status.ToString());
            _lifetime.StopApplication();
        }

        return Task.CompletedTask;
    }
}
