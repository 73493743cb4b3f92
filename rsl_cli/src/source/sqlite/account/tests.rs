use super::*;
use crate::source::Column;
use proptest::collection::vec;
use proptest::prelude::*;
use rsl_core::encode::Field;
use rsl_core::source_account::SourceAccount;
use rsl_core::{Value as Cell, Witness, encode_value};

const COLUMNS: [(&str, PgType); 9] = [
    ("n", PgType::Int8),
    ("d", PgType::Numeric(Some((18, 4)))),
    ("big", PgType::Numeric(None)),
    ("r", PgType::Float8),
    ("t", PgType::Text),
    ("c", PgType::Char(9)),
    ("b", PgType::Bytea),
    ("day", PgType::Date),
    ("at", PgType::Timestamp(6)),
];

fn table() -> Table {
    let column = |&(name, pg_type): &(&str, PgType)| Column {
        name: name.to_owned(),
        declared: String::new(),
        pg_type,
        not_null: false,
        computed: false,
    };
    Table {
        object: "T".to_owned(),
        name: "T".to_owned(),
        columns: COLUMNS.iter().map(column).collect(),
        key: Vec::new(),
        parents: Vec::new(),
        resumes: false,
    }
}

fn ask() -> Ask {
    Ask::new(&table(), "FROM T", &COLUMNS.map(|(_, ty)| ty))
}

fn filled(rows: &[Vec<Value>]) -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    connection
        .execute_batch("CREATE TABLE T (n INTEGER, d decimal(18,4), big, r REAL, t TEXT, c TEXT, b BLOB, day date, at datetime)")
        .unwrap();
    let mut insert = connection.prepare("INSERT INTO T VALUES (?,?,?,?,?,?,?,?,?)").unwrap();
    for row in rows {
        insert.execute(rusqlite::params_from_iter(row)).unwrap();
    }
    drop(insert);
    connection
}

/// What the stream sees of the table, as the reader reads it.
fn seen(connection: &Connection) -> rsl_core::witness::Account {
    let mut witness = Witness::new(COLUMNS.map(|(_, ty)| ty.is_exact_number()));
    let mut query = connection.prepare("SELECT * FROM T").unwrap();
    let mut rows = query.query([]).unwrap();
    while let Some(row) = rows.next().unwrap() {
        let fields = COLUMNS.iter().enumerate().map(|(at, (_, ty))| {
            let value: Value = row.get(at).unwrap();
            let cell = match &value {
                Value::Null => return Field::NULL,
                Value::Integer(value) => Cell::Int(*value),
                Value::Real(value) => Cell::Float8(*value),
                Value::Text(text) => Cell::Text(text),
                Value::Blob(bytes) => Cell::Bytes(bytes),
            };
            let mut field = Field::NULL;
            encode_value(&cell, *ty, &mut Vec::new(), &mut field).unwrap();
            field
        });
        witness.add_row(&fields.collect::<Vec<_>>());
    }
    witness.account(COLUMNS.map(|(name, _)| name))
}

fn told(connection: &Connection) -> SourceAccount {
    let Answer { rows, columns } = ask().answer(connection).unwrap();
    let names = COLUMNS.iter().map(|(name, _)| (*name).to_owned());
    SourceAccount { rows, columns: names.zip(columns).collect() }
}

fn null_or(values: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
    prop_oneof![1 => Just(Value::Null), 6 => values]
}

fn row() -> impl Strategy<Value = Vec<Value>> {
    let whole = || prop_oneof![any::<i64>(), Just(i64::MIN), Just(i64::MAX), -5..5i64];
    let day = (1i32..=9999, 1u32..=12, 1u32..=28).prop_map(|(y, m, d)| format!("{y:04}-{m:02}-{d:02}"));
    (
        null_or(whole().prop_map(Value::Integer)),
        // Decimals as files hold them: doubles of at most 15 digits, or whole numbers.
        null_or(prop_oneof![
            (-99_999_999_999_999i64..=99_999_999_999_999)
                .prop_map(|n| Value::Real(format!("{}e-4", n).parse().unwrap())),
            (-9_999_999_999i64..9_999_999_999).prop_map(Value::Integer),
        ]),
        null_or(whole().prop_map(Value::Integer)),
        null_or(any::<f64>().prop_filter("SQLite has no NaN", |r| !r.is_nan()).prop_map(Value::Real)),
        null_or("[a가🔧 ]{0,6}".prop_map(Value::Text)),
        null_or("[a가🔧 ]{0,6}".prop_map(Value::Text)),
        null_or(vec(any::<u8>(), 0..6).prop_map(Value::Blob)),
        null_or(day.clone().prop_map(Value::Text)),
        null_or(
            (day, "[ T](1[0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\\.[0-9]{1,6})?)?")
                .prop_map(|(day, time)| Value::Text(day + &time)),
        ),
    )
        .prop_map(|row| vec![row.0, row.1, row.2, row.3, row.4, row.5, row.6, row.7, row.8])
}

proptest! {
    #[test]
    fn agrees_with_the_stream(rows in vec(row(), 0..20)) {
        let connection = filled(&rows);
        let (told, seen) = (told(&connection), seen(&connection));
        prop_assert_eq!(told.mistake(), None);
        prop_assert_eq!(told.differences(&seen, 0, "in the stream"), Vec::<String>::new());
        for (name, expected) in [("n", seen.column("n")), ("d", seen.column("d")), ("big", seen.column("big"))] {
            prop_assert_eq!(&told.columns[name].sum, &expected.unwrap().sum, "{} has a sum", name);
        }
        for (name, ty) in COLUMNS {
            let column = seen.column(name).unwrap();
            // Two shapes of a timestamp have no order as texts; each other end is told.
            if !matches!(ty, PgType::Timestamp(_)) {
                prop_assert_eq!(&told.columns[name].min, &column.min, "{}", name);
            }
            prop_assert_eq!(told.columns[name].nulls, Some(column.nulls));
            if let Some(length) = column.length {
                prop_assert_eq!(told.columns[name].length, Some(length), "{}", name);
            }
        }
    }
}

fn only(name: &str, values: &[Value]) -> SourceColumn {
    let at = COLUMNS.iter().position(|(column, _)| *column == name).unwrap();
    let row = |value: &Value| {
        (0..COLUMNS.len()).map(|n| if n == at { value.clone() } else { Value::Null }).collect()
    };
    let rows: Vec<Vec<Value>> = values.iter().map(row).collect();
    told(&filled(&rows)).columns.remove(name).unwrap()
}

#[test]
fn a_sum_that_overflows_is_added_in_halves() {
    let most = vec![Value::Integer(i64::MAX); 3];
    assert_eq!(only("n", &most).sum.as_deref(), Some("27670116110564327421"));
    let least = vec![Value::Integer(i64::MIN); 3];
    assert_eq!(only("n", &least).sum.as_deref(), Some("-27670116110564327424"));
    let amounts = vec![Value::Real(99_999_999_999.999_9); 10_000];
    assert_eq!(only("d", &amounts).sum.as_deref(), Some("999999999999999"));
}

#[test]
fn what_is_not_exact_has_no_sum_and_no_ends_but_is_counted() {
    let text = |text: &str| Value::Text(text.to_owned());
    let mixed = only("big", &[Value::Integer(5), text("12345678901234567890.5"), Value::Null]);
    assert_eq!((mixed.sum, mixed.min, mixed.nulls), (None, None, Some(1)));
    let overflowing = only("big", &[Value::Integer(i64::MAX), Value::Integer(i64::MAX), text("1.5")]);
    assert_eq!(overflowing.sum, None);
    assert_eq!(only("big", &[Value::Real(0.5)]).sum, None);
    assert_eq!(only("d", &[text("12.5x"), Value::Real(1.5)]).sum, None);
    assert_eq!(only("t", &[text("가"), Value::Blob(vec![1, 2])]).length, None);
    assert_eq!(only("b", &[text("가"), Value::Blob(vec![1, 2])]).length, None);
    let large = only("d", &[Value::Real(1e13)]);
    assert_eq!((large.sum, large.max.as_deref()), (None, Some("10000000000000")));
    for shapes in [
        ["2024-01-01 10:00:00", "2024-01-01T09:00:00"],
        ["2024-01-01 10:00:00Z", "2024-01-01 10:00:00.5"],
        ["2024-01-01 10:00:00Z ", "2024-01-01 10:00:00.5"],
        ["2024/01/01 10:00:00", "2024-01-01 10:00:00"],
    ] {
        assert_eq!(only("at", &shapes.map(text)).min, None, "{shapes:?}");
    }
    let one = only("at", &["2024-01-01T10:00", "2024-01-01T09:00:00.50"].map(text));
    assert_eq!(one.min.as_deref(), Some("2024-01-01 09:00:00.5"));
}

#[test]
fn a_second_connection_sees_the_same_state_or_is_not_used() {
    let folder = tempfile::tempdir().unwrap();
    for mode in ["wal", "delete"] {
        let path = folder.path().join(mode);
        let writer = Connection::open(&path).unwrap();
        writer.pragma_update(None, "journal_mode", mode).unwrap();
        writer
            .execute_batch(
                "CREATE TABLE T (n INTEGER, d, big, r, t, c, b, day, at); INSERT INTO T (n) VALUES (1)",
            )
            .unwrap();
        let begun = |between: &str| {
            let mut first = connect(&path).unwrap();
            let second = Second::open(&path).unwrap();
            writer.execute_batch(between).unwrap();
            let snapshot = first.transaction().unwrap();
            let _: i64 = snapshot.query_row("SELECT count(*) FROM T", [], |row| row.get(0)).unwrap();
            second.begin(&ask()).map(|beside| beside.join().unwrap().rows)
        };
        assert_eq!(begun(""), Some(1), "{mode}");
        assert_eq!(begun("INSERT INTO T (n) VALUES (2)"), None, "{mode}: somebody has committed");
        assert_eq!(begun(""), Some(2), "{mode}");
        // What is committed after it has begun, it does not see.
        let mut first = connect(&path).unwrap();
        let second = Second::open(&path).unwrap();
        let snapshot = first.transaction().unwrap();
        let _: i64 = snapshot.query_row("SELECT count(*) FROM T", [], |row| row.get(0)).unwrap();
        let beside = second.begin(&ask()).unwrap();
        let committed = writer.execute_batch("INSERT INTO T (n) VALUES (3)");
        assert_eq!(beside.join().unwrap().rows, 2, "{mode}: {committed:?}");
        drop(snapshot);
        writer.execute_batch("DELETE FROM T WHERE n > 1").unwrap();
    }
}
