//! `mssql://…` and the URLs of SQLAlchemy.

use super::keyword::{self, Keyword};
use super::pairs::{self, Rules};
use super::server;
use super::settings::Settings;
use crate::connection_url::{Written, decode};
use crate::failure::{Failure, Result};

/// Reads a URL whose scheme is known to be one of SQL Server.
pub fn read(text: &str, settings: &mut Settings) -> Result<()> {
    let written = Written::split(text, |name| {
        // An option that is not percent-encoded, as people write it.
        keyword::find(name).is_some()
    })?;
    // SQLAlchemy reads options as a web form does.
    let form = written.scheme.contains('+');
    let decode_option = |text: &str| if form { decode(&text.replace('+', " ")) } else { decode(text) };
    settings.separate_timeouts();
    if !written.authority.is_empty() {
        settings.server(server::parse(&decode(written.authority)?)?)?;
    }
    if written.path.contains('?') {
        return Err(Failure::new("what follows the ? of the URL is not a list of options")
            .hint("write ?name=value&name=value; a ? in the name of the database is written %3F"));
    }
    let database = written.path.strip_suffix('/').unwrap_or(written.path);
    for (name, value) in
        [("user", written.user), ("password", written.password), ("database", Some(database))]
    {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            settings.apply(name, &decode(value)?)?;
        }
    }
    let mut options = Vec::new();
    for (name, value) in written.options() {
        let (name, value) = (decode_option(name)?, decode_option(value)?);
        if keyword::find(&name) == Some(Keyword::OdbcConnect) {
            settings.apply_all(pairs::parse(&value, Rules::Odbc)?)?;
        } else {
            options.push((name, value));
        }
    }
    settings.apply_all(options)
}

/// Whether what follows `sqlserver://` is `host:port;name=value;…`, the way of JDBC, which others took over.
pub fn is_jdbc_without_prefix(rest: &str) -> bool {
    rest.split_once(';').is_some_and(|(place, rest)| {
        !place.contains(['@', '/', '?'])
            && rest.split_once('=').is_some_and(|(name, _)| keyword::find(name).is_some())
    })
}
