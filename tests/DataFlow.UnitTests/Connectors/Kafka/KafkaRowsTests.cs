using System.Text;
using DataFlow.Connectors;
using DataFlow.Formats;

namespace DataFlow.UnitTests.Connectors;

/// <summary>Messages in a buffer become rows: policies for bad ones, and what it costs.</summary>
public sealed class KafkaRowsTests
{
    [Theory]
    [InlineData(InvalidJsonPolicy.String, 1, 0)]
    [InlineData(InvalidJsonPolicy.DeadLetter, 0, 1)]
    public void Invalid_json_is_counted_and_becomes_text_or_a_dead_letter(InvalidJsonPolicy policy, int rows, int errors)
    {
        var batch = Parse(new KafkaSourceOptions { OnInvalidJson = policy }, "{\"a\" 1}");

        Assert.Equal((rows, errors), (batch.RowCount, batch.Errors.Count));
        if (policy == InvalidJsonPolicy.String)
        {
            Assert.Equal(1, batch.Outcomes[KafkaRows.InvalidJson]);
        }
        else
        {
            var error = batch.Errors[0];
            Assert.Equal(("invalid-json", "orders:3", 7L, "{\"a\" 1}"), (error.Reason, error.Split, error.Offset, Encoding.UTF8.GetString(error.Raw)));
            Assert.Contains("offset 7 of orders:3", error.Message, StringComparison.Ordinal);
            Assert.Contains("byte 6: found '1', expected ':'", error.Message, StringComparison.Ordinal);
        }

        batch.Release();
    }

    [Fact]
    public void Invalid_json_fails_where_that_is_asked_for()
    {
        var error = Assert.Throws<ConnectorException>(() => Parse(new KafkaSourceOptions { OnInvalidJson = InvalidJsonPolicy.Fail }, "nope"));

        Assert.Equal(FaultOwner.User, error.Owner);
        Assert.Contains("offset 7 of orders:3", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("dead-letter", 0, 1)]
    [InlineData("replace", 1, 0)]
    [Trait("claim", "KAFKA-22")]
    public void Bytes_that_are_no_text_are_a_dead_letter_or_replaced(string policy, int rows, int errors)
    {
        var onInvalid = policy == "replace" ? KafkaTextPolicy.Replace : KafkaTextPolicy.DeadLetter;
        var batch = Parse(new KafkaSourceOptions { Format = KafkaFormat.String, OnInvalidBytes = onInvalid }, [(byte)'a', 0xFF]);

        Assert.Equal((rows, errors), (batch.RowCount, batch.Errors.Count));
        if (rows == 1)
        {
            Assert.Equal("a\uFFFD", DataRecord.From(batch, 0)["value"]);
            Assert.Equal(1, batch.Outcomes["invalid-bytes-replaced"]);
        }
        else
        {
            Assert.Equal("invalid-bytes", batch.Errors[0].Reason);
        }

        batch.Release();
    }

    [Fact]
    public void More_fields_than_allowed_are_a_dead_letter()
    {
        var batch = Parse(new KafkaSourceOptions { MaxFields = 2 }, """{"a":1,"b":2,"c":3}""");

        Assert.Equal("too-many-fields", Assert.Single(batch.Errors).Reason);
        batch.Release();
    }

    [Fact]
    public void A_dead_letter_is_read_again_as_its_message_was()
    {
        var settings = new SourceSettings
        {
            PipelineId = "p",
            Connection = "localhost:9092",
            ConfiguredConnection = "localhost:9092",
            Options = new KafkaSourceOptions { Topic = ["orders"] },
            BaseDirectory = "/",
        };
        var id = Guid.NewGuid();
        var batch = new BatchPool().Rent(100);
        batch.Append("{\"id\":\"1\"}"u8);
        batch.Identity = RecordIdentity.OfSingle(id, "orders:3");

        KafkaSourceDefinition.Definition.ReadAgain!(
            settings, batch, new RecordError(id, RecordError.Stages.Sink, "x", "x", [.. "{\"id\":\"1\"}"u8], "orders:3", 7), null);

        var record = DataRecord.From(batch, 0);
        Assert.Equal(("1", id, "orders", "3", "7"), (record.Id, record.DeliveryId, record.Metadata["topic"], record.Metadata["partition"], record.Metadata["offset"]));
        batch.Release();
    }

    [Fact]
    public void Parsing_allocates_per_batch_and_not_per_message()
    {
        var rows = new KafkaRows(new KafkaSourceOptions());
        var pool = new BatchPool();
        Run(1000);
        Run(1000);
        var small = Allocated(1000);
        var large = Allocated(10_000);

        Assert.True(large - small < 9000, $"9,000 more messages allocated {large - small} bytes more.");

        long Allocated(int messages)
        {
            Run(messages);
            var before = GC.GetAllocatedBytesForCurrentThread();
            Run(messages);
            return GC.GetAllocatedBytesForCurrentThread() - before;
        }

        void Run(int messages)
        {
            var batch = Rent(pool);
            for (var offset = 0; offset < messages; offset++)
            {
                Append(batch, offset, """{"id":"evt-1","type":"purchase","amount":12.50}"""u8);
            }

            rows.Parse(batch);
            Assert.Equal(messages, batch.RowCount);
            batch.Release();
        }
    }

    private static RecordBatch Parse(KafkaSourceOptions options, string value) => Parse(options, Encoding.UTF8.GetBytes(value));

    private static RecordBatch Parse(KafkaSourceOptions options, byte[] value)
    {
        var batch = Rent(new BatchPool());
        Append(batch, 7, value);
        new KafkaRows(options).Parse(batch);
        return batch;
    }

    private static RecordBatch Rent(BatchPool pool)
    {
        var batch = pool.Rent(1000);
        batch.Identity = new RecordIdentity("kafka", "orders:3");
        return batch;
    }

    private static void Append(RecordBatch batch, long offset, ReadOnlySpan<byte> value)
    {
        var frame = new KafkaFrame { Offset = offset, KeyLength = KafkaFrame.Null, ValueLength = value.Length, LeaderEpoch = -1 };
        KafkaFrame.Append(batch, in frame, [], [], value);
    }
}
