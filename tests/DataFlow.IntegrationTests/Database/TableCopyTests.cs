namespace DataFlow.IntegrationTests.Database;

/// <summary>Tables of every type, from a database into the same kind of database: what arrives is literally what was there.</summary>
public sealed class TableCopyTests
{
    private const string PostgreSqlTypes =
        """
        CREATE TYPE mood AS ENUM ('ok', 'so so');
        CREATE TABLE source (
          id int PRIMARY KEY, exact numeric(38,10), free numeric, ratio double precision, small real, ints int[], texts text[], grid numeric[][], j json, jb jsonb,
          u uuid, raw bytea, span interval, local timestamp, instant timestamptz, day date, clock time, zoned timetz, flag boolean, bits bit(3), net inet, fixed char(5),
          m mood, cash money, spot point, range int4range, vector tsvector, x xml, empty text);
        INSERT INTO source VALUES
          (1, 1234567890123456789012345678.0123456789, 'NaN', 'NaN', 'NaN', '{1,NULL,3}', '{"a,b","",NULL,"q\"x","NULL"}', '{{1.50,2},{3,NaN}}', '{"a": 1,  "a": 2}', '{"a": [1.10, null]}',
           'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '\x00ff5c0a', '-1 year 2 mons -3 days 04:05:06.789', 'infinity', '-infinity', 'infinity', '24:00:00', '10:00:00.5+05:30', true, '101', '10.0.0.1/8', 'ab',
           'so so', 12.34, '(1.5,-2)', '[1,5)', 'a:1 b:2', '<a>&amp;</a>', ''),
          (2, -0.0000000001, 'Infinity', 'Infinity', '-Infinity', '{}', '{}', '{}', 'null', 'null',
           '00000000-0000-0000-0000-000000000000', '\x', '00:00:00', '0044-03-15 12:00:00 BC', '0001-01-01 00:00:00+00 BC', '0044-03-15 BC', '00:00:00', '23:59:59-12', false, '000', '::1', '',
           'ok', -0.01, '(0,0)', 'empty', '', '', E'tab\tline\nback\\slash \\N'),
          (3, 0, '-Infinity', -0.0, 1.17549435e-38, '[0:1]={5,6}', '{null}', NULL, '1e400', '1e400',
           'ffffffff-ffff-ffff-ffff-ffffffffffff', '\xdeadbeef', '178000000 years', '294276-12-31 23:59:59.999999', '294276-12-31 23:59:59.999999+00', '5874897-12-31', '23:59:59.999999', '00:00:00+14', NULL, '111', '2001:db8::/32', 'abcde',
           'ok', 92233720368547758.07, '(1e300,-1e-300)', '(,)', 'x', 'text', 'ä🙂'),
          (4, 1e27, 1e-30, 5e-324, 3.4028235e38, '{{1,2},{3,4}}', '{"{x}"}', '{}', '"\u00e4"', '"ä"',
           NULL, '\x5c6e', '1 mon', '2024-03-31 02:30:00', '2024-10-27 01:30:00+00', '0001-01-01', '10:00:00', '10:00:00+00', true, '010', '0.0.0.0/0', NULL,
           NULL, 0, NULL, NULL, NULL, NULL, NULL),
          (5, 1e-10, 1e20, 1.7976931348623157e308, 0.1, NULL, NULL, NULL, NULL, NULL,
           NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
           NULL, NULL, NULL, NULL, NULL, NULL, NULL),
          (6, 99999999, 12345678901234567890123456789012345678901234567890.5, 0.1, 16777216, NULL, NULL, NULL, NULL, NULL,
           NULL, NULL, NULL, '1970-01-01', '1999-12-31 23:59:59.999999+00', '1999-12-31', NULL, NULL, NULL, NULL, NULL, NULL,
           NULL, NULL, NULL, NULL, NULL, NULL, NULL);
        CREATE TABLE target (LIKE source INCLUDING ALL)
        """;

    private const string MariaDbTypes =
        """
        CREATE TABLE source (
          id int PRIMARY KEY, exact decimal(38,10), wide decimal(65,30), ratio double, small float, tiny tinyint, yes boolean, huge bigint unsigned, part int unsigned, bit1 bit(1), bit8 bit(8),
          bit64 bit(64), day date, local datetime(6), instant timestamp(6) NULL, clock time(6), y year, j json, u uuid, raw varbinary(20), fixed binary(4), big longblob, e enum('a','b c'),
          s set('x','y'), net inet6, c char(5), empty text, w text CHARACTER SET latin1);
        INSERT INTO source VALUES
          (1, 1234567890123456789012345678.0123456789, 99999999999999999999999999999999999.999999999999999999999999999999, 1.7976931348623157e308, 3.402823e38, -128, true, 18446744073709551615, 4294967295, b'1', b'11111111',
           b'1111111111111111111111111111111111111111111111111111111111111111', '9999-12-31', '9999-12-31 23:59:59.999999', '2024-01-01 10:00:00.5', '-838:59:59.999999', 2155, '{"a":  1}', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', x'00ff5c0a09', x'01020304', x'5c4e', 'b c',
           'x,y', '::1', 'ab', '', 'äß'),
          (2, -0.0000000001, 0, 5e-324, -1.5, 127, false, 0, 0, b'0', b'00000000',
           b'0', '0001-01-01', '0001-01-01 00:00:00', '1970-01-01 00:00:01', '00:00:00', 1901, 'null', '00000000-0000-0000-0000-000000000000', x'', x'00000000', x'', 'a',
           '', '2001:db8::1', '', 'tab\tline\nback\\slash \\N', ''),
          (3, 0, -1e-30, -0.0, 0.1, 5, true, 5, 53, b'1', b'00110101',
           b'110101', '2024-02-29', '2024-03-31 02:30:00', '2038-01-19 03:14:07.999999', '838:59:59.999999', 0, '[1.10]', 'ffffffff-ffff-ffff-ffff-ffffffffffff', x'35', x'35000000', x'deadbeef', NULL,
           'y', NULL, NULL, 'ä🙂', NULL),
          (5, NULL, NULL, 0.1, 16777217, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
          (6, NULL, NULL, 1, 1.2345678, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
          (4, NULL, NULL, 1e7, 1e10, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
        CREATE TABLE target LIKE source
        """;

    [Theory]
    [Trait("claim", "DB-27")]
    [InlineData("postgresql", "insert")]
    [InlineData("postgresql", "upsert")]
    [InlineData("mysql", "insert")]
    [InlineData("mysql", "upsert")]
    public async Task Every_value_of_every_type_arrives_as_it_was(string kind, string write)
    {
        await using var database = await TestDatabase.CreateAsync(kind);
        await database.ExecuteAsync(kind == "mysql" ? MariaDbTypes : PostgreSqlTypes);
        using var folder = new TemporaryFolder();
        folder.Write(
            "copy.yaml",
            $$"""
            name: copy
            source:
              type: database
              connection: {{database.JdbcUrl}}
              options: { username: {{database.User}}, password: "{{database.Password}}", query: SELECT * FROM source, key: id }
            sink:
              type: database
              connection: {{database.JdbcUrl}}
              options: { username: {{database.User}}, password: "{{database.Password}}", table: target, write: {{write}}, key: id }
            delivery: effectively-once
            until: caught-up
            """);

        (await Cli.RunAsync(folder.Path, "run", "copy.yaml")).Succeeded();

        var letters = (await Cli.RunAsync(folder.Path, "dead-letters", "list", "copy.yaml")).Out;
        Assert.True(letters.StartsWith("copy: no dead letters.", StringComparison.Ordinal), letters);
        await AssertSameAsync(database, kind);
    }

    /// <summary>Column by column, as the database itself writes each value, so that a difference names its column.</summary>
    private static async Task AssertSameAsync(TestDatabase database, string kind)
    {
        var columns = await database.RowsAsync(
            "SELECT column_name FROM information_schema.columns WHERE table_name = 'source' AND table_schema = "
            + (kind == "mysql" ? "database()" : "current_schema()") + " ORDER BY ordinal_position");
        foreach (var column in columns)
        {
            var text = kind == "mysql" ? MariaDbText(column) : $"\"{column}\"::text";
            string[] rows(IReadOnlyList<string> read) => [.. read.Select(row => $"{column}: {row}")];
            Assert.Equal(
                rows(await database.RowsAsync($"SELECT id, {text} FROM source ORDER BY source.id")),
                rows(await database.RowsAsync($"SELECT id, {text} FROM target ORDER BY target.id")));
        }
    }

    /// <summary>HEX gives the bytes of a text, but rounds a number; and as text a FLOAT has six digits, unless it is made a double.</summary>
    private static string MariaDbText(string column) => column switch
    {
        "exact" or "wide" => $"CAST(`{column}` AS CHAR)",
        "ratio" or "small" => $"CAST(`{column}` + 0e0 AS CHAR)",
        _ => $"HEX(`{column}`)",
    };
}
