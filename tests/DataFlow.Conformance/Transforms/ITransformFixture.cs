namespace DataFlow.Conformance;

/// <summary>A transform to test: what stands in the pipeline file.</summary>
public interface ITransformFixture
{
    /// <summary>The name in the catalogue.</summary>
    static abstract string Kind { get; }

    /// <summary>The tests that don't apply, with reasons.</summary>
    static virtual Waivers Waivers => Waivers.None;

    /// <summary>Where the transform is listed.</summary>
    static virtual Catalogue Catalogue => BuiltInCatalogue.Instance;

    /// <summary>
    /// Its settings, as the YAML below its name: <c>"n >= 10"</c>. It sees rows with the fields <c>n</c> (whole numbers from 1),
    /// <c>text</c> and, in some rows, <c>extra</c>; it must not keep them all as they are.
    /// </summary>
    string Settings { get; }
}
