//! The fastest that the driver can go: a loop that reads a query and drops the values.

use anyhow::{Context, Result};
use futures_util::TryStreamExt;
use tiberius::{AuthMethod, Client, Config, EncryptionLevel, QueryItem};
use tokio::net::TcpStream;
use tokio_util::compat::TokioAsyncWriteCompatExt;

/// Rows of a query, read by the driver alone over a connection that is not encrypted.
pub fn read(port: u16, login: (&str, &str), database: &str, sql: &str) -> Result<u64> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut config = Config::new();
        config.host("127.0.0.1");
        config.port(port);
        config.database(database);
        config.authentication(AuthMethod::sql_server(login.0, login.1));
        config.encryption(EncryptionLevel::NotSupported);
        config.command_timeout(None);
        let stream = TcpStream::connect(config.get_addr()).await.context("cannot connect")?;
        stream.set_nodelay(true)?;
        let mut client = Client::connect(config, stream.compat_write()).await?;
        let mut results = client.simple_query(sql).await?;
        let mut rows = 0;
        while let Some(item) = results.try_next().await? {
            if let QueryItem::Row(row) = item {
                std::hint::black_box(&row);
                rows += 1;
            }
        }
        Ok(rows)
    })
}
