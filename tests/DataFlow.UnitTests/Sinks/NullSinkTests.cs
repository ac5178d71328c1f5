using DataFlow.Connectors;
using DataFlow.UnitTests.Encoders;

namespace DataFlow.UnitTests.Sinks;

public class NullSinkTests
{
    [Theory]
    [InlineData(false, NullSinkFormat.Ndjson, 0)]
    [InlineData(true, NullSinkFormat.Ndjson, 40)]
    [InlineData(true, NullSinkFormat.Csv, 8)]
    public async Task Records_are_counted_and_their_bytes_when_they_are_encoded(object encode, object format, long bytes)
    {
        await using var sink = new NullSinkConnector(new NullSinkOptions { Encode = (bool)encode, Format = (NullSinkFormat)format });
        await sink.OpenAsync(ConsoleSinkTests.Context(), CancellationToken.None);
        using var batch = new Lent(Rows.Texts(["a"], ["1"], ["2"], ["3"]));
        batch.Batch.Select([0, 2]);
        for (var time = 0; time < 2; time++)
        {
            if (sink.Encoder is { } encoder)
            {
                using var encoded = encoder.Encode(batch.Batch);
                await sink.WriteAsync(encoded, CancellationToken.None);
            }
            else
            {
                await sink.WriteAsync(batch.Batch, CancellationToken.None);
            }
        }

        Assert.Equal((4, bytes), (sink.Records, sink.Bytes));
    }
}
