//! `rsl verify --source`: targets that were loaded are compared with their source, and nothing is loaded.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rsl_tests::erp::{Erp, PASSWORD};
use rsl_tests::pair::Pair;
use rsl_tests::program::{self, Ended};
use serde_json::{Value, json};
use tds_server::answer::SqlValue;
use tds_server::faults::{Action, Fault, Phase};

const PARTS: &str = "CREATE TABLE PART (PART_NO nvarchar(10) NOT NULL PRIMARY KEY, NAME nvarchar(20), WEIGHT decimal(10,3), COUNT int NOT NULL);
    INSERT INTO PART VALUES ('A', '너트', 1.5, 3), ('B', 'bolt ', -0.125, 4), ('C', NULL, NULL, 5);
    CREATE VIEW HEAVY AS SELECT * FROM PART WHERE WEIGHT > 1;";

fn verify(pair: &Pair, arguments: &[&str]) -> Result<Ended> {
    Ended::of(pair.rsl(&["verify", "--source", &pair.source_url()])?.args(arguments))
}

fn json_of(ended: &Ended) -> Result<Value> {
    serde_json::from_str(&ended.stdout).with_context(|| format!("{ended:#?}"))
}

#[test]
fn what_was_loaded_agrees_until_either_side_changes() -> Result<()> {
    let pair = Pair::new(PARTS)?;
    let none = verify(&pair, &[])?.refusal()?;
    ensure!(none.contains("no table was loaded from") && none.contains("--into"), "{none}");
    pair.exact(&["PART", "HEAVY"])?;
    for quick in [&[][..], &["--quick"]] {
        let ended = verify(&pair, quick)?;
        ensure!(ended.code == Some(0), "{ended:#?}");
        ensure!(ended.stdout.contains("2 of 2 tables agree"), "{ended:#?}");
    }
    let report = json_of(&verify(&pair, &["part", "--format", "json"])?)?;
    let table = &report["tables"][0];
    ensure!(
        table["status"] == "agrees"
            && table["digests"] == true
            && table["source_rows"] == 3
            && table["target_rows"] == 3,
        "{report:#}"
    );
    ensure!(
        table["compared"] == json!({"columns": 4, "nulls": 4, "sums": 2, "ends": 2, "lengths": 2}),
        "{report:#}"
    );

    // A sum, a NULL, a row.
    let state = "SELECT rsl.table_digest('erp.part'), (SELECT count(*) FROM rsl.load)";
    for (change, lines) in [
        (
            "UPDATE erp.part SET weight = 1.501 WHERE part_no = 'A'",
            &[
                "column \"weight\": sum 1.375 by the source's own account, 1.376 in the target",
                "column \"weight\": largest value 1.5 by the source's own account, 1.501 in the target",
            ][..],
        ),
        (
            "UPDATE erp.part SET name = '' WHERE part_no = 'C'",
            &["column \"name\": NULLs 1 by the source's own account, 0 in the target"],
        ),
        (
            "UPDATE erp.part SET name = name || ' ' WHERE part_no = 'B'",
            &["column \"name\": length 7 by the source's own account, 8 in the target"],
        ),
        (
            "DELETE FROM erp.part WHERE part_no = 'B'",
            &["3 rows by the source's own account, 2 in the target"],
        ),
    ] {
        pair.database.run(&format!("CREATE TABLE kept AS TABLE erp.part; {change}"))?;
        let before = pair.database.value(state)?;
        for quick in [&["PART"][..], &["PART", "--quick"]] {
            let ended = verify(&pair, quick)?;
            ensure!(ended.code == Some(1), "{change}: {ended:#?}");
            for line in lines {
                ensure!(ended.stdout.contains(line), "{change}: {line} is not in {}", ended.stdout);
            }
            ensure!(ended.stdout.contains("hint: rsl diff --source"), "{ended:#?}");
        }
        ensure!(pair.database.value(state)? == before, "something was written");
        pair.database.run("DELETE FROM erp.part; INSERT INTO erp.part TABLE kept; DROP TABLE kept")?;
    }
    // Two values swapped between rows change no figure that a source has, and every digest.
    pair.database.run("UPDATE erp.part SET count = 7 - count WHERE part_no IN ('A', 'B')")?;
    ensure!(verify(&pair, &["PART", "--quick"])?.code == Some(0));
    let ended = verify(&pair, &["PART"])?;
    ensure!(
        ended.code == Some(1) && ended.stdout.contains("not which of them stand in one row"),
        "{ended:#?}"
    );
    pair.database.run("UPDATE erp.part SET count = 7 - count WHERE part_no IN ('A', 'B')")?;
    pair.edit("UPDATE PART SET COUNT = 6 WHERE PART_NO = 'C'")?;
    let ended = verify(&pair, &["--quick"])?;
    ensure!(ended.code == Some(1) && ended.stdout.contains("1 of 2 tables agree"), "{ended:#?}");
    Ok(())
}

#[test]
fn a_table_that_is_gone_does_not_keep_the_others_from_being_compared() -> Result<()> {
    let pair = Pair::new(PARTS)?;
    pair.exact(&["PART", "HEAVY"])?;
    pair.database.run("DROP TABLE erp.heavy")?;
    let output = pair.folder().join("nightly.json");
    let mut command = pair.rsl(&["verify", "--source", "-", "--output"])?;
    let ended = Ended::of(command.arg(&output))?;
    ensure!(ended.code == Some(2), "{ended:#?}");
    ensure!(
        ended.stdout.contains("there is no table erp.heavy") && ended.stdout.contains("1 of 2 tables agree"),
        "{ended:#?}"
    );
    let report: Value = serde_json::from_str(&std::fs::read_to_string(output)?)?;
    let status: Vec<_> =
        report["tables"].as_array().into_iter().flatten().map(|t| t["status"].clone()).collect();
    ensure!(status == ["failed", "agrees"], "{report:#}");
    let unknown = verify(&pair, &["NOWHERE"])?.refusal()?;
    ensure!(unknown.contains("no table or view \"NOWHERE\""), "{unknown}");
    ensure!(Ended::of(&mut pair.rsl(&["verify", "a", "b"])?)?.refusal()?.contains("more than one scope"));
    Ok(())
}

#[test]
fn the_rows_that_a_load_has_taken_are_the_rows_that_are_compared() -> Result<()> {
    let pair = Pair::new(PARTS)?;
    pair.exact(&["PART", "--where", "COUNT > 3", "--into", "stock.few"])?;
    let ended = verify(&pair, &[])?;
    ensure!(
        ended.code == Some(0)
            && ended.stdout.contains("only the rows of the source that its load has taken: COUNT > 3"),
        "{ended:#?}"
    );
    // Rows that the source has no longer stay in a target that is appended to.
    pair.edit("DELETE FROM PART WHERE PART_NO = 'C'")?;
    let ended = verify(&pair, &[])?;
    ensure!(ended.code == Some(1) && ended.stdout.contains("mode append, which keeps rows"), "{ended:#?}");
    // A target that was filled otherwise.
    pair.database.run(
        "CREATE TABLE stock.by_hand (part_no text, name text, weight numeric, count bigint);
        INSERT INTO stock.by_hand VALUES ('A', '너트', 1.50, 3), ('B', 'bolt ', -0.125, 4)",
    )?;
    let ended = verify(&pair, &["PART", "--into", "stock.by_hand"])?;
    ensure!(ended.code == Some(0), "{ended:#?}");
    Ok(())
}

#[test]
fn a_load_with_rejects_is_compared_as_it_was_made() -> Result<()> {
    let pair = Pair::new(
        "CREATE TABLE T (ID integer PRIMARY KEY, Q integer); INSERT INTO T VALUES (1, 1), (2, 70000), (3, 3), (4, 4)",
    )?;
    pair.database.run("CREATE SCHEMA erp; CREATE TABLE erp.t (id int PRIMARY KEY, q smallint)")?;
    let pulled = pair.ended(&["T", "--max-rejects", "1", "--where", "ID < 4"])?;
    ensure!(pulled.code == Some(1) && pulled.stdout.contains("exact but for 1 reject"), "{pulled:#?}");
    let ended = verify(&pair, &[])?;
    ensure!(ended.code == Some(1), "{ended:#?}");
    for words in
        ["3 rows in the source, 2 in the target", "load 1 has left out 1 rejected row", "has taken: ID < 4"]
    {
        ensure!(ended.stdout.contains(words), "{words}: {ended:#?}");
    }
    // Mended and retried, all of it agrees; a row that is lost then is seen.
    pair.edit("UPDATE T SET Q = 2 WHERE ID = 2")?;
    let retried = Ended::of(&mut pair.pull(&["--retry-rejects", "1"])?)?;
    ensure!(retried.code == Some(0), "{retried:#?}");
    let ended = verify(&pair, &[])?;
    ensure!(ended.code == Some(0), "{ended:#?}");
    pair.database.run("DELETE FROM erp.t WHERE id = 3")?;
    ensure!(verify(&pair, &[])?.code == Some(1), "a row is gone");
    Ok(())
}

#[test]
fn the_command_that_is_hinted_at_can_be_run() -> Result<()> {
    let pair = Pair::new(
        "CREATE TABLE B_UP (Id integer PRIMARY KEY, T text); INSERT INTO B_UP VALUES (1, 'it''s'), (2, 'b')",
    )?;
    pair.exact(&["B_UP", "--names", "keep", "--where", "T <> 'x'"])?;
    pair.database.run("UPDATE erp.\"B_UP\" SET \"T\" = 'zz' WHERE \"Id\" = 2")?;
    let ended = verify(&pair, &["B_UP"])?;
    let hinted = r#"rsl diff --source URL '--where=T <> '\''x'\''' B_UP 'erp."B_UP"' shows"#;
    ensure!(ended.code == Some(1) && ended.stdout.contains(hinted), "{ended:#?}");
    let told = Ended::of(&mut pair.rsl(&["diff", "--where=T <> 'x'", "B_UP", r#"erp."B_UP""#])?)?;
    ensure!(told.code == Some(1) && told.stdout.contains("Id=2: changed T: b → zz"), "{told:#?}");
    let unquoted = Ended::of(&mut pair.rsl(&["diff", "B_UP", "erp.B_UP"])?)?.refusal()?;
    ensure!(unquoted.contains("there is no table erp.B_UP") && !unquoted.contains("rsl pull"), "{unquoted}");
    // A name that looks like an option.
    pair.edit("CREATE TABLE \"-x\" (ID integer PRIMARY KEY); INSERT INTO \"-x\" VALUES (1)")?;
    pair.exact(&["--all", "--include=-x"])?;
    pair.database.run("DELETE FROM erp.\"-x\"")?;
    let ended = verify(&pair, &["--", "-x"])?;
    ensure!(
        ended.code == Some(1) && ended.stdout.contains(r#"rsl diff --source URL -- -x 'erp."-x"' shows"#),
        "{ended:#?}"
    );
    Ok(())
}

#[test]
fn rows_that_are_hidden_from_the_role_do_not_agree() -> Result<()> {
    let pair = Pair::new(PARTS)?;
    pair.exact(&["PART"])?;
    let role = format!("half_blind_{}", pair.database.name());
    // What the role may see is what the source has; of the row more it knows nothing.
    pair.database.run(&format!(
        "CREATE ROLE {role} LOGIN; SELECT rsl.grant_access('{role}', 'read'); GRANT USAGE ON SCHEMA erp TO {role}; GRANT SELECT ON erp.part TO {role};
         INSERT INTO erp.part (part_no, count) VALUES ('Z', 1); ALTER TABLE erp.part ENABLE ROW LEVEL SECURITY;
         CREATE POLICY p ON erp.part FOR SELECT USING (part_no <> 'Z')"
    ))?;
    for quick in [&[][..], &["--quick"]] {
        let mut command = pair.rsl(&["verify", "--source", &pair.source_url()])?;
        let ended = Ended::of(command.args(quick).env("RSL_DATABASE_URL", pair.database.url_as(&role)))?;
        ensure!(
            ended.code == Some(2)
                && ended.stdout.contains(&format!("row security hides rows of erp.part from role {role}"))
                && ended.stdout.contains("BYPASSRLS"),
            "{ended:#?}"
        );
    }
    Ok(())
}

#[test]
fn a_column_that_is_gone_from_the_source_is_a_difference() -> Result<()> {
    let pair = Pair::new(PARTS)?;
    pair.exact(&["PART"])?;
    pair.edit("DROP VIEW HEAVY; ALTER TABLE PART DROP COLUMN WEIGHT")?;
    for quick in [&[][..], &["--quick"]] {
        let ended = verify(&pair, quick)?;
        let line = "column \"weight\", which load 1 brought, is not in the source any more";
        ensure!(ended.code == Some(1) && ended.stdout.contains(line), "{ended:#?}");
        ensure!(ended.stdout.contains("0 of 1 table agree"), "{ended:#?}");
    }
    Ok(())
}

/// A role that may load, with everything in schema erp.
fn loader(pair: &Pair, name: &str) -> Result<String> {
    let role = format!("{name}_{}", pair.database.name());
    pair.database.run(&format!(
        "CREATE ROLE {role} LOGIN; SELECT rsl.grant_access('{role}', 'load'); CREATE SCHEMA IF NOT EXISTS erp; GRANT ALL ON SCHEMA erp TO {role}"
    ))?;
    Ok(role)
}

#[test]
fn a_condition_that_another_role_wrote_is_not_sent_to_the_source() -> Result<()> {
    let pair = Pair::new(
        "CREATE TABLE T (ID integer PRIMARY KEY, Q integer); INSERT INTO T VALUES (1, 1), (2, 70000), (3, 3)",
    )?;
    let (author, other) = (loader(&pair, "author")?, loader(&pair, "other")?);
    pair.database.run(&format!(
        "CREATE TABLE erp.t (id int PRIMARY KEY, q smallint); ALTER TABLE erp.t OWNER TO {author}; GRANT SELECT ON erp.t TO {other}"
    ))?;
    let run = |role: &str, arguments: &[&str]| -> Result<Ended> {
        Ended::of(pair.rsl(arguments)?.env("RSL_DATABASE_URL", pair.database.url_as(role)))
    };
    let pulled = run(&author, &["pull", "T", "--where", "ID < 3", "--max-rejects", "1"])?;
    ensure!(pulled.code == Some(1), "{pulled:#?}");
    let verify = ["verify", "--source", "-", "--format", "json"];
    let says = |role: &str, code: i32| -> Result<String> {
        let ended = run(role, &verify)?;
        ensure!(ended.code == Some(code), "{role}: {ended:#?}");
        Ok(ended.stdout)
    };
    let refused =
        format!("the condition of run 1 was written by role {author}: it is not sent to the source");
    // A superuser is a member of every role: that it trusts them does not follow.
    for role in [other.as_str(), "postgres"] {
        let said = says(role, 2)?;
        ensure!(said.contains(&refused) && said.contains("rsl diff and a --where of your own"), "{said}");
        let message = run(role, &["pull", "--retry-rejects", "1"])?.refusal()?;
        ensure!(message.contains(&refused), "{message}");
    }
    ensure!(says(&author, 1)?.contains("ID < 3"));
    pair.database.run(&format!("GRANT {author} TO {other}"))?;
    ensure!(says(&other, 1)?.contains("ID < 3"));
    // A pull that broke off is no other: a superuser may go on with it, but not with its condition.
    pair.database.run(
        "INSERT INTO rsl.run (source, options, started_by, environment) SELECT source, options, started_by, '{}' FROM rsl.run",
    )?;
    let message = run("postgres", &["pull", "--resume"])?.refusal()?;
    ensure!(message.contains("the condition of run 2 was written by role"), "{message}");
    ensure!(message.contains("begin a new pull with --where"), "{message}");
    // A superuser's own, and another superuser's.
    let boss = format!("boss_{}", pair.database.name());
    pair.database
        .run(&format!("CREATE ROLE {boss} LOGIN SUPERUSER; UPDATE rsl.run SET started_by = '{boss}'"))?;
    ensure!(says("postgres", 1)?.contains("ID < 3"));
    Ok(())
}

#[test]
fn whoever_may_only_read_may_verify() -> Result<()> {
    let pair = Pair::new(PARTS)?;
    pair.exact(&["PART", "HEAVY"])?;
    let role = format!("night_{}", pair.database.name());
    pair.database.run(&format!(
        "CREATE ROLE {role} LOGIN; SELECT rsl.grant_access('{role}', 'read'); GRANT USAGE ON SCHEMA erp TO {role}; GRANT SELECT ON erp.part TO {role}"
    ))?;
    let run = |arguments: &[&str]| -> Result<Ended> {
        let mut command = pair.rsl(&["verify", "--source", &pair.source_url()])?;
        Ended::of(command.args(arguments).env("RSL_DATABASE_URL", pair.database.url_as(&role)))
    };
    let ended = run(&["PART"])?;
    ensure!(ended.code == Some(0), "{ended:#?}");
    let ended = run(&[])?;
    ensure!(
        ended.code == Some(2)
            && ended.stdout.contains(&format!("role {role} may not read erp.heavy; hint: "))
            && ended.stdout.contains("GRANT USAGE ON SCHEMA \"erp\", for GRANT SELECT ON \"erp\".\"heavy\""),
        "{ended:#?}"
    );
    Ok(())
}

#[test]
fn a_sql_server_is_compared_by_several_readers_and_what_changes_meanwhile_is_said() -> Result<()> {
    if Erp::is_real() {
        return Ok(());
    }
    let erp = Erp::new(
        "CREATE TABLE T (ID int NOT NULL PRIMARY KEY, QTY decimal(18,4) NOT NULL, NAME nvarchar(20) NOT NULL)",
    )?;
    let row = |id: i64| {
        vec![
            SqlValue::Int(id),
            SqlValue::Decimal(id.into()),
            SqlValue::Wide(format!("볼트 {id}").encode_utf16().collect()),
        ]
    };
    erp.engine.insert("dbo.T", (1..=60_000).map(row))?;
    erp.exact(&["T"])?;
    let verify = |arguments: &[&str]| -> Result<Ended> {
        let mut command = program::rsl(erp.folder())?;
        command.env("RSL_DATABASE_URL", erp.database.url()).env("MSSQL_PASSWORD", PASSWORD).args([
            "verify",
            "--source",
            &erp.source_url("trust_cert=true"),
            "--format",
            "json",
        ]);
        Ended::of(command.args(arguments))
    };
    let before = erp.server.statements().len();
    let ended = verify(&["--jobs", "4"])?;
    ensure!(ended.code == Some(0), "{ended:#?}");
    ensure!(
        erp.server.statements()[before..].iter().filter(|sql| sql.contains("ORDER BY t.[ID];")).count() > 1,
        "one part"
    );
    // No row is moved by a quick look.
    let before = erp.server.statements().len();
    let ended = verify(&["--quick"])?;
    ensure!(ended.code == Some(0), "{ended:#?}");
    ensure!(erp.server.statements()[before..].iter().all(|sql| !sql.contains("ORDER BY t.[ID]")));
    ensure!(
        json_of(&ended)?["tables"][0]["compared"]
            == json!({"columns": 3, "nulls": 3, "sums": 2, "ends": 2, "lengths": 1})
    );
    // A driver that decodes wrongly is none of the target's faults.
    erp.server
        .faults()
        .arm(Fault::new(Phase::Row(9), Action::Alter { column: 1 }).matching("ORDER BY t.[ID]"));
    let ended = verify(&[])?;
    ensure!(
        ended.code == Some(1)
            && ended.stdout.contains("what was read is not what the source says that it holds"),
        "{ended:#?}"
    );

    // While it is read, somebody changes the target, then the source.
    erp.database.run("UPDATE erp.t SET qty = qty + 1 WHERE id = 1")?;
    for (place, words) in [
        ("target", "the target was written to meanwhile"),
        ("source", "the source changed while it was read"),
    ] {
        let slow = Fault::new(Phase::Row(10_000), Action::Delay(Duration::from_secs(3)));
        erp.server.faults().arm(slow.matching("ORDER BY t.[ID]"));
        let (engine, database, faults) = (erp.engine.clone(), erp.database.clone(), erp.server.faults());
        let happened = faults.happened();
        let changer = std::thread::spawn(move || -> Result<()> {
            while faults.happened() == happened {
                std::thread::sleep(Duration::from_millis(5));
            }
            match place {
                "target" => {
                    // The first look at the target has surely ended.
                    std::thread::sleep(Duration::from_secs(1));
                    database.run("UPDATE erp.t SET qty = qty + 1 WHERE id = 2")
                }
                _ => Ok(engine.script("UPDATE T SET QTY += 1 WHERE ID = 59999;")?),
            }
        });
        let ended = verify(&[])?;
        changer.join().ok().context("the changer panicked")??;
        let report = json_of(&ended)?;
        ensure!(ended.code == Some(1) && report["tables"][0]["status"] == "unproven", "{place}: {ended:#?}");
        ensure!(ended.stdout.contains(words), "{place}: {report:#}");
    }
    erp.assert_only_read()
}
