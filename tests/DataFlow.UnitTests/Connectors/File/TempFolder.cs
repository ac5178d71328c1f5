using System.IO.Compression;
using System.Text;
using ZstdSharp;

namespace DataFlow.UnitTests.Connectors;

/// <summary>A folder that is gone after the test.</summary>
internal sealed class TempFolder : IDisposable
{
    public TempFolder() => Path = Directory.CreateTempSubdirectory("dataflow-").FullName;

    public string Path { get; }

    public string this[string name] => System.IO.Path.Join(Path, name);

    public string Write(string name, string text) => Write(name, Encoding.UTF8.GetBytes(text));

    public string Write(string name, byte[] bytes)
    {
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(this[name])!);
        File.WriteAllBytes(this[name], bytes);
        return this[name];
    }

    public void Append(string name, string text) => File.AppendAllText(this[name], text);

    public static byte[] Gzip(params string[] members) => [.. members.SelectMany(member =>
    {
        using var output = new MemoryStream();
        using (var gzip = new GZipStream(output, CompressionLevel.Optimal))
        {
            gzip.Write(Encoding.UTF8.GetBytes(member));
        }

        return output.ToArray();
    })];

    public static byte[] Zstd(params string[] frames) => [.. frames.SelectMany(frame =>
    {
        using var compressor = new Compressor();
        compressor.SetParameter(ZstdSharp.Unsafe.ZSTD_cParameter.ZSTD_c_checksumFlag, 1);
        return compressor.Wrap(Encoding.UTF8.GetBytes(frame)).ToArray();
    })];

    public static string Lines(int count, int first = 1) =>
        string.Concat(Enumerable.Range(first, count).Select(number => $"line {number} {new string('x', number % 7)}\n"));

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
