using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace DataFlow.IntegrationTests.Service;

/// <summary>A certificate for 127.0.0.1 that signs itself, in files.</summary>
internal static class TestCertificate
{
    /// <summary>Writes it as PEM.</summary>
    /// <returns>Its thumbprint.</returns>
    public static string WritePem(string certificate, string key)
    {
        using var rsa = RSA.Create(2048);
        using var made = Make(rsa);
        File.WriteAllText(key, rsa.ExportPkcs8PrivateKeyPem());
        File.WriteAllText(certificate, made.ExportCertificatePem());
        return made.Thumbprint;
    }

    /// <summary>Writes it as PFX.</summary>
    /// <returns>Its thumbprint.</returns>
    public static string WritePfx(string file, string password)
    {
        using var rsa = RSA.Create(2048);
        using var made = Make(rsa);
        File.WriteAllBytes(file, made.Export(X509ContentType.Pfx, password));
        return made.Thumbprint;
    }

    private static X509Certificate2 Make(RSA rsa)
    {
        var request = new CertificateRequest("CN=dataflow test", rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        var now = TimeProvider.System.GetUtcNow();
        return request.CreateSelfSigned(now.AddDays(-1), now.AddDays(30));
    }
}
