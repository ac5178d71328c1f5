using System.Diagnostics;
using System.Text;

namespace DataFlow.Conformance;

/// <summary>
/// A server of our own: in a temporary folder, on a free loopback port, as a user without rights. It ends with this process, however
/// that ends: a shell between us waits for the end of its input, stops the server and removes the folder.
/// </summary>
internal sealed class PrivateServer : IDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromMinutes(3);

    private readonly Process _shell;
    private readonly StringBuilder _said = new();

    private PrivateServer(Process shell)
    {
        _shell = shell;
        shell.OutputDataReceived += (_, line) => Note(line.Data);
        shell.ErrorDataReceived += (_, line) => Note(line.Data);
        shell.BeginOutputReadLine();
        shell.BeginErrorReadLine();
    }

    /// <summary>Starts a server.</summary>
    /// <param name="name">For the folder's name.</param>
    /// <param name="data">Where its data are, or will be made.</param>
    /// <param name="prepare">A shell command that makes the data in <c>$DATA</c>, where there are none; <c>$DIR</c> is a folder for all else.</param>
    /// <param name="run">A shell command that is the server, in the foreground.</param>
    public static PrivateServer Start(string name, string data, string prepare, string run)
    {
        var script = $$"""
            set -u
            DIR=$(mktemp -d "${TMPDIR:-/tmp}/dataflow-{{name}}-XXXXXX") || exit 1
            DATA='{{data}}'
            KEEP=
            trap 'rm -rf "$DIR"; [ "$KEEP" ] || rm -rf "$DATA"' EXIT
            cd "$DIR" || exit 1
            # A starting MariaDB removes the temporary files of others, where they share a folder.
            export TMPDIR="$DIR"
            [ -d "$DATA" ] || { {{prepare}}; } || exit 1
            {{run}} &
            SERVER=$!
            while read -r KEEP; do break; done
            kill -QUIT $SERVER 2> /dev/null
            wait $SERVER
            """;
        string[] arguments = Environment.IsPrivilegedProcess
            ? ["--reuid=nobody", "--regid=nogroup", "--clear-groups", "sh", "-c", script]
            : ["-c", script];
        var start = new ProcessStartInfo(Environment.IsPrivilegedProcess ? "setpriv" : "sh", arguments)
        {
            WorkingDirectory = "/",
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["HOME"] = "/tmp";
        start.Environment["LC_ALL"] = "C.UTF-8";
        return new PrivateServer(Process.Start(start)!);
    }

    /// <summary>Waits until the server answers.</summary>
    /// <param name="connect">Throws while it does not.</param>
    public async Task WaitAsync(Func<Task> connect)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (true)
        {
            try
            {
                await connect();
                return;
            }
            catch (Exception failure)
            {
                if (_shell.HasExited || TimeProvider.System.GetElapsedTime(started) > StartLimit)
                {
                    throw new InvalidOperationException($"The server did not start. It said: {Said}", failure);
                }
            }

            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System);
        }
    }

    /// <summary>Stops the server and leaves its data for another one.</summary>
    public void StopAndKeep()
    {
        _shell.StandardInput.WriteLine("keep");
        Dispose();
    }

    /// <summary>Stops the server and removes its data.</summary>
    public void Dispose()
    {
        _shell.StandardInput.Close();
        _shell.WaitForExit(TimeSpan.FromMinutes(1));
        _shell.Dispose();
    }

    private string Said
    {
        get { lock (_said) { return _said.ToString(); } }
    }

    private void Note(string? line)
    {
        lock (_said)
        {
            if (line is not null && _said.Length < 20_000)
            {
                _said.AppendLine(line);
            }
        }
    }
}
