#pragma warning disable CS1591 // The [Option] text is the documentation; it is what help, reference and schema print.
using System.Globalization;

namespace DataFlow.Connectors;

internal enum IncrementalType
{
    Timestamp,
    Id,
}

internal enum NullCursorPolicy
{
    Error,
    IncludeFirst,
    Exclude,
}

internal enum DatabaseMode
{
    Query,
    Cdc,
}

internal enum SnapshotPolicy
{
    Initial,
    Never,
}

internal enum SlotLagAction
{
    Alert,
    DropSlot,
}

/// <summary>The options of the database source.</summary>
internal sealed record DatabaseSourceOptions : IOptionsValidation
{
    [Option("User name. Wins over one in the connection.", Example = "dbuser")]
    public string Username { get; init; } = "";

    [Option("Password. Wins over one in the connection; best given as ${env:DB_PASS}.", Secret = true)]
    public string Password { get; init; } = "";

    [Option(
        "Which database it is, where the connection doesn't say: a JDBC class name, postgresql, mysql, sqlite, sqlserver, oracle, or the "
        + "name of a provider in the plugin folder. May be left out for a JDBC URL.",
        Example = "org.postgresql.Driver")]
    public string Driver { get; init; } = "";

    [Option("query polls a SELECT; cdc reads the changes of tables from the log of a PostgreSQL: inserts, "
        + "updates and deletes.", Identity = true)]
    public DatabaseMode Mode { get; init; } = DatabaseMode.Query;

    [Option(
        "The SELECT to run. With incremental-column it holds one ?, which is bound to where the last poll got to; ?? is a question mark "
        + "of SQL.",
        Identity = true, Typical = true, Example = "SELECT * FROM users")]
    public string Query { get; init; } = "";

    [Option("Rows per round trip, where the driver can be told; all drivers stream.")]
    [OptionRange(1)]
    public int FetchSize { get; init; } = 1000;

    [Option(
        "The column that grows with every new or changed row: its name in the result, or in the table. Left out: the whole query is read "
        + "at each poll.",
        Identity = true, Example = "created_at")]
    public string IncrementalColumn { get; init; } = "";

    [Option("What the incremental column holds: timestamp or id (a whole number).", Identity = true)]
    public IncrementalType IncrementalType { get; init; } = IncrementalType.Timestamp;

    [Option("timestamp: where to start, in UTC: only what is later is read.", Identity = true, Example = "2024-01-01 00:00:00")]
    public string StartTime { get; init; } = "1970-01-01 00:00:00";

    [Option("id: where to start: only what is higher is read.", Identity = true)]
    public long StartId { get; init; }

    [Option(
        "Columns that name a row, such as the primary key. With incremental-column a row that is read again is known by them and the "
        + "cursor instead of by all its values; without it a full load goes on after a restart instead of from its start. Several instances share "
        + "the rows by the first of them.",
        Identity = true, Example = "id")]
    public IReadOnlyList<string> Key { get; init; } = [];

    [Option(
        "How long, by the database's clock, rows may be committed after others with a higher incremental value and still be found. Left "
        + "out: the open transactions tell where the database shows them (PostgreSQL, MySQL), else 30s.",
        Example = "30s")]
    [OptionRange(0)]
    public TimeSpan? SafetyLag { get; init; }

    [Option(
        "What to do when the table has rows without a value in the incremental column, which no poll finds: error; include-first reads "
        + "those that the query lets through (WHERE at > ? OR at IS NULL) once, before everything else; exclude leaves them out.")]
    public NullCursorPolicy NullCursor { get; init; } = NullCursorPolicy.Error;

    [Option(
        "Most rows that are remembered because transactions are still open that began before them. When it is reached, reading waits "
        + "for those transactions.",
        Advanced = true)]
    [OptionRange(1000)]
    public int MaxWindow { get; init; } = 1_000_000;

    [Option("Longest wait for an answer to the query, in whole seconds; 0 waits for ever.", Unit = "s")]
    [OptionRange(0)]
    public TimeSpan QueryTimeout { get; init; } = TimeSpan.FromMinutes(5);

    [Option("cdc: the tables whose changes are read.", Identity = true, Example = "public.orders,public.items")]
    public IReadOnlyList<string> Tables { get; init; } = [];

    [Option("cdc: the replication slot, which keeps our place in the log. Left out: dataflow_ and the pipeline's name.", Identity = true)]
    public string Slot { get; init; } = "";

    [Option("cdc: the publication of the tables, made where it is missing. One that others have made is used as it is. Left out: the slot's name.")]
    public string Publication { get; init; } = "";

    [Option("cdc: initial reads the rows that are there before the changes, with nothing missing or double in between; never begins "
        + "with the changes.", Identity = true)]
    public SnapshotPolicy Snapshot { get; init; } = SnapshotPolicy.Initial;

    [Option("cdc: how often a mark is written into the log when nothing else moves, so that the server needn't keep the log for "
        + "us; 0 never does.", Unit = "s")]
    [OptionRange(0)]
    public TimeSpan HeartbeatInterval { get; init; } = TimeSpan.FromSeconds(10);

    [Option("cdc: how much of the log the server may have to keep for us before on-slot-lag is done; 0 is no bound.", Example = "10GiB")]
    [OptionRange(0)]
    public ByteSize MaxSlotLag { get; init; }

    [Option("cdc: alert writes a warning; drop-slot gives our place up to save the server's disk, and the pipeline fails.")]
    public SlotLagAction OnSlotLag { get; init; } = SlotLagAction.Alert;

    [Option("Folder with providers for other databases, one folder per package, from the pipeline file's folder.", Advanced = true)]
    public string DriversFolder { get; init; } = DatabaseLogin.UsualFolder;

    /// <summary>True when each poll goes on where the last one got to.</summary>
    public bool IsIncremental => IncrementalColumn.Length > 0;

    /// <summary>The timeout of a query in whole seconds, as providers want it: a part of one is not for ever.</summary>
    public int QueryTimeoutSeconds => (int)Math.Min(Math.Ceiling(QueryTimeout.TotalSeconds), int.MaxValue / 1000);

    /// <summary>Who connects.</summary>
    public DatabaseLogin Login => new(Username, Password, Driver, DriversFolder);

    /// <summary>Where the first poll starts.</summary>
    public CursorValue Start => IncrementalType == IncrementalType.Id
        ? CursorValue.OfNumber(StartId)
        : CursorValue.OfMoment(ParseTime(StartTime)!.Value.Ticks, hasZone: true, StartTime.Trim());

    /// <inheritdoc/>
    public IEnumerable<OptionProblem> Validate()
    {
        if (Mode == DatabaseMode.Cdc)
        {
            if (Tables.Count == 0)
            {
                yield return new OptionProblem("tables", "mode is cdc, but it isn't said which tables; name them, such "
                    + "as public.orders.");
            }

            if (Query.Length > 0 || IsIncremental)
            {
                yield return new OptionProblem("query", "mode is cdc, which reads the changes of tables and no query; leave query "
                    + "and incremental-column out.");
            }
        }
        else if (string.IsNullOrWhiteSpace(Query))
        {
            yield return new OptionProblem("query", "This is missing and must be given: the SELECT to run.");
        }

        if (ParseTime(StartTime) is null)
        {
            yield return new OptionProblem(
                "start-time", $"'{StartTime}' is no date and time; write it as 2024-01-01 00:00:00.");
        }
    }

    /// <summary>Reads a date and time as UTC; null for anything else.</summary>
    public static DateTime? ParseTime(string text) =>
        DateTime.TryParse(
            text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var moment)
        && char.IsAsciiDigit(text.Trim()[0])
            ? moment
            : null;
}
