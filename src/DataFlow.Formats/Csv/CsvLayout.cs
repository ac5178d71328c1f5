namespace DataFlow.Formats;

/// <summary>The columns of a stream: from its header, or from its first row. Thread-safe.</summary>
/// <param name="names">Column names, each once.</param>
/// <param name="isHeader">They stand in the stream.</param>
internal sealed class CsvLayout(IReadOnlyList<string> names, bool isHeader)
{
    private readonly Lock _growing = new();
    private RecordSchema[] _wider = [];

    /// <summary>Column names, each once.</summary>
    public IReadOnlyList<string> Names { get; } = names;

    /// <summary>The columns as a schema.</summary>
    public RecordSchema Schema { get; } = new(names);

    /// <summary>Number of columns.</summary>
    public int Count => Names.Count;

    /// <summary>The column that names a record: the first one, if the user gave it a name.</summary>
    public int IdColumn => isHeader ? 0 : -1;

    /// <summary>Where the number of columns comes from, for messages.</summary>
    public string Origin => isHeader ? "the header" : "the first row";

    /// <summary>Columns that nobody named: <c>field0</c>, <c>field1</c>, ...</summary>
    public static CsvLayout WithoutHeader(int columns) => new([.. Enumerable.Range(0, columns).Select(NameOf)], isHeader: false);

    /// <summary>
    /// Columns named by a header. An empty name becomes <c>fieldN</c>, N counting from 0; a name that stands there before
    /// gets the next free number: <c>name</c>, <c>name_2</c>, <c>name_3</c>.
    /// </summary>
    public static CsvLayout WithHeader(IReadOnlyList<string> header)
    {
        var taken = new HashSet<string>(header, StringComparer.Ordinal);
        var used = new HashSet<string>(StringComparer.Ordinal);
        var names = new List<string>(header.Count);
        foreach (var name in header)
        {
            var wanted = name.Length > 0 ? name : NameOf(names.Count);
            var isFree = (name.Length > 0 || !taken.Contains(wanted)) && used.Add(wanted);
            names.Add(isFree ? wanted : Numbered(wanted, taken, used));
        }

        return new CsvLayout(names, isHeader: true);
    }

    /// <summary>The schema with columns for surplus fields: <c>extra1</c>, <c>extra2</c>, ...</summary>
    public RecordSchema WithExtras(int extras)
    {
        lock (_growing)
        {
            var used = new HashSet<string>(Names, StringComparer.Ordinal);
            while (_wider.Length < extras)
            {
                var former = _wider.Length == 0 ? Schema : _wider[^1];
                var name = $"extra{_wider.Length + 1}";
                _wider = [.. _wider, former.With(used.Contains(name) ? Numbered(name, used, used) : name)];
            }

            return _wider[extras - 1];
        }
    }

    private static string NameOf(int column) => $"field{column}";

    private static string Numbered(string name, HashSet<string> taken, HashSet<string> used)
    {
        var number = 2;
        while (taken.Contains($"{name}_{number}") || used.Contains($"{name}_{number}"))
        {
            number++;
        }

        used.Add($"{name}_{number}");
        return $"{name}_{number}";
    }
}
