//! `rsl diff`: a source and a table of PostgreSQL compared without loading.

use anyhow::{Context, Result, ensure};
use rsl_tests::cluster::{self, Cluster, Options};
use rsl_tests::database::Database;
use rsl_tests::erp::Erp;
use rsl_tests::pair::Pair;
use rsl_tests::program::{Ended, Running};
use rsl_tests::sample::Shape;
use serde_json::Value;
use std::fs;
use tokio_postgres::Client;

const PARTS: &str = "CREATE TABLE PART (
        PART_NO nvarchar(10) NOT NULL PRIMARY KEY, NAME nvarchar(20), WEIGHT decimal(10,3), QTY int, AT datetime);
    INSERT INTO PART VALUES ('A', '너트', 1.5, 3, '2024-01-02 03:04:05.123'), ('B', 'bolt', -0.125, 4, NULL),
        ('C', NULL, NULL, 5, '2024-01-02 00:00:00'), ('품목', 'seal', 7, 6, '2024-12-31 23:59:59'), ('E', '', 8, 7, NULL);";

/// `rsl diff` in JSON, which must end with this exit code.
fn told(pair: &Pair, code: i32, arguments: &[&str]) -> Result<Value> {
    let ended = Ended::of(pair.rsl(&["diff"])?.args(arguments).args(["--format", "json"]))?;
    ensure!(ended.code == Some(code), "diff {arguments:?}: {ended:#?}");
    let told: Value = serde_json::from_str(&ended.stdout).context("the report is not JSON")?;
    let verdict = if code == 0 { "equal" } else { "different" };
    ensure!(told["verdict"] == verdict, "diff {arguments:?}: {told:#}");
    Ok(told)
}

fn said(pair: &Pair, arguments: &[&str]) -> Result<Ended> {
    Ended::of(pair.rsl(&["diff"])?.args(arguments))
}

fn refused(pair: &Pair, arguments: &[&str]) -> Result<String> {
    said(pair, arguments)?.refusal()
}

/// A source with these tables, loaded.
fn loaded(script: &str) -> Result<Pair> {
    let pair = Pair::new(script)?;
    pair.exact(&["--all"])?;
    Ok(pair)
}

/// `erp.held`, a view of a table that keeps whoever computes its buckets waiting until the gate opens.
struct Gate<'a> {
    database: &'a Database,
    client: Client,
}

impl<'a> Gate<'a> {
    async fn before(table: &str, database: &'a Database) -> Result<Self> {
        let client = database.connect().await?;
        client
            .batch_execute(&format!(
                "CREATE FUNCTION erp.gate() RETURNS boolean LANGUAGE plpgsql AS $$
                BEGIN
                    IF current_query() LIKE '%table_buckets%' THEN
                        PERFORM pg_advisory_xact_lock_shared(1);
                    END IF;
                    RETURN true;
                END $$;
                CREATE VIEW erp.held AS SELECT t.* FROM {table} t WHERE (SELECT erp.gate());
                SELECT pg_advisory_lock(1)"
            ))
            .await?;
        Ok(Self { database, client })
    }

    fn wait_for_program(&self) -> Result<()> {
        self.database.wait_for(
            "SELECT count(*) = 1 FROM pg_stat_activity WHERE datname = current_database()
                AND application_name = 'rsl' AND wait_event_type = 'Lock' AND query LIKE '%table_buckets%'",
        )
    }

    async fn open(&self) -> Result<()> {
        Ok(self.client.batch_execute("SELECT pg_advisory_unlock(1)").await?)
    }
}

/// The differences, each as `key kind column left right`.
fn lines(told: &Value) -> Vec<String> {
    let text = |value: &Value| match value {
        Value::Null => "NULL".to_owned(),
        Value::String(text) => text.clone(),
        Value::Object(key) => key
            .iter()
            .map(|(k, v)| format!("{k}={}", v.as_str().unwrap_or("NULL")))
            .collect::<Vec<_>>()
            .join(","),
        other => other.to_string(),
    };
    let line = |d: &Value| ["key", "kind", "column", "left", "right"].map(|field| text(&d[field])).join("|");
    told["differences"].as_array().map(|all| all.iter().map(line).collect()).unwrap_or_default()
}

#[test]
fn what_is_equal_is_equal_and_nothing_is_written() -> Result<()> {
    let pair = Pair::sample(Shape::Erp, 2_000)?;
    pair.exact(&["--all", "--jobs", "2"])?;
    let before = (fs::read(pair.file())?, pair.digest("erp.b_item")?);
    let objects = "SELECT count(*), (SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'pg_temp%') FROM pg_class WHERE relname LIKE 'rsl_diff%'";
    for object in ["B_ITEM", "P_WORK_RESULT", "BI_ROUTING_VIEW", "BI_WORK_ORDER_RESULTS"] {
        let told = told(&pair, 0, &[object, &format!("erp.{}", object.to_lowercase()), "--jobs", "2"])?;
        ensure!(told["source_rows"] == told["table_rows"] && told["differing_buckets"] == 0, "{told:#}");
        ensure!(lines(&told).is_empty() && told["rows_sent"] == 0, "{told:#}");
    }
    ensure!(before == (fs::read(pair.file())?, pair.digest("erp.b_item")?), "something was written");
    ensure!(pair.database.value(objects)?.starts_with("0|"), "{}", pair.database.value(objects)?);
    let ended = said(&pair, &["b_item", "b_item"])?;
    ensure!(ended.code == Some(0) && ended.stdout.contains("\nequal: B_ITEM and erp.b_item: "), "{ended:#?}");
    Ok(())
}

#[test]
fn each_change_is_named_with_its_key_column_and_both_values() -> Result<()> {
    let pair = loaded(PARTS)?;
    for (damage, expected) in [
        ("UPDATE erp.part SET weight = 1.501 WHERE part_no = 'A'", "part_no=A|changed|weight|1.5|1.501"),
        ("UPDATE erp.part SET weight = -weight WHERE part_no = 'B'", "part_no=B|changed|weight|-0.125|0.125"),
        ("UPDATE erp.part SET name = name || ' ' WHERE part_no = 'B'", "part_no=B|changed|name|bolt|bolt "),
        ("UPDATE erp.part SET name = '' WHERE part_no = 'C'", "part_no=C|changed|name|NULL|"),
        ("UPDATE erp.part SET name = NULL WHERE part_no = 'E'", "part_no=E|changed|name||NULL"),
        ("UPDATE erp.part SET name = 'SEAL' WHERE part_no = '품목'", "part_no=품목|changed|name|seal|SEAL"),
        (
            "UPDATE erp.part SET name = normalize(name, NFD) WHERE part_no = 'A'",
            "part_no=A|changed|name|너트|너트",
        ),
        (
            "UPDATE erp.part SET at = at + interval '1 ms' WHERE part_no = 'A'",
            "part_no=A|changed|at|2024-01-02 03:04:05.123|2024-01-02 03:04:05.124",
        ),
        ("DELETE FROM erp.part WHERE part_no = '품목'", "part_no=품목|missing|NULL|NULL|NULL"),
        ("INSERT INTO erp.part (part_no) VALUES ('Z')", "part_no=Z|extra|NULL|NULL|NULL"),
    ] {
        pair.database.run(&format!("CREATE TABLE public.kept AS TABLE erp.part; {damage}"))?;
        let told = told(&pair, 1, &["PART", "erp.part"])?;
        ensure!(lines(&told).len() == 1, "{damage}: {told:#}");
        let (found, nfd) = (&lines(&told)[0], damage.contains("NFD"));
        // The last value of the normalized one looks the same here.
        ensure!(
            if nfd { found.starts_with("part_no=A|changed|name|너트|") } else { found == expected },
            "{damage}: {found}"
        );
        ensure!(told["differing_buckets"] == 1 && told["rows_sent"].as_u64() <= Some(2), "{told:#}");
        let ended = said(&pair, &["PART", "part"])?;
        ensure!(
            ended.code == Some(1) && ended.stdout.contains("different: PART and erp.part: "),
            "{ended:#?}"
        );
        pair.database.run("TRUNCATE erp.part; INSERT INTO erp.part SELECT * FROM kept; DROP TABLE kept")?;
    }
    told(&pair, 0, &["PART", "erp.part"])?;
    // Of a column that may hold more.
    pair.database.run("ALTER TABLE erp.part ALTER at TYPE timestamp; UPDATE erp.part SET at = at + interval '1 us' WHERE part_no = 'A'")?;
    let told = told(&pair, 1, &["PART", "erp.part"])?;
    ensure!(
        lines(&told) == ["part_no=A|changed|at|2024-01-02 03:04:05.123|2024-01-02 03:04:05.123001"],
        "{told:#}"
    );
    Ok(())
}

#[test]
fn values_that_are_swapped_between_two_rows_are_two_changes() -> Result<()> {
    let pair = loaded(PARTS)?;
    pair.database.run(
        "UPDATE erp.part SET qty = CASE part_no WHEN 'A' THEN 4 ELSE 3 END WHERE part_no IN ('A', 'B');
         UPDATE erp.part SET name = 'other' WHERE part_no = 'B'",
    )?;
    let told = told(&pair, 1, &["PART", "erp.part"])?;
    ensure!(
        lines(&told)
            == [
                "part_no=A|changed|qty|3|4",
                "part_no=B|changed|name|bolt|other",
                "part_no=B|changed|qty|4|3"
            ],
        "{told:#}"
    );
    ensure!(told["changed"] == 2 && told["columns"]["qty"] == 2 && told["columns"]["name"] == 1, "{told:#}");
    Ok(())
}

#[test]
fn keys_of_several_columns_and_names_that_need_quotes() -> Result<()> {
    let pair = Pair::new(
        "CREATE TABLE \"Order \"\"Line\" (\"주문\" varchar(10) NOT NULL, \"a'b\" int NOT NULL, \"select\" text, PRIMARY KEY (\"주문\", \"a'b\"));
         INSERT INTO \"Order \"\"Line\" VALUES ('가', 1, 'x'), ('가', 2, 'y'), ('나''', 1, 'z')",
    )?;
    pair.exact(&["--all", "--into", "erp.Odd \"Name; --", "--names", "keep"])?;
    let table = "erp.\"Odd \"\"Name; --\"";
    told(&pair, 0, &["Order \"Line", table])?;
    pair.database.run(&format!(
        "UPDATE {table} SET \"select\" = 'new' WHERE \"주문\" = '나'''; DELETE FROM {table} WHERE \"a'b\" = 2"
    ))?;
    let told = told(&pair, 1, &["Order \"Line", table])?;
    let mut found = lines(&told);
    found.sort();
    ensure!(
        found.len() == 2
            && found.iter().any(|l| l.contains("주문=나'") && l.ends_with("|changed|select|z|new")),
        "{told:#}"
    );
    ensure!(found.iter().any(|l| l.contains("a'b=2") && l.contains("|missing|")), "{told:#}");
    // A key of the user's own, by either name.
    let told = self::told(&pair, 1, &["Order \"Line", table, "--key", "A'B,주문"])?;
    ensure!(told["key"] == serde_json::json!(["a'b", "주문"]), "{told:#}");
    Ok(())
}

#[test]
fn without_a_key_whole_rows_are_counted() -> Result<()> {
    let pair = loaded(
        "CREATE TABLE LOG (T text, N int); INSERT INTO LOG VALUES ('a', 1), ('a', 1), ('b', NULL), (NULL, 2)",
    )?;
    let same = told(&pair, 0, &["LOG", "erp.log"])?;
    ensure!(same["notes"][0].as_str().is_some_and(|note| note.contains("no key")), "{same:#}");
    pair.database.run("DELETE FROM erp.log WHERE ctid = (SELECT min(ctid) FROM erp.log WHERE t = 'a'); INSERT INTO erp.log VALUES ('', 2), ('', 2)")?;
    let told = told(&pair, 1, &["LOG", "erp.log"])?;
    let mut found = lines(&told);
    found.sort();
    ensure!(found == ["NULL|extra|NULL|0|2", "NULL|missing|NULL|2|1"], "{told:#}");
    ensure!(told["missing"] == 1 && told["extra"] == 2 && told["key"] == serde_json::json!([]), "{told:#}");
    let ended = said(&pair, &["LOG", "erp.log"])?;
    ensure!(
        ended.stdout.contains("a row, missing: 2 times in the source, 1 times in the table"),
        "{ended:#?}"
    );
    Ok(())
}

#[test]
fn columns_of_one_side_are_stated_and_the_rest_is_compared() -> Result<()> {
    let pair = loaded(PARTS)?;
    pair.database.run(
        "ALTER TABLE erp.part DROP COLUMN qty, ADD COLUMN note text, ADD COLUMN twice numeric GENERATED ALWAYS AS (weight * 2) STORED,
            ALTER name TYPE inet USING NULL;
         UPDATE erp.part SET weight = 2 WHERE part_no = 'A'",
    )?;
    let told = told(&pair, 1, &["PART", "erp.part"])?;
    ensure!(
        lines(&told)
            == [
                "NULL|column|NAME|nvarchar(20)|inet".replace("NAME", "name"),
                "NULL|column|QTY|INT|NULL".to_owned(),
                "NULL|column|note|NULL|text".to_owned(),
                "part_no=A|changed|weight|1.5|2.000".to_owned(),
            ],
        "{told:#}"
    );
    ensure!(told["notes"][0].as_str().is_some_and(|note| note.contains("twice")), "{told:#}");
    // A view says what is to be compared.
    pair.database.run("CREATE VIEW erp.v AS SELECT part_no, weight FROM erp.part; UPDATE erp.part SET weight = 1.5 WHERE part_no = 'A'")?;
    pair.edit("CREATE VIEW V AS SELECT PART_NO, WEIGHT FROM PART")?;
    self::told(&pair, 0, &["V", "erp.v", "--key", "part_no"])?;
    let nothing = Pair::with("CREATE TABLE T (X int)", pair.database.clone())?;
    ensure!(refused(&nothing, &["T", "erp.part"])?.contains("no column in common"));
    ensure!(refused(&pair, &["V", "erp.v", "--key", "nothing"])?.contains("no column \"nothing\""));
    Ok(())
}

#[test]
fn a_value_that_the_column_could_not_hold_is_a_difference() -> Result<()> {
    let pair = loaded(PARTS)?;
    pair.edit("UPDATE PART SET NAME = 'a name that is much longer than twenty characters', QTY = 5000000000, WEIGHT = 1.23456 WHERE PART_NO = 'A'")?;
    let told = told(&pair, 1, &["PART", "erp.part"])?;
    ensure!(told["changed"] == 1 && lines(&told).len() == 3, "{told:#}");
    ensure!(lines(&told).contains(&"part_no=A|changed|weight|1.23456|1.500".to_owned()), "{told:#}");
    // What is no number at all cannot be compared with one.
    pair.edit("UPDATE PART SET QTY = 'many' WHERE PART_NO = 'B'")?;
    let message = refused(&pair, &["PART", "erp.part"])?;
    ensure!(message.contains("PART, the row with PART_NO 'B', column QTY"), "{message}");
    ensure!(!message.contains("many"), "{message}");
    Ok(())
}

#[test]
fn many_differences_are_listed_up_to_the_limit() -> Result<()> {
    let pair = loaded(
        "CREATE TABLE T (ID integer PRIMARY KEY, V text);
         WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 30000) INSERT INTO T SELECT i, 'value ' || i FROM n",
    )?;
    pair.database.run("UPDATE erp.t SET v = v || '!' WHERE id % 10 = 0")?;
    let output = pair.folder().join("differences.jsonl");
    let ended = Ended::of(pair.rsl(&["diff", "T", "erp.t", "--limit", "25", "--output"])?.arg(&output))?;
    ensure!(ended.code == Some(1), "{ended:#?}");
    ensure!(ended.stdout.lines().filter(|line| line.contains(": changed v: ")).count() == 25, "{ended:#?}");
    ensure!(ended.stdout.contains("listed: 25 of 3,000 differences"), "{ended:#?}");
    let file = fs::read_to_string(&output)?;
    let lines: Vec<Value> = file.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    ensure!(lines.len() == 26 && lines[0]["kind"] == "changed" && lines[0]["right"] == "value 10!", "{file}");
    let summary = &lines[25]["summary"];
    ensure!(
        summary["verdict"] == "different" && summary["changed"] == 3000 && summary["at_least"] == false,
        "{summary:#}"
    );
    // 30,000 rows are far from a bucket each: few of the others are sent along.
    let told = told(&pair, 1, &["T", "erp.t", "--where", "ID % 1000 <> 0", "--limit", "1"])?;
    ensure!(told["extra"] == 30 && told["changed"] == 2970 && told["listed"] == 1, "{told:#}");
    Ok(())
}

#[test]
fn only_the_rows_of_the_buckets_that_differ_are_sent() -> Result<()> {
    let pair = loaded(
        "CREATE TABLE T (ID integer PRIMARY KEY, V text);
         WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 100000) INSERT INTO T SELECT i, 'value ' || i FROM n",
    )?;
    pair.database.run("UPDATE erp.t SET v = 'other' WHERE id = 77777")?;
    let told = told(&pair, 1, &["T", "erp.t"])?;
    ensure!(lines(&told) == ["id=77777|changed|v|value 77777|other"], "{told:#}");
    ensure!(told["differing_buckets"] == 1 && told["rows_sent"].as_u64() < Some(200), "{told:#}");
    Ok(())
}

#[test]
fn a_role_that_may_only_read_is_enough() -> Result<()> {
    let pair = loaded(PARTS)?;
    pair.database.run(
        "CREATE ROLE diff_reader LOGIN; CREATE ROLE diff_nobody LOGIN; GRANT USAGE ON SCHEMA erp TO diff_reader, diff_nobody;
         SELECT rsl.grant_access('diff_reader', 'read'); GRANT SELECT ON erp.part TO diff_reader;
         UPDATE erp.part SET qty = 0 WHERE part_no = 'A'",
    )?;
    let as_role = |role: &str| -> Result<Ended> {
        Ended::of(
            pair.rsl(&["diff", "PART", "erp.part"])?.env("RSL_DATABASE_URL", pair.database.url_as(role)),
        )
    };
    let ended = as_role("diff_reader")?;
    ensure!(ended.code == Some(1) && ended.stdout.contains("part_no=A: changed qty: 3 → 0"), "{ended:#?}");
    let message = as_role("diff_nobody")?.refusal()?;
    ensure!(message.contains("permission denied") && message.contains("grant_access"), "{message}");
    pair.database.run("REVOKE SELECT ON erp.part FROM diff_reader")?;
    let message = as_role("diff_reader")?.refusal()?;
    ensure!(message.contains("erp.part") && message.contains("GRANT SELECT"), "{message}");
    pair.database.run(&format!(
        "GRANT SELECT ON erp.part TO diff_reader; REVOKE TEMP ON DATABASE {} FROM PUBLIC",
        pair.database.name()
    ))?;
    let message = as_role("diff_reader")?.refusal()?;
    ensure!(
        message.contains("may not make temporary tables") && message.contains("GRANT TEMPORARY"),
        "{message}"
    );
    Ok(())
}

#[test]
fn a_standby_and_hidden_rows_are_refused() -> Result<()> {
    let cluster = Cluster::start(&Options::default())?;
    let pair = Pair::with(PARTS, cluster.database()?)?;
    pair.exact(&["--all"])?;
    pair.database.run(
        "CREATE ROLE diff_some LOGIN; GRANT USAGE ON SCHEMA erp TO diff_some; GRANT SELECT ON erp.part TO diff_some;
         SELECT rsl.grant_access('diff_some', 'read'); ALTER TABLE erp.part ENABLE ROW LEVEL SECURITY;
         CREATE POLICY few ON erp.part USING (qty < 5)",
    )?;
    let hidden = Ended::of(
        pair.rsl(&["diff", "PART", "erp.part"])?.env("RSL_DATABASE_URL", pair.database.url_as("diff_some")),
    )?
    .refusal()?;
    ensure!(hidden.contains("row security hides rows of erp.part"), "{hidden}");
    cluster.stop()?;
    fs::write(cluster.data().join("standby.signal"), "")?;
    cluster.start_again()?;
    pair.database.wait_for("SELECT pg_is_in_recovery()")?;
    let message = refused(&pair, &["PART", "erp.part"])?;
    ensure!(message.contains("the server is a standby") && message.contains("primary"), "{message}");
    Ok(())
}

#[test]
fn what_makes_no_sense_is_refused() -> Result<()> {
    let pair = loaded(PARTS)?;
    for (arguments, expected) in [
        (&["NOTHING", "erp.part"][..], "no table or view \"NOTHING\""),
        (&["PART", "erp.nothing"], "there is no table erp.nothing"),
        (&["PART", "erp.part", "--key", "colour"], "no column \"colour\""),
        (&["PART", "erp.part", "--where", "1 = 1) OR (1 = 1"], "--where is not one condition"),
        (&["PART", "erp.part", "--where", "nothing > 1"], "cannot read PART"),
        (
            &["PART", "erp.part", "--output", "/nowhere/at/all"],
            "cannot write the report to /nowhere/at/all: No such file or directory (os error 2)",
        ),
        (&["PART", "erp.part", "--encoding", "CP949"], "for SQL Server"),
    ] {
        let message = refused(&pair, arguments)?;
        ensure!(message.contains(expected), "{arguments:?}: {message}");
    }
    ensure!(refused(&pair, &["PART", "erp.nothing"])?.contains("rsl pull PART --into erp.nothing"));
    for arguments in
        [&["PART"][..], &["PART", "erp.part", "--limit", "0"], &["PART", "erp.part", "--jobs", "x"]]
    {
        ensure!(said(&pair, arguments)?.code == Some(2), "{arguments:?}");
    }
    let bare = Ended::of(pair.rsl(&["diff", "PART", "erp.part"])?.env_remove("RSL_SOURCE_URL"))?.refusal()?;
    ensure!(bare.contains("no source is named"), "{bare}");
    let empty = cluster::shared()?.empty_database()?;
    empty.run("CREATE SCHEMA erp; CREATE TABLE erp.part (part_no text)")?;
    let without = Ended::of(pair.rsl(&["diff", "PART", "erp.part"])?.env("RSL_DATABASE_URL", empty.url()))?
        .refusal()?;
    ensure!(without.contains("rsl init"), "{without}");
    Ok(())
}

#[tokio::test]
async fn what_changes_while_it_is_compared_is_never_called_equal() -> Result<()> {
    let pair = loaded(PARTS)?;
    pair.database.run("UPDATE erp.part SET qty = 0 WHERE part_no = 'A'")?;
    let gate = Gate::before("erp.part", &pair.database).await?;
    let running = Running::start(&mut pair.rsl(&["diff", "PART", "erp.held", "--key", "part_no"])?)?;
    gate.wait_for_program()?;
    // The five rows of the source are read at the same time.
    std::thread::sleep(std::time::Duration::from_secs(1));
    pair.edit("UPDATE PART SET QTY = 0 WHERE PART_NO = 'A'")?;
    gate.open().await?;
    let ended = running.wait()?;
    ensure!(ended.code == Some(1), "{ended:#?}");
    ensure!(
        ended.stdout.contains("changed while it was compared") && ended.stdout.contains("not proven"),
        "{ended:#?}"
    );
    ensure!(!ended.stdout.contains("equal:"), "{ended:#?}");
    told(&pair, 0, &["PART", "erp.part"])?;
    Ok(())
}

#[test]
fn a_key_that_stands_several_times_is_stated() -> Result<()> {
    let pair = loaded("CREATE TABLE T (K text, V int); INSERT INTO T VALUES ('a', 1), ('a', 2), ('b', 3)")?;
    told(&pair, 0, &["T", "erp.t", "--key", "K"])?;
    pair.database.run("UPDATE erp.t SET v = 9 WHERE v = 2")?;
    let told = told(&pair, 1, &["T", "erp.t", "--key", "K"])?;
    ensure!(lines(&told) == ["k=a|doubled|NULL|2|2"] && told["doubled"] == 1, "{told:#}");
    let ended = said(&pair, &["T", "erp.t", "--key", "K"])?;
    ensure!(
        ended.stdout.contains("k=a: doubled, stands 2 times in the source and 2 times in the table"),
        "{ended:#?}"
    );
    Ok(())
}

#[test]
fn an_enumeration_may_be_a_key_and_a_column() -> Result<()> {
    let pair = Pair::new(
        "CREATE TABLE T (K text NOT NULL PRIMARY KEY, S text); INSERT INTO T VALUES ('open', 'closed'), ('closed', 'open')",
    )?;
    pair.database.run("CREATE SCHEMA erp; CREATE TYPE erp.state AS ENUM ('open', 'closed'); CREATE TABLE erp.t (k erp.state PRIMARY KEY, s erp.state)")?;
    pair.exact(&["T"])?;
    told(&pair, 0, &["T", "erp.t"])?;
    pair.edit("UPDATE T SET S = 'unknown' WHERE K = 'open'")?;
    let told = told(&pair, 1, &["T", "erp.t"])?;
    ensure!(lines(&told) == ["k=open|changed|s|unknown|closed"], "{told:#}");
    Ok(())
}

#[test]
fn a_null_in_the_key_is_stated() -> Result<()> {
    let pair = loaded("CREATE TABLE T (K text, V int); INSERT INTO T VALUES ('a', 1), (NULL, 2)")?;
    let told = told(&pair, 0, &["T", "erp.t", "--key", "K"])?;
    ensure!(told["null_keys"] == serde_json::json!([1, 1]), "{told:#}");
    let ended = said(&pair, &["T", "erp.t", "--key", "k"])?;
    ensure!(
        ended.stdout.contains("the key has a NULL in 1 row of the source and 1 row of the table"),
        "{ended:#?}"
    );
    Ok(())
}

#[tokio::test]
async fn writers_of_the_table_do_not_disturb() -> Result<()> {
    let pair = loaded(
        "CREATE TABLE T (ID integer PRIMARY KEY, V text);
         WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 6000) INSERT INTO T SELECT i, 'value ' || i FROM n",
    )?;
    pair.database.run("UPDATE erp.t SET v = 'changed' WHERE id = 5")?;
    let gate = Gate::before("erp.t", &pair.database).await?;
    let mut diff = pair.rsl(&["diff", "T", "erp.held", "--key", "id", "--format", "json"])?;
    let running = Running::start(diff.env("RSL_LOG", "warn"))?;
    // From the moment of its snapshot on, others may write what they like.
    gate.wait_for_program()?;
    pair.database
        .run("UPDATE erp.t SET v = 'written meanwhile' WHERE id > 3000; DELETE FROM erp.t WHERE id < 100")?;
    gate.open().await?;
    let ended = running.wait()?;
    let told: Value = serde_json::from_str(&ended.stdout)?;
    ensure!(ended.code == Some(1) && lines(&told) == ["id=5|changed|v|value 5|changed"], "{ended:#?}");
    Ok(())
}

#[tokio::test]
async fn a_lost_connection_is_a_failure() -> Result<()> {
    let pair = loaded(PARTS)?;
    let gate = Gate::before("erp.part", &pair.database).await?;
    let arguments = ["diff", "PART", "erp.held", "--key", "part_no"];
    let running = Running::start(&mut pair.rsl(&arguments)?)?;
    gate.wait_for_program()?;
    pair.database.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'rsl'")?;
    let message = running.wait()?.refusal()?;
    ensure!(message.contains("run it again"), "{message}");
    ensure!(!message.contains("equal"), "{message}");
    let interrupted = Running::start(&mut pair.rsl(&arguments)?)?;
    gate.wait_for_program()?;
    interrupted.signal("INT")?;
    let ended = interrupted.wait()?;
    ensure!(ended.code == Some(130) && ended.stderr.contains("interrupted"), "{ended:#?}");
    Ok(())
}

/// `rsl diff` from a SQL Server, in JSON, which must end with this exit code and verdict.
fn told_by(erp: &Erp, code: i32, verdict: &str, arguments: &[&str]) -> Result<Value> {
    let ended = Ended::of(erp.rsl(&["diff"])?.args(arguments).args(["--format", "json"]))?;
    ensure!(ended.code == Some(code), "diff {arguments:?}: {ended:#?}");
    let told: Value = serde_json::from_str(&ended.stdout).context("the report is not JSON")?;
    ensure!(told["verdict"] == verdict, "diff {arguments:?}: {told:#}");
    Ok(told)
}

const TYPES: &str = "CREATE TABLE T (id int NOT NULL PRIMARY KEY, c_bit bit, c_tiny tinyint, c_small smallint, c_big bigint, c_dec decimal(18,4), c_num numeric(38,10),
        c_whole decimal(20,0), c_money money, c_smallmoney smallmoney, c_date date, c_time0 time(0), c_time time(6), c_datetime datetime, c_small_dt smalldatetime, c_dt0 datetime2(0),
        c_dt3 datetime2(3), c_dt datetime2(7), c_offset datetimeoffset(3), c_guid uniqueidentifier, c_char char(6) COLLATE Korean_Wansung_CI_AS,
        c_varchar varchar(20) COLLATE Korean_Wansung_CI_AS, c_nchar nchar(5), c_nvarchar nvarchar(20), c_max nvarchar(max), c_vmax varchar(max), c_bin binary(4), c_varbin varbinary(10), c_binmax varbinary(max));
    INSERT INTO T VALUES (1, 1, 255, -32768, -9223372036854775808, -0.0500, 1.0000000001, 12345678901234567890, 922337203685477.5807, -0.01, '2024-02-29', '23:59:59', '00:00:00.000001',
        '2024-01-02T03:04:05.123', '2024-01-02T03:04:00', '1999-12-31T23:59:59', '2024-01-02T03:04:05.120', '0001-01-01T00:00:00.1234560', '2024-01-02T03:04:05.120+09:00',
        '6F9619FF-8B86-D011-B42D-00C04FC964FF', '가', N'벨로우즈 씰', N'나', N'🔧 a ', N'긴 글', 'long', 0x00FF, 0x, 0x0102);
    INSERT INTO T (id) VALUES (2);
    INSERT INTO T VALUES (3, 0, 0, 0, 0, 0, 0, 0, 0, 0, '1753-01-01', '00:00', '23:59:59.999999', '1900-01-01T00:00:00.997', '1900-01-01', '9999-12-31', '9999-12-31T23:59:59.999',
        '9999-12-31T23:59:59.9999990', '0001-01-02T00:00:00.000-03:30', '00000000-0000-0000-0000-000000000000', '', '', '', '', '', '', 0x, 0x00, 0x);";

#[test]
fn a_sql_server_and_the_extension_compute_the_same_of_every_type() -> Result<()> {
    let erp = Erp::new(TYPES)?;
    let pulled = Ended::of(erp.rsl(&["pull"])?.args(["T"]))?;
    ensure!(pulled.code == Some(0), "{pulled:#?}");
    let told = told_by(&erp, 0, "equal", &["T", "erp.t"])?;
    ensure!(
        told["way"]["hashed_by"] == "source" && told["rows_read"] == 0 && told["source_rows"] == 3,
        "{told:#}"
    );
    // Each column alone, so that none hides behind another.
    let columns = erp.database.rows(
        "SELECT attname FROM pg_attribute WHERE attrelid = 'erp.t'::regclass AND attnum > 1 ORDER BY attnum",
    )?;
    for column in columns.lines() {
        let value = "CASE pg_typeof(v)::text WHEN 'boolean' THEN 'false' WHEN 'bytea' THEN '\\x07' WHEN 'uuid' THEN '6f9619ff-8b86-d011-b42d-00c04fc964fe' WHEN 'date' THEN '2024-02-28'
            WHEN 'time without time zone' THEN '23:59:58' WHEN 'timestamp without time zone' THEN '2024-01-02 03:04:06' WHEN 'timestamp with time zone' THEN '2024-01-02 03:04:05.120+00'
            WHEN 'character varying' THEN 'x' WHEN 'text' THEN 'x' ELSE '7' END";
        let ty = erp.database.value(&format!("SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 'erp.t'::regclass AND attname = '{column}'"))?;
        let value = value.replace("v)", &format!("{column})"));
        erp.database.run(&format!(
            "CREATE TABLE kept AS TABLE erp.t; UPDATE erp.t SET {column} = ({value})::{ty} WHERE id = 1"
        ))?;
        let told = told_by(&erp, 1, "different", &["T", "erp.t"])?;
        let lines = lines(&told);
        ensure!(
            lines.len() == 1 && lines[0].starts_with(&format!("id=1|changed|{column}|")),
            "{column}: {told:#}"
        );
        ensure!(told["way"]["hashed_by"] == "source" && told["rows_read"] == 1, "{column}: {told:#}");
        erp.database.run("TRUNCATE erp.t; INSERT INTO erp.t SELECT * FROM kept; DROP TABLE kept")?;
    }
    erp.assert_only_read()
}

#[test]
fn one_changed_row_is_found_without_moving_the_others() -> Result<()> {
    use tds_server::answer::SqlValue;
    let erp = Erp::new(
        "CREATE TABLE T (CODE nvarchar(20) NOT NULL, SEQ int NOT NULL, QTY decimal(12,3), NAME varchar(30) COLLATE Korean_Wansung_CI_AS, PRIMARY KEY (CODE, SEQ))",
    )?;
    let wide = |text: &str| SqlValue::Wide(text.encode_utf16().collect());
    erp.insert(
        "T",
        (0..20_000i64).map(|n| {
            vec![
                wide(&format!("품목{}", n / 10)),
                SqlValue::Int(n % 10),
                SqlValue::Decimal(i128::from(n) * 7),
                SqlValue::Bytes(format!("n{n}").into_bytes()),
            ]
        }),
    )?;
    ensure!(erp.pull(&["T"])?.code == Some(0));
    erp.database.run("UPDATE erp.t SET qty = qty + 0.001 WHERE code = '품목77' AND seq = 5; DELETE FROM erp.t WHERE code = '품목5' AND seq = 1; INSERT INTO erp.t VALUES ('새', 1)")?;
    let told = told_by(&erp, 1, "different", &["T", "erp.t"])?;
    ensure!(told["way"]["hashed_by"] == "source", "{told:#}");
    ensure!(
        told["rows_read"].as_u64() < Some(500) && told["differing_buckets"].as_u64() <= Some(3),
        "{told:#}"
    );
    ensure!(
        (told["missing"].as_u64(), told["extra"].as_u64(), told["changed"].as_u64())
            == (Some(1), Some(1), Some(1)),
        "{told:#}"
    );
    let filtered = told_by(&erp, 1, "different", &["T", "erp.t", "--where", "SEQ <> 1", "--limit", "3"])?;
    ensure!(filtered["extra"] == 2000 && filtered["changed"] == 1, "{filtered:#}");
    // Only what was asked for has left the server.
    let asked = erp.server.statements();
    ensure!(asked.iter().any(|sql| sql.contains("HASHBYTES")), "{asked:?}");
    erp.assert_only_read()
}

#[test]
fn a_type_without_a_common_form_is_read_as_a_whole_and_said_so() -> Result<()> {
    let erp = Erp::new(
        "CREATE TABLE T (ID int NOT NULL PRIMARY KEY, W float, NAME varchar(20) COLLATE Korean_Wansung_CI_AS); INSERT INTO T VALUES (1, 0.1, N'가'), (2, 1e300, N'나'); CREATE TABLE U (ID int NOT NULL PRIMARY KEY, NAME varchar(20) COLLATE Korean_Wansung_CI_AS); INSERT INTO U VALUES (1, N'가'), (2, N'나')",
    )?;
    ensure!(erp.pull(&["T"])?.code == Some(0));
    let told = told_by(&erp, 0, "equal", &["T", "erp.t"])?;
    ensure!(
        told["way"]["hashed_by"] == "program"
            && told["way"]["why"].as_str().is_some_and(|why| why.contains("W is float")),
        "{told:#}"
    );
    erp.database.run(
        "UPDATE erp.t SET w = 0.1::float8 + 1e-17 * 2 WHERE id = 1; UPDATE erp.t SET w = 1e299 WHERE id = 2",
    )?;
    let told = told_by(&erp, 1, "different", &["T", "erp.t", "--jobs", "2"])?;
    ensure!(told["changed"].as_u64() >= Some(1), "{told:#}");
    ensure!(erp.pull(&["U"])?.code == Some(0));
    let told = told_by(&erp, 0, "equal", &["U", "erp.u", "--encoding", "CP949"])?;
    ensure!(told["way"]["hashed_by"] == "program", "{told:#}");
    let told = told_by(&erp, 0, "equal", &["U", "erp.u"])?;
    ensure!(told["way"]["hashed_by"] == "source", "{told:#}");
    let without_key = told_by(&erp, 0, "equal", &["U", "erp.u", "--key", "NAME"])?;
    ensure!(without_key["key"] == serde_json::json!(["name"]), "{without_key:#}");
    Ok(())
}

#[test]
fn a_table_without_a_key_is_compared_by_the_source_too() -> Result<()> {
    let erp = Erp::new(
        "CREATE TABLE LOG (N int, T nvarchar(max)); INSERT INTO LOG VALUES (1, N'a'), (1, N'a'), (NULL, NULL), (2, N'b')",
    )?;
    ensure!(erp.pull(&["LOG"])?.code == Some(0));
    let told = told_by(&erp, 0, "equal", &["LOG", "erp.log"])?;
    ensure!(told["way"]["hashed_by"] == "source" && told["key"] == serde_json::json!([]), "{told:#}");
    erp.database.run("DELETE FROM erp.log WHERE ctid = (SELECT min(ctid) FROM erp.log WHERE n = 1); UPDATE erp.log SET t = '' WHERE t IS NULL")?;
    let told = told_by(&erp, 1, "different", &["LOG", "erp.log"])?;
    ensure!(told["missing"] == 2 && told["extra"] == 1 && told["rows_read"].as_u64() <= Some(3), "{told:#}");
    Ok(())
}
