using System.Collections.Concurrent;
using System.Reflection;

namespace DataFlow.Engine.Configuration;

/// <summary>The options of an option record: what parsing, help, reference and schema are derived from. Immutable, one per type.</summary>
internal sealed class OptionTable
{
    private static readonly ConcurrentDictionary<Type, OptionTable> Tables = new();

    private readonly Dictionary<string, OptionEntry> _byName = new(StringComparer.Ordinal);

    private OptionTable(Type type)
    {
        RecordType = type;
        var defaults = CreateRecord();

        // What several records share comes first, in the order in which it is written; what must be given comes before all.
        Entries =
        [
            .. type.GetProperties(BindingFlags.Public | BindingFlags.Instance)
                .Select(property => (property, option: property.GetCustomAttribute<OptionAttribute>()))
                .Where(pair => pair.option is not null)
                .Select(pair => new OptionEntry(pair.property, pair.option!, defaults))
                .OrderByDescending(entry => entry.IsRequired)
                .ThenBy(entry => DepthOf(entry.Property.DeclaringType))
                .ThenBy(entry => entry.Property.MetadataToken),
        ];
        foreach (var (name, entry) in Entries.SelectMany(entry => entry.Names.Select(name => (name, entry))))
        {
            if (!_byName.TryAdd(name, entry))
            {
                throw new InvalidOperationException($"{type} has two options named '{name}'.");
            }
        }
    }

    public Type RecordType { get; }

    public IReadOnlyList<OptionEntry> Entries { get; }

    public IEnumerable<string> Names => Entries.Select(entry => entry.Name);

    /// <summary>The table of an option record.</summary>
    /// <exception cref="InvalidOperationException">The type can't be an option record.</exception>
    public static OptionTable Of(Type type) => Tables.GetOrAdd(type, key => new OptionTable(key));

    /// <summary>An option by its name or another accepted name; null when there is none.</summary>
    public OptionEntry? Find(string name) => _byName.GetValueOrDefault(name);

    /// <summary>A record whose options all have their defaults.</summary>
    public object CreateRecord()
    {
        try
        {
            return Activator.CreateInstance(RecordType)!;
        }
        catch (MissingMethodException exception)
        {
            throw new InvalidOperationException(
                $"{RecordType} can't be an option record: it has no constructor without parameters.", exception);
        }
    }

    private static int DepthOf(Type? type) => type is null ? 0 : DepthOf(type.BaseType) + 1;
}
