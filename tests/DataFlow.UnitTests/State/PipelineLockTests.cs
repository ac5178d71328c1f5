using DataFlow.Engine.State;
using Microsoft.Extensions.Time.Testing;

namespace DataFlow.UnitTests.State;

public sealed class PipelineLockTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.FromHours(1)));

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_second_run_is_refused_with_process_host_and_time_of_the_first()
    {
        using var first = Acquire("users");

        Assert.Equal(
            $"Pipeline 'users' is already running: process {Environment.ProcessId} on host {Environment.MachineName} since " +
            "2026-01-02 02:04:05 UTC. Stop it first, or run a second one beside it with --instance NAME.",
            Refused("users").Message);
    }

    [Fact]
    public async Task Another_process_is_excluded_until_it_is_killed_and_then_the_lock_is_free_at_once()
    {
        using var holder = await LockHolder.StartAsync(_folder.Path, "users");
        Assert.StartsWith(
            $"Pipeline 'users' is already running: process {holder.ProcessId} on host {Environment.MachineName} since ",
            Refused("users").Message);

        await holder.KillAsync();

        Assert.True(File.Exists(_folder.File("users.lock")));
        Acquire("users").Dispose();
    }

    [Fact]
    public void A_lock_that_was_given_back_can_be_taken_again_and_its_file_stays()
    {
        Acquire("users").Dispose();

        Acquire("users").Dispose();

        Assert.Equal(["users.lock"], Directory.GetFiles(_folder.Path).Select(Path.GetFileName));
    }

    [Fact]
    public void Files_that_a_dead_process_left_over_mean_nothing()
    {
        File.WriteAllText(_folder.File("users.lock"), "whatever");
        File.WriteAllText(_folder.File("users.owner"), """{"Process":1,"Host":"gone","Since":"2020-01-01T00:00:00Z"}""");

        using var mine = Acquire("users");

        Assert.Contains($"process {Environment.ProcessId} on host", Refused("users").Message);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("{\"Proc")]
    [InlineData("null")]
    public void An_owner_that_can_not_be_read_is_another_process(string? owner)
    {
        using var first = Acquire("users");
        File.Delete(_folder.File("users.owner"));
        if (owner is not null)
        {
            File.WriteAllText(_folder.File("users.owner"), owner);
        }

        Assert.StartsWith("Pipeline 'users' is already running: another process. ", Refused("users").Message);
    }

    [Fact]
    public void Other_pipelines_and_other_instances_have_their_own_locks()
    {
        using var users = Acquire("users");
        using var orders = Acquire("orders");
        using var second = Acquire("users", "two");

        Assert.StartsWith("Pipeline 'users.two' is already running: process ", Refused("users", "two").Message);
        Assert.True(File.Exists(_folder.File("users.two.lock")));
    }

    [Theory]
    [InlineData("../escape")]
    [InlineData("a/b\\c:d")]
    [InlineData("..")]
    [InlineData("Bücher & Zeitschriften")]
    public void Any_name_gives_a_file_in_the_folder(string name)
    {
        using var first = Acquire(name);

        Assert.Equal(2, Directory.GetFiles(_folder.Path).Length);
        Assert.Contains($"'{name}' is already running", Refused(name).Message);
    }

    [Fact]
    public void A_lock_file_that_is_a_folder_is_refused()
    {
        Directory.CreateDirectory(_folder.File("users.lock"));

        Assert.StartsWith($"The lock file '{_folder.File("users.lock")}' can't be opened for writing: ", Refused("users").Message);
    }

    [Fact]
    public void Giving_a_lock_back_works_even_when_the_state_folder_is_gone()
    {
        var held = PipelineLock.Acquire(_folder.File("state"), "users", null, _time);
        Directory.Delete(_folder.File("state"), recursive: true);

        held.Dispose();
    }

    private PipelineLock Acquire(string pipeline, string? instance = null) => PipelineLock.Acquire(_folder.Path, pipeline, instance, _time);

    private ConnectorException Refused(string pipeline, string? instance = null)
    {
        var error = Assert.Throws<ConnectorException>(() => Acquire(pipeline, instance));
        Assert.Equal(FaultOwner.User, error.Owner);
        return error;
    }
}
