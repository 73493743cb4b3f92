//! Whatever speaks TDS in place of the test server: a real SQL Server that `RSL_TEST_MSSQL_URL` names.
//!
//! The URL is `mssql://user:password@host:port/database?encrypt=off`; without `encrypt=off` the connection is encrypted and any
//! certificate is believed. **Everything in the database is dropped**, before each test: name one that is made for this.

use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result, bail};
use rsl_core::decimal::Decimal;
use rsl_core::temporal::{TICKS_PER_DAY, TICKS_PER_SECOND, timestamp_text};
use tds_server::answer::SqlValue;
use tds_server::database::batches;
use tiberius::{AuthMethod, Client, Config, EncryptionLevel};
use tokio::net::TcpStream;
use tokio_util::compat::{Compat, TokioAsyncWriteCompatExt};

/// Rows of one INSERT; SQL Server takes at most 1000.
const ROWS: usize = 500;
/// Days from 1900-01-01 to 2000-01-01.
const DAYS_1900_TO_2000: i64 = 36_524;
/// What is to be dropped, each a statement of its own, until nothing is left.
const DROPS: &str = "
    SELECT 1 AS n, CONCAT(N'ALTER TABLE ', QUOTENAME(s.name), N'.', QUOTENAME(o.name), N' DROP CONSTRAINT ', QUOTENAME(f.name)) AS d
        FROM sys.foreign_keys AS f JOIN sys.objects AS o ON o.object_id = f.parent_object_id JOIN sys.schemas AS s ON s.schema_id = o.schema_id
    UNION ALL SELECT 2, CONCAT(N'DROP VIEW ', QUOTENAME(s.name), N'.', QUOTENAME(o.name))
        FROM sys.objects AS o JOIN sys.schemas AS s ON s.schema_id = o.schema_id WHERE o.type = 'V' AND o.is_ms_shipped = 0
    UNION ALL SELECT 3, CONCAT(N'DROP TABLE ', QUOTENAME(s.name), N'.', QUOTENAME(o.name))
        FROM sys.objects AS o JOIN sys.schemas AS s ON s.schema_id = o.schema_id WHERE o.type = 'U' AND o.is_ms_shipped = 0
    UNION ALL SELECT 4, CONCAT(N'DROP TYPE ', QUOTENAME(s.name), N'.', QUOTENAME(t.name))
        FROM sys.types AS t JOIN sys.schemas AS s ON s.schema_id = t.schema_id WHERE t.is_user_defined = 1
    UNION ALL SELECT 5, CONCAT(N'DROP SCHEMA ', QUOTENAME(s.name)) FROM sys.schemas AS s WHERE s.schema_id BETWEEN 5 AND 16383
    ORDER BY n";

/// Tests share the one database.
static TURN: Mutex<()> = Mutex::new(());

/// A database that belongs to one test at a time.
pub struct Real {
    url: String,
    _turn: MutexGuard<'static, ()>,
}

impl Real {
    /// The database that the environment names, emptied; none if it names none.
    pub fn of_environment() -> Result<Option<Self>> {
        match std::env::var("RSL_TEST_MSSQL_URL") {
            Ok(url) => Self::at(&url).map(Some),
            Err(_) => Ok(None),
        }
    }

    /// The database of this URL, emptied.
    pub fn at(url: &str) -> Result<Self> {
        let real = Self { url: url.to_owned(), _turn: TURN.lock().unwrap_or_else(PoisonError::into_inner) };
        for drop in real.texts(DROPS, 1)? {
            real.script(&drop)?;
        }
        Ok(real)
    }

    /// As `rsl` takes it.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Runs a script; lines of `GO` separate its batches.
    pub fn script(&self, script: &str) -> Result<()> {
        self.connected(async |client| {
            for batch in batches(script) {
                client.simple_query(&batch).await?.into_results().await.with_context(|| batch.clone())?;
            }
            Ok(())
        })
    }

    /// Inserts rows: values for all columns but computed ones and rowversions.
    pub fn insert(&self, table: &str, rows: impl IntoIterator<Item = Vec<SqlValue>>) -> Result<()> {
        let columns = format!(
            "SELECT CONCAT(c.scale, N' ', QUOTENAME(c.name)) FROM sys.columns AS c JOIN sys.types AS ty ON ty.user_type_id = c.system_type_id
             WHERE c.object_id = OBJECT_ID(N'{table}') AND c.is_computed = 0 AND ty.name <> 'timestamp' ORDER BY c.column_id"
        );
        let (mut scales, mut names) = (Vec::new(), Vec::new());
        for column in self.texts(&columns, 0)? {
            let (scale, name) = column.split_once(' ').context("a column has a scale and a name")?;
            scales.push(scale.parse::<u8>()?);
            names.push(name.to_owned());
        }
        let names = names.join(", ");
        let mut tuples = Vec::new();
        for row in rows {
            let values: Vec<String> = row
                .iter()
                .zip(&scales)
                .map(|(value, &scale)| literal(value, scale))
                .collect::<Result<_>>()?;
            tuples.push(format!("({})", values.join(", ")));
        }
        self.connected(async |client| {
            for tuples in tuples.chunks(ROWS) {
                let insert = format!("INSERT INTO {table} ({names}) VALUES {}", tuples.join(", "));
                client.simple_query(insert).await?.into_results().await?;
            }
            Ok(())
        })
    }

    /// A column of a query's result.
    fn texts(&self, query: &str, column: usize) -> Result<Vec<String>> {
        self.connected(async |client| {
            let rows = client.simple_query(query).await?.into_first_result().await?;
            let mut texts = Vec::new();
            for row in &rows {
                let text: &str = row.try_get(column)?.context("NULL in the catalogue")?;
                texts.push(text.to_owned());
            }
            Ok(texts)
        })
    }

    fn connected<T>(&self, work: impl AsyncFnOnce(&mut Client<Compat<TcpStream>>) -> Result<T>) -> Result<T> {
        let config = config(&self.url)
            .context("RSL_TEST_MSSQL_URL is not mssql://user:password@host:port/database")?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let stream =
                TcpStream::connect(config.get_addr()).await.context("cannot connect to the source")?;
            stream.set_nodelay(true)?;
            let mut client = Client::connect(config, stream.compat_write()).await?;
            work(&mut client).await
        })
    }
}

fn config(url: &str) -> Option<Config> {
    let (login, place) = url.strip_prefix("mssql://")?.rsplit_once('@')?;
    let (user, password) = login.split_once(':')?;
    let (address, rest) = place.split_once('/')?;
    let (host, port) = address.rsplit_once(':')?;
    let (database, options) = rest.split_once('?').unwrap_or((rest, ""));
    let mut config = Config::new();
    config.host(host);
    config.port(port.parse().ok()?);
    config.database(database);
    config.authentication(AuthMethod::sql_server(user, password.replace("%25", "%")));
    if options.split('&').any(|option| option == "encrypt=off") {
        config.encryption(EncryptionLevel::NotSupported);
    } else {
        config.encryption(EncryptionLevel::Required);
        config.trust_cert();
    }
    Some(config)
}

/// A value as T-SQL writes it; decimals have the scale of their column.
fn literal(value: &SqlValue, scale: u8) -> Result<String> {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02X}")).collect::<String>();
    Ok(match value {
        SqlValue::Null => "NULL".to_owned(),
        SqlValue::Bit(bit) => u8::from(*bit).to_string(),
        SqlValue::Int(number) => number.to_string(),
        SqlValue::Decimal(mantissa) => Decimal::new(*mantissa, scale)?.to_string(),
        SqlValue::Money(mantissa) => Decimal::new((*mantissa).into(), 4)?.to_string(),
        SqlValue::DateTime(days, ticks) => {
            // A tick is a three-hundredth of a second.
            let milliseconds = (i64::from(*ticks) * 10 + 1) / 3;
            let since_2000 = (i64::from(*days) - DAYS_1900_TO_2000) * TICKS_PER_DAY;
            let text = timestamp_text(since_2000 + milliseconds * (TICKS_PER_SECOND / 1000));
            format!("'{}'", &text[..23])
        }
        SqlValue::Bytes(bytes) => format!("CAST(0x{} AS varchar(max))", hex(bytes)),
        SqlValue::Wide(units) => {
            let bytes: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
            format!("CAST(0x{} AS nvarchar(max))", hex(&bytes))
        }
        SqlValue::Binary(bytes) => format!("0x{}", hex(bytes)),
        SqlValue::Guid(bytes) => {
            let part = |from: usize, to: usize| hex(&bytes[from..to]);
            format!("'{}-{}-{}-{}-{}'", part(0, 4), part(4, 6), part(6, 8), part(8, 10), part(10, 16))
        }
        other => bail!("no test inserts {other:?} into a real server"),
    })
}
