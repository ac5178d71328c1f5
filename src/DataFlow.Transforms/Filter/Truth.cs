namespace DataFlow.Transforms;

/// <summary>SQL's three truth values, ordered so that AND is the least, OR the greatest and NOT the mirror image.</summary>
internal enum Truth
{
    False = 0,
    Unknown = 1,
    True = 2,
}
