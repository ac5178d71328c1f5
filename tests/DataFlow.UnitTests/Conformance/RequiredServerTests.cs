using DataFlow.Conformance;
using Xunit.Sdk;

namespace DataFlow.UnitTests.Conformance;

public sealed class RequiredServerTests
{
    [Fact]
    public void A_server_that_is_there_is_used() =>
        Assert.Equal("/bin/postgres", RequiredServer.Require("PostgreSQL", "/bin/postgres", "Install postgresql.", setting: "1"));

    [Fact]
    public void A_missing_server_skips_the_test_with_the_reason()
    {
        // Assert.Throws would let the skip through, and this test would be skipped itself.
        SkipException? skipped = null;
        try
        {
            RequiredServer.Require("PostgreSQL", null, "Install postgresql.", setting: null);
        }
        catch (SkipException skip)
        {
            skipped = skip;
        }

        Assert.EndsWith("PostgreSQL is not here. Install postgresql.", skipped?.Message);
    }

    [Fact]
    public void A_missing_server_is_a_failure_where_servers_are_required()
    {
        var failed = Assert.Throws<FailException>(() => RequiredServer.Require("PostgreSQL", null, "Install postgresql.", setting: "1"));

        Assert.Equal("PostgreSQL is not here. Install postgresql. (DATAFLOW_REQUIRE_SERVERS=1 makes this a failure.)", failed.Message);
    }

    [Fact]
    public void A_program_is_found_in_the_path_or_not_at_all()
    {
        Assert.NotNull(RequiredServer.FindProgram(OperatingSystem.IsWindows() ? "cmd.exe" : "sh"));
        Assert.Null(RequiredServer.FindProgram("no-program-has-this-name"));
    }
}
