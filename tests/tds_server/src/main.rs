//! `tds-server`: an SQLite file as a SQL Server, for demos and for clients that are to be tried.

use std::{
    env,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use anyhow::{Context, Result, bail, ensure};
use tds_server::{
    Encryption, Login, Options, Server, answer::Engine, database::Database, every_type::EveryType,
    faults::Fault,
};
use tokio::signal::unix::{SignalKind, signal};

const HELP: &str = "\
Serves an SQLite file as a SQL Server, read-only; or a database of its own.

tds-server --login NAME:VARIABLE [OPTIONS] SQLITE_FILE
tds-server --login NAME:VARIABLE [OPTIONS] --every-type
tds-server --login NAME:VARIABLE [OPTIONS] --empty --database NAME

  --login NAME:VARIABLE   who may log in, and the environment variable that holds the password; may be repeated
  --listen ADDR:PORT      where to listen; port 0 takes any that is free        [127.0.0.1:1433]
  --encrypt KIND          off, login (only the login), on, required, strict (TDS 8.0)       [on]
  --database NAME         the database's name                          [the file's, without .db]
  --cache                 keep answers in memory as they were sent, and send them again
  --fault 'WHEN WHAT'     something that goes wrong; may be repeated: see below
  --port-file FILE        write the port into FILE once the server listens
  --every-type            instead of a file: a table every_type that has all types
  --empty                 instead of a file: an empty database, which every login owns and may fill
  --help                  this text

The certificate is one for tests: clients must trust it blindly, or trust tests/tds_server/certificate/test-ca.pem.

Faults: PHASE ACTION [times:N|always] [matching:TEXT]
  PHASE   accept, prelogin, tls, login, statement, columns, row:N (after N rows), done
  ACTION  delay:MILLISECONDS, stall, fin, fin-in-packet, rst, garbage:SEED:LENGTH, truncate, no-done,
          error:NUMBER[:CLASS], mute

Examples:
  MSSQL_PASSWORD=secret tds-server --login FKSM_BI:MSSQL_PASSWORD --database KsmErp sample-erp.db
  MSSQL_PASSWORD=secret tds-server --login sa:MSSQL_PASSWORD --listen 127.0.0.1:0 --port-file port --every-type
  MSSQL_PASSWORD=secret tds-server --login sa:MSSQL_PASSWORD --fault 'row:430 rst matching:BI_ITEM' erp.db
";

struct Arguments {
    options: Options,
    database: Option<String>,
    faults: Vec<Fault>,
    port_file: Option<PathBuf>,
    every_type: bool,
    empty: bool,
    file: Option<PathBuf>,
}

fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    if words.iter().any(|word| word == "--help") {
        print!("{HELP}");
        return ExitCode::SUCCESS;
    }
    match arguments(words, |name| env::var(name).ok()).and_then(run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("tds-server: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// Reads the command line; `variable` looks a variable of the environment up.
fn arguments(words: Vec<String>, variable: impl Fn(&str) -> Option<String>) -> Result<Arguments> {
    let mut arguments = Arguments {
        options: Options { listen: SocketAddr::from(([127, 0, 0, 1], 1433)), ..Options::default() },
        database: None,
        faults: Vec::new(),
        port_file: None,
        every_type: false,
        empty: false,
        file: None,
    };
    let mut words = words.into_iter();
    while let Some(word) = words.next() {
        let mut value =
            || words.next().with_context(|| format!("{word} needs a value; see tds-server --help"));
        match word.as_str() {
            "--login" => {
                let login = login(&value()?, &variable)?;
                arguments.options.logins.push(login);
            }
            "--listen" => {
                let text = value()?;
                let address =
                    text.parse().with_context(|| format!("\"{text}\" is no address with a port"))?;
                arguments.options.listen = address;
            }
            "--encrypt" => arguments.options.encryption = encryption(&value()?)?,
            "--database" => arguments.database = Some(value()?),
            "--cache" => arguments.options.cache = true,
            "--fault" => arguments.faults.push(value()?.parse()?),
            "--port-file" => arguments.port_file = Some(value()?.into()),
            "--every-type" => arguments.every_type = true,
            "--empty" => arguments.empty = true,
            option if option.starts_with("--") => bail!("there is no option {option}; see tds-server --help"),
            file => {
                ensure!(arguments.file.is_none(), "more than one file: \"{file}\"");
                arguments.file = Some(file.into());
            }
        }
    }
    ensure!(!arguments.options.logins.is_empty(), "nobody may log in: say --login NAME:VARIABLE");
    let sources = [arguments.every_type, arguments.empty, arguments.file.is_some()];
    ensure!(
        sources.iter().filter(|given| **given).count() == 1,
        "say which SQLite file to serve, or --every-type, or --empty, and only one of them"
    );
    Ok(arguments)
}

fn login(text: &str, variable: impl Fn(&str) -> Option<String>) -> Result<Login> {
    let (name, from) = text.split_once(':').with_context(|| {
        format!("--login {text}: say NAME:VARIABLE, the variable being one that holds the password")
    })?;
    let password = variable(from).with_context(|| format!("the environment has no password in {from}"))?;
    let (name, default_database) = (name.to_owned(), String::new());
    Ok(Login { name, password, default_database, databases: None })
}

fn encryption(text: &str) -> Result<Encryption> {
    Ok(match text {
        "off" => Encryption::Off,
        "login" => Encryption::LoginOnly,
        "on" => Encryption::On,
        "required" => Encryption::Required,
        "strict" => Encryption::Strict,
        other => bail!("--encrypt {other}: say off, login, on, required or strict"),
    })
}

/// What is served, and its name.
fn engine(arguments: &Arguments) -> Result<(Arc<dyn Engine>, String)> {
    if arguments.empty {
        let name = arguments.database.clone().context("say --database NAME")?;
        return Ok((Arc::new(Database::create(&name)?), name));
    }
    let Some(file) = &arguments.file else {
        return Ok((Arc::new(EveryType), "every_type".to_owned()));
    };
    let stem = || file.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    let name = arguments.database.clone().or_else(stem).context("say --database NAME")?;
    let database =
        Database::open_sqlite(file, &name).with_context(|| format!("cannot serve {}", file.display()))?;
    // Nobody may change the file; this makes the server say so as it would to members of db_datareader.
    for login in &arguments.options.logins {
        database.grant_read_only(&login.name);
    }
    Ok((Arc::new(database), name))
}

fn run(mut arguments: Arguments) -> Result<()> {
    let (engine, name) = engine(&arguments)?;
    for login in &mut arguments.options.logins {
        login.default_database.clone_from(&name);
    }
    let encryption = arguments.options.encryption;
    let (listen, user) = (arguments.options.listen, arguments.options.logins[0].name.clone());
    let server = Server::start(engine, arguments.options)?;
    for fault in arguments.faults {
        server.faults().arm(fault);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        if let Some(file) = &arguments.port_file {
            write_whole(file, &server.port().to_string())?;
        }
        println!("{}", url(&user, listen, server.port(), &name, encryption));
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        Ok(())
    })
}

/// Writes a file that nobody sees half written.
fn write_whole(file: &Path, text: &str) -> Result<()> {
    let part = file.with_extension("part");
    std::fs::write(&part, text)
        .and_then(|()| std::fs::rename(&part, file))
        .with_context(|| format!("cannot write {}", file.display()))
}

/// How to connect, without the password.
fn url(user: &str, listen: SocketAddr, port: u16, database: &str, encryption: Encryption) -> String {
    let options = match encryption {
        Encryption::Off => "encrypt=off",
        Encryption::LoginOnly => "encrypt=login&trust_cert=true",
        Encryption::On | Encryption::Required => "encrypt=on&trust_cert=true",
        Encryption::Strict => "encrypt=strict&trust_cert=true",
    };
    let address = SocketAddr::new(listen.ip(), port);
    format!("mssql://{user}@{address}/{database}?{options}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Arguments> {
        let words = line.split(' ').map(str::to_owned).collect();
        arguments(words, |name| (name == "PW").then(|| "secret:1".to_owned()))
    }

    #[test]
    fn a_command_line() {
        let arguments =
            parse("--login FKSM_BI:PW --listen [::1]:0 --encrypt strict --database KsmErp --cache erp.db")
                .unwrap();
        let options = arguments.options;
        assert_eq!(
            (options.logins[0].name.as_str(), options.logins[0].password.as_str()),
            ("FKSM_BI", "secret:1")
        );
        assert_eq!((options.encryption, options.cache), (Encryption::Strict, true));
        assert_eq!(arguments.file, Some("erp.db".into()));
        let shown = url("FKSM_BI", options.listen, 1433, "KsmErp", options.encryption);
        assert_eq!(shown, "mssql://FKSM_BI@[::1]:1433/KsmErp?encrypt=strict&trust_cert=true");
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (line, part) in [
            ("erp.db", "nobody may log in"),
            ("--login sa:NONE erp.db", "no password in NONE"),
            ("--login sa erp.db", "NAME:VARIABLE"),
            ("--login sa:PW", "--every-type"),
            ("--login sa:PW --every-type erp.db", "only one of them"),
            ("--login sa:PW --encrypt maybe erp.db", "off, login, on"),
            ("--login sa:PW --listen here erp.db", "no address"),
            ("--login sa:PW --burn erp.db", "no option --burn"),
            ("--login sa:PW erp.db --fault", "needs a value"),
            ("--login sa:PW a.db b.db", "more than one file"),
        ] {
            let error = parse(line).err().map(|error| format!("{error:#}")).unwrap_or_default();
            assert!(error.contains(part), "{line}: {error}");
        }
    }
}
