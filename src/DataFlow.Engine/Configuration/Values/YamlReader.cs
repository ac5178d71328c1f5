using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace DataFlow.Engine.Configuration;

/// <summary>Reads YAML 1.2, and so JSON, into values that know where they stand.</summary>
internal sealed class YamlReader
{
    private const int DeepestNesting = 32;
    private const string StandardTags = "tag:yaml.org,2002:";

    // The parser loses count of keys and values when a line starts with a colon.
    private const string MissingKey = "this is not valid YAML around here; check that each ':' has a key before it.";

    private readonly IParser _parser;
    private readonly ProblemList _problems;
    private TextLocation _last;

    private TextLocation LastLocation => _parser.Current is { } current ? LocationOf(current) : _last;

    private YamlReader(IParser parser, ProblemList problems)
    {
        _parser = parser;
        _problems = problems;
    }

    /// <summary>The value of the only document; null when there is none or it can't be read, which is then a problem.</summary>
    public static ConfigurationValue? Read(string text, ProblemList problems)
    {
        var reader = new YamlReader(new Parser(new StringReader(text)), problems);
        try
        {
            return reader.ReadDocument();
        }
        catch (YamlException exception)
        {
            var (location, message) = YamlSyntax.Explain(exception, text);
            problems.Add(location, "", message);
        }
        catch (InvalidOperationException)
        {
            // The scanner's answer to brackets that never close.
            problems.Add(reader.LastLocation, "", "a list or map in brackets starts here and is not closed; add the ']' or '}'.");
        }
        catch (ArgumentException)
        {
            // The parser's answer to a '!' that is followed by what can't be a tag.
            problems.Add(reader.LastLocation, "", Special('!'));
        }
        catch (EndOfStreamException)
        {
            problems.Add(reader.LastLocation, "", MissingKey);
        }

        return null;
    }

    private static TextLocation LocationOf(ParsingEvent parsed) => new((int)parsed.Start.Line, (int)parsed.Start.Column);

    private ConfigurationValue? ReadDocument()
    {
        _parser.Consume<StreamStart>();
        if (!_parser.TryConsume<DocumentStart>(out _))
        {
            return null;
        }

        var value = ReadValue("", 0);
        _parser.Consume<DocumentEnd>();
        if (_parser.TryConsume<DocumentStart>(out var second))
        {
            _problems.Add(LocationOf(second), "", "a second document starts here; a file holds one pipeline, so give each its own file.");
        }

        return value;
    }

    private ConfigurationValue ReadValue(string path, int depth)
    {
        var parsed = _parser.Consume<ParsingEvent>();
        var location = LocationOf(parsed);
        _last = location;
        if (depth > DeepestNesting)
        {
            throw new SemanticErrorException(
                parsed.Start,
                parsed.End,
                $"More than {DeepestNesting} levels are nested here; a pipeline needs no more than five.");
        }

        CheckPlainYaml(parsed, path, location);
        switch (parsed)
        {
            case Scalar scalar:
                return new ScalarValue(scalar.Value, scalar is { Style: ScalarStyle.Plain, Tag.IsEmpty: true }, location);
            case SequenceStart:
                return ReadList(path, depth, location);
            case MappingStart:
                return ReadMap(path, depth, location);
            case AnchorAlias:
                return new BrokenValue(location);
            default:
                throw new EndOfStreamException(MissingKey);
        }
    }

    private ListValue ReadList(string path, int depth, TextLocation location)
    {
        var items = new List<ConfigurationValue>();
        while (!_parser.TryConsume<SequenceEnd>(out _))
        {
            items.Add(ReadValue($"{path}[{items.Count}]", depth + 1));
        }

        return new ListValue(items, location);
    }

    private MapValue ReadMap(string path, int depth, TextLocation location)
    {
        var entries = new Dictionary<string, MapEntry>(StringComparer.Ordinal);
        while (!_parser.TryConsume<MappingEnd>(out _))
        {
            var key = ReadValue(path, depth + 1) as ScalarValue;
            var valuePath = Phrases.Join(path, key?.Text ?? "?");
            var value = ReadValue(valuePath, depth + 1);
            if (key is null)
            {
                _problems.Add(value.Location, path, "a key must be a text; put text that contains { } or [ ] in quotes.");
            }
            else if (!entries.TryAdd(key.Text, new MapEntry(key.Text, key.Location, value)))
            {
                var where = Phrases.OnLine(entries[key.Text].KeyLocation);
                _problems.Add(key.Location, valuePath, $"this key is already given{where}; remove one of them.");
            }
        }

        return new MapValue([.. entries.Values], location);
    }

    private void CheckPlainYaml(ParsingEvent parsed, string path, TextLocation location)
    {
        // The value itself is not shown: it may be a password that was meant to be text.
        var special = parsed switch
        {
            AnchorAlias => '*',
            NodeEvent { Anchor.IsEmpty: false } => '&',
            NodeEvent { Tag: { IsEmpty: false } tag } when !IsStandard(tag) => '!',
            _ => default,
        };
        if (special != default)
        {
            _problems.Add(location, path, Special(special));
        }
    }

    private static string Special(char character) =>
        $"'{character}' has a meaning of its own in YAML, which pipelines don't use; put text that starts with it in quotes.";

    private static bool IsStandard(TagName tag) =>
        tag.IsNonSpecific || tag.Value.StartsWith(StandardTags, StringComparison.Ordinal);
}
