//! What a login may do.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::catalog::{Catalog, same_name, split_name};
use crate::answer::SqlMessage;

/// The rights of one login. Who has none registered owns the database.
#[derive(Debug, Clone)]
pub struct Rights {
    /// SELECT, and nothing that changes anything.
    pub read_only: bool,
    /// Sees the sessions of others.
    pub view_server_state: bool,
    /// Sees the policies and predicates of the database.
    pub view_definition: bool,
    /// Sees what is behind the masks.
    pub unmask: bool,
    /// Tables and views, as `schema.name` in small letters, that may not be read.
    denied: HashSet<String>,
}

impl Default for Rights {
    fn default() -> Self {
        Self {
            read_only: false,
            view_server_state: true,
            view_definition: true,
            unmask: true,
            denied: HashSet::new(),
        }
    }
}

/// The rights of all logins.
#[derive(Debug, Default)]
pub struct Logins {
    known: HashMap<String, Arc<Rights>>,
}

impl Logins {
    pub fn of(&self, login: &str) -> Arc<Rights> {
        self.known.get(&login.to_lowercase()).cloned().unwrap_or_default()
    }

    pub fn change(&mut self, login: &str, change: impl FnOnce(&mut Rights)) {
        let entry = self.known.entry(login.to_lowercase()).or_default();
        let mut rights = Rights::clone(entry);
        change(&mut rights);
        *entry = Arc::new(rights);
    }
}

impl Rights {
    pub fn deny_select(&mut self, schema: &str, name: &str) {
        self.denied.insert(format!("{schema}.{name}").to_lowercase());
    }

    pub fn allow_select(&mut self, schema: &str, name: &str) {
        self.denied.remove(&format!("{schema}.{name}").to_lowercase());
    }

    /// Error 229 unless the login may do so with the object.
    pub fn check(
        &self,
        permission: &str,
        database: &str,
        schema: &str,
        name: &str,
    ) -> Result<(), SqlMessage> {
        if self.may(permission, schema, name) {
            return Ok(());
        }
        let message = format!(
            "The {permission} permission was denied on the object '{name}', database '{database}', schema '{schema}'."
        );
        Err(SqlMessage { state: 5, class: 14, ..SqlMessage::error(229, message) })
    }

    /// Error 262 unless the login may run a statement such as CREATE TABLE.
    pub fn check_statement(&self, permission: &str, database: &str) -> Result<(), SqlMessage> {
        if !self.read_only {
            return Ok(());
        }
        let message = format!("{permission} permission denied in database '{database}'.");
        Err(SqlMessage { class: 14, ..SqlMessage::error(262, message) })
    }

    fn may(&self, permission: &str, schema: &str, name: &str) -> bool {
        match permission {
            "SELECT" => !self.denied.contains(&format!("{schema}.{name}").to_lowercase()),
            _ => !self.read_only,
        }
    }

    /// `HAS_PERMS_BY_NAME`; `None` for what does not exist.
    pub fn has(
        &self,
        catalog: &Catalog,
        name: Option<&str>,
        class: Option<&str>,
        permission: &str,
    ) -> Option<bool> {
        let permission = permission.to_ascii_uppercase();
        match class.map(str::to_ascii_uppercase).as_deref() {
            None | Some("SERVER") => Some(match permission.as_str() {
                "VIEW SERVER STATE" | "VIEW SERVER PERFORMANCE STATE" => self.view_server_state,
                "CONNECT SQL" | "VIEW ANY DATABASE" => true,
                _ => !self.read_only,
            }),
            Some("DATABASE") => {
                if name.is_some_and(|name| {
                    split_name(name)
                        .is_none_or(|parts| parts.len() != 1 || !same_name(&parts[0], &catalog.database))
                }) {
                    return None;
                }
                Some(match permission.as_str() {
                    "VIEW DEFINITION" => self.view_definition,
                    "UNMASK" => self.unmask,
                    "CONNECT" | "SELECT" | "VIEW ANY COLUMN ENCRYPTION KEY DEFINITION" => true,
                    _ => !self.read_only,
                })
            }
            Some("SCHEMA") => {
                catalog.schema(split_name(name?)?.last()?)?;
                Some(matches!(permission.as_str(), "SELECT" | "VIEW DEFINITION") || !self.read_only)
            }
            Some("OBJECT") => {
                let parts = split_name(name?)?;
                let object = catalog.named(&parts)?;
                Some(match permission.as_str() {
                    "VIEW DEFINITION" => true,
                    "UNMASK" => self.unmask,
                    other => self.may(other, &object.schema, &object.name),
                })
            }
            Some(_) => None,
        }
    }
}
