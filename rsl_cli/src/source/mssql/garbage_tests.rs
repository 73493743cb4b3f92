//! A server that is none, or whose answers were damaged on the way: 10,000 streams of bytes, each of which ends as an error
//! or brings everything, soon and without a panic, and leaves no memory behind.

mod bytes;

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tds_server::answer::{Engine, SessionInfo};
use tds_server::database::Database;
use tds_server::faults::{Action, Fault, Phase};
use tds_server::{Encryption as Offered, Options as ServerOptions, RawServer, Server, raw};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use self::bytes::{Random, TOKENS, damage, encrypting, noise};
use super::login::{Encryption, Login};
use super::*;
use crate::driver_panic;
use crate::target::sink::{Labels, Stop};

const STREAMS: u64 = 10_000;
const AT_ONCE: u64 = 40;
/// Streams after which whatever is needed for so many at once is there.
const BEGINNING: u64 = 1_000;
/// How long a server may be silent. One that damages answers may leave the driver waiting for bytes that never come.
const PATIENCE: Duration = Duration::from_millis(200);
/// Far longer than any stream can take whose every wait ends by [`PATIENCE`].
const HANGS: Duration = Duration::from_secs(10);
/// How much the memory of the process may grow thereafter.
const GROWTH: u64 = 64 << 20;
const ROWS: u64 = 25;

/// Two tables: the rows of the first are taken on another thread, those of the second, which has long values, are not.
const SCRIPT: &str = "
    CREATE TABLE SHORT (ID int NOT NULL PRIMARY KEY, NAME nvarchar(40) NULL, CODE varchar(10) COLLATE Korean_Wansung_CI_AS NULL,
        QTY decimal(18,4) NULL, PRICE money NULL, AT datetime2(3) NULL, DAY date NULL, HOUR time(2) NULL, OLD datetime NULL,
        SMALL smalldatetime NULL, ZONED datetimeoffset(6) NULL, RATE float NULL, FLAG bit NULL, GUID uniqueidentifier NULL, VERSION rowversion NOT NULL);
    CREATE TABLE LONG (CODE varchar(10) COLLATE Korean_Wansung_CI_AS NOT NULL, ID bigint NOT NULL, NOTE nvarchar(max) NULL, FILE_ varbinary(max) NULL, ANY_ sql_variant NULL, XML_ xml NULL, PRIMARY KEY (CODE, ID));";

/// What is asked of the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Call {
    Open,
    Objects,
    Describe,
    Structure,
    Survey,
    Parts(&'static str),
    Read(&'static str),
}

const CALLS: [Call; 9] = [
    Call::Open,
    Call::Objects,
    Call::Describe,
    Call::Structure,
    Call::Survey,
    Call::Parts("dbo.SHORT"),
    Call::Parts("dbo.LONG"),
    Call::Read("dbo.SHORT"),
    Call::Read("dbo.LONG"),
];

/// What is known of the tables before anything is damaged.
struct Known {
    relations: HashMap<String, Arc<Relation>>,
    tables: HashMap<&'static str, Table>,
    /// All that a good server sends in the course of a call, message by message.
    answers: BTreeMap<Call, Vec<Vec<u8>>>,
}

fn login(port: u16, encryption: Encryption, patience: Duration) -> Arc<Login> {
    let mut login = Login::parse(&format!("mssql://sa:secret@127.0.0.1:{port}/Erp?trust_cert=true")).unwrap();
    (login.encryption, login.login_timeout, login.idle_timeout) = (encryption, patience, patience);
    Arc::new(login)
}

fn source(login: Arc<Login>, known: HashMap<String, Arc<Relation>>) -> SqlServer {
    let relations = Mutex::new(known);
    SqlServer {
        login,
        snapshot: false,
        product: Product::default(),
        told: None,
        keep_offset: false,
        update_column: None,
        retries: 0,
        idle: Mutex::default(),
        relations,
    }
}

/// The rows that arrived, of a reading.
async fn ask(login: Arc<Login>, call: Call, known: &Known) -> Result<Option<u64>> {
    let knowing = || source(login.clone(), known.relations.clone());
    match call {
        // The same as `SqlServer::open`, but for the limits of time, which a URL can only set to whole seconds.
        Call::Open => SqlServer::asked_first(&login, 0).await.map(|_| None),
        Call::Objects => knowing().objects().await.map(|_| None),
        Call::Describe => source(login, HashMap::new()).describe("dbo.SHORT").await.map(|_| None),
        Call::Structure => knowing().structure("dbo.SHORT").await.map(|_| None),
        Call::Survey => knowing().survey(&["dbo.SHORT".to_owned()]).await.map(|_| None),
        Call::Parts(object) => knowing().parts(&known.tables[object], 4).await.map(|_| None),
        Call::Read(object) => {
            let table = &known.tables[object];
            let labels = Labels {
                targets: table.columns.iter().map(|column| column.name.clone()).collect(),
                object: object.to_owned(),
                columns: table.columns.iter().map(|column| column.name.clone()).collect(),
                key: vec![0],
            };
            let types: Vec<_> = table.columns.iter().map(|column| column.pg_type).collect();
            let (parcels, mut received) = mpsc::channel(1);
            let progress = Arc::new(AtomicU64::new(0));
            let own = types.clone();
            let sink = RowSink::new(types, Arc::new(labels), parcels, Stop::default(), progress);
            let drain = async {
                let mut rows = 0;
                while let Some(parcel) = received.recv().await {
                    rows += parcel.chunk.rows + parcel.rejects.len() as u64;
                }
                rows
            };
            let (knowing, part) = (knowing(), Part::default());
            let (read, rows) = tokio::join!(knowing.read(table, &part, None, Some(&own), sink), drain);
            read.map(|_| Some(rows))
        }
    }
}

/// Asks a good server everything, and keeps what it answers.
async fn known() -> Known {
    let engine = Arc::new(Database::create("Erp").unwrap());
    engine.script(SCRIPT).unwrap();
    for n in 0..ROWS {
        let (name, odd) = (format!("가나다 🔧 {}", "x".repeat(n as usize)), n % 2);
        engine
            .script(&format!(
                "INSERT INTO SHORT (ID, NAME, CODE, QTY, PRICE, AT, DAY, HOUR, OLD, SMALL, ZONED, RATE, FLAG, GUID) VALUES ({n}, N'{name}', N'씰{n}', {n}.25, -{n}.5,
                    '2024-02-29T12:34:56.789', '9999-12-31', '23:59:59.99', '1753-01-01T00:00:00.003', '2079-06-06T23:59:00', '2024-06-30T12:00:00.000001+09:00', 0.1, {odd}, '6F9619FF-8B86-D011-B42D-00C04FC964FF');
                 INSERT INTO LONG VALUES (N'씰', {n}, N'{name}', 0xDEADBEEF, CAST({n} AS money), N'<a>{n}</a>');
                 INSERT INTO SHORT (ID) VALUES ({n} + 1000); INSERT INTO LONG (CODE, ID) VALUES (N'A', {n});"
            ))
            .unwrap();
    }
    let options = || ServerOptions::default().login("sa", "secret").encryption(Offered::Off);
    let server = Server::start(engine.clone(), options()).unwrap();
    let login = login(server.port(), Encryption::Off, Duration::from_secs(20));
    let mut known = Known { relations: HashMap::new(), tables: HashMap::new(), answers: BTreeMap::new() };
    let good = source(login.clone(), HashMap::new());
    for object in ["dbo.SHORT", "dbo.LONG"] {
        known.tables.insert(object, good.describe(object).await.unwrap());
        let mut relation = Relation::clone(&good.relation(object).await.unwrap());
        // Worth cutting into parts.
        relation.estimate = Some(1_000_000);
        known.relations.insert(object.to_owned(), Arc::new(relation));
    }
    let info = SessionInfo {
        session_id: 51,
        login: "sa".to_owned(),
        database: "Erp".to_owned(),
        application: String::new(),
        host: String::new(),
        encrypted: false,
    };
    for call in CALLS {
        server.clear_statements();
        ask(login.clone(), call, &known).await.unwrap();
        let mut answers = vec![raw::prelogin(), raw::login("Erp")];
        let mut session = engine.open(info.clone()).unwrap();
        for statement in server.statements() {
            let mut events = Vec::new();
            let error = session.execute(&statement, &[], &mut |event| {
                events.push(event);
                true
            });
            answers.push(tokio::task::block_in_place(|| raw::answer(events, error.err(), options())));
        }
        known.answers.insert(call, answers);
    }
    known
}

/// One stream of bytes and whom it meets.
struct Stream {
    call: Call,
    encryption: Encryption,
    answers: Vec<Vec<u8>>,
    /// The bytes are those of a good server, damaged: whoever asked may get what he asked for.
    damaged: bool,
}

impl Stream {
    fn new(seed: u64, known: &Known) -> Self {
        let mut random = Random(seed);
        let call = random.pick(&CALLS);
        let good = &known.answers[&call];
        let mut encryption = Encryption::Off;
        let damaged = seed % 10 >= 6;
        let mut answers = match seed % 10 {
            0..=2 => {
                let levels = [Encryption::Off, Encryption::Login, Encryption::On, Encryption::Strict];
                encryption = random.pick(&levels);
                vec![noise(&mut random, &[]); 2]
            }
            3 => {
                encryption = Encryption::On;
                vec![encrypting(&good[0]), noise(&mut random, &[0x16, 0x03, 0x03])]
            }
            4 => vec![good[0].clone(), noise(&mut random, TOKENS)],
            5 => vec![good[0].clone(), good[1].clone(), noise(&mut random, TOKENS)],
            _ => {
                let mut answers = good.clone();
                // The answers to statements rather than those to the login, which are the same in all calls.
                let at = match random.below(6) {
                    0 => random.below(2),
                    _ => 2 + random.below(answers.len() - 2),
                };
                damage(&mut random, &mut answers[at]);
                if random.below(2) == 0 {
                    answers.truncate(at + 1);
                }
                answers
            }
        };
        if random.below(8) == 0 {
            // Says nothing more, but does not close.
            answers.push(Vec::new());
        }
        Self { call, encryption, answers, damaged }
    }
}

/// The most memory that this process has ever had.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() << 10
}

/// Plays a stream; what was wrong with the outcome, if anything was, or else how it ended.
async fn play(
    seed: u64,
    server: &RawServer,
    known: &Arc<Known>,
) -> std::result::Result<&'static str, String> {
    let Stream { call, encryption, answers, damaged } = Stream::new(seed, known);
    server.set_answers(answers);
    let (login, asked) = (login(server.port(), encryption, PATIENCE), known.clone());
    let task = tokio::spawn(async move { ask(login, call, &asked).await });
    let what = |outcome: &str| Err(format!("seed {seed}, {call:?}: {outcome}"));
    match tokio::time::timeout(HANGS, task).await {
        Err(_) => what("hangs"),
        Ok(Err(panicked)) => what(&format!("panicked: {panicked}")),
        Ok(Ok(Ok(rows))) => match (damaged, rows) {
            (false, _) => what("noise was taken for an answer"),
            (true, Some(rows)) if rows != ROWS * 2 => what(&format!("{rows} rows were taken for all")),
            (true, Some(_)) => Ok("read"),
            (true, None) => Ok("answered"),
        },
        Ok(Ok(Err(failed))) if failed.is_follow_up() || failed.what().is_empty() => {
            what("no reason is given")
        }
        Ok(Ok(Err(failed))) if failed.what().contains("could not be taken") => {
            what("the taker of rows panicked")
        }
        Ok(Ok(Err(failed))) if failed.what().contains("could not make sense") => Ok("the driver panicked"),
        Ok(Ok(Err(_))) => Ok("an error"),
    }
}

/// Plays streams, many at once.
async fn play_all(seeds: Range<u64>, known: &Arc<Known>) -> Vec<std::result::Result<&'static str, String>> {
    let mut players = JoinSet::new();
    for first in 0..AT_ONCE {
        let (known, seeds) = (known.clone(), (seeds.start + first..seeds.end).step_by(AT_ONCE as usize));
        players.spawn(async move {
            let server = RawServer::start(Vec::new()).unwrap();
            let mut outcomes = Vec::new();
            for seed in seeds {
                outcomes.push(play(seed, &server, &known).await);
            }
            // Waits for its thread.
            tokio::task::spawn_blocking(move || drop(server)).await.unwrap();
            outcomes
        });
    }
    players.join_all().await.into_iter().flatten().collect()
}

#[test]
fn ten_thousand_streams_of_garbage() {
    driver_panic::keep_quiet();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let (outcomes, grown) = runtime.block_on(async {
        let known = Arc::new(known().await);
        // What is played undamaged is understood: else nothing below would show anything.
        let server = RawServer::start(Vec::new()).unwrap();
        for call in CALLS {
            server.set_answers(known.answers[&call].clone());
            let rows =
                ask(login(server.port(), Encryption::Off, Duration::from_secs(20)), call, &known).await;
            assert_eq!(rows.unwrap(), matches!(call, Call::Read(_)).then_some(ROWS * 2), "{call:?}");
        }
        let mut outcomes = play_all(0..BEGINNING, &known).await;
        let before = peak();
        outcomes.extend(play_all(BEGINNING..STREAMS, &known).await);
        (outcomes, peak() - before)
    });
    let mut counts = BTreeMap::new();
    for outcome in outcomes.iter().flatten() {
        *counts.entry(outcome).or_insert(0) += 1;
    }
    println!("{counts:?}, {grown} bytes of memory");
    let wrong: Vec<_> = outcomes.iter().filter_map(|outcome| outcome.as_ref().err()).collect();
    assert!(
        wrong.is_empty(),
        "{} of {STREAMS} ended wrongly, of which: {:#?}",
        wrong.len(),
        &wrong[..wrong.len().min(20)]
    );
    assert!(grown < GROWTH, "the memory has grown by {grown} bytes");
    assert_eq!(outcomes.len() as u64, STREAMS);
    assert!(counts[&"an error"] > STREAMS / 2 && counts[&"read"] > 10, "{counts:?}");
}

/// The driver asserts in debug builds that a server names no thread.
#[tokio::test]
async fn a_panic_of_the_driver_is_an_error() {
    driver_panic::keep_quiet();
    let thread = b"\x03\0\x06\0\x04\xFF\0\0\0\x07";
    let length = (8 + thread.len()) as u8;
    let prelogin = [&[4, 1, 0, length, 0, 0, 1, 0], thread.as_slice()].concat();
    let server = RawServer::start(vec![prelogin]).unwrap();
    let outcome = SqlServer::asked_first(&login(server.port(), Encryption::Off, PATIENCE), 0).await;
    let failed = outcome.unwrap_err();
    if cfg!(debug_assertions) {
        assert!(failed.what().contains("the driver could not make sense"), "{failed}");
    }
    assert!(failed.what().starts_with("cannot connect to mssql://sa@127.0.0.1"), "{failed}");
}

/// The driver takes it for a whole one, and a table would have lost columns.
#[tokio::test]
async fn a_catalogue_that_breaks_off_between_two_rows_is_not_taken_for_whole() {
    let engine = Arc::new(Database::create("Erp").unwrap());
    engine.script(SCRIPT).unwrap();
    let options = ServerOptions::default().login("sa", "secret").encryption(Offered::Off);
    let server = Server::start(engine, options).unwrap();
    let login = login(server.port(), Encryption::Off, Duration::from_secs(20));
    server.faults().arm(Fault::new(Phase::Row(3), Action::NoDone).matching("FROM sys.columns"));
    let failed = source(login.clone(), HashMap::new()).describe("dbo.SHORT").await.unwrap_err();
    assert!(
        failed.is_transient() && failed.what() == "dbo.SHORT: the source's answer broke off after 3 rows",
        "{failed}"
    );
    assert_eq!(source(login, HashMap::new()).describe("dbo.SHORT").await.unwrap().columns.len(), 15);
}
