using System.CommandLine;
using DataFlow.Fuzz;

var seconds = new Option<int>("--seconds") { Description = "How long to go on.", DefaultValueFactory = _ => 60 };
var seed = new Option<int>("--seed") { Description = "Where to begin; another one each time when left out." };
var one = new Option<long?>("--case") { Description = "Reads only this case of the seed, and shows it." };
var command = new RootCommand("Feeds damaged bytes to the format readers; the careful path and the fast ones must agree.") { seconds, seed, one };
command.SetAction(arguments =>
{
    var chosen = arguments.GetResult(seed) is { Implicit: false } ? arguments.GetValue(seed) : Random.Shared.Next();
    if (arguments.GetValue(one) is { } number)
    {
        var fuzz = FuzzCase.Of(chosen, number);
        Console.WriteLine(fuzz);
        var result = ReaderFuzz.Check(fuzz);
        Console.WriteLine(result.Difference ?? $"All paths agree on {result.Compared} records and errors.");
        return result.Difference is null ? 0 : 1;
    }

    var started = TimeProvider.System.GetTimestamp();
    var cases = 0L;
    var compared = 0L;
    Console.WriteLine($"Seed {chosen}.");
    for (; TimeProvider.System.GetElapsedTime(started) < TimeSpan.FromSeconds(arguments.GetValue(seconds)); cases++)
    {
        var fuzz = FuzzCase.Of(chosen, cases);
        var result = ReaderFuzz.Check(fuzz);
        compared += result.Compared;
        if (result.Difference is { } difference)
        {
            Console.WriteLine($"{difference}\n{fuzz}");
            return 1;
        }
    }

    Console.WriteLine($"{cases} cases, all paths agree on {compared} records and errors.");
    return 0;
});
return command.Parse(args).Invoke();
