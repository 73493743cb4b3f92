//! `rsl init`.

use crate::args::Init;
use crate::command::output::say;
use crate::failure::{Failure, Result, exit};
use crate::target::connection::{Target, failure};
use crate::target::plan::quote;
use crate::terminal::visible;

pub async fn run(args: Init) -> Result<u8> {
    let target = Target::parse(args.database.database_url.as_deref())?;
    let database = target.database();
    let connection = match target.connect_if_present().await? {
        Some(connection) => {
            say!("database \"{}\": was there", visible(database))?;
            connection
        }
        None => {
            let maintenance = target.connect_to_maintenance().await?;
            let create = format!("CREATE DATABASE {} ENCODING 'UTF8' TEMPLATE template0", quote(database));
            maintenance
                .client
                .batch_execute(&create)
                .await
                .map_err(|error| failure(error).at(format!("cannot create the database \"{database}\"")))?;
            say!("database \"{}\": created", visible(database))?;
            target.connect().await?
        }
    };
    let encoding: String = connection
        .client
        .query_one("SELECT pg_catalog.getdatabaseencoding()::text", &[])
        .await
        .map_err(failure)?
        .get(0);
    if encoding != "UTF8" {
        return Err(Failure::new(format!("database \"{database}\" has the encoding {encoding}"))
            .hint("rows are loaded as UTF-8: create the database with ENCODING 'UTF8'"));
    }
    let version = "SELECT extversion FROM pg_catalog.pg_extension WHERE extname = 'rsl'";
    match connection.client.query_opt(version, &[]).await.map_err(failure)? {
        Some(row) => say!("extension rsl: was there, version {}", row.get::<_, String>(0))?,
        None => {
            connection.client.batch_execute("CREATE EXTENSION rsl").await.map_err(|error| {
                let failed = failure(error).at("cannot create the extension rsl");
                match failed.what() {
                    what if what.contains("control file") || what.contains("is not available") => {
                        failed.hint("install it on the database server first: ./pgrx-setup.sh install")
                    }
                    what if what.contains("permission denied") => {
                        failed.hint("a superuser must create it once: CREATE EXTENSION rsl")
                    }
                    _ => failed,
                }
            })?;
            let row = connection.client.query_one(version, &[]).await.map_err(failure)?;
            connection.client.batch_execute("SELECT rsl.keep_data()").await.map_err(failure)?;
            say!("extension rsl: created, version {}", row.get::<_, String>(0))?;
        }
    }
    Ok(exit::OK)
}
