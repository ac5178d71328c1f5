namespace DataFlow.Server;

/// <summary>Who may use the API, and how it is protected on its way.</summary>
public sealed record SecurityOptions
{
    /// <summary>
    /// True when nobody gets in without a key or token. Where the API listens on other addresses than those of the loopback interface
    /// this holds anyway; it is meant for a service behind a proxy on the same machine.
    /// </summary>
    public bool RequireLogin { get; init; }

    /// <summary>Who issues tokens; null when only keys open the API.</summary>
    public OidcOptions? Oidc { get; init; }

    /// <summary>The certificate for <c>https</c> addresses; null when there are none.</summary>
    public TlsOptions? Tls { get; init; }
}

/// <summary>Tokens of an OpenID Connect issuer that open the API.</summary>
public sealed record OidcOptions
{
    /// <summary>The issuer; it describes itself at <c>/.well-known/openid-configuration</c> below this. HTTPS, or on this machine.</summary>
    public required Uri Authority { get; init; }

    /// <summary>What a token's <c>aud</c> must name.</summary>
    public required string Audience { get; init; }

    /// <summary>The scope or role of those who may look.</summary>
    public string ReadScope { get; init; } = "dataflow.read";

    /// <summary>The scope or role of those who may change things; they may look, too.</summary>
    public string WriteScope { get; init; } = "dataflow.write";

    /// <summary>A claim with roles besides <c>scope</c>, <c>scp</c>, <c>roles</c> and <c>role</c>; null for none.</summary>
    public string? RoleClaim { get; init; }
}

/// <summary>A certificate, in files that may be replaced while the service runs: new connections get the new one within a minute.</summary>
public sealed record TlsOptions
{
    /// <summary>A PEM file with the certificate and those of the authorities between it and the root, or a PFX file with all of it and the key.</summary>
    public required string Certificate { get; init; }

    /// <summary>A PEM file with the private key; null for a PFX file, or when the certificate's file holds it too.</summary>
    public string? Key { get; init; }

    /// <summary>Password of the key or PFX file; null for none. Never printed.</summary>
    public string? Password { get; init; }

    /// <summary>Without the password.</summary>
    public override string ToString() => Certificate;
}
