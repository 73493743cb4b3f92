//! What a role, a database or a server sets for its sessions, and what others have made in them, changes neither what is loaded nor what
//! is said of it.

use anyhow::{Result, ensure};
use rsl_tests::pair::Pair;
use rsl_tests::program::Ended;

const SOURCE: &str = "CREATE TABLE PART (PART_NO nvarchar(10) NOT NULL PRIMARY KEY, NAME nvarchar(20), WEIGHT decimal(10,3), MADE datetime, RAW varbinary(9), SHARE float);
    INSERT INTO PART VALUES ('A', 'n\\t', 1.5, '2024-03-04 05:06:07.125', x'0001ff', 0.1), ('B', 'b\"olt ', -0.125, NULL, x'5c', 1e300), ('C', NULL, NULL, NULL, NULL, NULL);
    CREATE TABLE \"Sto\\re\" (\"Id x\" integer NOT NULL PRIMARY KEY, PART_NO nvarchar(10) REFERENCES PART);
    INSERT INTO \"Sto\\re\" VALUES (1, 'A'), (2, 'B');";

fn ended(pair: &Pair, arguments: &[&str]) -> Result<Ended> {
    let ended = Ended::of(&mut pair.rsl(arguments)?)?;
    ensure!(ended.code == Some(0), "{arguments:?}: {ended:#?}");
    Ok(ended)
}

#[test]
fn settings_of_a_database_change_nothing() -> Result<()> {
    let pair = Pair::new(SOURCE)?;
    for setting in [
        "standard_conforming_strings = off",
        "quote_all_identifiers = on",
        "default_transaction_isolation = 'serializable'",
        "default_transaction_read_only = on",
        "default_transaction_deferrable = on",
        "datestyle = 'German'",
        "intervalstyle = 'iso_8601'",
        "bytea_output = 'escape'",
        "extra_float_digits = -5",
        "timezone = 'Asia/Kathmandu'",
        "xmloption = 'document'",
        "transform_null_equals = on",
        "escape_string_warning = off",
        "search_path = 'nowhere'",
        "client_min_messages = 'error'",
        "row_security = on",
    ] {
        pair.database.run(&format!(
            "SET default_transaction_read_only = off; DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET {}', current_database()); END $$",
            setting.replace('\'', "''")
        ))?;
    }
    pair.exact(&["PART", "Sto\\re", "--names", "keep"])?;
    pair.exact(&["PART", "Sto\\re", "--names", "keep", "--mode", "upsert"])?;
    ended(&pair, &["verify"])?;
    ended(&pair, &["verify", "--deep"])?;
    let url = pair.source_url();
    let agrees = ended(&pair, &["verify", "--source", &url])?;
    ensure!(agrees.stdout.contains("2 of 2 tables agree"), "{agrees:#?}");
    let equal = ended(&pair, &["diff", "--source", &url, "PART", "erp.\"PART\""])?;
    ensure!(equal.stdout.contains("equal: PART and erp.PART"), "{equal:#?}");
    ended(&pair, &["report", "--last", "--format", "html"])?;
    ended(&pair, &["audit", "on", "erp.\"PART\""])?;
    pair.edit("UPDATE PART SET NAME = 'x\\\\' WHERE PART_NO = 'A'")?;
    pair.exact(&["PART", "--names", "keep", "--mode", "upsert"])?;
    let history = ended(&pair, &["history", "erp.\"PART\"", "PART_NO=A"])?;
    ensure!(history.stdout.contains("n\\\\t") || history.stdout.contains("n\\t"), "{history:#?}");
    ended(&pair, &["undo", "--last"])?;
    ended(&pair, &["verify"])?;
    Ok(())
}

#[test]
fn functions_and_operators_of_others_are_not_called() -> Result<()> {
    let pair = Pair::new(
        "CREATE TABLE P (ID integer PRIMARY KEY, V text); INSERT INTO P VALUES (1, 'a'), (2, 'b')",
    )?;
    // They fit better than those of the server do, and whoever may create something in public can plant them.
    let planted = [
        ("format(text, name, name)", "text"),
        ("quote_ident(name)", "text"),
        ("to_regclass(character varying)", "regclass"),
        ("parse_ident(character varying)", "text[]"),
        ("has_table_privilege(oid, character varying)", "boolean"),
        ("format_type(oid, smallint)", "text"),
        ("pg_get_expr(text, oid)", "text"),
        ("count(bigint)", "bigint"),
        ("current_setting(character varying)", "text"),
        ("to_char(timestamp without time zone, character varying)", "text"),
    ];
    for (signature, result) in planted {
        pair.database.run(&format!(
            "CREATE FUNCTION public.{signature} RETURNS {result} LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'called: {signature}'; END $$"
        ))?;
    }
    for operator in [
        "name, pg_catalog.text",
        "pg_catalog.text, name",
        "oid, bigint",
        "pg_catalog.text, character varying",
    ] {
        let (left, right) = operator.split_once(", ").unwrap_or_default();
        let name = operator.replace(|c: char| !c.is_ascii_alphanumeric(), "_");
        pair.database.run(&format!(
            "CREATE FUNCTION public.equal_{name}({left}, {right}) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'called: {operator}'; END $$;
             CREATE OPERATOR public.= (FUNCTION = public.equal_{name}, LEFTARG = {left}, RIGHTARG = {right})"
        ))?;
    }
    pair.database.run("DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = public, pg_catalog', current_database()); END $$")?;
    pair.exact(&["P"])?;
    let url = pair.source_url();
    for arguments in [
        &["verify"][..],
        &["verify", "--source", &url],
        &["diff", "--source", &url, "P", "p"],
        &["check", "--source", &url, "P"],
        &["loads"],
        &["report", "--last"],
        &["rejects", "--last"],
        &["audit", "on", "p"],
        &["audit", "status"],
        &["pull", "--source", &url, "P", "--mode", "upsert"],
    ] {
        ended(&pair, arguments)?;
    }
    // A name without a schema is looked for where the role would find it, and then where loads go.
    pair.database.run("CREATE TABLE public.p AS SELECT * FROM erp.p LIMIT 1")?;
    let found = Ended::of(&mut pair.rsl(&["diff", "--source", &url, "P", "p"])?)?;
    ensure!(found.stdout.contains("P and public.p"), "{found:#?}");
    Ok(())
}
