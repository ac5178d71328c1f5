using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace DataFlow.UnitTests.Fakes;

/// <summary>A log that takes nothing until it is freed.</summary>
internal sealed class StuckLog : ILogger, IDisposable
{
    private readonly ManualResetEventSlim _free = new();

    public ConcurrentQueue<string> Lines { get; } = [];

    public void Free() => _free.Set();

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        _free.Wait();
        Lines.Enqueue(formatter(state, exception));
    }

    public void Dispose() => _free.Dispose();
}
