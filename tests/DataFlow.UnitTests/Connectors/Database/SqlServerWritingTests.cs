using System.Data.Common;
using System.Text;
using DataFlow.Connectors;

namespace DataFlow.UnitTests.Connectors.Database;

/// <summary>What SQL Server would be told. No server has run it.</summary>
public sealed class SqlServerWritingTests
{
    private static readonly RecordSchema Schema = new("id", "region", "name");

    [Fact]
    public void Rows_pass_through_a_temporary_table_with_the_types_of_the_target() => Assert.Equal(
        "IF OBJECT_ID('tempdb..#dataflow_batch') IS NOT NULL DROP TABLE #dataflow_batch; "
        + "SELECT TOP 0 t.[id], t.[region], t.[na]]me], CAST(0 AS BIGINT) AS dataflow_row INTO #dataflow_batch "
        + "FROM (SELECT 1 AS one) o LEFT JOIN [sales].[people] t ON 1 = 0",
        Statements(TableWrite.Insert).CreateTemporary);

    [Fact]
    public void An_insert_keeps_their_order() => Assert.Equal(
        "INSERT INTO [sales].[people] ([id], [region], [na]]me]) SELECT [id], [region], [na]]me] FROM #dataflow_batch ORDER BY dataflow_row",
        Statements(TableWrite.Insert).Apply);

    [Fact]
    public void An_upsert_changes_and_adds_with_the_last_row_of_each_key() => Assert.Equal(
        "UPDATE t SET t.[na]]me] = d.[na]]me] FROM [sales].[people] t WITH (UPDLOCK, HOLDLOCK) JOIN #dataflow_batch d "
        + "ON t.[id] = d.[id] AND t.[region] = d.[region] "
        + "WHERE NOT EXISTS (SELECT 1 FROM #dataflow_batch n WHERE n.dataflow_row > d.dataflow_row AND n.[id] = d.[id] AND n.[region] = d.[region]); "
        + "INSERT INTO [sales].[people] ([id], [region], [na]]me]) SELECT d.[id], d.[region], d.[na]]me] FROM #dataflow_batch d "
        + "WHERE NOT EXISTS (SELECT 1 FROM #dataflow_batch n WHERE n.dataflow_row > d.dataflow_row AND n.[id] = d.[id] AND n.[region] = d.[region]) "
        + "AND NOT EXISTS (SELECT 1 FROM [sales].[people] t WITH (UPDLOCK, HOLDLOCK) WHERE t.[id] = d.[id] AND t.[region] = d.[region])",
        Statements(TableWrite.Upsert).Apply);

    [Fact]
    public void A_delete_goes_by_the_key() => Assert.Equal(
        "DELETE t FROM [sales].[people] t JOIN #dataflow_batch d ON t.[id] = d.[id] AND t.[region] = d.[region]",
        Statements(TableWrite.Upsert, isDelete: true).Apply);

    [Theory]
    [InlineData(typeof(int), "-5", "-5")]
    [InlineData(typeof(bool), "true", "True")]
    [InlineData(typeof(decimal), "1234567890123456789012345678.0123456789", "1234567890123456789012345678.0123456789")]
    [InlineData(typeof(double), "1.0E7", "10000000")]
    [InlineData(typeof(DateTime), "2024-01-01 10:00:00.1234567", "2024-01-01T10:00:00.1234567")]
    [InlineData(typeof(DateTimeOffset), "2024-01-01 10:00:00.5", "2024-01-01T10:00:00.5000000+00:00")]
    [InlineData(typeof(string), " text ", " text ")]
    public void A_text_becomes_a_value_of_its_column(Type type, string text, string expected) => Assert.Equal(
        expected,
        SqlServerValue.Of(Encoding.UTF8.GetBytes(text), FieldKind.Text, new Column("c", type)) switch
        {
            DateTime moment => moment.ToString("yyyy-MM-dd'T'HH:mm:ss.fffffff"),
            DateTimeOffset instant => instant.ToString("O"),
            var value => FormattableString.Invariant($"{value}"),
        });

    [Theory]
    [InlineData(typeof(int), "3000000000")]
    [InlineData(typeof(int), "5x")]
    [InlineData(typeof(bool), "maybe")]
    [InlineData(typeof(decimal), "NaN")]
    [InlineData(typeof(double), "Infinity")]
    [InlineData(typeof(DateTime), "2024-02-30")]
    public void A_text_that_is_no_value_of_its_column_is_refused(Type type, string text)
    {
        var failure = Assert.ThrowsAny<DbException>(() => SqlServerValue.Of(Encoding.UTF8.GetBytes(text), FieldKind.Text, new Column("c", type)));

        Assert.Equal(FaultKind.Data, SqlServerDialect.Instance.KindOf(failure));
        Assert.StartsWith($"'{text}' is no value for the column c", failure.Message);
    }

    private static SqlServerStatements Statements(TableWrite write, bool isDelete = false)
    {
        var address = DatabaseAddress.Of("jdbc:sqlserver://db;databaseName=d", new DatabaseLogin("", "", "", "drivers"), "/");
        var table = TargetTable.Of(
            address, "sales.people", [new Column("id", typeof(int)), new Column("region", typeof(string)), new Column("na]me", typeof(string))]);
        var batch = new BatchPool().Rent(64);
        batch.Begin(Schema, 1);
        int[] columns = isDelete ? [0, 1] : [0, 1, 2];
        var run = new RowRun(batch, new int[1], columns, columns, isDelete, IsPartial: false);
        return new SqlServerStatements(new WriteTarget(null!, table, [0, 1], new DatabaseSinkOptions { Write = write }), run);
    }

    private sealed class Column : DbColumn
    {
        public Column(string name, Type type)
        {
            ColumnName = name;
            DataType = type;
            DataTypeName = type.Name;
        }
    }
}
