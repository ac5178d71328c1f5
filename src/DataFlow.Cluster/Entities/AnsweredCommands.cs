namespace DataFlow.Cluster;

/// <summary>
/// The last commands that an entity has answered. A command is given again while its answer takes long: what comes of it later gets
/// the same answer, and is not carried out behind somebody else's command.
/// </summary>
internal sealed class AnsweredCommands
{
    // A command is given eight times at most.
    private const int Most = 64;

    private readonly Queue<(Guid Id, IControlMessage Answer)> _answers = new();

    /// <summary>The answer that a command has got; null when it has got none.</summary>
    public IControlMessage? Find(Guid id) => _answers.FirstOrDefault(answered => answered.Id == id).Answer;

    /// <summary>A command was answered.</summary>
    public void Add(Guid id, IControlMessage answer)
    {
        if (id == Guid.Empty)
        {
            return;
        }

        _answers.Enqueue((id, answer));
        if (_answers.Count > Most)
        {
            _answers.Dequeue();
        }
    }
}
