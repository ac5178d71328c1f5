using DataFlow.Engine.Configuration;

namespace DataFlow.Server.Requests;

/// <summary>A condition as in the filter transform.</summary>
internal static class FilterExpression
{
    /// <summary>What is wrong with it, as a sentence; null when it can be used.</summary>
    public static string? Problem(string condition)
    {
        var filter = BuiltInCatalogue.Instance.FindTransform("filter")!;
        var table = OptionTable.Of(filter.OptionsType);
        var options = table.CreateRecord();
        table.Find(filter.ShorthandOption!)!.Property.SetValue(options, condition);
        try
        {
            filter.Create(options);
            return null;
        }
        catch (OptionException refused)
        {
            return refused.Message;
        }
    }
}
