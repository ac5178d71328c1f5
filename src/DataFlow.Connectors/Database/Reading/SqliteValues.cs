using System.Runtime.InteropServices;
using SQLitePCL;

namespace DataFlow.Connectors;

/// <summary>
/// The values of a statement's current row, asked for without the way through the provider, which costs as much as the answer. The
/// library is the one that the provider has loaded, whichever that is.
/// </summary>
/// <param name="statement">Must outlive this, and be used by one thread at a time.</param>
internal readonly unsafe struct SqliteValues(sqlite3_stmt statement)
{
    private static readonly nint Library = NativeLibrary.Load(raw.GetNativeLibraryName(), typeof(SqliteValues).Assembly, null);

    // None of these waits for anything or calls back.
    private static readonly delegate* unmanaged[Cdecl, SuppressGCTransition]<nint, int, int> ColumnType =
        (delegate* unmanaged[Cdecl, SuppressGCTransition]<nint, int, int>)Find("sqlite3_column_type");

    private static readonly delegate* unmanaged[Cdecl, SuppressGCTransition]<nint, int, long> ColumnInt64 =
        (delegate* unmanaged[Cdecl, SuppressGCTransition]<nint, int, long>)Find("sqlite3_column_int64");

    private static readonly delegate* unmanaged[Cdecl, SuppressGCTransition]<nint, int, double> ColumnDouble =
        (delegate* unmanaged[Cdecl, SuppressGCTransition]<nint, int, double>)Find("sqlite3_column_double");

    // Of a long value in UTF-16 it makes another one: that may take a while, and other threads must not wait for it.
    private static readonly delegate* unmanaged[Cdecl]<nint, int, byte*> ColumnText =
        (delegate* unmanaged[Cdecl]<nint, int, byte*>)Find("sqlite3_column_text");

    private static readonly delegate* unmanaged[Cdecl, SuppressGCTransition]<nint, int, byte*> ColumnBlob =
        (delegate* unmanaged[Cdecl, SuppressGCTransition]<nint, int, byte*>)Find("sqlite3_column_blob");

    private static readonly delegate* unmanaged[Cdecl, SuppressGCTransition]<nint, int, int> ColumnBytes =
        (delegate* unmanaged[Cdecl, SuppressGCTransition]<nint, int, int>)Find("sqlite3_column_bytes");

    private readonly nint _statement = statement.DangerousGetHandle();

    /// <summary>Of the value, whatever the column is declared as.</summary>
    public int TypeOf(int column) => ColumnType(_statement, column);

    public long Integer(int column) => ColumnInt64(_statement, column);

    public double Float(int column) => ColumnDouble(_statement, column);

    /// <summary>In UTF-8, also where the database holds UTF-16. Good until the next step.</summary>
    public ReadOnlySpan<byte> Text(int column) => new(ColumnText(_statement, column), ColumnBytes(_statement, column));

    /// <summary>Good until the next step.</summary>
    public ReadOnlySpan<byte> Blob(int column) => new(ColumnBlob(_statement, column), ColumnBytes(_statement, column));

    private static nint Find(string function) => NativeLibrary.GetExport(Library, function);
}
