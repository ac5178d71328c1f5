using System.Globalization;
using DataFlow.WebSocketBenchmarks;

// A WebSocket source against a bare receive loop, both from the npm package ws on this machine:
//   npm ci --prefix tests/ForeignServers
//   dotnet run -c Release --project bench/DataFlow.WebSocketBenchmarks [-- --messages 400000 --rounds 5]
int Value(string name, int otherwise) =>
    Array.IndexOf(args, name) is >= 0 and var at && at + 1 < args.Length ? int.Parse(args[at + 1], CultureInfo.InvariantCulture) : otherwise;

var messages = Value("--messages", 400_000);
using var server = await ForeignServer.StartAsync();
await Throughput.MeasureAsync(server.Address, messages, Value("--rounds", 5));
await Allocation.MeasureAsync(server.Address, messages);
await Latency.MeasureAsync(server.Address, rate: 10_000, seconds: 10);
return 0;
