using System.Reflection;
using System.Text.Json;

namespace DataFlow.Engine.Configuration;

/// <summary>One member of an enum as users write it.</summary>
/// <param name="Names">Accepted texts; the first is the documented one.</param>
/// <param name="Value">The member.</param>
internal sealed record OptionChoice(IReadOnlyList<string> Names, object Value)
{
    public string Name => Names[0];

    public static IReadOnlyList<OptionChoice> Of(Type enumType) =>
    [
        .. enumType.GetFields(BindingFlags.Public | BindingFlags.Static).Select(member => new OptionChoice(
            member.GetCustomAttribute<OptionValueAttribute>()?.Names ?? [JsonNamingPolicy.KebabCaseLower.ConvertName(member.Name)],
            member.GetValue(null)!)),
    ];
}
