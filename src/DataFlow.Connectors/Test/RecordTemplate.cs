namespace DataFlow.Connectors;

/// <summary>The fields of generated records: names and what generates their values.</summary>
internal static class RecordTemplate
{
    private const int MostTextBytes = 1_000_000;
    private const byte MostDecimals = 18;

    private static readonly Dictionary<TestRecordType, (string Name, string Generator)[]> BuiltIn = new()
    {
        [TestRecordType.User] = [("id", "sequence"), ("name", "name"), ("age", "int(18,90)"), ("email", "email")],
        [TestRecordType.Event] =
        [
            ("event_type", "choice(login,view,search,add_to_cart,purchase,logout)"),
            ("user_id", "int(1,1000)"),
            ("timestamp", "timestamp(2024-01-01T00:00:00Z,1s)"),
        ],
        [TestRecordType.Order] =
        [
            ("order_id", "sequence(ORD-)"),
            ("product", "choice(Laptop,Phone,Headphones,Keyboard,Monitor,Desk lamp,Coffee,Notebook)"),
            ("quantity", "int(1,10)"),
            ("amount", "decimal(1,1000,2)"),
        ],
        [TestRecordType.Sensor] =
        [
            ("sensor_id", "choice(sensor-1,sensor-2,sensor-3,sensor-4,sensor-5,sensor-6,sensor-7,sensor-8)"),
            ("temperature", "decimal(-20,45,1)"),
            ("humidity", "decimal(0,100,1)"),
        ],
    };

    /// <summary>The fields that the options ask for.</summary>
    /// <exception cref="OptionException">The template can't be used.</exception>
    public static (string Name, FieldGenerator Generator)[] Of(TestSourceOptions options)
    {
        var fields = options.Template is { } template ? [.. template.Select(pair => (pair.Key, pair.Value))] : BuiltIn[options.RecordType];
        return fields.Length > 0
            ? [.. fields.Select(field => (field.Item1, Generator(field.Item1, field.Item2)))]
            : throw new OptionException(
                "template", "The template is empty; give at least one field with its generator, such as age: int(18,90).");
    }

    private static FieldGenerator Generator(string field, string text)
    {
        var call = GeneratorCall.Parse(field, text);
        return call.Name switch
        {
            "int" => Int(call),
            "decimal" => Decimal(call),
            "name" => Plain(call, new NameGenerator()),
            "email" => Plain(call, new EmailGenerator()),
            "uuid" => Plain(call, new UuidGenerator()),
            "bool" => Plain(call, new BoolGenerator()),
            "choice" => new ChoiceGenerator([.. call.With(1, int.MaxValue, "one or more texts, as in choice(a,b,c)").Arguments
                .Select(argument => new JsonLiteral(argument))]),
            "timestamp" => Timestamp(call),
            "sequence" when call.Arguments.Count == 0 => new SequenceGenerator(),
            "sequence" => new PrefixedSequenceGenerator(
                new JsonLiteral(call.With(1, 1, "nothing or a prefix, as in sequence(ORD-)").Arguments[0])),
            "text" => Text(call),
            "null" => Null(call, field),
            _ => throw call.Wrong($"one of: {FieldGenerator.Known.TrimEnd('.')}"),
        };
    }

    private static FieldGenerator Plain(GeneratorCall call, FieldGenerator generator)
    {
        call.With(0, 0, $"no arguments: {call.Name}");
        return generator;
    }

    private static IntGenerator Int(GeneratorCall call)
    {
        const string Expected = "the least and the most whole number, as in int(1,100)";
        var (least, most) = (call.With(2, 2, Expected).Whole(0, Expected), call.Whole(1, Expected));
        return least <= most ? new IntGenerator(least, most) : throw call.Wrong(Expected);
    }

    private static DecimalGenerator Decimal(GeneratorCall call)
    {
        const string Expected = "the least and the most number and the count of decimals (0 to 18), as in decimal(0,1000,2)";
        var scale = call.With(3, 3, Expected).Whole(2, Expected);
        if (scale is < 0 or > MostDecimals)
        {
            throw call.Wrong(Expected);
        }

        var factor = Enumerable.Repeat(10m, (int)scale).Aggregate(1m, (product, ten) => product * ten);
        var (least, most) = (Scaled(call.Number(0, Expected)), Scaled(call.Number(1, Expected)));
        return least <= most ? new DecimalGenerator(least, most, (byte)scale) : throw call.Wrong(Expected);

        long Scaled(decimal value) =>
            Math.Abs(value) <= long.MaxValue / factor && decimal.IsInteger(value * factor)
                ? (long)(value * factor)
                : throw call.Wrong("bounds with no more decimals than the third argument says, and at most 18 digits");
    }

    private static TimestampGenerator Timestamp(GeneratorCall call)
    {
        const string Expected = "the first moment and the time between records (ms, s, m, h, d), as in timestamp(2024-01-01T00:00:00Z, 1s)";
        return new TimestampGenerator(call.With(2, 2, Expected).Moment(0, Expected), call.Duration(1, Expected));
    }

    private static TextGenerator Text(GeneratorCall call)
    {
        const string Expected = "the least and the most number of letters (0 to 1000000), as in text(10,50)";
        var (least, most) = (call.With(2, 2, Expected).Whole(0, Expected), call.Whole(1, Expected));
        return least >= 0 && least <= most && most <= MostTextBytes ? new TextGenerator((int)least, (int)most) : throw call.Wrong(Expected);
    }

    private static NullGenerator Null(GeneratorCall call, string field)
    {
        const string Expected = "a share from 0 to 1 and a generator, as in null(0.1, int(1,5))";
        var share = call.With(2, 2, Expected).Number(0, Expected);
        return share is >= 0 and <= 1
            ? new NullGenerator((double)share, Generator(field, call.Arguments[1]))
            : throw call.Wrong(Expected);
    }
}
