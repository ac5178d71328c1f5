using System.Text;
using System.Text.RegularExpressions;
using DataFlow.Formats;

namespace DataFlow.Connectors;

/// <summary>One record of the list, as far as its sub-resource needs it.</summary>
/// <param name="Address">Where its own records are.</param>
/// <param name="Fields">Values to keep, by their path.</param>
internal sealed record ApiParent(Uri Address, IReadOnlyList<(string Name, string? Value)> Fields);

/// <summary>Makes addresses of the records of a list. Immutable, thread-safe.</summary>
internal sealed partial class ApiSubResource
{
    private readonly string[] _parts;
    private readonly ApiRecordValue[] _values;
    private readonly string[] _names;
    private readonly (string Name, ApiRecordValue Value)[] _fields;

    public ApiSubResource(string template, IReadOnlyList<string> fields)
    {
        _parts = Placeholder().Split(template).Where((_, index) => index % 2 == 0).ToArray();
        _names = [.. Placeholder().Matches(template).Select(match => match.Groups[1].Value)];
        _values = [.. _names.Select(name => new ApiRecordValue(name))];
        _fields = [.. fields.Select(field => (field, new ApiRecordValue(field)))];
    }

    /// <summary>What is wrong with a template, as a sentence; null when nothing is.</summary>
    public static string? Problem(string template)
    {
        var names = Placeholder().Matches(template).Select(match => match.Groups[1].Value).ToList();
        return names.Count == 0 ? $"'{template}' has no value of the record in it; write one in braces, such as /users/{{id}}/orders."
            : names.FirstOrDefault(name => !JsonPath.TryParse(name, out _, out _)) is { } wrong ? $"'{{{wrong}}}' is no path."
            : null;
    }

    /// <summary>The sub-resource of a row.</summary>
    /// <param name="list">Where the list came from; a template that starts with '/' begins at its server.</param>
    /// <param name="batch">Holds the row.</param>
    /// <param name="row">0-based physical row.</param>
    /// <exception cref="HttpFault">The row lacks a value.</exception>
    public ApiParent Of(Uri list, RecordBatch batch, int row)
    {
        var text = new StringBuilder(_parts[0]);
        for (var index = 0; index < _values.Length; index++)
        {
            if (_values[index].Of(batch, row) is not { Length: > 0 } value)
            {
                throw new HttpFault($"A record of {HttpAddress.Show(list)} has no '{_names[index]}', which sub-path needs: {HttpAnswer.TextOf(batch.RawRow(row))}")
                {
                    MayPass = false,
                };
            }

            text.Append(Uri.EscapeDataString(value)).Append(_parts[index + 1]);
        }

        var folder = list.AbsolutePath.EndsWith('/') ? list : new UriBuilder(list) { Path = list.AbsolutePath + "/", Query = "" }.Uri;
        return new ApiParent(new Uri(folder, text.ToString()), [.. _fields.Select(field => (field.Name, field.Value.Of(batch, row)))]);
    }

    [GeneratedRegex(@"\{([^{}]+)\}")]
    private static partial Regex Placeholder();
}
