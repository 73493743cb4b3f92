//! From a SQL Server: any value of any type arrives as it was.
//!
//! Many values go in one pull. The same are tried in each run. They are put into the test server's engine as they are, without
//! T-SQL; a real server could only be filled through conversions of its own.

#[path = "sql_server_property/binaries.rs"]
mod binaries;
#[path = "sql_server_property/keyed.rs"]
mod keyed;
#[path = "sql_server_property/numbers.rs"]
mod numbers;
#[path = "sql_server_property/sample.rs"]
mod sample;
#[path = "sql_server_property/texts.rs"]
mod texts;
#[path = "sql_server_property/times.rs"]
mod times;

use anyhow::{Context, Result, ensure};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use rsl_tests::database::Database;
use rsl_tests::erp::Erp;
use sample::{Kind, Sample};
use tds_server::answer::SqlValue;
use texts::Page;

/// Rows of random values in each table.
const ROWS: usize = 300;
/// Rows that several readers share.
const SHARED_ROWS: usize = 60_000;
/// Characters of a page in a value.
const TOGETHER: usize = 150;
/// Differences that are shown.
const SHOWN: usize = 10;

/// Code pages, by collation, and what PostgreSQL calls them. It has tables of its own.
const PAGES: [(&str, &str); 14] = [
    ("Thai_CI_AS", "WIN874"),
    ("Japanese_CI_AS", "SJIS"),
    ("Chinese_PRC_CI_AS", "GBK"),
    ("Korean_Wansung_CI_AS", "UHC"),
    ("Chinese_Taiwan_Stroke_CI_AS", "BIG5"),
    ("Polish_CI_AS", "WIN1250"),
    ("Cyrillic_General_CI_AS", "WIN1251"),
    ("SQL_Latin1_General_CP1_CI_AS", "WIN1252"),
    ("Greek_CI_AS", "WIN1253"),
    ("Turkish_CI_AS", "WIN1254"),
    ("Hebrew_CI_AS", "WIN1255"),
    ("Arabic_CI_AS", "WIN1256"),
    ("Lithuanian_CI_AS", "WIN1257"),
    ("Vietnamese_CI_AS", "WIN1258"),
];

/// The upper halves of two that PostgreSQL does not know.
const OLD_PAGES: [(&str, &str); 2] = [
    (
        "SQL_Latin1_General_CP437_CI_AS",
        "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}",
    ),
    (
        "SQL_Latin1_General_CP850_CI_AS",
        "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜø£Ø×ƒáíóúñÑªº¿®¬½¼¡«»░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐└┴┬├─┼ãÃ╚╔╩╦╠═╬¤ðÐÊËÈıÍÎÏ┘┌█▄¦Ì▀ÓßÔÒõÕµþÞÚÛÙýÝ¯´\u{ad}±‗¾¶§÷¸°¨·¹³²■\u{a0}",
    ),
];

/// A table of the source: a number for each row, then columns of these kinds.
struct Table {
    name: &'static str,
    kinds: Vec<Kind>,
    rows: Vec<Vec<Sample>>,
}

impl Table {
    fn random(name: &'static str, kinds: Vec<Kind>, runner: &mut TestRunner) -> Result<Self> {
        let mut rows = Vec::new();
        for _ in 0..ROWS {
            rows.push(kinds.iter().map(|kind| one(&kind.samples, runner)).collect::<Result<_>>()?);
        }
        Ok(Self { name, kinds, rows })
    }

    /// All characters of all pages.
    fn of_pages(pages: &[Page]) -> Self {
        let kinds = pages.iter().map(|page| texts::column_of(page.collation)).collect();
        let mut columns: Vec<_> = pages.iter().map(|page| page.characters.chunks(TOGETHER)).collect();
        let mut rows = Vec::new();
        loop {
            let parts: Vec<_> = columns.iter_mut().map(Iterator::next).collect();
            if parts.iter().all(Option::is_none) {
                return Self { name: "CHARACTERS", kinds, rows };
            }
            let joined = |part: &[(Vec<u8>, String)]| {
                let (bytes, text): (Vec<_>, Vec<_>) = part.iter().cloned().unzip();
                (SqlValue::Bytes(bytes.concat()), Some(text.concat()))
            };
            rows.push(parts.into_iter().map(|part| part.map_or((SqlValue::Null, None), joined)).collect());
        }
    }

    fn make(&self, erp: &Erp) -> Result<()> {
        let columns: Vec<_> =
            self.kinds.iter().enumerate().map(|(at, kind)| format!("C{at} {} NULL", kind.declared)).collect();
        erp.script(&format!(
            "CREATE TABLE {} (ID int NOT NULL PRIMARY KEY, {})",
            self.name,
            columns.join(", ")
        ))?;
        let row = |(id, row): (usize, &Vec<Sample>)| {
            std::iter::once(SqlValue::Int(id as i64))
                .chain(row.iter().map(|(value, _)| value.clone()))
                .collect()
        };
        erp.insert(&format!("dbo.{}", self.name), self.rows.iter().enumerate().map(row))
    }

    /// Fails if anything in the target is not what it should be.
    fn compare(&self, database: &Database) -> Result<()> {
        let columns: Vec<_> = self
            .kinds
            .iter()
            .enumerate()
            .map(|(at, kind)| kind.read.replace("{}", &format!("c{at}")))
            .collect();
        let query =
            format!("SELECT {} FROM erp.{} ORDER BY id", columns.join(", "), self.name.to_lowercase());
        let found = copied(database, &query)?;
        ensure!(
            found.len() == self.rows.len(),
            "{}: {} rows, not {}",
            self.name,
            found.len(),
            self.rows.len()
        );
        let mut different = Vec::new();
        for (id, (row, found)) in self.rows.iter().zip(&found).enumerate() {
            for ((kind, (value, expected)), found) in self.kinds.iter().zip(row).zip(found) {
                if expected != found {
                    different.push(format!(
                        "row {id}, {}: {value:?} is {found:?}, not {expected:?}",
                        kind.declared
                    ));
                }
            }
        }
        let first = &different[..SHOWN.min(different.len())];
        ensure!(different.is_empty(), "{}: {} differences: {first:#?}", self.name, different.len());
        Ok(())
    }
}

fn one<T: std::fmt::Debug>(strategy: &impl Strategy<Value = T>, runner: &mut TestRunner) -> Result<T> {
    Ok(strategy.new_tree(runner).map_err(|reason| anyhow::anyhow!("no value: {reason}"))?.current())
}

/// The rows of a query as texts, whatever characters they have.
fn copied(database: &Database, query: &str) -> Result<Vec<Vec<Option<String>>>> {
    let rows = database.rows(&format!("COPY ({query}) TO STDOUT"))?;
    Ok(rows.split_terminator('\n').map(|line| line.split('\t').map(unescaped).collect()).collect())
}

/// A field of COPY's text format.
fn unescaped(field: &str) -> Option<String> {
    let mut text = String::new();
    let mut characters = field.chars();
    while let Some(c) = characters.next() {
        match c {
            '\\' => match characters.next()? {
                'N' => return None,
                'b' => text.push('\u{8}'),
                'f' => text.push('\u{c}'),
                'n' => text.push('\n'),
                'r' => text.push('\r'),
                't' => text.push('\t'),
                'v' => text.push('\u{b}'),
                other => text.push(other),
            },
            other => text.push(other),
        }
    }
    Some(text)
}

/// All characters of the pages but the one that PostgreSQL cannot store.
fn pages(database: &Database) -> Result<Vec<Page>> {
    database.run(
        "CREATE FUNCTION read_as(bytes bytea, page name) RETURNS text LANGUAGE plpgsql AS $$
         BEGIN RETURN convert_from(bytes, page); EXCEPTION WHEN OTHERS THEN RETURN NULL; END $$",
    )?;
    let mut pages = Vec::new();
    for (collation, page) in PAGES {
        let query = format!(
            "SELECT b, t FROM (
                 SELECT b, read_as(decode(b, 'hex'), '{page}') AS t FROM (
                     SELECT lpad(to_hex(n), 2, '0') FROM generate_series(1, 255) AS n
                     UNION ALL SELECT to_hex(n) FROM generate_series(x'8140'::int, x'fefe'::int) AS n
                     WHERE '{page}' IN ('SJIS', 'GBK', 'UHC', 'BIG5') AND n & 255 >= x'40'::int) AS bytes(b)) AS r
             WHERE char_length(t) = 1 AND b !~ '{}' ORDER BY length(b), b",
            foreign(page)
        );
        let characters = copied(database, &query)?
            .into_iter()
            .map(|row| {
                let [Some(bytes), Some(text)] = <[_; 2]>::try_from(row).ok()? else { return None };
                let bytes =
                    (0..bytes.len()).step_by(2).map(|at| u8::from_str_radix(&bytes[at..at + 2], 16).ok());
                Some((bytes.collect::<Option<Vec<u8>>>()?, text))
            })
            .collect::<Option<Vec<_>>>()
            .context("the characters of a page")?;
        pages.push(Page { collation, characters });
    }
    for (collation, upper) in OLD_PAGES {
        let all = (1..128).map(char::from).chain(upper.chars());
        let characters = all.zip(1..=255).map(|(c, byte)| (vec![byte], c.to_string())).collect();
        pages.push(Page { collation, characters });
    }
    Ok(pages)
}

/// Bytes that PostgreSQL reads otherwise than Windows, as a regular expression.
fn foreign(page: &str) -> &'static str {
    match page {
        "UHC" => "^a2e8",
        // Symbols, of which each of the many kinds of Big5 has its own.
        "BIG5" => "^(a[123]|c6[a-f]|c7|c8)",
        _ => "^$",
    }
}

#[test]
fn any_value_of_any_type_arrives_as_it_was() -> Result<()> {
    if Erp::is_real() {
        return Ok(());
    }
    let mut runner = TestRunner::deterministic();
    let erp = Erp::new("")?;
    let pages = pages(&erp.database)?;
    let tables = [
        Table::random("NUMBERS", numbers::numbers(), &mut runner)?,
        Table::random("TIMES", times::times(), &mut runner)?,
        Table::random("TEXTS", texts::texts(&pages), &mut runner)?,
        Table::random("BINARIES", binaries::binaries(), &mut runner)?,
        Table::of_pages(&pages),
    ];
    for table in &tables {
        table.make(&erp)?;
    }
    erp.exact(&["NUMBERS", "TIMES", "TEXTS", "BINARIES", "CHARACTERS"])?;
    for table in &tables {
        table.compare(&erp.database)?;
    }
    erp.assert_only_read()
}

#[test]
fn places_in_a_hierarchy_and_versions_of_rows() -> Result<()> {
    if Erp::is_real() {
        return Ok(());
    }
    let mut runner = TestRunner::deterministic();
    let erp = Erp::new(
        "CREATE TABLE T (ID int NOT NULL PRIMARY KEY, PLACE hierarchyid NULL, VERSION rowversion NOT NULL)",
    )?;
    let paths = (0..ROWS).map(|_| one(&binaries::path(), &mut runner)).collect::<Result<Vec<_>>>()?;
    for (number, paths) in paths.chunks(100).enumerate() {
        let rows: Vec<_> =
            paths.iter().enumerate().map(|(at, path)| format!("({}, '{path}')", number * 100 + at)).collect();
        erp.script(&format!("INSERT INTO T (ID, PLACE) VALUES {}", rows.join(", ")))?;
    }
    erp.script("INSERT INTO T (ID) VALUES (100000)")?;
    erp.exact(&["T"])?;
    let found = copied(&erp.database, "SELECT place, version FROM erp.t ORDER BY id")?;
    let expected = paths.into_iter().map(Some).chain([None]);
    ensure!(found.len() == ROWS + 1, "{} rows", found.len());
    for (row, path) in found.iter().zip(expected) {
        ensure!(row[0] == path, "{row:?}, not {path:?}");
    }
    // The server gives them, each row a higher one.
    let versions: Vec<_> = found.iter().map(|row| row[1].as_deref().unwrap_or_default()).collect();
    let are_eight_bytes = versions.iter().all(|version| version.len() == 18 && version.starts_with("\\x"));
    ensure!(are_eight_bytes && versions.is_sorted_by(|a, b| a < b), "{versions:?}");
    Ok(())
}

#[test]
fn what_is_no_character_of_a_page_is_refused() -> Result<()> {
    if Erp::is_real() {
        return Ok(());
    }
    // Some would be read as something by a program that takes the web's encodings, or others, for those of Windows.
    for (collation, bytes) in [
        ("Chinese_PRC_CI_AS", b"\x81\x30\x81\x30".as_slice()),
        ("Chinese_Taiwan_Stroke_CI_AS", b"\xA3\xC0"),
        ("Korean_Wansung_CI_AS", b"\xA2\xE8"),
        ("Greek_CI_AS", b"\xAA"),
    ] {
        let erp = Erp::new(&format!(
            "CREATE TABLE T (ID int NOT NULL PRIMARY KEY, NAME varchar(20) COLLATE {collation})"
        ))?;
        let rows = [b"A".as_slice(), bytes].map(|bytes| SqlValue::Bytes(bytes.to_vec()));
        erp.insert("dbo.T", rows.into_iter().zip(1..).map(|(name, id)| vec![SqlValue::Int(id), name]))?;
        let ended = erp.pull(&["T"]).context(collation)?;
        ensure!(
            ended.code == Some(1)
                && ended.stdout.contains("id '2': column name: from byte 1 on it is not valid in"),
            "{collation}: {ended:#?}"
        );
    }
    Ok(())
}

#[test]
fn several_readers_of_a_mixed_key_bring_every_value() -> Result<()> {
    if Erp::is_real() {
        return Ok(());
    }
    let mut runner = TestRunner::deterministic();
    let erp = Erp::new("")?;
    let rest = keyed::rest();
    let mut all = Vec::new();
    for table in keyed::keyed() {
        let types = table.key.iter().map(|(ty, _)| *ty).chain([table.last()]);
        let columns: Vec<_> = types.enumerate().map(|(at, ty)| format!("K{at} {ty} NOT NULL")).collect();
        let names: Vec<_> = (0..columns.len()).map(|at| format!("K{at}")).collect();
        let others: Vec<_> =
            rest.iter().enumerate().map(|(at, kind)| format!("C{at} {} NULL", kind.declared)).collect();
        erp.script(&format!(
            "CREATE TABLE {} ({}, {}, PRIMARY KEY ({}))",
            table.name,
            columns.join(", "),
            others.join(", "),
            names.join(", ")
        ))?;
        let mut rows = Vec::new();
        for number in 0..SHARED_ROWS {
            let mut row: Vec<Sample> = Vec::new();
            for (_, values) in &table.key {
                row.push(values[one(&(0..values.len()), &mut runner)?].clone());
            }
            row.push(table.last_of(number));
            for kind in &rest {
                row.push(one(&kind.samples, &mut runner)?);
            }
            rows.push(row);
        }
        let values = rows.iter().map(|row| row.iter().map(|(value, _)| value.clone()).collect());
        erp.insert(&format!("dbo.{}", table.name), values)?;
        let reads = rest.iter().enumerate().map(|(at, kind)| kind.read.replace("{}", &format!("c{at}")));
        let columns: Vec<_> = names.into_iter().chain(reads).collect();
        all.push((table.name, columns.join(", "), rows));
    }
    erp.exact(&["CODED", "NAMED", "--jobs", "3"])?;
    for (name, columns, rows) in all {
        let target = format!("erp.{}", name.to_lowercase());
        let parts = erp.database.value(&format!(
            "SELECT count(*) FROM rsl.load_part JOIN rsl.load USING (load_id) WHERE target = '{target}' AND load_part.rows > 0"
        ))?;
        ensure!(parts.parse::<u32>()? > 1, "{name} was read in {parts} part");
        let mut found = copied(&erp.database, &format!("SELECT {columns} FROM {target}"))?;
        let mut expected: Vec<Vec<_>> =
            rows.into_iter().map(|row| row.into_iter().map(|(_, text)| text).collect()).collect();
        found.sort();
        expected.sort();
        let different = found.iter().zip(&expected).find(|(found, expected)| found != expected);
        ensure!(
            found.len() == expected.len() && different.is_none(),
            "{name}: {} rows, {different:?}",
            found.len()
        );
    }
    erp.assert_only_read()
}
