namespace DataFlow.Transforms;

/// <summary>Which fields records have afterwards, and what they are called.</summary>
internal sealed record SelectOptions
{
    [Option(
        "The fields to keep, in this order. Fields that a record doesn't have stay absent. "
        + "Left out: all fields, in the record's own order.",
        Example = "[id, email]")]
    public IReadOnlyList<string>? Fields { get; init; }

    [Option(
        "New names for fields, old name to new name. A record that has both the old and the new name becomes a dead letter, "
        + "unless the field with the new name is dropped or renamed itself.",
        Example = "{ mail: email }")]
    public IReadOnlyDictionary<string, string>? Rename { get; init; }

    [Option(
        "Fields to leave out. All others stay, also those that appear later in the stream. Not together with fields.",
        Example = "[password]")]
    public IReadOnlyList<string>? Drop { get; init; }

    [Option(
        "Fields with the same value for every record: text, number, true, false or null. They come last and replace a field of the same name.",
        Aliases = ["constant"],
        Example = "{ country: CH }")]
    public IReadOnlyDictionary<string, object?>? Set { get; init; }
}
