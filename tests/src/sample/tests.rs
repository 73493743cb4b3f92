use super::{Shape, write};
use rusqlite::{Connection, types::ValueRef};
use std::fs;
use tempfile::tempdir;

const VIEWS: [&str; 3] = ["BI_ITEM_INFO_VIEW", "BI_ROUTING_VIEW", "BI_WORK_ORDER_RESULTS"];

fn sample(shape: Shape, rows: u64) -> Connection {
    let folder = tempdir().unwrap();
    let path = folder.path().join("erp.db");
    write(shape, rows, &path).unwrap();
    // The open file outlives its folder.
    Connection::open(path).unwrap()
}

fn number(connection: &Connection, query: &str) -> i64 {
    connection.query_row(query, [], |row| row.get(0)).unwrap()
}

#[test]
fn two_files_are_the_same_to_the_byte() {
    let folder = tempdir().unwrap();
    for shape in [Shape::Erp, Shape::Bench] {
        let [one, two] = ["one.db", "two.db"].map(|name| folder.path().join(name));
        write(shape, 300, &one).unwrap();
        write(shape, 300, &two).unwrap();
        assert_eq!(fs::read(one).unwrap(), fs::read(two).unwrap());
    }
}

#[test]
fn the_largest_table_and_its_view_have_the_rows_asked_for() {
    for rows in [1, 2, 3, 5, 99, 1001] {
        let connection = sample(Shape::Erp, rows);
        for name in ["P_ROUTING", "P_WORK_RESULT", "BI_ROUTING_VIEW", "BI_WORK_ORDER_RESULTS"] {
            assert_eq!(number(&connection, &format!("SELECT count(*) FROM {name}")), rows as i64, "{name}");
        }
        let items = number(&connection, "SELECT count(*) FROM B_ITEM");
        assert_eq!(number(&connection, "SELECT count(*) FROM BI_ITEM_INFO_VIEW"), items);
    }
    assert_eq!(number(&sample(Shape::Bench, 77), "SELECT count(*) FROM BENCH_ROW"), 77);
}

#[test]
fn a_sample_without_rows_is_refused() {
    let folder = tempdir().unwrap();
    assert!(write(Shape::Erp, 0, &folder.path().join("erp.db")).is_err());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn every_foreign_key_points_at_a_row() {
    let connection = sample(Shape::Erp, 1003);
    let mut orphans = connection.prepare("PRAGMA foreign_key_check").unwrap();
    let orphans: Vec<String> = orphans.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    assert_eq!(orphans, Vec::<String>::new());
}

#[test]
fn every_column_of_a_view_has_a_declared_type() {
    let connection = sample(Shape::Erp, 10);
    for view in VIEWS {
        let statement = connection.prepare(&format!("SELECT * FROM {view}")).unwrap();
        for column in statement.columns() {
            assert!(column.decl_type().is_some(), "{view}.{}", column.name());
        }
    }
}

#[test]
fn every_text_fits_its_declared_length() {
    let connection = sample(Shape::Erp, 2000);
    let tables = [
        "B_PARTNER",
        "B_ITEM",
        "B_MATERIAL",
        "B_JOB",
        "B_RESOURCE",
        "P_ROUTING",
        "P_WORK_ORDER",
        "P_WORK_RESULT",
    ];
    for table in tables {
        let mut statement = connection.prepare(&format!("SELECT * FROM {table}")).unwrap();
        let limits: Vec<Option<(String, usize)>> = statement
            .columns()
            .map(|column| {
                let (kind, length) = column.decl_type()?.split_once('(')?;
                kind.contains("char").then_some(())?;
                Some((column.name().to_owned(), length.trim_end_matches(')').parse().unwrap()))
            })
            .collect();
        let mut rows = statement.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            for (index, limit) in limits.iter().enumerate() {
                if let (Some((name, limit)), ValueRef::Text(text)) = (limit, row.get_ref(index).unwrap()) {
                    let text = std::str::from_utf8(text).unwrap();
                    assert!(text.encode_utf16().count() <= *limit, "{table}.{name}: {text:?}");
                }
            }
        }
    }
}

#[test]
fn decimals_keep_their_four_places() {
    let connection = sample(Shape::Erp, 2000);
    for (table, column) in
        [("B_ITEM", "OUTDIAMETER"), ("P_WORK_RESULT", "GOOD_QTY"), ("B_PARTNER", "CREDIT_LIMIT")]
    {
        let mut statement = connection.prepare(&format!("SELECT {column} FROM {table}")).unwrap();
        let mut rows = statement.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            if let ValueRef::Real(real) = row.get_ref(0).unwrap() {
                let shown = format!("{real}");
                let places = shown.split_once('.').map_or(0, |(_, places)| places.len());
                let digits = shown.bytes().filter(u8::is_ascii_digit).count();
                assert!(places <= 4 && digits <= 15, "{table}.{column}: {shown}");
            }
        }
    }
}

#[test]
fn a_small_sample_has_what_real_data_has() {
    let connection = sample(Shape::Erp, 200);
    for query in [
        "SELECT count(*) FROM B_ITEM WHERE ITEM_NM IS NULL",
        "SELECT count(*) FROM B_ITEM WHERE ITEM_NM = ''",
        "SELECT count(*) FROM B_ITEM WHERE ITEM_NM LIKE '% '",
        "SELECT count(*) FROM B_ITEM WHERE ITEM_NM LIKE '%🔧%'",
        "SELECT count(*) FROM B_ITEM WHERE ITEM_NM LIKE '%''%\"%'",
        "SELECT count(*) FROM B_ITEM WHERE ITEM_CD LIKE '%''%'",
        "SELECT count(*) FROM B_ITEM WHERE INSRT_DT < '1900-01-01'",
        "SELECT count(*) FROM B_ITEM WHERE INSRT_DT > '2038-01-19'",
        "SELECT count(*) FROM P_ROUTING WHERE VALID_FROM_DT < '1900-01-01'",
        "SELECT count(*) FROM P_ROUTING WHERE VALID_FROM_DT > '2038-01-19'",
        "SELECT count(*) FROM P_ROUTING WHERE SETUP_TIME < 0",
        "SELECT count(*) FROM P_WORK_RESULT WHERE GOOD_QTY = 99999999999.9999",
        "SELECT count(*) FROM P_WORK_RESULT WHERE BAD_QTY < 0",
        "SELECT count(*) FROM P_WORK_RESULT WHERE START_DT = '9999-12-31 23:59:59.997'",
        "SELECT count(*) FROM B_PARTNER WHERE length(LIFETIME_AMT) > 30",
    ] {
        assert!(number(&connection, query) > 0, "{query}");
    }
}
