using System.Globalization;
using System.Text;

namespace DataFlow.Benchmarks;

/// <summary>Realistic generated input: the same bytes for the same size on every machine.</summary>
internal sealed class BenchmarkData(string directory, long bytes)
{
    private static readonly string[] Names = ["Alice", "Bob", "Chloé", "Dmitri", "Fatima", "Günther", "Hiroshi", "José", "Noor", "Zoë"];
    private static readonly string[] Cities = ["Zürich", "New York", "Kraków", "Oslo", "Lima", "Cork", "東京", "Berlin", "Paris", "Rome"];
    private static readonly string[] Kinds = ["purchase", "page_view", "click", "login", "logout", "search", "refund", "signup"];
    private static readonly string[] Levels = ["INFO", "WARN", "ERROR", "DEBUG"];

    /// <summary>Ten columns, about 163 bytes a record; one row in twenty has a quoted field, a third of them doubled quotes, a third a newline.</summary>
    public string Csv() => Make("records.csv", "id,name,age,email,city,amount,created_at,status,reference,note\n", (random, row) =>
    {
        var note = random.Next(20) != 0
            ? "regular customer, paid in time and in full".Replace(",", "", StringComparison.Ordinal)
            : random.Next(3) switch
            {
                0 => "\"paid, but late, twice this year\"",
                1 => "\"said \"\"never again\"\", then came back\"",
                _ => "\"first line of the note\nsecond line of it\"",
            };
        var name = Names[random.Next(Names.Length)];
        return Invariant(
            $"{row},{name},{random.Next(14, 90)},{name}.{row}@example.com,{Cities[random.Next(Cities.Length)]},{random.Next(9999)}.{random.Next(100):00},2024-{random.Next(1, 13):00}-{random.Next(1, 29):00}T{random.Next(24):00}:{random.Next(60):00}:{random.Next(60):00}Z,active,REF-{random.NextInt64():x16},{note}\n");
    });

    /// <summary>Twelve fields, about 338 bytes a record, a nested object and an array; one row in ten has escapes, a quarter text beyond ASCII.</summary>
    public string Ndjson() => Make("events.ndjson", "", (random, row) =>
    {
        var text = random.Next(10) == 0 ? "line one\\nline two \\\"quoted\\\"" : "an ordinary description of what has happened here";
        var city = random.Next(4) == 0 ? Cities[random.Next(Cities.Length)] : "London";
        return Invariant(
            $"{{\"id\":\"evt-{row}\",\"type\":\"{Kinds[random.Next(Kinds.Length)]}\",\"user\":\"user-{random.Next(100000)}\",\"timestamp\":\"2024-{random.Next(1, 13):00}-{random.Next(1, 29):00}T{random.Next(24):00}:{random.Next(60):00}:{random.Next(60):00}Z\",\"amount\":{random.Next(9999)}.{random.Next(100):00},\"quantity\":{random.Next(1, 20)},\"active\":{(random.Next(2) == 0 ? "true" : "false")},\"referrer\":null,\"city\":\"{city}\",\"text\":\"{text}\",\"geo\":{{\"lat\":{random.Next(90)}.{random.Next(1000000):000000},\"lon\":{random.Next(180)}.{random.Next(1000000):000000}}},\"tags\":[\"alpha\",\"beta\",\"gamma\"]}}\n");
    });

    /// <summary>Log lines of about 160 bytes.</summary>
    public string Text() => Make("service.log", "", (random, row) => Invariant(
        $"2024-{random.Next(1, 13):00}-{random.Next(1, 29):00} {random.Next(24):00}:{random.Next(60):00}:{random.Next(60):00}.{random.Next(1000):000} {Levels[random.Next(4)]} [worker-{random.Next(32)}] com.example.orders.Handler - request {row} from 10.0.{random.Next(255)}.{random.Next(255)} took {random.Next(5000)} ms, status \"{random.Next(200, 504)}\"\n"));

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private string Make(string name, string header, Func<Random, long, string> line)
    {
        var path = Path.Combine(directory, string.Create(CultureInfo.InvariantCulture, $"{bytes >> 20}MB-{name}"));
        if (File.Exists(path))
        {
            return path;
        }

        Directory.CreateDirectory(directory);
        var random = new Random(20240117);
        var partial = path + ".partial";
        using (var file = new FileStream(partial, FileMode.Create, FileAccess.Write, FileShare.None, 1 << 20))
        {
            file.Write(Encoding.UTF8.GetBytes(header));
            for (var row = 1L; file.Position < bytes; row++)
            {
                file.Write(Encoding.UTF8.GetBytes(line(random, row)));
            }
        }

        File.Move(partial, path);
        return path;
    }
}
