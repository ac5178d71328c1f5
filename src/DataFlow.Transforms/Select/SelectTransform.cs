using System.Runtime.CompilerServices;

namespace DataFlow.Transforms;

/// <summary>Shows other columns of the same rows. Immutable; batches may be projected on several workers at once.</summary>
internal sealed class SelectTransform : ITransform
{
    private readonly Selection _selection;
    private readonly ConditionalWeakTable<RecordSchema, Projection> _projections = [];

    public SelectTransform(SelectOptions options) => _selection = new Selection(options);

    public RecordBatch Apply(RecordBatch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        var projection = _projections.GetValue(batch.Schema, _selection.For);
        foreach (var rename in projection.Taken)
        {
            NameConflict.Resolve(batch, rename);
        }

        var constants = _selection.Constants.Count == 0 ? null : new FieldRef[_selection.Constants.Count];
        for (var index = 0; index < constants?.Length; index++)
        {
            var constant = _selection.Constants[index];
            constants[index] = constant.Kind == FieldKind.Null ? FieldRef.Null : batch.AddOverlay(constant.Utf8, constant.Kind);
        }

        // Also where it changes nothing: whether a row is copied or written anew must not depend on the rows around it.
        batch.Project(projection.Schema, projection.Columns, constants, keepRowOrder: !_selection.HasOrder);
        return batch;
    }
}
