using DataFlow.Connectors;

namespace DataFlow.UnitTests.Connectors.Database;

public sealed class QueryTemplateTests
{
    [Theory]
    [Trait("claim", "DB-12")]
    [InlineData("SELECT * FROM t WHERE a > ?", "SELECT * FROM t WHERE a > $1")]
    [InlineData("SELECT '?', \"?\" FROM t WHERE a > ? -- ?\n", "SELECT '?', \"?\" FROM t WHERE a > $1 -- ?\n")]
    [InlineData("SELECT 'it''s ?' /* ? /* ? */ ? */ FROM t WHERE a > ?", "SELECT 'it''s ?' /* ? /* ? */ ? */ FROM t WHERE a > $1")]
    [InlineData("SELECT $$ ? $$, $tag$ ? $$ ? $tag$ FROM t WHERE a > ?", "SELECT $$ ? $$, $tag$ ? $$ ? $tag$ FROM t WHERE a > $1")]
    [InlineData(@"SELECT E'\'?' FROM t WHERE a > ?", @"SELECT E'\'?' FROM t WHERE a > $1")]
    [InlineData("SELECT j ?? 'key', j ??| array['x'] FROM t WHERE a > ?", "SELECT j ? 'key', j ?| array['x'] FROM t WHERE a > $1")]
    [InlineData("SELECT 1 WHERE a > ?;  ", "SELECT 1 WHERE a > $1")]
    public void PostgreSQL_placeholders_are_found_where_they_are_meant(string query, string expected) =>
        Assert.Equal(expected, Rewrite(query, SqlSyntax.PostgreSql));

    [Theory]
    [InlineData(@"SELECT 'a\'?', `?` FROM t # ?", @"SELECT 'a\'?', `?` FROM t # ?")]
    [InlineData("SELECT \"?\" FROM t WHERE a > ?", "SELECT \"?\" FROM t WHERE a > $1")]
    public void MySQL_strings_names_and_comments_are_skipped(string query, string expected) => Assert.Equal(expected, Rewrite(query, SqlSyntax.MySql));

    [Fact]
    public void Names_in_brackets_are_skipped_in_SQL_Server_and_SQLite()
    {
        Assert.Equal("SELECT [a?] FROM t WHERE a > $1", Rewrite("SELECT [a?] FROM t WHERE a > ?", SqlSyntax.SqlServer));
        Assert.Equal("SELECT [a?] FROM t WHERE a > $1", Rewrite("SELECT [a?] FROM t WHERE a > ?", SqlSyntax.Sqlite));
        Assert.Equal("SELECT x[1], a > $1", Rewrite("SELECT x[1], a > ?", SqlSyntax.PostgreSql));
    }

    [Theory]
    [InlineData("SELECT * FROM t LIMIT 10", "LIMIT (line 1)")]
    [InlineData("SELECT TOP 5 * FROM t", "TOP (line 1)")]
    [InlineData("SELECT * FROM t\nOFFSET 3", "OFFSET (line 2)")]
    [InlineData("SELECT * FROM t FETCH FIRST 3 ROWS ONLY", "FETCH (line 1)")]
    [InlineData("SELECT * FROM (SELECT * FROM t LIMIT 10) x", null)]
    [InlineData("SELECT \"limit\", 'limit' FROM t -- limit", null)]
    public void A_limit_of_the_query_as_a_whole_is_found(string query, string? limit) => Assert.Equal(limit, QueryTemplate.Parse(query, SqlSyntax.PostgreSql).Limit);

    [Fact]
    public void The_last_order_by_can_be_left_out() =>
        Assert.Equal(
            "SELECT row_number() OVER (ORDER BY a) FROM t WHERE a > ",
            QueryTemplate.Parse("SELECT row_number() OVER (ORDER BY a) FROM t WHERE a > ? ORDER BY a", SqlSyntax.SqlServer).WithoutOrder().Segments[0]);

    [Theory]
    [Trait("claim", "DB-36")]
    [InlineData("SELECT * FROM t", "Incremental sync not progressing: the query has no ? placeholder")]
    [InlineData("SELECT * FROM t WHERE a > ? OR b > ?", "The query has 2 placeholders")]
    [InlineData("SELECT * FROM t WHERE a > ? LIMIT 10", "The query has a LIMIT (line 1), which can leave rows out for ever")]
    [InlineData("SELECT * FROM t WHERE a > ?; DROP TABLE t", "The query goes on after a semicolon, with 'DROP'")]
    public void A_query_that_could_not_go_on_is_refused(string query, string said)
    {
        var options = new DatabaseSourceOptions { Query = query, IncrementalColumn = "a" };

        Assert.StartsWith(said, Assert.Throws<ConnectorException>(() => new SourceQuery(options, PostgreSqlDialect.Instance, SourceShare.Whole)).Message);
    }

    [Fact]
    public void A_placeholder_without_an_incremental_column_is_refused() =>
        Assert.Contains(
            "no incremental-column to fill it from",
            Assert.Throws<ConnectorException>(() => new SourceQuery(new DatabaseSourceOptions { Query = "SELECT ?" }, SqliteDialect.Instance, SourceShare.Whole)).Message,
            StringComparison.Ordinal);

    private static string Rewrite(string query, SqlSyntax syntax)
    {
        var template = QueryTemplate.Parse(query, syntax);
        return string.Concat(template.Segments.Select((segment, index) => index == 0 ? segment : $"${index}{segment}"));
    }
}
