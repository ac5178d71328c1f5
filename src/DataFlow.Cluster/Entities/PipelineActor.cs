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

    // Below the hand-off time-out of the sharding (15 s): the shard may go on while the last run still drains.
    private static readonly TimeSpan HandOffLimit = TimeSpan.FromSeconds(10);

    private readonly string _name;
    private readonly EntityServices _services;
    private readonly Supervision _supervision = new();
    private readonly Queue<(Execute Command, IActorRef Sender)> _waitingCommands = new();
    private LocalRun? _run;
    private string? _waitsFor;
    private bool _isStopping;
    private bool _isHandingOff;

    public PipelineActor(string pipeline, EntityServices services)
    {
        _name = pipeline;
        _services = services;
        ReceiveAsync<EnsureRunning>(_ => RunAsync());
        ReceiveAsync<StartAgain>(_ => RunAsync());
        ReceiveAsync<RunEnded>(EndedAsync);
        ReceiveAsync<Execute>(command => ExecuteAsync(command, Sender));
        Receive<GetStatus>(_ => Sender.Tell(new StatusReply(Status)));
        ReceiveAsync<HandOff>(_ => HandOffAsync());
        Receive<HandOffOverdue>(_ => Leave());
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

    protected override void PostStop()
    {
        _run?.Stop();
        foreach (var (_, sender) in _waitingCommands)
        {
            sender.Tell(new RefusalReply(RefusalKind.Unavailable, $"Pipeline '{_name}' moves to another node right now; ask again."));
        }
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
            if (await Registry.FindAsync(_name, CancellationToken.None) is not { State: LifecycleState.Running } pipeline)
            {
                _waitsFor = null;
                return;
            }

            if (!await Leases.ClaimAsync(_name))
            {
                StartAgainIn(ClaimPause, $"It waits until {pipeline.Owner ?? "another node"} lets it go, or does not answer any more.");
                return;
            }

            _run = _services.Runs.Start(pipeline);
            _services.Meter.ShowRestarts(_name);
            _waitsFor = null;
            _ = _run.Completion.PipeTo(Self, success: outcome => new RunEnded(outcome), failure: failure => new RunEnded(Failed(failure)));
        }
        catch (ConfigurationException refusal)
        {
            await FailAsync(refusal.Message);
        }
        catch (ConnectorException failure)
        {
            _services.Logger.StartPutOff(failure, _name, failure.Message);
            StartAgainIn(ClaimPause, failure.Message);
        }
    }

    private async Task EndedAsync(RunEnded ended)
    {
        var run = _run!;
        try
        {
            await SettleAsync(run, ended.Outcome);
        }
        catch (ConnectorException failure)
        {
            // The store is away: what the end of the run means is noted when it is back. The lease goes on as long as nobody takes it.
            _services.Logger.EndNotNoted(failure, _name, failure.Message);
            Timers.StartSingleTimer(nameof(RunEnded), ended, ClaimPause);
            return;
        }

        if (_isHandingOff)
        {
            Timers.Cancel(nameof(HandOffOverdue));
            Context.Stop(Self);
            return;
        }

        _isStopping = false;
        while (!_isStopping && _waitingCommands.TryDequeue(out var next))
        {
            await ExecuteAsync(next.Command, next.Sender);
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
            _run = null;
            StartAgainIn(ClaimPause, "Another node had taken it over.");
        }
        else if (outcome.State == RunState.Completed)
        {
            await MoveAsync(LifecycleState.Completed, HistoryEvent.Completed, reason: null);
            _run = null;
        }
        else if (outcome.Error is { } failure && !_isStopping && !_isHandingOff)
        {
            if (_supervision.Next(failure) is { } pause)
            {
                _run = null;
                _services.Meter.CountRestart(_name);
                _services.Logger.RunStartsAgain(failure, _name, pause.TotalSeconds, failure.Message);
                StartAgainIn(pause, $"{failure.Message} It starts again in {pause.TotalSeconds:0} s.");
            }
            else
            {
                await FailAsync(ReasonOf(failure));
                _run = null;
            }
        }
        else
        {
            await Leases.ReleaseAsync(_name);
            _run = null;
        }
    }

    private async Task ExecuteAsync(Execute command, IActorRef sender)
    {
        if (_isStopping)
        {
            _waitingCommands.Enqueue((command, sender));
            return;
        }

        try
        {
            if (await CarryOutAsync(command) is { } answer)
            {
                sender.Tell(answer);
            }
            else
            {
                _isStopping = true;
                _waitingCommands.Enqueue((command, sender));
                _run!.Stop();
            }
        }
        catch (ConnectorException failure)
        {
            sender.Tell(new RefusalReply(RefusalKind.Unavailable, failure.Message));
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

        if (target != pipeline.State
            && !await Registry.MoveAsync(_name, pipeline.State, target, command.Command.ToEvent(), reason: null, command.By, holder: null, CancellationToken.None))
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
            await Leases.ReleaseAsync(_name);
        }

        return new StatusReply(Status);
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

    /// <summary>The run takes its time: it keeps the lease until it has ended, and the next owner waits for it.</summary>
    private void Leave()
    {
        _services.Logger.HandOffOverdue(_name, HandOffLimit.TotalSeconds);
        var run = _run!;
        _ = run.Completion.ContinueWith(_ => ReleaseAsync(), TaskScheduler.Default);
        Context.Stop(Self);
    }

    private async Task ReleaseAsync()
    {
        try
        {
            await Leases.ReleaseAsync(_name);
        }
        catch (ConnectorException failure)
        {
            // It ends by itself after its time.
            _services.Logger.LeaseNotReleased(failure, _name, failure.Message);
        }
    }

    private async Task FailAsync(string reason)
    {
        _services.Logger.PipelineFailed(_name, reason);
        await MoveAsync(LifecycleState.Failed, HistoryEvent.Failed, reason);
    }

    /// <summary>Notes where the pipeline has got to by itself, and lets it go. Another node's word counts more, if it holds the lease now.</summary>
    private async Task MoveAsync(LifecycleState to, HistoryEvent happened, string? reason)
    {
        await Registry.MoveAsync(_name, LifecycleState.Running, to, happened, reason, _services.Node.By, _services.Node.Owner, CancellationToken.None);
        await Leases.ReleaseAsync(_name);
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

    private sealed record RunEnded(PipelineOutcome Outcome) : INoSerializationVerificationNeeded;

    private sealed record StartAgain : INoSerializationVerificationNeeded
    {
        public static StartAgain Instance { get; } = new();
    }

    private sealed record HandOffOverdue : INoSerializationVerificationNeeded
    {
        public static HandOffOverdue Instance { get; } = new();
    }
}
