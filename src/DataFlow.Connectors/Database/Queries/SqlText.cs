using System.Data.Common;
using System.Text;

namespace DataFlow.Connectors;

/// <summary>A statement with cursors as parameters. Immutable.</summary>
/// <param name="Segments">The text around the parameters: one more than there are values.</param>
/// <param name="Values">The parameters.</param>
internal sealed record SqlText(IReadOnlyList<string> Segments, IReadOnlyList<CursorValue> Values)
{
    /// <summary>The text with placeholders, for people and for the provider.</summary>
    public string With(Func<int, string> placeholder)
    {
        var text = new StringBuilder(Segments[0]);
        for (var index = 0; index < Values.Count; index++)
        {
            text.Append(placeholder(index)).Append(Segments[index + 1]);
        }

        return text.ToString();
    }

    /// <summary>A command with bound parameters.</summary>
    public DbCommand CreateCommand(DbConnection connection, Dialect dialect)
    {
        var command = connection.CreateCommand();
        command.CommandText = With(index =>
        {
            if (Values[index].IsLong)
            {
                // No parameter of ADO.NET takes it with all its digits; digits are safe to stand in the text.
                return $"({Values[index].ToText(0)})";
            }

            dialect.Bind(command, Values[index]);
            return dialect.Placeholder(command.Parameters.Count);
        });
        return command;
    }

    /// <summary>The text with literals, for PostgreSQL's COPY.</summary>
    public string ToLiteral() => With(index => PostgreSqlDialect.Literal(Values[index]));
}

/// <summary>Puts a statement together.</summary>
internal sealed class SqlTextBuilder
{
    private readonly List<string> _segments = [];
    private readonly List<CursorValue> _values = [];
    private readonly StringBuilder _open = new();

    public SqlTextBuilder Add(string sql)
    {
        _open.Append(sql);
        return this;
    }

    public SqlTextBuilder Add(CursorValue value)
    {
        _segments.Add(_open.ToString());
        _open.Clear();
        _values.Add(value);
        return this;
    }

    /// <summary>Adds a query with a value for each of its placeholders.</summary>
    public SqlTextBuilder Add(QueryTemplate query, CursorValue value)
    {
        Add(query.Segments[0]);
        foreach (var segment in query.Segments.Skip(1))
        {
            Add(value).Add(segment);
        }

        return this;
    }

    public SqlText Build() => new([.. _segments, _open.ToString()], _values);
}
