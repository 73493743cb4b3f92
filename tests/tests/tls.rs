//! Connections to a server that insists on TLS.

use std::fs;

use anyhow::{Result, ensure};
use rsl_tests::cluster::{Cluster, Options};
use rsl_tests::database::Database;
use rsl_tests::program::{Ended, rsl};

/// Makes a file of the server, readable for it alone, in its data folder.
fn give_file(database: &Database, name: &str, content: &str) -> Result<()> {
    let hex: String = content.bytes().map(|byte| format!("{byte:02x}")).collect();
    let write = format!("umask 077; perl -ne \"chomp; print pack(''H*'', \\$_)\" > {name}");
    database.run(&format!("COPY (SELECT '{hex}') TO PROGRAM '{write}'"))
}

#[test]
fn sslmode_means_what_it_says() -> Result<()> {
    let cluster = Cluster::start(&Options::default())?;
    let database = cluster.database()?;
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
    give_file(&database, "server.crt", &made.cert.pem())?;
    give_file(&database, "server.key", &made.signing_key.serialize_pem())?;
    give_file(&database, "pg_hba.conf", "hostssl all all all trust\nhostnossl all all all reject\n")?;
    database.run("ALTER SYSTEM SET ssl = on")?;
    cluster.stop()?;
    cluster.start_again()?;

    let folder = tempfile::tempdir()?;
    let authority = folder.path().join("authority.pem");
    fs::write(&authority, made.cert.pem())?;
    let authority = authority.display();
    let loads = |host: &str, options: &str| {
        let url = format!("postgresql://postgres@{host}:{}/{}{options}", cluster.port(), database.name());
        Ended::of(rsl(folder.path())?.args(["loads", "--database-url", &url]))
    };
    for (host, options) in [
        ("127.0.0.1", String::new()),
        ("127.0.0.1", "?sslmode=require".to_owned()),
        ("localhost", format!("?sslmode=verify-full&sslrootcert={authority}")),
    ] {
        let ended = loads(host, &options)?;
        ensure!(ended.code == Some(0), "{host} {options}: {ended:#?}");
    }
    for (host, options, words) in [
        ("127.0.0.1", "?sslmode=disable".to_owned(), "no encryption"),
        // A certificate that nobody vouches for, and one of another name.
        ("localhost", "?sslmode=verify-full".to_owned(), "certificate"),
        ("127.0.0.1", format!("?sslmode=verify-full&sslrootcert={authority}"), "certificate"),
        ("localhost", "?sslmode=verify-full&sslrootcert=/nowhere.pem".to_owned(), "/nowhere.pem"),
    ] {
        let ended = loads(host, &options)?;
        ensure!(ended.refusal()?.contains(words), "{host} {options}: {ended:#?}");
    }
    Ok(())
}
