using System.Text.Json;
using DataFlow.Cluster;
using DataFlow.Engine.Configuration;

namespace DataFlow.Server.Requests;

/// <summary>Enum members as callers write them: <c>would-re-read</c>.</summary>
internal static class Words
{
    /// <summary>The member that a text names.</summary>
    /// <param name="text">What was given.</param>
    /// <param name="parameter">What it was given for.</param>
    /// <exception cref="RefusalException">There is no such member.</exception>
    public static T Parse<T>(string text, string parameter)
        where T : struct, Enum
    {
        var words = Enum.GetValues<T>().ToDictionary(WordOf, StringComparer.OrdinalIgnoreCase);
        return words.TryGetValue(text, out var member)
            ? member
            : throw new RefusalException(
                RefusalKind.Invalid,
                $"{parameter} {Phrases.Quote(text)} is not known; it is one of {string.Join(", ", words.Keys)}.{Suggestion.Sentence(text, words.Keys)}");
    }

    /// <summary>A member as callers read it.</summary>
    public static string WordOf<T>(T member)
        where T : struct, Enum => JsonNamingPolicy.KebabCaseLower.ConvertName(member.ToString());
}
