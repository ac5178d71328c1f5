using DataFlow.ServiceBenchmarks;

// Measures the published service as users run it, on one node with its state in SQLite:
//   dotnet run -c Release --project bench/DataFlow.ServiceBenchmarks [-- idle|api|throughput ...]
//   idle        memory and processor time of 1,000 pipelines that wait for new lines in their files
//   api         times of answers while 100 pipelines run
//   throughput  a file through `dataflow serve` against the same file through `dataflow run`, in turns
string[] wanted = args.Length == 0 ? ["idle", "api", "throughput"] : args;
var folder = Directory.CreateTempSubdirectory("dataflow-bench-").FullName;
try
{
    var command = Command.Publish(folder);
    foreach (var what in wanted)
    {
        await (what switch
        {
            "idle" => IdlePipelines.MeasureAsync(command, folder, pipelines: 1000),
            "api" => AnswerTimes.MeasureAsync(command, folder, pipelines: 100, requests: 5000),
            "throughput" => Throughput.MeasureAsync(command, folder, megabytes: 400, rounds: 5),
            _ => throw new ArgumentException($"'{what}' is not known; give idle, api or throughput."),
        });
    }
}
finally
{
    Directory.Delete(folder, recursive: true);
}
