using System.Globalization;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;

namespace DataFlow.Connectors;

/// <summary>Polls a database. What it remembers is in the stored positions alone: any attempt goes on from the last commit.</summary>
internal sealed class DatabaseSourceConnector(DatabaseAddress address, DatabaseSourceOptions options, SourceShare share) : ISource, IConnectionCheck
{
    /// <summary>The split of the query.</summary>
    public const string Split = "query";

    /// <summary>New rows of a poll from which on the next one looks ahead.</summary>
    private const int ManyRows = 10_000;

    /// <summary>The split of a piece of the rows that were delivered above the lower bound.</summary>
    public static string SeenSplit(int index) => string.Create(CultureInfo.InvariantCulture, $"{Split}/seen/{index}");

    public async IAsyncEnumerable<RecordBatch> ReadAsync(SourceContext context, [EnumeratorCancellation] CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(context);
        using var session = new DatabaseSession(address, options, share, context);
        foreach (var note in address.Notes)
        {
            context.Logger.LogInformation("{Note}", note);
        }

        var polls = new PollSequence(session, DatabasePosition.Parse(context.PositionOf(Split)), Restore(context));
        while (await polls.StartAsync(stop).ConfigureAwait(false) is { } poll)
        {
            await using (poll.ConfigureAwait(false))
            {
                while (await poll.NextAsync(stop).ConfigureAwait(false) is { } batch)
                {
                    yield return batch;
                }
            }

            if (stop.IsCancellationRequested)
            {
                yield break;
            }

            if (polls.Ended(poll))
            {
                continue;
            }

            if (poll.IsComplete)
            {
                context.CaughtUp();
                if (context.Until == Until.CaughtUp)
                {
                    yield break;
                }
            }

            await Task.Delay(context.PollInterval, context.Time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    public async ValueTask CheckAsync(CancellationToken ct)
    {
        var connection = await address.OpenAsync(ct).ConfigureAwait(false);
        await connection.DisposeAsync().ConfigureAwait(false);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private static SeenWindow Restore(SourceContext context)
    {
        var window = new SeenWindow();
        for (var index = 0; context.PositionOf(SeenSplit(index)) is { } stored; index++)
        {
            window.Restore(index, SeenPosition.Parse(stored.Json));
        }

        return window;
    }

    /// <summary>One poll after the other, of the kind that the options ask for.</summary>
    private sealed class PollSequence(DatabaseSession session, QueryState state, SeenWindow window)
    {
        private CommitHorizon? _horizon;
        private QueryState _state = state;
        private bool _looksAhead = true;

        /// <summary>Starts a poll; null after a stop.</summary>
        public async Task<IPoll?> StartAsync(CancellationToken stop)
        {
            if (stop.IsCancellationRequested)
            {
                return null;
            }

            try
            {
                return session.Options switch
                {
                    { IsIncremental: true } => await StartIncrementalAsync(stop).ConfigureAwait(false),
                    { Key.Count: > 0 } => new KeysetPoll(session, _state),
                    _ => await FullScanPoll.StartAsync(session, _state, stop).ConfigureAwait(false),
                };
            }
            catch (Exception failure) when (stop.IsCancellationRequested && IsOfStop(failure))
            {
                return null;
            }
        }

        /// <summary>Takes over what a poll has reached. True when the next one is to follow at once.</summary>
        public bool Ended(IPoll poll)
        {
            _state = poll.State;
            _looksAhead = poll is not IncrementalPoll { NewRows: < ManyRows };
            return session.Options.IsIncremental && poll is FullScanPoll { IsComplete: true };
        }

        /// <summary>Some providers call the end that a stop brings an error of the statement.</summary>
        private static bool IsOfStop(Exception failure) => failure is OperationCanceledException or ConnectorException { Owner: FaultOwner.External };

        private async Task<IPoll> StartIncrementalAsync(CancellationToken stop)
        {
            if (session.Options.NullCursor == NullCursorPolicy.IncludeFirst && !_state.HasReadNulls)
            {
                return await FullScanPoll.StartNullsAsync(session, _state, stop).ConfigureAwait(false);
            }

            _horizon ??= await CreateHorizonAsync(stop).ConfigureAwait(false);
            return await IncrementalPoll.StartAsync(session, _state, window, _horizon, _looksAhead, stop).ConfigureAwait(false);
        }

        private async Task<CommitHorizon> CreateHorizonAsync(CancellationToken stop)
        {
            var horizon = await CommitHorizon.CreateAsync(
                session.Address, session.Options, session.Context.Time, stop).ConfigureAwait(false);
            session.Context.Logger.LogInformation("Rows that are committed late are waited for by {Horizon}.", horizon.Description);
            return horizon;
        }
    }
}
