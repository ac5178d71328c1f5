using System.Globalization;
using System.Text;

namespace DataFlow.Engine.Configuration;

/// <summary>Writes pipeline files to start from. What it writes can be run as soon as the connections exist.</summary>
public static class PipelineTemplate
{
    // Most at home in examples: needs nothing but the terminal, and nothing but ourselves.
    private const string PreferredSink = "console";
    private const string PreferredSource = "file";

    /// <summary>A pipeline file with comments that explain every common option.</summary>
    /// <param name="source">The source kind.</param>
    /// <param name="sink">The sink kind.</param>
    /// <param name="name">The pipeline's name; null leaves it to the file's name.</param>
    public static string Create(SourceDefinition source, SinkDefinition sink, string? name = null)
    {
        var text = new StringBuilder();
        if (name is not null)
        {
            Line(text, $"name: {YamlText.Scalar(name)}");
        }

        Comment(text, source.Summary, "");
        Connector(text, "source", source.Name, source.ConnectionDescription, source.ConnectionExample, source.OptionsType, true);
        var keys = OptionTable.Of(typeof(SourceKeys));
        Suggest(text, keys.Find("batch-size")!, "  ");
        Suggest(text, keys.Find("poll-interval-ms")!, "  ");
        Line(text, "");
        Comment(text, sink.Summary, "");
        Connector(text, "sink", sink.Name, sink.ConnectionDescription, sink.ConnectionExample, sink.OptionsType, true);
        Line(text, "");
        foreach (var entry in OptionTable.Of(typeof(PipelineKeys)).Entries.Where(entry => entry.Name is "delivery" or "until"))
        {
            Suggest(text, entry, "");
        }

        return text.ToString();
    }

    internal static string ExampleOf(SourceDefinition source, Catalogue catalogue) => Example(source, SinkFor(catalogue), null);

    internal static string ExampleOf(SinkDefinition sink, Catalogue catalogue) => Example(SourceFor(catalogue), sink, null);

    internal static string ExampleOf(TransformDefinition transform, Catalogue catalogue) =>
        Example(SourceFor(catalogue), SinkFor(catalogue), transform);

    private static SinkDefinition SinkFor(Catalogue catalogue) => catalogue.FindSink(PreferredSink) ?? catalogue.Sinks[0];

    private static SourceDefinition SourceFor(Catalogue catalogue) => catalogue.FindSource(PreferredSource) ?? catalogue.Sources[0];

    private static string Example(SourceDefinition source, SinkDefinition sink, TransformDefinition? transform)
    {
        var text = new StringBuilder();
        Connector(text, "source", source.Name, null, source.ConnectionExample, source.OptionsType, false);
        if (transform is not null)
        {
            Line(text, "transforms:");
            var lines = transform.Example.TrimEnd().Split('\n');
            Line(text, lines.Length == 1 ? $"  - {transform.Name}: {lines[0]}" : $"  - {transform.Name}:");
            foreach (var line in lines.Skip(lines.Length == 1 ? 1 : 0))
            {
                Line(text, $"      {line}".TrimEnd());
            }
        }

        Connector(text, "sink", sink.Name, null, sink.ConnectionExample, sink.OptionsType, false);
        return text.ToString();
    }

    private static void Connector(
        StringBuilder text, string key, string type, string? description, string connection, Type optionsType, bool withComments)
    {
        Line(text, $"{key}:");
        Line(text, $"  type: {YamlText.Scalar(type)}");
        if (connection.Length > 0)
        {
            Comment(text, description, "  ");
            Line(text, $"  connection: {YamlText.Scalar(connection)}");
        }

        var entries = OptionTable.Of(optionsType).Entries;
        var shown = entries.Where(entry => entry.IsTypical || (withComments && !entry.IsAdvanced)).ToList();
        if (shown.Count == 0)
        {
            return;
        }

        Line(text, "  options:");
        foreach (var entry in shown)
        {
            if (!entry.IsTypical)
            {
                Suggest(text, entry, "    ");
                continue;
            }

            Comment(text, withComments ? entry.Description : null, "    ");
            Line(text, $"    {entry.Name}: {SampleOf(entry)}");
        }

        if (withComments && entries.Any(entry => entry.IsAdvanced))
        {
            Comment(text, $"More: dataflow describe {key} {type}", "    ");
        }
    }

    private static void Suggest(StringBuilder text, OptionEntry entry, string indent)
    {
        Comment(text, entry.Description, indent);
        Line(text, $"{indent}# {entry.Name}: {SampleOf(entry)}");
    }

    private static string SampleOf(OptionEntry entry)
    {
        // A required secret must not make the file unusable before it is set, and must not invite anybody to write it down.
        if (entry is { IsSecret: true, Example: null })
        {
            return $"${{env:{entry.Name.Replace('-', '_').ToUpperInvariant()}:-change-me}}";
        }

        var value = entry.Example ?? (entry.IsRequired ? null : OptionText.Format(entry, entry.Default));
        return entry.Kind switch
        {
            OptionKind.TextList => value ?? "[]",
            OptionKind.TextMap or OptionKind.ValueMap or OptionKind.Record => value ?? "{}",
            _ when value is not null => YamlText.Scalar(value),
            OptionKind.WholeNumber or OptionKind.Number => Math.Max(1, entry.Minimum).ToString(CultureInfo.InvariantCulture),
            OptionKind.Boolean => "true",
            OptionKind.Duration => "1s",
            OptionKind.ByteSize => "1MiB",
            OptionKind.Choice => entry.Choices[0].Name,
            _ => entry.Name,
        };
    }

    private static void Comment(StringBuilder text, string? comment, string indent)
    {
        foreach (var line in comment is null ? [] : YamlText.Comment(comment, indent))
        {
            Line(text, line);
        }
    }

    private static void Line(StringBuilder text, string line) => text.Append(line).Append('\n');
}
