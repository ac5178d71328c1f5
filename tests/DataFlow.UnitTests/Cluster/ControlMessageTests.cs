using System.Runtime.Serialization;
using System.Text;
using Akka.Actor;
using DataFlow.Cluster;
using DataFlow.Engine;
using DataFlow.Engine.Lifecycle;

namespace DataFlow.UnitTests.Cluster;

/// <summary>What nodes say to each other, byte by byte: nodes of two versions must understand each other.</summary>
public sealed class ControlMessageTests : IDisposable
{
    private readonly ActorSystem _system = ActorSystem.Create("messages");
    private readonly ControlMessageSerializer _serializer;

    public ControlMessageTests() => _serializer = new ControlMessageSerializer((ExtendedActorSystem)_system);

    public void Dispose() => _system.Dispose();

    public static TheoryData<object, string, string> Messages => new()
    {
        { new EnsureRunning("orders"), "ensure-running", """{"Pipeline":"orders"}""" },
        { new Restart("orders"), "restart", """{"Pipeline":"orders"}""" },
        {
            new Execute("orders", LifecycleCommand.Pause, "ann", new Guid("00000000-0000-0000-0000-000000000007")),
            "execute",
            """{"Pipeline":"orders","Command":"Pause","By":"ann","Id":"00000000-0000-0000-0000-000000000007"}"""
        },
        { new GetStatus("orders"), "get-status", """{"Pipeline":"orders"}""" },
        { new StatusReply(Run: null), "status", """{"Run":null}""" },
        {
            new StatusReply(new RunStatus
            {
                Node = "node1",
                Address = new Uri("http://127.0.0.1:5080"),
                State = RunState.BackingOff,
                Counters = new RecordCounters { Read = 10, Delivered = 7, Filtered = 1, DeadLettered = 2, Bytes = 1000 },
                Offset = 10,
                BacklogRecords = 5,
                Freshness = TimeSpan.FromSeconds(90),
                IsHealthy = false,
                Reason = "away",
                Restarts = 1,
            }),
            "status",
            """{"Run":{"Node":"node1","Address":"http://127.0.0.1:5080","State":"BackingOff","Counters":{"Read":10,"Delivered":7,"Filtered":1,"DeadLettered":2,"Dropped":0,"Deduplicated":0,"Bytes":1000,"Unaccounted":0},"Offset":10,"BacklogBytes":null,"BacklogRecords":5,"Freshness":"00:01:30","IsHealthy":false,"Reason":"away","Restarts":1}}"""
        },
        { new RefusalReply(RefusalKind.WrongState, "It runs."), "refusal", """{"Kind":"WrongState","Message":"It runs."}""" },
        { HandOff.Instance, "hand-off", "{}" },
    };

    [Theory]
    [MemberData(nameof(Messages))]
    public void A_message_has_its_manifest_and_its_bytes_and_comes_back_as_it_was(object message, string manifest, string json)
    {
        var bytes = _serializer.ToBinary(message);
        Assert.Equal((manifest, json), (_serializer.Manifest(message), Encoding.UTF8.GetString(bytes)));
        Assert.Equal(message, _serializer.FromBinary(bytes, manifest));
    }

    [Fact]
    public void A_message_of_a_newer_version_is_refused_with_the_reason()
    {
        var refusal = Assert.Throws<SerializationException>(() => _serializer.FromBinary([], "divide"));
        Assert.Contains("'divide'", refusal.Message, StringComparison.Ordinal);
        Assert.Throws<SerializationException>(() => _serializer.ToBinary("text"));
    }

    [Fact]
    public void Fields_that_a_newer_version_has_added_are_passed_over() => Assert.Equal(
        new EnsureRunning("orders"), _serializer.FromBinary("""{"Pipeline":"orders","Urgency":3}"""u8.ToArray(), "ensure-running"));

    [Fact]
    public void A_command_of_an_older_version_has_no_id() => Assert.Equal(
        new Execute("orders", LifecycleCommand.Stop, "ann", Guid.Empty),
        _serializer.FromBinary("""{"Pipeline":"orders","Command":"Stop","By":"ann"}"""u8.ToArray(), "execute"));

    [Fact]
    public void The_longest_command_stays_far_below_what_a_frame_holds() => Assert.InRange(
        _serializer.ToBinary(new Execute(new string('p', 100), LifecycleCommand.Recover, new string('x', 1000))).Length, 1, 64 << 10);
}
