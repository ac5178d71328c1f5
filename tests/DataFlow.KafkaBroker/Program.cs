using DataFlow.KafkaBroker;

// Started by TestKafka: says the address of its brokers and then obeys, line by line, until its input ends.
using var cluster = new MockCluster(int.Parse(args[0], System.Globalization.CultureInfo.InvariantCulture));
Console.WriteLine(cluster.Address);
while (Console.ReadLine() is { } line)
{
    Console.WriteLine(cluster.Obey(line.Split(' ')));
}
