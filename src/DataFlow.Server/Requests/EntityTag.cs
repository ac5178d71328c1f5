using System.Globalization;
using DataFlow.Cluster;
using DataFlow.Server.Problems;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace DataFlow.Server.Requests;

/// <summary>The version of a definition as an ETag: who changes something says which version the change was made from.</summary>
internal static class EntityTag
{
    /// <summary>Names the version that an answer is of.</summary>
    public static void Set(HttpResponse response, long version) =>
        response.Headers.ETag = string.Create(CultureInfo.InvariantCulture, $"\"{version}\"");

    /// <summary>The version that the caller means; null for any, when <c>*</c> is given.</summary>
    /// <exception cref="ProblemException">No version is given.</exception>
    /// <exception cref="RefusalException">It is none of ours.</exception>
    public static long? Required(HttpRequest request)
    {
        var given = request.Headers.IfMatch.ToString();
        if (given.Length == 0)
        {
            throw new ProblemException(
                StatusCodes.Status428PreconditionRequired,
                "Somebody else might have changed the pipeline since you looked: send the ETag that you got as the header If-Match, or If-Match: * for whatever is there.");
        }

        if (given == "*")
        {
            return null;
        }

        return EntityTagHeaderValue.TryParse(given, out var tag)
            && long.TryParse(tag.Tag.AsSpan().Trim('"'), NumberStyles.None, CultureInfo.InvariantCulture, out var version)
                ? version
                : throw new RefusalException(RefusalKind.Invalid, $"If-Match is {given}, which is no version of a pipeline; send the ETag that you got, such as \"3\".");
    }
}
