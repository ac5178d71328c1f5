using System.ComponentModel;
using DataFlow.Engine.State;
using Microsoft.AspNetCore.Mvc;

namespace DataFlow.Server.Requests;

/// <summary>Chooses dead letters in the address. What is left out chooses all.</summary>
public sealed record DeadLetterQuery
{
    /// <summary>Only those with this reason.</summary>
    [FromQuery(Name = "reason")]
    [Description("Only those with this reason.")]
    public string? Reason { get; init; }

    /// <summary>Only those of this stage: source, transform or sink.</summary>
    [FromQuery(Name = "stage")]
    [Description("Only those of this stage: source, transform or sink.")]
    public string? Stage { get; init; }

    /// <summary>Only those of this split.</summary>
    [FromQuery(Name = "split")]
    [Description("Only those of this split.")]
    public string? Split { get; init; }

    /// <summary>open (the default), replayed or any.</summary>
    [FromQuery(Name = "status")]
    [Description("open (the default), replayed or any.")]
    public string? Status { get; init; }

    /// <summary>Only those with these numbers.</summary>
    [FromQuery(Name = "id")]
    [Description("Only those with these numbers.")]
    public long[]? Id { get; init; }

    /// <summary>True when something is chosen.</summary>
    internal bool Chooses => Reason is not null || Stage is not null || Split is not null || Id is { Length: > 0 };

    internal DeadLetterFilter ToFilter() => new()
    {
        Reason = Reason,
        Stage = Stage,
        Split = Split,
        Status = Status is null ? DeadLetterStatus.Open : Words.Parse<DeadLetterStatus>(Status, "status"),
        Ids = Id is { Length: > 0 } ? Id : null,
    };
}
