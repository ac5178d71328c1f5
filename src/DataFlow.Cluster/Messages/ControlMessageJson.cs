using System.Text.Json.Serialization;

namespace DataFlow.Cluster;

[JsonSourceGenerationOptions(UseStringEnumConverter = true)]
[JsonSerializable(typeof(EnsureRunning))]
[JsonSerializable(typeof(Restart))]
[JsonSerializable(typeof(Execute))]
[JsonSerializable(typeof(GetStatus))]
[JsonSerializable(typeof(StatusReply))]
[JsonSerializable(typeof(RefusalReply))]
[JsonSerializable(typeof(HandOff))]
internal sealed partial class ControlMessageJson : JsonSerializerContext;
