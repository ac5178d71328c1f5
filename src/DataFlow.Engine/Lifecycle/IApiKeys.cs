namespace DataFlow.Engine.Lifecycle;

/// <summary>
/// The keys that open the API of a service. Only hashes are kept. Thread-safe. Failures are a <see cref="ConnectorException"/>.
/// </summary>
public interface IApiKeys
{
    /// <summary>Adds a key.</summary>
    /// <returns>False when there is one of that name.</returns>
    ValueTask<bool> AddAsync(ApiKey key, CancellationToken ct);

    /// <summary>The key with this hash, or null.</summary>
    /// <param name="hash">SHA-256 of the key's secret, which is random and long enough to need no salt.</param>
    /// <param name="ct">Gives up waiting.</param>
    ValueTask<ApiKey?> FindAsync(ReadOnlyMemory<byte> hash, CancellationToken ct);

    /// <summary>All keys, by name.</summary>
    ValueTask<IReadOnlyList<ApiKey>> ListAsync(CancellationToken ct);

    /// <summary>Takes a key away.</summary>
    /// <returns>False when there is none of that name.</returns>
    ValueTask<bool> RemoveAsync(string name, CancellationToken ct);
}

/// <summary>A key of the API.</summary>
/// <param name="Name">What people call it; the history names it as the one who asked.</param>
/// <param name="Hash">SHA-256 of its secret.</param>
/// <param name="MayWrite">True when it may change things, false when it may only look.</param>
/// <param name="Created">When it was made.</param>
public sealed record ApiKey(string Name, ReadOnlyMemory<byte> Hash, bool MayWrite, DateTimeOffset Created);
