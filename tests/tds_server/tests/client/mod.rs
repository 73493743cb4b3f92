//! tiberius as a client of the server under test.

#![allow(dead_code, reason = "not every test file uses all of it")]

pub mod plain;

use std::{
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use tds_server::{Certificate, Encryption, Options, Server, answer::Engine, every_type::EveryType};
use tiberius::{AuthMethod, ColumnData, Config, EncryptionLevel, Row, error::Error};
use tokio::net::TcpStream;
use tokio_util::compat::{Compat, TokioAsyncWriteCompatExt};

pub type Client = tiberius::Client<Compat<TcpStream>>;

/// With a quote, a percent sign, half of Unicode.
pub const PASSWORD: &str = "p'ä%41 ß한글😀\"}{";

pub fn options() -> Options {
    Options::default().login("FKSM_BI", PASSWORD).encryption(Encryption::Off)
}

pub fn server(options: Options) -> Server {
    serve(EveryType, options)
}

pub fn serve(engine: impl Engine, options: Options) -> Server {
    Server::start(Arc::new(engine), options).unwrap()
}

pub fn config(server: &Server) -> Config {
    let mut config = Config::new();
    config.host("localhost");
    config.port(server.port());
    config.authentication(AuthMethod::sql_server("fksm_bi", PASSWORD));
    config.encryption(EncryptionLevel::NotSupported);
    config.handshake_timeout(Some(Duration::from_secs(10)));
    config
}

/// Trusts the certificate because it knows who signed it.
pub fn trusting(server: &Server, encryption: EncryptionLevel) -> Config {
    let mut config = config(server);
    config.encryption(encryption);
    config.trust_cert_ca_bundle(Certificate::TEST_CA);
    config
}

pub async fn open(config: Config) -> tiberius::Result<Client> {
    let stream = TcpStream::connect(("127.0.0.1", port(&config))).await?;
    stream.set_nodelay(true)?;
    Client::connect(config, stream.compat_write()).await
}

fn port(config: &Config) -> u16 {
    config.get_addr().rsplit(':').next().unwrap().parse().unwrap()
}

pub async fn connect(server: &Server) -> Client {
    open(config(server)).await.unwrap()
}

/// All rows of the only result.
pub async fn rows(client: &mut Client, statement: &str) -> tiberius::Result<Vec<Row>> {
    client.simple_query(statement).await?.into_first_result().await
}

/// The number of an error of the server.
pub fn number(error: &Error) -> Option<u32> {
    match error {
        Error::Server(error) => Some(error.code()),
        _ => None,
    }
}

pub fn cell(row: &Row, at: usize) -> &ColumnData<'static> {
    row.cells().nth(at).unwrap().1
}

pub async fn wait_until(condition: impl Fn() -> bool) {
    let begin = Instant::now();
    while !condition() {
        assert!(begin.elapsed() < Duration::from_secs(10), "waited too long");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// `tds-server --every-type`, which ends with the test.
pub struct Program {
    pub child: Child,
    pub port: u16,
    _folder: tempfile::TempDir,
}

impl Program {
    /// Starts it with more arguments, on a free port.
    pub async fn start(arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port_file = folder.path().join("port");
        let child = Command::new(env!("CARGO_BIN_EXE_tds-server"))
            .args([
                "--every-type",
                "--login",
                "FKSM_BI:PASSWORD_OF_TEST",
                "--listen",
                "127.0.0.1:0",
                "--port-file",
            ])
            .arg(&port_file)
            .args(arguments)
            .env("PASSWORD_OF_TEST", PASSWORD)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let mut program = Self { child, port: 0, _folder: folder };
        wait_until(|| port_file.exists()).await;
        program.port = std::fs::read_to_string(&port_file).unwrap().parse().unwrap();
        program
    }

    /// Logs in to it.
    pub async fn connect(&self) -> Client {
        let mut config = Config::new();
        config.host("localhost");
        config.port(self.port);
        config.authentication(AuthMethod::sql_server("fksm_bi", PASSWORD));
        config.trust_cert();
        open(config).await.unwrap()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
