using DataFlow.Benchmarks;

// Measures this product and its peers side by side and writes medians and ratios:
//   dotnet run -c Release --project bench/DataFlow.Benchmarks [-- --mb 400 --rounds 5 --out bench/results]
// The REST source against a bare loop over the same pages, with the server in a process of its own:
//   dotnet run -c Release --project bench/DataFlow.Benchmarks -- --child rest [--rounds 5]
var arguments = Arguments.Parse(args);
if (arguments.Child is null)
{
    var report = new List<string>();
    foreach (var mode in (string[])["one", "all"])
    {
        report.AddRange(await Children.RunAsync(arguments, mode));
    }

    Report.Write(arguments, report);
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

var oneThread = arguments.Child == "one";
var scratch = Directory.CreateTempSubdirectory("dataflow-bench-").FullName;
try
{
    foreach (var job in Jobs.All(new BenchmarkData(arguments.Data, arguments.Megabytes << 20), scratch, oneThread))
    {
        Measurement.Run(job, arguments.Rounds, oneThread);
    }
}
finally
{
    Directory.Delete(scratch, recursive: true);
}

return 0;
