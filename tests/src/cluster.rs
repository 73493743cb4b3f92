//! A PostgreSQL server of the tests' own, which goes away with the process that started it, however that ends.

use crate::database::Database;
use crate::server::{as_server, give_to_server, program, signal, succeed, succeed_with_input};
use anyhow::{Context, Result, anyhow, bail};
use std::fs;
use std::net::TcpListener;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// The database that fresh ones are copied from. It has the extension.
const TEMPLATE: &str = "rsl_template";

/// How a server is set up.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Wait for the disk, as a real server does. Not needed to survive a killed server, only a lost machine.
    pub fsync: bool,
    /// Lines for `postgresql.conf`, such as `work_mem = '64MB'`.
    pub settings: Vec<String>,
}

/// A running server with a data folder in `/tmp`, a unix socket and a port on the loopback address.
///
/// It is stopped and deleted when this value is dropped and also when the process ends without dropping it.
#[derive(Debug)]
pub struct Cluster {
    folder: PathBuf,
    port: u16,
    template: OnceLock<Result<(), String>>,
    databases: AtomicU32,
    _caretaker: Caretaker,
}

/// The server that all tests of this process share, started by the first that asks.
///
/// A test that stops or kills the server starts one of its own.
pub fn shared() -> Result<&'static Cluster> {
    static SHARED: OnceLock<Result<Cluster, String>> = OnceLock::new();
    // A static is never dropped: the caretaker sees the process end.
    let cluster =
        SHARED.get_or_init(|| Cluster::start(&Options::default()).map_err(|error| format!("{error:#}")));
    cluster.as_ref().map_err(|error| anyhow!("{error}"))
}

impl Cluster {
    /// Creates and starts a server.
    pub fn start(options: &Options) -> Result<Self> {
        // Not the folder for temporary files of the environment: that may be one's own, where the server's user may
        // not enter, and its path may be too long for a unix socket.
        let folder = tempfile::Builder::new().prefix("rsl-test-").tempdir_in("/tmp")?;
        give_to_server(folder.path())?;
        let caretaker = Caretaker::hire(folder.path())?;
        let mut cluster = Self {
            folder: folder.keep(),
            port: 0,
            template: OnceLock::new(),
            databases: AtomicU32::new(0),
            _caretaker: caretaker,
        };
        cluster.create(options)?;
        for attempt in 1.. {
            cluster.port = free_port()?;
            match cluster.start_again() {
                Ok(()) => break,
                // Another process may have taken the port in between.
                Err(error) if attempt == 5 || !cluster.log().contains("Address already in use") => {
                    return Err(error);
                }
                Err(_) => {}
            }
        }
        Ok(cluster)
    }

    /// A server that follows this one by streaming and answers questions meanwhile.
    pub fn standby(&self) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("rsl-test-").tempdir_in("/tmp")?;
        give_to_server(folder.path())?;
        let caretaker = Caretaker::hire(folder.path())?;
        let mut standby = Self {
            folder: folder.keep(),
            port: 0,
            template: OnceLock::new(),
            databases: AtomicU32::new(0),
            _caretaker: caretaker,
        };
        succeed(
            as_server(&program("pg_basebackup")?)
                .args(["--write-recovery-conf", "--checkpoint=fast", "--wal-method=stream", "--no-sync"])
                .args(["--host=127.0.0.1", "--username=postgres"])
                .arg(format!("--port={}", self.port))
                .arg("--pgdata")
                .arg(standby.data()),
        )?;
        // It has the settings of its primary, and needs a socket of its own.
        let settings = format!("unix_socket_directories = '{}'\n", standby.folder.display());
        let mut append = as_server(Path::new("tee"));
        succeed_with_input(append.arg("-a").arg(standby.data().join("postgresql.conf")), &settings)?;
        standby.port = free_port()?;
        standby.start_again()?;
        Ok(standby)
    }

    fn create(&self, options: &Options) -> Result<()> {
        succeed(
            as_server(&program("initdb")?)
                .args([
                    "--username=postgres",
                    "--auth=trust",
                    "--encoding=UTF8",
                    "--locale=C.UTF-8",
                    "--no-sync",
                ])
                .arg("--pgdata")
                .arg(self.data()),
        )?;
        let mut settings = format!(
            "listen_addresses = '127.0.0.1'\nunix_socket_directories = '{}'\nfsync = {}\n",
            self.folder.display(),
            if options.fsync { "on" } else { "off" }
        );
        settings.extend(options.settings.iter().flat_map(|line| [line, "\n"]));
        let mut append = as_server(Path::new("tee"));
        succeed_with_input(append.arg("-a").arg(self.data().join("postgresql.conf")), &settings)?;
        Ok(())
    }

    /// Starts the server after [`kill`](Self::kill) or [`stop`](Self::stop), on the same port, and waits until it
    /// answers.
    pub fn start_again(&self) -> Result<()> {
        succeed(
            as_server(&program("pg_ctl")?)
                .args(["start", "--wait", "--silent", "--timeout=120"])
                .arg(format!("--options=-p {}", self.port))
                .arg("--pgdata")
                .arg(self.data())
                .arg("--log")
                .arg(self.folder.join("log")),
        )
        .with_context(|| format!("the server does not start:\n{}", self.log()))?;
        Ok(())
    }

    /// Stops the server in good order, ending all sessions.
    pub fn stop(&self) -> Result<()> {
        let mut stop = as_server(&program("pg_ctl")?);
        succeed(stop.args(["stop", "--mode=fast", "--wait", "--silent", "--pgdata"]).arg(self.data()))?;
        Ok(())
    }

    /// Kills the server and all its sessions as `kill -9` or the out-of-memory killer does.
    pub fn kill(&self) -> Result<()> {
        let file = self.data().join("postmaster.pid");
        let text = fs::read_to_string(&file).context("the server is not running")?;
        let server: u32 = text.lines().next().unwrap_or_default().parse()?;
        // Stopped first, so that no session starts between the count and the killing.
        signal("STOP", &[server])?;
        let mut processes = children(server)?;
        processes.push(server);
        signal("KILL", &processes)?;
        let patience = Instant::now() + Duration::from_secs(30);
        while processes.iter().any(|&process| is_alive(process)) {
            if Instant::now() > patience {
                bail!("the server's processes {processes:?} do not die");
            }
            thread::sleep(Duration::from_millis(5));
        }
        // Where nobody collects dead processes, the number in these files would still look taken.
        fs::remove_file(file)?;
        fs::remove_file(self.folder.join(format!(".s.PGSQL.{}.lock", self.port)))?;
        Ok(())
    }

    /// A fresh database with the extension.
    pub fn database(&self) -> Result<Database> {
        self.template
            .get_or_init(|| self.create_template().map_err(|error| format!("{error:#}")))
            .as_ref()
            .map_err(|error| anyhow!("{error}"))?;
        self.copy_of(TEMPLATE)
    }

    /// A fresh database without the extension.
    pub fn empty_database(&self) -> Result<Database> {
        self.copy_of("template0")
    }

    /// A database of this server, which need not exist.
    pub fn named(&self, database: &str) -> Database {
        Database::new(self.port, database)
    }

    /// A fresh copy of a database that nobody is connected to. Its blocks are copied as files: the server has read none of them yet.
    pub fn copy(&self, database: &Database) -> Result<Database> {
        // Before version 15 there was no other way.
        let version: u32 = self.named("postgres").value("SHOW server_version_num")?.parse()?;
        let strategy = if version < 150_000 { "" } else { "STRATEGY file_copy" };
        self.copy_of(&format!("{} {strategy}", database.name()))
    }

    fn copy_of(&self, template: &str) -> Result<Database> {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed) + 1);
        self.named("postgres").run(&format!("CREATE DATABASE {name} TEMPLATE {template}"))?;
        Ok(self.named(&name))
    }

    fn create_template(&self) -> Result<()> {
        let main = self.named("postgres");
        if main.value("SELECT count(*) FROM pg_available_extensions WHERE name = 'rsl'")? == "0" {
            bail!(
                "the extension rsl is not installed in the PostgreSQL server under test: run ./pgrx-setup.sh test"
            );
        }
        main.run(&format!("CREATE DATABASE {TEMPLATE} TEMPLATE template0"))?;
        self.named(TEMPLATE).run("CREATE EXTENSION rsl")
    }

    /// The port on the loopback address.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// The folder of the unix socket, which is also the one that holds everything else.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The data folder.
    pub fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// What the server has logged so far.
    pub fn log(&self) -> String {
        fs::read(self.folder.join("log")).map_or_else(
            |error| format!("(no log: {error})"),
            |log| String::from_utf8_lossy(&log).into_owned(),
        )
    }
}

/// A process that waits for the end of this one, then stops the server and deletes its folder.
///
/// It holds the reading end of a pipe whose other end only this process has, so that it notices the end of it even when
/// nothing could be said any more: after a panic, an abort, a Ctrl-C or a kill.
#[derive(Debug)]
struct Caretaker {
    process: Child,
}

impl Caretaker {
    const DUTIES: &str = r#"
        read -r _
        # More than once: a server that was just being created or started goes on for a moment.
        tries=0
        while [ -e "$1" ] && [ $tries -lt 400 ]; do
            server=$(head -n 1 "$1/data/postmaster.pid" 2>/dev/null)
            if [ -n "$server" ] && [ "/proc/$server/cwd" -ef "$1/data" ]; then
                kill -QUIT "$server"
                sleep 0.05
            else
                rm -rf "$1" || sleep 0.05
            fi
            tries=$((tries + 1))
        done
    "#;

    fn hire(folder: &Path) -> Result<Self> {
        let process = Command::new("sh")
            .args(["-c", Self::DUTIES, "sh"])
            .arg(folder)
            .current_dir("/")
            .stdin(Stdio::piped())
            // Whoever waits for the output of the tests need not wait for the clearing away.
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // Out of reach of a Ctrl-C for the tests.
            .process_group(0)
            .spawn()?;
        Ok(Self { process })
    }
}

impl Drop for Caretaker {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        // Nothing can be done about a failure here.
        let _ = self.process.wait();
    }
}

fn free_port() -> Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

/// State and parent of a process, or none if there is no such process.
fn status(process: u32) -> Option<(char, u32)> {
    let line = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name before it is in brackets and may hold anything.
    let mut fields = line.rsplit_once(')')?.1.split_whitespace();
    Some((fields.next()?.chars().next()?, fields.next()?.parse().ok()?))
}

fn is_alive(process: u32) -> bool {
    status(process).is_some_and(|(state, _)| state != 'Z')
}

fn children(parent: u32) -> Result<Vec<u32>> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc")? {
        if let Some(process) = entry?.file_name().to_str().and_then(|name| name.parse().ok())
            && status(process).is_some_and(|(state, its_parent)| its_parent == parent && state != 'Z')
        {
            found.push(process);
        }
    }
    Ok(found)
}
