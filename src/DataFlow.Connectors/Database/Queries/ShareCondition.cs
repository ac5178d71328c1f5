using System.Data.Common;
using System.Globalization;

namespace DataFlow.Connectors;

/// <summary>
/// Lets the database choose the rows of one instance: a row belongs to the share that its key tells, the same whenever it is asked. A
/// row whose key is NULL belongs to the first. Immutable.
/// </summary>
/// <param name="share">Which rows.</param>
/// <param name="key">The option key; its first column tells.</param>
/// <param name="dialect">The database's ways.</param>
internal sealed class ShareCondition(SourceShare share, IReadOnlyList<string> key, Dialect dialect)
{
    /// <summary>The condition on rows of <c>q</c>, behind the word that leads to it; nothing where all rows are read.</summary>
    /// <exception cref="ConnectorException">Rows can't be shared by a key of this type.</exception>
    public string After(string word, QueryShape shape)
    {
        if (share.IsWhole)
        {
            return "";
        }

        var index = shape.Find([key[0]], "key")[0];
        var column = shape.Columns[index];
        var (possible, expression) = Remainder($"q.{dialect.Quote(column.ColumnName)}", column, shape.Formats[index]);
        return expression is null
            ? throw ConnectorException.User(
                $"Instances can't share rows by the column '{column.ColumnName}', which is of type {TypeOf(column)}: {dialect.Name} tells whose a row is by "
                + $"{possible}. Put a column of such a type first in the option key, or leave 'instances' out.")
            : Invariant($"{word}COALESCE({expression}, 0) = {share.Remainder}");
    }

    /// <summary>What tells the share of a row, a number from 0 or NULL; null for a type that can't, with those that can, for people.</summary>
    private (string Possible, string? Expression) Remainder(string name, DbColumn column, ColumnFormat format)
    {
        var isWhole = format is ColumnFormat.Int16 or ColumnFormat.Int32 or ColumnFormat.Int64 or ColumnFormat.UInt64;
        var isDecimal = format is ColumnFormat.Decimal or ColumnFormat.MySqlDecimal;
        return dialect switch
        {
            // The text of these types depends on no setting of the session.
            PostgreSqlDialect => ("a whole number, numeric, a text or a uuid",
                isWhole ? Modulo(name)
                : TypeOf(column) is "numeric" or "text" or "character varying" or "character" or "uuid"
                    ? Invariant($"('x' || substr(md5({name}::text), 1, 7))::bit(28)::int % {share.Count}")
                : null),
            MySqlDialect => ("a whole number, a decimal or a text",
                isWhole ? Modulo(name)
                : isDecimal || format == ColumnFormat.Text ? Invariant($"CRC32({name}) % {share.Count}")
                : null),

            // A value of another type than the column's is nobody's by its number, and so belongs to the first.
            SqliteDialect => ("a whole number", isWhole ? $"CASE typeof({name}) WHEN 'integer' THEN {Modulo(name)} END" : null),
            SqlServerDialect => ("a whole number", isWhole ? Modulo(name) : null),
            OracleDialect => ("a number", isWhole || isDecimal ? Invariant($"MOD(MOD(FLOOR({name}), {share.Count}) + {share.Count}, {share.Count})") : null),
            _ => ("nothing that is known here", null),
        };
    }

    // The remainder of a negative number is negative.
    private string Modulo(string name) => Invariant($"(({name} % {share.Count}) + {share.Count}) % {share.Count}");

    private static string TypeOf(DbColumn column) => (column.DataTypeName ?? "").Split('(')[0].Trim();

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
