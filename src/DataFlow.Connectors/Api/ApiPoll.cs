using System.IO.Hashing;
using System.Text;
using DataFlow.Formats;

namespace DataFlow.Connectors;

/// <summary>
/// Reads polls, page by page. A page is one atom: its last batch carries the position, the others carry none. Not thread-safe.
/// </summary>
internal sealed class ApiPoll : IDisposable
{
    private readonly ApiSourceOptions _options;
    private readonly Uri _address;
    private readonly SourceContext _context;
    private readonly HttpTransport _transport;
    private readonly HttpRepetition _repetition;
    private readonly HttpMetrics _metrics;
    private readonly ApiProgress _progress;
    private readonly ApiPagination _pagination;
    private readonly ApiIncremental? _incremental;
    private readonly ApiPageSetup _list;
    private readonly ApiItems? _items;
    private readonly Queue<RecordBatch> _ready = new();
    private readonly Dictionary<ulong, long> _asked = [];
    private RecordBatch? _last;
    private ApiPage? _page;
    private ApiPlace? _place;
    private ApiPosition _position;
    private long _pageRecords;
    private long? _pageHash;

    public ApiPoll(ApiSourceOptions options, Uri address, SourceContext context, HttpTransport transport, HttpMetrics metrics, ApiProgress progress)
    {
        _options = options;
        _address = address;
        _context = context;
        _transport = transport;
        _metrics = metrics;
        _progress = progress;
        _repetition = new HttpRepetition(options, context.Time, context.Logger);
        _pagination = new ApiPagination(options);
        _position = context.PositionOf(ApiSourceConnector.Split) is { } stored ? ApiPosition.Read(stored) : new ApiPosition();
        _place = _position.Poll;
        _incremental = options.IncrementalPath is null ? null : new ApiIncremental(options, _position);
        var error = options.ErrorPath is { } path ? JsonPath.Parse(path) : null;
        var records = JsonPath.Parse(options.ResponsePath);
        JsonPath[] watched = [.. _pagination.Watched, .. error is null ? Array.Empty<JsonPath>() : [error]];
        _list = new ApiPageSetup
        {
            Options = options,
            Context = context,
            Transport = transport,
            Metrics = metrics,
            Identity = new RecordIdentity(SourceType.Api, HttpAddress.Show(address)),
            Records = records,
            Watched = watched,
            Json = new JsonAnswerReader(records, watched, options.ToFormat(RecordFormat.Json)),
            Error = error,
        };
        var items = JsonPath.Parse(options.SubResponsePath);
        _items = options.SubPath is { } sub
            ? new ApiItems(
                new ApiSubResource(sub, options.SubFields),
                _list with { Records = items, Json = new JsonAnswerReader(items, watched, options.ToFormat(RecordFormat.Json)) })
            : null;
    }

    private CancellationToken Stop { get; set; }

    /// <summary>The poll at hand is over.</summary>
    public bool HasEnded => _place is null && _page is null && _ready.Count == 0;

    /// <summary>Starts another poll.</summary>
    public void Begin()
    {
        _place = ApiPlace.First;
        _asked.Clear();
        _pageHash = null;
    }

    /// <summary>The next batch of the poll; null when it is over, or stopped.</summary>
    /// <exception cref="ConnectorException">The API can't be read.</exception>
    public async ValueTask<RecordBatch?> NextAsync(CancellationToken stop)
    {
        Stop = stop;
        try
        {
            while (_ready.Count == 0 && !HasEnded && !stop.IsCancellationRequested)
            {
                await StepAsync().ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // A page that was not complete comes again with the next run.
        }
        catch (HttpFault fault)
        {
            throw fault.ToConnectorException();
        }

        return _ready.TryDequeue(out var batch) ? batch : null;
    }

    public void Dispose()
    {
        _page?.Dispose();
        _last?.Release();
        while (_ready.TryDequeue(out var batch))
        {
            batch.Release();
        }
    }

    private async ValueTask StepAsync()
    {
        if (_page is null)
        {
            await OpenAsync().ConfigureAwait(false);
        }
        else
        {
            await _page.ReadAsync(Stop).ConfigureAwait(false);
        }

        if (_page!.IsComplete)
        {
            await EndPageAsync(_page).ConfigureAwait(false);
        }
        else if (_items is null)
        {
            HandOn(_page);
        }
    }

    private async ValueTask OpenAsync()
    {
        var place = _place!;
        if (place.Pages >= _options.MaxPages)
        {
            throw new HttpFault(
                $"The poll has read {place.Pages} pages and still there is a next one ({Shown(place.Next)}). Check the pagination options, "
                + "or raise max-pages if there are so many.")
            {
                MayPass = false,
            };
        }

        _metrics.AtPage(place.Pages + 1);
        _progress.AtPage(place.Pages + 1, Shown(place.Next));
        _incremental?.BeginPage();
        _pageRecords = 0;
        var call = WithConditions(_pagination.CallFor(_address, place, _incremental?.Since), place);
        if (_pagination.IsLed && place.Pages == 0)
        {
            _asked[HashOf(call.Address.AbsoluteUri)] = 1;
        }

        _page = await FetchAsync(_list, call, $"{place.Next}", place.Pages + 1, []).ConfigureAwait(false);
    }

    /// <summary>One page, complete or too large to be kept. Whatever breaks before that is asked for again.</summary>
    private ValueTask<ApiPage> FetchAsync(ApiPageSetup setup, HttpCall call, string name, long number, IReadOnlyList<(string, string?)> fields) =>
        _repetition.RunAsync(
            async ct =>
            {
                var page = new ApiPage(setup, await _transport.SendAsync(call, ct).ConfigureAwait(false), name, number, fields);
                try
                {
                    await page.HoldAsync(ct).ConfigureAwait(false);
                    return page;
                }
                catch
                {
                    page.Dispose();
                    throw;
                }
            },
            Stop);

    private async ValueTask EndPageAsync(ApiPage page)
    {
        var place = _place!;
        var facts = page.Facts;
        ThrowIfRepeated(page, facts);
        var next = page.IsSkipped || page.IsUnchanged ? null : _pagination.NextAfter(place, facts);
        if (next is not null)
        {
            Follow(place, facts, next);
        }

        if (_items is not null)
        {
            await ReadItemsAsync(page, place, facts).ConfigureAwait(false);
        }
        else
        {
            HandOn(page);
        }

        // The position goes on only after the last record of the page: what is stored is always the start of a page.
        _place = next is null ? null : new ApiPlace(place.Pages + 1, place.Records + facts.Records, next);
        if (_place is null)
        {
            _incremental?.EndPoll();
        }

        var single = _place is null && place.Pages == 0 && _items is null && _options.ConditionalRequests;
        AdvanceTo(_place, page.IsUnchanged ? (_position.ETag, _position.Modified) : single ? ConditionsOf(facts.Message) : default);
        _page = null;
        page.Dispose();
    }

    /// <summary>Hands on what was read of a page, and keeps the last batch back: it may have to carry the position.</summary>
    private void HandOn(ApiPage page)
    {
        foreach (var batch in page.Take())
        {
            _incremental?.Take(batch);
            _pageRecords += batch.RowCount + batch.Errors.Count;
            if (_last is not null)
            {
                _ready.Enqueue(_last);
            }

            _last = batch;
        }
    }

    private void AdvanceTo(ApiPlace? place, (string? ETag, string? Modified) conditions)
    {
        _position = new ApiPosition
        {
            Records = _position.Records + _pageRecords,
            Poll = place,
            Since = _incremental?.Before,
            Newest = _incremental?.Newest,
            Seen = _incremental?.Seen(),
            ETag = conditions.ETag,
            Modified = conditions.Modified,
        };
        _pageRecords = 0;
        var last = _last ?? _context.Pool.Rent(0);
        _last = null;
        last.AdvanceTo(ApiSourceConnector.Split, _position);
        _ready.Enqueue(last);
    }

    private async ValueTask ReadItemsAsync(ApiPage page, ApiPlace place, ApiPageFacts facts)
    {
        var (parents, bad) = _items!.Of(page, facts.Address);
        var done = place.ListHash == page.ContentHash ? Math.Min(place.Items, parents.Count) : 0;
        if (bad.Count > 0 && done == 0)
        {
            var batch = _context.Pool.Rent(0);
            batch.Identity = _list.Identity;
            bad.ForEach(batch.AddError);
            _pageRecords += bad.Count;
            _last = batch;
        }

        for (var index = done; index < parents.Count; index++)
        {
            Stop.ThrowIfCancellationRequested();
            await ReadItemAsync(parents[index]).ConfigureAwait(false);
            if (index + 1 < parents.Count)
            {
                AdvanceTo(place with { Items = index + 1, ListHash = page.ContentHash }, default);
            }
        }
    }

    private async ValueTask ReadItemAsync(ApiParent parent)
    {
        for (var place = ApiPlace.First; ;)
        {
            var call = _options.SubPaginated ? _pagination.CallFor(parent.Address, place, null) : new HttpCall(HttpMethod.Get, parent.Address);
            _incremental?.BeginPage();
            using var page = await FetchAsync(
                _items!.Setup, call, $"{parent.Address.AbsoluteUri} {place.Next}", place.Pages + 1, parent.Fields).ConfigureAwait(false);
            HandOn(page);
            while (!page.IsComplete)
            {
                await page.ReadAsync(Stop).ConfigureAwait(false);
                HandOn(page);
            }

            var facts = page.Facts;
            if (!_options.SubPaginated || page.IsSkipped || _pagination.NextAfter(place, facts) is not { } next)
            {
                return;
            }

            place = new ApiPlace(place.Pages + 1, place.Records + facts.Records, next);
            if (place.Pages >= _options.MaxPages)
            {
                throw new HttpFault($"{HttpAddress.Show(parent.Address)} has more than {_options.MaxPages} pages (max-pages).") { MayPass = false };
            }
        }
    }

    private HttpCall WithConditions(HttpCall call, ApiPlace place)
    {
        if (place.Pages > 0 || call.Method != HttpMethod.Get || !_options.ConditionalRequests)
        {
            return call;
        }

        var headers = new List<(string, string)>();
        if (_position.ETag is { } tag)
        {
            headers.Add(("If-None-Match", tag));
        }

        if (_position.Modified is { } modified)
        {
            headers.Add(("If-Modified-Since", modified));
        }

        return call with { Headers = headers };
    }

    /// <summary>
    /// What tells later whether the answer has changed. A time counts only if it was over when the answer was made: within the
    /// same second there may have been another change, which would never be seen.
    /// </summary>
    private static (string? ETag, string? Modified) ConditionsOf(HttpResponseMessage message)
    {
        var modified = message.Content.Headers.LastModified;
        var isOver = message.Headers.Date - modified >= TimeSpan.FromSeconds(2);
        return (message.Headers.ETag?.ToString(), isOver ? modified?.ToString("R") : null);
    }

    /// <summary>Remembers what led to the next page, and finds out when it leads in a circle.</summary>
    private void Follow(ApiPlace place, ApiPageFacts page, string next)
    {
        if (!_pagination.IsLed)
        {
            return;
        }

        if (_options.PaginationType is not ApiPaginationType.Cursor)
        {
            _transport.ThrowIfForeign(page.Address, new Uri(next), "The link to the next page");
        }

        if (!_asked.TryAdd(HashOf(next), place.Pages + 2))
        {
            throw new HttpFault(
                $"Pagination goes in a circle: page {place.Pages + 1} leads to {Shown(next)}, which was page {_asked[HashOf(next)]} of this poll. "
                + "Check the pagination options; the records of this page were not delivered.")
            {
                MayPass = false,
            };
        }
    }

    private void ThrowIfRepeated(ApiPage page, ApiPageFacts facts)
    {
        var isRepeated = _options.DetectRepeatedPages && facts.Records > 0 && _pageHash == page.ContentHash;
        _pageHash = page.ContentHash;
        if (isRepeated)
        {
            throw new HttpFault(
                $"Page {_place!.Pages + 1} ({HttpAddress.Show(facts.Address)}) has the same {facts.Records} records as the page before it: the server "
                + "seems to ignore what asks for the next page. Check pagination-param and pagination-type; detect-repeated-pages: false takes them all the same.")
            {
                MayPass = false,
            };
        }
    }

    private string Shown(string? next) => next is null ? "the first page" : _transport.Show(HttpAddress.Show(next.Length > 100 ? next[..100] + "..." : next));

    private static ulong HashOf(string text) => XxHash64.HashToUInt64(Encoding.UTF8.GetBytes(text));
}
