namespace DataFlow.Connectors;

/// <summary>What to do about a status.</summary>
internal static class HttpAdvice
{
    /// <summary>A sentence or two.</summary>
    public static string For(int status, HttpOutcome outcome) => status switch
    {
        400 or 422 => "The server does not understand the request: check the parameters and the body.",
        401 => "The credentials were refused: check auth-type and its options, and whether the token has run out.",
        403 => "The credentials may not do this: check what the token is allowed to do.",
        404 => "There is nothing at this address: check the connection and the path in it.",
        405 => "The server does not take this method here: check the option method.",
        410 => "It was here once and is gone for good: look for the API's new address.",
        429 => "Rate limit exceeded: raise poll-interval-ms, or set rate-limit-enabled and rate-limit-requests-per-second to what the API's documentation allows.",
        >= 500 => "The server has a problem of its own.",
        _ when outcome == HttpOutcome.Redirect => "The server redirects.",
        _ => "See the API's documentation for what this status means here; status-outcomes can change what is done about it.",
    };
}
