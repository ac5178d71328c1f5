using System.Text;
using DataFlow.Conformance;
using Microsoft.AspNetCore.Http;

namespace DataFlow.IntegrationTests;

/// <summary>An answer that is larger than the memory that the command may use.</summary>
public sealed class ApiLargeAnswerTests
{
    private const int Parts = 1000;
    private const int RecordsPerPart = 1000;
    private const long MemoryLimit = 100_000_000;

    private static readonly byte[] Part = Encoding.UTF8.GetBytes(
        string.Join(',', Enumerable.Repeat($$"""{"name":"{{new string('x', 200)}}","text":"{{new string('y', 800)}}","n":17}""", RecordsPerPart)));

    [Fact]
    public async Task An_answer_of_1_GB_is_read_in_100_MB_and_when_it_breaks_off_no_record_counts_twice()
    {
        Assert.True(Part.LongLength * Parts >= 1_000_000_000);
        using var folder = new TemporaryFolder();
        await using var api = await TestApi.StartAsync(async (context, number) =>
        {
            context.Response.ContentType = "application/json";
            await context.Response.WriteAsync("{\"data\":[");
            for (var part = 0; part < Parts; part++)
            {
                await context.Response.Body.WriteAsync(part == 0 ? Part : (byte[])[.. ","u8, .. Part], context.RequestAborted);
                if (number == 1 && part == Parts / 5)
                {
                    context.Abort();
                    return;
                }
            }

            await context.Response.WriteAsync("]}");
        });
        folder.Write("large.yaml", $$"""
            source: { type: api, connection: '{{api.Address}}', options: { max-retries: 0 } }
            sink: { type: "null" }
            until: caught-up
            """);

        // The runtime itself ends a process whose heap would grow beyond this.
        using var process = Cli.Start(
            folder.Path, ["run", "large.yaml", "--output", "json"], new Dictionary<string, string> { ["DOTNET_GCHeapHardLimit"] = $"0x{MemoryLimit:x}" });
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);

        new CliResult(process.ExitCode, await output, await error).Succeeded();
        Assert.Contains($"\"delivered\":{Parts * RecordsPerPart}", await output);
        Assert.Equal(2, api.Requests.Count);
    }
}
