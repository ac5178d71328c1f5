using DataFlow.Conformance;
using DataFlow.Engine;

namespace DataFlow.IntegrationTests.Database;

/// <summary>A database source in the real engine, run by run.</summary>
internal sealed class DatabaseBench : IDisposable
{
    private readonly SourceBench _bench;
    private int _seen;

    public DatabaseBench(SourceConfig config, TimeProvider? time = null)
    {
        Config = config;
        _bench = new SourceBench(BuiltInCatalogue.Instance, () => Config) { BatchSize = 100, Time = time ?? TimeProvider.System };
    }

    public SourceConfig Config { get; set; }

    public IReadOnlyCollection<string> Log => _bench.Log.Lines;

    public CollectedMetrics Metrics => _bench.Metrics;

    public string PipelineId => _bench.PipelineId;

    public int Count => _bench.Collected.Count;

    public IReadOnlyList<DataRecord> Records => [.. _bench.Collected.All.Select(record => record.Record)];

    public static SourceConfig Of(string connection, string user, string password, params (string Name, string Value)[] options)
    {
        var map = options.Where(option => option.Value.Length > 0).ToDictionary(option => option.Name, option => option.Value);
        map["username"] = user;
        map["password"] = password;
        return new SourceConfig { SourceType = SourceType.Database, ConnectionString = connection, Options = map, PollIntervalMs = 20 };
    }

    public static SourceConfig Of(TestDatabase database, params (string Name, string Value)[] options) =>
        Of(database.JdbcUrl, database.User, database.Password, options);

    public static async Task<SourceConfig> PostgreSqlAsync(PostgreSqlDatabase database, params (string Name, string Value)[] options) =>
        Of(database.JdbcUrl, (await PostgreSqlServer.GetAsync()).User, PostgreSqlServer.Password, options);

    public static async Task<SourceConfig> MariaDbAsync(MariaDbDatabase database, params (string Name, string Value)[] options) =>
        Of(database.JdbcUrl, (await MariaDbServer.GetAsync()).User, MariaDbServer.Password, options);

    /// <summary>One run until everything that was there is read; returns what it added.</summary>
    public async Task<IReadOnlyList<DataRecord>> ReadAsync(FaultSchedule? faults = null)
    {
        var outcome = await RunAsync(faults);
        Assert.Null(outcome.Error);
        var records = Records;
        var added = records.Skip(_seen).ToList();
        _seen = records.Count;
        return added;
    }

    public Task<PipelineOutcome> RunAsync(FaultSchedule? faults = null) => _bench.RunAsync(faults: faults);

    /// <summary>A run that polls until it is stopped.</summary>
    public Task<PipelineOutcome> PollAsync(CancellationToken stop) => _bench.RunAsync(change: spec => spec with { Until = DataFlow.Until.Forever, MaxAttempts = 5 }, stop: stop);

    /// <summary>Records of which the store knows by now.</summary>
    public async Task<long> CommittedAsync() => (await _bench.Store.ReadAsync(PipelineId, default))?.Checkpoint.Counters.Delivered ?? 0;

    public Task<RecordCounters> TotalsAsync() => _bench.TotalsAsync();

    public async Task<ConnectorException> FailureAsync()
    {
        var outcome = await RunAsync();
        return Assert.IsType<ConnectorException>(outcome.Error);
    }

    public void Dispose() => _bench.Dispose();
}
