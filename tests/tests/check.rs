//! What stands in the way of a load: `rsl check` before it, and what `rsl pull` says of a SQL Server that refuses.

use anyhow::{Context, Result, ensure};
use rsl_tests::erp::{Erp, NAME, PASSWORD, READER};
use rsl_tests::pair::Pair;
use rsl_tests::program::{Ended, Running};
use serde_json::Value;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::{Duration, Instant};
use tds_server::answer::SqlMessage;
use tds_server::faults::Fault;
use tds_server::{Certificate, Encryption, Options};

const DATABASE: &str = include_str!("whole_database.sql");
/// Someone who works in the ERP, and may do everything.
const CLERK: &str = "ERP_CLERK";

fn erp() -> Result<Erp> {
    Erp::with(DATABASE, Options::default().login(CLERK, PASSWORD))
}

/// `rsl check` with these arguments and settings, and what it found. The exit code must fit.
struct Checked {
    report: Value,
}

impl Checked {
    fn of(erp: &Erp, arguments: &[&str], settings: &[(&str, &str)]) -> Result<Self> {
        let run = |more: &[&str]| -> Result<Ended> {
            Ended::of(erp.rsl(&["check"])?.args(arguments).args(more).envs(settings.iter().copied()))
        };
        let ended = run(&["--format", "json"])?;
        let report: Value =
            serde_json::from_str(&ended.stdout).with_context(|| format!("no JSON: {ended:#?}"))?;
        let can_load = report["can_load"].as_bool().context("a verdict")?;
        ensure!(ended.code == Some(if can_load { 0 } else { 1 }), "{ended:#?}");
        ensure!(!ended.stderr.contains("rsl: ") && !ended.stderr.contains("panicked"), "{ended:#?}");
        ensure!(!format!("{ended:?}").contains(PASSWORD), "{ended:#?}");
        Ok(Self { report })
    }

    fn findings(&self) -> impl Iterator<Item = &Value> {
        self.report["findings"].as_array().into_iter().flatten()
    }

    /// There is a finding on this subject, of this level and in these words, hint included.
    fn has(&self, level: &str, subject: &str, words: &str) -> Result<()> {
        let found = self.findings().any(|finding| {
            let text = |name: &str| finding[name].as_str().unwrap_or_default();
            text("level") == level
                && text("subject") == subject
                && format!("{}\n{}", text("found"), text("hint")).contains(words)
        });
        ensure!(found, "{level} {subject}: {words}: is not in {:#}", self.report);
        Ok(())
    }

    /// What would stop the load is just this.
    fn stops(&self, subjects: &[&str]) -> Result<()> {
        let stops: Vec<_> = self.findings().filter(|finding| finding["level"] == "stop").collect();
        let found: Vec<_> = stops.iter().filter_map(|finding| finding["subject"].as_str()).collect();
        ensure!(found == subjects, "{:#}", self.report);
        ensure!(stops.iter().all(|finding| finding["hint"].is_string()), "a stop without a hint: {stops:#?}");
        ensure!(self.report["can_load"] == found.is_empty(), "{:#}", self.report);
        Ok(())
    }

    /// The hint on this subject.
    fn hint(&self, subject: &str) -> Result<String> {
        let mut findings = self.findings().filter(|finding| finding["level"] == "stop");
        let finding = findings.find(|finding| finding["subject"] == subject).context("a finding")?;
        Ok(finding["hint"].as_str().context("a hint")?.to_owned())
    }
}

#[test]
fn a_source_and_a_target_that_are_ready() -> Result<()> {
    if Erp::is_real() {
        return Ok(());
    }
    let erp = erp()?;
    erp.engine.allow_snapshot(true);
    erp.engine.view_server_state(READER, true);
    let authority = erp.folder().join("ca.pem");
    std::fs::write(&authority, Certificate::TEST_CA)?;
    let url = erp.source_url(&format!("ca={}", authority.display()));
    let settings = [("RSL_SOURCE_URL", url.as_str())];
    let checked = Checked::of(&erp, &[], &settings)?;
    checked.stops(&[])?;
    for (level, subject, words) in [
        ("good", "source: reached", "login in "),
        ("good", "source: reached", " ms, one question in "),
        ("note", "source: version", "SQL Server 1"),
        ("note", "source: version", "database KsmErp, collation Korean_Wansung_CI_AS"),
        ("good", "source: encryption", "encrypted, and the server's certificate is verified"),
        ("good", "source: rights", "the login FKSM_BI may only read KsmErp, which is all that is needed"),
        ("good", "source: consistency", "snapshots are allowed"),
        ("good", "source: other sessions", "none"),
        ("note", "source: text", "30 columns of collation Korean_Wansung_CI_AS, code page 949"),
        ("good", "target: reached", " ms, one question in "),
        ("note", "target: version", "PostgreSQL 1"),
        ("note", "target: encryption", "not encrypted, on this machine"),
        ("good", "target: encoding", "UTF8"),
        ("good", "target: extension", "rsl "),
        ("good", "target: rights", "the role postgres may load"),
        ("good", "target: rights", "it may create tables in schema erp"),
        ("good", "target: disk", " MB free, about 2 MB wanted"),
    ] {
        checked.has(level, subject, words)?;
    }
    let tables = checked.report["tables"].as_array().context("tables")?;
    ensure!(tables.len() == 42, "{tables:#?}");
    let size = |object: &str| {
        tables.iter().find(|size| size["object"] == object).map(|size| [&size["rows"], &size["resumes"]])
    };
    ensure!(size("dbo.B_ITEM") == Some([&4.into(), &true.into()]), "{tables:#?}");
    ensure!(size("dbo.Z_LOG") == Some([&3.into(), &false.into()]), "{tables:#?}");
    ensure!(size("mes.BI_RESULT_VIEW") == Some([&Value::Null, &false.into()]), "{tables:#?}");
    let number = |name: &str| checked.report[name].as_u64().unwrap_or_default();
    ensure!(number("rows") == 96 && number("bytes") >= 37 * 8192, "{:#}", checked.report);
    ensure!(number("sample_rows_per_second") > 0 && number("estimated_seconds") > 0, "{:#}", checked.report);

    // In words it says the same.
    let ended = Ended::of(erp.rsl(&["check"])?.envs(settings))?;
    ensure!(ended.code == Some(0), "{ended:#?}");
    for words in [
        "dbo.B_ITEM                4  0.0  in parts, resumable",
        "mes.BI_RESULT_VIEW        ?    ?  in one stream",
        "good  source: rights: the login FKSM_BI may only read",
        "good  source: other sessions: none",
        "for 96 rows of tables",
        "nothing stands in the way of a load",
    ] {
        ensure!(ended.stdout.contains(words), "{words}: {}", ended.stdout);
    }
    // Patterns and names choose.
    for (arguments, count) in [(&["--include", "B_ITEM*"][..], 4), (&["z_log", "[dbo].[Order Details]"], 2)] {
        let checked = Checked::of(&erp, arguments, &settings)?;
        checked.stops(&[])?;
        ensure!(checked.report["tables"].as_array().map(Vec::len) == Some(count), "{:#}", checked.report);
    }
    ensure!(
        erp.database.value("SELECT to_regnamespace('erp') IS NULL AND NOT EXISTS (SELECT FROM rsl.load)")?
            == "t"
    );
    erp.assert_only_read()
}

#[test]
fn what_is_not_as_one_would_wish() -> Result<()> {
    if Erp::is_real() {
        return Ok(());
    }
    let options = Options::default().login(CLERK, PASSWORD).encryption(Encryption::LoginOnly);
    let erp = Erp::with(DATABASE, options)?;
    erp.engine.script(
        "CREATE TABLE OLD (ID int NOT NULL PRIMARY KEY, A varchar(10) COLLATE SQL_Latin1_General_CP850_CI_AS, B varchar(9) COLLATE Latin1_General_100_CI_AS_SC_UTF8,
            C char(1) COLLATE Japanese_CI_AS, D text COLLATE Japanese_CI_AS, E nvarchar(10) COLLATE Turkish_CI_AS);",
    )?;
    let only = ["OLD", "B_UNIT"];
    let checked = Checked::of(&erp, &only, &[])?;
    checked.stops(&[])?;
    for (level, subject, words) in [
        ("warn", "source: encryption", "any server's certificate is believed\nuse encrypt=on"),
        ("warn", "source: consistency", "ALTER DATABASE [KsmErp] SET ALLOW_SNAPSHOT_ISOLATION ON"),
        ("note", "source: other sessions", "cannot be seen\nGRANT VIEW SERVER STATE TO [FKSM_BI]"),
        (
            "note",
            "source: text",
            "1 column of collation SQL_Latin1_General_CP850_CI_AS, code page 850, which the server converts",
        ),
        ("note", "source: text", "1 column of collation Latin1_General_100_CI_AS_SC_UTF8, code page 65001"),
        ("note", "source: text", "2 columns of collation Japanese_CI_AS, code page 932"),
    ] {
        checked.has(level, subject, words)?;
    }
    // What is UTF-16 has no code page that could matter.
    ensure!(!checked.report.to_string().contains("Turkish"), "{:#}", checked.report);
    for (encrypt, words) in
        [("login", "only the login is encrypted"), ("off", "nothing is encrypted, not even the password")]
    {
        let url = erp.source_url(&format!("encrypt={encrypt}&trust_cert=true"));
        Checked::of(&erp, &only, &[("RSL_SOURCE_URL", &url)])?.has("warn", "source: encryption", words)?;
    }
    // A login that may more than read.
    let url = erp.source_url("trust_cert=true").replace(READER, CLERK);
    let checked = Checked::of(&erp, &only, &[("RSL_SOURCE_URL", &url)])?;
    checked.has(
        "note",
        "source: rights",
        "the login ERP_CLERK may also: CREATE TABLE, INSERT, UPDATE, DELETE, everything",
    )?;
    checked.has("note", "source: rights", "a login that may only read is enough")?;
    checked.stops(&[])?;
    erp.assert_only_read()
}

#[test]
fn who_is_still_connected() -> Result<()> {
    if Erp::is_real() {
        return Ok(());
    }
    let erp = erp()?;
    // The clerk is in the middle of something.
    erp.server.faults().arm(Fault::stall_after(1).matching("FROM [dbo].[B_UNIT] "));
    let url = erp.source_url("trust_cert=true&application_name=Order%20entry").replace(READER, CLERK);
    let mut clerk = Running::start(erp.rsl(&["pull", "B_UNIT", "--dry-run"])?.env("RSL_SOURCE_URL", url))?;
    let patience = Instant::now() + Duration::from_secs(60);
    while erp.server.faults().happened() == 0 {
        ensure!(Instant::now() < patience && !clerk.has_ended()?, "the clerk did not come that far");
        std::thread::sleep(Duration::from_millis(5));
    }
    Checked::of(&erp, &["B_PLANT"], &[])?.has("note", "source: other sessions", "cannot be seen")?;
    erp.engine.view_server_state(READER, true);
    let checked = Checked::of(&erp, &["B_PLANT"], &[])?;
    checked.has("warn", "source: other sessions", "1 is connected: ")?;
    checked.has("warn", "source: other sessions", " (ERP_CLERK on ")?;
    checked.has(
        "warn",
        "source: other sessions",
        ", Order entry)\nbefore a cut-over nobody should write any more",
    )?;
    checked.stops(&[])?;
    drop(clerk);
    while erp.server.connections() > 0 {
        ensure!(Instant::now() < patience, "the server keeps the clerk's session");
        std::thread::sleep(Duration::from_millis(5));
    }
    Checked::of(&erp, &["B_PLANT"], &[])?.has("good", "source: other sessions", "none")?;
    erp.assert_only_read()
}

#[test]
fn what_would_stop_a_load_and_what_its_hint_does() -> Result<()> {
    if Erp::is_real() {
        return Ok(());
    }
    let erp = erp()?;
    let name = erp.database.name();
    erp.database.run("CREATE ROLE weak LOGIN; CREATE SCHEMA theirs")?;
    let url = erp.database.url_as("weak");
    let weak = [("RSL_DATABASE_URL", url.as_str())];
    let checked = Checked::of(&erp, &["B_UNIT"], &weak)?;
    checked.stops(&["target: rights", "target: rights"])?;
    checked.has("good", "target: extension", "rsl ")?;
    checked.has("stop", "target: rights", "the role weak may not load")?;
    checked.has(
        "note",
        "target: disk",
        "cannot be seen from here\nsee that the database server has 1 MB free",
    )?;
    erp.database.run(&checked.hint("target: rights")?)?;
    let checked = Checked::of(&erp, &["B_UNIT"], &weak)?;
    checked.stops(&["target: rights"])?;
    checked.has(
        "stop",
        "target: rights",
        &format!("may not create tables in schema erp\nGRANT CREATE ON DATABASE {name} TO weak"),
    )?;
    erp.database.run(&checked.hint("target: rights")?)?;
    Checked::of(&erp, &["B_UNIT"], &weak)?.stops(&[])?;
    let checked = Checked::of(&erp, &["B_UNIT", "--into", "theirs"], &weak)?;
    checked.stops(&["target: rights"])?;
    checked.has("stop", "target: rights", "GRANT USAGE, CREATE ON SCHEMA theirs TO weak")?;
    erp.database.run(&checked.hint("target: rights")?)?;
    Checked::of(&erp, &["B_UNIT", "--into", "theirs"], &weak)?.stops(&[])?;
    let ended = Ended::of(erp.rsl(&["pull", "B_UNIT", "--into", "theirs"])?.envs(weak))?;
    ensure!(ended.code == Some(0), "{ended:#?}");
    // Tables that are there need not be created, but must be open to the role.
    erp.database.run("CREATE SCHEMA made; CREATE TABLE made.b_unit (LIKE theirs.b_unit); ALTER TABLE made.b_unit OWNER TO postgres")?;
    let made = ["B_UNIT", "--into", "made"];
    let checked = Checked::of(&erp, &made, &weak)?;
    checked.stops(&["target: rights", "target: made.b_unit"])?;
    for subject in ["target: rights", "target: made.b_unit"] {
        erp.database.run(&checked.hint(subject)?)?;
    }
    let checked = Checked::of(&erp, &made, &weak)?;
    checked.stops(&[])?;
    checked.has("good", "target: rights", "none has to be created")?;
    let ended = Ended::of(erp.rsl(&["pull"])?.args(made).args(["--mode", "replace"]).envs(weak))?;
    ensure!(ended.code == Some(0), "{ended:#?}");
    Checked::of(&erp, &["B_UNIT", "B_PLANT", "--into", "made"], &weak)?.stops(&["target: rights"])?;

    // Of the source.
    for table in ["dbo.B_ITEM", "dbo.Order Details"] {
        erp.engine.deny_select(READER, table)?;
    }
    erp.engine.script("CREATE TYPE dbo.POINT3 EXTERNAL NAME Geo.[Geo.Point3]; CREATE TABLE G_SHAPE (ID int NOT NULL PRIMARY KEY, CENTER dbo.POINT3 NULL);")?;
    let tables = ["B_ITEM", "B_UNIT", "Order Details", "G_SHAPE"];
    let checked = Checked::of(&erp, &tables, &[])?;
    checked.stops(&["source: dbo.B_ITEM", "source: dbo.Order Details", "source: dbo.G_SHAPE"])?;
    checked.has("stop", "source: dbo.B_ITEM", "the login may not SELECT from it")?;
    checked.has(
        "stop",
        "source: dbo.G_SHAPE",
        "column CENTER is of type POINT3, which cannot be read\nmake a view",
    )?;
    // The sample is taken from what can be read.
    ensure!(checked.report["sample_rows_per_second"].as_u64() > Some(0), "{:#}", checked.report);
    for table in ["dbo.B_ITEM", "dbo.Order Details"] {
        let hint = checked.hint(&format!("source: {table}"))?;
        erp.engine.script(hint.trim_end_matches(", in the source"))?;
    }
    Checked::of(&erp, &tables, &[])?.stops(&["source: dbo.G_SHAPE"])?;
    Checked::of(&erp, &["--exclude", "G_*"], &[])?.stops(&[])?;
    let ended =
        Ended::of(erp.rsl(&["check", "G_SHAPE"])?.env("RSL_DATABASE_URL", erp.database.url_as("nobody")))?;
    ensure!(
        ended.code == Some(1) && ended.stdout.contains("\n2 things stand in the way of a load"),
        "{ended:#?}"
    );
    erp.assert_only_read()
}

#[test]
fn what_the_source_hides_from_the_login() -> Result<()> {
    if Erp::is_real() {
        return Ok(());
    }
    let erp = Erp::new(
        "CREATE TABLE STAFF (ID int NOT NULL PRIMARY KEY, NAME nvarchar(20), PHONE varchar(20) MASKED WITH (FUNCTION = 'default()') NULL);
         CREATE TABLE PAY (ID int NOT NULL PRIMARY KEY, SUM_PAID money NULL);",
    )?;
    erp.script("CREATE VIEW V_STAFF AS SELECT ID, NAME FROM STAFF")?;
    let checked = Checked::of(&erp, &[], &[])?;
    checked.stops(&["source: dbo.STAFF"])?;
    checked.has("stop", "source: dbo.STAFF", "column PHONE: the source shows the login a mask")?;
    checked.has("warn", "source: masks", "a view of dbo.STAFF")?;
    checked.has("note", "source: policies", "GRANT VIEW DEFINITION TO")?;
    let message = erp.refused(&["STAFF"])?;
    ensure!(
        message.contains("dbo.STAFF, column PHONE: ") && message.contains("GRANT UNMASK TO"),
        "{message}"
    );
    ensure!(erp.database.value("SELECT to_regclass('erp.staff') IS NULL")? == "t", "the masks arrived");
    erp.exact(&["PAY", "V_STAFF"])?;
    erp.engine.script(&format!("GRANT UNMASK TO [{READER}]; GRANT VIEW DEFINITION TO [{READER}]"))?;
    let checked = Checked::of(&erp, &[], &[])?;
    checked.stops(&[])?;
    let quiet = |subject: &str| checked.findings().all(|finding| finding["subject"] != subject);
    ensure!(quiet("source: masks") && quiet("source: policies"), "{:#}", checked.report);
    erp.exact(&["STAFF"])?;
    erp.engine.script(
        "CREATE SECURITY POLICY dbo.OWN_PAY ADD FILTER PREDICATE dbo.IS_OWN(ID) ON dbo.PAY WITH (STATE = ON)",
    )?;
    Checked::of(&erp, &["PAY"], &[])?.has("warn", "source: dbo.PAY", "the policy OWN_PAY may hide rows")?;
    let checked = Checked::of(&erp, &["STAFF"], &[])?;
    ensure!(
        checked.findings().all(|finding| finding["subject"] != "source: dbo.PAY"),
        "{:#}",
        checked.report
    );
    erp.assert_only_read()
}

#[test]
fn all_of_a_source_is_looked_at_by_either_name() -> Result<()> {
    let pair = rsl_tests::pair::Pair::new("CREATE TABLE A (ID integer); CREATE TABLE B (ID integer)")?;
    let tables = |arguments: &[&str]| -> Result<Value> {
        let ended = Ended::of(pair.rsl(&["check", "--format", "json"])?.args(arguments))?;
        Ok(serde_json::from_str::<Value>(&ended.stdout).with_context(|| format!("{ended:#?}"))?["tables"]
            .clone())
    };
    let all = tables(&["--all"])?;
    ensure!(all.as_array().map(Vec::len) == Some(2) && all == tables(&[])?, "{all:#}");
    ensure!(Ended::of(&mut pair.rsl(&["check", "--all", "A"])?)?.code == Some(2));
    Ok(())
}

#[test]
fn sides_that_cannot_be_used_at_all() -> Result<()> {
    if Erp::is_real() {
        return Ok(());
    }
    let erp = erp()?;
    let at =
        |name: &str| erp.database.url().replace(&format!("/{}", erp.database.name()), &format!("/{name}"));
    erp.database.run("CREATE DATABASE bare TEMPLATE template0")?;
    erp.database
        .run("CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'")?;
    let elsewhere = format!("mssql://{READER}@127.0.0.1:1/{NAME}");
    for (arguments, setting, subjects, words) in [
        (
            &["B_UNIT"][..],
            ("RSL_DATABASE_URL", at("bare")),
            &["target: extension"][..],
            "rsl init creates it",
        ),
        (
            &["B_UNIT"],
            ("RSL_DATABASE_URL", at("latin")),
            &["target: encoding", "target: extension"],
            "ENCODING 'UTF8'",
        ),
        (
            &["B_UNIT"],
            ("RSL_DATABASE_URL", at("nowhere")),
            &["target: reached"],
            "\"nowhere\" does not exist",
        ),
        (
            &["B_UNIT"],
            ("RSL_DATABASE_URL", "postgresql://me@127.0.0.1:1/erp".to_owned()),
            &["target: reached"],
            "refused",
        ),
        (&["B_UNIT"], ("RSL_SOURCE_URL", elsewhere), &["source: reached"], "refused"),
        (&["B_UNIT"], ("MSSQL_PASSWORD", "wrong".to_owned()), &["source: reached"], "SQL Server error 18456"),
        (
            &["B_UNITS"],
            ("RSL_LOG", "error".to_owned()),
            &["source: tables and views"],
            "nearest names are: dbo.B_UNIT",
        ),
        (
            &["--exclude", "*"],
            ("RSL_LOG", "error".to_owned()),
            &["source: tables and views"],
            "--include and --exclude",
        ),
    ] {
        let (name, value) = &setting;
        let checked = Checked::of(&erp, arguments, &[(name, value)])?;
        let found: Vec<_> = checked.findings().filter(|finding| finding["level"] == "stop").collect();
        let stopped: Vec<_> = found.iter().filter_map(|finding| finding["subject"].as_str()).collect();
        ensure!(stopped == subjects, "{arguments:?} {setting:?}: {:#}", checked.report);
        ensure!(
            found.iter().any(|finding| finding.to_string().replace("\\\"", "\"").contains(words)),
            "{words}: {:#}",
            checked.report
        );
        // What is known of the other side is told all the same.
        let other = if subjects[0].starts_with("source") { "target: reached" } else { "source: reached" };
        checked.has("good", other, "login in")?;
    }
    erp.assert_only_read()
}

#[test]
fn a_source_of_the_other_kind() -> Result<()> {
    if Erp::is_real() {
        return Ok(());
    }
    let pair = Pair::new(
        "CREATE TABLE PART (ID int NOT NULL PRIMARY KEY, NAME nvarchar(10)); INSERT INTO PART VALUES (1, 'x'), (2, NULL);",
    )?;
    let ended = Ended::of(&mut pair.rsl(&["check", "--format", "json"])?)?;
    ensure!(ended.code == Some(0), "{ended:#?}");
    let report: Value = serde_json::from_str(&ended.stdout)?;
    ensure!(report["can_load"] == true && report["tables"][0]["rows"] == 2, "{report:#}");
    let ended = Ended::of(&mut pair.rsl(&["check", "PARTS"])?)?;
    ensure!(ended.code == Some(1) && ended.stdout.contains("it has: PART"), "{ended:#?}");
    Ok(())
}

/// Answers whatever comes as a web server would.
fn web_server() -> Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let port = listener.local_addr()?.port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            // Whoever hangs up is none of its business.
            let _ = stream.read(&mut [0; 512]);
            let _ = stream
                .write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        }
    });
    Ok(port)
}

/// What `rsl pull` is run with, and what its message must say.
struct Refusal {
    arguments: &'static [&'static str],
    setting: (&'static str, String),
    words: &'static [&'static str],
}

#[test]
fn refusals_are_told_with_their_number_and_a_hint() -> Result<()> {
    if Erp::is_real() {
        return Ok(());
    }
    let erp = erp()?;
    erp.engine.script(
        "CREATE TABLE GONE (ID int); CREATE TABLE FORBIDDEN (ID int); CREATE TABLE [Also Forbidden] (ID int);
         GO
         CREATE VIEW BROKEN_VIEW AS SELECT ID FROM GONE;
         GO
         DROP TABLE GONE;",
    )?;
    for table in ["dbo.B_ITEM", "dbo.Also Forbidden"] {
        erp.engine.deny_select(READER, table)?;
    }
    // RSL never asks for what this error is about, so the server has to be told to say it.
    let create = SqlMessage::error(262, format!("CREATE TABLE permission denied in database '{NAME}'."));
    erp.server.faults().arm(Fault::error(create).matching("FROM [dbo].[FORBIDDEN] ").always());
    let with_password = |url: &str| url.replace(READER, &format!("{READER}:{PASSWORD}"));
    let source = |options: &str| ("RSL_SOURCE_URL", with_password(&erp.source_url(options)));
    let at = |place: &str| ("RSL_SOURCE_URL", with_password(&format!("mssql://{READER}@{place}/{NAME}")));
    let trusted = || source("trust_cert=true");
    let elsewhere = trusted().1.replace(NAME, "NoErp");
    let postgresql = erp.database.url();
    let postgresql = postgresql.split(['@', '/']).nth(3).context("a host and port")?;
    let refusals = [
        Refusal {
            arguments: &["B_UNIT"],
            setting: ("MSSQL_PASSWORD", "wr0ng-secret".to_owned()),
            words: &["SQL Server error 18456", "FKSM_BI", "the password is wrong"],
        },
        Refusal {
            arguments: &["B_UNIT"],
            setting: ("MSSQL_PASSWORD", String::new()),
            words: &["MSSQL_PASSWORD"],
        },
        Refusal {
            arguments: &["B_UNIT"],
            setting: ("RSL_SOURCE_URL", elsewhere),
            words: &["SQL Server error 4060", "NoErp does not exist, or FKSM_BI has no user in it"],
        },
        Refusal {
            arguments: &["B_ITEM"],
            setting: trusted(),
            words: &["dbo.B_ITEM", "SQL Server error 229", "GRANT SELECT ON dbo.B_ITEM TO FKSM_BI"],
        },
        Refusal {
            arguments: &["Also Forbidden"],
            setting: trusted(),
            words: &["SQL Server error 229", "GRANT SELECT ON dbo.[Also Forbidden] TO FKSM_BI"],
        },
        Refusal {
            arguments: &["B_ITEMS"],
            setting: trusted(),
            words: &["the source has no table or view \"B_ITEMS\"", "its nearest names are: dbo.B_ITEM, "],
        },
        Refusal { arguments: &["mes.B_ITEM"], setting: trusted(), words: &["\"mes.B_ITEM\"", "dbo.B_ITEM"] },
        Refusal {
            arguments: &["BROKEN_VIEW"],
            setting: trusted(),
            words: &[
                "dbo.BROKEN_VIEW",
                "SQL Server error 208",
                "GONE",
                "a view may name a table that is gone",
            ],
        },
        Refusal {
            arguments: &["B_UNIT", "--where", "COLOUR = 1"],
            setting: trusted(),
            words: &["dbo.B_UNIT", "SQL Server error 207", "'COLOUR'", "look at --where"],
        },
        Refusal {
            arguments: &["B_UNIT", "--where", "UNIT_CD ="],
            setting: trusted(),
            words: &["SQL Server error 102", "--where, which must be Transact-SQL"],
        },
        Refusal {
            arguments: &["FORBIDDEN"],
            setting: trusted(),
            words: &[
                "SQL Server error 262",
                "FKSM_BI lacks a right in KsmErp",
                "creates its tables in a PostgreSQL target",
            ],
        },
        Refusal {
            arguments: &["B_UNIT"],
            setting: at("127.0.0.1:1"),
            words: &[
                "cannot connect to mssql://FKSM_BI@127.0.0.1:1/KsmErp",
                "refused",
                "does the server listen on that port",
            ],
        },
        Refusal {
            arguments: &["B_UNIT"],
            setting: at("nowhere.invalid"),
            words: &["cannot connect to mssql://FKSM_BI@nowhere.invalid:1433/KsmErp", "is it the right host"],
        },
        Refusal {
            arguments: &["B_UNIT"],
            setting: at(&format!("127.0.0.1:{}", web_server()?)),
            words: &["cannot connect to mssql://FKSM_BI@127.0.0.1:"],
        },
        Refusal {
            arguments: &["B_UNIT", "--retries", "0"],
            setting: at(postgresql),
            words: &["cannot connect to mssql://FKSM_BI@127.0.0.1:"],
        },
        Refusal {
            arguments: &["B_UNIT"],
            setting: source("encrypt=on"),
            words: &["cannot connect to", "certificate", "?ca=", "?trust_cert=true believes any"],
        },
    ];
    for Refusal { arguments, setting: (name, value), words } in &refusals {
        let shown = format!("{arguments:?} {name}={value}");
        let mut command = erp.rsl(&["pull"])?;
        command.args(*arguments).env(name, value);
        if *name == "RSL_SOURCE_URL" {
            // The password stands in the URL.
            command.env_remove("MSSQL_PASSWORD");
        }
        let ended = Ended::of(&mut command)?;
        let message = ended.refusal().with_context(|| shown.clone())?;
        for word in words.iter().chain(&["\nhint: "]) {
            ensure!(message.contains(word), "{shown}: {word:?} is not in {message}");
        }
        for secret in [PASSWORD, "wr0ng-secret", "panicked"] {
            ensure!(!format!("{ended:?}").contains(secret), "{shown}: {ended:#?}");
        }
        ensure!(ended.stdout.is_empty(), "{shown}: {ended:#?}");
    }
    let left = erp.database.value("SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname IN ('erp', 'rsl_stage') AND c.relkind = 'r'")?;
    ensure!(left == "0", "{left} tables are left");
    erp.assert_only_read()
}
