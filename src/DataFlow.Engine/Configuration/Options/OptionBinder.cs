namespace DataFlow.Engine.Configuration;

/// <summary>An option record that was made from values.</summary>
/// <param name="Options">The record; what could not be read has its default.</param>
/// <param name="Given">What was given, by the option's documented name.</param>
/// <param name="Meant">Options that were probably meant by unknown keys: they are not to be called missing as well.</param>
/// <param name="IsComplete">True when nothing was wrong.</param>
internal sealed record BoundOptions(
    object Options, IReadOnlyDictionary<string, MapEntry> Given, IReadOnlySet<string> Meant, bool IsComplete)
{
    public ConfigurationValue? ValueOf(string name) => Given.GetValueOrDefault(name)?.Value;
}

/// <summary>Makes option records from values and collects everything that is wrong with them. For one configuration.</summary>
internal sealed class OptionBinder(ProblemList problems)
{
    private readonly Dictionary<string, TextLocation> _locations = new(StringComparer.Ordinal);

    /// <summary>Where each option was given, by full key.</summary>
    public IReadOnlyDictionary<string, TextLocation> Locations => _locations;

    /// <summary>Makes an option record of a map.</summary>
    /// <param name="table">The options that exist.</param>
    /// <param name="map">What was given.</param>
    /// <param name="path">The map's own full key.</param>
    public BoundOptions Bind(OptionTable table, MapValue map, string path)
    {
        var before = problems.Count;
        _locations[path] = map.Location;
        var (given, meant) = Match(table, map, path);
        var record = table.CreateRecord();
        var allConverted = true;
        foreach (var entry in table.Entries.Where(entry => given.ContainsKey(entry.Name)))
        {
            allConverted &= Set(record, entry, given[entry.Name], path);
        }

        var missing = table.Entries.Where(entry => entry.IsRequired && !given.ContainsKey(entry.Name) && !meant.Contains(entry.Name));
        foreach (var entry in missing)
        {
            problems.Add(map.Location, Phrases.Join(path, entry.Name), $"this is missing and must be given: {entry.Description}");
        }

        // A record's own checks look at options together: with defaults in place of unreadable values they would say what isn't so.
        if (allConverted && record is IOptionsValidation validation)
        {
            AddOwnProblems(validation, table, map, given, path, meant);
        }

        return new BoundOptions(record, given, meant, allConverted && problems.Count == before);
    }

    private (Dictionary<string, MapEntry> Given, HashSet<string> Meant) Match(OptionTable table, MapValue map, string path)
    {
        var given = new Dictionary<string, MapEntry>(StringComparer.Ordinal);
        var meant = new HashSet<string>(StringComparer.Ordinal);
        foreach (var item in map.Entries)
        {
            var key = Phrases.Join(path, item.Key);
            if (table.Find(item.Key) is not { } entry)
            {
                problems.Add(item.KeyLocation, key, Unknown(table, item.Key, meant));
            }
            else if (given.TryGetValue(entry.Name, out var other))
            {
                var where = Phrases.OnLine(other.KeyLocation);
                problems.Add(
                    item.KeyLocation, key, $"this is another name of '{other.Key}', which is given too{where}; remove one of them.");
            }
            else
            {
                given.Add(entry.Name, item);
                _locations[Phrases.Join(path, entry.Name)] = item.Value.Location;
            }
        }

        return (given, meant);
    }

    private static string Unknown(OptionTable table, string key, HashSet<string> meant)
    {
        if (Suggestion.For(key, table.Entries.SelectMany(entry => entry.Names)) is { } name)
        {
            meant.Add(table.Find(name)!.Name);
            return $"there is no such key. Did you mean '{name}'?";
        }

        return table.Entries.Count == 0
            ? "there is no such key; there are no options here, so remove it."
            : $"there is no such key; allowed are {Phrases.Or([.. table.Names])}.";
    }

    private bool Set(object record, OptionEntry entry, MapEntry item, string path)
    {
        if (item.Value is BrokenValue)
        {
            return false;
        }

        if (entry.Kind == OptionKind.Record && OptionConverter.MapOf(item.Value) is { } map)
        {
            var bound = Bind(OptionTable.Of(entry.ValueType), map, Phrases.Join(path, item.Key));
            entry.Property.SetValue(record, bound.Options);
            return bound.IsComplete;
        }

        var (value, problem) = OptionConverter.Convert(entry, item.Value);
        if (problem is not null)
        {
            problems.Add(item.Value.Location, Phrases.Join(path, item.Key), problem);
            return false;
        }

        entry.Property.SetValue(record, value);
        return true;
    }

    private void AddOwnProblems(
        IOptionsValidation record, OptionTable table, MapValue map, Dictionary<string, MapEntry> given, string path, HashSet<string> meant)
    {
        foreach (var problem in record.Validate().Where(problem => !meant.Contains(problem.Key)))
        {
            var item = given.GetValueOrDefault(table.Find(problem.Key)?.Name ?? problem.Key);
            problems.Add(
                item?.Value.Location ?? map.Location,
                Phrases.Join(path, item?.Key ?? problem.Key),
                SecretMask.Hide(table, record, problem.Message));
        }
    }
}
