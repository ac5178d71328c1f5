namespace DataFlow.Engine.State;

/// <summary>
/// The tables of a service in PostgreSQL, in a schema of their own, as steps from one version to the next. A released step never
/// changes, and adds only what a program of the version before can live with: nodes are upgraded one after the other.
/// </summary>
internal static class PostgresSchema
{
    /// <summary>Serializes the migrations of nodes that start at once: the letters "DataFlow" as a number.</summary>
    public const long MigrationLock = 0x44617461466C6F77;

    /// <summary>Serializes what gives and takes names of pipelines: those of instances must be free, too.</summary>
    public const long NamesLock = MigrationLock + 1;

    /// <summary>What there must be before the first step.</summary>
    public const string Foundation =
        """
        create schema if not exists dataflow;
        create table if not exists dataflow.schema_version(version integer primary key, applied timestamptz not null)
        """;

    /// <summary>The version after all steps.</summary>
    public static int Version => Migrations.Length;

    /// <summary>The steps; the first leads to version 1.</summary>
    public static string[] Migrations { get; } =
    [
        """
        create table dataflow.pipeline(
          name text collate "C" primary key,
          generation bigint not null,
          epoch bigint not null,
          sequence bigint not null,
          records_read bigint not null,
          delivered bigint not null,
          filtered bigint not null,
          dead_lettered bigint not null,
          dropped bigint not null,
          deduplicated bigint not null,
          bytes_read bigint not null,
          sink_state text,
          fingerprint text,
          owner text,
          updated timestamptz not null);

        -- Names of splits hold paths, which can be longer than an entry of an index: split_key is their SHA-256.
        create table dataflow.split(
          pipeline text collate "C" not null,
          split_key bytea not null,
          split text not null,
          position_offset bigint not null,
          position text not null,
          primary key (pipeline, split_key));

        create table dataflow.dead_letter(
          id bigint generated always as identity primary key,
          pipeline text collate "C" not null,
          delivery_id uuid not null,
          stage text not null,
          reason text not null,
          message text not null,
          split text not null,
          position_offset bigint not null,
          generation bigint not null,
          sequence bigint not null,
          failed_at timestamptz not null,
          replayed_at timestamptz,
          raw bytea not null,
          unique (pipeline, delivery_id, stage));

        create index dead_letter_by_commit on dataflow.dead_letter(pipeline, generation, sequence);
        create index dead_letter_by_pipeline on dataflow.dead_letter(pipeline, id);

        create table dataflow.history(
          id bigint generated always as identity primary key,
          pipeline text collate "C" not null,
          at timestamptz not null,
          event text not null,
          owner text not null,
          detail text,
          generation bigint not null,
          epoch bigint not null);

        create index history_by_pipeline on dataflow.history(pipeline, id);

        create table dataflow.pipeline_registry(
          name text collate "C" primary key,
          definition text not null,
          path text not null,
          version bigint not null,
          state text not null,
          reason text,
          updated timestamptz not null);

        create index pipeline_that_must_run on dataflow.pipeline_registry(name) where state = 'Running';

        create table dataflow.lease(
          pipeline text collate "C" primary key,
          owner text not null,
          held_until timestamptz not null);

        create index lease_by_owner on dataflow.lease(owner);

        create table dataflow.node(
          name text collate "C" primary key,
          incarnation text not null,
          address text not null,
          version text not null,
          started timestamptz not null,
          there_until timestamptz not null);

        create table dataflow.api_key(
          name text collate "C" primary key,
          hash bytea not null unique,
          may_write boolean not null,
          created timestamptz not null);
        """,
        """
        alter table dataflow.pipeline_registry
          add column instance_of text collate "C",
          add column instance integer,
          add column instances integer not null default 1;

        create index pipeline_instances on dataflow.pipeline_registry(instance_of) where instance_of is not null;
        """,
    ];
}
