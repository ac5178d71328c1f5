using System.Data.Common;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace DataFlow.Connectors;

/// <summary>
/// Breaks off what SQLite is doing when a stop comes: it works on the caller's thread, which hears of nothing until the next row.
/// Dispose it before the connection.
/// </summary>
internal readonly struct SqliteInterruption : IDisposable
{
    private readonly CancellationTokenRegistration _registration;

    private SqliteInterruption(CancellationTokenRegistration registration) => _registration = registration;

    /// <summary>From now until it is disposed; does nothing for other databases.</summary>
    public static SqliteInterruption Of(DbConnection connection, CancellationToken stop) => connection is SqliteConnection { Handle: { } database }
        ? new(stop.UnsafeRegister(static database => raw.sqlite3_interrupt((sqlite3)database!), database))
        : default;

    /// <summary>Waits until a stop that is under way has been passed on.</summary>
    public void Dispose() => _registration.Dispose();
}
