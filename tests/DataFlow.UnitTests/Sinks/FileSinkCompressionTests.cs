using DataFlow.Connectors;

namespace DataFlow.UnitTests.Sinks;

public class FileSinkCompressionTests : SinkFixture
{
    [Fact]
    public async Task Each_commit_ends_a_gzip_member()
    {
        var options = new FileSinkOptions { Compression = OutputCompression.Gzip };
        var lengths = new List<long>();
        await using (var run = await OpenAsync(options))
        {
            for (var number = 0; number < 3; number++)
            {
                await run.WriteAsync(number);
                await run.CommitAsync();
                lengths.Add(new FileInfo(Target).Length);
            }

            await run.CommitAsync();
        }

        Assert.Equal("{\"n\":\"0\"}\n{\"n\":\"1\"}\n{\"n\":\"2\"}\n", Gunzipped());
        using (var file = File.Open(Target, FileMode.Open))
        {
            file.SetLength(lengths[1]);
        }

        Assert.Equal("{\"n\":\"0\"}\n{\"n\":\"1\"}\n", Gunzipped());
        Assert.Equal(0x8B1F, BitConverter.ToUInt16(File.ReadAllBytes(Target), (int)lengths[0]));
    }

    [Fact]
    public async Task Each_commit_ends_a_zstd_frame()
    {
        await using (var run = await OpenAsync(new FileSinkOptions { Compression = OutputCompression.Zstd }))
        {
            await run.WriteAsync(1);
            await run.CommitAsync();
            await run.WriteAsync(2);
            await run.CommitAsync();
        }

        using var reader = new StreamReader(new ZstdSharp.DecompressionStream(File.OpenRead(Target)));
        Assert.Equal("{\"n\":\"1\"}\n{\"n\":\"2\"}\n", await reader.ReadToEndAsync());
    }

    [Fact]
    public async Task Large_members_reach_the_file_before_the_commit()
    {
        await using var run = await OpenAsync(new FileSinkOptions { Compression = OutputCompression.Gzip });
        var random = new Random(1);
        for (var batch = 0; batch < 40; batch++)
        {
            await run.WriteAsync([.. Enumerable.Range(0, 3000).Select(_ => random.Next())]);
        }

        Assert.True(new FileInfo(Target).Length > 256 * 1024);
        await run.CommitAsync();
        Assert.Equal(120_000, Gunzipped().Count(character => character == '\n'));
    }
}
