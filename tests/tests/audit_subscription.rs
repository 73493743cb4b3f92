//! Rows that a subscription brings are audited, too, although its worker fires no statement trigger.

use anyhow::{Result, ensure};
use rsl_tests::cluster::{Cluster, Options};

const TABLE: &str = "CREATE TABLE public.item (id int PRIMARY KEY, name text)";

#[test]
fn rows_of_a_subscription_are_audited() -> Result<()> {
    let cluster =
        Cluster::start(&Options { settings: vec!["wal_level = logical".to_owned()], ..Options::default() })?;
    let (publisher, subscriber) = (cluster.database()?, cluster.database()?);
    publisher.run(TABLE)?;
    publisher.run("CREATE PUBLICATION items FOR TABLE public.item")?;
    subscriber.run(TABLE)?;
    subscriber.run("SELECT rsl.audit_on('public.item')")?;
    // Within one server, the slot cannot be made by the subscription itself.
    publisher.run("SELECT pg_create_logical_replication_slot('items', 'pgoutput')")?;
    subscriber.run(&format!(
        "CREATE SUBSCRIPTION items CONNECTION '{}' PUBLICATION items WITH (create_slot = false, slot_name = 'items')",
        publisher.url()
    ))?;
    let verdict = "SELECT status || ': ' || actual FROM rsl.verify('audit_triggers')";
    ensure!(subscriber.value(verdict)? == "fail: statement triggers", "{}", subscriber.value(verdict)?);
    ensure!(subscriber.value("SELECT rsl.audit_on('public.item')")? == "t");
    ensure!(subscriber.value("SELECT status FROM rsl.verify('audit_triggers')")? == "pass");

    publisher.run(
        "INSERT INTO public.item SELECT i, 'item ' || i FROM generate_series(1, 3) i;
         UPDATE public.item SET name = 'other' WHERE id = 2;
         DELETE FROM public.item WHERE id = 3;
         UPDATE public.item SET id = 10 WHERE id = 1",
    )?;
    subscriber.wait_for("SELECT string_agg(id::text, ',' ORDER BY id) = '2,10' FROM public.item")?;
    // What the worker has done it writes down when it commits.
    subscriber.wait_for("SELECT count(*) = 6 FROM rsl.audit_log")?;
    let seen = subscriber.rows(
        "SELECT operation, key ->> 'id', old ->> 'name', new ->> 'name', new ->> 'id' FROM rsl.audit_log ORDER BY id",
    )?;
    let expected = "insert|1||item 1|1\ninsert|2||item 2|2\ninsert|3||item 3|3\nupdate|2|item 2|other|\ndelete|3|item 3||\nupdate|1|||10\n";
    ensure!(seen == expected, "{seen}");
    subscriber.run(
        "ALTER SUBSCRIPTION items DISABLE; ALTER SUBSCRIPTION items SET (slot_name = NONE); DROP SUBSCRIPTION items",
    )
}
