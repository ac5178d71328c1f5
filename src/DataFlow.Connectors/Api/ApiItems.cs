namespace DataFlow.Connectors;

/// <summary>The records of a list, each with a sub-resource.</summary>
/// <param name="resource">Makes the addresses.</param>
/// <param name="setup">How the sub-resources are read.</param>
internal sealed class ApiItems(ApiSubResource resource, ApiPageSetup setup)
{
    /// <summary>How the sub-resources are read.</summary>
    public ApiPageSetup Setup => setup;

    /// <summary>Takes the records of a complete page as parents.</summary>
    /// <param name="page">The page.</param>
    /// <param name="list">Where it came from.</param>
    /// <returns>The parents, and what of the list could not be read.</returns>
    public (List<ApiParent> Parents, List<RecordError> Bad) Of(ApiPage page, Uri list)
    {
        var parents = new List<ApiParent>();
        var bad = new List<RecordError>();
        foreach (var batch in page.Take())
        {
            try
            {
                bad.AddRange(batch.Errors);
                for (var row = 0; row < batch.RowCount; row++)
                {
                    parents.Add(resource.Of(list, batch, row));
                }
            }
            finally
            {
                batch.Release();
            }
        }

        return (parents, bad);
    }
}
