namespace DataFlow.Transforms;

/// <summary>The options of a selection, checked. Immutable.</summary>
internal sealed class Selection
{
    private readonly IReadOnlyList<string>? _fields;
    private readonly IReadOnlyDictionary<string, string> _rename;
    private readonly HashSet<string> _drop;
    private readonly HashSet<string> _set;

    /// <summary>Checks the options against each other.</summary>
    /// <exception cref="OptionException">They contradict each other.</exception>
    public Selection(SelectOptions options)
    {
        _fields = options.Fields;
        _rename = options.Rename ?? new Dictionary<string, string>();
        _drop = [.. options.Drop ?? []];
        Constants = [.. (options.Set ?? new Dictionary<string, object?>()).Select(pair => Constant.Of(pair.Key, pair.Value))];
        _set = [.. Constants.Select(constant => constant.Name)];
        Check();
    }

    /// <summary>The constant fields, in order.</summary>
    public IReadOnlyList<Constant> Constants { get; }

    /// <summary>True when the fields have a given order, instead of each record's own.</summary>
    public bool HasOrder => _fields is not null;

    /// <summary>What the selection means for a schema.</summary>
    public Projection For(RecordSchema schema)
    {
        var names = new List<(string, FieldType)>();
        var columns = new List<int>();
        var taken = new List<TakenName>();
        var chosen = _fields?.Select(schema.IndexOf).Where(index => index >= 0) ?? Enumerable.Range(0, schema.Count).Where(IsKept);
        foreach (var column in chosen)
        {
            var name = schema.Names[column];
            var target = _rename.GetValueOrDefault(name, name);
            var other = HasOrder || target == name ? -1 : schema.IndexOf(target);
            if (other >= 0 && IsKept(other) && !_rename.ContainsKey(target))
            {
                taken.Add(new TakenName(column, other));
                continue;
            }

            names.Add((target, schema.TypeOf(column)));
            columns.Add(column);
        }

        names.AddRange(Constants.Select(constant => (constant.Name, constant.Type)));
        columns.AddRange(Enumerable.Range(0, Constants.Count).Select(index => ~index));
        return new Projection(new RecordSchema(names), [.. columns], taken);

        bool IsKept(int column)
        {
            var name = schema.Names[column];
            return _rename.ContainsKey(name) || !(_drop.Contains(name) || _set.Contains(name));
        }
    }

    private void Check()
    {
        Require(
            _fields is not null || _rename.Count + _drop.Count + Constants.Count > 0,
            "fields",
            "Nothing is selected; give fields, rename, drop or set.");
        Require(_fields is not { Count: 0 }, "fields", "The list of fields is empty; give at least one, or leave it out to keep all.");
        Require(_fields is null || _drop.Count == 0, "drop", "Both fields and drop are given; what is not among fields is dropped already.");
        foreach (var (name, target) in _rename)
        {
            Require(target.Length > 0, "rename", $"The new name of '{name}' is empty.");
            Require(!_drop.Contains(name), "rename", $"The field '{name}' is both renamed and dropped; decide for one.");
            Require(
                _fields is null || _fields.Contains(name),
                "rename",
                $"The field '{name}' is renamed but not among fields; add it there under its old name.");
        }

        var names = _fields?.Select(name => _rename.GetValueOrDefault(name, name)) ?? _rename.Values;
        var twice = names.Concat(_set).CountBy(name => name).FirstOrDefault(count => count.Value > 1).Key;
        Require(twice is null, KeyOf(twice), $"Two fields would be called '{twice}'; names must differ.");
    }

    private string KeyOf(string? name) =>
        name is not null && _set.Contains(name) ? "set" : name is not null && _rename.Values.Contains(name) ? "rename" : "fields";

    private static void Require(bool condition, string key, string message)
    {
        if (!condition)
        {
            throw new OptionException(key, message);
        }
    }
}
