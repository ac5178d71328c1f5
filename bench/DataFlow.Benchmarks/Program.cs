using DataFlow.Benchmarks;

// Measures this product and its peers side by side and writes medians, ratios and targets:
//   dotnet run -c Release --project bench/DataFlow.Benchmarks [-- --mb 400 --rounds 5 --large-mb 1024 --out bench/results]
// A part of it, without a report:
//   dotnet run -c Release --project bench/DataFlow.Benchmarks -- --mode one|all|command --job "CSV -> NDJSON"
// The REST source against a bare loop over the same pages, with the server in a process of its own:
//   dotnet run -c Release --project bench/DataFlow.Benchmarks -- --child rest [--rounds 5]
// The databases, each against the fastest thing that its driver offers; starts a private PostgreSQL:
//   dotnet run -c Release --project bench/DataFlow.Benchmarks -- --databases 2000000 [--rounds 5]
var arguments = Arguments.Parse(args);
if (arguments.DatabaseRows > 0)
{
    var folder = Directory.CreateTempSubdirectory("dataflow-bench-").FullName;
    try
    {
        foreach (var job in (await DatabaseJobs.AllAsync(arguments.DatabaseRows, folder)).Where(job => job.Name.Contains(arguments.Job, StringComparison.OrdinalIgnoreCase)))
        {
            Measurement.Run(job, arguments.Rounds, Modes.One);
        }
    }
    finally
    {
        Directory.Delete(folder, recursive: true);
    }

    return 0;
}

switch (arguments.Child)
{
    case RestServer.Mode:
        await RestServer.RunAsync();
        return 0;
    case "rest":
        await RestBenchmark.RunAsync(arguments.Rounds);
        return 0;
}

if (arguments.Child is { } mode)
{
    var scratch = Directory.CreateTempSubdirectory("dataflow-bench-").FullName;
    try
    {
        if (mode == Modes.Command)
        {
            CommandRuns.Measure(arguments, scratch);
            return 0;
        }

        var data = new BenchmarkData(arguments.Data, (long)arguments.Megabytes << 20);
        foreach (var job in Jobs.All(data, scratch, mode == Modes.One).Where(job => job.Name.Contains(arguments.Job, StringComparison.OrdinalIgnoreCase)))
        {
            Measurement.Run(job, arguments.Rounds, mode);
        }
    }
    finally
    {
        Directory.Delete(scratch, recursive: true);
    }

    return 0;
}

var rows = new List<Row>();
foreach (var each in Modes.InOrder.Where(each => arguments.Mode is null || arguments.Mode == each))
{
    rows.AddRange(await Children.RunAsync(arguments, each));
}

if (arguments.IsPart)
{
    Console.WriteLine(Targets.Table(rows));
}
else
{
    Report.Write(arguments, rows);
}

return 0;
