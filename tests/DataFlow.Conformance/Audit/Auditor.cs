using System.Collections;
using System.Globalization;
using System.Text;
using DataFlow.Connectors;

namespace DataFlow.Conformance;

/// <summary>
/// Checks that an output holds each record of a run of the test source once, in order and unchanged, by the run id, the
/// sequence number and the checksum that <c>audit: true</c> puts into each.
/// </summary>
public static class Auditor
{
    /// <summary>Most sequence numbers that a report names of each kind.</summary>
    public const int MostExamples = 20;

    /// <summary>Reads an output from beginning to end.</summary>
    /// <param name="output">What was written.</param>
    /// <param name="runId">The test source's <c>run-id</c>.</param>
    /// <param name="total">Its <c>total-records</c>, at most 2 billion.</param>
    /// <param name="ct">Gives up.</param>
    public static async Task<AuditReport> CheckAsync(IAuditedOutput output, string runId, int total, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(output);
        var seen = new BitArray(total);
        var report = new AuditReport();
        var last = 0L;
        await foreach (var fields in output.ReadAsync(ct))
        {
            report.Records++;
            if (!TryRead(fields, out var record) || record.RunId != runId || record.Sequence < 1 || record.Sequence > total)
            {
                report.Foreign++;
                continue;
            }

            if (record.Checksum != record.Expected)
            {
                report.Damaged.Add(record.Sequence);
            }

            if (seen[(int)record.Sequence - 1])
            {
                report.Duplicated.Add(record.Sequence);
            }
            else if (record.Sequence < last)
            {
                report.OutOfOrder.Add(record.Sequence);
            }

            seen[(int)record.Sequence - 1] = true;
            last = Math.Max(last, record.Sequence);
        }

        for (var index = 0; index < total; index++)
        {
            if (!seen[index])
            {
                report.Missing.Add(index + 1);
            }
        }

        return report;
    }

    private static bool TryRead(
        IReadOnlyList<KeyValuePair<string, string>> fields, out (string RunId, long Sequence, string Checksum, string Expected) record)
    {
        record = ("", 0, "", "");
        var hash = new AuditChecksum();
        foreach (var (name, value) in fields)
        {
            switch (name)
            {
                case "run_id":
                    record.RunId = value;
                    break;
                case "checksum":
                    record.Checksum = value;
                    break;
                case "sequence":
                    _ = long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out record.Sequence);
                    break;
                default:
                    hash.Add(Encoding.UTF8.GetBytes(name), Encoding.UTF8.GetBytes(value));
                    break;
            }
        }

        var digits = new byte[AuditChecksum.Length];
        hash.Finish(digits);
        record.Expected = Encoding.ASCII.GetString(digits);
        return record.Checksum.Length > 0;
    }
}

/// <summary>What an <see cref="Auditor"/> found.</summary>
public sealed class AuditReport
{
    /// <summary>Records in the output.</summary>
    public long Records { get; internal set; }

    /// <summary>Records that are not of the run, or not of the test source at all.</summary>
    public long Foreign { get; internal set; }

    /// <summary>Sequence numbers that are not there.</summary>
    public AuditFindings Missing { get; } = new();

    /// <summary>Sequence numbers that are there again.</summary>
    public AuditFindings Duplicated { get; } = new();

    /// <summary>Sequence numbers of records whose checksum is wrong.</summary>
    public AuditFindings Damaged { get; } = new();

    /// <summary>Sequence numbers that come after a higher one.</summary>
    public AuditFindings OutOfOrder { get; } = new();

    /// <summary>True when each record is there once, in order and unchanged, and nothing else.</summary>
    public bool IsClean => Foreign + Missing.Count + Duplicated.Count + Damaged.Count + OutOfOrder.Count == 0;

    /// <summary>One line that names what is wrong.</summary>
    public override string ToString() =>
        $"{Records} records; missing {Missing}; duplicated {Duplicated}; damaged {Damaged}; out of order {OutOfOrder}; foreign {Foreign}";
}

/// <summary>How many sequence numbers, and the first of them.</summary>
public sealed class AuditFindings
{
    private readonly List<long> _examples = [];

    /// <summary>How many there are.</summary>
    public long Count { get; private set; }

    /// <summary>The first ones, at most <see cref="Auditor.MostExamples"/>.</summary>
    public IReadOnlyList<long> Examples => _examples;

    /// <summary>The number, and the first sequence numbers.</summary>
    public override string ToString() => Count == 0 ? "0" : $"{Count} ({string.Join(", ", _examples)}{(Count > _examples.Count ? ", ..." : "")})";

    internal void Add(long sequence)
    {
        Count++;
        if (_examples.Count < Auditor.MostExamples)
        {
            _examples.Add(sequence);
        }
    }
}
