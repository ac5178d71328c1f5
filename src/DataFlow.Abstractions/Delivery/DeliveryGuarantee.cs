namespace DataFlow;

/// <summary>What is promised about records when a run is interrupted and repeated. From weak to strong.</summary>
public enum DeliveryGuarantee
{
    /// <summary>Records may be missing or there twice.</summary>
    BestEffort,

    /// <summary>Every record arrives; some may arrive twice.</summary>
    AtLeastOnce,

    /// <summary>Every record is there exactly once after a crash and restart.</summary>
    EffectivelyOnce,
}
