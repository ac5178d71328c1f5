using DataFlow.Cluster;
using Microsoft.Extensions.DependencyInjection;

namespace DataFlow.UnitTests.Cluster;

public sealed class NumberOfNodesTests
{
    [Theory]
    [InlineData(2, "worse than one node")]
    [InlineData(4, "survives no more deaths than one of 3")]
    [InlineData(3, "needs a PostgreSQL database")]
    public void A_cluster_that_would_not_outlive_a_node_is_refused(int nodes, string why)
    {
        var options = new ClusterOptions { Address = new Uri("http://127.0.0.1:1"), StateFolder = "state", Root = "root", Nodes = nodes };

        var refusal = Assert.Throws<ConnectorException>(
            () => new ServiceCollection().AddDataFlowCluster(options, store: null!, BuiltInCatalogue.Instance));

        Assert.Contains(why, refusal.Message, StringComparison.Ordinal);
        Assert.Equal(FaultOwner.User, refusal.Owner);
    }
}
