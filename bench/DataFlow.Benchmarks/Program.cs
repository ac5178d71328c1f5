using DataFlow.Benchmarks;

// Measures this product and its peers side by side and writes medians and ratios:
//   dotnet run -c Release --project bench/DataFlow.Benchmarks [-- --mb 400 --rounds 5 --out bench/results]
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

var oneThread = arguments.Child == "one";
var scratch = Directory.CreateTempSubdirectory("dataflow-bench-").FullName;
try
{
    var data = new BenchmarkData(arguments.Data, (long)arguments.Megabytes << 20);
    foreach (var job in Jobs.All(data, scratch, oneThread).Where(job => job.Name.Contains(arguments.Job, StringComparison.OrdinalIgnoreCase)))
    {
        Measurement.Run(job, arguments.Rounds, oneThread);
    }
}
finally
{
    Directory.Delete(scratch, recursive: true);
}

return 0;
