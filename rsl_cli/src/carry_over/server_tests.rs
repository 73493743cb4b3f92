//! What PostgreSQL itself makes of it. These need a server, in which each makes a schema of its own:
//! `RSL_TEST_DATABASE_URL=postgresql://… cargo test -p rsl_cli -- --ignored carry_over`.

use rsl_core::PgType;

use super::expression::{self, tests as cases};
use super::kind::Kind;
use super::{
    Action, Carried, Check, Column, Computed, Default, ForeignKey, Identity, Index, IndexColumn, NotCarried,
    Other, Structure, Surroundings, carry_over, find, statements,
};
use crate::target::connection::{Connection, Target};
use crate::target::plan::quote;

/// A connection to an empty schema of this name.
async fn server(schema: &str) -> Connection {
    let url = std::env::var("RSL_TEST_DATABASE_URL").expect("RSL_TEST_DATABASE_URL names a database");
    let connection = Target::parse(Some(&url)).expect("a URL").connect().await.expect("a server");
    run(&connection, &format!("DROP SCHEMA IF EXISTS {schema} CASCADE; CREATE SCHEMA {schema}")).await;
    run(&connection, &format!("SET search_path = {schema}")).await;
    connection
}

async fn run(connection: &Connection, sql: &str) {
    connection.client.batch_execute(sql).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
}

/// The first column of the first row, as text.
async fn value(connection: &Connection, sql: &str) -> Option<String> {
    let row = connection.client.query_one(&format!("SELECT (q).* FROM ({sql}) q"), &[]).await;
    row.unwrap_or_else(|error| panic!("{sql}: {error:?}")).get(0)
}

fn declarations(columns: &[Column]) -> String {
    let declared = columns.iter().map(|column| format!("{} {}", quote(&column.target), column.target_type));
    declared.collect::<Vec<_>>().join(", ")
}

#[tokio::test]
#[ignore = "needs a PostgreSQL server, RSL_TEST_DATABASE_URL"]
async fn every_translation_is_of_the_right_type() {
    let connection = server("carry_over_types").await;
    let columns = cases::columns();
    run(&connection, &format!("CREATE TABLE t ({})", declarations(&columns))).await;
    for (name, definition, _) in cases::DEFAULTS {
        let column = find(&columns, name).expect("a column");
        let sql = expression::default(definition, column).expect("translated");
        let name = quote(&column.target);
        run(&connection, &format!("ALTER TABLE t ALTER COLUMN {name} SET DEFAULT {sql}")).await;
        run(&connection, "INSERT INTO t DEFAULT VALUES").await;
        run(&connection, &format!("ALTER TABLE t ALTER COLUMN {name} DROP DEFAULT")).await;
    }
    run(&connection, "TRUNCATE t").await;
    for (definition, ..) in cases::CHECKS {
        let sql = expression::check(definition, &columns).expect("translated").sql;
        run(&connection, &format!("ALTER TABLE t ADD CONSTRAINT c CHECK ({sql})")).await;
        run(&connection, "ALTER TABLE t DROP CONSTRAINT c").await;
    }
    for (name, definition, _) in cases::COMPUTED {
        let column = find(&columns, name).expect("a column");
        let sql = expression::computed(definition, column, &columns).expect("translated");
        let ty = column.target_type;
        run(&connection, &format!("ALTER TABLE t ADD COLUMN g {ty} GENERATED ALWAYS AS ({sql}) STORED"))
            .await;
        run(&connection, "INSERT INTO t DEFAULT VALUES").await;
        run(&connection, "ALTER TABLE t DROP COLUMN g").await;
    }
}

#[tokio::test]
#[ignore = "needs a PostgreSQL server, RSL_TEST_DATABASE_URL"]
async fn translations_compute_what_sql_server_does() {
    let connection = server("carry_over_values").await;
    let columns = cases::columns();
    run(&connection, &format!("CREATE TABLE t ({})", declarations(&columns))).await;
    run(
        &connection,
        r"INSERT INTO t (a, b, qty, name, code, fixed, padded, d, dt, bit, cost)
          VALUES (-7, 2, -2.50, 'Kim  ', 'A\_1', 'AB  ', 'AB', '2024-01-31', '2024-12-31 23:30:00', true, 1.25)",
    )
    .await;
    // What SQL Server answers, by its documentation.
    for (name, definition, expected) in [
        ("A", "([A]/[B])", Some("-3")),
        ("A", "([A]%[B])", Some("-1")),
        ("A", "(CONVERT([int],[QTY]))", Some("-2")),
        ("QTY", "(round([QTY],(0)))", Some("-3.00")),
        ("QTY", "([QTY]*[B]-[A])", Some("2.00")),
        ("A", "(len([NAME]))", Some("3")),
        ("A", "(len([FIXED]))", Some("2")),
        ("NOTE", "([FIXED]+[CODE])", Some(r"AB  A\_1")),
        ("NOTE", "(right([CODE],(2)))", Some("_1")),
        ("NOTE", "(substring([NAME],(0),(3)))", Some("Ki")),
        ("NOTE", "(concat([NOTE],[A]))", Some("-7")),
        ("NOTE", "([NOTE]+'x')", None),
        ("D", "(dateadd(month,(1),[D]))", Some("2024-02-29")),
        ("A", "(datediff(year,[DT],dateadd(hour,(1),[DT])))", Some("1")),
        ("A", "(datediff(month,[D],[DT]))", Some("11")),
        ("A", "(datediff(day,[D],[DT]))", Some("335")),
        ("A", "(datepart(quarter,[DT]))", Some("4")),
        ("A", "(nullif([B],(2)))", None),
        ("A", "(abs([A]))", Some("7")),
        ("A", "(floor([QTY]))", Some("-3")),
        ("COST", "([COST]*[B]+[COST])", Some("3.7500")),
        ("BIT", "(CONVERT([bit],[A]))", Some("true")),
    ] {
        let column = find(&columns, name).expect("a column");
        let sql = expression::computed(definition, column, &columns).expect(definition);
        let found =
            value(&connection, &format!("SELECT CAST(CAST({sql} AS {}) AS text) FROM t", column.target_type))
                .await;
        assert_eq!(found.as_deref(), expected, "{definition}: {sql}");
    }
    for (definition, expected) in [
        ("([FIXED]='AB')", true),
        ("([PADDED]='AB ')", true),
        ("([FIXED]<>'')", true),
        (r"([CODE] LIKE 'A\_1')", true),
        (r"([CODE] LIKE 'A\!_1' ESCAPE '!')", true),
        ("([CODE] LIKE 'A_1')", false),
        ("([BIT]=(1) AND [A] BETWEEN (-7) AND (0))", true),
        ("([DT]>'20241231 23:00')", true),
        ("([A]^(1)=(-8))", true),
    ] {
        let sql = expression::check(definition, &columns).expect(definition).sql;
        let found = value(&connection, &format!("SELECT CAST(({sql}) AS text) FROM t")).await;
        assert_eq!(found, Some(expected.to_string()), "{definition}: {sql}");
    }
}

fn column(name: &str, declared: &str, target_type: PgType, not_null: bool) -> Column {
    let kind = Kind::of_declared(declared);
    Column {
        source: name.to_owned(),
        kind,
        target: name.to_lowercase(),
        target_type,
        not_null,
        generated: false,
    }
}

fn index(name: &str, columns: &[&str], unique: bool, filter: Option<&str>) -> Index {
    Index {
        name: name.to_owned(),
        columns: columns
            .iter()
            .map(|name| IndexColumn { name: (*name).to_owned(), descending: *name == "QTY" })
            .collect(),
        include: Vec::new(),
        filter: filter.map(str::to_owned),
        constraint: false,
        unique,
    }
}

fn check(name: &str, definition: &str, trusted: bool) -> Check {
    Check { name: name.to_owned(), definition: definition.to_owned(), trusted, disabled: false }
}

fn foreign_key(name: &str, columns: &[&str], parent: &str, parent_columns: &[&str]) -> ForeignKey {
    let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    ForeignKey {
        name: name.to_owned(),
        columns: owned(columns),
        parent: parent.to_owned(),
        parent_columns: owned(parent_columns),
        on_delete: Action::Cascade,
        on_update: Action::NoAction,
        trusted: true,
        disabled: false,
    }
}

fn default(column: &str, definition: &str) -> Default {
    Default { column: column.to_owned(), definition: definition.to_owned() }
}

fn computed(column: &str, definition: &str) -> Computed {
    Computed { column: column.to_owned(), definition: definition.to_owned() }
}

/// Two tables that refer to each other, with something of everything.
fn tables(schema: &str) -> [Carried; 2] {
    let varchar = |length| PgType::Varchar(Some(length));
    let decimal = PgType::Numeric(Some((18, 2)));
    let items = Carried {
        object: "dbo.ITEM".to_owned(),
        target: (schema.to_owned(), "item".to_owned()),
        columns: vec![
            column("ID", "int", PgType::Int4, true),
            column("CODE", "nvarchar(20)", varchar(20), false),
            column("GROUP CD", "char(2)", varchar(2), true),
            column("LAST_LINE", "decimal(9,0)", PgType::Numeric(Some((9, 0))), false),
            column("IS_ACTIVE", "bit", PgType::Bool, true),
        ],
        structure: Structure {
            identities: vec![Identity { column: "ID".to_owned(), seed: 1, next: Some(40), step: 1 }],
            defaults: vec![
                default("IS_ACTIVE", "((1))"),
                default("CODE", "(N'neu')"),
                default("GROUP CD", "(user)"),
            ],
            uniques: vec![
                Index { constraint: true, ..index("UQ_ITEM", &["CODE"], true, None) },
                index("UX_GROUP", &["GROUP CD"], true, Some("([IS_ACTIVE]=(1))")),
            ],
            indexes: vec![index("IX_1", &["LAST_LINE"], false, None)],
            checks: vec![check("CK_GROUP", "([GROUP CD]='FG' OR [GROUP CD]='RM')", true)],
            foreign_keys: vec![foreign_key("FK_LAST", &["LAST_LINE"], "dbo.LINE", &["NO"])],
            others: vec![Other {
                what: "xml index X".to_owned(),
                reason: "PostgreSQL has no such index".to_owned(),
            }],
            ..Structure::default()
        },
    };
    let lines = Carried {
        object: "dbo.LINE".to_owned(),
        target: (schema.to_owned(), "line".to_owned()),
        columns: vec![
            column("NO", "decimal(9,0)", PgType::Numeric(Some((9, 0))), true),
            column("ITEM", "int", PgType::Int4, false),
            column("QTY", "decimal(18,2)", decimal, false),
            column("PRICE", "decimal(18,2)", decimal, false),
            column("AMOUNT", "decimal(37,4)", PgType::Numeric(Some((37, 4))), true),
            column("OFF", "decimal(18,2)", decimal, false),
            column("KEPT", "decimal(18,2)", decimal, false),
            column("AT", "datetime", PgType::Timestamp(3), false),
        ],
        structure: Structure {
            identities: vec![Identity { column: "NO".to_owned(), seed: 1, next: Some(3), step: 1 }],
            defaults: vec![default("AT", "(getdate())"), default("QTY", "((0))")],
            computed: vec![
                computed("AMOUNT", "([QTY]*[PRICE])"),
                computed("OFF", "([QTY]+(1))"),
                computed("KEPT", "([QTY]-(1))"),
            ],
            uniques: vec![index("UX_TWICE", &["ITEM"], true, None)],
            indexes: vec![
                index("IX_1", &["ITEM", "QTY"], false, Some("([QTY]>(0) AND [ITEM] IS NOT NULL)")),
                index("IX_AMOUNT", &["AMOUNT"], false, None),
                Index { include: vec!["AT".to_owned()], ..index("IX_3", &["QTY"], false, None) },
            ],
            checks: vec![
                check("CK_QTY", "([QTY]>(1))", false),
                check("CK_PRICE", "([PRICE]>=(0) OR [PRICE] IS NULL)", true),
            ],
            foreign_keys: vec![
                foreign_key("FK_ITEM", &["ITEM"], "DBO.ITEM", &["ID"]),
                foreign_key("FK_NO_KEY", &["ITEM"], "dbo.ITEM", &["LAST_LINE"]),
            ],
            ..Structure::default()
        },
    };
    [items, lines]
}

/// All that the schema's tables have, in the server's own words.
async fn catalogue(connection: &Connection, schema: &str) -> String {
    let sql = format!(
        "SELECT string_agg(d, E'\n' ORDER BY d) FROM (
            SELECT concat(c.conrelid::regclass, ' ', c.conname, ' ', pg_get_constraintdef(c.oid), ' ', obj_description(c.oid, 'pg_constraint'))
                FROM pg_constraint c WHERE c.connamespace = '{schema}'::regnamespace
            UNION ALL SELECT concat(pg_get_indexdef(i.indexrelid), ' ', obj_description(i.indexrelid, 'pg_class'))
                FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE c.relnamespace = '{schema}'::regnamespace
            UNION ALL SELECT concat(c.relname, '.', a.attname, ' ', format_type(a.atttypid, a.atttypmod), ' ', a.attnotnull, ' ', a.attidentity, a.attgenerated,
                    ' ', pg_get_expr(d.adbin, d.adrelid), ' ', col_description(c.oid, a.attnum))
                FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
                LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum WHERE c.relnamespace = '{schema}'::regnamespace AND c.relkind = 'r'
            UNION ALL SELECT concat(sequencename, ' ', last_value) FROM pg_sequences WHERE schemaname = '{schema}'
        ) q (d)"
    );
    value(connection, &sql).await.unwrap_or_default()
}

async fn carried(connection: &Connection, tables: &[Carried]) -> Vec<NotCarried> {
    let surroundings = Surroundings::look(connection).await.expect("a look");
    carry_over(connection, &statements(tables, &surroundings)).await
}

fn reason<'a>(rest: &'a [NotCarried], what: &str) -> &'a str {
    let found = rest.iter().find(|not| not.what == what);
    found.map(|not| not.reason.as_str()).unwrap_or_else(|| panic!("{what} is not among {rest:#?}"))
}

#[tokio::test]
#[ignore = "needs a PostgreSQL server, RSL_TEST_DATABASE_URL"]
async fn what_can_be_carried_over_is_and_the_rest_is_listed() {
    const SCHEMA: &str = "carry_over_all";
    let connection = server(SCHEMA).await;
    let tables = tables(SCHEMA);
    let not_null = |column: &Column| if column.not_null { " NOT NULL" } else { "" };
    for table in &tables {
        let columns: Vec<_> = table
            .columns
            .iter()
            .map(|column| format!("{} {}{}", quote(&column.target), column.target_type, not_null(column)))
            .collect();
        run(&connection, &format!("CREATE TABLE {} ({})", table.target.1, columns.join(", "))).await;
    }
    run(
        &connection,
        r#"ALTER TABLE item ADD PRIMARY KEY (id); ALTER TABLE line ADD PRIMARY KEY (no);
           ALTER TABLE item ALTER COLUMN code SET DEFAULT 'mine';
           COMMENT ON COLUMN line.amount IS 'what it''s worth';
           CREATE VIEW uses AS SELECT kept FROM line;
           INSERT INTO item VALUES (1, NULL, 'FG', 1, false), (50, 'b', 'FG', NULL, true), (3, 'c', 'RM', 3, true);
           INSERT INTO line VALUES (1, 1, 2, 3.5, 7, 3, 1), (2, 1, 0, 1, 0, 2, -1), (3, 99, NULL, NULL, 5, NULL, NULL);
           UPDATE line SET amount = qty * price WHERE qty IS NOT NULL; UPDATE line SET qty = 5, price = 1, off = 6, kept = 4 WHERE no = 3"#,
    )
    .await;
    let rest = carried(&connection, &tables).await;
    assert_eq!(
        reason(&rest, "computation of column OFF"),
        "PostgreSQL computes another value for 1 of the rows; the column keeps its values"
    );
    assert!(reason(&rest, "computation of column KEPT").contains("rule _RETURN on view"), "{rest:#?}");
    assert_eq!(
        reason(&rest, "default of column CODE"),
        "the target has another of its own, 'mine'::character varying"
    );
    assert!(reason(&rest, "default of column GROUP CD").contains("fills a text with spaces"));
    assert_eq!(reason(&rest, "unique index UX_TWICE"), "1 key occurs more than once");
    assert_eq!(
        reason(&rest, "check CK_QTY"),
        "1 row violates it; the source has it WITH NOCHECK and has not looked either"
    );
    assert_eq!(reason(&rest, "foreign key FK_ITEM"), "1 row refers to a row that is not there");
    assert!(reason(&rest, "foreign key FK_NO_KEY").contains("no unique constraint matching"), "{rest:#?}");
    assert_eq!(reason(&rest, "xml index X"), "PostgreSQL has no such index");
    let version: i32 = value(&connection, "SELECT current_setting('server_version_num')")
        .await
        .expect("one")
        .parse()
        .expect("a number");
    if version < 150_000 {
        assert!(
            reason(&rest, "unique constraint UQ_ITEM")
                .starts_with("carried over, but weaker: more than one row")
        );
    }
    assert_eq!(rest.len(), if version < 150_000 { 10 } else { 9 }, "{rest:#?}");

    let made = catalogue(&connection, SCHEMA).await;
    for expected in [
        "item.id integer t d",
        "line.amount numeric(37,4) t s (qty * price) what it's worth",
        "line.at timestamp(3) without time zone f  LOCALTIMESTAMP",
        "item.is_active boolean t  true",
        "line ck_price CHECK (((price >= (0)::numeric) OR (price IS NULL))) CK_PRICE of the source",
        "item fk_last FOREIGN KEY (last_line) REFERENCES line(no) ON DELETE CASCADE FK_LAST of the source",
        "CREATE INDEX line_ix_1 ON carry_over_all.line USING btree (item, qty DESC) WHERE ((qty > (0)::numeric) AND (item IS NOT NULL)) IX_1 of the source",
        "CREATE INDEX ix_3 ON carry_over_all.line USING btree (qty DESC) INCLUDE (at) IX_3 of the source",
        "CREATE INDEX ix_amount ON carry_over_all.line USING btree (amount)",
        "CREATE UNIQUE INDEX ux_group ON carry_over_all.item USING btree (\"GROUP CD\") WHERE (is_active = true)",
        "item_id_seq 50",
        "line_no_seq 3",
    ] {
        let expected = expected.replace("\"GROUP CD\"", "\"group cd\"");
        assert!(made.contains(&expected), "{expected}\nis not in\n{made}");
    }
    if version >= 150_000 {
        assert!(made.contains("uq_item UNIQUE NULLS NOT DISTINCT (code)"), "{made}");
    }
    run(&connection, r#"INSERT INTO item (code, "group cd", is_active) VALUES ('d', 'FG', false)"#).await;
    run(&connection, "INSERT INTO line (price) VALUES (2)").await;
    let new = "SELECT concat((SELECT max(id) FROM item), ' ', no, ' ', amount, ' ', at <= localtimestamp + interval '1 second') FROM line WHERE no > 3";
    assert_eq!(value(&connection, new).await.as_deref(), Some("51 4 0.0000 t"));

    // Once more: the same is listed, and nothing is made twice, moved or gone.
    run(&connection, "DELETE FROM line WHERE no > 3").await;
    let before = catalogue(&connection, SCHEMA).await;
    assert_eq!(carried(&connection, &tables).await, rest);
    assert_eq!(catalogue(&connection, SCHEMA).await, before);

    // With what stood in the way gone, the rest follows.
    run(&connection, "DROP VIEW uses; DELETE FROM line WHERE no > 1; UPDATE line SET off = qty + 1; ALTER TABLE item ALTER COLUMN code DROP DEFAULT").await;
    let rest = carried(&connection, &tables).await;
    let left: Vec<_> = rest
        .iter()
        .filter(|not| !not.reason.starts_with("carried over"))
        .map(|not| not.what.as_str())
        .collect();
    let expected = ["default of column GROUP CD", "xml index X", "foreign key FK_NO_KEY"];
    assert_eq!(left, expected, "{rest:#?}");
}

#[tokio::test]
#[ignore = "needs a PostgreSQL server, RSL_TEST_DATABASE_URL"]
async fn columns_that_others_need_are_not_replaced() {
    const SCHEMA: &str = "carry_over_needed";
    let connection = server(SCHEMA).await;
    run(&connection, "CREATE TABLE t (a int, b int NOT NULL PRIMARY KEY, c int CHECK (c > 0))").await;
    let mut table = Carried {
        object: "T".to_owned(),
        target: (SCHEMA.to_owned(), "t".to_owned()),
        columns: vec![
            column("A", "int", PgType::Int4, false),
            column("B", "int", PgType::Int4, true),
            column("C", "int", PgType::Int4, false),
        ],
        structure: Structure {
            computed: vec![computed("B", "([A]+(1))"), computed("C", "([A]+(2))")],
            ..Structure::default()
        },
    };
    let rest = carried(&connection, std::slice::from_ref(&table)).await;
    assert!(
        reason(&rest, "computation of column B")
            .contains("constraint t_pkey on table carry_over_needed.t on it"),
        "{rest:#?}"
    );
    assert!(
        reason(&rest, "computation of column C")
            .contains("constraint t_c_check on table carry_over_needed.t on it"),
        "{rest:#?}"
    );
    // A table that is not there is the step's own misfortune.
    table.target.1 = "gone".to_owned();
    let rest = carried(&connection, &[table]).await;
    assert!(reason(&rest, "computation of column C").contains("does not exist"), "{rest:#?}");
}

#[tokio::test]
#[ignore = "needs a PostgreSQL server, RSL_TEST_DATABASE_URL"]
async fn odd_names_reach_the_catalogue() {
    const SCHEMA: &str = "carry_over_odd";
    let connection = server(SCHEMA).await;
    run(&connection, "SET standard_conforming_strings = off").await;
    let odd = "o\"d'd\\ %";
    let name = quote(odd);
    run(&connection, &format!("CREATE TABLE {name} ({name} int NOT NULL, g bigint)")).await;
    run(
        &connection,
        &format!("COMMENT ON COLUMN {name}.g IS E'it''s \\\\ odd'; INSERT INTO {name} VALUES (1, 2)"),
    )
    .await;
    let table = Carried {
        object: odd.to_owned(),
        target: (SCHEMA.to_owned(), odd.to_owned()),
        columns: vec![
            Column { target: odd.to_owned(), ..column(odd, "int", PgType::Int4, true) },
            column("G", "bigint", PgType::Int8, false),
        ],
        structure: Structure {
            identities: vec![Identity { column: odd.to_owned(), seed: 1, next: None, step: 5 }],
            computed: vec![computed("G", "([o\"d'd\\ %]*(2))")],
            uniques: vec![index("UX '\\", &[odd], true, None)],
            checks: vec![check("CK '\\", "([o\"d'd\\ %]>(0))", true)],
            foreign_keys: vec![foreign_key("FK '\\", &[odd], odd, &[odd])],
            ..Structure::default()
        },
    };
    assert_eq!(carried(&connection, std::slice::from_ref(&table)).await, []);
    let before = catalogue(&connection, SCHEMA).await;
    for expected in ["g bigint f s", "it's \\ odd", "FK '\\ of the source", "CK '\\ of the source", "_seq 1"]
    {
        assert!(before.contains(expected), "{expected}\nis not in\n{before}");
    }
    assert_eq!(carried(&connection, &[table]).await, []);
    assert_eq!(catalogue(&connection, SCHEMA).await, before);
}
