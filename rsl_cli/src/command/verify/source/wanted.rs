//! Which targets are to be compared, with what, and how their loads have read it.

use serde_json::Value;

use super::Checked;
use crate::args::{Names, Verify, Wish};
use crate::failure::{Failure, Result};
use crate::source;
use crate::target::connection::{Connection, failure};
use crate::target::plan::{Plan, is_plain, quote};

/// A table of the source and its target.
pub struct Wanted {
    pub object: String,
    /// Schema and name.
    pub target: (String, String),
    pub load_id: Option<i64>,
    /// In which the load was made, if in any.
    pub run_id: Option<i64>,
    /// Of the target, which the load has brought.
    columns: Vec<String>,
    /// Rows that the load has left out.
    pub rejected: i64,
    /// Of the load.
    pub mode: Option<String>,
    pub filter: Option<String>,
    pub names: Names,
    pub own_account: bool,
    encoding: Option<String>,
    keep_offset: bool,
    update_column: Option<String>,
}

impl Wanted {
    fn new(object: String, target: (String, String), wish: Option<Wish>) -> Self {
        let encoding = wish.as_ref().and_then(|wish| wish.encoding.clone());
        Self {
            object,
            target,
            load_id: None,
            run_id: None,
            columns: Vec::new(),
            rejected: 0,
            mode: None,
            filter: wish.as_ref().and_then(|wish| wish.filter.clone()),
            names: wish.as_ref().map_or(Names::Lower, |wish| wish.names),
            own_account: wish.as_ref().is_none_or(|wish| !wish.no_source_account),
            encoding,
            keep_offset: wish.as_ref().is_some_and(|wish| wish.keep_offset),
            update_column: wish.and_then(|wish| wish.update_column),
        }
    }

    /// How the source is to be opened.
    pub fn options(&self) -> source::Options {
        source::Options {
            encoding: self.encoding.clone(),
            keep_offset: self.keep_offset,
            update_column: self.update_column.clone(),
            retries: 2,
        }
    }

    /// A line for each column that the load has brought and that the source does not have any more: nothing can be compared with it.
    pub fn gone(&self, plan: &Plan) -> Vec<String> {
        let is_there = |name: &String| plan.columns.iter().any(|(column, _)| column == name);
        let line = |name: &String| {
            let load = self.load_id.unwrap_or(0);
            format!("column \"{name}\", which load {load} brought, is not in the source any more")
        };
        self.columns.iter().filter(|name| !is_there(name)).map(line).collect()
    }

    /// An outcome without figures.
    pub(super) fn checked(&self, status: &'static str, differences: Vec<String>) -> Checked {
        Checked {
            object: self.object.clone(),
            target: format!("{}.{}", self.target.0, self.target.1),
            load_id: self.load_id,
            status,
            source_rows: 0,
            target_rows: 0,
            compared: Default::default(),
            digests: false,
            differences,
            notes: Vec::new(),
            consistency: Vec::new(),
            seconds: 0.0,
            diff: self.diff(),
        }
    }

    fn diff(&self) -> String {
        let target = [&self.target.0, &self.target.1]
            .map(|name| if is_plain(name) { name.clone() } else { quote(name) });
        let names = [shell_word(&self.object), shell_word(&target.join("."))];
        let mut words = Vec::new();
        if let Some(filter) = &self.filter {
            // In one word: a condition may begin with a dash.
            words.push(shell_word(&format!("--where={filter}")));
        }
        if names.iter().any(|name| name.trim_start_matches('\'').starts_with('-')) {
            words.push("--".to_owned());
        }
        words.extend(names);
        words.join(" ")
    }
}

fn shell_word(text: &str) -> String {
    let safe = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-' | b'/');
    match !text.is_empty() && text.bytes().all(safe) {
        true => text.to_owned(),
        false => format!("'{}'", text.replace('\'', "'\\''")),
    }
}

/// The objects that are named, else every target that was last loaded from this source.
pub async fn wanted(args: &Verify, url: &str, connection: &Connection, name: &str) -> Result<Vec<Wanted>> {
    let loaded = loaded(connection, name).await?;
    if args.scope.is_empty() {
        return match loaded.is_empty() {
            false => Ok(loaded),
            true => Err(Failure::new(format!("no table was loaded from {name}"))
                .hint("rsl loads lists what was; a target that was filled otherwise is compared with rsl verify --source URL OBJECT --into SCHEMA.TABLE")),
        };
    }
    let source = source::open(url, &source::Options { retries: 2, ..Default::default() }).await?;
    let present = source.objects().await?;
    let objects = source::choose(&present, Some(&args.scope), &[], &[])?;
    let single = objects.len() == 1;
    let mut loaded = loaded;
    let mut wanted = Vec::new();
    for object in objects {
        let into = match args.into.as_deref().map(|into| into.split_once('.').unwrap_or((into, ""))) {
            Some((_, table)) if !table.is_empty() && !single => {
                return Err(Failure::new("--into names one table, but several are to be compared")
                    .hint("name only the schema, or compare one at a time"));
            }
            into => into,
        };
        let is_meant = |wanted: &Wanted| {
            wanted.object == object
                && into.is_none_or(|(schema, table)| {
                    wanted.target.0 == schema && (table.is_empty() || wanted.target.1 == table)
                })
        };
        let (of_object, others): (Vec<_>, Vec<_>) = loaded.into_iter().partition(|wanted| is_meant(wanted));
        loaded = others;
        if !of_object.is_empty() {
            wanted.extend(of_object);
            continue;
        }
        // Filled by somebody else.
        let (schema, table) = into.unwrap_or(("erp", ""));
        let table = match table.is_empty() {
            true => Names::Lower.of(object.split_once('.').map_or(object.as_str(), |(_, name)| name)),
            false => table.to_owned(),
        };
        wanted.push(Wanted::new(object, (schema.to_owned(), table), None));
    }
    Ok(wanted)
}

/// The targets whose last load came from this source.
async fn loaded(connection: &Connection, name: &str) -> Result<Vec<Wanted>> {
    let rows = connection
        .client
        .query(
            "SELECT l.load_id, l.object, (parse_ident(l.target))[1], (parse_ident(l.target))[2], l.mode, r.options, l.rejected, l.run_id, l.columns
             FROM (SELECT DISTINCT ON (target) * FROM rsl.load
                WHERE status IN ('exact', 'partial') ORDER BY target, finished_at DESC, load_id DESC) l
             LEFT JOIN rsl.run r USING (run_id)
             WHERE l.source = $1 AND l.object IS NOT NULL ORDER BY l.target",
            &[&name],
        )
        .await
        .map_err(failure)?;
    let wanted = rows.iter().map(|row| {
        let wish: Option<Wish> =
            row.get::<_, Option<Value>>(5).and_then(|options| serde_json::from_value(options).ok());
        Wanted {
            load_id: Some(row.get(0)),
            rejected: row.get(6),
            mode: Some(row.get(4)),
            run_id: row.get(7),
            columns: row.get(8),
            ..Wanted::new(row.get(1), (row.get(2), row.get(3)), wish)
        }
    });
    Ok(wanted.collect())
}
