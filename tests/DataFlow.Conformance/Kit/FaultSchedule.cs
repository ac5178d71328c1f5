namespace DataFlow.Conformance;

/// <summary>What goes wrong at a step.</summary>
public enum Fault
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>The step fails before it has done anything, and may be tried again.</summary>
    Throw,

    /// <summary>The step waits until <see cref="FaultSchedule.LetGo"/>, and then goes through.</summary>
    Hang,

    /// <summary>A write takes half of the batch and fails then. Any other step fails as with <see cref="Throw"/>.</summary>
    PartialWrite,

    /// <summary>The step is done, but fails all the same for the caller.</summary>
    ReplyLost,

    /// <summary>Somebody else takes the pipeline over just before the step. Only a store can do that.</summary>
    Fenced,

    /// <summary>The process dies: this step and all that follow fail, so that nothing can be tidied up.</summary>
    Crash,
}

/// <summary>The steps that <see cref="FaultySource"/>, <see cref="FaultySink"/> and <see cref="FaultyStore"/> count.</summary>
public static class FaultStep
{
    /// <summary>The source is asked for its next batch.</summary>
    public const string Read = "read";

    /// <summary>The source is told what is durable.</summary>
    public const string Acknowledge = "acknowledge";

    /// <summary>The sink is opened.</summary>
    public const string SinkOpen = "sink-open";

    /// <summary>The sink is given a batch.</summary>
    public const string SinkWrite = "sink-write";

    /// <summary>The sink has to make its writes durable.</summary>
    public const string SinkCommit = "sink-commit";

    /// <summary>The store is told of a run.</summary>
    public const string StoreOpen = "store-open";

    /// <summary>The store is given dead letters.</summary>
    public const string StoreDeadLetters = "store-dead-letters";

    /// <summary>The store is given a checkpoint.</summary>
    public const string StoreCommit = "store-commit";
}

/// <summary>
/// Which fault comes at which step: shared by the source, the sink and the store of a run, so that one schedule covers all of
/// it and can be repeated from a seed. Thread-safe.
/// </summary>
public sealed class FaultSchedule
{
    private readonly Lock _gate = new();
    private readonly Dictionary<int, Fault> _byNumber = [];
    private readonly Dictionary<(string Step, int Time), Fault> _byStep = [];
    private readonly Dictionary<string, int> _times = [];
    private TaskCompletionSource _hold = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Steps so far.</summary>
    public int Steps { get; private set; }

    /// <summary>True after <see cref="Fault.Crash"/>.</summary>
    public bool IsDead { get; private set; }

    /// <summary>Faults that came so far, as <c>sink-write 3: Throw</c>.</summary>
    public List<string> Happened { get; } = [];

    /// <summary>Plans a fault for the n-th step of any kind, counted from 1.</summary>
    public FaultSchedule At(int number, Fault fault)
    {
        lock (_gate)
        {
            _byNumber[number] = fault;
        }

        return this;
    }

    /// <summary>Plans a fault for the n-th step of one kind, counted from 1.</summary>
    public FaultSchedule At(string step, int time, Fault fault)
    {
        lock (_gate)
        {
            _byStep[(step, time)] = fault;
        }

        return this;
    }

    /// <summary>Plans faults for the next steps of one kind, one each.</summary>
    public FaultSchedule Next(string step, params ReadOnlySpan<Fault> faults)
    {
        lock (_gate)
        {
            var time = _times.GetValueOrDefault(step);
            foreach (var fault in faults)
            {
                _byStep[(step, ++time)] = fault;
            }
        }

        return this;
    }

    /// <summary>Lets everything go that hangs.</summary>
    public void LetGo()
    {
        lock (_gate)
        {
            _hold.TrySetResult();
            _hold = new(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    /// <summary>The process dies: what hangs fails, and so does every step from now on.</summary>
    public void Kill()
    {
        IsDead = true;
        LetGo();
    }

    /// <summary>Takes a step: fails or hangs if that is planned.</summary>
    /// <param name="step">One of <see cref="FaultStep"/>.</param>
    /// <param name="ct">Gives up hanging.</param>
    /// <returns>What the caller has to bring about itself: a partial write, a lost reply, a fence; else nothing.</returns>
    public async ValueTask<Fault> ReachAsync(string step, CancellationToken ct = default)
    {
        var (fault, hold) = Take(step);
        switch (fault)
        {
            case Fault.Throw:
                throw Failure(step);
            case Fault.Hang:
                await hold.WaitAsync(ct).ConfigureAwait(false);
                break;
            case Fault.Crash:
                IsDead = true;
                break;
        }

        return IsDead ? throw new SimulatedCrashException() : fault;
    }

    /// <summary>The failure of a step, as a connector would report it.</summary>
    public static ConnectorException Failure(string step) => ConnectorException.External($"The step {step} fails, because the test wants it to.");

    private (Fault Fault, Task Hold) Take(string step)
    {
        lock (_gate)
        {
            var time = _times[step] = _times.GetValueOrDefault(step) + 1;
            Steps++;
            var fault = _byStep.GetValueOrDefault((step, time), _byNumber.GetValueOrDefault(Steps));
            if (fault != Fault.None)
            {
                Happened.Add($"{step} {time}: {fault}");
            }

            return (fault, _hold.Task);
        }
    }
}

/// <summary>Stands for the end of the process.</summary>
public sealed class SimulatedCrashException() : Exception("The process is dead.");
