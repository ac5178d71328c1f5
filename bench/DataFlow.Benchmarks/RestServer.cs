using System.Globalization;
using System.Net;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace DataFlow.Benchmarks;

/// <summary>
/// A paginated API in a process of its own: <c>/?page=1&amp;pages=1000&amp;per_page=100</c>. Pages are prepared once, so that the server
/// costs as little as it can. Ends when its input does.
/// </summary>
internal static class RestServer
{
    public const string Mode = "rest-server";

    public static async Task RunAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        builder.Logging.ClearProviders();
        var app = builder.Build();
        var bodies = new Dictionary<(int Records, int Variant), byte[]>();
        app.Run(async context =>
        {
            var page = Number(context, "page");
            var count = page > Number(context, "pages") ? 0 : Number(context, "per_page");
            var key = (count, page % 2);
            if (!bodies.TryGetValue(key, out var body))
            {
                bodies[key] = body = Page(count, page % 2);
            }

            context.Response.ContentType = "application/json";
            context.Response.ContentLength = body.Length;
            await context.Response.Body.WriteAsync(body);
        });
        await app.StartAsync();
        await Console.Out.WriteLineAsync(app.Urls.First());
        await Console.In.ReadLineAsync();
        await app.StopAsync();
    }

    private static int Number(HttpContext context, string name) =>
        int.Parse(context.Request.Query[name].ToString(), CultureInfo.InvariantCulture);

    private static byte[] Page(int records, int variant)
    {
        var text = new StringBuilder("{\"data\":[");
        for (var id = 0; id < records; id++)
        {
            text.Append(id == 0 ? "" : ",").Append(CultureInfo.InvariantCulture,
                $"{{\"id\":\"evt-{variant}-{id}\",\"type\":\"purchase\",\"user\":\"user-{id % 97}\",\"timestamp\":\"2024-03-{(id % 28) + 1:00}T10:{id % 60:00}:00Z\",\"amount\":{id}.25,\"active\":true,\"referrer\":null,\"city\":\"Zürich\",\"text\":\"an ordinary description of what has happened here\",\"geo\":{{\"lat\":47.{id:0000},\"lon\":8.5}},\"tags\":[\"alpha\",\"beta\"]}}");
        }

        return Encoding.UTF8.GetBytes(text.Append(CultureInfo.InvariantCulture, $"],\"total\":{records}}}").ToString());
    }
}
