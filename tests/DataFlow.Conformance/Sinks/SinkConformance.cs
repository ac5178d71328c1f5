namespace DataFlow.Conformance;

/// <summary>
/// What every sink has to do. A kind plugs in with a fixture and one line:
/// <c>public sealed class KafkaSinkConformance : SinkConformance&lt;KafkaSinkFixture&gt;;</c>
/// </summary>
/// <typeparam name="TFixture">The target of the sink.</typeparam>
public abstract partial class SinkConformance<TFixture> : IAsyncLifetime
    where TFixture : ISinkFixture, new()
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(3);

    private readonly BatchPool _pool = new();
    private readonly CollectedLog _log = new();

    /// <summary>The target of this test.</summary>
    protected TFixture Fixture { get; } = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>Skips what is waived, and starts the fixture otherwise.</summary>
    public async ValueTask InitializeAsync()
    {
        try
        {
            TFixture.Waivers.SkipIfWaived();
            await Fixture.StartAsync(Ct).AsTask().WaitAsync(Limit, Ct);
        }
        catch
        {
            // A test that does not begin is not disposed of.
            await Fixture.DisposeAsync();
            throw;
        }
    }

    /// <summary>Stops the fixture.</summary>
    public async ValueTask DisposeAsync()
    {
        await Fixture.DisposeAsync().AsTask().WaitAsync(Limit);
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task What_is_committed_is_there_in_the_order_of_writing()
    {
        await using (var open = await OpenAsync())
        {
            await open.WriteAsync(1, 2, 3);
            await open.WriteAsync(6, 5, 4);
            await open.CommitAsync();
        }

        Assert.Equal([1, 2, 3, 6, 5, 4], await Fixture.ReadAsync(Ct));
    }

    [Fact]
    public async Task What_is_committed_stays_when_it_is_opened_again()
    {
        var state = await WriteAndCommitAsync(null, 1, 2, 3);
        await WriteAndCommitAsync(state, 4, 5);

        Assert.Equal([1, 2, 3, 4, 5], await Fixture.ReadAsync(Ct));
    }

    [Fact]
    public async Task What_was_written_after_the_last_commit_is_gone_when_it_is_opened_again()
    {
        var state = await WriteAndCommitAsync(null, 1, 2, 3);
        await using (var open = await OpenAsync(state))
        {
            await open.WriteAsync(4, 5);
        }

        await using (await OpenAsync(state))
        {
        }

        Assert.Equal([1, 2, 3], await Fixture.ReadAsync(Ct));
    }

    [Fact]
    public async Task What_was_written_before_the_first_commit_is_gone_when_it_is_opened_again()
    {
        SinkState state;
        await using (var open = await OpenAsync())
        {
            state = open.State;
            await open.WriteAsync(4, 5);
        }

        await WriteAndCommitAsync(state, 1, 2);

        Assert.Equal([1, 2], await Fixture.ReadAsync(Ct));
    }

    [Fact]
    public async Task An_empty_batch_and_an_empty_commit_change_nothing()
    {
        await using (var open = await OpenAsync())
        {
            await open.WriteAsync();
            await open.CommitAsync();
            await open.WriteAsync(1);
            await open.WriteAsync();
            await open.CommitAsync();
            await open.CommitAsync();
        }

        Assert.Equal([1], await Fixture.ReadAsync(Ct));
    }

    [Fact]
    public async Task A_batch_stays_the_callers_and_can_be_written_again()
    {
        await using (var open = await OpenAsync())
        {
            var batch = SinkRows.Of(_pool, 1, 2);
            await open.WriteAsync(batch);
            await open.WriteAsync(batch);
            Assert.Equal("2", System.Text.Encoding.UTF8.GetString(batch.Utf8(1, 0)));
            batch.Release();
            await open.CommitAsync();
        }

        Assert.Equal([1, 2, 1, 2], await Fixture.ReadAsync(Ct));
        Assert.Equal(0, _pool.Lent);
    }

    [Fact]
    public async Task A_row_that_the_target_refuses_is_returned_and_the_others_are_written()
    {
        await using (var open = await OpenAsync())
        {
            var batch = SinkRows.Of(_pool, 1, 2);
            Fixture.AddRefused(batch);
            SinkRows.Add(batch, "3", null);

            var result = await open.WriteAsync(batch);
            batch.Release();
            await open.CommitAsync();

            var refused = Assert.Single(result.Refused!);
            Assert.Equal(2, refused.Row);
            Assert.NotEmpty(refused.Reason);
            Assert.NotEmpty(refused.Message);
        }

        Assert.Equal([1, 2, 3], await Fixture.ReadAsync(Ct));
    }

    [Fact]
    public async Task A_run_that_was_taken_over_can_not_commit_any_more()
    {
        var state = await WriteAndCommitAsync(null, 1);
        await using (var old = await OpenAsync(state))
        {
            await old.WriteAsync(2);
            try
            {
                await WriteAndCommitAsync(state with { Epoch = state.Epoch + 1 }, 3);
            }
            catch (ConnectorException)
            {
                // A target that locks out the newcomer while the old one is open is as good: there is only one writer.
                await old.CommitAsync();
                return;
            }

            await Assert.ThrowsAsync<ConnectorException>(() => old.CommitAsync());
        }

        Assert.Equal([1, 3], await Fixture.ReadAsync(Ct));
    }

    [Fact]
    public async Task A_checkpoint_that_it_holds_has_the_splits_that_were_committed_without_those_that_are_no_more()
    {
        var at = new SplitPosition(7, """{"v":1,"offset":7}""");
        var state = await WriteAndCommitAsync(null, 1);
        await using (var open = await OpenAsync(state))
        {
            await open.WriteAsync(2);
            await open.CommitAsync(new Dictionary<string, SplitPosition> { ["a"] = at, ["b"] = at });
            await open.WriteAsync(3);
            await open.CommitAsync(new Dictionary<string, SplitPosition> { ["c"] = at }, "a", "unknown");
            state = open.State;
        }

        await using var again = await OpenAsync(state with { Epoch = state.Epoch + 1 });
        Assert.SkipWhen(again.Held is null, "The sink holds no checkpoint of its own: that of the state store counts.");
        Assert.Equal(["b", "c"], again.Held.Splits.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(at, again.Held.Splits["b"]);
    }

    [Fact]
    public async Task It_can_be_disposed_twice_opened_or_not()
    {
        var unused = Fixture.Create();
        await unused.DisposeAsync();
        await unused.DisposeAsync();
        var open = await OpenAsync();
        await open.CommitAsync();

        await open.DisposeAsync();
        await open.DisposeAsync();
    }

    [Fact]
    public async Task A_target_that_does_not_answer_is_an_external_fault_that_may_pass()
    {
        var error = await FailureOfAsync(Fixture.CreateUnreachable);

        Assert.Equal(FaultOwner.External, error.Owner);
        Assert.NotEqual(RetryKind.Never, error.Retry.Kind);
    }

    [Fact]
    public async Task What_somebody_has_to_mend_is_a_user_fault_that_is_not_tried_again()
    {
        var error = await FailureOfAsync(Fixture.CreateRefused);

        Assert.Equal((FaultOwner.User, RetryKind.Never), (error.Owner, error.Retry.Kind));
    }

    [Fact]
    public async Task Its_secrets_are_in_no_message_and_no_log()
    {
        Assert.NotEmpty(Fixture.Secret);
        await WriteAndCommitAsync(null, 1);
        string[] failures =
        [
            (await FailureOfAsync(Fixture.CreateUnreachable)).ToString(), (await FailureOfAsync(Fixture.CreateRefused)).ToString(),
        ];

        Assert.All([.. failures, .. _log.Lines], text => Assert.DoesNotContain(Fixture.Secret, text, StringComparison.Ordinal));
    }

    [Fact]
    public void Its_waivers_name_tests_and_give_reasons() => TFixture.Waivers.Check(GetType());

    private async Task<SinkState> WriteAndCommitAsync(SinkState? state, params long[] numbers)
    {
        await using var open = await OpenAsync(state);
        await open.WriteAsync(numbers);
        await open.CommitAsync();
        return open.State;
    }

    private Task<OpenSink> OpenAsync(SinkState? state = null) => OpenSink.OpenAsync(Fixture.Create(), state, _pool, _log).WaitAsync(Limit, Ct);

    private async Task<ConnectorException> FailureOfAsync(Func<ISink> create) => await Assert.ThrowsAsync<ConnectorException>(async () =>
    {
        await using var open = await OpenSink.OpenAsync(create(), null, _pool, _log).WaitAsync(Limit, Ct);
        await open.WriteAsync(1);
        await open.CommitAsync();
    });
}
