//! The harness itself: what every other test relies on.

use anyhow::Result;
use rsl_tests::cluster::{self, Cluster, Options};
use std::fs;
use std::thread;
use std::time::{Duration, Instant};

#[test]
fn each_database_is_fresh_and_has_the_extension() -> Result<()> {
    let cluster = cluster::shared()?;
    let [one, two] = [cluster.database()?, cluster.database()?];
    one.run("CREATE TABLE mark (n int); SELECT rsl.table_digest('mark')")?;
    assert_eq!(two.value("SELECT to_regclass('mark') IS NULL")?, "t");
    assert_eq!(two.value("SELECT count(*) FROM pg_extension WHERE extname = 'rsl'")?, "1");
    Ok(())
}

#[test]
fn an_sql_error_is_an_error() -> Result<()> {
    let database = cluster::shared()?.empty_database()?;
    let error = database.run("SELECT 1; SELECT 1/0; SELECT 2").unwrap_err();
    assert!(error.to_string().contains("division by zero"), "{error}");
    assert!(cluster::shared()?.named("nowhere").run("SELECT 1").is_err());
    Ok(())
}

#[test]
fn a_transcript_shows_errors_where_they_happen() -> Result<()> {
    let database = cluster::shared()?.empty_database()?;
    let transcript = database.transcript("SELECT 1/0;\n\\pset tuples_only\nSELECT '한글';\n")?;
    assert_eq!(
        transcript,
        "SELECT 1/0;\nERROR:  division by zero\n\\pset tuples_only\nSELECT '한글';\n 한글\n\n"
    );
    Ok(())
}

#[tokio::test]
async fn a_killed_server_keeps_what_was_committed() -> Result<()> {
    let cluster =
        Cluster::start(&Options { settings: vec!["work_mem = '5MB'".to_owned()], ..Options::default() })?;
    let database = cluster.empty_database()?;
    let client = database.connect().await?;
    client.batch_execute("CREATE TABLE kept AS SELECT 7 AS n").await?;
    client.batch_execute("BEGIN; CREATE TABLE lost ()").await?;
    cluster.kill()?;
    assert!(client.batch_execute("SELECT 1").await.is_err());
    cluster.start_again()?;
    assert_eq!(database.value("SELECT n, to_regclass('lost') FROM kept; SHOW work_mem")?, "7|\n5MB");
    cluster.stop()?;
    cluster.start_again()?;
    assert_eq!(database.value("SELECT n FROM kept")?, "7");
    Ok(())
}

#[test]
fn a_dropped_server_leaves_nothing_behind() -> Result<()> {
    let cluster = Cluster::start(&Options::default())?;
    let folder = cluster.folder().to_owned();
    let server = fs::read_to_string(folder.join("data/postmaster.pid"))?;
    let process = format!("/proc/{}/cwd", server.lines().next().unwrap_or_default());
    assert!(fs::read_link(&process).is_ok());
    drop(cluster);
    assert!(!folder.exists());
    // Where nobody collects dead processes, the number stays; what it ran in does not.
    let patience = Instant::now() + Duration::from_secs(10);
    while fs::read_link(&process).is_ok() {
        assert!(Instant::now() < patience, "the server still runs");
        thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}
