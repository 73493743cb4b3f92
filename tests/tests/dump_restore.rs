//! A dump that is restored elsewhere is the same database: rows, schema, verdicts, and what comes next.

use anyhow::{Result, ensure};
use rsl_tests::cluster;
use rsl_tests::database::Database;
use rsl_tests::mirror;
use rsl_tests::pair::Pair;
use rsl_tests::sample::Shape;
use std::process::Command;

const OBJECTS: [&str; 6] =
    ["B_ITEM", "B_MATERIAL", "P_ROUTING", "P_WORK_RESULT", "BI_ITEM_INFO_VIEW", "BI_WORK_ORDER_RESULTS"];

/// Every kind of load, rows in the tables of rsl, and a load that failed.
fn lived_in() -> Result<Pair> {
    let pair = Pair::sample(Shape::Erp, 300)?;
    pair.exact(&OBJECTS)?;
    pair.exact(&["B_ITEM", "--mode", "replace"])?;
    pair.exact(&["B_MATERIAL", "--mode", "upsert"])?;
    pair.edit(
        "CREATE TABLE CODES (ITEM_CODE nvarchar(30) NOT NULL PRIMARY KEY, NAME nvarchar(60));
         INSERT INTO CODES SELECT ITEM_CD, ITEM_NM FROM B_ITEM LIMIT 20",
    )?;
    pair.exact(&["CODES", "--into", "rsl.items", "--mode", "upsert", "--key", "ITEM_CODE"])?;
    pair.edit("INSERT INTO CODES VALUES (' ', 'refused: an item has a code')")?;
    let ended = pair.ended(&["CODES", "--into", "rsl.items", "--mode", "upsert", "--key", "ITEM_CODE"])?;
    ensure!(ended.code == Some(1), "{ended:#?}");
    pair.database.run(BROKEN_OFF)?;
    pair.database.run(TRACKED)?;
    Ok(pair)
}

/// A run whose session ends when one of two parts is finished.
const BROKEN_OFF: &str = "\\i sql/include/load.psql
    CREATE TABLE erp.parted (id int);
    SELECT rsl.run_begin('sqlite:///parted.db', '{\"jobs\": 2}') AS run \\gset
    SELECT rsl.load_begin('erp.parted', object => 'DONE', run => :run) AS load \\gset
    SELECT rsl.load_finish(:load);
    SELECT rsl.load_begin('erp.parted', object => 'PARTED', run => :run) AS load \\gset
    SELECT rsl.load_plan(:load, '[{\"until\": [\"5\"]}, {\"after\": [\"5\"]}]');
    SELECT rsl.load_push(:load, 0, payload('VALUES (1), (5)'), 1, '[\"5\"]', witness('SELECT * FROM (VALUES (1), (5)) v(id)'));
    SELECT rsl.load_part_finish(:load, 1, 2, '{\"isolation\": \"snapshot\"}');
    SELECT rsl.load_push(:load, 0, payload('VALUES (6)'), 2, '[\"6\"]', witness('SELECT 6 AS id'));";

/// Phases and freshness, of a table of rsl and of others; a column was renamed since.
const TRACKED: &str =
    "INSERT INTO rsl.rsl_group (slug, name, owner) VALUES ('g1', 'G1', 'kim'), ('g2', 'G2', 'kim');
    UPDATE rsl.rsl_group SET status = 'validated' WHERE slug = 'g1';
    CREATE SCHEMA dmis;
    CREATE TABLE dmis.event (id int PRIMARY KEY, state text, at timestamp, who text);
    SELECT rsl.phase_on('dmis.event', 'state', '{new,done}', '{\"new\": [\"done\"]}', 'at', 'who');
    ALTER TABLE dmis.event RENAME state TO phase;
    INSERT INTO dmis.event VALUES (1, 'new', '2026-01-01', 'kim');
    UPDATE dmis.event SET phase = 'done', at = '2026-01-02', who = 'lee';
    CREATE TABLE dmis.warehouse (id int PRIMARY KEY, at timestamp, status text);
    SELECT rsl.freshness_on('dmis.warehouse', 'at', 'status', '1 hour', '2 hours');
    INSERT INTO dmis.warehouse VALUES (1, '2026-01-01'), (2, NULL);";

#[test]
fn restored_phases_and_freshness_go_on() -> Result<()> {
    let restored = copy(&lived_in()?.database, &[])?;
    let state = restored.rows(
        "SELECT count(*) FROM rsl.phase_history;
         INSERT INTO rsl.rsl_group (slug, name, owner) VALUES ('g3', 'G3', 'kim');
         UPDATE rsl.rsl_group SET status = 'released' WHERE slug = 'g1';
         INSERT INTO dmis.event VALUES (2, 'new', '2026-01-03', 'kim');
         UPDATE dmis.event SET phase = 'done', at = '2026-01-04', who = 'park' WHERE id = 2;
         SELECT table_name, key, from_phase, to_phase FROM rsl.phase_history ORDER BY phase_history_id DESC LIMIT 4;
         UPDATE dmis.warehouse SET at = timezone('utc', now()) WHERE id = 2;
         SELECT id, status FROM dmis.warehouse ORDER BY id;
         SELECT target, kind, enabled FROM rsl.tracked();
         SELECT phase, entries, total FROM rsl.phase_summary('dmis.event', '2026-01-04');
         SELECT count(*) FROM rsl.verify() WHERE status = 'fail';",
    )?;
    let expected = [
        "5",
        "event|{\"id\": 2}|new|done",
        "event|{\"id\": 2}||new",
        "rsl_group|{\"id\": 1}|validated|released",
        "rsl_group|{\"id\": 3}||draft",
        "1|OFFLINE",
        "2|ONLINE",
        "dmis.event|phase|t",
        "dmis.warehouse|freshness|t",
        "rsl.rsl_group|phase|t",
        "new|2|2 days",
        "done|2|2 days",
        "0",
    ];
    ensure!(state.lines().eq(expected), "{state}");
    let refused = restored.run("UPDATE dmis.event SET phase = 'new'").unwrap_err();
    ensure!(refused.to_string().contains("must not become"), "{refused}");
    Ok(())
}

#[test]
fn a_restored_database_is_the_same() -> Result<()> {
    let pair = lived_in()?;
    let restored = copy(&pair.database, &[])?;
    same(&dump(&pair.database, &[])?, &dump(&restored, &[])?)?;
    let tables = "SELECT string_agg(format('%s %s %s', t, rsl.table_digest(t), (SELECT count(*) FROM pg_index WHERE indrelid = t)), e'\\n' ORDER BY t::text)
        FROM (SELECT oid::regclass t FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace IN ('dmis'::regnamespace, 'erp'::regnamespace, 'rsl'::regnamespace)) x";
    let (before, after) = (pair.database.value(tables)?, restored.value(tables)?);
    ensure!(before == after, "{before}\nis now\n{after}");
    ensure!(before.lines().count() > OBJECTS.len() + 10, "{before}");
    for database in [&pair.database, &restored] {
        let findings = database
            .rows("SELECT check_name, object, actual, detail FROM rsl.verify() WHERE status = 'fail'")?;
        ensure!(findings.is_empty(), "{findings}");
    }
    // A row without a key is named by its place, which is another one after a restoration.
    let verdicts = "SELECT string_agg(regexp_replace(to_jsonb(v)::text, '\\(\\d+,\\d+\\)', '(place)', 'g'), e'\\n') FROM rsl.verify() v";
    let (here, there) = (pair.database.value(verdicts)?, restored.value(verdicts)?);
    let differing: Vec<_> = here.lines().zip(there.lines()).filter(|(here, there)| here != there).collect();
    ensure!(here == there, "{differing:#?}");
    Ok(())
}

#[test]
fn a_restored_database_goes_on() -> Result<()> {
    let pair = lived_in()?;
    let last = pair.database.value("SELECT max(load_id) FROM rsl.load")?.parse::<i64>()?;
    let highest = pair.database.value("SELECT max(id) FROM rsl.items")?.parse::<i64>()?;
    let mut restored = pair;
    restored.database = copy(&restored.database, &[])?;
    let report = restored.exact(&["B_ITEM", "--mode", "upsert"])?;
    ensure!(report["tables"][0]["load_id"].as_i64() > Some(last), "{report:#}");
    ensure!(report["tables"][0]["unchanged"] == report["tables"][0]["source_rows"], "{report:#}");
    // An append of before the dump is still known.
    let report = restored.exact(&["BI_ITEM_INFO_VIEW"])?;
    ensure!(report["tables"][0]["inserted"] == 0, "{report:#}");
    mirror::assert_same(&restored, "BI_ITEM_INFO_VIEW", "erp.bi_item_info_view")?;
    let next = restored.database.value("INSERT INTO rsl.items (item_code) VALUES ('next') RETURNING id")?;
    ensure!(next.parse::<i64>()? > highest, "the id {next} comes after {highest}");
    Ok(())
}

#[test]
fn a_restored_run_goes_on() -> Result<()> {
    let restored = copy(&lived_in()?.database, &[])?;
    let state = restored.rows(
        "SELECT run_id AS run FROM rsl.run WHERE source = 'sqlite:///parted.db' \\gset
         SELECT rsl.run_resume('sqlite:///parted.db') ->> 'done';
         SELECT rsl.load_resume(:run, 'PARTED') AS load \\gset
         SELECT rsl.load_claim(:load) ->> 'position';
         SELECT rsl.load_push(:load, 1, payload('VALUES (7)'), 2, '[\"7\"]', witness('SELECT 7 AS id'));
         SELECT rsl.load_part_finish(:load, 2, 2, '{\"isolation\": \"none\"}');
         SELECT v -> 'exact', v -> 'source_rows', v -> 'consistency' FROM rsl.load_finish(:load) v;
         SELECT rsl.run_finish(:run);
         SELECT rsl.run_begin('sqlite:///parted.db', '{}') > :run;
         SELECT id FROM erp.parted ORDER BY id;",
    )?;
    let expected = [
        "[\"DONE\"]",
        "[\"6\"]",
        "1",
        "",
        "true|4|[{\"isolation\": \"none\"}, {\"isolation\": \"snapshot\"}]",
        "",
        "t",
        "1",
        "5",
        "6",
        "7",
    ];
    ensure!(state.lines().eq(expected), "{state}");
    Ok(())
}

#[test]
fn the_schema_alone_can_be_restored() -> Result<()> {
    let pair = lived_in()?;
    let schema = copy(&pair.database, &["--schema-only"])?;
    same(&dump(&pair.database, &["--schema-only"])?, &dump(&schema, &["--schema-only"])?)?;
    ensure!(schema.value("SELECT count(*) FROM erp.b_item")? == "0");
    let failed = schema.rows(
        "SELECT check_name, object, actual FROM rsl.verify('schema_complete') WHERE status <> 'pass'",
    )?;
    ensure!(failed.is_empty(), "{failed}");
    let mut restored = pair;
    restored.database = schema;
    restored.exact(&["P_ROUTING", "--mode", "replace"])?;
    mirror::assert_same(&restored, "P_ROUTING", "erp.p_routing")
}

#[test]
fn a_dump_of_chosen_schemas_is_enough_for_the_rows() -> Result<()> {
    let pair = lived_in()?;
    let only = cluster::shared()?.empty_database()?;
    only.run(&dump(&pair.database, &["--schema=erp"])?)?;
    let mut restored = pair;
    restored.database = only;
    for object in OBJECTS {
        mirror::assert_same(&restored, object, &format!("erp.{}", object.to_lowercase()))?;
    }
    Ok(())
}

/// What pg_dump writes, without the lines that differ from run to run, and the rows of each table in one order.
fn dump(database: &Database, options: &[&str]) -> Result<String> {
    let program = database.psql()?.get_program().to_owned();
    let mut dump = Command::new(std::path::Path::new(&program).with_file_name("pg_dump"));
    dump.args(options).arg(database.url()).env("PGTZ", "UTC");
    let output = dump.output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    ensure!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout)?;
    // The key of these is random.
    let kept =
        text.lines().filter(|line| !line.starts_with("\\restrict") && !line.starts_with("\\unrestrict"));
    let mut lines: Vec<&str> = kept.collect();
    let mut at = 0;
    while at < lines.len() {
        let ends = lines[at..].iter().position(|line| *line == "\\.");
        if let (true, Some(rows)) = (lines[at].starts_with("COPY "), ends) {
            lines[at + 1..at + rows].sort_unstable();
            at += rows;
        }
        at += 1;
    }
    Ok(lines.iter().map(|line| format!("{line}\n")).collect())
}

/// Fails at the first line in which two dumps differ.
fn same(first: &str, second: &str) -> Result<()> {
    for (number, (one, two)) in first.lines().zip(second.lines()).enumerate() {
        ensure!(one == two, "line {} was\n{one}\nand is\n{two}", number + 1);
    }
    ensure!(first.len() == second.len(), "one of the dumps is longer");
    Ok(())
}

/// A fresh database with what the other one holds.
fn copy(database: &Database, options: &[&str]) -> Result<Database> {
    let fresh = cluster::shared()?.empty_database()?;
    fresh.run(&dump(database, options)?)?;
    Ok(fresh)
}
