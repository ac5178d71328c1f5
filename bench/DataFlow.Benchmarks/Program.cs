using DataFlow.Benchmarks;

// Measures this product and its peers side by side and writes medians and ratios:
//   dotnet run -c Release --project bench/DataFlow.Benchmarks [-- --mb 400 --rounds 5 --out bench/results]
var arguments = Arguments.Parse(args);
//   dotnet run -c Release --project bench/DataFlow.Benchmarks -- --databases 2000000 [--rounds 5]
if (arguments.DatabaseRows > 0)
{
    var folder = Directory.CreateTempSubdirectory("dataflow-bench-").FullName;
    try
    {
        foreach (var job in await DatabaseJobs.AllAsync(arguments.DatabaseRows, folder))
        {
            Measurement.Run(job, arguments.Rounds, oneThread: true);
        }
    }
    finally
    {
        Directory.Delete(folder, recursive: true);
    }

    return 0;
}

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
