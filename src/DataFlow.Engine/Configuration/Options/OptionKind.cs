namespace DataFlow.Engine.Configuration;

/// <summary>What values an option takes.</summary>
internal enum OptionKind
{
    /// <summary>Any text.</summary>
    Text,

    /// <summary>A whole number.</summary>
    WholeNumber,

    /// <summary>A number.</summary>
    Number,

    /// <summary>true or false.</summary>
    Boolean,

    /// <summary>A time span.</summary>
    Duration,

    /// <summary>A number of bytes.</summary>
    ByteSize,

    /// <summary>One of a few names.</summary>
    Choice,

    /// <summary>Texts in order.</summary>
    TextList,

    /// <summary>Texts by name.</summary>
    TextMap,

    /// <summary>Texts, numbers, true, false or null by name: a value in quotes is a text, a plain one what YAML takes it for.</summary>
    ValueMap,

    /// <summary>Options of their own by name: its property takes another option record.</summary>
    Record,

    /// <summary>A part of a pipeline file that is read on its own: its property takes the value as it stands.</summary>
    Section,
}
