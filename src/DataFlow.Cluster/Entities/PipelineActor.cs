using Akka.Actor;
using DataFlow.Engine;
using DataFlow.Engine.Configuration;
using DataFlow.Engine.Lifecycle;
using DataFlow.Engine.State;

namespace DataFlow.Cluster;

/// <summary>
/// A pipeline as an entity: the one place in the cluster where its commands are carried out and its runs are started. The truth
/// about what it is meant to do is the registry's, so that the entity may die at any moment; what it keeps is only what this node
/// does about it.
/// </summary>
internal sealed class PipelineActor : ReceiveActor, IWithTimers
{
    private static readonly TimeSpan ClaimPause = TimeSpan.FromSeconds(1);

    // The sharding stops an entity 5 s before its hand-off time-out of 15 s. What still drains then keeps its lease.
    private static readonly TimeSpan HandOffLimit = TimeSpan.FromSeconds(7);

    private readonly string _name;
    private readonly EntityServices _services;
    private readonly Supervision _supervision = new();
    private readonly Queue<(Execute Command, IActorRef Sender)> _waitingCommands = new();
    private readonly AnsweredCommands _answered = new();
    private LocalRun? _run;
    private KeptLease? _lease;
    private string? _waitsFor;
    private string? _unorderlyEnd;
    private bool _isStopping;
    private bool _isSettling;
    private bool _isHandingOff;

    public PipelineActor(string pipeline, EntityServices services)
    {
        _name = pipeline;
        _services = services;
        ReceiveAsync<EnsureRunning>(_ => RunAsync());
        ReceiveAsync<StartAgain>(_ => RunAsync());
        ReceiveAsync<RunEnded>(EndedAsync);
        ReceiveAsync<Restart>(_ => RestartAsync());
        Receive<Redefined>(redefined => StopIfIs(redefined.Run));
        ReceiveAsync<Execute>(command => QueueAsync(command, Sender));
        Receive<GetStatus>(_ => Sender.Tell(new StatusReply(Status)));
        ReceiveAsync<HandOff>(_ => HandOffAsync());
        Receive<HandOffOverdue>(_ =>
        {
            _services.Logger.HandOffOverdue(_name, HandOffLimit.TotalSeconds);
            Context.Stop(Self);
        });
    }

    public ITimerScheduler Timers { get; set; } = null!;

    private RunStatus? Status => _run is not null ? _run.Status with { Restarts = _supervision.Restarts }
        : _waitsFor is null ? null
        : new RunStatus
        {
            Node = _services.Node.Self.Name,
            Address = _services.Node.Self.Address,
            State = RunState.Starting,
            IsHealthy = false,
            Reason = _waitsFor,
            Restarts = _supervision.Restarts,
        };

    private IPipelineRegistry Registry => _services.Store.Pipelines;

    private NodeLeases Leases => _services.Leases;

    // An entity that comes to life anew, after a failure of its own too, does what the registry says without being asked.
    protected override void PreStart() => Self.Tell(new EnsureRunning(_name));

    // However the entity ends, by a hand-off, an error or with its node: the run ends in order, and keeps its lease until it has.
    protected override void PostStop()
    {
        _run?.Stop();
        _ = ReleaseAfterAsync(_run, _lease);
        foreach (var (_, sender) in _waitingCommands)
        {
            sender.Tell(new RefusalReply(RefusalKind.Unavailable, $"Pipeline '{_name}' moves to another node right now; ask again."));
        }
    }

    private async Task ReleaseAfterAsync(LocalRun? run, KeptLease? lease)
    {
        if (run is not null)
        {
            await ((Task)run.Completion).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        await Leases.ReleaseAsync(lease).ConfigureAwait(false);
    }

    /// <summary>Starts the pipeline if it is meant to run, nothing runs yet, and nobody else holds it.</summary>
    private async Task RunAsync()
    {
        if (_run is not null || _isHandingOff)
        {
            return;
        }

        Timers.Cancel(nameof(StartAgain));
        try
        {
            if (await FindMeantToRunAsync() is not { } pipeline)
            {
                _waitsFor = null;
                await ReleaseAsync();
                return;
            }

            if (!await ClaimAsync())
            {
                StartAgainIn(ClaimPause, $"It waits until {pipeline.Owner ?? "another node"} lets it go, or does not answer any more.");
                return;
            }

            // Once more: what was decided before the lease was ours may not hold any more.
            if (await FindMeantToRunAsync() is { } current)
            {
                await StartAsync(current);
            }
            else
            {
                await ReleaseAsync();
            }
        }
        catch (ConnectorException failure)
        {
            _services.Logger.StartPutOff(failure, _name, failure.Message);
            StartAgainIn(ClaimPause, failure.Message);
        }
    }

    private async Task<RegisteredPipeline?> FindMeantToRunAsync() =>
        await Registry.FindAsync(_name, CancellationToken.None) is { State: LifecycleState.Running } pipeline ? pipeline : null;

    private async Task<bool> ClaimAsync()
    {
        // Known before it is ours: should the entity end meanwhile, it is given back.
        var lease = new KeptLease(_name);
        _lease = lease;
        return await Leases.ClaimAsync(lease);
    }

    private async Task StartAsync(RegisteredPipeline pipeline)
    {
        try
        {
            var run = _run = _services.Runs.Start(pipeline, _lease!);
            _waitsFor = null;
            var self = Self;
            _lease!.Runs(pipeline.Version, changed: () => self.Tell(new Redefined(run)));
            _services.Meter.ShowRestarts(_name);
            _ = run.Completion.PipeTo(Self, success: outcome => new RunEnded(run, outcome), failure: failure => new RunEnded(run, Failed(failure)));
        }
        catch (ConfigurationException refusal)
        {
            await FailAsync(refusal.Message);
        }
    }

    private async Task EndedAsync(RunEnded ended)
    {
        if (!ReferenceEquals(ended.Run, _run))
        {
            return;
        }

        try
        {
            await SettleAsync(ended.Run, ended.Outcome);
        }
        catch (ConnectorException failure)
        {
            // The store is away: what the end of the run means is noted when it is back, before anything else is done.
            _services.Logger.EndNotNoted(failure, _name, failure.Message);
            _isSettling = true;
            Timers.StartSingleTimer(nameof(RunEnded), ended, ClaimPause);
            return;
        }

        _run = null;
        _isStopping = _isSettling = false;
        if (_isHandingOff)
        {
            Context.Stop(Self);
            return;
        }

        await CarryOutQueuedAsync();
        if (!Timers.IsTimerActive(nameof(StartAgain)))
        {
            await RunAsync();
        }
    }

    /// <summary>Makes of the end of a run what it means for the pipeline. Done again from the start when the store fails on the way.</summary>
    private async Task SettleAsync(LocalRun run, PipelineOutcome outcome)
    {
        if (outcome.Run.Delivered > 0)
        {
            _supervision.Reset();
        }

        if (run.HasLostLease || outcome.Error is TakenOverException)
        {
            await ReleaseAsync();
            StartAgainIn(ClaimPause, "Another node had taken it over.");
        }
        else if (outcome.State == RunState.Completed)
        {
            await MoveAsync(LifecycleState.Completed, HistoryEvent.Completed, reason: null);
        }
        else if (outcome.Error is { } failure && !_isStopping && !_isHandingOff)
        {
            if (_supervision.Next(failure) is { } pause)
            {
                _services.Logger.RunStartsAgain(failure, _name, pause.TotalSeconds, failure.Message);
                _services.Meter.CountRestart(_name);
                StartAgainIn(pause, $"{failure.Message} It starts again in {pause.TotalSeconds:0} s.");
            }
            else
            {
                await FailAsync(ReasonOf(failure));
            }
        }
        else
        {
            if (outcome.Error is { } unorderly)
            {
                _services.Logger.EndedUnorderly(unorderly, _name, unorderly.Message);
                _unorderlyEnd = $"The last run did not end in order: {unorderly.Message} What it had not committed is read again.";
            }

            await ReleaseAsync();
        }
    }

    private async Task QueueAsync(Execute command, IActorRef sender)
    {
        _waitingCommands.Enqueue((command, sender));
        if (!_isStopping && !_isSettling)
        {
            await CarryOutQueuedAsync();
        }
    }

    /// <summary>Carries out the commands in the order in which they came, up to one that waits for the end of the run.</summary>
    private async Task CarryOutQueuedAsync()
    {
        while (_waitingCommands.TryPeek(out var next))
        {
            IControlMessage? answer;
            try
            {
                answer = _answered.Find(next.Command.Id) ?? await CarryOutAsync(next.Command);
            }
            catch (ConnectorException failure)
            {
                answer = new RefusalReply(RefusalKind.Unavailable, failure.Message);
            }

            if (answer is null)
            {
                StopRun();
                return;
            }

            _waitingCommands.Dequeue();
            _answered.Add(next.Command.Id, answer);
            next.Sender.Tell(answer);
        }
    }

    /// <summary>The answer to a command; null when a run must end first.</summary>
    private async Task<IControlMessage?> CarryOutAsync(Execute command)
    {
        if (await Registry.FindAsync(_name, CancellationToken.None) is not { } pipeline)
        {
            return new RefusalReply(RefusalKind.NotFound, $"There is no pipeline '{_name}'.");
        }

        var (next, refusal) = LifecycleRules.Decide(pipeline.State, command.Command);
        if (next is not { } target)
        {
            return new RefusalReply(RefusalKind.WrongState, $"Pipeline '{_name}' does not {command.Command.ToWord()}: {refusal}");
        }

        if (target != LifecycleState.Running && _run is not null)
        {
            return null;
        }

        var reason = target == LifecycleState.Running ? null : _unorderlyEnd;
        _unorderlyEnd = null;
        if (target != pipeline.State
            && !await Registry.MoveAsync(_name, pipeline.State, target, command.Command.ToEvent(), reason, command.By, holder: null, CancellationToken.None))
        {
            return new RefusalReply(RefusalKind.Unavailable, $"Pipeline '{_name}' was changed by somebody else right now; ask again.");
        }

        if (target == LifecycleState.Running)
        {
            if (target != pipeline.State)
            {
                _supervision.Reset();
            }

            await RunAsync();
        }
        else
        {
            Timers.Cancel(nameof(StartAgain));
            _waitsFor = null;
            await ReleaseAsync();
        }

        return new StatusReply(Status);
    }

    /// <summary>Lets a new run begin with the definition as it is now.</summary>
    private async Task RestartAsync()
    {
        if (_run is null)
        {
            await RunAsync();
        }
        else
        {
            StopRun();
        }
    }

    private void StopIfIs(LocalRun run)
    {
        if (ReferenceEquals(run, _run))
        {
            StopRun();
        }
    }

    private void StopRun()
    {
        _isStopping = true;
        _run!.Stop();
    }

    private async Task HandOffAsync()
    {
        _isHandingOff = true;
        Timers.Cancel(nameof(StartAgain));
        if (_run is null)
        {
            await ReleaseAsync();
            Context.Stop(Self);
            return;
        }

        _run.Stop();
        Timers.StartSingleTimer(nameof(HandOffOverdue), HandOffOverdue.Instance, HandOffLimit);
    }

    private Task ReleaseAsync() => Leases.ReleaseAsync(_lease);

    private async Task FailAsync(string reason)
    {
        _services.Logger.PipelineFailed(_name, reason);
        await MoveAsync(LifecycleState.Failed, HistoryEvent.Failed, reason);
    }

    /// <summary>Notes where the pipeline has got to by itself, and lets it go. Another node's word counts more, if it holds the lease now.</summary>
    private async Task MoveAsync(LifecycleState to, HistoryEvent happened, string? reason)
    {
        await Registry.MoveAsync(_name, LifecycleState.Running, to, happened, reason, _services.Node.By, _services.Node.Owner, CancellationToken.None);
        await ReleaseAsync();
        _waitsFor = null;
    }

    private void StartAgainIn(TimeSpan pause, string reason)
    {
        _waitsFor = reason;
        Timers.StartSingleTimer(nameof(StartAgain), StartAgain.Instance, pause);
    }

    private string ReasonOf(Exception failure) => _supervision.Restarts < Supervision.MostRestarts
        ? failure.Message
        : $"{failure.Message} It was started again {_supervision.Restarts} times without getting further.";

    private static PipelineOutcome Failed(Exception failure) => new(RunState.Failed, default, default, TimeSpan.Zero, failure);
}
