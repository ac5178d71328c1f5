using Confluent.Kafka;

namespace DataFlow.Connectors;

/// <summary>What the client's errors mean for a run, and sentences about them.</summary>
internal static class KafkaFaults
{
    /// <summary>A failure that somebody has to put right, as a sentence; null when the client gets over it by itself.</summary>
    /// <param name="error">What the client says.</param>
    /// <param name="connection">The bootstrap servers, for the sentence.</param>
    /// <param name="group">The group or the transactional id, for the sentence.</param>
    public static ConnectorException? Fatal(Error error, string connection, string group) => error.Code switch
    {
        ErrorCode.Local_Authentication or ErrorCode.SaslAuthenticationFailed => ConnectorException.User(
            $"{connection} refused the login: {Reason(error)}. Check sasl, username and password."),
        ErrorCode.UnsupportedSaslMechanism or ErrorCode.IllegalSaslState => ConnectorException.User(
            $"{connection} does not take this way to log in: {Reason(error)}. Choose another one with sasl."),
        ErrorCode.Local_Ssl => ConnectorException.User(
            $"No encrypted connection to {connection}: {Reason(error)}. Check tls, ca-file, cert-file and key-file."),
        ErrorCode.TopicAuthorizationFailed => ConnectorException.User(
            $"{connection} denies access to a topic: {Reason(error)}. The user needs the rights READ and DESCRIBE (a sink: WRITE and DESCRIBE) on it."),
        ErrorCode.GroupAuthorizationFailed => ConnectorException.User(
            $"{connection} denies access to the consumer group '{group}': {Reason(error)}. The user needs the right READ on the group, also to commit offsets."),
        ErrorCode.TransactionalIdAuthorizationFailed => ConnectorException.User(
            $"{connection} denies transactions under the id '{group}': {Reason(error)}. The user needs the rights WRITE and DESCRIBE on the transactional id."),
        ErrorCode.ClusterAuthorizationFailed => ConnectorException.User(
            $"{connection} denies a right on the cluster: {Reason(error)}. An idempotent producer needs IDEMPOTENT_WRITE on older brokers."),
        ErrorCode.FencedInstanceId => ConnectorException.User(
            $"Another member of the group '{group}' has the same group-instance-id. Give each instance its own."),
        ErrorCode.Local_AutoOffsetReset => ConnectorException.User(
            $"The group '{group}' has no committed offset in a partition, or one that is not there any more, and auto-offset-reset is error: {Reason(error)}. "
            + "Commit an offset for the group, or choose where to start by auto-offset-reset."),
        ErrorCode.InconsistentGroupProtocol => ConnectorException.User(
            $"The members of the group '{group}' use different ways to share partitions: {Reason(error)}. "
            + "Use another group-id, or set partition.assignment.strategy under client to what the others use."),
        ErrorCode.InvalidSessionTimeout => ConnectorException.User(
            $"{connection} does not take this session-timeout: {Reason(error)}. Choose one from group.min.session.timeout.ms to "
            + "group.max.session.timeout.ms of the brokers, which are 6 s and 30 min where nobody has set them."),
        ErrorCode.InvalidGroupId => ConnectorException.User($"'{group}' is no valid name of a group: {Reason(error)}. Change group-id."),
        _ when error.IsFatal => ConnectorException.External($"The Kafka client can't go on: {Reason(error)}."),
        _ => null,
    };

    /// <summary>True for a handshake that was cut off, as when a broker restarts: only before the first contact the settings are at fault.</summary>
    public static bool MayPass(Error error, bool wasConnected) => wasConnected && error.Code == ErrorCode.Local_Ssl;

    /// <summary>True for errors that say that brokers can't be reached at the moment.</summary>
    public static bool IsConnection(Error error) => error.Code is
        ErrorCode.Local_AllBrokersDown or ErrorCode.Local_Transport or ErrorCode.Local_Resolve or ErrorCode.Local_TimedOut
        or ErrorCode.Local_MaxPollExceeded or ErrorCode.NetworkException or ErrorCode.BrokerNotAvailable
        or ErrorCode.Local_Ssl;

    /// <summary>No broker has answered in time.</summary>
    public static ConnectorException Timeout(string connection, TimeSpan limit, string? lastError) => ConnectorException.External(
        $"Connection timeout: none of the brokers {connection} answered within {limit.TotalSeconds:0} s"
        + (lastError is null ? "." : $" ({lastError.TrimEnd('.')}).")
        + " Check the broker addresses, the network, and that Kafka is running there.");

    /// <summary>A checkpoint that no message can hold.</summary>
    public static ConnectorException CheckpointTooLarge(string topic, int splits) => ConnectorException.User(
        $"The checkpoint of {splits} splits is larger than a message of the topic {topic} may be. "
        + "Raise max.message.bytes of the topic and message.max.bytes under client, or read fewer splits in one pipeline.");

    /// <summary>The client's own words.</summary>
    public static string Reason(Error error) => (string.IsNullOrEmpty(error.Reason) ? error.Code.ToString() : error.Reason).TrimEnd('.');
}
