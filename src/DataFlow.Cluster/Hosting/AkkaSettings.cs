using System.Globalization;
using Akka.Cluster.Hosting;
using Akka.Cluster.Hosting.SBR;
using Akka.Cluster.Sharding;
using Akka.Hosting;
using Akka.Remote.Hosting;

namespace DataFlow.Cluster;

/// <summary>
/// The settings of the cluster, as they were tried out: a dead node is noticed after 3 to 5 s, and its pipelines run elsewhere some
/// 12 s after its death. Why each is as it is stands in <c>docs/decisions/0013-cluster.md</c>.
/// </summary>
internal static class AkkaSettings
{
    /// <summary>The name of the actor system, a part of each node's address.</summary>
    public const string System = "dataflow";

    // Warnings only: what a logger has not said yet when the system ends goes to standard output, whatever stdout-loglevel says.
    private static string Tuning(ClusterTiming timing) => string.Create(CultureInfo.InvariantCulture, $$"""
        akka {
          loglevel = WARNING
          stdout-loglevel = OFF
          cluster {
            down-removal-margin = {{timing.Margin.TotalMilliseconds}}ms
            split-brain-resolver.stable-after = {{timing.StableAfter.TotalMilliseconds}}ms
            sharding {
              distributed-data.durable.keys = []
              handoff-timeout = 15s
              rebalance-interval = 3s
              retry-interval = 500ms
              coordinator-failure-backoff = 1s
              least-shard-allocation-strategy { rebalance-absolute-limit = 20, rebalance-relative-limit = 0.2 }
            }
          }
          coordinated-shutdown {
            run-by-clr-shutdown-hook = off
            phases.cluster-sharding-shutdown-region.timeout = 30s
          }
        }
        """);

    /// <summary>Remoting, membership, serialization.</summary>
    public static AkkaConfigurationBuilder WithNode(this AkkaConfigurationBuilder akka, ClusterOptions options)
    {
        akka.AddHocon(Tuning(options.Timing), HoconAddMode.Prepend)
            .AddHocon(options.Settings, HoconAddMode.Prepend)
            .WithRemoting(new RemoteOptions { HostName = options.Host, PublicHostName = options.Host, Port = options.Port })
            .WithClustering(new Akka.Cluster.Hosting.ClusterOptions
            {
                SeedNodes = [.. options.Seeds.Select(seed => $"{options.Protocol}://{System}@{seed}")],
                Roles = [System, Members.RoleOf(options.NodeName)],

                // Fewer than a majority never run anything: a founder that is started alone, cut off from the rest, waits.
                MinimumNumberOfMembers = (options.Nodes / 2) + 1,
                SplitBrainResolver = new KeepMajorityOption(),
                FailureDetector = new PhiAccrualFailureDetectorOptions
                {
                    HeartbeatInterval = options.Timing.Heartbeat,
                    AcceptableHeartbeatPause = options.Timing.Pause,
                },
            })
            .WithStrictSerialization()
            .WithCustomSerializer("dataflow-control", [typeof(IControlMessage)], system => new ControlMessageSerializer(system));
        if (options.Seeds.Count == 0)
        {
            akka.AddStartup((system, _) =>
            {
                var cluster = Akka.Cluster.Cluster.Get(system);
                cluster.Join(cluster.SelfAddress);
            });
        }

        return akka;
    }

    /// <summary>The entities. What must run is the registry's to say, so that the sharding remembers nothing.</summary>
    public static AkkaConfigurationBuilder WithPipelines(this AkkaConfigurationBuilder akka, Func<EntityServices> services) =>
        akka.WithShardRegion<PipelineActor>(
            "pipeline",
            name => Akka.Actor.Props.Create(() => new PipelineActor(name, services())),
            new PipelineMessageExtractor(),
            new ShardOptions
            {
                Role = System,
                StateStoreMode = StateStoreMode.DData,
                RememberEntities = false,
                ShouldPassivateIdleEntities = false,
                HandOffStopMessage = HandOff.Instance,
            });
}
