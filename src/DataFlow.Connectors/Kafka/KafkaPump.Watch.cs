using Confluent.Kafka;

namespace DataFlow.Connectors;

/// <content>What is looked at now and then, and what the client says about itself.</content>
internal sealed partial class KafkaPump
{
    /// <summary>What has to be looked at now and then.</summary>
    private void Tick()
    {
        var now = _context.Time.GetUtcNow();
        _lag.Readings = [.. _intake.Partitions
            .Select(partition => KafkaLag.Of(partition, EndOf(partition), now))
            .OfType<KafkaLag.Reading>()];
        if (_isUnhealthy && _topics.TryRefresh() && !_topics.Absent.Any())
        {
            _isUnhealthy = false;
            _context.Report(SourceHealth.Healthy, "");
        }

        if (_assignsItself)
        {
            if (_context.Time.GetElapsedTime(_lastDiscovery) >= BetweenDiscoveries && _topics.TryRefresh())
            {
                _lastDiscovery = _context.Time.GetTimestamp();
                AssignNew();
            }

            return;
        }

        LookForAssignment();
    }

    private void LookForAssignment()
    {
        if (_intake.Partitions.Count > 0)
        {
            _unassignedSince = _context.Time.GetTimestamp();
            if (_unassignedIsSaid)
            {
                _unassignedIsSaid = false;
                _context.Report(SourceHealth.Healthy, "");
            }

            return;
        }

        if (_unassignedIsSaid || _context.Time.GetElapsedTime(_unassignedSince) < UntilUnassignedIsSaid)
        {
            return;
        }

        _unassignedIsSaid = true;
        var reason = $"The group '{_group}' has given us no partition for {UntilUnassignedIsSaid.TotalSeconds:0} s: "
            + (_options.GroupProtocol == KafkaGroupProtocol.Consumer
                ? "the brokers may not support group-protocol: consumer, or there are more members than partitions."
                : "there may be more members than partitions.");
        _notices.Say("unassigned", reason);
        _context.Report(SourceHealth.Waiting, reason);
    }

    private long EndOf(KafkaPartition partition)
    {
        try
        {
            return _consumer.GetWatermarkOffsets(new TopicPartition(partition.Topic, partition.Number)).High.Value;
        }
        catch (KafkaException)
        {
            return -1;
        }
    }

    private void Failed(Error error)
    {
        if (error.Code == ErrorCode.Local_AutoOffsetReset && _start.Reset != "error")
        {
            _assignment.Fail(ConnectorException.External(
                $"Kafka at {_connection} does not have the place any more where reading stood: {KafkaFaults.Reason(error)}. "
                + "Retention was faster than the sink, or a topic was made anew. Where to go on is looked up again."));
            return;
        }

        if (!KafkaFaults.MayPass(error, _wasConnected) && KafkaFaults.Fatal(error, _connection, _group) is { } fatal)
        {
            _assignment.Fail(fatal);
            return;
        }

        var isNew = _notices.Say(error);
        if (KafkaFaults.IsConnection(error))
        {
            _isUnhealthy = true;
            if (isNew)
            {
                _context.ReportConnectionError(Passing(error, new KafkaException(error)));
            }
        }
        else if (error.Code is ErrorCode.UnknownTopicOrPart or ErrorCode.Local_UnknownTopic or ErrorCode.Local_UnknownPartition)
        {
            _isUnhealthy = true;
            _context.Report(SourceHealth.Unhealthy, $"{KafkaFaults.Reason(error)}. The topic was deleted, or is not there yet.");
        }
    }

    private void Committed(CommittedOffsets committed)
    {
        foreach (var error in committed.Offsets.Select(offset => offset.Error).Prepend(committed.Error).Where(error => error.IsError))
        {
            if (error.Code == ErrorCode.Local_NoOffset)
            {
                continue;
            }

            KafkaMeter.CommitErrors.Add(1, new KeyValuePair<string, object?>("pipeline_id", _context.PipelineId));
            Failed(new Error(
                error.Code,
                $"Offsets were not committed ({KafkaFaults.Reason(error)}). They are committed with the next ones. "
                    + $"Check the brokers' health and the rights of the group '{_group}'."));
        }
    }

    private ConnectorException Translate(Error error, Exception cause) => KafkaFaults.Fatal(error, _connection, _group) ?? Passing(error, cause);

    private ConnectorException Passing(Error error, Exception cause) =>
        ConnectorException.External($"Kafka at {_connection}: {KafkaFaults.Reason(error)}. The client tries again by itself.", cause);
}
