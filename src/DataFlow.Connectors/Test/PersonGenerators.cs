using System.Buffers.Text;

namespace DataFlow.Connectors;

/// <summary>Names of people, some of them with letters beyond ASCII.</summary>
internal sealed class NameGenerator() : FieldGenerator(FieldType.Text, People.MostNameBytes)
{
    public override int Write(in TestRecord record, ref SeededRandom random, Span<byte> output, out FieldKind kind)
    {
        kind = FieldKind.JsonString;
        var (first, last) = People.Of(record);
        first.Name.CopyTo(output);
        output[first.Name.Length] = (byte)' ';
        last.Name.CopyTo(output[(first.Name.Length + 1)..]);
        return first.Name.Length + 1 + last.Name.Length;
    }
}

/// <summary>Email addresses that fit the record's name and are unique by its number.</summary>
internal sealed class EmailGenerator() : FieldGenerator(FieldType.Text, People.MostNameBytes + 20 + 13)
{
    public override int Write(in TestRecord record, ref SeededRandom random, Span<byte> output, out FieldKind kind)
    {
        kind = FieldKind.JsonString;
        var (first, last) = People.Of(record);
        var at = first.Mail.Length;
        first.Mail.CopyTo(output);
        output[at++] = (byte)'.';
        last.Mail.CopyTo(output[at..]);
        at += last.Mail.Length;
        Utf8Formatter.TryFormat(record.Sequence, output[at..], out var written);
        at += written;
        "@example.com"u8.CopyTo(output[at..]);
        return at + "@example.com"u8.Length;
    }
}

/// <summary>The people of generated records.</summary>
internal static class People
{
    public const int MostNameBytes = 32;

    private static readonly Part[] FirstNames =
    [
        new("Anna"), new("Ben"), new("Chloé", "chloe"), new("David"), new("Elif"), new("Fatima"), new("Gustav"), new("Hana"),
        new("Ivan"), new("Jürgen", "juergen"), new("Kofi"), new("Lucía", "lucia"), new("Mei"), new("Nils"), new("Olga"), new("Priya"),
        new("Quentin"), new("Rosa"), new("Søren", "soeren"), new("Thabo"), new("Uma"), new("Vera"), new("Wei"), new("Zoë", "zoe"),
    ];

    private static readonly Part[] LastNames =
    [
        new("Andersson"), new("Brunner"), new("Costa"), new("Dubois"), new("Eriksen"), new("Ferrari"), new("García", "garcia"),
        new("Huber"), new("Ivanova"), new("Jensen"), new("Kowalski"), new("Lehmann"), new("Müller", "mueller"), new("Novák", "novak"),
        new("O'Brien", "obrien"), new("Patel"), new("Quispe"), new("Rossi"), new("Şahin", "sahin"), new("Tanaka"), new("Ueda"),
        new("Varga"), new("Weber"), new("Zimmermann"),
    ];

    /// <summary>The person that a record is about: the same for each of its fields.</summary>
    public static (Part First, Part Last) Of(in TestRecord record)
    {
        var random = record.Stream(TestRecord.Person);
        return (FirstNames[random.Below((ulong)FirstNames.Length)], LastNames[random.Below((ulong)LastNames.Length)]);
    }

    /// <summary>Part of a name, and how it is written in an address.</summary>
    internal sealed class Part(string name, string? mail = null)
    {
        public byte[] Name { get; } = System.Text.Encoding.UTF8.GetBytes(name);

        public byte[] Mail { get; } = System.Text.Encoding.UTF8.GetBytes(mail ?? name.ToLowerInvariant());
    }
}
