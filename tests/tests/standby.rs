//! What can be asked of a standby, which may not be written to.

use anyhow::{Result, ensure};
use rsl_tests::cluster::{Cluster, Options};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

#[test]
fn a_standby_is_verified_as_its_primary_is() -> Result<()> {
    let primary = Cluster::start(&Options::default())?;
    let database = primary.database()?;
    database.run(
        "\\i sql/include/load.psql
         CREATE SCHEMA erp;
         CREATE TABLE erp.item (id int PRIMARY KEY, code text NOT NULL UNIQUE CHECK (code <> ''));
         CREATE TABLE erp.routing (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, item int REFERENCES erp.item);
         SELECT load('SELECT g AS id, ''볼트 '' || g AS code FROM generate_series(1, 100) g', 'erp.item');
         SELECT load('SELECT g AS id, g AS item FROM generate_series(1, 100) g', 'erp.routing');
         SELECT rsl.audit_on('erp.item');
         UPDATE erp.item SET code = 'ì•ˆì „' WHERE id = 7;
         SELECT rsl.audit_seal();
         ALTER TABLE erp.routing DROP CONSTRAINT routing_pkey;
         CREATE ROLE standby_reader LOGIN;
         SELECT rsl.grant_access('standby_reader', 'read');",
    )?;
    let standby = primary.standby()?;
    let copy = standby.named(database.name());
    ensure!(copy.value("SELECT pg_is_in_recovery()")? == "t");
    let position = primary.named("postgres").value("SELECT pg_current_wal_lsn()")?;
    copy.run(&format!(
        "DO $$ BEGIN WHILE pg_last_wal_replay_lsn() < '{position}' LOOP PERFORM pg_sleep(0.01); END LOOP; END $$"
    ))?;

    // Which indexes are used is counted by each server for itself.
    let verdicts = "SELECT string_agg(to_jsonb(v)::text, e'\\n') FROM rsl.verify() v WHERE check_name <> 'unused_indexes'";
    let (here, there) = (database.value(verdicts)?, copy.value(verdicts)?);
    ensure!(here == there, "{here}\nis on the standby\n{there}");
    for name in ["erp.routing.routing_pkey", "erp.item.code", "loads_match"] {
        ensure!(there.contains(name), "{name} is not in\n{there}");
    }
    ensure!(!there.contains("the check runs"), "{there}");
    let reader = copy.rows(
        "SET ROLE standby_reader; SELECT check_name, detail FROM rsl.verify() WHERE actual LIKE 'SQLSTATE%'",
    )?;
    ensure!(reader.is_empty(), "{reader}");

    let deep = copy.rows(
        "SELECT check_name, status, detail FROM rsl.verify_deep() WHERE check_name IN ('constraints_bite', 'digests_agree')",
    )?;
    let expected = [
        "digests_agree|pass|read through item_pkey",
        "digests_agree|skip|this table has no primary key to read it by",
        "constraints_bite|skip|nothing can be tried on a standby",
    ];
    ensure!(deep.lines().eq(expected), "{deep}");
    Ok(())
}

/// A check without a page would send whoever reads its finding nowhere, and a page without a check is a promise.
#[test]
fn every_check_has_a_page_that_names_its_group_and_level() -> Result<()> {
    let database = rsl_tests::cluster::shared()?.database()?;
    let checks = database.rows("SELECT * FROM rsl.checks() UNION ALL SELECT * FROM rsl.deep_checks()")?;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/checks");
    let mut names = BTreeSet::new();
    for line in checks.lines() {
        let mut fields = line.split('|');
        let (name, group, level) =
            (fields.next().unwrap_or(""), fields.next().unwrap_or(""), fields.next().unwrap_or(""));
        let page = fs::read_to_string(folder.join(name).with_extension("md"))?;
        ensure!(page.starts_with(&format!("# {name}\n\nGroup `{group}`, level `{level}`")), "{name}: {page}");
        for part in ["**Looks at**", "| status | means |", "**What to do.**"] {
            ensure!(page.contains(part), "{name} has no {part}");
        }
        names.insert(name.to_owned());
    }
    for page in fs::read_dir(&folder)? {
        let path = page?.path();
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        ensure!(names.contains(&name), "{} belongs to no check", path.display());
    }
    let groups = database.value("SELECT string_agg(g, ' ' ORDER BY n) FROM (SELECT check_group g, min(n) n FROM rsl.checks() WITH ORDINALITY AS k(c, check_group, l, d, n) GROUP BY 1) x")?;
    ensure!(groups == "schema loads keys audit phase freshness text access statistics", "{groups}");
    Ok(())
}
