namespace DataFlow.Engine.Configuration;

/// <summary>Makes a pipeline of the values of its file. For one file.</summary>
internal sealed class PipelineReader(
    Catalogue catalogue, ProblemList problems, string path, string baseDirectory, Confinement? confinement)
{
    private readonly OptionBinder _binder = new(problems);

    /// <summary>The pipeline; null when something is wrong with it, which is then among the problems.</summary>
    public PipelineDefinition? Read(MapValue map)
    {
        var bound = _binder.Bind(OptionTable.Of(typeof(PipelineKeys)), map, "");
        var keys = (PipelineKeys)bound.Options;
        var name = keys.Name ?? Path.GetFileNameWithoutExtension(path);
        CheckName(name, bound, map);
        var connectors = new ConnectorReader(catalogue, problems, _binder, name, baseDirectory);
        var source = Section(keys.Source, "source") is { } sourceMap ? connectors.ReadSource(sourceMap, "source") : null;
        var sink = Section(keys.Sink, "sink") is { } sinkMap ? connectors.ReadSink(sinkMap, "sink") : null;
        var transforms = new TransformReader(catalogue, problems, _binder).Read(keys.Transforms, "transforms");
        if (source is null || sink is null || problems.Count > 0)
        {
            return null;
        }

        Func<string, string?>? problemWithFile = confinement is null ? null : confinement.ProblemWithFile;
        var definition = new PipelineDefinition
        {
            Name = name,
            Source = source with { Settings = source.Settings with { Delivery = keys.Delivery, ProblemWithFile = problemWithFile } },
            Transforms = transforms,
            Sink = sink with { Settings = sink.Settings with { Delivery = keys.Delivery, ProblemWithFile = problemWithFile } },
            Delivery = keys.Delivery,
            Until = keys.Until,
            Instances = keys.Instances,
            MaxLatency = keys.MaxLatency,
            MaxBatchBytes = keys.MaxBatchBytes,
            Workers = keys.Workers,
            MaxDeadLetters = keys.MaxDeadLetters,
            CommitInterval = keys.CommitInterval,
            FilePath = path,
            BaseDirectory = baseDirectory,
            Locations = _binder.Locations,
        };
        if (confinement is not null)
        {
            // Before anything is made of the settings: making them may load what they name.
            problems.AddRange(definition.WithInstances().SelectMany(part => NamedFiles.Check(part, confinement)).Distinct());
            if (problems.Count > 0)
            {
                return null;
            }
        }

        problems.AddRange(GuaranteeExplanation.Of(definition).Problems);
        problems.AddRange(definition.InstanceProblems());
        return definition;
    }

    private void CheckName(string name, BoundOptions bound, MapValue map)
    {
        if (bound.Given.TryGetValue("name", out var given) && given.Value is not ScalarValue { IsNull: false })
        {
            return;
        }

        if (PipelineName.Problem(name) is { } problem)
        {
            var (location, key) = given is null ? (map.Location, "name") : (given.Value.Location, given.Key);
            var origin = given is null ? " It is the file's name; add the key 'name' to give another one." : "";
            problems.Add(location, key, problem + origin);
        }
    }

    private MapValue? Section(ConfigurationValue? value, string key)
    {
        if (value is MapValue map)
        {
            return map;
        }

        if (value is not (null or BrokenValue))
        {
            problems.Add(
                value.Location,
                key,
                "there is nothing below this key that could be used; give it at least 'type' and 'connection', indented below it.");
        }

        return null;
    }
}
