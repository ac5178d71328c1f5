using DataFlow.Engine.Configuration;

namespace DataFlow.UnitTests.Configuration;

public sealed class PipelineFileOnDiskTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("dataflow-configuration-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_file_is_read_with_a_byte_order_mark_and_windows_line_ends()
    {
        var path = Write("orders.yaml", "\uFEFFsource:\r\n  type: file\r\n  connection: a.csv\r\nsink: { type: console }\r\n");
        Assert.Equal(Path.Combine(_folder, "a.csv"), PipelineFile.Load(path, SampleCatalogue.All).Source.Settings.Connection);
    }

    [Fact]
    public void A_missing_file_is_said_with_the_place_that_was_looked_at()
    {
        var path = Path.Combine(_folder, "orders.yaml");
        Assert.Equal($"{path}: there is no such file (looked for {path}); check the path.", Problem(path));
    }

    [Fact]
    public void A_folder_is_no_pipeline_file() =>
        Assert.Equal($"{_folder}: this is a folder; name the pipeline file in it.", Problem(_folder));

    [Theory]
    [InlineData("")]
    [InlineData("# nothing\n")]
    [InlineData("id,name\n1,Alice\n")]
    [InlineData("- a\n- b\n")]
    public void A_file_of_something_else_is_no_pipeline_file(string text)
    {
        var path = Write("users.csv", text);
        Assert.Equal(
            $"{path}: this is no pipeline file: it must have the keys 'source' and 'sink'. `dataflow new` writes one to start from.",
            Problem(path));
    }

    [Fact]
    public void A_file_that_is_no_text_is_refused()
    {
        var path = Path.Combine(_folder, "orders.yaml");
        File.WriteAllBytes(path, [(byte)'a', 0xFF, 0xFE, 0xFD]);
        Assert.Equal($"{path}: this is no UTF-8 text; save the file as UTF-8.", Problem(path));
    }

    [Theory]
    [InlineData("s3cret\n", "s3cret")]
    [InlineData("s3cret\r\n", "s3cret")]
    [InlineData("two\nlines\n\n", "two\nlines\n")]
    [InlineData("a: b # {c}", "a: b # {c}")]
    public void The_text_of_a_file_is_a_value_without_its_last_line_end(string text, string expected)
    {
        Write("token.txt", text);
        var path = Write("orders.yaml", Kafka("${file:token.txt}"));
        Assert.Equal(expected, ((SampleTopicOptions)PipelineFile.Load(path, SampleCatalogue.All).Source.Settings.Options).AuthToken);
    }

    [Fact]
    public void A_missing_value_file_is_said_with_the_place_that_was_looked_at()
    {
        var path = Write("orders.yaml", Kafka("${file:token.txt}"));
        Assert.Equal(
            $"{path}:1:77: source.options.auth-token: ${{file:token.txt}} can't be read: {Path.Combine(_folder, "token.txt")} does not exist; "
            + "relative paths start at the pipeline file's folder.",
            Problem(path));
    }

    private static string Kafka(string token) =>
        $"source: {{ type: kafka, connection: x, options: {{ topic: orders, auth-token: '{token}' }} }}\nsink: {{ type: console }}\n";

    private static string Problem(string path) =>
        Assert.Throws<ConfigurationException>(() => PipelineFile.Load(path, SampleCatalogue.All)).Message;

    private string Write(string name, string text)
    {
        var path = Path.Combine(_folder, name);
        File.WriteAllText(path, text);
        return path;
    }
}
