using SQLitePCL;

namespace DataFlow.Connectors;

/// <summary>
/// Breaks off a step of SQLite that takes too long. It looks at times whether the step is still the same, so that a step costs
/// nothing but counting. Dispose it before the connection.
/// </summary>
internal sealed class SqliteTimeout : IDisposable
{
    private const int Looks = 4;

    // A timer counts no further than 49 days.
    private const int MostSeconds = 30 * 86_400;

    private readonly sqlite3 _database;
    private readonly Timer _timer;
    private readonly Lock _ending = new();
    private long _steps;
    private long _seen;
    private int _same;
    private bool _ended;

    private SqliteTimeout(sqlite3 database, TimeSpan limit)
    {
        _database = database;
        _timer = new Timer(static timeout => ((SqliteTimeout)timeout!).Look(), this, limit / Looks, limit / Looks);
    }

    /// <summary>From now until it is disposed; null where it waits for ever.</summary>
    public static SqliteTimeout? Of(sqlite3 database, int seconds) =>
        seconds is 0 or > MostSeconds ? null : new(database, TimeSpan.FromSeconds(seconds));

    /// <summary>A step begins: the count is odd during one.</summary>
    public void Enter() => Volatile.Write(ref _steps, _steps + 1);

    /// <summary>The step has ended.</summary>
    public void Leave() => Volatile.Write(ref _steps, _steps + 1);

    public void Dispose()
    {
        _timer.Dispose();
        lock (_ending)
        {
            _ended = true;
        }
    }

    private void Look()
    {
        lock (_ending)
        {
            var steps = Volatile.Read(ref _steps);
            _same = steps == _seen && steps % 2 == 1 ? _same + 1 : 0;
            _seen = steps;
            if (_same == Looks && !_ended)
            {
                raw.sqlite3_interrupt(_database);
            }
        }
    }
}
