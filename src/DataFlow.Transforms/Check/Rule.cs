using System.Text;

namespace DataFlow.Transforms;

/// <summary>A condition with a name. Immutable.</summary>
internal sealed class Rule
{
    private const string Option = "rules";
    private const int MostShownCharacters = 60;

    private readonly string _name;
    private readonly string _text;
    private readonly Condition _condition;
    private readonly IReadOnlyList<Reference> _references;

    /// <exception cref="OptionException">The text is no condition; says where it goes wrong.</exception>
    public Rule(string name, string text)
    {
        _name = name;
        _text = text;
        try
        {
            (_condition, _references) = ConditionParser.Parse(text);
        }
        catch (OptionException failure)
        {
            throw new OptionException(Option, $"Rule '{name}': {failure.Message}");
        }
    }

    /// <summary>A reader of what the rule looks at.</summary>
    public RowReader ReaderOf(RecordBatch batch) => new(batch, _references);

    /// <summary>True when a row meets the rule; neither false nor unknown is enough.</summary>
    public bool IsMet(RowReader reader, int row) => _condition.Evaluate(reader, row) == Truth.True;

    /// <summary>What the rule asks for and what was found, for people.</summary>
    public string Explain(RowReader reader, int row) =>
        $"{_name} ({_text}): " + string.Join(", ", _references.Select((reference, slot) => Found(reader, row, reference, slot)));

    private static string Found(RowReader reader, int row, Reference reference, int slot)
    {
        var name = reference.IsMetadata ? $"@{reference.Name}" : reference.Name;
        if (!reader.TryRead(slot, row, out var utf8))
        {
            return $"{name} has no value";
        }

        var text = Encoding.UTF8.GetString(utf8);
        return text.Length > MostShownCharacters ? $"{name} is '{text[..MostShownCharacters]}...'" : $"{name} is '{text}'";
    }
}
