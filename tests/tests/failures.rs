//! Bad input: one paragraph that says what failed, where and what to do; the target as before; never a password.

use anyhow::{Context, Result, ensure};
use rsl_tests::cluster::{self, Cluster, Options};
use rsl_tests::database::Database;
use rsl_tests::pair::Pair;
use rsl_tests::program::Ended;
use rsl_tests::sample::Shape;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const PART: &str =
    "CREATE TABLE PART (PART_NO nvarchar(10) NOT NULL PRIMARY KEY, NAME nvarchar(20), COUNT int NOT NULL);
    INSERT INTO PART VALUES ('A', '너트', 3), ('B', 'bolt', 4), ('C', NULL, 5);";

/// A target with content of its own, which no failure may change.
const TARGET: &str = "CREATE SCHEMA erp; CREATE TABLE erp.part (part_no varchar(10) PRIMARY KEY, name varchar(20), count int NOT NULL);
    INSERT INTO erp.part VALUES ('X', 'was there', 1);";

fn pair() -> Result<Pair> {
    let pair = Pair::new(PART)?;
    pair.database.run(TARGET)?;
    Ok(pair)
}

/// The target is as [`TARGET`] made it.
fn untouched(pair: &Pair) -> Result<()> {
    let content = pair.database.value("SELECT part_no, name, count FROM erp.part")?;
    ensure!(content == "X|was there|1", "the target holds {content}");
    ensure!(pair.staging()?.is_empty(), "staging is left: {}", pair.staging()?);
    ensure!(pair.database.value("SELECT count(*) FROM rsl.load WHERE status = 'loading'")? == "0");
    Ok(())
}

/// `rsl pull PART` with other URLs, which must be refused in these words and with a hint.
fn refused_with(pair: &Pair, variable: &str, url: &str, words: &[&str]) -> Result<()> {
    let ended = Ended::of(pair.pull(&["PART"])?.env(variable, url))?;
    let message = ended.refusal().with_context(|| url.to_owned())?;
    for word in words.iter().chain(&["\nhint: "]) {
        ensure!(message.contains(word), "{url}: {word:?} is not in {message:?}");
    }
    ensure!(ended.stdout.is_empty(), "{url}: {ended:#?}");
    Ok(())
}

#[test]
fn servers_that_cannot_be_reached() -> Result<()> {
    let pair = pair()?;
    refused_with(
        &pair,
        "RSL_DATABASE_URL",
        "postgresql://me@127.0.0.1:1/erp",
        &["cannot connect to postgresql://me@127.0.0.1:1/erp", "refused", "127.0.0.1"],
    )?;
    refused_with(
        &pair,
        "RSL_DATABASE_URL",
        "postgresql://me@nowhere.invalid/erp",
        &["cannot connect to postgresql://me@nowhere.invalid/erp"],
    )?;
    refused_with(&pair, "RSL_DATABASE_URL", "postgresql://me@/erp?host=/nowhere", &["cannot connect to"])?;
    untouched(&pair)
}

#[test]
fn urls_that_make_no_sense() -> Result<()> {
    let pair = pair()?;
    let good = pair.database.url();
    for (url, words) in [
        (format!("{good}?sslmod=disable"), ["unknown option \"sslmod\"", "sslmode"]),
        (format!("{good}?sslmode=perhaps"), ["option \"sslmode\"", "disable"]),
        (format!("{good}?connect_timeout=soon"), ["option \"connect_timeout\"", "a number of seconds"]),
        ("mysql://root@localhost/erp".to_owned(), ["\"mysql\" is not a PostgreSQL URL", "postgresql://"]),
        ("localhost:5432/erp".to_owned(), ["must begin with its kind", "postgresql://"]),
        ("postgresql://me@localhost".to_owned(), ["names no database", "postgresql://"]),
        ("postgresql://me@localhost:five/erp".to_owned(), ["port", "1 to 65535"]),
    ] {
        let message = Ended::of(pair.pull(&["PART"])?.env("RSL_DATABASE_URL", &url))?.refusal()?;
        for word in words {
            ensure!(message.contains(word), "{url}: {word:?} is not in {message:?}");
        }
    }
    refused_with(
        &pair,
        "RSL_SOURCE_URL",
        &format!("{}?mode=rw", pair.source_url()),
        &["unknown option \"mode\" in the source URL"],
    )?;
    refused_with(&pair, "RSL_SOURCE_URL", "sqlite://relative/erp.db", &["absolute path"])?;
    refused_with(&pair, "RSL_SOURCE_URL", "oracle://localhost/erp", &["unknown kind of source \"oracle\""])?;
    untouched(&pair)
}

#[test]
fn databases_without_what_is_needed() -> Result<()> {
    let pair = pair()?;
    let nowhere = cluster::shared()?.named("nowhere").url();
    refused_with(&pair, "RSL_DATABASE_URL", &nowhere, &["database \"nowhere\" does not exist", "rsl init"])?;
    let empty = cluster::shared()?.empty_database()?;
    refused_with(&pair, "RSL_DATABASE_URL", &empty.url(), &["rsl init"])?;
    ensure!(empty.value("SELECT count(*) FROM pg_namespace WHERE nspname IN ('erp', 'rsl')")? == "0");
    for verb in ["verify", "loads"] {
        let ended = Ended::of(pair.rsl(&[verb])?.env("RSL_DATABASE_URL", empty.url()))?;
        ensure!(ended.refusal()?.contains("rsl init"), "{ended:#?}");
    }
    untouched(&pair)
}

#[test]
fn nothing_is_named() -> Result<()> {
    let pair = pair()?;
    for (variable, word) in
        [("RSL_SOURCE_URL", "no source is named"), ("RSL_DATABASE_URL", "no database is named")]
    {
        let ended = Ended::of(pair.pull(&["PART"])?.env_remove(variable))?;
        let message = ended.refusal()?;
        ensure!(message.contains(word) && message.contains(variable), "{message}");
    }
    // These are for the parser of the command line, which says how it is used.
    for arguments in [
        &[][..],
        &["PART", "--all"],
        &["PART", "--mode", "merge"],
        &["PART", "--jobs", "0"],
        &["PART", "--colour"],
    ] {
        let ended = pair.ended(arguments)?;
        ensure!(
            ended.code == Some(2) && ended.stdout.is_empty() && ended.stderr.contains("error: "),
            "{arguments:?}: {ended:#?}"
        );
    }
    untouched(&pair)
}

#[test]
fn files_that_are_no_source() -> Result<()> {
    let pair = pair()?;
    let folder = pair.folder();
    let refused = |path: &Path, words: &[&str]| -> Result<()> {
        let ended = Ended::of(
            pair.pull(&["BENCH_ROW"])?.env("RSL_SOURCE_URL", format!("sqlite://{}", path.display())),
        )?;
        let message = ended.refusal().with_context(|| path.display().to_string())?;
        for word in words.iter().copied().chain(path.to_str()) {
            ensure!(message.contains(word), "{word:?} is not in {message:?}");
        }
        Ok(())
    };
    refused(&folder.join("absent.db"), &["No such file"])?;
    ensure!(!folder.join("absent.db").exists(), "the source was created");
    refused(folder, &["irectory"])?;
    for (name, content) in
        [("empty.db", &b""[..]), ("text.db", b"ITEM;NAME\nA;nut\n"), ("header.db", b"SQLite format 3")]
    {
        fs::write(folder.join(name), content)?;
        refused(&folder.join(name), &["is not an SQLite file"])?;
    }
    fs::write(folder.join("rest.db"), [b"SQLite format 3\0".as_slice(), &[0xff; 4096]].concat())?;
    refused(&folder.join("rest.db"), &["cannot read"])?;
    untouched(&pair)
}

#[test]
fn a_file_that_was_cut_short() -> Result<()> {
    let pair = Pair::sample(Shape::Bench, 5_000)?;
    pair.exact(&["BENCH_ROW"])?;
    let digest = pair.digest("erp.bench_row")?;
    let whole = fs::read(pair.file())?;
    for part in [100, 4096, 8192, whole.len() / 2, whole.len() - 8192] {
        fs::write(pair.file(), &whole[..part])?;
        for mode in ["append", "replace"] {
            let message =
                pair.refused(&["BENCH_ROW", "--mode", mode]).with_context(|| format!("cut at {part}"))?;
            ensure!(message.contains("erp.db") || message.contains("BENCH_ROW"), "{message}");
            ensure!(pair.digest("erp.bench_row")? == digest, "cut at {part}: the target has changed");
        }
    }
    Ok(())
}

#[test]
fn objects_that_are_not_there() -> Result<()> {
    let pair = pair()?;
    let message = pair.refused(&["PARTS"])?;
    ensure!(message.contains("no table or view \"PARTS\"") && message.contains("it has: PART"), "{message}");
    let message = pair.refused(&["PART", "NOWHERE"])?;
    ensure!(message.contains("NOWHERE"), "{message}");
    pair.edit("CREATE VIEW BROKEN AS SELECT * FROM GONE")?;
    let message = pair.refused(&["BROKEN"])?;
    ensure!(message.contains("BROKEN"), "{message}");
    untouched(&pair)?;
    let empty = Pair::new("VACUUM")?;
    empty.edit("CREATE TABLE T (A); DROP TABLE T")?;
    ensure!(empty.refused(&["--all"])?.contains("no tables or views"));
    ensure!(empty.refused(&["T"])?.contains("\"T\""));
    Ok(())
}

#[test]
fn targets_that_do_not_fit() -> Result<()> {
    let pair = pair()?;
    pair.database.run(
        "CREATE TABLE erp.few (part_no text PRIMARY KEY, count int);
         CREATE TABLE erp.narrow (part_no text PRIMARY KEY, name varchar(3), count int);
         CREATE TABLE erp.small (part_no text PRIMARY KEY, name text, count smallint);
         CREATE TABLE erp.more (part_no text PRIMARY KEY, name text, count int, colour text NOT NULL);
         CREATE TABLE erp.made (part_no text PRIMARY KEY, name text, count int GENERATED ALWAYS AS (1) STORED);
         CREATE TABLE erp.odd (part_no text PRIMARY KEY, name text, count point);
         CREATE VIEW erp.seen AS SELECT * FROM erp.part",
    )?;
    pair.edit("UPDATE PART SET COUNT = 40000 WHERE PART_NO = 'B'")?;
    for (target, words) in [
        ("few", &["PART into erp.few, column NAME", "no such column"][..]),
        ("more", &["erp.more", "colour"]),
        ("made", &["erp.made", "COUNT", "generates"]),
        ("odd", &["erp.odd", "COUNT", "point"]),
        ("seen", &["erp.seen", "is not a table"]),
    ] {
        let message = pair.refused(&["PART", "--into", &format!("erp.{target}")])?;
        for word in words.iter().chain(&["\nhint: "]) {
            ensure!(message.contains(word), "{target}: {word:?} is not in {message:?}");
        }
        ensure!(
            pair.database.value(&format!("SELECT count(*) FROM erp.{target}"))?
                == if target == "seen" { "1" } else { "0" }
        );
    }
    for (target, words) in [
        ("narrow", ["part_no 'B': column name", "4 characters", "varchar(3)"]),
        ("small", ["part_no 'B': column count", "out of range", "smallint"]),
    ] {
        let said = pair.failed(&["PART", "--into", &format!("erp.{target}")])?;
        for word in words {
            ensure!(said.contains(word), "{target}: {word:?} is not in {said:?}");
        }
        ensure!(pair.database.value(&format!("SELECT count(*) FROM erp.{target}"))? == "0");
    }
    let message = pair.refused(&["PART", "--into", "rsl.load"])?;
    ensure!(message.contains("rsl.load"), "{message}");
    untouched(&pair)
}

#[test]
fn keys_that_come_twice() -> Result<()> {
    let pair = pair()?;
    pair.edit("CREATE VIEW TWICE AS SELECT * FROM PART UNION ALL SELECT * FROM PART WHERE PART_NO = 'B'; INSERT INTO PART VALUES ('X', 'mine', 9)")?;
    for (arguments, words) in [
        (&["PART"][..], &["part_no 'X': column part_no: duplicate key"][..]),
        (&["TWICE", "--into", "erp.part"], &["more than once", "part_no 'B'"]),
        (&["TWICE", "--into", "erp.part", "--mode", "upsert"], &["more than once", "part_no 'B'"]),
        (&["TWICE", "--into", "erp.part", "--mode", "replace"], &["more than once", "part_no 'B'"]),
        (&["TWICE", "--into", "erp.fresh", "--key", "PART_NO"], &["more than once", "part_no 'B'"]),
    ] {
        let ended = pair.ended(arguments)?;
        ensure!(ended.code == Some(1), "{arguments:?}: {ended:#?}");
        for word in words {
            ensure!(ended.stdout.contains(word), "{arguments:?}: {word:?} is not in {ended:#?}");
        }
        untouched(&pair)?;
    }
    ensure!(pair.database.value("SELECT to_regclass('erp.fresh') IS NULL")? == "t");
    Ok(())
}

#[test]
fn roles_that_may_not() -> Result<()> {
    let pair = pair()?;
    let name = format!("clerk_{}", pair.database.name());
    pair.database.run(&format!("CREATE ROLE {name} LOGIN"))?;
    let url = pair.database.url_as(&name);
    refused_with(&pair, "RSL_DATABASE_URL", &url, &["permission denied", "grant_access"])?;
    pair.database.run(&format!("SELECT rsl.grant_access('{name}', 'load')"))?;
    refused_with(&pair, "RSL_DATABASE_URL", &url, &["PART", &format!("GRANT USAGE ON SCHEMA erp TO {name}")])
        .or_else(|_| refused_with(&pair, "RSL_DATABASE_URL", &url, &["PART", "permission denied"]))?;
    pair.database.run(&format!("GRANT USAGE ON SCHEMA erp TO {name}; GRANT SELECT ON erp.part TO {name}"))?;
    refused_with(
        &pair,
        "RSL_DATABASE_URL",
        &url,
        &["may not load into", &format!("GRANT SELECT, INSERT, UPDATE ON erp.part TO {name}")],
    )?;
    let ended = Ended::of(pair.pull(&["PART", "--into", "erp.fresh"])?.env("RSL_DATABASE_URL", &url))?;
    ensure!(ended.refusal()?.contains(&format!("GRANT CREATE ON SCHEMA erp TO {name}")), "{ended:#?}");
    let ended = Ended::of(pair.pull(&["PART", "--into", "other"])?.env("RSL_DATABASE_URL", &url))?;
    ensure!(ended.refusal()?.contains("GRANT CREATE ON DATABASE"), "{ended:#?}");
    untouched(&pair)?;
    pair.database.run(&format!("GRANT INSERT, UPDATE ON erp.part TO {name}"))?;
    let ended = Ended::of(pair.pull(&["PART"])?.env("RSL_DATABASE_URL", &url))?;
    ensure!(ended.code == Some(0), "{ended:#?}");
    Ok(())
}

#[test]
fn a_password_is_never_shown() -> Result<()> {
    const PASSWORD: &str = "p@ss!w0rd#%";
    // All that the server knows goes to its log.
    let settings = [
        "log_statement = 'all'",
        "log_connections = on",
        "log_min_messages = debug1",
        "log_parameter_max_length_on_error = -1",
    ];
    let options = Options { settings: settings.map(str::to_owned).to_vec(), ..Options::default() };
    let cluster = Cluster::start(&options)?;
    let pair = Pair::with(PART, cluster.database()?)?;
    pair.database.run(TARGET)?;
    pair.database.run(&format!(
        "SET log_statement = 'none'; SET log_min_messages = 'panic'; SET log_min_error_statement = 'panic';
         CREATE ROLE clerk SUPERUSER LOGIN PASSWORD '{PASSWORD}'"
    ))?;
    let rules = cluster.data().join("pg_hba.conf");
    let others = fs::read_to_string(&rules)?;
    fs::write(&rules, format!("host all clerk 127.0.0.1/32 scram-sha-256\n{others}"))?;
    pair.database.run("SELECT pg_reload_conf()")?;
    let url = |password: &str| {
        format!("postgresql://clerk{password}@127.0.0.1:{}/{}", cluster.port(), pair.database.name())
    };
    let report = pair.folder().join("report.json");
    let mut said = String::new();
    let mut run = |arguments: &[&OsStr], url: &str, code: i32| -> Result<Ended> {
        let ended = Ended::of(pair.rsl(arguments)?.env("RSL_DATABASE_URL", url).env("RSL_LOG", "trace"))?;
        said.push_str(&format!("{}{}", ended.stdout, ended.stderr));
        ensure!(ended.code == Some(code), "{arguments:?} with {url}: {ended:#?}");
        Ok(ended)
    };
    let words = |text: &'static str| text.split(' ').map(OsStr::new).collect::<Vec<_>>();
    let good = url(&format!(":{PASSWORD}"));
    // The rule counts from the next connection that the server takes on.
    pair.database.wait_for("SELECT count(*) = 0 FROM pg_hba_file_rules WHERE error IS NOT NULL")?;

    let with_output =
        [words("pull PART --mode upsert --format json --output"), vec![report.as_os_str()]].concat();
    run(&with_output, &good, 0)?;
    for arguments in
        ["init", "verify", "loads", "loads --format json", "pull PART --dry-run", "pull PART --mode upsert"]
    {
        run(&words(arguments), &good, 0)?;
    }
    run(&words("pull NOWHERE"), &good, 2)?;
    run(&words("pull PART --into erp.part --key NAME"), &good, 2)?;
    run(&words("pull PART"), &format!("{good}?{PASSWORD}=1"), 2)?;
    run(&words("pull PART"), &good.replace("127.0.0.1:", "127.0.0.1:x"), 2)?;
    run(&words("pull PART"), &good.replace(&format!(":{}", cluster.port()), ":1"), 2)?;
    run(&words("pull PART"), &format!("{good}_gone"), 2)?;
    run(&words("pull PART"), &good.replace("postgresql", "mssql"), 2)?;
    run(&words("pull PART"), &good.replace("://", ":/"), 2)?;
    // On the command line, wrong, missing, and in the source's URL.
    run(
        &[words("pull PART --mode upsert --database-url"), vec![OsStr::new(&good)]].concat(),
        "postgresql://x@127.0.0.1:1/x",
        0,
    )?;
    for wrong in [format!(":{PASSWORD}x"), format!(":x{PASSWORD}"), String::new()] {
        let ended = run(&words("pull PART"), &url(&wrong), 2)?;
        let message = ended.refusal()?;
        ensure!(
            message.contains("cannot connect to postgresql://clerk@127.0.0.1")
                && message.contains("password"),
            "{message}"
        );
    }
    let source = format!("sqlite://clerk:{PASSWORD}@{}", pair.file().display());
    run(&[words("pull PART --mode upsert --source"), vec![OsStr::new(&source)]].concat(), &good, 0)?;
    run(
        &[words("pull PART --source"), vec![OsStr::new(&source.replace("erp.db", "gone.db"))]].concat(),
        &good,
        2,
    )?;
    fs::write(
        pair.folder().join(".env"),
        format!("RSL_DATABASE_URL=postgresql://clerk:{PASSWORD} extra@h/d\n"),
    )?;
    run(&words("pull PART"), &good, 2)?;
    fs::remove_file(pair.folder().join(".env"))?;

    let books = pair.database.value("SELECT string_agg(l::text, ' ') FROM rsl.load l")?;
    ensure!(books.contains("exact"), "{books}");
    for (place, text) in [
        ("output", said),
        ("report", fs::read_to_string(&report)?),
        ("rsl.load", books),
        ("server log", cluster.log()),
    ] {
        for part in [PASSWORD, "w0rd", "p@ss", "p%40ss"] {
            if let Some(at) = text.find(part) {
                let around: String =
                    text[..at].chars().rev().take(200).collect::<Vec<_>>().into_iter().rev().collect();
                anyhow::bail!("the password is in the {place}: {around}…");
            }
        }
    }
    Ok(())
}

#[test]
fn a_full_disk_while_rows_are_merged() -> Result<()> {
    let pair = pair()?;
    pair.database.run(
        "CREATE FUNCTION erp.no_room() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            RAISE EXCEPTION 'could not extend file \"base/1/2\": No space left on device' USING ERRCODE = 'disk_full'; END $$;
         CREATE TRIGGER no_room BEFORE INSERT ON erp.part EXECUTE FUNCTION erp.no_room()",
    )?;
    for mode in ["append", "upsert", "replace"] {
        let message = pair.refused(&["PART", "--mode", mode])?;
        ensure!(
            message.contains("PART into erp.part") && message.contains("No space left on device"),
            "{message}"
        );
        ensure!(message.contains("hint: make room"), "{message}");
        untouched(&pair)?;
    }
    pair.database.run("DROP TRIGGER no_room ON erp.part")?;
    pair.exact(&["PART"])?;
    Ok(())
}

/// A small disk of its own. It goes away with this value.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// None if this user may not mount anything.
    fn new(folder: &Path, size: &str) -> Result<Option<Self>> {
        fs::create_dir(folder)?;
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={size},mode=0777"), "tmpfs"]).arg(folder);
        if !mount.output().is_ok_and(|output| output.status.success()) {
            return Ok(None);
        }
        let disk = Self(folder.to_owned());
        let given = Command::new("chown").arg("postgres:").arg(folder).status()?;
        ensure!(given.success(), "the disk cannot be given to the server");
        Ok(Some(disk))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: the server may have files open.
        let _ = Command::new("umount").arg("-l").arg(&self.0).output();
    }
}

#[test]
fn a_disk_that_is_really_full() -> Result<()> {
    let cluster = Cluster::start(&Options::default())?;
    let folder = cluster.folder().join("disk");
    // Who may not mount has the test above.
    let Some(_disk) = SmallDisk::new(&folder, "24m")? else { return Ok(()) };
    drop(cluster.database()?);
    let main = cluster.named("postgres");
    main.run(&format!("CREATE TABLESPACE small LOCATION '{}'", folder.display()))?;
    main.run("CREATE DATABASE small TEMPLATE rsl_template TABLESPACE small")?;
    let database: Database = cluster.named("small");
    let pair = Pair::sample_with(Shape::Bench, 100_000, database)?;
    pair.exact(&["BENCH_ROW", "--where", "ROW_ID <= 1000"])?;
    let digest = pair.digest("erp.bench_row")?;
    for mode in ["append", "upsert", "replace"] {
        let message = pair
            .refused(&["BENCH_ROW", "--where", "ROW_ID > 1000", "--mode", mode])
            .with_context(|| cluster.log())?;
        ensure!(message.contains("No space left on device") && message.contains("hint: "), "{message}");
        ensure!(pair.digest("erp.bench_row")? == digest, "the target has changed");
        let last = pair.database.value("SELECT status FROM rsl.load ORDER BY load_id DESC LIMIT 1")?;
        ensure!(last == "aborted", "the load is {last}");
    }
    pair.exact(&["BENCH_ROW", "--where", "ROW_ID BETWEEN 1001 AND 3000"])?;
    drop(pair);
    cluster.stop()?;
    Ok(())
}
