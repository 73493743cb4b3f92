//! `rsl audit` and `rsl history` as a user runs them.

use anyhow::{Context, Result, ensure};
use rsl_tests::pair::Pair;
use rsl_tests::program::Ended;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const TABLES: &str = "CREATE SCHEMA erp;
    CREATE TABLE erp.item (code varchar(10) PRIMARY KEY, name text, price numeric(10,2), secret text);
    CREATE TABLE erp.routing (item_cd text, seq int, qty numeric, PRIMARY KEY (item_cd, seq));
    CREATE TABLE erp.log (n int, what text);";

fn pair() -> Result<Pair> {
    // No source is needed.
    let pair = Pair::new("")?;
    pair.database.run(TABLES)?;
    Ok(pair)
}

fn run(pair: &Pair, arguments: &[&str]) -> Result<Ended> {
    Ended::of(&mut pair.rsl(arguments)?)
}

/// What a command says that must end with this exit code and nothing on standard error.
fn says(pair: &Pair, code: i32, arguments: &[&str]) -> Result<String> {
    let ended = run(pair, arguments)?;
    ensure!(ended.code == Some(code) && ended.stderr.is_empty(), "{arguments:?}: {ended:#?}");
    Ok(ended.stdout)
}

fn json_of(pair: &Pair, code: i32, arguments: &[&str]) -> Result<Value> {
    let said = says(pair, code, &[arguments, &["--format", "json"]].concat())?;
    serde_json::from_str(&said).with_context(|| said)
}

/// Waits until all is sealed: a seal leaves out what began after a transaction that is under way, which may be of another test.
fn seal_all(pair: &Pair) -> Result<()> {
    pair.database.wait_for(
        "SELECT rsl.audit_seal() \\g /dev/null
         SELECT NOT EXISTS (SELECT FROM rsl.audit_block WHERE txid >= (SELECT coalesce(max(txid_until), 0) FROM rsl.audit_seal))",
    )
}

#[test]
fn on_and_off_as_often_as_one_likes() -> Result<()> {
    let pair = pair()?;
    let said = says(&pair, 0, &["audit", "on", "erp.item", "--exclude", "secret"])?;
    ensure!(said == "erp.item: audited from now on; rows are known by code, without secret\n", "{said}");
    let said = says(&pair, 0, &["audit", "on", "item", "--exclude", "secret"])?;
    ensure!(said == "erp.item: was audited already; rows are known by code, without secret\n", "{said}");
    let said = json_of(&pair, 0, &["audit", "on", "erp.log", "--key", "n,what"])?;
    ensure!(
        said == json!({"table": "erp.log", "audited": true, "new": true, "key": ["n", "what"], "exclude": []}),
        "{said}"
    );
    for (arguments, words) in [
        (&["on", "erp.item"][..], &["audited with other settings", "Excluded", "hint: "][..]),
        (&["on", "erp.nothing"], &["there is no table erp.nothing", "hint: "]),
        (&["on", "a.b.c.d"], &["hint: "]),
        (
            &["on", "erp.routing", "--key", "nothing"],
            &["column \"nothing\" of erp.routing does not exist", "hint: "],
        ),
        (&["on", "erp.routing", "--exclude", "seq"], &["belongs to the key"]),
        (&["off", "nowhere"], &["there is no table nowhere", "hint: "]),
    ] {
        let said = run(&pair, &[&["audit"], arguments].concat())?;
        let message = said.stderr.to_lowercase();
        ensure!(said.code == Some(2), "{said:#?}");
        for word in words {
            ensure!(message.contains(&word.to_lowercase()), "{word}: {said:#?}");
        }
    }
    let said = says(&pair, 0, &["audit", "off", "erp.log"])?;
    ensure!(said == "erp.log: not audited any more; what is in the log stays there\n", "{said}");
    ensure!(
        json_of(&pair, 0, &["audit", "off", "erp.log"])?
            == json!({"table": "erp.log", "audited": false, "new": false})
    );
    Ok(())
}

#[test]
fn who_may_not_is_told_whom_to_ask() -> Result<()> {
    let pair = pair()?;
    pair.database.run("CREATE ROLE audit_reader LOGIN; SELECT rsl.grant_access('audit_reader', 'read'); GRANT USAGE ON SCHEMA erp TO audit_reader;
         SELECT rsl.audit_on('erp.item'); INSERT INTO erp.item VALUES ('A')")?;
    let url = pair.database.url_as("audit_reader");
    for arguments in [
        &["audit", "on", "erp.item"][..],
        &["audit", "off", "erp.item"],
        &["audit", "check"],
        &["audit", "seal"],
        &["audit", "status"],
        &["history", "erp.item", "A"],
    ] {
        let said = Ended::of(pair.rsl(arguments)?.env("RSL_DATABASE_URL", &url))?.refusal()?;
        ensure!(
            said.contains("permission denied") && said.contains("rsl.grant_access(your role, 'audit')"),
            "{said}"
        );
    }
    let said =
        Ended::of(pair.rsl(&["audit", "prune", "--older-than", "1 year"])?.env("RSL_DATABASE_URL", &url))?
            .refusal()?;
    ensure!(
        said.contains("permission denied") && said.contains("hint: only the owner of the extension"),
        "{said}"
    );
    Ok(())
}

#[test]
fn the_history_of_a_row_by_each_way_to_write_its_key() -> Result<()> {
    let pair = pair()?;
    pair.database
        .run("SELECT rsl.audit_on('erp.item', exclude => '{secret}'); SELECT rsl.audit_on('erp.routing')")?;
    let said = says(&pair, 1, &["history", "erp.item", "A,1"])?;
    ensure!(said == "no change of erp.item {\"code\":\"A,1\"} in the log\n", "{said}");
    pair.database.run(
        "CREATE ROLE history_app; GRANT USAGE ON SCHEMA erp TO history_app; GRANT ALL ON ALL TABLES IN SCHEMA erp TO history_app;
         INSERT INTO erp.item VALUES ('A,1', 'bolt', 1.10, 'never seen');
         SET application_name = 'planner'; SET rsl.actor = 'kim';
         UPDATE erp.item SET price = 2.10, name = E'bolt \\x1b[2J' WHERE code = 'A,1';
         SET ROLE history_app; RESET rsl.actor;
         UPDATE erp.item SET name = NULL, secret = 'x' WHERE code = 'A,1';
         DELETE FROM erp.item WHERE code = 'A,1';
         INSERT INTO erp.routing VALUES ('A,seq', 10, 1.50);",
    )?;
    let all = says(&pair, 0, &["history", "erp.item", "A,1"])?;
    for words in [
        "when (UTC)",
        "code: \"A,1\", name: \"bolt\", price: 1.10",
        "name: \"bolt\" → \"bolt \\u001b[2J\", price: 1.10 → 2.10",
        " kim ",
        " planner ",
        "\\u001b[2J\" → NULL",
        "history_app (logged in as postgres)",
    ] {
        ensure!(all.contains(words), "{words}: {all}");
    }
    ensure!(!all.contains("never seen") && !all.contains('\u{1b}') && all.lines().count() == 5, "{all}");
    for key in ["code=A,1", "CODE=A,1", "{\"code\": \"A,1\"}"] {
        for table in ["erp.item", "ITEM", "item"] {
            ensure!(says(&pair, 0, &["history", table, key])? == all, "{table} {key}");
        }
    }
    let limited = run(&pair, &["history", "erp.item", "A,1", "--limit", "1"])?;
    ensure!(
        limited.code == Some(0) && limited.stdout.lines().count() == 2 && limited.stdout.contains(" delete "),
        "{limited:#?}"
    );
    ensure!(limited.stderr == "3 earlier changes are not shown\n", "{limited:#?}");

    let changes = json_of(&pair, 0, &["history", "erp.item", "A,1"])?;
    ensure!(changes.as_array().map(Vec::len) == Some(4), "{changes:#}");
    let change = &changes[1];
    ensure!(format!("{}", change["old"]) == r#"{"name":"bolt","price":1.10}"#, "{change:#}");
    ensure!(
        change["actor"] == "kim" && change["application"] == "planner" && change["acting_role"] == "postgres",
        "{change:#}"
    );
    ensure!(
        change["operation"] == "update"
            && change["load_id"].is_null()
            && change["at"].as_str().is_some_and(|at| at.ends_with('Z'))
    );
    ensure!(changes[3]["new"].is_null() && changes[3]["session_role"] == "postgres", "{changes:#}");

    let one = says(&pair, 0, &["history", "erp.routing", "item_cd=A,seq,seq=10"])?;
    ensure!(one.contains("item_cd: \"A,seq\", seq: 10, qty: 1.50"), "{one}");
    for key in [
        "seq=10,item_cd=A,seq",
        "{\"item_cd\": \"A,seq\", \"seq\": 10}",
        "{\"seq\": \"10\", \"item_cd\": \"A,seq\"}",
    ] {
        ensure!(says(&pair, 0, &["history", "erp.routing", key])? == one, "{key}");
    }
    ensure!(json_of(&pair, 1, &["history", "erp.routing", "item_cd=A,seq=11"])? == json!([]));
    for (table, key, words) in [
        ("erp.routing", "A", "names none of them"),
        ("erp.routing", "item_cd=A", "the key has a column seq, too"),
        ("erp.routing", "item_cd=A,seq=ten", "invalid input syntax for type integer"),
        ("erp.routing", "{\"item_cd\": \"A\", \"seq\": 10.0}", "invalid input syntax for type integer"),
        ("erp.routing", "{\"item_cd\": \"A\"}", "this is not a key of erp.routing"),
        ("erp.routing", "{item_cd", "begins as JSON"),
        ("erp.log", "1", "erp.log has never been audited"),
        ("erp.none", "1", "there is no table erp.none"),
    ] {
        let said = run(&pair, &["history", table, key])?.refusal()?;
        ensure!(said.contains(words), "{table} {key}: {said}");
    }
    Ok(())
}

#[test]
fn an_edited_log_is_found_and_named() -> Result<()> {
    let pair = pair()?;
    let head = run(&pair, &["audit", "head"])?;
    ensure!(
        head.code == Some(1) && head.stdout.is_empty() && head.stderr.contains("rsl audit seal"),
        "{head:#?}"
    );
    ensure!(json_of(&pair, 1, &["audit", "head"])? == json!({"head": null}));
    pair.database.run("SELECT rsl.audit_on('erp.item')")?;
    pair.database.run("INSERT INTO erp.item SELECT 'c' || n FROM generate_series(1, 50) n")?;
    let said = says(&pair, 0, &["audit", "check"])?;
    ensure!(
        said == "the audit log fits its seals: 0 seals, 0 sealed changes\nnot sealed yet, so not proven: 50 changes\n",
        "{said}"
    );

    // Another test may hold it up for a moment.
    let patience = Instant::now() + Duration::from_secs(60);
    let sealed = loop {
        let sealed = json_of(&pair, 0, &["audit", "seal"])?;
        if sealed["blocks"].as_u64() > Some(0) || Instant::now() > patience {
            break sealed;
        }
    };
    let head = sealed["head"].as_str().with_context(|| sealed.to_string())?.to_owned();
    ensure!(head.starts_with("1:"), "{sealed}");
    ensure!(says(&pair, 0, &["audit", "head"])? == format!("{head}\n"));
    ensure!(says(&pair, 0, &["audit", "seal"])? == format!("nothing new to seal\nhead {head}\n"));
    let said = says(&pair, 0, &["audit", "check", "--head", &head])?;
    ensure!(
        said == format!(
            "the audit log fits its seals: 1 seal, 50 sealed changes\nhead, to be kept elsewhere: {head}\n"
        ),
        "{said}"
    );
    for wrong in ["", "1", "1:abc", "2:'; DROP TABLE erp.item", "head"] {
        let said = run(&pair, &["audit", "check", "--head", wrong])?.refusal()?;
        ensure!(said.contains("this is not a head of the audit log") && said.contains("hint: "), "{said}");
    }
    let said = says(&pair, 1, &["audit", "check", "--head", &format!("7:{}", "0".repeat(64))])?;
    ensure!(said.starts_with("head not found  rsl.audit_seal, seal 7\n      the chain is shorter"), "{said}");

    pair.database.run(
        "ALTER TABLE rsl.audit_block DISABLE TRIGGER ALL;
         UPDATE rsl.audit_block SET actor = 'somebody else' WHERE block_id = (SELECT min(block_id) FROM rsl.audit_block)",
    )?;
    let block = pair.database.value("SELECT min(block_id) FROM rsl.audit_block")?;
    let said = says(&pair, 1, &["audit", "check"])?;
    ensure!(said.starts_with(&format!("edited  erp.item, seal 1, block {block}, 20")), "{said}");
    ensure!(
        said.contains("the audit log does not fit its seals: 1 finding; 1 seal, 50 sealed changes")
            && !said.contains("head"),
        "{said}"
    );
    let found = json_of(&pair, 1, &["audit", "check"])?;
    ensure!(
        found["whole"] == false && found["findings"][0]["problem"] == "edited" && found["changes"] == 50,
        "{found:#}"
    );
    ensure!(found["findings"][0]["block_id"].as_i64() == block.parse().ok(), "{found:#}");
    pair.database.run("SELECT rsl.audit_month('2020-03-05')")?;
    let said = run(&pair, &["audit", "prune", "--older-than", "2 years"])?.refusal()?;
    ensure!(said.contains("nothing is pruned (edited: block "), "{said}");
    Ok(())
}

#[test]
fn the_status_and_what_is_pruned() -> Result<()> {
    let pair = pair()?;
    let said = says(&pair, 0, &["audit", "status"])?;
    ensure!(said == "no table is audited: rsl audit on TABLE begins to\nnothing is logged yet\n", "{said}");
    pair.database
        .run("SELECT rsl.audit_on('erp.item', exclude => '{secret}'); SELECT rsl.audit_on('erp.routing')")?;
    pair.database.run("INSERT INTO erp.item SELECT 'c' || n FROM generate_series(1, 1500) n; INSERT INTO erp.routing VALUES ('A', 1)")?;
    let status = json_of(&pair, 0, &["audit", "status"])?;
    ensure!(
        status["tables"][0]
            == json!({"table": "erp.item", "enabled": true, "key": ["code"], "exclude": ["secret"]}),
        "{status:#}"
    );
    ensure!(status["tables"][1]["key"] == json!(["item_cd", "seq"]), "{status:#}");
    let month = &status["months"][0];
    ensure!(
        month["changes"] == 1501 && month["unsealed_changes"] == 1501 && month["bytes"].as_u64() > Some(8192),
        "{status:#}"
    );
    ensure!(
        month["month"]
            == pair.database.value("SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM')")?.as_str(),
        "{status:#}"
    );
    ensure!(status["unsealed_changes"] == 1501 && status["head"].is_null());
    seal_all(&pair)?;
    pair.database.run("DELETE FROM erp.routing; ALTER TABLE erp.routing DISABLE TRIGGER ALL")?;
    let said = says(&pair, 0, &["audit", "status"])?;
    for words in [
        "erp.item",
        "secret",
        "item_cd, seq",
        "DISABLED: rsl audit on enables it again",
        "1,502",
        "1 change since the last seal, head ",
    ] {
        ensure!(said.contains(words), "{words}: {said}");
    }

    for nonsense in ["2", "", "24", "-1 year", "two years", "2 yaers", "1; DROP TABLE x"] {
        let said = run(&pair, &["audit", "prune", "--older-than", nonsense])?;
        ensure!(
            said.code == Some(2) && said.stdout.is_empty() && !said.stderr.is_empty(),
            "{nonsense}: {said:#?}"
        );
    }
    ensure!(run(&pair, &["audit", "prune"])?.code == Some(2));
    let said = says(&pair, 0, &["audit", "prune", "--older-than", "1 month"])?;
    ensure!(said == "no month of the log ended that long ago\n", "{said}");
    seal_all(&pair)?;
    // A month of long ago, as the log has it when it was not always young.
    pair.database.run("SELECT rsl.audit_month('2020-03-05')")?;
    let pruned = json_of(&pair, 0, &["audit", "prune", "--older-than", "2 years"])?;
    ensure!(
        pruned
            == json!([{"month": "2020-03", "table": "rsl_audit.pruned_2020_03", "blocks": 0, "changes": 0}]),
        "{pruned}"
    );
    let said = says(&pair, 0, &["audit", "check"])?;
    ensure!(said.contains("fits its seals") && said.contains("1,502 sealed changes"), "{said}");
    pair.database.run("SELECT rsl.audit_month('2020-04-05')")?;
    let said = says(&pair, 0, &["audit", "prune", "--older-than", "2 years"])?;
    ensure!(said.contains("2020-04") && said.contains("rsl_audit.pruned_2020_04"), "{said}");
    Ok(())
}

#[test]
fn every_help_has_examples() -> Result<()> {
    let pair = pair()?;
    for command in [
        &["undo"][..],
        &["history"],
        &["audit"],
        &["audit", "on"],
        &["audit", "off"],
        &["audit", "check"],
        &["audit", "seal"],
        &["audit", "head"],
        &["audit", "status"],
        &["audit", "prune"],
    ] {
        let said = says(&pair, 0, &[command, &["--help"]].concat())?;
        ensure!(
            said.contains(&format!("\n  rsl {}", command.join(" "))) && said.contains("Example"),
            "{command:?}: {said}"
        );
    }
    Ok(())
}
