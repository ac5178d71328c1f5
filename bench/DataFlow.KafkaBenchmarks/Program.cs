using System.Globalization;
using DataFlow.KafkaBenchmarks;
using DataFlow.KafkaBroker;

// Reads the same messages with this product, with the bare client library and with other clients, in turn, and writes medians and
// ratios of client processor time:
//   dotnet run -c Release --project bench/DataFlow.KafkaBenchmarks [-- --messages 1000000 --rounds 5 --out bench/results]
string Value(string name, string otherwise) =>
    Array.IndexOf(args, name) is >= 0 and var at && at + 1 < args.Length ? args[at + 1] : otherwise;

var messages = int.Parse(Value("--messages", "1000000"), CultureInfo.InvariantCulture);
var rounds = int.Parse(Value("--rounds", "5"), CultureInfo.InvariantCulture);
await using var kafka = await TestKafka.StartAsync();
var topic = await Messages.PublishAsync(kafka, messages);
var report = string.Join(
    '\n',
    Measurement.Describe(messages, rounds),
    "## Reading\n",
    Measurement.Run(Contenders.All(kafka.Address, topic, messages), messages, rounds),
    "## Writing\n",
    // Fewer warm-ups: the brokers keep what is written in memory.
    Measurement.Run(Writers.All(kafka.Address, await kafka.CreateTopicAsync(Messages.Partitions, "written"), messages), messages, rounds, warmUps: 2));
Directory.CreateDirectory(Value("--out", "bench/results"));
var path = Path.Combine(Value("--out", "bench/results"), "kafka.md");
File.WriteAllText(path, report);
Console.WriteLine(report);
