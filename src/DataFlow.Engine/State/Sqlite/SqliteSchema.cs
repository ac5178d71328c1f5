namespace DataFlow.Engine.State;

/// <summary>The tables of the state database, as steps from one <c>user_version</c> to the next. A released step never changes.</summary>
internal static class SqliteSchema
{
    /// <summary>The version after all steps.</summary>
    public static int Version => Migrations.Length;

    /// <summary>The steps; the first makes an empty file version 1.</summary>
    public static string[] Migrations { get; } =
    [
        """
        create table pipeline(
          name text primary key,
          generation integer not null,
          epoch integer not null,
          sequence integer not null,
          records_read integer not null,
          delivered integer not null,
          filtered integer not null,
          dead_lettered integer not null,
          dropped integer not null,
          deduplicated integer not null,
          bytes_read integer not null,
          sink_state text,
          fingerprint text,
          owner text,
          updated integer not null) strict, without rowid;

        create table split(
          pipeline text not null,
          split text not null,
          position_offset integer not null,
          position text not null,
          primary key (pipeline, split)) strict, without rowid;

        create table dead_letter(
          id integer primary key autoincrement,
          pipeline text not null,
          delivery_id blob not null,
          stage text not null,
          reason text not null,
          message text not null,
          split text not null,
          position_offset integer not null,
          generation integer not null,
          sequence integer not null,
          failed_at integer not null,
          replayed_at integer,
          raw blob not null,
          unique (pipeline, delivery_id, stage)) strict;

        create index dead_letter_by_commit on dead_letter(pipeline, generation, sequence);

        create table history(
          id integer primary key,
          pipeline text not null,
          at integer not null,
          event text not null,
          owner text not null,
          detail text,
          generation integer not null,
          epoch integer not null) strict;

        create index history_by_pipeline on history(pipeline, id);
        """,
        """
        create table pipeline_registry(
          name text primary key,
          definition text not null,
          path text not null,
          version integer not null,
          state text not null,
          reason text,
          updated integer not null) strict, without rowid;

        create index pipeline_that_must_run on pipeline_registry(name) where state = 'Running';

        create table lease(
          pipeline text primary key,
          owner text not null,
          held_until integer not null) strict, without rowid;

        create index lease_by_owner on lease(owner);

        create table node(
          name text primary key,
          incarnation text not null,
          address text not null,
          version text not null,
          started integer not null,
          there_until integer not null) strict, without rowid;

        create table api_key(
          name text primary key,
          hash blob not null unique,
          may_write integer not null,
          created integer not null) strict, without rowid;
        """,
        """
        alter table pipeline_registry add column instance_of text;
        alter table pipeline_registry add column instance integer;
        alter table pipeline_registry add column instances integer not null default 1;

        create index pipeline_instances on pipeline_registry(instance_of) where instance_of is not null;
        """,
    ];
}
