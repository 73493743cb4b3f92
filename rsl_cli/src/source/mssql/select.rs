//! The statements that read a table: in parts, in the order of its key.

use rsl_core::Value;

use super::catalogue::Relation;
use super::column::{Column, bracket};
use super::session::SENT;
use crate::source::{Key, Part};

impl Relation {
    /// The table under the name `t`.
    fn from(&self) -> String {
        format!("{}.{} AS t", bracket(&self.schema), bracket(&self.name))
    }

    /// The rows of the columns named in `columns`, by position, then how many they were. The number comes from the server as
    /// a result of its own: where it is missing, the rows broke off.
    pub fn rows_sql(&self, columns: &[Selected], part: &Part, filter: Option<&str>) -> String {
        let list: Vec<_> = columns.iter().map(|column| column.sql(self)).collect();
        let order = match self.order.is_empty() {
            true => String::new(),
            false => format!(" ORDER BY {}", self.key_list("t")),
        };
        let condition =
            self.condition(part.arrived.as_ref().or(part.after.as_ref()), part.until.as_ref(), filter);
        format!("SELECT {} FROM {}{condition}{order}; {SENT}", list.join(", "), self.from())
    }

    /// The rows with these keys, of the columns `key`, by position; then how many they were.
    pub fn keys_sql(
        &self,
        columns: &[Selected],
        key: &[usize],
        keys: &[Key],
        filter: Option<&str>,
    ) -> String {
        let list: Vec<_> = columns.iter().map(|column| column.sql(self)).collect();
        let is = |(&at, text): (&usize, &String)| {
            format!("t.{} = {}", bracket(&self.columns[at].name), self.columns[at].bound(text))
        };
        let one =
            |values: &Key| format!("({})", key.iter().zip(values).map(is).collect::<Vec<_>>().join(" AND "));
        let any: Vec<_> = keys.iter().map(one).collect();
        let filter = filter.map_or(String::new(), |filter| format!(" AND ({filter}\n)"));
        format!(
            "SELECT {} FROM {} WHERE ({}){filter}; {SENT}",
            list.join(", "),
            self.from(),
            any.join(" OR ")
        )
    }

    /// Some rows, all columns, in no order.
    pub fn sample_sql(&self, rows: u64) -> String {
        let list: Vec<_> = (0..self.columns.len()).map(|at| Selected::Column(at).sql(self)).collect();
        format!("SELECT TOP ({rows}) {} FROM {}", list.join(", "), self.from())
    }

    /// The number of rows of a whole part, then, of each column that tells of changes, its largest value, then these figures.
    pub fn count_sql(
        &self,
        part: &Part,
        filter: Option<&str>,
        changes: &[usize],
        figures: &[&str],
    ) -> String {
        let largest = |&at: &usize| {
            let (column, name) = (&self.columns[at], bracket(&self.columns[at].name));
            match column.type_name.as_str() {
                "timestamp" => format!(", CAST(CAST(MAX(t.{name}) AS bigint) AS nvarchar(100))"),
                // With all digits of a second.
                _ => format!(", CONVERT(nvarchar(100), MAX(t.{name}), 121)"),
            }
        };
        let largest: String = changes.iter().map(largest).collect();
        let figures: String = figures.iter().map(|figure| format!(", {figure}")).collect();
        let condition = self.condition(part.after.as_ref(), part.until.as_ref(), filter);
        format!("SELECT COUNT_BIG(*){largest}{figures} FROM {}{condition}", self.from())
    }

    /// Columns whose largest value grows with every change of any row: rowversions, and the one that the user names.
    pub fn changes(&self, named: Option<&str>) -> impl Iterator<Item = usize> {
        let tells = move |column: &Column| {
            column.type_name == "timestamp"
                || named.is_some_and(|named| column.name.eq_ignore_ascii_case(named))
        };
        self.columns.iter().enumerate().filter(move |(_, column)| tells(column)).map(|(at, _)| at)
    }

    /// The smallest and the largest value of the key's first column, a whole number.
    pub fn ends_sql(&self) -> String {
        let column = bracket(&self.columns[self.order[0]].name);
        format!(
            "SELECT CAST(MIN(t.{column}) AS bigint), CAST(MAX(t.{column}) AS bigint) FROM {}",
            self.from()
        )
    }

    /// Every `rows`-th key, in order.
    pub fn cuts_sql(&self, rows: u64) -> String {
        let list: Vec<_> = self.order.iter().map(|&at| self.columns[at].expression()).collect();
        format!(
            "SELECT {} FROM (SELECT {}, ROW_NUMBER() OVER (ORDER BY {}) AS [rsl row] FROM {}) AS t WHERE t.[rsl row] % {rows} = 0 ORDER BY t.[rsl row]",
            list.join(", "),
            self.key_list("t"),
            self.key_list("t"),
            self.from()
        )
    }

    /// The key whose values these are, in the order of the key; none if one of them cannot be a bound.
    pub fn key<'v>(&self, values: impl IntoIterator<Item = &'v Value<'v>>) -> Option<Key> {
        let columns = self.order.iter().map(|&at| &self.columns[at]);
        columns.zip(values).map(|(column, value)| column.key_text(value)).collect()
    }

    fn key_list(&self, table: &str) -> String {
        let columns = self.order.iter().map(|&at| format!("{table}.{}", bracket(&self.columns[at].name)));
        columns.collect::<Vec<_>>().join(", ")
    }

    fn condition(&self, after: Option<&Key>, until: Option<&Key>, filter: Option<&str>) -> String {
        let mut conditions = Vec::new();
        if let Some(key) = after {
            conditions.push(self.compare(key, ">", ">"));
        }
        if let Some(key) = until {
            conditions.push(self.compare(key, "<", "<="));
        }
        if let Some(filter) = filter {
            // The user's condition ends with its line: a comment in it must not swallow the parenthesis.
            conditions.push(format!("({filter}\n)"));
        }
        match conditions.is_empty() {
            true => String::new(),
            false => format!(" WHERE {}", conditions.join(" AND ")),
        }
    }

    /// Compares the first columns of the key with these values, one after another. SQL Server has no row comparison; the
    /// condition on the first column alone, which follows from the whole, lets it look the place up in the index.
    fn compare(&self, key: &Key, strict: &str, last: &str) -> String {
        let sides: Vec<_> = self
            .order
            .iter()
            .zip(key)
            .map(|(&at, text)| {
                (format!("t.{}", bracket(&self.columns[at].name)), self.columns[at].bound(text))
            })
            .collect();
        let Some(((column, bound), before)) = sides.split_last() else { return "1 = 1".to_owned() };
        let mut condition = format!("{column} {last} {bound}");
        for (column, bound) in before.iter().rev() {
            condition = format!("({column} {strict} {bound} OR ({column} = {bound} AND {condition}))");
        }
        match sides.first() {
            Some((column, bound)) if sides.len() > 1 => format!("{column} {strict}= {bound} AND {condition}"),
            _ => condition,
        }
    }
}

/// What is selected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Selected {
    /// The value of the column at this position.
    Column(usize),
    /// The offset of the datetimeoffset at this position, in minutes.
    OffsetOf(usize),
}

impl Selected {
    fn sql(self, relation: &Relation) -> String {
        match self {
            Selected::Column(at) => {
                let column = &relation.columns[at];
                format!("{} AS {}", column.expression(), bracket(&column.name))
            }
            Selected::OffsetOf(at) => {
                let column = bracket(&relation.columns[at].name);
                format!("CAST(DATEPART(TZOFFSET, t.{column}) AS smallint) AS {column}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(name: &str, type_name: &str, max_length: i64) -> Column {
        Column {
            name: name.to_owned(),
            type_name: type_name.to_owned(),
            max_length,
            precision: 0,
            scale: 0,
            nullable: false,
            collation: (type_name == "varchar").then(|| "Korean_Wansung_CI_AS".to_owned()),
            code_page: 949,
            computed: false,
            masked: false,
            told: None,
        }
    }

    fn relation() -> Relation {
        Relation {
            schema: "dbo".to_owned(),
            name: "T]x".to_owned(),
            columns: vec![
                column("A", "varchar", 8),
                column("B", "int", 4),
                column("P", "money", 8),
                column("V", "timestamp", 8),
            ],
            primary_key: vec![0, 1],
            order: vec![0, 1],
            parents: Vec::new(),
            estimate: None,
        }
    }

    #[test]
    fn a_part_is_cut_out_by_its_key() {
        let part = Part {
            after: Some(vec!["가'".to_owned(), "7".to_owned()]),
            until: Some(vec!["b".to_owned()]),
            arrived: None,
        };
        let a = "CAST(N'가''' COLLATE Korean_Wansung_CI_AS AS varchar(8))";
        assert_eq!(
            relation().rows_sql(&[Selected::Column(0), Selected::Column(2)], &part, Some("B > 0 -- all")),
            format!(
                "SELECT CAST(t.[A] AS varbinary(8)) AS [A], CAST(t.[P] AS decimal(19,4)) AS [P] FROM [dbo].[T]]x] AS t \
                 WHERE t.[A] >= {a} AND (t.[A] > {a} OR (t.[A] = {a} AND t.[B] > CAST(N'7' AS int))) \
                 AND t.[A] <= CAST(N'b' COLLATE Korean_Wansung_CI_AS AS varchar(8)) AND (B > 0 -- all\n) \
                 ORDER BY t.[A], t.[B]; SELECT ROWCOUNT_BIG() AS n"
            )
        );
    }

    #[test]
    fn rows_are_asked_for_by_their_keys() {
        let keys = [vec!["a'".to_owned(), "1".to_owned()], vec!["b".to_owned(), "2".to_owned()]];
        let a = |text| format!("CAST(N'{text}' COLLATE Korean_Wansung_CI_AS AS varchar(8))");
        assert_eq!(
            relation().keys_sql(&[Selected::Column(1)], &[0, 1], &keys, Some("B > 0 -- all")),
            format!(
                "SELECT t.[B] AS [B] FROM [dbo].[T]]x] AS t WHERE ((t.[A] = {} AND t.[B] = CAST(N'1' AS int)) OR \
                 (t.[A] = {} AND t.[B] = CAST(N'2' AS int))) AND (B > 0 -- all\n); SELECT ROWCOUNT_BIG() AS n",
                a("a''"),
                a("b")
            )
        );
    }

    #[test]
    fn the_count_is_of_the_whole_part() {
        let part = Part { after: None, until: None, arrived: Some(vec!["x".to_owned(), "1".to_owned()]) };
        assert_eq!(
            relation().count_sql(&part, None, &relation().changes(Some("b")).collect::<Vec<_>>(), &[]),
            "SELECT COUNT_BIG(*), CONVERT(nvarchar(100), MAX(t.[B]), 121), CAST(CAST(MAX(t.[V]) AS bigint) AS nvarchar(100)) FROM [dbo].[T]]x] AS t"
        );
    }
}
