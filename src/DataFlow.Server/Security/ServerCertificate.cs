using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using DataFlow.Engine.Configuration;
using Microsoft.Extensions.Logging;

namespace DataFlow.Server;

/// <summary>The certificate of the API, read again when its files have changed. Thread-safe.</summary>
internal sealed class ServerCertificate
{
    private static readonly TimeSpan LookAgain = TimeSpan.FromMinutes(1);

    private readonly TlsOptions _options;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private SslStreamCertificateContext _context;
    private (DateTime Certificate, DateTime Key) _written;
    private long _looked;

    /// <summary>Reads it.</summary>
    /// <exception cref="ConfigurationException">It can't be used.</exception>
    public ServerCertificate(TlsOptions options, TimeProvider time)
    {
        _options = options;
        _time = time;
        _written = WrittenAt();
        _looked = time.GetTimestamp();
        try
        {
            _context = Read();
        }
        catch (Exception failure) when (failure is CryptographicException or IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new ConfigurationException([new ConfigurationProblem(
                options.Certificate, 0, 0, "tls-certificate", $"the certificate can't be used: {failure.Message} Give a PEM file and its key (--tls-key), or a PFX file.")]);
        }
    }

    /// <summary>What a new connection is offered.</summary>
    public SslServerAuthenticationOptions Options(ILogger logger) => new() { ServerCertificateContext = Current(logger) };

    private SslStreamCertificateContext Current(ILogger logger)
    {
        lock (_gate)
        {
            if (_time.GetElapsedTime(_looked) < LookAgain)
            {
                return _context;
            }

            _looked = _time.GetTimestamp();
            try
            {
                if (WrittenAt() is var written && written != _written)
                {
                    _context = Read();
                    _written = written;
                    logger.CertificateRenewed(_options.Certificate, _context.TargetCertificate.NotAfter);
                }
            }
            catch (Exception failure) when (failure is CryptographicException or IOException or UnauthorizedAccessException or ArgumentException)
            {
                // Half of a new pair may be there already; the old one is good until both are.
                logger.CertificateUnusable(_options.Certificate, failure.Message);
            }

            return _context;
        }
    }

    private (DateTime Certificate, DateTime Key) WrittenAt() =>
        (File.GetLastWriteTimeUtc(_options.Certificate), _options.Key is { } key ? File.GetLastWriteTimeUtc(key) : default);

    private SslStreamCertificateContext Read()
    {
        if (X509Certificate2.GetCertContentType(_options.Certificate) == X509ContentType.Pfx)
        {
            var all = X509CertificateLoader.LoadPkcs12CollectionFromFile(_options.Certificate, _options.Password);
            var own = all.FirstOrDefault(certificate => certificate.HasPrivateKey) ?? throw new CryptographicException("The file holds no private key.");
            return SslStreamCertificateContext.Create(own, all);
        }

        var chain = new X509Certificate2Collection();
        chain.ImportFromPemFile(_options.Certificate);
        var key = _options.Key ?? _options.Certificate;
        using var pair = _options.Password is { } password
            ? X509Certificate2.CreateFromEncryptedPemFile(_options.Certificate, password, key)
            : X509Certificate2.CreateFromPemFile(_options.Certificate, key);

        // Not every platform serves a key that is only in memory.
        return SslStreamCertificateContext.Create(X509CertificateLoader.LoadPkcs12(pair.Export(X509ContentType.Pkcs12), null), chain);
    }
}
