//! That the tests can run against another server than the test server: the way there is tried on the test server itself.

use std::sync::Arc;

use anyhow::{Result, ensure};
use rsl_tests::real::Real;
use tds_server::answer::SqlValue;
use tds_server::database::Database;
use tds_server::{Encryption, Options, Server};

#[test]
fn a_source_is_filled_and_emptied_over_the_network() -> Result<()> {
    let engine = Database::create("Scratch")?;
    let options = Options::default().login("owner", "pass%word").encryption(Encryption::Off);
    let server = Server::start(Arc::new(engine.clone()), options)?;
    let url = format!("mssql://owner:pass%25word@127.0.0.1:{}/Scratch?encrypt=off", server.port());
    let script = "CREATE SCHEMA s\nGO\nCREATE TYPE CODE FROM varchar(9) NOT NULL\nGO
        CREATE TABLE A (ID int NOT NULL PRIMARY KEY, B_ID int NULL, CODE CODE, V rowversion);
        CREATE TABLE s.B (ID int IDENTITY NOT NULL PRIMARY KEY, A_ID int REFERENCES A);
        ALTER TABLE A ADD CONSTRAINT FK_A_B FOREIGN KEY (B_ID) REFERENCES s.B (ID);
        CREATE TABLE T (F bit, I int, D decimal(18,4), M money, AT datetime, G uniqueidentifier, B varchar(9), W nvarchar(9), X varbinary(9), V rowversion);\nGO
        CREATE VIEW V AS SELECT ID FROM A\nGO\nINSERT INTO A VALUES (1, NULL, 'x', DEFAULT); INSERT INTO s.B VALUES (1);";
    let row = vec![
        SqlValue::Bit(true),
        SqlValue::Int(-7),
        SqlValue::Decimal(-5),
        SqlValue::Money(i64::MIN),
        SqlValue::DateTime(-53_690, 25_919_999),
        SqlValue::Guid([0xA1; 16]),
        SqlValue::Bytes(vec![0xB0, 0xA1]),
        SqlValue::Wide(vec![0xD83D, 0xDD27, 0x27]),
        SqlValue::Binary(vec![0, 255]),
    ];
    for _ in 0..2 {
        // The second time, everything of the first is in the way.
        let real = Real::at(&url)?;
        real.script(script)?;
        real.insert("dbo.T", (0..1200).map(|_| row.clone()))?;
        real.insert("dbo.T", [vec![SqlValue::Null; 9]])?;
    }
    let mut session = tds_server::answer::Engine::open(
        &engine,
        tds_server::answer::SessionInfo {
            session_id: 99,
            login: "owner".to_owned(),
            database: "Scratch".to_owned(),
            application: String::new(),
            host: String::new(),
            encrypted: false,
        },
    )?;
    let mut rows = Vec::new();
    session.execute("SELECT F, I, D, M, AT, G, B, W, X FROM T", &[], &mut |event| {
        if let tds_server::answer::Event::Row(row) = event {
            rows.push(row);
        }
        true
    })?;
    ensure!(rows.len() == 1201 && rows[1200] == vec![SqlValue::Null; 9]);
    ensure!(rows[..1200].iter().all(|found| *found == row), "{:?}", rows[0]);
    Ok(())
}
