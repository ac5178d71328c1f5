namespace DataFlow.Conformance;

/// <summary>
/// The target of a sink for one test: a folder, a topic, a table. Each test has its own, made by the parameterless constructor,
/// started, and disposed.
/// </summary>
/// <remarks>
/// The suite writes rows with the fields <c>n</c>, a whole number, and <c>text</c>. What a kind can't do is waived by the name of the
/// test, with the reason; the members that only this test needs need not be written then.
/// </remarks>
public interface ISinkFixture : IAsyncDisposable
{
    /// <summary>The name of the kind in the catalogue.</summary>
    static abstract string Kind { get; }

    /// <summary>The tests that don't apply, with reasons.</summary>
    static virtual Waivers Waivers => Waivers.None;

    /// <summary>What the kind promises with the settings of <see cref="Create"/>. Nothing is tested beyond it.</summary>
    SinkCapabilities Capabilities { get; }

    /// <summary>Starts what has to run. A server that is not there: see <see cref="RequiredServer"/>.</summary>
    ValueTask StartAsync(CancellationToken ct) => ValueTask.CompletedTask;

    /// <summary>Makes a sink on the target: a new one each time, as each attempt of the engine does.</summary>
    ISink Create();

    /// <summary>The numbers that a reader of the target finds, in its order. No sink is open meanwhile.</summary>
    ValueTask<IReadOnlyList<long>> ReadAsync(CancellationToken ct);

    /// <summary>Adds one row to a batch of <see cref="SinkRows"/> that the target refuses.</summary>
    void AddRefused(RecordBatch batch) => throw Unwritten(nameof(AddRefused));

    /// <summary>Makes a sink whose other side does not answer, as when the server is down.</summary>
    ISink CreateUnreachable() => throw Unwritten(nameof(CreateUnreachable));

    /// <summary>Makes a sink that somebody has to mend first: no right to write, wrong credentials, no such table.</summary>
    ISink CreateRefused() => throw Unwritten(nameof(CreateRefused));

    /// <summary>The text that must not be seen anywhere: a password or token in the settings of the sinks above.</summary>
    string Secret => throw Unwritten(nameof(Secret));

    private static NotImplementedException Unwritten(string member) =>
        new($"The fixture has no {member}. Write it, or waive the test that needs it, with the reason.");
}
