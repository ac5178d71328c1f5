using System.Collections.Concurrent;
using System.Security.Cryptography;
using DataFlow.Engine.Lifecycle;

namespace DataFlow.Server;

/// <summary>
/// The API keys that were asked for lately, so that a request costs no question to the store. A key that was revoked is refused after
/// <see cref="Fresh"/> at the latest, on every node. Thread-safe.
/// </summary>
internal sealed class KeyCache(IApiKeys keys, TimeProvider time)
{
    /// <summary>How long an answer of the store is good.</summary>
    public static readonly TimeSpan Fresh = TimeSpan.FromSeconds(5);

    // While the store is away nobody can revoke a key there: what was valid stays so for a while, and the service can be asked what is wrong.
    private static readonly TimeSpan Stale = TimeSpan.FromMinutes(2);

    // Wrong keys can be made up without end.
    private const int MostEntries = 1000;

    private readonly ConcurrentDictionary<string, Entry> _known = new(StringComparer.Ordinal);

    /// <summary>The key with this secret, or null.</summary>
    /// <exception cref="ConnectorException">The store can't be asked.</exception>
    public async ValueTask<ApiKey?> FindAsync(string secret, CancellationToken ct)
    {
        // Only hashes are compared, so that the time it takes tells nothing about a secret.
        var hash = KeySecret.HashOf(secret);
        var name = Convert.ToHexString(hash);
        if (_known.TryGetValue(name, out var entry) && time.GetElapsedTime(entry.Asked) < Fresh)
        {
            return entry.Key;
        }

        try
        {
            var asked = time.GetTimestamp();
            var found = await keys.FindAsync(hash, ct).ConfigureAwait(false);
            var key = found is not null && CryptographicOperations.FixedTimeEquals(found.Hash.Span, hash) ? found : null;
            Remember(name, new Entry(key, asked));
            return key;
        }
        catch (ConnectorException) when (entry is { Key: not null } && time.GetElapsedTime(entry.Asked) < Stale)
        {
            return entry.Key;
        }
    }

    private void Remember(string name, Entry entry)
    {
        if (_known.Count >= MostEntries)
        {
            _known.Clear();
        }

        _known[name] = entry;
    }

    private sealed record Entry(ApiKey? Key, long Asked);
}
