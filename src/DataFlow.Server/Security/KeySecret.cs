using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace DataFlow.Server;

/// <summary>The secret of an API key: 256 random bits that are shown once. What is kept of it is a hash.</summary>
public static class KeySecret
{
    /// <summary>What every secret starts with, so that it is recognised: in a header, and by tools that look for leaked ones.</summary>
    public const string Prefix = "dfk_";

    private const int RandomBytes = 32;

    /// <summary>Makes one.</summary>
    public static string Create() => Prefix + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(RandomBytes));

    /// <summary>What is kept of it. It is random and long, so that it needs neither salt nor many rounds.</summary>
    public static byte[] HashOf(string secret) => SHA256.HashData(Encoding.UTF8.GetBytes(secret));
}
