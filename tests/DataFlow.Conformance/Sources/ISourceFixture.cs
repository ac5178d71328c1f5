namespace DataFlow.Conformance;

/// <summary>
/// The other side of a source for one test: a folder, a topic, a scripted server. Each test has its own, made by the
/// parameterless constructor, started, and disposed.
/// </summary>
/// <remarks>
/// Records are numbered: the fixture publishes them with a number that <see cref="NumberOf"/> finds again. What a kind can't do
/// is waived by the name of the test, with the reason; the members that only this test needs need not be written then.
/// </remarks>
public interface ISourceFixture : IAsyncDisposable
{
    /// <summary>The name of the kind in the catalogue.</summary>
    static abstract string Kind { get; }

    /// <summary>The tests that don't apply, with reasons.</summary>
    static virtual Waivers Waivers => Waivers.None;

    /// <summary>Where the kind is listed.</summary>
    static virtual Catalogue Catalogue => BuiltInCatalogue.Instance;

    /// <summary>How to read what was published. May change with <see cref="PublishAsync"/>.</summary>
    SourceConfig Config { get; }

    /// <summary>Starts what has to run. A server that is not there: see <see cref="RequiredServer"/>.</summary>
    ValueTask StartAsync(CancellationToken ct) => ValueTask.CompletedTask;

    /// <summary>
    /// Adds records, numbered on from those that are there, the first one 1. Within a split the numbers rise. They are
    /// readable when it returns.
    /// </summary>
    ValueTask PublishAsync(int count, CancellationToken ct);

    /// <summary>The number of a record that was read.</summary>
    long NumberOf(DataRecord record);

    /// <summary>Adds one record that can't be parsed.</summary>
    ValueTask PublishMalformedAsync(CancellationToken ct) => throw Unwritten(nameof(PublishMalformedAsync));

    /// <summary>How to read from a place where nobody answers, as when the server is down.</summary>
    SourceConfig Unreachable => throw Unwritten(nameof(Unreachable));

    /// <summary>How to read what somebody has to mend first: a missing file or table, wrong credentials.</summary>
    SourceConfig Refused => throw Unwritten(nameof(Refused));

    /// <summary>
    /// The text that must not be seen anywhere: a password or token that stands in <see cref="Config"/>, <see cref="Unreachable"/>
    /// and <see cref="Refused"/>.
    /// </summary>
    string Secret => throw Unwritten(nameof(Secret));

    /// <summary>Cuts the connection to the other side, which is there again at once.</summary>
    ValueTask InterruptAsync(CancellationToken ct) => throw Unwritten(nameof(InterruptAsync));

    private static NotImplementedException Unwritten(string member) =>
        new($"The fixture has no {member}. Write it, or waive the test that needs it, with the reason.");
}
