//! What a SQL Server is asked of a part besides its rows: their number, what tells of changes, its own account.

use rsl_core::PgType;

use super::account::Ask;
use super::catalogue::{self, Relation};
use super::select::Selected;
use super::session::Session;
use crate::failure::{Failure, Result};
use crate::source::{Account, Consistency, Part, own_account};

/// What is asked of a part before or after it is read, or both.
pub struct Question<'a> {
    relation: &'a Relation,
    /// Columns that tell of changes.
    changes: Vec<usize>,
    /// None if the source is not to give its own account.
    own: Option<Ask>,
    snapshot: bool,
}

impl<'a> Question<'a> {
    /// `update_column`: one that the user names because every change moves it forward.
    pub fn new(
        relation: &'a Relation,
        selected: &[Selected],
        update_column: Option<&str>,
        snapshot: bool,
        own: Option<&[PgType]>,
    ) -> Self {
        Self {
            relation,
            changes: relation.changes(update_column).collect(),
            own: own.map(|types| Ask::new(relation, selected, types)),
            snapshot,
        }
    }

    /// Asks, in one statement unless the table is very wide.
    pub async fn ask(
        &self,
        session: &mut Session,
        object: &str,
        part: &Part,
        filter: Option<&str>,
    ) -> Result<Counts> {
        let statements = self.own.as_ref().map_or_else(|| vec![Vec::new()], Ask::statements);
        let mut counts = Counts::default();
        for (number, figures) in statements.iter().enumerate() {
            let changes = if number == 0 { &self.changes[..] } else { &[] };
            let sql = self.relation.count_sql(part, filter, changes, figures);
            let rows = session.rows(&sql, Some(object)).await?;
            let row =
                rows.first().ok_or_else(|| Failure::new("the source does not count its rows").transient())?;
            if row.len() != 1 + changes.len() + figures.len() {
                // With a piece of a sum missing, the rest would be taken for the whole.
                return Err(
                    Failure::new("the source sends another number of columns than was asked for").transient()
                );
            }
            let texts: Vec<_> =
                (1..row.len()).map(|at| catalogue::optional_text(row, at)).collect::<Result<_>>()?;
            let (largest, figures) = texts.split_at(changes.len());
            if number == 0 {
                counts.rows = u64::try_from(catalogue::number(row, 0)?).unwrap_or(0);
                counts.largest = largest.to_vec();
            }
            counts.figures.extend_from_slice(figures);
        }
        Ok(counts)
    }

    /// What came of it. `taken`: rows that were read, if these are all of the part.
    pub fn account(&self, before: Option<Counts>, after: Option<Counts>, taken: Option<u64>) -> Account {
        let mut consistency = match (self.snapshot, &before, &after) {
            (true, ..) => Consistency::snapshot(),
            (false, before, after) => {
                let compared =
                    self.changes.iter().map(|&at| format!("largest {}", self.relation.columns[at].name));
                let own = self.own.is_some().then(|| "the source's own account".to_owned());
                let twice = before.is_some() && after.is_some();
                Consistency {
                    isolation: "read committed",
                    compared: match twice {
                        true => std::iter::once("count".to_owned()).chain(compared).chain(own).collect(),
                        false => Vec::new(),
                    },
                    changed: twice && before != after,
                    ..Consistency::default()
                }
            }
        };
        // Of a source that grew meanwhile, all rows that are there at the end have been read, or some are missing.
        let grown = after.as_ref().map(|after| after.rows).filter(|&rows| Some(rows) == taken);
        let (counts, again) = match (before, after) {
            (Some(before), after) => (before, after),
            (None, Some(after)) => (after, None),
            (None, None) => return Account { rows: 0, consistency, own: None },
        };
        let columns = |ask: &Ask, counts: &Counts| {
            let figures = ask.figures.iter().zip(&counts.figures);
            let figures = figures.map(|((at, figure, _), text)| (*at, *figure, text.clone()));
            own_account::columns(&ask.types, &ask.not_null, figures)
        };
        let mut own = self.own.as_ref().map(|ask| columns(ask, &counts));
        if let (true, Some(ask), Some(own), Some(again)) = (self.snapshot, &self.own, &mut own, &again) {
            let object = catalogue::qualified(&self.relation.schema, &self.relation.name);
            let names = ask.names.iter().map(String::as_str);
            consistency.unsteady = own_account::take_unsteady(&object, names, own, &columns(ask, again));
        }
        Account { rows: grown.unwrap_or(counts.rows), consistency, own }
    }
}

/// What is compared of a part before and after its reading.
#[derive(Default, PartialEq)]
pub struct Counts {
    rows: u64,
    /// Largest values of the columns that tell of changes.
    largest: Vec<Option<String>>,
    /// Of the source's own account.
    figures: Vec<Option<String>>,
}
