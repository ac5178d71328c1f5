using System.Runtime.Serialization;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Akka.Actor;
using Akka.Serialization;

namespace DataFlow.Cluster;

/// <summary>
/// Control messages as JSON, each under a manifest that stays the same for ever: nodes of two versions talk to each other during
/// an upgrade. Fields may be added; a message with another meaning gets another manifest.
/// </summary>
internal sealed class ControlMessageSerializer(ExtendedActorSystem system) : SerializerWithStringManifest(system)
{
    private static readonly (string Manifest, JsonTypeInfo Type)[] Messages =
    [
        ("ensure-running", ControlMessageJson.Default.EnsureRunning),
        ("restart", ControlMessageJson.Default.Restart),
        ("execute", ControlMessageJson.Default.Execute),
        ("get-status", ControlMessageJson.Default.GetStatus),
        ("status", ControlMessageJson.Default.StatusReply),
        ("refusal", ControlMessageJson.Default.RefusalReply),
        ("hand-off", ControlMessageJson.Default.HandOff),
    ];

    /// <inheritdoc/>
    public override int Identifier => 7301;

    /// <inheritdoc/>
    public override string Manifest(object o) => Find(o).Manifest;

    /// <inheritdoc/>
    public override byte[] ToBinary(object obj) => JsonSerializer.SerializeToUtf8Bytes(obj, Find(obj).Type);

    /// <inheritdoc/>
    public override object FromBinary(byte[] bytes, string manifest) =>
        Messages.FirstOrDefault(message => message.Manifest == manifest) is { Type: { } type }
            ? JsonSerializer.Deserialize(bytes, type) ?? throw new SerializationException($"The message '{manifest}' is empty.")
            : throw new SerializationException($"No message is called '{manifest}': the other node runs a newer version.");

    private static (string Manifest, JsonTypeInfo Type) Find(object message) =>
        Messages.FirstOrDefault(known => known.Type.Type == message.GetType()) is { Manifest: not null } found
            ? found
            : throw new SerializationException($"{message.GetType()} is no control message.");
}
