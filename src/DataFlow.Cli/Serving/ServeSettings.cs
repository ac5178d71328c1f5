using System.Globalization;
using Microsoft.Extensions.Configuration;

namespace DataFlow.Cli.Serving;

/// <summary>
/// What stands in the environment or, failing that, in the settings file: the option <c>cluster-host</c> is
/// <c>DATAFLOW_CLUSTER_HOST</c> there and <c>"cluster-host"</c> here.
/// </summary>
internal sealed class ServeSettings
{
    private const string Prefix = "DATAFLOW_";

    /// <summary>Reads them.</summary>
    /// <param name="file">The settings file; null for none.</param>
    /// <exception cref="WrongInputException">It can't be read.</exception>
    public ServeSettings(string? file)
    {
        var builder = new ConfigurationBuilder();
        if ((file ?? Environment.GetEnvironmentVariable(Prefix + "SETTINGS")) is { } path)
        {
            File = Path.GetFullPath(path);
            if (!System.IO.File.Exists(path))
            {
                throw new WrongInputException($"There is no settings file {Path.GetFullPath(path)}; check --settings.");
            }

            builder.AddJsonFile(Path.GetFullPath(path), optional: false);
        }

        try
        {
            Configuration = builder.AddEnvironmentVariables(Prefix).Build();
        }
        catch (InvalidDataException invalid)
        {
            throw new WrongInputException($"The settings file can't be used: {invalid.InnerException?.Message ?? invalid.Message}");
        }
    }

    /// <summary>The settings file; null for none.</summary>
    public string? File { get; }

    /// <summary>All of it, for the parts of the service that have sections of their own.</summary>
    public IConfiguration Configuration { get; }

    /// <summary>A text; null when it is not set.</summary>
    public string? Text(string option) => Variable(option) ?? Configuration[option];

    /// <summary>A whole number; null when it is not set.</summary>
    /// <exception cref="WrongInputException">It is no whole number.</exception>
    public int? Number(string option) => Text(option) is not { } text ? null
        : int.TryParse(text, NumberStyles.Integer, CultureInfo.InvariantCulture, out var number) ? number
        : throw new WrongInputException($"{option} is '{text}', which is no whole number.");

    /// <summary>A list: separated by commas in the environment, an array in the file. Empty when it is not set.</summary>
    public IReadOnlyList<string> List(string option) => Text(option) is { } text
        ? text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
        : [.. Configuration.GetSection(option).GetChildren().Select(child => child.Value).OfType<string>()];

    /// <summary>The environment variable of an option.</summary>
    public static string VariableOf(string option) => Prefix + option.ToUpperInvariant().Replace('-', '_');

    private static string? Variable(string option) =>
        Environment.GetEnvironmentVariable(VariableOf(option)) is { Length: > 0 } value ? value : null;
}
