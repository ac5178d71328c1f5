using Microsoft.Extensions.DependencyInjection;

namespace DataFlow;

/// <summary>Adds connectors and pipelines to an application.</summary>
public sealed class DataFlowBuilder
{
    internal DataFlowBuilder(IServiceCollection services) => Services = services;

    /// <summary>The application's services.</summary>
    public IServiceCollection Services { get; }

    /// <summary>
    /// Adds a source kind of your own. Its constructor may take the option record, <see cref="SourceSettings"/> and any
    /// service of the application.
    /// </summary>
    /// <typeparam name="TSource">The source. A fresh one is made for each attempt.</typeparam>
    /// <typeparam name="TOptions">Its option record.</typeparam>
    /// <param name="name">The name users write as <c>type</c>: kebab-case.</param>
    /// <param name="registration">What else the catalogue should know; see <see cref="SourceRegistration"/>.</param>
    public DataFlowBuilder AddSource<TSource, TOptions>(string name, SourceRegistration? registration = null)
        where TSource : class, ISource
        where TOptions : class, new()
    {
        var described = registration ?? new SourceRegistration();
        Services.AddSingleton(provider => new SourceDefinition
        {
            Name = name,
            Summary = described.Summary,
            ConnectionDescription = described.ConnectionDescription,
            ConnectionExample = described.ConnectionExample,
            ConnectionIsPath = described.ConnectionIsPath,
            ConnectionRequired = described.ConnectionRequired,
            OptionsType = typeof(TOptions),
            Capabilities = _ => described.Capabilities,
            Sharing = _ => described.Sharing,
            Create = settings => ActivatorUtilities.CreateInstance<TSource>(provider, Arguments<TSource>(settings.Options, settings)),
        });
        return this;
    }

    /// <summary>Adds a sink kind of your own. Its constructor may take the option record, <see cref="SinkSettings"/> and any service.</summary>
    /// <typeparam name="TSink">The sink. A fresh one is made for each attempt.</typeparam>
    /// <typeparam name="TOptions">Its option record.</typeparam>
    /// <param name="name">The name users write as <c>type</c>: kebab-case.</param>
    /// <param name="registration">What else the catalogue should know; see <see cref="SinkRegistration"/>.</param>
    public DataFlowBuilder AddSink<TSink, TOptions>(string name, SinkRegistration? registration = null)
        where TSink : class, ISink
        where TOptions : class, new()
    {
        var described = registration ?? new SinkRegistration();
        Services.AddSingleton(provider => new SinkDefinition
        {
            Name = name,
            Summary = described.Summary,
            ConnectionDescription = described.ConnectionDescription,
            ConnectionExample = described.ConnectionExample,
            ConnectionIsPath = described.ConnectionIsPath,
            ConnectionRequired = described.ConnectionRequired,
            OptionsType = typeof(TOptions),
            Capabilities = _ => described.Capabilities,
            Create = settings => ActivatorUtilities.CreateInstance<TSink>(provider, Arguments<TSink>(settings.Options, settings)),
        });
        return this;
    }

    /// <summary>Runs a pipeline file while the application runs.</summary>
    /// <param name="path">The YAML or JSON file; relative to the current folder.</param>
    public DataFlowBuilder AddPipeline(string path)
    {
        Services.Configure<DataFlowOptions>(options => options.PipelineFiles.Add(path));
        return this;
    }

    /// <summary>The arguments that the constructor asks for: an unused one would be refused.</summary>
    private static object[] Arguments<T>(params object[] offered) =>
        [.. offered.Where(argument => typeof(T).GetConstructors()
            .SelectMany(constructor => constructor.GetParameters())
            .Any(parameter => parameter.ParameterType.IsInstanceOfType(argument)))];
}

/// <summary>What the catalogue should know of a source kind of your own.</summary>
public sealed record SourceRegistration
{
    /// <summary>One sentence for lists and the reference.</summary>
    public string Summary { get; init; } = "A source of this application.";

    /// <summary>What <c>connection</c> means.</summary>
    public string ConnectionDescription { get; init; } = "What the source connects to.";

    /// <summary>An example for <c>connection</c>.</summary>
    public string ConnectionExample { get; init; } = "example";

    /// <summary>True when <c>connection</c> is a path.</summary>
    public bool ConnectionIsPath { get; init; }

    /// <summary>True when <c>connection</c> must be given.</summary>
    public bool ConnectionRequired { get; init; }

    /// <summary>What it can promise. Unless said otherwise, it can't replay: the engine then keeps batches until they are committed.</summary>
    public SourceCapabilities Capabilities { get; init; } =
        new(Replayable: false, WhyNotReplayable: "its registration does not say that it can replay");

    /// <summary>How instances of a pipeline share it. Unless said otherwise, they can't.</summary>
    public SourceSharing Sharing { get; init; } = SourceSharing.None;
}

/// <summary>What the catalogue should know of a sink kind of your own.</summary>
public sealed record SinkRegistration
{
    /// <summary>One sentence for lists and the reference.</summary>
    public string Summary { get; init; } = "A sink of this application.";

    /// <summary>What <c>connection</c> means.</summary>
    public string ConnectionDescription { get; init; } = "What the sink writes to.";

    /// <summary>An example for <c>connection</c>.</summary>
    public string ConnectionExample { get; init; } = "example";

    /// <summary>True when <c>connection</c> is a path.</summary>
    public bool ConnectionIsPath { get; init; }

    /// <summary>True when <c>connection</c> must be given.</summary>
    public bool ConnectionRequired { get; init; }

    /// <summary>What it can promise. Unless said otherwise, records may be written twice.</summary>
    public SinkCapabilities Capabilities { get; init; } =
        new(SinkReplay.Repeated, "its registration does not say that it undoes or commits with its own transaction");
}
