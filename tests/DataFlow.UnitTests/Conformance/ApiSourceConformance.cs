using System.Collections.Concurrent;
using DataFlow.Conformance;

namespace DataFlow.UnitTests.Conformance;

public sealed class ApiSourceConformance : SourceConformance<ApiSourceFixture>;

/// <summary>A paginated API on a loopback port, which is asked for what is newer than the last id.</summary>
public sealed class ApiSourceFixture : ISourceFixture
{
    private const int MostPerPage = 5;

    private readonly ConcurrentQueue<string> _records = new();
    private TestApi _api = null!;
    private int _published;
    private int _cuts;

    public static string Kind => SourceType.Api;

    public SourceConfig Config => Of(_api.Address, Secret);

    public SourceConfig Unreachable => Of(new Uri("http://127.0.0.1:1/"), Secret);

    public SourceConfig Refused => Of(new Uri(_api.Address, "/forbidden"), Secret);

    public string Secret => "token-that-nobody-must-see";

    public async ValueTask StartAsync(CancellationToken ct) => _api = await TestApi.StartAsync(async (context, _) =>
    {
        if (context.Request.Path == "/forbidden")
        {
            await context.JsonAsync("""{"message":"Bad credentials"}""", 401);
            return;
        }

        if (Interlocked.Exchange(ref _cuts, 0) > 0)
        {
            context.Abort();
            return;
        }

        var since = context.Number("since_id");
        var page = _records.Where(record => TestRecordId(record) > since).Skip(context.Number("offset")).Take(MostPerPage);
        await context.JsonAsync($$"""{"data":[{{string.Join(',', page)}}]}""");
    });

    public ValueTask PublishAsync(int count, CancellationToken ct)
    {
        for (var record = 0; record < count; record++)
        {
            _published++;
            _records.Enqueue($$"""{"id":{{_published}},"text":"row {{_published}}, \"quoted\", ä"}""");
        }

        return ValueTask.CompletedTask;
    }

    public ValueTask PublishMalformedAsync(CancellationToken ct)
    {
        _records.Enqueue($$"""{"id":{{_published}}.5,"a":1,"b":2,"c":3,"d":4}""");
        return ValueTask.CompletedTask;
    }

    public ValueTask InterruptAsync(CancellationToken ct)
    {
        _cuts = 1;
        return ValueTask.CompletedTask;
    }

    public long NumberOf(DataRecord record) => long.Parse(record.Id);

    public ValueTask DisposeAsync() => _api?.DisposeAsync() ?? ValueTask.CompletedTask;

    private static double TestRecordId(string record) => double.Parse(record.Split(':', ',')[1]);

    private static SourceConfig Of(Uri address, string token) => new()
    {
        SourceType = Kind,
        ConnectionString = address.AbsoluteUri,
        Options = new Dictionary<string, string>
        {
            ["auth-type"] = "bearer",
            ["auth-token"] = token,
            ["pagination-type"] = "offset",
            ["pagination-size"] = $"{MostPerPage}",
            ["incremental-param"] = "since_id",
            ["incremental-path"] = "id",
            ["incremental-type"] = "id",
            ["max-fields"] = "4",
            ["max-retries"] = "1",
            ["retry-delay"] = "1ms",
        },
    };
}
