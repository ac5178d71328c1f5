namespace DataFlow.Conformance;

/// <summary>
/// Messages that a server has to send, now or later: a connection gets those after the message whose number stands as <c>from</c> in
/// its address, and then each new one. Thread-safe.
/// </summary>
internal sealed class MessageLog
{
    private readonly Lock _gate = new();
    private readonly List<(long Number, string Text)> _messages = [];
    private TaskCompletionSource _more = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _last;

    /// <summary>Number of the last message that has one.</summary>
    public long Last
    {
        get { lock (_gate) { return _last; } }
    }

    /// <summary>Adds messages, numbered on.</summary>
    public void Publish(int count, Func<long, string>? textOf = null)
    {
        lock (_gate)
        {
            for (var i = 0; i < count; i++)
            {
                _last++;
                _messages.Add((_last, textOf?.Invoke(_last) ?? $$"""{"number":{{_last}},"name":"message {{_last}}"}"""));
            }

            Wake();
        }
    }

    /// <summary>Adds a message without a number.</summary>
    public void PublishText(string text)
    {
        lock (_gate)
        {
            _messages.Add((0, text));
            Wake();
        }
    }

    /// <summary>Sends to a connection until it is closed.</summary>
    public Task ServeAsync(ServerConnection connection) =>
        ServeAsync(connection, IndexAfter(long.TryParse(connection.Request.Query["from"], out var number) ? number : 0));

    /// <summary>As <see cref="ServeAsync(ServerConnection)"/>, what is published from now on only.</summary>
    public Task ServeLiveAsync(ServerConnection connection) => ServeAsync(connection, IndexAfter(Last));

    private async Task ServeAsync(ServerConnection connection, int start)
    {
        var closed = connection.UntilClosedAsync();
        for (var at = start; !closed.IsCompleted;)
        {
            Task more;
            string[] texts;
            lock (_gate)
            {
                texts = [.. _messages.Skip(at).Select(message => message.Text)];
                more = _more.Task;
            }

            foreach (var text in texts)
            {
                await connection.SendAsync(text);
            }

            at += texts.Length;
            await Task.WhenAny(more, closed);
        }

        await closed;
    }

    private int IndexAfter(long number)
    {
        lock (_gate)
        {
            return number == 0 ? 0 : _messages.FindIndex(message => message.Number == number) + 1;
        }
    }

    private void Wake()
    {
        _more.TrySetResult();
        _more = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
