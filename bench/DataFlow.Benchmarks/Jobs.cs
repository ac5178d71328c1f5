namespace DataFlow.Benchmarks;

/// <summary>Work that several contenders do. The first contender is the one that the others are compared with.</summary>
internal sealed record Job(string Name, long InputBytes, IReadOnlyList<Contender> Contenders);

/// <summary>The jobs of the benchmark.</summary>
internal static class Jobs
{
    private const string Null = "/dev/null";

    public static readonly IReadOnlyList<string> Names =
    [
        "CSV -> NDJSON", "NDJSON -> NDJSON, rows copied", "NDJSON -> NDJSON, re-serialised", "NDJSON, filter -> CSV", "text -> NDJSON",
        "CSV -> NDJSON into a file",
    ];

    public static IEnumerable<Job> All(BenchmarkData data, string scratch, bool oneThread)
    {
        var csv = data.Csv();
        var ndjson = data.Ndjson();
        var text = data.Text();
        var threads = oneThread ? 1 : Environment.ProcessorCount;
        const string csvColumns = "{'id':'VARCHAR','name':'VARCHAR','age':'VARCHAR','email':'VARCHAR','city':'VARCHAR','amount':'VARCHAR','created_at':'VARCHAR','status':'VARCHAR','reference':'VARCHAR','note':'VARCHAR'}";
        const string jsonColumns = "{'id':'VARCHAR','type':'VARCHAR','user':'VARCHAR','timestamp':'VARCHAR','amount':'DOUBLE','quantity':'BIGINT','active':'BOOLEAN','referrer':'VARCHAR','city':'VARCHAR','text':'VARCHAR','geo':'STRUCT(lat DOUBLE, lon DOUBLE)','tags':'VARCHAR[]'}";

        yield return Define(Names[0], csv,
            Product(threads, csv, "csv", Null, "ndjson"),
            [DuckDbContender.Create($"COPY (SELECT * FROM read_csv('{csv}', header=true, columns={csvColumns})) TO '{Null}' (FORMAT JSON)", threads),
             .. CommandContender.IfInstalled("Miller", "mlr", $"--icsv --ojsonl cat {csv} > {Null}")]);

        yield return Define(Names[1], ndjson,
            Product(threads, ndjson, "json", Null, "ndjson"), JsonPeers(ndjson, jsonColumns, threads));

        yield return Define(Names[2], ndjson,
            Product(threads, ndjson, "json", Null, "ndjson", "[ { select: { rename: { user: account } } } ]"), JsonPeers(ndjson, jsonColumns, threads));

        yield return Define(Names[3], ndjson,
            Product(threads, ndjson, "json", Null, "csv", "[ { filter: \"type = 'purchase'\" } ]"),
            [DuckDbContender.Create($"COPY (SELECT * FROM read_json('{ndjson}', format='newline_delimited', columns={jsonColumns}) WHERE type = 'purchase') TO '{Null}' (FORMAT CSV)", threads),
             .. CommandContender.IfInstalled("jq", "jq", $"-r 'select(.type==\"purchase\")|[.id,.type,.user,.timestamp,.amount,.quantity,.active,.referrer,.city,.text,(.geo|tostring),(.tags|tostring)]|@csv' {ndjson} > {Null}")]);

        yield return Define(Names[4], text,
            Product(threads, text, "text", Null, "ndjson"),
            [DuckDbContender.Create($"COPY (SELECT row_number() OVER () AS line_number, line FROM read_csv('{text}', header=false, delim='\x01', quote='', escape='', columns={{'line':'VARCHAR'}})) TO '{Null}' (FORMAT JSON)", threads)]);

        var output = Path.Combine(scratch, "out.ndjson");
        DataFlowContender.Create("size", Yaml(1, csv, "csv", output, "ndjson", "[]")).Run();
        var written = new FileInfo(output).Length;
        yield return Define(Names[5], csv,
            Product(threads, csv, "csv", output, "ndjson"),
            [CopyContender.Create("plain copy of as many bytes", csv, Path.Combine(scratch, "copy.ndjson"), written)]);
    }

    private static Job Define(string name, string input, IReadOnlyList<Contender> product, IEnumerable<Contender> peers) =>
        new(name, new FileInfo(input).Length, [.. product, .. peers]);

    private static IEnumerable<Contender> JsonPeers(string input, string columns, int threads) =>
    [
        DuckDbContender.Create($"COPY (SELECT * FROM read_json('{input}', format='newline_delimited', columns={columns})) TO '{Null}' (FORMAT JSON)", threads),
        .. CommandContender.IfInstalled("jq", "jq", $"-c . {input} > {Null}"),
        .. CommandContender.IfInstalled("Miller", "mlr", $"--ijsonl --ojsonl cat {input} > {Null}"),
    ];

    private static IReadOnlyList<Contender> Product(int threads, string input, string from, string output, string to, string transforms = "[]") => threads == 1
        ? [DataFlowContender.Create("DataFlow", Yaml(1, input, from, output, to, transforms))]
        : [DataFlowContender.Create($"DataFlow, {threads} workers", Yaml(threads, input, from, output, to, transforms)),
           DataFlowContender.Create("DataFlow, 1 worker", Yaml(1, input, from, output, to, transforms))];

    private static string Yaml(int workers, string input, string from, string output, string to, string transforms) => $$"""
        name: bench
        source:
          type: file
          connection: {{input}}
          options: { format: {{from}} }
          batch-size: {{(workers == 1 ? 2048 : 16384)}}
        transforms: {{transforms}}
        sink:
          type: file
          connection: {{output}}
          options: { format: {{to}}{{(output == Null ? "" : ", if-exists: overwrite")}} }
        workers: {{workers}}
        max-batch-bytes: {{(workers == 1 ? "512KiB" : "4MiB")}}
        """;
}
