using System.Net;
using DataFlow.Conformance;
using DataFlow.Engine.Lifecycle;
using DataFlow.Server;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace DataFlow.IntegrationTests.Service;

/// <summary>Keys open the API, as far as they go.</summary>
public sealed class KeyTests
{
    private const string Quiet = "{ name: quiet, source: { type: test, options: { total-records: 1 } }, sink: { type: 'null' } }";

    [Fact]
    public async Task Without_a_key_nobody_gets_in_and_is_told_how_to()
    {
        using var folder = new TemporaryFolder();
        await RunningService.KeyAsync(folder, "ann", mayWrite: true);
        await using var service = await RunningService.StartAsync(folder, listen: "http://0.0.0.0:0");

        var answer = await service.SendAsync(HttpMethod.Get, "/pipelines");

        Assert.Equal("Bearer realm=\"dataflow\"", answer.Headers.WwwAuthenticate.ToString());
        Assert.Equal("Send a key or token: Authorization: Bearer KEY.", await Problem.AssertAsync(HttpStatusCode.Unauthorized, answer));
        await Problem.AssertAsync(HttpStatusCode.Unauthorized, await service.SendAsync(HttpMethod.Get, "/no/such/thing"));
        await Problem.AssertAsync(HttpStatusCode.Unauthorized, await service.SendAsync(HttpMethod.Get, "/metrics"));
    }

    [Fact]
    public async Task A_wrong_key_is_refused_and_not_repeated()
    {
        using var folder = new TemporaryFolder();
        await RunningService.KeyAsync(folder, "ann", mayWrite: true);
        await using var service = await RunningService.StartAsync(folder, listen: "http://0.0.0.0:0");
        var wrong = KeySecret.Create();

        var detail = await Problem.AssertAsync(HttpStatusCode.Unauthorized, await service.SendAsync(HttpMethod.Get, "/pipelines", wrong));

        Assert.StartsWith("There is no such key, or it was revoked", detail);
        Assert.DoesNotContain(wrong, detail);
    }

    [Fact]
    public async Task A_wrong_key_is_refused_where_no_key_is_needed_too()
    {
        using var folder = new TemporaryFolder();
        await using var service = await RunningService.StartAsync(folder);

        await Problem.AssertAsync(HttpStatusCode.Unauthorized, await service.SendAsync(HttpMethod.Get, "/pipelines", KeySecret.Create()));
    }

    [Fact]
    public async Task A_key_that_may_only_look_changes_nothing()
    {
        using var folder = new TemporaryFolder();
        var looks = await RunningService.KeyAsync(folder, "looks", mayWrite: false);
        await using var service = await RunningService.StartAsync(folder, listen: "http://0.0.0.0:0");

        using var list = await service.SendAsync(HttpMethod.Get, "/pipelines", looks);
        Assert.Equal(HttpStatusCode.OK, list.StatusCode);
        var detail = await Problem.AssertAsync(
            HttpStatusCode.Forbidden, await service.SendAsync(HttpMethod.Post, "/pipelines", looks, RunningService.Yaml(Quiet)));

        Assert.Equal("'looks' may only look; this needs a key or token that may write.", detail);
    }

    [Fact]
    public async Task The_history_names_the_key()
    {
        using var folder = new TemporaryFolder();
        var writes = await RunningService.KeyAsync(folder, "night-shift", mayWrite: true);
        await using var service = await RunningService.StartAsync(folder, listen: "http://0.0.0.0:0");
        using var request = new HttpRequestMessage(HttpMethod.Post, "/pipelines") { Content = RunningService.Yaml(Quiet) };
        request.Headers.Add("X-Api-Key", writes);

        using var added = await service.Client.SendAsync(request);

        Assert.Equal(HttpStatusCode.Created, added.StatusCode);
        var store = service.Services.GetRequiredService<IServiceStore>();
        Assert.Equal("night-shift", Assert.Single(await store.State.HistoryAsync("quiet", 100, default)).Owner);
    }

    [Fact]
    public async Task A_key_is_asked_for_once_in_five_seconds_and_refused_when_it_was_revoked_before()
    {
        var time = new FakeTimeProvider();
        var store = new CountedKeys();
        var cache = new KeyCache(store, time);
        var secret = KeySecret.Create();
        store.Key = new ApiKey("ann", KeySecret.HashOf(secret), MayWrite: true, DateTimeOffset.UnixEpoch);

        for (var i = 0; i < 100; i++)
        {
            Assert.Equal("ann", (await cache.FindAsync(secret, default))?.Name);
        }

        Assert.Equal(1, store.Asked);
        store.Key = null;
        time.Advance(KeyCache.Fresh);
        Assert.Null(await cache.FindAsync(secret, default));
        Assert.Equal(TimeSpan.FromSeconds(5), KeyCache.Fresh);
    }

    [Fact]
    public async Task While_the_store_is_away_a_key_that_was_good_stays_so_for_two_minutes()
    {
        var time = new FakeTimeProvider();
        var store = new CountedKeys();
        var cache = new KeyCache(store, time);
        var secret = KeySecret.Create();
        store.Key = new ApiKey("ann", KeySecret.HashOf(secret), MayWrite: true, DateTimeOffset.UnixEpoch);
        await cache.FindAsync(secret, default);

        store.IsAway = true;
        time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal("ann", (await cache.FindAsync(secret, default))?.Name);
        await Assert.ThrowsAsync<ConnectorException>(() => cache.FindAsync(KeySecret.Create(), default).AsTask());
        time.Advance(TimeSpan.FromMinutes(1));
        await Assert.ThrowsAsync<ConnectorException>(() => cache.FindAsync(secret, default).AsTask());
    }

    [Fact]
    public async Task The_command_makes_lists_and_revokes_keys_of_a_running_service()
    {
        using var folder = new TemporaryFolder();
        var first = await Cli.RunAsync(folder.Path, "keys", "create", "ann", "--state", folder["state"]);
        first.Succeeded();
        Assert.Contains("may look and change things. It is not shown again.", first.Error);
        await using var service = await RunningService.StartAsync(folder, listen: "http://0.0.0.0:0");
        (await Cli.RunAsync(folder.Path, "keys", "create", "bob", "--read-only", "--state", folder["state"])).Succeeded();

        var list = await Cli.RunAsync(folder.Path, "keys", "list", "--state", folder["state"]);
        Assert.Contains("ann\tread, write\t", list.Out);
        Assert.Contains("bob\tread\t", list.Out);
        Assert.DoesNotContain(first.Out.Trim(), list.Out);
        using var before = await service.SendAsync(HttpMethod.Get, "/pipelines", first.Out.Trim());
        Assert.Equal(HttpStatusCode.OK, before.StatusCode);

        (await Cli.RunAsync(folder.Path, "keys", "revoke", "ann", "--state", folder["state"])).Succeeded();
        await Eventually.IsAsync(async () =>
        {
            using var answer = await service.SendAsync(HttpMethod.Get, "/pipelines", first.Out.Trim());
            return (answer.StatusCode == HttpStatusCode.Unauthorized, $"{answer.StatusCode}");
        });
        Assert.Equal(2, (await Cli.RunAsync(folder.Path, "keys", "revoke", "ann", "--state", folder["state"])).ExitCode);
        Assert.Equal(2, (await Cli.RunAsync(folder.Path, "keys", "create", "bob", "--state", folder["state"])).ExitCode);
        Assert.Equal(2, (await Cli.RunAsync(folder.Path, "keys", "create", "b\nb", "--state", folder["state"])).ExitCode);
        Assert.All(
            Directory.EnumerateFiles(folder["state"], "*.db*", SearchOption.AllDirectories),
            file => Assert.DoesNotContain(first.Out.Trim()["dfk_".Length..], ReadShared(file)));
    }

    private static string ReadShared(string file)
    {
        using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using var reader = new StreamReader(stream, System.Text.Encoding.Latin1);
        return reader.ReadToEnd();
    }

    private sealed class CountedKeys : IApiKeys
    {
        public ApiKey? Key { get; set; }

        public bool IsAway { get; set; }

        public int Asked { get; private set; }

        public ValueTask<ApiKey?> FindAsync(ReadOnlyMemory<byte> hash, CancellationToken ct)
        {
            Asked++;
            return IsAway ? throw ConnectorException.External("The store is away.") : ValueTask.FromResult(Key?.Hash.Span.SequenceEqual(hash.Span) == true ? Key : null);
        }

        public ValueTask<bool> AddAsync(ApiKey key, CancellationToken ct) => throw new NotSupportedException();

        public ValueTask<IReadOnlyList<ApiKey>> ListAsync(CancellationToken ct) => throw new NotSupportedException();

        public ValueTask<bool> RemoveAsync(string name, CancellationToken ct) => throw new NotSupportedException();
    }
}
