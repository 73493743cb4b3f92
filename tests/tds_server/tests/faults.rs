//! Faults: each as its description says, seen by a client that looks at every byte, and by tiberius.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may panic, and so may the functions that it calls"
)]

mod client;

use std::{
    io::{ErrorKind, Write},
    process::Command,
    time::{Duration, Instant},
};

use client::{
    Client, Program, config, connect, number, open, options,
    plain::{self, Plain},
    rows, server, trusting, wait_until,
};
use futures_util::{TryStreamExt, future::join_all};
use tds_server::{
    Encryption, Server,
    answer::SqlMessage,
    faults::{Action, Fault, Phase},
};
use tiberius::{Config, EncryptionLevel, QueryItem, error::Error};

const FIN: Action = Action::Fin { in_packet: false };
const FIN_IN_PACKET: Action = Action::Fin { in_packet: true };
const GARBAGE: Action = Action::Garbage { seed: 7, length: 99 };

/// Nine rows of equal length: a type, an int, the length of a text and its five characters.
const NINE: &str = "SELECT * FROM numbers(9)";
const ROW: usize = 1 + 4 + 2 + 10;
const DONE: usize = 13;

/// A way of asking.
type Ask = fn(&mut Plain, &str);

/// Each way of asking, and the code of the token that ends a result of it.
const WAYS: [(Ask, u8); 2] = [(Plain::batch, 0xFD), (Plain::call, 0xFF)];

/// A client in the middle of things: it has asked for [`NINE`], and this is wrong.
fn ask(server: &Server, ask: Ask, when: Phase, what: Action) -> Plain {
    server.faults().arm(Fault::new(when, what));
    let mut client = Plain::connect(server, 4096);
    ask(&mut client, NINE);
    client
}

/// The points within a statement, and the bytes of the answer before each; `all` are those before the end of the result.
fn points(all: usize) -> [(Phase, usize); 6] {
    let columns = all - 9 * ROW;
    [
        (Phase::Statement, 0),
        (Phase::Columns, columns),
        (Phase::Row(0), columns),
        (Phase::Row(3), columns + 3 * ROW),
        (Phase::Row(9), all),
        (Phase::Done, all),
    ]
}

/// The complete answer to [`NINE`] up to the end of its result.
fn whole(server: &Server, way: Ask, code: u8) -> Vec<u8> {
    let mut client = Plain::connect(server, 4096);
    way(&mut client, NINE);
    let whole = client.answer().unwrap();
    let end = if code == 0xFD {
        plain::done(code, 0, Some(9))
    } else {
        // The procedure's own status and end come after the end of its result.
        [plain::done(code, 1, Some(9)), vec![0x79, 0, 0, 0, 0], plain::done(0xFE, 0, None)].concat()
    };
    assert_eq!(whole[whole.len() - end.len()..], end);
    whole[..whole.len() - end.len()].to_vec()
}

#[test]
fn answers_broken_off_to_the_byte() {
    let server = server(options());
    for (way, code) in WAYS {
        let whole = whole(&server, way, code);
        for (when, bytes) in points(whole.len()) {
            let begun = &whole[..bytes];

            let mut client = ask(&server, way, when, Action::NoDone);
            assert_eq!(client.answer().unwrap(), begun, "{when} no-done");
            client.batch(NINE);
            assert_eq!(
                client.answer().unwrap().len(),
                whole.len() + DONE,
                "{when} no-done, then another statement"
            );

            let next = match when {
                Phase::Statement => whole.len() - 9 * ROW,
                Phase::Row(9) | Phase::Done => DONE,
                _ => ROW,
            };
            let mut client = ask(&server, way, when, Action::TruncateToken);
            let cut = client.answer().unwrap();
            assert_eq!(cut.len(), bytes + next / 2, "{when} truncate");
            assert_eq!(cut[..bytes], *begun, "{when} truncate");
            assert!(client.is_silent(), "{when} truncate");

            let mut client = ask(&server, way, when, FIN);
            if bytes > 0 {
                let packet = client.packet().unwrap();
                assert!(!packet.last, "{when} fin");
                assert_eq!(packet.payload, begun, "{when} fin");
            }
            assert_eq!(client.rest(), (vec![], None), "{when} fin");

            let mut client = ask(&server, way, when, FIN_IN_PACKET);
            let (rest, error) = client.rest();
            assert_eq!((rest.len(), error), (8 + bytes, None), "{when} fin-in-packet");
            assert!(usize::from(u16::from_be_bytes([rest[2], rest[3]])) > rest.len(), "{when} fin-in-packet");
            assert_eq!(rest[8..], *begun, "{when} fin-in-packet");

            let mut client = ask(&server, way, when, Action::Rst);
            assert_eq!(client.rest().1, Some(ErrorKind::ConnectionReset), "{when} rst");

            let mut garbage = Vec::new();
            for _ in 0..2 {
                let mut client = ask(&server, way, when, GARBAGE);
                if bytes > 0 {
                    assert_eq!(client.packet().unwrap().payload, begun, "{when} garbage");
                }
                garbage.push(client.rest());
            }
            assert_eq!((garbage[0].0.len(), garbage[0].1), (99, None), "{when} garbage");
            assert_eq!(garbage[0], garbage[1], "{when} garbage");

            for (error, status, closes) in [
                (SqlMessage::deadlock(), plain::FAILED, false),
                (SqlMessage::killed(), plain::FAILED | 0x100, true),
            ] {
                let token = plain::message(0xAA, error.number, error.state, error.class, &error.message);
                let mut client = ask(&server, way, when, Action::Error(error));
                let answer = client.answer().unwrap();
                assert_eq!(answer[..bytes], *begun, "{when} error");
                let (message, end) = answer[bytes..].split_at(token.len());
                assert_eq!(message, token, "{when} error");
                let procedure = [vec![0x79, 1, 0, 0, 0], plain::done(0xFE, status, None)].concat();
                assert_eq!(
                    end,
                    if code == 0xFD { plain::done(0xFD, status, None) } else { procedure },
                    "{when} error"
                );
                if closes {
                    assert_eq!(client.rest(), (vec![], None), "{when} killed");
                } else {
                    way(&mut client, NINE);
                    assert!(
                        client.answer().unwrap().starts_with(&whole),
                        "{when} error, then another statement"
                    );
                }
            }
            assert!(server.faults().armed().is_empty(), "{when}");
        }
    }
    assert_eq!(server.faults().happened(), 2 * 6 * 9);
}

#[test]
fn a_delay_breaks_nothing() {
    let server = server(options());
    let delay = Duration::from_millis(60);
    for (way, code) in WAYS {
        let whole = whole(&server, way, code);
        for (when, bytes) in points(whole.len()) {
            let begin = Instant::now();
            let mut client = ask(&server, way, when, Action::Delay(delay));
            // What was there before the delay has been sent before it.
            let mut answer = client.packet().unwrap().payload;
            assert_eq!(bytes > 0, answer == whole[..bytes], "{when}");
            answer.extend(if bytes > 0 { client.answer().unwrap() } else { vec![] });
            assert!(begin.elapsed() >= delay, "{when}");
            assert!(answer.starts_with(&whole) && answer.len() > whole.len(), "{when}");
        }
    }
}

#[test]
fn the_silent_ones_differ_in_what_they_read() {
    for when in [Phase::Statement, Phase::Row(3)] {
        for what in [Action::Stall, Action::Mute] {
            let server = server(options());
            let mut client = ask(&server, Plain::batch, when, what.clone());
            if when != Phase::Statement {
                assert!(!client.packet().unwrap().last);
            }
            assert!(client.is_silent(), "{when} {what:?}");
            client.send(plain::ATTENTION, &[]).unwrap();
            client.batch("SELECT 1");
            assert!(client.is_silent(), "{when} {what:?}");
            assert_eq!(server.connections(), 1);
            drop(client);
            closed(&server);

            // More than the kernel holds for both sides together.
            let mut client = ask(&server, Plain::batch, when, what.clone());
            if when != Phase::Statement {
                assert!(!client.packet().unwrap().last);
            }
            assert!(client.is_silent(), "{when} {what:?}");
            client.stream.set_write_timeout(Some(Duration::from_millis(300))).unwrap();
            let mut written = Ok(());
            let piece = vec![0; 1 << 20];
            for _ in 0..32 {
                written = written.and_then(|()| client.stream.write_all(&piece));
            }
            assert_eq!(written.is_ok(), what == Action::Mute, "{when} {what:?}: {written:?}");
        }
    }
}

/// Waits until no connection is left.
fn closed(server: &Server) {
    let begin = Instant::now();
    while server.connections() > 0 {
        assert!(begin.elapsed() < Duration::from_secs(10), "connections stay");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// How an attempt of tiberius to log in and to read [`THOUSAND`] ended.
#[derive(Debug)]
struct Outcome {
    logged_in: bool,
    rows: u64,
    error: Option<Error>,
    timed_out: bool,
    took: Duration,
}

impl Outcome {
    fn complete(&self) -> bool {
        self.logged_in && self.rows == 1000 && self.error.is_none() && !self.timed_out
    }
}

const THOUSAND: &str = "SELECT * FROM numbers(1000)";
/// How long a client waits for a login and for a row that will come, and for ones that will not.
const PATIENCE: Duration = Duration::from_secs(20);
const LOGIN_IN_VAIN: Duration = Duration::from_secs(1);
const ROW_IN_VAIN: Duration = Duration::from_secs(1);

async fn attempt(mut config: Config, call: bool, login: Duration, row: Duration) -> Outcome {
    let begin = Instant::now();
    config.handshake_timeout(Some(login));
    config.command_timeout(Some(row));
    let mut outcome =
        Outcome { logged_in: false, rows: 0, error: None, timed_out: false, took: Duration::ZERO };
    let result = tokio::time::timeout(2 * PATIENCE, async {
        let mut client = open(config).await?;
        outcome.logged_in = true;
        count(&mut client, THOUSAND, call, &mut outcome.rows).await
    })
    .await;
    outcome.took = begin.elapsed();
    match result {
        Ok(Ok(())) => {}
        Ok(Err(Error::Io { kind: ErrorKind::TimedOut, .. })) | Err(_) => outcome.timed_out = true,
        Ok(Err(error)) => outcome.error = Some(error),
    }
    outcome
}

/// Counts rows as they come, also those before an error.
async fn count(client: &mut Client, statement: &str, call: bool, rows: &mut u64) -> tiberius::Result<()> {
    let mut stream =
        if call { client.query(statement, &[]).await? } else { client.simple_query(statement).await? };
    while let Some(item) = stream.try_next().await? {
        *rows += u64::from(matches!(item, QueryItem::Row(_)));
    }
    Ok(())
}

const PHASES: [Phase; 9] = [
    Phase::Accept,
    Phase::Prelogin,
    Phase::TlsHandshake,
    Phase::Login,
    Phase::Statement,
    Phase::Columns,
    Phase::Row(430),
    Phase::Row(1000),
    Phase::Done,
];

/// Rows that a client can have before this goes wrong; `None` if it cannot even have logged in.
fn rows_before(when: Phase) -> Option<u64> {
    match when {
        Phase::Accept | Phase::Prelogin | Phase::TlsHandshake | Phase::Login => None,
        Phase::Statement | Phase::Columns => Some(0),
        Phase::Row(rows) => Some(rows),
        Phase::Done => Some(1000),
    }
}

/// One fault, one client, and after it another that has no trouble any more.
async fn matrix_cell(encryption: Encryption, when: Phase, what: Action, call: bool) {
    let cell = format!("{encryption:?}, {when}, {what:?}, as a call: {call}");
    let server = server(options().encryption(encryption));
    let level = match encryption {
        Encryption::Off => EncryptionLevel::NotSupported,
        Encryption::LoginOnly => EncryptionLevel::Off,
        Encryption::Strict => EncryptionLevel::Strict,
        _ => EncryptionLevel::Required,
    };
    let config = trusting(&server, level);
    let fault = Fault::new(when, what.clone());
    server.faults().arm(fault.clone());
    let outcome = match rows_before(when) {
        _ if !may_be_silent(when, &what) => attempt(config.clone(), call, PATIENCE, PATIENCE).await,
        None => attempt(config.clone(), call, LOGIN_IN_VAIN, PATIENCE).await,
        Some(_) => attempt(config.clone(), call, PATIENCE, ROW_IN_VAIN).await,
    };
    if when == Phase::TlsHandshake && encryption == Encryption::Off {
        assert!(outcome.complete(), "{cell}: {outcome:?}");
        assert_eq!(server.faults().armed(), [fault], "{cell}");
        return;
    }
    assert_eq!((server.faults().happened(), server.faults().armed()), (1, vec![]), "{cell}");
    let most = rows_before(when);
    match what {
        Action::Delay(time) => {
            assert!(outcome.complete() && outcome.took >= time, "{cell}: {outcome:?}");
        }
        // tiberius takes the end of the message for the end of the answer; and with nothing at all in it, it waits.
        Action::NoDone if most.is_some() => {
            assert_eq!(outcome.rows, most.unwrap(), "{cell}: {outcome:?}");
            assert_eq!(outcome.timed_out, when == Phase::Statement, "{cell}: {outcome:?}");
            assert!(outcome.error.is_none(), "{cell}: {outcome:?}");
        }
        _ => {
            assert_eq!(outcome.logged_in, most.is_some(), "{cell}: {outcome:?}");
            let silent = matches!(what, Action::Stall | Action::Mute);
            let truncated = what == Action::TruncateToken && most.is_some();
            assert_eq!(outcome.timed_out, silent || truncated, "{cell}: {outcome:?}");
            // What has arrived is lost with a reset, and with half a packet.
            if matches!(what, Action::Rst | FIN_IN_PACKET) {
                assert!(outcome.rows <= most.unwrap_or(0), "{cell}: {outcome:?}");
            } else {
                assert_eq!(outcome.rows, most.unwrap_or(0), "{cell}: {outcome:?}");
            }
            if let Action::Error(error) = &what
                && (most.is_some() || when == Phase::Login)
            {
                assert_eq!(number(outcome.error.as_ref().unwrap()), Some(error.number), "{cell}");
            } else {
                assert_eq!(outcome.error.is_some(), !outcome.timed_out, "{cell}: {outcome:?}");
            }
        }
    }
    let again = attempt(config, call, PATIENCE, PATIENCE).await;
    assert!(again.complete(), "{cell}: {again:?}");
}

/// A client may have to wait until its patience ends.
fn may_be_silent(when: Phase, what: &Action) -> bool {
    let half_an_answer = matches!(what, Action::TruncateToken | Action::NoDone);
    matches!(what, Action::Stall | Action::Mute) || half_an_answer && rows_before(when).is_some()
}

async fn matrix(encryption: Encryption, call: bool) {
    let actions = [
        Action::Delay(Duration::from_millis(50)),
        Action::Stall,
        FIN,
        FIN_IN_PACKET,
        Action::Rst,
        GARBAGE,
        Action::TruncateToken,
        Action::NoDone,
        Action::Error(SqlMessage::deadlock()),
        Action::Error(SqlMessage::killed()),
        Action::Mute,
    ];
    // TLS changes nothing about what stands in an answer, and takes its time.
    let of_tls = |when: &Phase| rows_before(*when).is_none() || matches!(when, Phase::Row(430) | Phase::Done);
    let phases = PHASES.into_iter().filter(|when| encryption == Encryption::Off || of_tls(when));
    let mut cells: Vec<_> =
        phases.flat_map(|when| actions.iter().map(move |what| (when, what.clone()))).collect();
    // Those who wait for nothing wait together.
    let group = |(when, what): &(Phase, Action)| (may_be_silent(*when, what), rows_before(*when).is_some());
    cells.sort_by_key(group);
    for some in cells.chunk_by(|one, other| group(one) == group(other)) {
        join_all(some.iter().map(|(when, what)| matrix_cell(encryption, *when, what.clone(), call))).await;
    }
}

#[tokio::test]
async fn every_fault_at_every_point_unencrypted() {
    matrix(Encryption::Off, false).await;
}

#[tokio::test]
async fn every_fault_at_every_point_of_a_call() {
    matrix(Encryption::Off, true).await;
}

#[tokio::test]
async fn every_fault_at_every_point_encrypted() {
    matrix(Encryption::On, false).await;
}

#[tokio::test]
async fn every_fault_at_every_point_strictly_encrypted() {
    matrix(Encryption::Strict, true).await;
}

#[tokio::test]
async fn as_often_as_told_and_only_where_told() {
    let server = server(options());
    let faults = server.faults();
    let mut client = connect(&server).await;
    faults.arm(Fault::error(SqlMessage::deadlock()).times(2));
    for _ in 0..2 {
        let error = rows(&mut client, "SELECT 1").await.unwrap_err();
        assert_eq!(number(&error), Some(1205));
    }
    assert_eq!(rows(&mut client, "SELECT 1").await.unwrap().len(), 1);
    assert_eq!(faults.happened(), 2);

    faults.arm(Fault::error(SqlMessage::error(50001, "always")).always().matching("numbers(7)"));
    for n in 0..5 {
        let error = rows(&mut client, "SELECT n FROM numbers(7)").await.unwrap_err();
        assert_eq!(number(&error), Some(50001));
        assert_eq!(rows(&mut client, "SELECT n FROM numbers(8)").await.unwrap().len(), 8);
        assert_eq!(faults.happened(), 3 + n);
    }
    assert_eq!(faults.armed().len(), 1);
    faults.clear();
    assert_eq!(rows(&mut client, "SELECT n FROM numbers(7)").await.unwrap().len(), 7);
    assert_eq!(faults.happened(), 7);

    // Before there is a statement, nothing can match one.
    faults.arm(Fault::login_error(SqlMessage::not_available("KsmErp")).matching("SELECT"));
    connect(&server).await;
    faults.clear();
    faults.arm(Fault::login_error(SqlMessage::not_available("KsmErp")).times(2));
    for _ in 0..2 {
        assert_eq!(number(&open(config(&server)).await.unwrap_err()), Some(40613));
    }
    connect(&server).await;
    assert_eq!(faults.happened(), 9);
}

#[tokio::test]
async fn several_in_one_answer_each_at_its_row() {
    let server = server(options());
    let delay = Duration::from_millis(50);
    for at in [900, 10, 400] {
        server.faults().arm(Fault::new(Phase::Row(at), Action::Delay(delay)));
    }
    server.faults().arm(Fault::error_after(901, SqlMessage::deadlock()));
    let begin = Instant::now();
    let (mut client, mut read) = (connect(&server).await, 0);
    let error = count(&mut client, THOUSAND, false, &mut read).await.unwrap_err();
    assert_eq!((number(&error), read), (Some(1205), 901));
    assert!(begin.elapsed() >= 3 * delay);
    assert_eq!(server.faults().happened(), 4);
    // Rows of all results of a statement count together.
    server.faults().arm(Fault::error_after(15, SqlMessage::deadlock()));
    let mut read = 0;
    let error =
        count(&mut client, "SELECT n FROM numbers(10); SELECT n FROM numbers(10)", false, &mut read).await;
    assert_eq!((number(&error.unwrap_err()), read), (Some(1205), 15));
}

#[tokio::test]
async fn a_deadlock_in_the_middle_of_a_long_answer() {
    for encryption in [Encryption::Off, Encryption::On] {
        let server = server(options().encryption(encryption));
        let level =
            if encryption == Encryption::Off { EncryptionLevel::NotSupported } else { EncryptionLevel::On };
        let mut client = open(trusting(&server, level)).await.unwrap();
        for after in [0, 1, 430, 19_999, 20_000] {
            server.faults().arm(Fault::error_after(after, SqlMessage::deadlock()));
            let mut read = 0;
            let error = count(&mut client, "SELECT * FROM numbers(20000)", after % 2 == 1, &mut read)
                .await
                .unwrap_err();
            let Error::Server(token) = &error else { panic!("{error}") };
            assert_eq!(
                (token.code(), token.state(), token.class(), token.server()),
                (1205, 45, 13, "TDSTEST")
            );
            assert!(token.message().contains("chosen as the deadlock victim"));
            assert_eq!(read, after);
            // The session lives on.
            assert_eq!(rows(&mut client, "SELECT 1").await.unwrap().len(), 1);
        }
    }
}

#[tokio::test]
async fn a_session_killed_after_some_rows() {
    for encryption in [Encryption::Off, Encryption::On, Encryption::Strict] {
        let server = server(options().encryption(encryption));
        let level = match encryption {
            Encryption::Off => EncryptionLevel::NotSupported,
            Encryption::Strict => EncryptionLevel::Strict,
            _ => EncryptionLevel::On,
        };
        let mut client = open(trusting(&server, level)).await.unwrap();
        server.faults().arm(Fault::error_after(430, SqlMessage::killed()));
        let mut read = 0;
        let error = count(&mut client, "SELECT * FROM numbers(20000)", false, &mut read).await.unwrap_err();
        assert_eq!((number(&error), read), (Some(596), 430), "{encryption:?}");
        assert!(rows(&mut client, "SELECT 1").await.is_err(), "{encryption:?}");
        drop(client);
        wait_until(|| server.connections() == 0).await;
        assert_eq!(server.statements().len(), 1);
    }
}

/// Errors that the engine has, not ones on demand.
#[tokio::test]
async fn errors_before_and_after_rows() {
    let server = server(options());
    let mut client = connect(&server).await;
    for (statement, code, before) in [
        ("SELECT * FROM nowhere", 208, 0),
        ("SELECT nothing FROM every_type", 207, 0),
        ("DROP TABLE every_type", 102, 0),
        ("SELECT * FROM numbers(5000); THROW 50001, 'after rows', 1", 50001, 5000),
        ("SELECT * FROM numbers(3); SELECT * FROM numbers(2); SELECT * FROM nowhere", 208, 5),
    ] {
        for call in [false, true] {
            let mut read = 0;
            let error = count(&mut client, statement, call, &mut read).await.unwrap_err();
            assert_eq!((number(&error), read), (Some(code), before), "{statement}");
            assert_eq!(rows(&mut client, "SELECT 1").await.unwrap().len(), 1);
        }
    }
}

#[test]
fn messages_between_results() {
    let server = server(options());
    let mut client = Plain::connect(&server, 4096);
    client.batch("PRINT 'before'; SELECT 1; PRINT N'한글'; SELECT 2; USE [master]; PRINT 'after'");
    let answer = client.answer().unwrap();
    let place = |token: &[u8]| {
        let mut places = answer.windows(token.len()).enumerate().filter(|(_, window)| *window == token);
        let (at, _) = places.next().unwrap_or_else(|| panic!("{token:?} is missing"));
        assert!(places.next().is_none());
        at
    };
    let change = [&[0xE3, 27, 0, 1, 6][..], &plain::wide("master"), &[6], &plain::wide("master")].concat();
    let places = [
        place(&plain::message(0xAB, 0, 1, 0, "before")),
        place(b"\xD1\x04\x01\0\0\0"),
        place(&plain::message(0xAB, 0, 1, 0, "한글")),
        place(b"\xD1\x04\x02\0\0\0"),
        place(&change),
        place(&plain::message(0xAB, 5701, 2, 0, "Changed database context to 'master'.")),
        place(&plain::message(0xAB, 0, 1, 0, "after")),
    ];
    assert!(places.is_sorted(), "{places:?}");
    assert!(answer.ends_with(&plain::done(0xFD, 0, None)));
}

#[tokio::test]
async fn messages_do_not_disturb_a_client() {
    let server = server(options());
    let mut client = connect(&server).await;
    let statement =
        "PRINT 'a'; SELECT * FROM numbers(3); PRINT 'b'; SET NOCOUNT ON; SELECT * FROM numbers(0); SELECT 7";
    for call in [false, true] {
        let stream =
            if call { client.query(statement, &[]).await } else { client.simple_query(statement).await };
        let results = stream.unwrap().into_results().await.unwrap();
        assert_eq!(results.iter().map(Vec::len).collect::<Vec<_>>(), [3, 0, 1]);
        assert_eq!(results[2][0].get::<i32, _>(0), Some(7));
    }
}

#[tokio::test]
async fn a_query_cancelled_in_the_middle() {
    for encryption in [Encryption::Off, Encryption::On] {
        let server = server(options().encryption(encryption));
        let level =
            if encryption == Encryption::Off { EncryptionLevel::NotSupported } else { EncryptionLevel::On };
        let mut client = open(trusting(&server, level)).await.unwrap();
        for call in [false, true] {
            for _ in 0..3 {
                let endless = "SELECT * FROM numbers(4000000000)";
                let stream =
                    if call { client.query(endless, &[]).await } else { client.simple_query(endless).await };
                let mut stream = stream.unwrap();
                for _ in 0..100 {
                    stream.try_next().await.unwrap().unwrap();
                }
                drop(stream);
                let begin = Instant::now();
                client.cancel_query().await.unwrap();
                assert!(begin.elapsed() < Duration::from_secs(3));
                let answer = rows(&mut client, "SELECT * FROM numbers(2000)").await.unwrap();
                assert_eq!(answer.len(), 2000);
            }
        }
        assert_eq!(server.accepted(), 1);
    }
}

#[tokio::test]
async fn a_query_dropped_in_the_middle() {
    let server = server(options());
    let mut client = connect(&server).await;
    for _ in 0..3 {
        let mut stream = client.simple_query("SELECT * FROM numbers(20000)").await.unwrap();
        stream.try_next().await.unwrap().unwrap();
        drop(stream);
        // tiberius reads the rest before it asks again.
        assert_eq!(rows(&mut client, "SELECT * FROM numbers(10)").await.unwrap().len(), 10);
    }
    // A client that is gone leaves nothing running.
    let mut stream = client.simple_query("SELECT * FROM numbers(4000000000)").await.unwrap();
    stream.try_next().await.unwrap().unwrap();
    drop(stream);
    drop(client);
    wait_until(|| server.connections() == 0).await;
}

#[test]
fn attention_at_any_time() {
    let server = server(options());
    let mut client = Plain::connect(&server, 4096);
    let heard = plain::done(0xFD, plain::ATTENTION_HEARD, None);
    // When nothing runs.
    for _ in 0..2 {
        client.send(plain::ATTENTION, &[]).unwrap();
        assert_eq!(client.answer().unwrap(), heard);
    }
    // When an answer is complete but not yet read: both come, in order.
    client.batch(NINE);
    std::thread::sleep(Duration::from_millis(50));
    client.send(plain::ATTENTION, &[]).unwrap();
    assert!(client.answer().unwrap().ends_with(&plain::done(0xFD, 0, Some(9))));
    assert_eq!(client.answer().unwrap(), heard);
    // In the middle of an answer, here during a pause.
    server.faults().arm(Fault::new(Phase::Row(3), Action::Delay(Duration::from_millis(80))));
    client.batch(THOUSAND);
    assert!(!client.packet().unwrap().last);
    client.send(plain::ATTENTION, &[]).unwrap();
    let mut answer = client.answer().unwrap();
    if !answer.ends_with(&heard) {
        // What was on its way is sent first.
        answer = client.answer().unwrap();
    }
    assert!(answer.ends_with(&heard), "{answer:?}");
    // When the client does not read, and the answer has no end.
    client.batch("SELECT * FROM numbers(4000000000)");
    std::thread::sleep(Duration::from_millis(50));
    client.send(plain::ATTENTION, &[]).unwrap();
    assert!(client.answer().unwrap().ends_with(&heard));
    client.batch("SELECT 1");
    assert!(client.answer().unwrap().ends_with(&plain::done(0xFD, 0, Some(1))));
}

#[tokio::test]
async fn faults_from_the_command_line() {
    let mut program = Program::start(&[
        "--fault",
        "row:3 error:1205 times:2 matching:numbers",
        "--fault",
        "done rst matching:every_type",
    ])
    .await;
    let mut client = program.connect().await;
    for _ in 0..2 {
        let mut read = 0;
        let error = count(&mut client, NINE, false, &mut read).await.unwrap_err();
        assert_eq!((number(&error), read), (Some(1205), 3));
    }
    assert_eq!(rows(&mut client, NINE).await.unwrap().len(), 9);
    assert!(rows(&mut client, "SELECT id FROM every_type").await.is_err());
    // It ends in good order when it is told to.
    let told = Command::new("kill").arg(program.child.id().to_string()).status().unwrap();
    assert!(told.success());
    assert!(program.child.wait().unwrap().success());
}
