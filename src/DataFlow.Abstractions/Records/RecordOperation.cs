namespace DataFlow;

/// <summary>What a record says about the row it stands for.</summary>
public enum RecordOperation : byte
{
    /// <summary>A new row; the default for every source that only reads.</summary>
    Insert = 0,

    /// <summary>The row changed.</summary>
    Update = 1,

    /// <summary>The row was removed.</summary>
    Delete = 2,
}
