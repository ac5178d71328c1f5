using System.Globalization;
using System.Text.Json;

namespace DataFlow.Engine.State;

/// <summary>
/// Makes sure that a pipeline runs once: an operating-system lock on a file in the state folder, held for the whole run. The
/// kernel frees it when the process ends, however it ends; a file that is left over means nothing.
/// </summary>
public sealed class PipelineLock : IDisposable
{
    private readonly FileStream _held;
    private readonly string _ownerPath;

    private PipelineLock(FileStream held, string ownerPath)
    {
        _held = held;
        _ownerPath = ownerPath;
    }

    /// <summary>Takes the lock of a pipeline.</summary>
    /// <param name="folder">The state folder. Made when it isn't there.</param>
    /// <param name="pipeline">The pipeline's name.</param>
    /// <param name="instance">Name of the instance when the same pipeline runs several times side by side, or null.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="ConnectorException">It is running already, and where; or the lock can't be relied upon here.</exception>
    public static PipelineLock Acquire(string folder, string pipeline, string? instance, TimeProvider time)
    {
        var name = instance is null ? pipeline : $"{pipeline}.{instance}";
        return Acquire(folder, name, time, who =>
            $"Pipeline '{name}' is already running: {who}. Stop it first, or run a second one beside it with --instance NAME.");
    }

    /// <summary>Takes the lock of a state folder for a service: there is one of them per folder.</summary>
    /// <param name="folder">The state folder. Made when it isn't there.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="ConnectorException">A service uses it already, and which; or the lock can't be relied upon here.</exception>
    public static PipelineLock AcquireForService(string folder, TimeProvider time) =>
        Acquire(folder, "@service", time, who => $"A service uses the state folder '{folder}' already: {who}. Stop it first, or name another folder with --state DIR.");

    private static PipelineLock Acquire(string folder, string name, TimeProvider time, Func<string, string> refusal)
    {
        // Names are free text; escaped, they can't leave the folder.
        var path = Path.Combine(StateFolder.Create(folder), Uri.EscapeDataString(name));
        var lockPath = path + ".lock";
        var ownerPath = path + ".owner";
        var held = TryOpen(lockPath) ?? throw ConnectorException.User(refusal(OwnerIn(ownerPath)));
        try
        {
            ThrowUnlessItExcludes(lockPath);
            WriteOwner(ownerPath, time);
            return new PipelineLock(held, ownerPath);
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }

    /// <summary>Gives the lock back.</summary>
    public void Dispose()
    {
        try
        {
            File.Delete(_ownerPath);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Without the lock nobody reads it, and the next owner overwrites it.
        }

        // The lock file stays: deleting it would let two others lock two different files of this name.
        _held.Dispose();
    }

    private static FileStream? TryOpen(string lockPath)
    {
        try
        {
            // FileShare.None takes the lock, on Unix with flock.
            return new FileStream(lockPath, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0);
        }
        catch (IOException e) when (IsHeldBySomebody(e))
        {
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw ConnectorException.User(
                $"The lock file '{lockPath}' can't be opened for writing: {e.Message} {StateFolder.NeedsWriting}", e);
        }
    }

    // EWOULDBLOCK on Linux and macOS; sharing and lock violation on Windows.
    private static bool IsHeldBySomebody(IOException e) =>
        e.HResult is 11 or 35 or unchecked((int)0x80070020) or unchecked((int)0x80070021);

    private static void ThrowUnlessItExcludes(string lockPath)
    {
        using var second = TryOpen(lockPath);
        if (second is not null)
        {
            throw ConnectorException.User(
                $"The file system of '{lockPath}' doesn't lock files (or locking was switched off for .NET), so that nothing would stop " +
                "a second run of the same pipeline. Name a folder on a local disk with --state DIR.");
        }
    }

    private static void WriteOwner(string ownerPath, TimeProvider time)
    {
        var owner = new Owner(Environment.ProcessId, Environment.MachineName, time.GetUtcNow());
        File.WriteAllText(ownerPath, JsonSerializer.Serialize(owner));
    }

    private static string OwnerIn(string ownerPath)
    {
        try
        {
            if (JsonSerializer.Deserialize<Owner>(File.ReadAllText(ownerPath)) is { } owner)
            {
                return string.Create(
                    CultureInfo.InvariantCulture,
                    $"process {owner.Process} on host {owner.Host} since {owner.Since.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC");
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            // It has just begun or is just ending: who it is doesn't change that it is there.
        }

        return "another process";
    }

    // Beside the lock file, because nobody can read a file that is locked.
    private sealed record Owner(int Process, string Host, DateTimeOffset Since);
}
