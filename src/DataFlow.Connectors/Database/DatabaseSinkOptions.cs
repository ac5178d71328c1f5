#pragma warning disable CS1591 // The [Option] text is the documentation; it is what help, reference and schema print.
namespace DataFlow.Connectors;

internal enum TableWrite
{
    Insert,
    Upsert,
}

internal enum TablePolicy
{
    MustExist,
    Create,
    Evolve,
}

internal enum UnknownFieldPolicy
{
    Fail,
    Ignore,
}

internal enum RoundingPolicy
{
    Refuse,
    Allow,
}

/// <summary>The options of the database sink.</summary>
internal sealed record DatabaseSinkOptions : IOptionsValidation
{
    [Option("User name. Wins over one in the connection.", Example = "dbuser")]
    public string Username { get; init; } = "";

    [Option("Password. Wins over one in the connection; best given as ${env:DB_PASS}.", Secret = true)]
    public string Password { get; init; } = "";

    [Option("Which database it is, where the connection doesn't say: as for the database source.", Example = "org.postgresql.Driver")]
    public string Driver { get; init; } = "";

    [Option("The table to write into: users, or sales.users.", Required = true, Example = "users")]
    public string Table { get; init; } = "";

    [Option(
        "insert adds each record as a row; upsert replaces the row with the same key, and adds it where there is none. Records that say "
        + "that a row was removed delete it by its key in both.")]
    public TableWrite Write { get; init; } = TableWrite.Insert;

    [Option("The columns that name a row: the primary key, or those of a unique index.", Example = "id")]
    public IReadOnlyList<string> Key { get; init; } = [];

    [Option(
        "must-exist uses the table as it is; create makes it from the first records where it is missing; evolve adds columns for new "
        + "fields as well.")]
    public TablePolicy TablePolicy { get; init; } = TablePolicy.MustExist;

    [Option("What to do with a field that the table has no column for: fail, or ignore (it is left out).")]
    public UnknownFieldPolicy OnUnknownField { get; init; } = UnknownFieldPolicy.Fail;

    [Option("Take an empty text for NULL in columns that hold no text, such as numbers and dates.")]
    public bool EmptyAsNull { get; init; } = true;

    [Option(
        "What to do with a value of which the column would keep a rounded or cut one, such as 1.239 in a DECIMAL(10,2) or nanoseconds in a "
        + "TIMESTAMP(6): refuse makes its record a dead letter, allow leaves it to the database.")]
    public RoundingPolicy OnRounding { get; init; } = RoundingPolicy.Refuse;

    [Option("The table for checkpoints, which are written in one transaction with the rows. A second one has _split "
        + "after its name.", Advanced = true)]
    public string CheckpointTable { get; init; } = "dataflow_checkpoint";

    [Option("Folder with providers for other databases, one folder per package, from the pipeline file's folder.", Advanced = true)]
    public string DriversFolder { get; init; } = DatabaseLogin.UsualFolder;

    /// <summary>Who connects.</summary>
    public DatabaseLogin Login => new(Username, Password, Driver, DriversFolder);

    /// <inheritdoc/>
    public IEnumerable<OptionProblem> Validate()
    {
        if (Write == TableWrite.Upsert && Key.Count == 0)
        {
            yield return new OptionProblem("key", "write is upsert, but it isn't said what names a row; give the columns of "
                + "the primary key.");
        }
    }
}
