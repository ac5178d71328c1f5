using DataFlow.Cli;
using Spectre.Console;

namespace DataFlow.UnitTests.Cli;

/// <summary>A command line that is wrong is answered with what was found, what there is and what was probably meant.</summary>
public sealed class CommandLineTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("dataflow-test-");
    private readonly StringWriter _out = new();
    private readonly StringWriter _error = new();

    public CommandLineTests()
    {
        File.WriteAllText(Path.Combine(_folder.FullName, "in.csv"), "id,name\n1,Ann\n");
        File.WriteAllText(Pipeline, "name: p\nsource: { type: file, connection: in.csv }\nsink: { type: 'null' }\n");
    }

    public static TheoryData<string, string> WrongCommandLines => new()
    {
        { "", "Name a command: run, validate, explain" },
        { "rnu p.yaml", "There is no command 'rnu'. Did you mean 'run'? There are run, validate," },
        { "state", "Name a command: show, gaps, reset, seek, set, backup." },
        { "dead-letters lst p.yaml", "There is no command 'lst'. Did you mean 'list'?" },
        { "run", "<file> is missing: The pipeline file, YAML or JSON." },
        { "run missing.yaml", "missing.yaml: there is no such file" },
        { "run .", ".: this is a folder; name the pipeline file in it." },
        { "run p.yaml q.yaml", "'q.yaml' is too much: run takes <file>." },
        { "run p.yaml --stric", "There is no option '--stric'. Did you mean '--strict'?" },
        { "run p.yaml --until never", "--until 'never' is not known. It is one of caught-up, forever." },
        { "run p.yaml --output xml", "--output 'xml' is not known. It is one of json, text." },
        { "run p.yaml --output", "--output needs a value." },
        { "run p.yaml --instance a/b", "--instance: 'a/b' can't be an instance's name; use letters a-z, digits" },
        { "preview p.yaml -n 0", "-n 0 shows nothing; give 1 or more." },
        { "preview p.yaml -n x", "-n 'x' is no whole number." },
        { "describe sorce file", "<role> 'sorce' is not known. Did you mean 'source'? It is one of sink, source, transform." },
        { "describe source flie", "There is no source 'flie'. Did you mean 'file'? There are " },
        { "new file --sink consoel", "There is no sink 'consoel'. Did you mean 'console'?" },
        { "state seek p.yaml abc", "<offset> 'abc' is no whole number." },
        { "state seek p.yaml 1 --split other.csv", "There is no split 'other.csv' to move. There are: " },
        { "state seek p.yaml -- -1", "-1 is no offset; give 0 or more." },
        { "dead-letters list p.yaml -n 0", "-n 0 lists nothing; give 1 or more." },
        { "dead-letters show p.yaml 99", "Pipeline 'p' has no dead letter 99; 'dataflow dead-letters list' shows their numbers." },
        { "dead-letters replay p.yaml --id 99", "Pipeline 'p' has no dead letter 99; 'dataflow dead-letters list' shows their numbers." },
    };

    private string Pipeline => Path.Combine(_folder.FullName, "p.yaml");

    public void Dispose()
    {
        _out.Dispose();
        _error.Dispose();
        _folder.Delete(recursive: true);
    }

    [Theory]
    [MemberData(nameof(WrongCommandLines))]
    public async Task A_wrong_command_line_says_what_is_wrong_and_ends_with_2(string line, string sentence)
    {
        Assert.Equal(0, await InvokeAsync("run", Pipeline));
        _out.GetStringBuilder().Clear();
        _error.GetStringBuilder().Clear();

        var code = await InvokeAsync([.. line.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(word => word == "p.yaml" ? Pipeline : word)]);

        Assert.Equal(2, code);
        Assert.Contains($"error: {sentence}", _error.ToString(), StringComparison.Ordinal);
        Assert.Equal("", _out.ToString());
    }

    private Task<int> InvokeAsync(params string[] arguments)
    {
        var terminal = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(_error), Interactive = InteractionSupport.No });
        return DataFlowCommand.InvokeAsync(arguments, new CliContext { Out = _out, Error = _error, Terminal = terminal });
    }
}
