namespace DataFlow.Connectors;

/// <summary>What SQL Server is told about the rows of a run, which stand in a temporary table with their numbers. Immutable.</summary>
internal sealed class SqlServerStatements(WriteTarget target, RowRun run)
{
    /// <summary>The temporary table, which only our connection sees.</summary>
    public const string Temporary = "#dataflow_batch";

    // Of several rows with one key, the last one.
    private const string Last = "NOT EXISTS (SELECT 1 FROM " + Temporary + " n WHERE n.dataflow_row > d.dataflow_row AND ";

    /// <summary>
    /// Makes the temporary table anew, with the types of the table and the rows' numbers. By way of the outer join its columns may all
    /// be NULL, and none of them counts by itself.
    /// </summary>
    public string CreateTemporary =>
        $"IF OBJECT_ID('tempdb..{Temporary}') IS NOT NULL DROP TABLE {Temporary}; "
        + $"SELECT TOP 0 {List(column => $"t.{Name(column)}")}, CAST(0 AS BIGINT) AS dataflow_row INTO {Temporary} "
        + $"FROM (SELECT 1 AS one) o LEFT JOIN {target.Table.Quoted} t ON 1 = 0";

    /// <summary>Brings the rows into the table.</summary>
    public string Apply => run.IsDelete
        ? $"DELETE t FROM {target.Table.Quoted} t JOIN {Temporary} d ON {SameKey("t", "d")}"
        : target.Options.Write == TableWrite.Insert
            ? $"INSERT INTO {target.Table.Quoted} ({List(Name)}) SELECT {List(Name)} FROM {Temporary} ORDER BY dataflow_row"
            : Update + Insert;

    private string Update
    {
        get
        {
            List<int> others = [.. run.Columns.Except(target.Key)];
            return others.Count == 0
                ? ""
                : $"UPDATE t SET {string.Join(", ", others.Select(column => $"t.{Name(column)} = d.{Name(column)}"))} "
                    + $"FROM {target.Table.Quoted} t WITH (UPDLOCK, HOLDLOCK) JOIN {Temporary} d ON {SameKey("t", "d")} "
                    + $"WHERE {Last}{SameKey("n", "d")}); ";
        }
    }

    private string Insert =>
        $"INSERT INTO {target.Table.Quoted} ({List(Name)}) SELECT {List(column => $"d.{Name(column)}")} FROM {Temporary} d "
        + $"WHERE {Last}{SameKey("n", "d")}) AND NOT EXISTS "
        + $"(SELECT 1 FROM {target.Table.Quoted} t WITH (UPDLOCK, HOLDLOCK) WHERE {SameKey("t", "d")})";

    private string SameKey(string left, string right) =>
        string.Join(" AND ", target.Key.Select(column => $"{left}.{Name(column)} = {right}.{Name(column)}"));

    private string List(Func<int, string> of) => string.Join(", ", run.Columns.Select(of));

    private string Name(int column) => SqlServerDialect.Instance.Quote(target.Table.Columns[column].ColumnName);
}
