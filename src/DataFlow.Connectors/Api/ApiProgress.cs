namespace DataFlow.Connectors;

/// <summary>Says how the talk with the API goes, so that people see it: the page at hand, or why it waits.</summary>
/// <param name="context">Is told.</param>
internal sealed class ApiProgress(SourceContext context) : IHttpWatcher
{
    private string _page = "page 1";
    private bool _isWell = true;

    /// <summary>The next page is asked for.</summary>
    public void AtPage(long page, string cursor)
    {
        _page = page == 1 ? "page 1" : $"page {page}, {cursor}";
        context.Report(SourceHealth.Healthy, _page);
    }

    /// <inheritdoc/>
    public void Waits(string reason)
    {
        _isWell = false;
        context.Report(SourceHealth.Waiting, reason);
    }

    /// <inheritdoc/>
    public void Works()
    {
        if (!_isWell)
        {
            _isWell = true;
            context.Report(SourceHealth.Healthy, _page);
        }
    }

    /// <inheritdoc/>
    public void ConnectionFailed(Exception error)
    {
        _isWell = false;
        context.ReportConnectionError(error);
    }
}
