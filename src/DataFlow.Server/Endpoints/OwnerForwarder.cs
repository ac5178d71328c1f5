using System.Net;
using DataFlow.Cluster;
using DataFlow.Server.Problems;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Yarp.ReverseProxy.Forwarder;

namespace DataFlow.Server.Endpoints;

/// <summary>
/// Hands a request on to the node that runs a pipeline, with the caller's own authorization, so that any node answers any request.
/// A request is handed on once: a node that is asked by another one and doesn't run the pipeline says so. Thread-safe.
/// </summary>
internal sealed class OwnerForwarder(IHttpForwarder forwarder, IHostApplicationLifetime lifetime, ILogger<OwnerForwarder> logger) : IDisposable
{
    /// <summary>A header that says that a node has handed the request on already.</summary>
    public const string ForwardedHeader = "DataFlow-Forwarded";

    /// <summary>How long an answer that is a stream may be silent: as long as its pipeline is.</summary>
    public static readonly TimeSpan Stream = TimeSpan.FromDays(1);

    /// <summary>How long a single answer may take: longer than a batch waits for its commit.</summary>
    public static readonly TimeSpan Answer = TimeSpan.FromMinutes(2);

    private readonly HttpMessageInvoker _client = new(new SocketsHttpHandler
    {
        UseProxy = false,
        AllowAutoRedirect = false,
        AutomaticDecompression = DecompressionMethods.None,
        UseCookies = false,
        ConnectTimeout = TimeSpan.FromSeconds(5),
    });

    /// <summary>Sends the request to the owner and its answer to the caller.</summary>
    /// <param name="context">The request.</param>
    /// <param name="pipeline">The pipeline's name.</param>
    /// <param name="owner">What the owner says of its run.</param>
    /// <param name="patience">How long the owner may be silent.</param>
    /// <exception cref="RefusalException">The pipeline has moved between nodes meanwhile.</exception>
    public async Task ForwardAsync(HttpContext context, string pipeline, RunStatus owner, TimeSpan patience)
    {
        if (context.Request.Headers.ContainsKey(ForwardedHeader))
        {
            throw new RefusalException(RefusalKind.Unavailable, $"Pipeline '{pipeline}' is moving from one node to another; try again in a few seconds.");
        }

        using var either = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, lifetime.ApplicationStopping);
        var error = await forwarder.SendAsync(
            context, owner.Address.ToString(), _client, new ForwarderRequestConfig { ActivityTimeout = patience }, OnceTransformer.Instance, either.Token)
            .ConfigureAwait(false);
        if (error == ForwarderError.None || either.IsCancellationRequested)
        {
            return;
        }

        var failure = context.GetForwarderErrorFeature()?.Exception?.Message ?? error.ToString();
        logger.OwnerUnreachable(pipeline, owner.Address, failure);
        if (!context.Response.HasStarted)
        {
            throw new ProblemException(
                StatusCodes.Status502BadGateway, $"Node '{owner.Node}' runs pipeline '{pipeline}' and did not answer; try again in a few seconds.");
        }
    }

    public void Dispose() => _client.Dispose();

    private sealed class OnceTransformer : HttpTransformer
    {
        public static OnceTransformer Instance { get; } = new();

        public override async ValueTask TransformRequestAsync(
            HttpContext httpContext, HttpRequestMessage proxyRequest, string destinationPrefix, CancellationToken cancellationToken)
        {
            await base.TransformRequestAsync(httpContext, proxyRequest, destinationPrefix, cancellationToken).ConfigureAwait(false);
            proxyRequest.Headers.Add(ForwardedHeader, "1");
        }
    }
}
