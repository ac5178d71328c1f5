using System.Globalization;
using System.Text;
using System.Text.Json;
using Npgsql.Replication.PgOutput;
using Npgsql.Replication.PgOutput.Messages;
using NpgsqlTypes;

namespace DataFlow.Connectors;

/// <summary>A table as the log describes it. Immutable.</summary>
internal sealed class ChangeTable
{
    /// <param name="message">The description.</param>
    /// <param name="primaryKey">The columns of the primary key; empty without one.</param>
    public ChangeTable(RelationMessage message, HashSet<string> primaryKey)
    {
        Id = message.RelationId;
        SchemaName = message.Namespace;
        Name = message.RelationName;
        Formats = [.. message.Columns.Select(column => ChangeValue.FormatOf(column.DataTypeId))];
        var isWhole = message.ReplicaIdentity == RelationMessage.ReplicaIdentitySetting.AllColumns;
        IsKey = [.. message.Columns.Select(column => isWhole && primaryKey.Count > 0
            ? primaryKey.Contains(column.ColumnName)
            : (column.Flags & RelationMessage.Column.ColumnFlags.PartOfKey) != 0)];
        Schema = new RecordSchema(message.Columns.Select((column, index) => (column.ColumnName, Formats[index].TypeOf())));
        IdColumn = Schema.Names.ToList().FindIndex(name => name.Equals("id", StringComparison.OrdinalIgnoreCase));
    }

    public uint Id { get; }

    public string SchemaName { get; }

    public string Name { get; }

    public RecordSchema Schema { get; }

    public ColumnFormat[] Formats { get; }

    /// <summary>
    /// What names a row: the columns of the table's replica identity, which are those of the old row that the log has. Where it has the
    /// whole old row, the primary key.
    /// </summary>
    public bool[] IsKey { get; }

    public int IdColumn { get; }
}

/// <summary>One row as it was or is: a text, null, or a mark that the value was not sent.</summary>
internal sealed class ChangeRow(ChangeTable table)
{
    /// <summary>Stands for a value that was not sent: because it did not change, or because the log has only the key.</summary>
    public static readonly string Unchanged = new("unchanged");

    public string?[] Values { get; } = new string?[table.Schema.Count];

    /// <summary>Reads the values, which has to be done before the next message.</summary>
    public static async Task<ChangeRow> ReadAsync(ChangeTable table, ReplicationTuple tuple, CancellationToken ct)
    {
        var row = new ChangeRow(table);
        var column = 0;
        await foreach (var value in tuple.WithCancellation(ct).ConfigureAwait(false))
        {
            row.Values[column] = value.IsUnchangedToastedValue
                ? Unchanged
                : value.IsDBNull ? null : ChangeValue.Format(table.Formats[column], await value.Get<string>(ct).ConfigureAwait(false));
            column++;
        }

        return row;
    }

    /// <summary>Reads the key of a row as it was, which comes with nulls for all else.</summary>
    public static async Task<ChangeRow> ReadKeyAsync(ChangeTable table, ReplicationTuple tuple, CancellationToken ct)
    {
        var row = await ReadAsync(table, tuple, ct).ConfigureAwait(false);
        for (var column = 0; column < row.Values.Length; column++)
        {
            row.Values[column] = table.IsKey[column] ? row.Values[column] : Unchanged;
        }

        return row;
    }

    /// <summary>True when a value was not sent.</summary>
    public bool IsPartial => Values.Any(value => ReferenceEquals(value, Unchanged));

    /// <summary>Takes what was not sent from the row as it was.</summary>
    public void Complete(ChangeRow before)
    {
        for (var column = 0; column < Values.Length; column++)
        {
            Values[column] = ReferenceEquals(Values[column], Unchanged) ? before.Values[column] : Values[column];
        }
    }

    /// <summary>True when both name the same row.</summary>
    public bool HasKeyOf(ChangeRow other) =>
        !Values.Where((value, column) => table.IsKey[column] && !ReferenceEquals(value, Unchanged) && value != other.Values[column]).Any();

    /// <summary>The row as one JSON object.</summary>
    public string ToJson()
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
        {
            writer.WriteStartObject();
            for (var column = 0; column < Values.Length; column++)
            {
                if (!ReferenceEquals(Values[column], Unchanged))
                {
                    writer.WriteString(table.Schema.Names[column], Values[column]);
                }
            }

            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(stream.ToArray());
    }
}

/// <summary>Changes of one table that travel together. Not thread-safe.</summary>
internal sealed class ChangeBatch
{
    private readonly List<string?> _before = [];
    private readonly FieldRef[] _fields;

    public ChangeBatch(SourceContext context, DatabaseAddress address, ChangeTable table)
    {
        Table = table;
        _fields = new FieldRef[table.Schema.Count];
        Batch = context.Pool.Rent(64 << 10);
        Batch.Begin(table.Schema, 64);
        Batch.IdColumn = table.IdColumn;
        Batch.LetterOutsideData = DatabaseDeadLetter.Write;
        Batch.Identity = new RecordIdentity(address.Display, ChangeSourceConnector.Split);
        Batch.Metadata.Set("source", "database")
            .Set("source_id", context.SourceId)
            .Set("jdbc_url", address.Display)
            .Set("format", "cdc")
            .Set("timestamp", context.Time.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture))
            .Set("schema", table.SchemaName)
            .Set("table", table.Name)
            .SetTexts("operation", static (batch, row) => batch.OperationOf(row).ToString().ToLowerInvariant())
            .SetTexts("before", (_, row) => _before[row]);
    }

    public RecordBatch Batch { get; }

    public ChangeTable Table { get; }

    /// <summary>Adds a change.</summary>
    /// <param name="row">The row as it is now; for a delete, as it was.</param>
    /// <param name="operation">What happened.</param>
    /// <param name="before">The row as it was, where the log has it; its former key, where that has changed.</param>
    /// <param name="transaction">The end of its transaction in the log.</param>
    /// <param name="ordinal">Its number in the transaction.</param>
    public void Add(ChangeRow row, RecordOperation operation, ChangeRow? before, NpgsqlLogSequenceNumber transaction, int ordinal)
    {
        var text = new RowText(Batch, _fields);
        for (var column = 0; column < _fields.Length; column++)
        {
            if (row.Values[column] is { } value && !ReferenceEquals(value, ChangeRow.Unchanged))
            {
                text.Text(value);
            }
            else
            {
                text.Null();
            }
        }

        text.End();
        var added = Batch.RowCount - 1;
        for (var column = 0; column < _fields.Length; column++)
        {
            if (operation == RecordOperation.Delete && before is null && !Table.IsKey[column])
            {
                SetKind(added, column, FieldKind.Absent);
            }
            else if (ReferenceEquals(row.Values[column], ChangeRow.Unchanged))
            {
                SetKind(added, column, FieldKind.Unchanged);
            }
        }

        if (operation != RecordOperation.Insert)
        {
            Batch.SetOperation(added, operation);
        }

        Batch.SetKey(added, new UInt128((ulong)transaction, (ulong)ordinal));
        _before.Add(before?.ToJson());
    }

    private void SetKind(int row, int column, FieldKind kind) => Batch.SetFieldKind(row, column, kind);
}
