using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Http;
using Microsoft.Extensions.Options;

namespace DataFlow.Connectors;

/// <summary>
/// The HTTP clients of this process. All that wait equally long for a connection share their connections: nothing that tells one user
/// from another is kept with these. Thread-safe.
/// </summary>
internal static class HttpClients
{
    // The filters of the factory would log addresses with their secrets.
    private static readonly IHttpClientFactory Factory = new ServiceCollection()
        .AddHttpClient()
        .AddSingleton<IConfigureOptions<HttpClientFactoryOptions>, Named>()
        .RemoveAll<IHttpMessageHandlerBuilderFilter>()
        .BuildServiceProvider()
        .GetRequiredService<IHttpClientFactory>();

    /// <summary>A client, which belongs to the caller.</summary>
    /// <param name="connectTimeout">Longest wait for a connection.</param>
    public static HttpClient Create(TimeSpan connectTimeout) => Factory.CreateClient(connectTimeout.Ticks.ToString(CultureInfo.InvariantCulture));

    /// <summary>A client's name is its time-out.</summary>
    private sealed class Named : IConfigureNamedOptions<HttpClientFactoryOptions>
    {
        public void Configure(HttpClientFactoryOptions options) => throw new NotSupportedException("There is no client without a name.");

        public void Configure(string? name, HttpClientFactoryOptions options)
        {
            options.HttpClientActions.Add(client => client.Timeout = Timeout.InfiniteTimeSpan);
            options.HttpMessageHandlerBuilderActions.Add(builder =>
                builder.PrimaryHandler = HandlerFor(new TimeSpan(long.Parse(name!, CultureInfo.InvariantCulture))));
        }
    }

    private static SocketsHttpHandler HandlerFor(TimeSpan connectTimeout) => new()
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        ConnectTimeout = connectTimeout,
        PooledConnectionLifetime = TimeSpan.FromMinutes(5),
    };
}
