namespace DataFlow.Engine.Configuration;

/// <summary>Makes the transforms of a pipeline. For one configuration.</summary>
internal sealed class TransformReader(Catalogue catalogue, ProblemList problems, OptionBinder binder)
{
    private const string Shape = "each transform is one item such as `- filter: \"age >= 18\"`";

    public IReadOnlyList<PipelineTransform> Read(ConfigurationValue? value, string path)
    {
        if (value is ListValue list)
        {
            return [.. list.Items.Select((item, index) => ReadItem(item, $"{path}[{index}]")).OfType<PipelineTransform>()];
        }

        if (value is not (null or BrokenValue or ScalarValue { IsNull: true }))
        {
            problems.Add(value.Location, path, $"this must be a list; {Shape}.");
        }

        return [];
    }

    private PipelineTransform? ReadItem(ConfigurationValue item, string path)
    {
        if (item is not MapValue { Entries: [var entry] })
        {
            if (item is not BrokenValue)
            {
                problems.Add(item.Location, path, $"this is not one transform; {Shape}.");
            }

            return null;
        }

        var key = Phrases.Join(path, entry.Key);
        if (catalogue.FindTransform(entry.Key) is not { } definition)
        {
            var names = catalogue.Transforms.Select(transform => transform.Name).ToList();
            var suggestion = Suggestion.Sentence(entry.Key, names);
            problems.Add(
                entry.KeyLocation,
                key,
                $"there is no transform {Phrases.Quote(entry.Key)}; allowed are {Phrases.Or(names)}.{suggestion}");
            return null;
        }

        var table = OptionTable.Of(definition.OptionsType);
        return ToMap(entry, definition, table, key) is { } map && binder.Bind(table, map, key) is { IsComplete: true } bound
            ? Check(new PipelineTransform { Definition = definition, Options = bound.Options, Key = key }, bound, table, entry)
            : null;
    }

    private MapValue? ToMap(MapEntry entry, TransformDefinition definition, OptionTable table, string key)
    {
        switch (entry.Value)
        {
            case MapValue map:
                return map;
            case ScalarValue { IsNull: true } empty when !table.Entries.Any(option => option.IsRequired):
                return MapValue.Empty(empty.Location);
            case BrokenValue:
                return null;
            case var bare when definition.ShorthandOption is { } shorthand:
                return new MapValue([new MapEntry(shorthand, entry.KeyLocation, bare)], bare.Location);
            default:
                problems.Add(entry.Value.Location, key, $"this must be a map of options: {Phrases.Or([.. table.Names])}.");
                return null;
        }
    }

    // Transforms are pure, so making one is how its conditions and expressions are checked.
    private PipelineTransform? Check(PipelineTransform transform, BoundOptions bound, OptionTable table, MapEntry entry)
    {
        try
        {
            transform.Definition.Create(transform.Options);
            return transform;
        }
        catch (OptionException exception)
        {
            var given = bound.ValueOf(table.Find(exception.Key)?.Name ?? exception.Key);
            problems.Add(
                given?.Location ?? entry.KeyLocation,
                Phrases.Join(transform.Key, exception.Key),
                SecretMask.Hide(table, transform.Options, exception.Message));
            return null;
        }
    }
}
