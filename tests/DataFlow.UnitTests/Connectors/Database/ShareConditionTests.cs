using System.Data.Common;
using DataFlow.Connectors;

namespace DataFlow.UnitTests.Connectors.Database;

/// <summary>How the databases that no test has at hand are asked for the rows of an instance; the others are asked in earnest elsewhere.</summary>
public class ShareConditionTests
{
    [Fact]
    public void SQL_Server_tells_by_the_remainder_of_a_whole_number() => Assert.Equal(
        " WHERE COALESCE(((q.[id] % 3) + 3) % 3, 0) = 1", Condition(SqlServerDialect.Instance, typeof(long), "bigint"));

    [Fact]
    public void Oracle_tells_by_the_remainder_of_a_number() => Assert.Equal(
        " WHERE COALESCE(MOD(MOD(FLOOR(q.\"id\"), 3) + 3, 3), 0) = 1", Condition(new OracleDialect("drivers"), typeof(decimal), "NUMBER"));

    [Theory]
    [InlineData(typeof(string), "nvarchar")]
    [InlineData(typeof(decimal), "decimal")]
    public void SQL_Server_refuses_other_types(Type type, string name) => Assert.Contains(
        $"'id', which is of type {name}: SQL Server tells whose a row is by a whole number.",
        Assert.Throws<ConnectorException>(() => Condition(SqlServerDialect.Instance, type, name)).Message,
        StringComparison.Ordinal);

    [Fact]
    public void A_database_that_is_not_known_is_refused() => Assert.Contains(
        "Some.Provider tells whose a row is by nothing that is known here",
        Assert.Throws<ConnectorException>(() => Condition(new PluginDialect("drivers", "Some.Provider"), typeof(long), "bigint")).Message,
        StringComparison.Ordinal);

    [Fact]
    public void The_whole_is_asked_for_without_a_condition() => Assert.Equal(
        "", new ShareCondition(SourceShare.Whole, [], SqlServerDialect.Instance).After(" WHERE ", Shape(SqlServerDialect.Instance, typeof(long), "bigint")));

    private static string Condition(Dialect dialect, Type type, string name) =>
        new ShareCondition(new SourceShare(2, 3), ["id"], dialect).After(" WHERE ", Shape(dialect, type, name));

    private static QueryShape Shape(Dialect dialect, Type type, string name) => QueryShape.Of([new Column(type, name)], dialect);

    private sealed class Column : DbColumn
    {
        public Column(Type type, string name)
        {
            ColumnName = "id";
            DataType = type;
            DataTypeName = name;
        }
    }
}
