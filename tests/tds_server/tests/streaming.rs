//! Long answers and large values: complete, in packets as agreed, and never in the server's memory as a whole.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may panic, and so may the functions that it calls"
)]

mod client;

use std::time::Duration;

use client::{
    Program, cell, config, connect, open, options,
    plain::{self, Plain},
    rows, serve, server, trusting, wait_until,
};
use futures_util::{TryStreamExt, future::join_all};
use tds_server::{
    Chunks, Encryption, NullBitmap, Options,
    answer::{
        AnswerColumn, Engine, EngineSession, Event, Parameter, SessionInfo, SqlMessage, SqlType, SqlValue,
    },
    collation,
};
use tiberius::{ColumnData, EncryptionLevel, Query};

/// What may wait to be sent on one connection: a few parts of 64 KiB, each with what came after its last packet.
const BOUND: usize = 1 << 20;

/// Answers `text`, `wide`, `bytes`, `old text`, `old wide`, `old bytes` or `xml`, followed by a length, with one value of
/// so many characters or bytes; `ints` with 20 columns and rows of 0 to 20 NULLs.
struct Values;

impl Engine for Values {
    fn has_database(&self, _: &str) -> bool {
        true
    }

    fn open(&self, _: SessionInfo) -> Result<Box<dyn EngineSession>, SqlMessage> {
        Ok(Box::new(Self))
    }
}

fn pattern(length: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(length + 26);
    while bytes.len() < length {
        bytes.extend_from_slice(b"abcdefghijklmnopqrstuvwxyz");
    }
    bytes.truncate(length);
    bytes
}

fn wide_pattern(length: usize) -> Vec<u16> {
    pattern(length).into_iter().map(u16::from).collect()
}

impl EngineSession for Values {
    fn execute(
        &mut self,
        batch: &str,
        _: &[Parameter],
        emit: &mut dyn FnMut(Event) -> bool,
    ) -> Result<(), SqlMessage> {
        let collation = || collation::DEFAULT.to_owned();
        let column = |ty| vec![AnswerColumn { name: "value".to_owned(), ty, nullable: true }];
        let (what, length) = batch.rsplit_once(' ').unwrap();
        let length = length.parse().unwrap();
        let (columns, values) = match what {
            "text" => (column(SqlType::VarChar(None, collation())), vec![SqlValue::Bytes(pattern(length))]),
            "wide" => {
                (column(SqlType::NVarChar(None, collation())), vec![SqlValue::Wide(wide_pattern(length))])
            }
            "bytes" => (column(SqlType::VarBinary(None)), vec![SqlValue::Binary(pattern(length))]),
            "old text" => (column(SqlType::Text(collation())), vec![SqlValue::Bytes(pattern(length))]),
            "old wide" => (column(SqlType::NText(collation())), vec![SqlValue::Wide(wide_pattern(length))]),
            "old bytes" => (column(SqlType::Image), vec![SqlValue::Binary(pattern(length))]),
            "xml" => (column(SqlType::Xml), vec![SqlValue::Wide(wide_pattern(length))]),
            "ints" => {
                let int = |n| AnswerColumn { name: format!("c{n}"), ty: SqlType::Int, nullable: true };
                emit(Event::Columns((0..20).map(int).collect()));
                for nulls in 0..=20 {
                    let value = |n: i64| if n < nulls { SqlValue::Null } else { SqlValue::Int(n) };
                    emit(Event::Row((0..20).map(value).collect()));
                }
                emit(Event::Done(Some(21)));
                return Ok(());
            }
            other => return Err(SqlMessage::error(208, other)),
        };
        emit(Event::Columns(columns));
        emit(Event::Row(values));
        emit(Event::Done(Some(1)));
        Ok(())
    }
}

#[tokio::test]
async fn three_hundred_thousand_rows() {
    let server = server(options());
    let mut client = connect(&server).await;
    let mut stream = client.simple_query("SELECT * FROM numbers(300000)").await.unwrap().into_row_stream();
    let mut read = 0;
    while let Some(row) = stream.try_next().await.unwrap() {
        read += 1;
        assert_eq!(*cell(&row, 0), ColumnData::I32(Some(read)));
        if read % 1000 == 0 {
            assert_eq!(row.get::<&str, _>(1), Some(format!("row {read}").as_str()));
        }
        if read == 1000 {
            // The server gets ahead as far as it can.
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
    assert_eq!(read, 300_000);
    drop(stream);
    assert!((1..BOUND).contains(&server.peak_buffered()), "{}", server.peak_buffered());
    assert_eq!(server.statements(), ["SELECT * FROM numbers(300000)"]);
}

#[test]
fn a_large_value_of_each_kind() {
    const WHOLE: usize = 50_000_000;
    // The kinds differ only in little things, but for these.
    const PART: usize = WHOLE / 20;
    for (what, bytes_each, bytes) in [
        ("text", 1, PART),
        ("wide", 2, WHOLE),
        ("bytes", 1, WHOLE),
        ("xml", 2, PART),
        ("old text", 1, PART),
        ("old wide", 2, PART),
        ("old bytes", 1, WHOLE),
    ] {
        let length = bytes / bytes_each;
        let server =
            serve(Values, Options { chunks: Chunks { size: 1 << 20, known_length: true }, ..options() });
        let mut client = Plain::connect(&server, 32_767);
        client.batch(&format!("{what} {length}"));
        let (mut received, mut newest) = (0, Vec::new());
        loop {
            let packet = client.packet().unwrap();
            received += packet.payload.len();
            newest.extend(packet.payload);
            if packet.last {
                break;
            }
            let unneeded = newest.len().saturating_sub(64);
            newest.drain(..unneeded);
        }
        assert!((bytes..bytes + 2000).contains(&received), "{what}: {received}");
        let done = plain::done(0xFD, 0, Some(1));
        assert!(newest.ends_with(&done), "{what}");
        let expected = pattern(length);
        let last: Vec<u8> =
            expected[length - 8..].iter().flat_map(|byte| [*byte, 0].into_iter().take(bytes_each)).collect();
        // A chunk's end is four zeros.
        let end = if what.starts_with("old") { vec![] } else { vec![0; 4] };
        assert!(newest.ends_with(&[last, end, done].concat()), "{what}");
        assert!(server.peak_buffered() < BOUND, "{what}: {}", server.peak_buffered());
    }
}

#[tokio::test]
async fn fifty_megabytes_as_tiberius_reads_them() {
    let server =
        serve(Values, Options { chunks: Chunks { size: 1 << 20, known_length: false }, ..options() });
    let mut client = connect(&server).await;
    let answer = rows(&mut client, "bytes 50000000").await.unwrap();
    let ColumnData::Binary(Some(read)) = cell(&answer[0], 0) else { panic!("no bytes") };
    assert!(**read == *pattern(50_000_000));
    assert!(server.peak_buffered() < BOUND);
}

#[test]
fn packets_are_of_the_size_agreed_upon() {
    let server = server(options());
    let mut answers = Vec::new();
    for size in [512, 513, 4096, 8000, 16_384, 32_767] {
        let mut client = Plain::connect(&server, size);
        client.batch("SELECT * FROM numbers(5000); SELECT * FROM every_type; SELECT * FROM large(40000)");
        answers.push(client.answer().unwrap());
        let (last, full) = client.sizes.split_last().unwrap();
        assert!(full.iter().all(|full| *full == size as usize), "{size}");
        assert!(*last <= size as usize && full.len() > 8);
    }
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]));
    // Sizes that do not exist are moved to those that do.
    for (asked, got) in [(1, 512), (100_000, 32_767), (0, 4096)] {
        let mut client = Plain::connect(&server, asked);
        client.batch("SELECT * FROM numbers(5000)");
        client.answer().unwrap();
        assert_eq!(client.sizes[0], got);
    }
}

/// The chunks of a value of unlimited size, which stands at the beginning.
fn chunks_of(mut bytes: &[u8]) -> (u64, Vec<usize>, Vec<u8>) {
    let mut take = |count: usize| {
        let (taken, rest) = bytes.split_at(count);
        bytes = rest;
        taken
    };
    let whole = u64::from_le_bytes(take(8).try_into().unwrap());
    let (mut sizes, mut value) = (Vec::new(), Vec::new());
    loop {
        let size = u32::from_le_bytes(take(4).try_into().unwrap()) as usize;
        if size == 0 {
            return (whole, sizes, value);
        }
        sizes.push(size);
        value.extend_from_slice(take(size));
    }
}

#[tokio::test]
async fn chunks_of_every_size() {
    for size in [1, 2, 7, 1000, 8000, 16_384, 16_385, 65_536, usize::MAX] {
        for known_length in [false, true] {
            let server = serve(Values, Options { chunks: Chunks { size, known_length }, ..options() });
            let mut client = connect(&server).await;
            let mut plain = Plain::connect(&server, 4096);
            plain.batch("bytes 0");
            let head = plain.answer().unwrap().len() - 13 - 12;
            for length in [0_usize, 1, 2, 3, 7, 999, 1000, 1001, 8000, 16_384, 40_000] {
                let what = format!("{length} bytes in chunks of {size}");
                plain.batch(&format!("bytes {length}"));
                let (whole, sizes, value) = chunks_of(&plain.answer().unwrap()[head..]);
                assert_eq!(whole, if known_length { length as u64 } else { u64::MAX - 1 }, "{what}");
                assert!(sizes.iter().rev().skip(1).all(|chunk| *chunk == size), "{what}");
                assert!(sizes.len() == length.div_ceil(size), "{what}");
                assert_eq!(value, pattern(length), "{what}");
                if size == 1 && length > 10_000 {
                    // A thousand chunks are enough.
                    continue;
                }
                let text = String::from_utf8(pattern(length)).unwrap();
                for column in ["text", "wide"] {
                    let answer = rows(&mut client, &format!("{column} {length}")).await.unwrap();
                    assert_eq!(answer[0].get::<&str, _>(0), Some(text.as_str()), "{what}");
                }
            }
        }
    }
}

#[tokio::test]
async fn rows_with_a_bitmap_of_their_nulls() {
    let mut answers = Vec::new();
    for null_bitmap in [NullBitmap::Never, NullBitmap::Always, NullBitmap::Auto] {
        let server = serve(Values, Options { null_bitmap, ..options() });
        let mut plain = Plain::connect(&server, 4096);
        plain.batch("ints 0");
        answers.push(plain.answer().unwrap());
        let read = rows(&mut connect(&server).await, "ints 0").await.unwrap();
        assert_eq!(read.len(), 21);
        for (nulls, row) in read.iter().enumerate() {
            for n in 0..20 {
                let expected = if n < nulls { None } else { Some(n as i32) };
                assert_eq!(row.get::<i32, _>(n), expected, "{null_bitmap:?}, {nulls} NULLs");
            }
        }
    }
    // Twenty columns: a NULL is a byte, a number five, the bitmap three.
    let numbers: usize = (0..=20).map(|nulls| 5 * (20 - nulls)).sum();
    let nulls: usize = (0..=20).sum();
    let head = answers[0].len() - 13 - 21 - numbers - nulls;
    assert_eq!(answers[1].len(), head + 21 * (1 + 3) + numbers + 13);
    let mut at = [head; 3];
    for nulls in 0..=20 {
        let size = [1 + 5 * (20 - nulls) + nulls, 1 + 3 + 5 * (20 - nulls)];
        assert_eq!((answers[0][at[0]], answers[1][at[1]]), (0xD1, 0xD2));
        let chosen = answers[2][at[2]];
        assert_eq!(chosen, if size[1] < size[0] { 0xD2 } else { 0xD1 }, "{nulls} NULLs");
        let bits =
            u32::from_le_bytes([answers[1][at[1] + 1], answers[1][at[1] + 2], answers[1][at[1] + 3], 0]);
        assert_eq!(bits, (1 << nulls) - 1);
        at[0] += size[0];
        at[1] += size[1];
        at[2] += size[usize::from(chosen == 0xD2)];
    }
    for (answer, at) in answers.iter().zip(at) {
        assert_eq!(answer[at..], plain::done(0xFD, 0, Some(21)));
    }
}

#[tokio::test]
async fn every_statement_is_recorded() {
    let server = server(options());
    let mut client = connect(&server).await;
    rows(&mut client, "SELECT 1").await.unwrap();
    rows(&mut client, "SELECT * FROM nowhere").await.unwrap_err();
    client.simple_query("SET NOCOUNT ON;\nSELECT 2").await.unwrap().into_results().await.unwrap();
    let mut query = Query::new("SELECT @P1, @P2, @P3");
    query.bind("it's 한글\n");
    query.bind(Option::<i32>::None);
    query.bind(1.5_f64);
    query.query(&mut client).await.unwrap().into_results().await.unwrap();
    client.execute("SELECT @P1", &[&-7_i16]).await.unwrap();
    client.begin_transaction().await.unwrap();
    client.commit_transaction().await.unwrap();
    let expected = [
        "SELECT 1",
        "SELECT * FROM nowhere",
        "SET NOCOUNT ON;\nSELECT 2",
        "SELECT @P1, @P2, @P3\n-- @P1 = \"it's 한글\\n\"\n-- @P2 = NULL\n-- @P3 = 1.5",
        "SELECT @P1\n-- @P1 = -7",
        "BEGIN TRANSACTION",
        "COMMIT TRANSACTION",
    ];
    assert_eq!(server.statements(), expected);
    server.clear_statements();
    assert!(server.statements().is_empty());
    // Procedures by name, known or not, are statements as well.
    let mut plain = Plain::connect(&server, 4096);
    plain.call("SELECT 3");
    plain.answer().unwrap();
    let name = plain::wide("sys.sp_who");
    plain.send(plain::RPC, &[&[10, 0], &name[..], &[0, 0]].concat()).unwrap();
    let refused = plain.answer().unwrap();
    let error = plain::message(0xAA, 2812, 62, 16, "Could not find stored procedure 'sys.sp_who'.");
    assert!(refused.starts_with(&error));
    assert_eq!(server.statements(), ["SELECT 3", "EXEC sys.sp_who"]);
    assert_eq!(server.logins().len(), 2);
}

#[tokio::test]
async fn many_connections_at_once() {
    const MANY: usize = 150;
    for encryption in [Encryption::Off, Encryption::On] {
        let server = server(options().encryption(encryption));
        // A handshake of TLS takes its time.
        let many = if encryption == Encryption::Off { MANY } else { MANY / 10 };
        let level =
            if encryption == Encryption::Off { EncryptionLevel::NotSupported } else { EncryptionLevel::On };
        let mut clients: Vec<_> = join_all((0..many).map(|_| {
            let mut config = trusting(&server, level);
            config.handshake_timeout(Some(Duration::from_secs(60)));
            open(config)
        }))
        .await
        .into_iter()
        .map(Result::unwrap)
        .collect();
        assert_eq!((server.connections(), server.accepted()), (many, many));
        let reading = clients.iter_mut().enumerate().map(async |(n, client)| {
            let answer = rows(client, &format!("SELECT n FROM numbers({})", 1000 + n)).await.unwrap();
            assert_eq!(answer.len(), 1000 + n);
            assert_eq!(*cell(&answer[999 + n], 0), ColumnData::I32(Some(1000 + n as i32)));
        });
        join_all(reading).await;
        assert!(server.peak_buffered() < many * BOUND);
        let mut seen = server.statements();
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), many);
        drop(clients);
        wait_until(|| server.connections() == 0).await;
    }
}

#[tokio::test]
async fn clients_that_leave_leave_nothing_behind() {
    let server = server(options());
    for _ in 0..30 {
        let mut client = Plain::connect(&server, 32_767);
        client.batch("SELECT * FROM numbers(4000000000)");
        client.packet().unwrap();
        drop(client);
        wait_until(|| server.connections() == 0).await;
    }
    // What they did not fetch is not waiting any more, or this would add up.
    assert!(server.peak_buffered() < 2 * BOUND, "{}", server.peak_buffered());
}

#[tokio::test]
async fn answers_kept_are_the_same_answers() {
    let server = server(Options { cache: true, ..options() });
    let mut first = Plain::connect(&server, 8000);
    let mut second = Plain::connect(&server, 8000);
    let mut other = Plain::connect(&server, 512);
    let ask = |client: &mut Plain, call: bool, statement: &str| {
        if call {
            client.call(statement)
        } else {
            client.batch(statement)
        }
        client.answer().unwrap()
    };
    for call in [false, true] {
        let statement = "SELECT * FROM numbers(30000)";
        let answer = ask(&mut first, call, statement);
        assert!(answer.len() > 600_000);
        for client in [&mut first, &mut second, &mut other] {
            assert_eq!(ask(client, call, statement), answer);
        }
        assert_ne!(ask(&mut first, call, "SELECT * FROM numbers(29999)"), answer);
    }
    assert_eq!(server.statements().len(), 10);
    assert!(server.peak_buffered() < 3 * BOUND);
    // Parameters are part of the question.
    let mut client = open(config(&server)).await.unwrap();
    for n in [1, 2, 1, 2] {
        let answer = client.query("SELECT @P1", &[&n]).await.unwrap().into_first_result().await.unwrap();
        assert_eq!(answer[0].get::<i32, _>(0), Some(n));
    }
    // An answer kept does not hide a fault, nor is half an answer kept.
    let fault = tds_server::faults::Fault::error_after(5, SqlMessage::deadlock());
    for statement in ["SELECT n FROM numbers(9)", "SELECT n FROM numbers(9)"] {
        server.faults().arm(fault.clone());
        assert!(rows(&mut client, statement).await.is_err());
        assert_eq!(rows(&mut client, statement).await.unwrap().len(), 9);
    }
    assert_eq!(server.faults().happened(), 2);
}

/// The most memory that a program ever had, in bytes.
fn most_memory(program: &Program) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{}/status", program.child.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() * 1024
}

#[tokio::test]
async fn the_program_needs_no_memory_for_what_it_sends() {
    let program = Program::start(&[]).await;
    let mut client = program.connect().await;
    rows(&mut client, "SELECT * FROM every_type").await.unwrap();
    let before = most_memory(&program);
    let mut stream = client.simple_query("SELECT * FROM numbers(200000)").await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    let mut read = 0;
    while let Some(item) = stream.try_next().await.unwrap() {
        read += u32::from(item.as_row().is_some());
    }
    assert_eq!(read, 200_000);
    let more = most_memory(&program) - before;
    assert!(more < 4 << 20, "{more} bytes more");
}
