//! What the database of the target has already, as far as it decides what is made of the source.

use super::name::Names;
use crate::failure::Result;
use crate::target::connection::{Connection, failure};

/// Version of the server, and names that are taken.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// As `server_version_num` has it: 150013.
    pub version: i32,
    pub(super) names: Names,
}

impl Surroundings {
    /// A server of this version whose schemas are empty.
    pub fn empty(version: i32) -> Self {
        Self { version, names: Names::default() }
    }

    /// Spells names as the source does, instead of in lower case.
    pub fn keep_names(mut self, keep: bool) -> Self {
        self.names.keep = keep;
        self
    }

    /// Asks the server, after the tables are there.
    pub async fn look(connection: &Connection) -> Result<Self> {
        let client = &connection.client;
        let version = client
            .query_one("SELECT pg_catalog.current_setting('server_version_num')::pg_catalog.int4", &[])
            .await
            .map_err(failure)?;
        let mut surroundings = Self::empty(version.get(0));
        let relations = client
            .query(
                "SELECT n.nspname::text, c.relname::text
                 FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                 WHERE n.nspname <> 'pg_catalog'",
                &[],
            )
            .await
            .map_err(failure)?;
        for row in relations {
            surroundings.names.take_relation(row.get(0), row.get(1));
        }
        let constraints = client
            .query(
                "SELECT n.nspname::text, c.relname::text, k.conname::text
                 FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
                 JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                 WHERE n.nspname <> 'pg_catalog'",
                &[],
            )
            .await
            .map_err(failure)?;
        for row in constraints {
            surroundings.names.take_constraint(&(row.get(0), row.get(1)), row.get(2));
        }
        Ok(surroundings)
    }
}
