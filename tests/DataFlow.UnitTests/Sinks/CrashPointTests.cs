namespace DataFlow.UnitTests.Sinks;

public class CrashPointTests
{
    [Fact]
    public void The_setting_names_a_place_and_a_number()
    {
        Assert.Equal(("after-fsync", 3), CrashPoint.Parse("after-fsync:3"));
        Assert.Equal(("after-write", 1), CrashPoint.Parse("after-write"));
        Assert.Throws<FormatException>(() => CrashPoint.Parse("nowhere:1"));
        Assert.Throws<FormatException>(() => CrashPoint.Parse("after-write:x"));
    }

    [Fact]
    public void Without_the_setting_nothing_happens()
    {
        foreach (var name in CrashPoint.Names)
        {
            CrashPoint.Reach(name);
        }
    }
}
