namespace DataFlow.Engine;

/// <summary>Another run has begun, or the state was reset or moved: what this run would commit does not count any more.</summary>
/// <param name="pipeline">The pipeline's name.</param>
public sealed class TakenOverException(string pipeline) : ConnectorException(
    $"Pipeline '{pipeline}' was taken over by another run, or its state was reset meanwhile. This run has stopped; "
    + "nothing that it wrote since its last commit counts.",
    FaultOwner.User,
    RetryAdvice.Never);
