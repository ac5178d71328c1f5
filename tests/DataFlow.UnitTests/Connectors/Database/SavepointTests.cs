using System.Data;
using System.Data.Common;
using DataFlow.Connectors;

namespace DataFlow.UnitTests.Connectors.Database;

/// <summary>Places to go back to, with providers that have only some of it.</summary>
public sealed class SavepointTests
{
    [Fact]
    public async Task A_provider_that_can_not_forget_a_place_overwrites_it()
    {
        using var transaction = new Transaction(hasPlaces: true);
        var place = new Savepoint(transaction, "here");

        await place.SaveAsync(default);
        await place.MoveAsync(default);
        await place.RollBackAsync(default);
        await place.ReleaseAsync(default);

        Assert.Equal(["save here", "save here", "back to here"], transaction.Done);
    }

    [Fact]
    public async Task A_provider_without_places_is_told_of_before_anything_is_written()
    {
        using var transaction = new Transaction(hasPlaces: false);

        var failure = await Assert.ThrowsAsync<ConnectorException>(() => new Savepoint(transaction, "here").SaveAsync(default));

        Assert.Contains("has no savepoints, so that one refused row would cost all others", failure.Message, StringComparison.Ordinal);
        Assert.Equal(FaultOwner.User, failure.Owner);
    }

    private sealed class Transaction(bool hasPlaces) : DbTransaction
    {
        public List<string> Done { get; } = [];

        public override IsolationLevel IsolationLevel => IsolationLevel.Unspecified;

        protected override DbConnection? DbConnection => null;

        public override void Commit()
        {
        }

        public override void Rollback()
        {
        }

        public override void Save(string savepointName)
        {
            if (!hasPlaces)
            {
                base.Save(savepointName);
            }

            Done.Add($"save {savepointName}");
        }

        public override void Rollback(string savepointName) => Done.Add($"back to {savepointName}");
    }
}
