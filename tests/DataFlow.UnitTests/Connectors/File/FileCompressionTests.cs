using DataFlow.Connectors;
using DataFlow.Formats;

namespace DataFlow.UnitTests.Connectors;

public sealed class FileCompressionTests : IDisposable
{
    private static readonly FileSourceOptions Text = new() { Format = RecordFormat.Text };

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Compressed_files_are_recognised_by_their_content_and_read_whole(bool gzip)
    {
        var content = TempFolder.Lines(20_000);
        var parts = new[] { content[..1000], "", content[1000..50_001], content[50_001..] };
        var path = _folder.Write("named-like-nothing", gzip ? TempFolder.Gzip(parts) : TempFolder.Zstd(parts));

        var run = await FileRun.ToEnd(new FileSourceContext(), path, Text);

        Assert.Equal(content.TrimEnd('\n').Split('\n'), run.Texts);
        Assert.Equal(new FileInfo(path).Length, run.Bytes);
        Assert.Equal(0, run.Source.BacklogBytes);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_file_cut_at_any_byte_is_found_out_and_nothing_is_lost_or_invented(bool gzip)
    {
        var content = TempFolder.Lines(60);
        var lines = content.TrimEnd('\n').Split('\n');
        var whole = gzip ? TempFolder.Gzip(content[..300], content[300..]) : TempFolder.Zstd(content[..300], content[300..]);
        var name = gzip ? "x.txt.gz" : "x.txt.zst";
        var member = (gzip ? TempFolder.Gzip(content[..300]) : TempFolder.Zstd(content[..300])).Length;
        for (var length = 0; length < whole.Length; length++)
        {
            var context = new FileSourceContext { MostRecords = 10 };
            await using var run = new FileRun(context, _folder.Write(name, whole[..length]), Text);
            if (length == member)
            {
                // One complete member is a complete file, although its last line has no end.
                while (await run.Next())
                {
                }

                continue;
            }

            var error = await Assert.ThrowsAsync<ConnectorException>(async () =>
            {
                while (await run.Next())
                {
                }
            });
            Assert.Contains("is compressed and damaged or cut off", error.Message);
            Assert.Contains($"up to line {run.Rows.Count}, was read and is kept", error.Message);
            Assert.Equal(lines.Take(run.Rows.Count), run.Texts);

            var rest = await FileRun.ToEnd(context, _folder.Write(name, whole), Text);
            Assert.Equal(lines, run.Texts.Concat(rest.Texts));
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Damage_in_the_middle_is_found_out(bool gzip)
    {
        var content = TempFolder.Lines(5000);
        var bytes = gzip ? TempFolder.Gzip(content) : TempFolder.Zstd(content[..20_000], content[20_000..]);
        bytes[bytes.Length / 2] ^= 0x55;
        bytes[(bytes.Length / 2) + 1] ^= 0x55;
        var path = _folder.Write("x", bytes);
        var error = await Assert.ThrowsAsync<ConnectorException>(() => FileRun.ToEnd(new FileSourceContext(), path, Text));
        Assert.Contains("damaged or cut off", error.Message);
    }

    [Fact]
    public async Task A_frame_without_content_may_come_first_as_parallel_compressors_write_it()
    {
        var bytes = (byte[])[0x50, 0x2A, 0x4D, 0x18, 4, 0, 0, 0, 1, 2, 3, 4, .. TempFolder.Zstd("a\nb\n")];
        Assert.Equal(["a", "b"], (await FileRun.ToEnd(new FileSourceContext(), _folder.Write("x", bytes), Text)).Texts);
    }

    [Fact]
    public async Task A_wrong_checksum_is_found_out()
    {
        var bytes = TempFolder.Gzip("a\nb\n");
        bytes[^8] ^= 1;
        await Assert.ThrowsAsync<ConnectorException>(() => FileRun.ToEnd(new FileSourceContext(), _folder.Write("x", bytes), Text));
    }

    [Fact]
    public async Task What_follows_a_gzip_member_and_is_none_is_not_passed_over_in_silence()
    {
        var bytes = (byte[])[.. TempFolder.Gzip("a\nb\n"), .. "plain text\n"u8];
        await Assert.ThrowsAsync<ConnectorException>(() => FileRun.ToEnd(new FileSourceContext(), _folder.Write("x", bytes), Text));
    }

    [Fact]
    public async Task Compressed_text_may_have_another_encoding_and_a_byte_order_mark()
    {
        using var output = new MemoryStream();
        using (var gzip = new System.IO.Compression.GZipStream(output, System.IO.Compression.CompressionLevel.Fastest))
        {
            gzip.Write([.. System.Text.Encoding.Unicode.GetPreamble(), .. System.Text.Encoding.Unicode.GetBytes("Zoë\nb\n")]);
        }

        Assert.Equal(["Zoë", "b"], (await FileRun.ToEnd(new FileSourceContext(), _folder.Write("x", output.ToArray()), Text)).Texts);
    }
}
