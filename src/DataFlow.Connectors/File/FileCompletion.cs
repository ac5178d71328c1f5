using System.Globalization;
using Microsoft.Extensions.Logging;

namespace DataFlow.Connectors;

/// <summary>
/// Moves or deletes files whose last record is safely delivered. A file that is not exactly the one that was read is left
/// alone. A failure is logged; the next start tries again.
/// </summary>
internal sealed class FileCompletion(FileSourceOptions options, string baseDirectory)
{
    /// <summary>Acts on a file that was read to its end, if it is still there.</summary>
    public void Complete(FilePosition done, ILogger logger)
    {
        if (options.OnComplete == OnComplete.Keep || done.Status != FileStatus.Done)
        {
            return;
        }

        try
        {
            if (FileStat.Of(done.Path) is not { } now)
            {
                return;
            }

            var isTheSame = now.Inode == done.Stat.Inode && now.Born == done.Stat.Born
                && now.Size == done.Stat.Size && now.Modified == done.Stat.Modified;
            if (!isTheSame)
            {
                logger.LogWarning("{Path} was changed or replaced after it was read; it is left where it is.", done.Path);
            }
            else if (options.OnComplete == OnComplete.Delete)
            {
                File.Delete(done.Path);
            }
            else
            {
                Move(done.Path);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            logger.LogWarning(
                e, "{Path} was read and delivered, but on-complete: {Action} failed: {Reason} It is tried again at the next start.",
                done.Path, options.OnComplete == OnComplete.Delete ? "delete" : "move", e.Message);
        }
    }

    private void Move(string path)
    {
        var folder = Path.GetFullPath(options.MoveTo, baseDirectory);
        Directory.CreateDirectory(folder);
        var name = Path.GetFileNameWithoutExtension(path);
        var extension = Path.GetExtension(path);
        var target = Path.Join(folder, name + extension);
        for (var number = 1; Path.Exists(target); number++)
        {
            target = Path.Join(folder, string.Create(CultureInfo.InvariantCulture, $"{name}-{number}{extension}"));
        }

        File.Move(path, target);
    }
}
