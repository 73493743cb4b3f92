//! Logins in every kind of encryption, let in and sent away.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may panic, and so may the functions that it calls"
)]

mod client;

use std::time::Duration;

use client::{PASSWORD, config, connect, number, open, options, rows, server, trusting, wait_until};
use proptest::prelude::*;
use tds_server::{Encryption, Login, Options};
use tiberius::{AuthMethod, ColumnData, EncryptionLevel, error::Error};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// What a server offers, what a client wants, and whether the login and what follows it are encrypted; `None` if they
/// cannot agree.
type Agreement = (Encryption, EncryptionLevel, Option<(bool, bool)>);

const AGREEMENTS: [Agreement; 20] = [
    (Encryption::Off, EncryptionLevel::NotSupported, Some((false, false))),
    (Encryption::Off, EncryptionLevel::On, None),
    (Encryption::Off, EncryptionLevel::Required, None),
    (Encryption::Off, EncryptionLevel::Strict, None),
    (Encryption::LoginOnly, EncryptionLevel::NotSupported, Some((false, false))),
    (Encryption::LoginOnly, EncryptionLevel::Off, Some((true, false))),
    (Encryption::LoginOnly, EncryptionLevel::On, Some((true, true))),
    (Encryption::LoginOnly, EncryptionLevel::Required, Some((true, true))),
    (Encryption::On, EncryptionLevel::NotSupported, Some((false, false))),
    (Encryption::On, EncryptionLevel::Off, Some((true, true))),
    (Encryption::On, EncryptionLevel::On, Some((true, true))),
    (Encryption::On, EncryptionLevel::Required, Some((true, true))),
    (Encryption::On, EncryptionLevel::Strict, Some((true, true))),
    // The server insists, and tiberius gives in although it said it could not.
    (Encryption::Required, EncryptionLevel::NotSupported, Some((true, true))),
    (Encryption::Required, EncryptionLevel::Off, Some((true, true))),
    (Encryption::Required, EncryptionLevel::On, Some((true, true))),
    (Encryption::Required, EncryptionLevel::Strict, Some((true, true))),
    (Encryption::Strict, EncryptionLevel::Strict, Some((true, true))),
    (Encryption::Strict, EncryptionLevel::On, None),
    (Encryption::Strict, EncryptionLevel::NotSupported, None),
];

#[tokio::test]
async fn every_agreement_about_encryption() {
    for (offered, wanted, expected) in AGREEMENTS {
        let server = server(options().encryption(offered));
        for trust in ["anybody", "the root"] {
            let mut config = trusting(&server, wanted);
            if trust == "anybody" {
                config = client::config(&server);
                config.encryption(wanted);
                config.trust_cert();
            }
            let what = format!("{offered:?}, {wanted:?}, trusting {trust}");
            let opened = open(config).await;
            let Some((login, all)) = expected else {
                assert!(opened.is_err(), "{what}");
                continue;
            };
            let mut client = opened.unwrap_or_else(|error| panic!("{what}: {error}"));
            let answer = rows(&mut client, "SELECT * FROM numbers(3000)").await.unwrap();
            assert_eq!(answer.len(), 3000, "{what}");
            let seen = server.logins().pop().unwrap();
            assert_eq!((seen.encrypted, seen.stays_encrypted), (login, all), "{what}");
        }
    }
}

#[tokio::test]
async fn a_certificate_is_verified() {
    for (offered, wanted) in
        [(Encryption::On, EncryptionLevel::Required), (Encryption::Strict, EncryptionLevel::Strict)]
    {
        let server = server(options().encryption(offered));
        let mut untrusting = config(&server);
        untrusting.encryption(wanted);
        assert!(open(untrusting).await.is_err());
        let mut elsewhere = trusting(&server, wanted);
        elsewhere.host("erp.example");
        assert!(open(elsewhere.clone()).await.is_err());
        elsewhere.hostname_in_certificate("localhost");
        open(elsewhere).await.unwrap();
    }
}

#[tokio::test]
async fn who_is_sent_away() {
    let mut options = options();
    options.logins.push(Login {
        name: "narrow".to_owned(),
        password: "1".to_owned(),
        default_database: "every_type".to_owned(),
        databases: Some(vec!["every_type".to_owned()]),
    });
    for encryption in
        [Encryption::Off, Encryption::LoginOnly, Encryption::On, Encryption::Required, Encryption::Strict]
    {
        let server = server(options.clone().encryption(encryption));
        let level = match encryption {
            Encryption::Off => EncryptionLevel::NotSupported,
            Encryption::LoginOnly => EncryptionLevel::Off,
            Encryption::Strict => EncryptionLevel::Strict,
            _ => EncryptionLevel::Required,
        };
        let attempt = async |user: &str, password: &str, database: Option<&str>| {
            let mut config = trusting(&server, level);
            config.authentication(AuthMethod::sql_server(user, password));
            if let Some(database) = database {
                config.database(database);
            }
            open(config).await
        };
        for (user, password) in [("FKSM_BI", "wrong"), ("FKSM_BI", ""), ("nobody", PASSWORD), ("", "")] {
            let error = attempt(user, password, None).await.unwrap_err();
            assert_eq!(number(&error), Some(18456), "{encryption:?} {user} {error}");
            assert!(error.to_string().contains(&format!("Login failed for user '{user}'.")), "{error}");
        }
        // tiberius reports the last error; the server sends 4060 first, then 18456.
        for (user, password, database) in [("FKSM_BI", PASSWORD, "KsmErp"), ("narrow", "1", "master")] {
            let error = attempt(user, password, Some(database)).await.unwrap_err();
            assert!(matches!(number(&error), Some(4060 | 18456)), "{encryption:?} {error}");
        }
        attempt("narrow", "1", None).await.unwrap();
        attempt("NARROW", "1", Some("EVERY_TYPE")).await.unwrap();
        assert!(server.statements().is_empty());
    }
}

#[tokio::test]
async fn a_wrong_database_is_told_before_the_login_fails() {
    let server = server(options());
    let mut config = config(&server);
    config.database("KsmErp");
    let error = open(config).await.unwrap_err();
    let Error::Server(error) = error else { panic!("{error}") };
    assert_eq!((error.code(), error.class()), (4060, 11));
    assert_eq!(error.message(), "Cannot open database \"KsmErp\" requested by the login. The login failed.");
}

#[tokio::test]
async fn what_a_client_says_of_itself() {
    let server = server(options());
    let mut config = config(&server);
    config.application_name("rsl 제품");
    config.database("every_type");
    config.readonly(true);
    config.packet_size(16_000);
    let client = open(config).await.unwrap();
    assert_eq!(server.connections(), 1);
    let seen = server.logins().pop().unwrap();
    assert_eq!((seen.user.as_str(), seen.database.as_str()), ("fksm_bi", "every_type"));
    assert_eq!((seen.application.as_str(), seen.packet_size), ("rsl 제품", 16_000));
    assert!(seen.read_only_intent);
    client.close().await.unwrap();
    wait_until(|| server.connections() == 0).await;
    assert_eq!(server.accepted(), 1);
}

#[tokio::test]
async fn packets_of_any_size() {
    for size in [512, 1000, 4096, 8000, 32_767] {
        let server = server(options());
        let mut config = config(&server);
        config.packet_size(size);
        let mut client = open(config).await.unwrap();
        let filler = format!("/* {} */", "x".repeat(20_000));
        let answer = rows(&mut client, &format!("SELECT * FROM numbers(2000) WHERE {filler}")).await.unwrap();
        assert_eq!(answer.len(), 2000);
        assert_eq!(*client::cell(&answer[1999], 0), ColumnData::I32(Some(2000)));
        assert!(server.statements()[0].len() > 20_000);
    }
}

#[tokio::test]
async fn a_gateway_names_the_server_behind_it() {
    let behind = server(options());
    let redirecting = Options { redirect: Some(("localhost".to_owned(), behind.port())), ..options() };
    let gateway = server(redirecting);
    let Err(Error::Routing { host, port }) = open(config(&gateway)).await else { panic!("not redirected") };
    assert_eq!((host.as_str(), port), ("localhost", behind.port()));
}

#[tokio::test]
async fn a_server_that_is_dropped_closes_everything() {
    let server = server(options());
    let mut client = connect(&server).await;
    let mut stalled = TcpStream::connect(("127.0.0.1", server.port())).await.unwrap();
    wait_until(|| server.connections() == 2).await;
    let port = server.port();
    drop(server);
    assert_eq!(stalled.read(&mut [0; 8]).await.unwrap_or(0), 0);
    assert!(rows(&mut client, "SELECT 1").await.is_err());
    assert!(TcpStream::connect(("127.0.0.1", port)).await.is_err());
}

#[tokio::test]
async fn who_does_nothing_is_sent_away() {
    let server = server(Options { login_timeout: Duration::from_millis(100), ..options() });
    let mut idle = TcpStream::connect(("127.0.0.1", server.port())).await.unwrap();
    assert_eq!(idle.read(&mut [0; 8]).await.unwrap_or(0), 0);
    // Whoever has logged in may be as slow as he likes.
    let mut client = connect(&server).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    rows(&mut client, "SELECT 1").await.unwrap();
}

/// Sends bytes and waits until the server has closed the connection.
async fn throw(port: u16, bytes: &[u8]) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    // The server may have closed the connection before all is written.
    let _ = stream.write_all(bytes).await;
    let _ = stream.shutdown().await;
    let mut answer = Vec::new();
    let reading = stream.read_to_end(&mut answer);
    let _ = tokio::time::timeout(Duration::from_secs(10), reading).await.expect("the server hangs");
}

#[test]
fn garbage_closes_a_connection_and_nothing_else() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let servers =
        [Encryption::Off, Encryption::On, Encryption::Strict].map(|e| server(options().encryption(e)));
    let prelogin = b"\x12\x01\0\x1A\0\0\x01\0\0\0\x0B\0\x06\x01\0\x11\0\x01\xFF\x10\0\x03\xE8\0\0\x02";
    let bytes = prop::collection::vec(any::<u8>(), 0..600);
    let packet =
        (prop::sample::select(vec![1_u8, 3, 6, 7, 14, 16, 18]), bytes.clone()).prop_map(|(kind, body)| {
            let length = (body.len() as u16 + 8).to_be_bytes();
            [&[kind, 1, length[0], length[1], 0, 0, 1, 0], body.as_slice()].concat()
        });
    let strategy = (0..4_u8, bytes, prop::collection::vec(packet, 0..4));
    proptest!(ProptestConfig::with_cases(300), |((beginning, bytes, packets) in strategy)| {
        let sent = match beginning {
            0 => bytes,
            1 => [prelogin.as_slice(), &bytes].concat(),
            2 => packets.concat(),
            _ => [prelogin.as_slice(), &packets.concat()].concat(),
        };
        for server in &servers {
            runtime.block_on(throw(server.port(), &sent));
        }
    });
    runtime.block_on(async {
        for server in &servers[..1] {
            rows(&mut connect(server).await, "SELECT 1").await.unwrap();
        }
        for server in &servers {
            wait_until(|| server.connections() == 0).await;
        }
    });
}
