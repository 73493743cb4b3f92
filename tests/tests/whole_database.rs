//! A whole database from a SQL Server: rows, keys, constraints and all that belongs to them, and what is left out of it.

use anyhow::{Context, Result, ensure};
use rsl_tests::erp::Erp;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use tds_server::answer::SqlValue;
use tds_server::faults::Fault;

/// 37 tables and 5 views.
const DATABASE: &str = include_str!("whole_database.sql");
const OBJECTS: usize = 42;
/// All that [`everything`] tells of the target after a pull, and what is not carried over. `RSL_TEST_ACCEPT=1` writes it.
const EXPECTED: &str = include_str!("whole_database.expected");
const LEFT_OUT: &str = "not carried over:\n";
const SCHEMA: &str = "erp";

/// All rows of a schema, and all that its tables have besides, as PostgreSQL tells it: a line for each.
fn everything(erp: &Erp, schema: &str) -> Result<String> {
    Ok(rows(erp, schema)? + &structure(erp, schema)?)
}

/// Rows as objects, so that the order of the columns has no say.
fn rows(erp: &Erp, schema: &str) -> Result<String> {
    let queries = erp.database.rows(&format!(
        "SELECT format('SELECT (%L || to_jsonb(t)::text) COLLATE \"C\" AS line FROM %I.%I t ORDER BY line;', lower(c.relname) || ' ', n.nspname, c.relname)
         FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = '{schema}' AND c.relkind = 'r' ORDER BY lower(c.relname) COLLATE \"C\""
    ))?;
    erp.database.rows(&format!("SET timezone = 'UTC'; {queries}"))
}

fn structure(erp: &Erp, schema: &str) -> Result<String> {
    erp.database.rows(&format!(
        "SET search_path = \"{schema}\";
         SELECT format('column %s.%s %s%s%s%s', c.relname, a.attname, format_type(a.atttypid, a.atttypmod), CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END,
            CASE WHEN a.attidentity <> '' THEN format(' IDENTITY FROM %s BY %s', s.seqstart, s.seqincrement) ELSE '' END,
            CASE WHEN d.adbin IS NULL THEN '' WHEN a.attgenerated <> '' THEN ' AS ' ELSE ' DEFAULT ' END || coalesce(regexp_replace(pg_get_expr(d.adbin, d.adrelid), '\\s+', ' ', 'g'), ''))
         FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
         LEFT JOIN pg_sequence s ON a.attidentity <> '' AND s.seqrelid = pg_get_serial_sequence(quote_ident(c.relname), a.attname)::regclass
         WHERE c.relnamespace = '{schema_id}'::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
         ORDER BY c.relname COLLATE \"C\", a.attnum;
         SELECT format('constraint of %s: %s %s%s', c.relname, k.conname, pg_get_constraintdef(k.oid), ' -- ' || obj_description(k.oid, 'pg_constraint'))
         FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid WHERE k.connamespace = '{schema_id}'::regnamespace AND k.contype <> 'n'
         ORDER BY c.relname COLLATE \"C\", k.conname COLLATE \"C\";
         SELECT pg_get_indexdef(i.indexrelid) || coalesce(' -- ' || obj_description(i.indexrelid, 'pg_class'), '')
         FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE c.relnamespace = '{schema_id}'::regnamespace
         AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid) ORDER BY pg_get_indexdef(i.indexrelid) COLLATE \"C\";",
        schema_id = if schema == schema.to_lowercase() { schema.to_owned() } else { format!("\"{schema}\"") },
    ))
}

/// What a report lists as not carried over, a line for each, as the text report has it.
fn left_out(report: &Value) -> Result<Vec<String>> {
    // Nothing is listed as nothing.
    let none = Vec::new();
    let list = report.get("not_carried_over").map_or(Some(&none), Value::as_array).context("a list")?;
    let part = |entry: &Value, name: &str| entry[name].as_str().unwrap_or_default().to_owned();
    Ok(list
        .iter()
        .map(|entry| {
            format!("  {}: {}: {}", part(entry, "table"), part(entry, "what"), part(entry, "reason"))
        })
        .collect())
}

#[test]
fn everything_arrives_and_works() -> Result<()> {
    let erp = Erp::new(DATABASE)?;
    let report = erp.exact(&["--all"])?;
    ensure!(report["tables"].as_array().map(Vec::len) == Some(OBJECTS), "{report:#}");
    let found = everything(&erp, SCHEMA)? + LEFT_OUT + &left_out(&report)?.join("\n") + "\n";
    if std::env::var_os("RSL_TEST_ACCEPT").is_some() {
        std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/whole_database.expected"), &found)?;
        return Ok(());
    }
    let differing = found.lines().zip(EXPECTED.lines()).find(|(found, expected)| found != expected);
    ensure!(found == EXPECTED, "first difference: {differing:#?}\nall of it:\n{found}");
    parents_came_first(&erp, &report)?;
    what_was_carried_over_works(&erp)?;
    erp.assert_only_read()
}

/// A table was loaded after those that it refers to, unless these refer to it as well.
fn parents_came_first(erp: &Erp, report: &Value) -> Result<()> {
    let tables = report["tables"].as_array().context("tables")?;
    let order: BTreeMap<&str, usize> =
        tables.iter().enumerate().filter_map(|(at, table)| Some((table["target"].as_str()?, at))).collect();
    let keys = erp.database.rows(
        "SELECT DISTINCT format('%s.%s|%s.%s', n.nspname, c.relname, n.nspname, p.relname) FROM pg_constraint k
         JOIN pg_class c ON c.oid = k.conrelid JOIN pg_class p ON p.oid = k.confrelid JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE k.contype = 'f' AND c.oid <> p.oid",
    )?;
    let late: BTreeSet<&str> = keys
        .lines()
        .filter(|key| key.split_once('|').is_some_and(|(child, parent)| order.get(child) < order.get(parent)))
        .collect();
    ensure!(keys.lines().count() > 30, "{keys}");
    let circles = [["b_location", "b_warehouse"], ["h_dept", "h_employee"]];
    let circles = circles.map(|[child, parent]| format!("erp.{child}|erp.{parent}"));
    ensure!(late.iter().eq(circles.iter()), "{late:#?}");
    Ok(())
}

/// Must be refused in these words.
fn refused(erp: &Erp, sql: &str, words: &str) -> Result<()> {
    let error = match erp.database.run(&format!("SET search_path = erp; {sql}")) {
        Ok(()) => String::from("it went through"),
        Err(error) => format!("{error:#}"),
    };
    ensure!(error.contains(words), "{sql}\nshould be refused with {words}: {error}");
    Ok(())
}

/// What statements return at their end; then they are undone.
fn returned(erp: &Erp, sql: &str) -> Result<String> {
    let rows =
        erp.database.rows(&format!("SET search_path = erp; SET timezone = 'UTC'; BEGIN; {sql}; ROLLBACK;"));
    Ok(rows.with_context(|| sql.to_owned())?.trim_end().to_owned())
}

const REFUSED: &[(&str, &str)] = &[
    ("INSERT INTO b_plant VALUES ('P3', NULL)", "null value in column \"plant_nm\""),
    ("INSERT INTO b_unit VALUES ('TOOLONG', 'x')", "value too long"),
    // Checks.
    ("UPDATE b_unit SET decimals = 7", "ck_unit_decimals"),
    ("UPDATE b_currency SET rate = 0", "ck_rate"),
    ("UPDATE b_partner SET kind = 'X'", "ck_partner_kind"),
    ("UPDATE b_partner SET email = 'nobody'", "ck_partner_email"),
    ("UPDATE b_item SET cost = 21 WHERE item_cd = 'A-100'", "ck_item_price"),
    ("INSERT INTO b_item (item_cd, item_nm, ver) VALUES ('A ', 'x', '')", "ck_item_code"),
    ("UPDATE b_item_price SET valid_to = '2000-01-01'", "ck_price_valid"),
    ("UPDATE b_item_bom SET qty = 0", "violates check constraint"),
    ("UPDATE b_item_bom SET child_cd = parent_cd", "ck_bom_self"),
    ("UPDATE s_order SET status = 'ZZ'", "ck_order_status"),
    ("UPDATE s_order SET status = 'CL', closed = NULL", "ck_order_closed"),
    ("UPDATE s_order_line SET qty = 0", "ck_line_qty"),
    ("UPDATE c_journal_line SET debit = 1, credit = 1", "ck_one_side"),
    ("UPDATE \"order details\" SET \"qty.\" = -\"qty.\"", "ck qty"),
    ("UPDATE \"order details\" SET \"a]b\" = ' '", "ck \"quoted\""),
    ("UPDATE work_order SET to_at = from_at - interval '1 s'", "ck_wo_time"),
    ("UPDATE calendar SET is_work = false, hours = 1", "ck_cal"),
    ("UPDATE z_audit SET score = 0", "ck_audit_score"),
    // Keys, in which NULL is one value.
    ("INSERT INTO b_unit VALUES ('EA', 'x')", "b_unit_pkey"),
    (
        "INSERT INTO b_item_bom (parent_cd, seq, child_cd, qty) VALUES ('A-100', 10, 'A-200', 1)",
        "b_item_bom_pkey",
    ),
    ("INSERT INTO b_country VALUES ('YY', '대한민국')", "uq_country_name"),
    ("INSERT INTO b_country VALUES ('YY', NULL)", "uq_country_name"),
    ("UPDATE b_partner SET code = 'C001'", "uq_partner"),
    ("UPDATE b_item SET barcode = '8801234567890' WHERE item_cd = 'R-2'", "ux_item_barcode"),
    ("INSERT INTO b_item_bom (parent_cd, seq, child_cd, qty) VALUES ('A-100', 99, 'R-1', 1)", "uq_bom"),
    ("INSERT INTO s_invoice (total) VALUES (1)", "uq_invoice_order"),
    ("INSERT INTO \"품목 분류\" VALUES ('소', '대분류')", "분류명 유일"),
    ("INSERT INTO d_note VALUES (4, NULL, NULL)", "uq_note_ab"),
    ("INSERT INTO machine (code) VALUES ('M-01')", "uq_machine"),
    // Foreign keys, from either side.
    ("UPDATE b_partner SET country = 'ZZ'", "fk_partner_country"),
    ("INSERT INTO b_partner_contact VALUES (1, 1, 'x')", "fk_contact_partner"),
    ("UPDATE b_item_group SET parent_cd = 'NONE'", "fk_group_parent"),
    ("UPDATE b_item SET unit_cd = 'NONE'", "fk_item_unit"),
    ("UPDATE b_item_bom SET child_cd = 'NONE' WHERE seq = 20", "fk_bom_child"),
    ("UPDATE b_warehouse SET main_loc = 'Z-99'", "fk_wh_main_loc"),
    ("UPDATE i_stock SET loc_cd = 'Z-99'", "fk_stock_loc"),
    ("UPDATE h_employee SET boss = 99", "fk_emp_boss"),
    ("UPDATE h_dept SET head = 99", "fk_dept_head"),
    ("UPDATE \"품목 분류\" SET \"상위\" = '없'", "fk 상위"),
    ("UPDATE work_result SET wo_id = gen_random_uuid()", "fk_result_wo"),
    ("UPDATE work_order SET item_cd = 'NONE'", "fk_wo_item"),
    ("UPDATE z_audit SET partner_id = 1", "fk_audit_partner"),
    ("DELETE FROM b_partner WHERE id = 1000", "fk_order_partner"),
    ("DELETE FROM b_location WHERE loc_cd = 'A-01'", "fk_wh_main_loc"),
    ("DELETE FROM b_unit", "fk_item_unit"),
    // Columns that are computed.
    ("UPDATE b_item SET margin = 1", "\"margin\""),
    ("UPDATE s_order_line SET amount = 1", "\"amount\""),
];

const RETURNED: &[(&str, &str)] = &[
    // Numbers go on.
    ("INSERT INTO b_partner (code, name, kind) VALUES ('N', 'n', 'C'), ('M', 'm', 'V') RETURNING id", "1030\n1040"),
    ("INSERT INTO i_move (item_cd, moved, qty) VALUES ('R-1', now(), 1) RETURNING id", "4"),
    ("INSERT INTO s_order (order_no, partner_id, ordered) VALUES ('N', 1000, '2024-01-01') RETURNING id, status", "500003|OP"),
    (
        "DELETE FROM s_invoice WHERE order_id IS NULL; INSERT INTO s_invoice (total) VALUES (1.5) RETURNING no, tax",
        "-4|2.0000",
    ),
    ("INSERT INTO machine (code) VALUES ('N') RETURNING id, power", "3|1.5"),
    ("INSERT INTO z_empty (name) VALUES ('a'), ('b') RETURNING id", "7000\n7005"),
    ("INSERT INTO c_journal (posted) VALUES ('2024-01-01') RETURNING id", "3"),
    // Defaults.
    ("INSERT INTO b_plant (plant_cd, plant_nm) VALUES ('P3', 'x') RETURNING opened, use_flag, note", "1999-12-31|t|없음"),
    (
        "INSERT INTO b_partner (code, name, kind) VALUES ('N', 'n', 'C')
         RETURNING cur, created = LOCALTIMESTAMP(3), created_by, row_id IS NOT NULL, origin",
        "KRW|t|postgres|t|",
    ),
    ("INSERT INTO d_file (name) VALUES ('x') RETURNING id IS NOT NULL, hash", "t|\\x00ff0000"),
    ("INSERT INTO z_empty (name) VALUES ('x') RETURNING created = now()", "t"),
    ("INSERT INTO sysconfig (configkey) VALUES ('x') RETURNING changedat - LOCALTIME(0)", "00:00:00"),
    ("INSERT INTO calendar (day) VALUES ('2030-01-01') RETURNING is_work, hours", "t|8.00"),
    ("INSERT INTO \"품목 분류\" VALUES ('소', '소분류') RETURNING \"사용\"", "t"),
    // Computed columns.
    ("UPDATE b_item SET price = 30, item_nm = 'x' WHERE item_cd = 'A-100' RETURNING margin, label", "19.5000|A-100 x"),
    ("UPDATE i_stock SET held = 0.25 WHERE lot_no = 'L1' RETURNING free", "100.2500"),
    ("UPDATE p_order SET ordered = '2024-02-20 10:00' WHERE id = 1 RETURNING due", "2024-03-05 10:00:00"),
    ("UPDATE work_result SET bad = 3, good = 4 WHERE seq = 2 RETURNING all_qty, bad_rate, shift", "7|42|S"),
    ("UPDATE \"order details\" SET \"qty.\" = 3 WHERE \"qty.\" = 4 RETURNING \"unit 'total'\"", "3.7500"),
    // What happens to rows that refer to others.
    ("DELETE FROM s_invoice; DELETE FROM s_order WHERE id = 500000; SELECT count(*) FROM s_order_line", "1"),
    ("DELETE FROM b_item_group WHERE group_cd = 'FG'; SELECT count(*) FROM b_item WHERE group_cd IS NULL", "3"),
    ("UPDATE b_unit SET unit_cd = 'MM' WHERE unit_cd = 'M'; SELECT unit_cd FROM b_item WHERE item_cd = 'R-2'", "MM"),
    (
        "INSERT INTO b_item (item_cd, item_nm, ver) VALUES ('N-1', 'x', ''); INSERT INTO b_item_price VALUES ('N-1', 'KRW', '2024-01-01', NULL, 1);
         UPDATE b_item SET item_cd = 'N-2' WHERE item_cd = 'N-1';
         SELECT count(*) FROM b_item_price WHERE item_cd = 'N-2'",
        "1",
    ),
    ("DELETE FROM p_order WHERE id = 1; SELECT count(*) FROM p_order_line", "1"),
    // What is not carried over does not hold.
    ("UPDATE z_audit SET qty = -1, grade = -1, item_cd = 'NONE' RETURNING grade", "-1\n-1\n-1"),
    ("UPDATE b_partner SET tax_no = 'any' RETURNING 1", "1\n1"),
    ("UPDATE b_item SET spec = 'D50' WHERE item_cd = 'R-2' RETURNING 1", "1"),
];

fn what_was_carried_over_works(erp: &Erp) -> Result<()> {
    let before = everything(erp, SCHEMA)?;
    // First: the others use up numbers, though they change nothing.
    for (sql, expected) in RETURNED {
        let found = returned(erp, sql)?;
        ensure!(found == *expected, "{sql}\nreturns {found}, not {expected}");
    }
    for (sql, words) in REFUSED {
        refused(erp, sql, words)?;
    }
    ensure!(everything(erp, SCHEMA)? == before, "the target has changed");
    Ok(())
}

#[test]
fn a_dry_run_changes_nothing_and_the_report_in_words_says_what_the_other_does() -> Result<()> {
    let erp = Erp::new(DATABASE)?;
    let schemas = "SELECT nspname FROM pg_namespace UNION ALL SELECT count(*)::text FROM rsl.load ORDER BY 1";
    let before = erp.database.rows(schemas)?;
    let report = erp.exact(&["--all", "--dry-run", "--jobs", "3"])?;
    ensure!(
        report["dry_run"] == true && report["tables"].as_array().map(Vec::len) == Some(OBJECTS),
        "{report:#}"
    );
    ensure!(erp.database.rows(schemas)? == before, "a dry run has left something");
    let without = erp
        .rsl(&["pull", "--all", "--include", "B_*", "--dry-run"])?
        .env_remove("RSL_DATABASE_URL")
        .output()?;
    ensure!(without.status.code() == Some(0), "{without:?}");

    let file = erp.folder().join("report.json");
    let file = file.to_str().context("a path")?;
    let ended = erp.pull(&["--all", "--output", file])?;
    ensure!(ended.code == Some(0), "{ended:#?}");
    let report: Value = serde_json::from_str(&std::fs::read_to_string(file)?)?;
    let (_, listed) = ended.stdout.split_once("\nnot carried over:\n").context("nothing is listed")?;
    let listed: Vec<_> = listed.lines().take_while(|line| line.starts_with("  ")).collect();
    ensure!(listed == left_out(&report)? && listed.len() > 10, "{listed:#?}");
    for words in ["dbo.Order Details", "mes.WORK_RESULT", "dbo.품목 분류", "exact: 111 rows of 42 tables"]
    {
        ensure!(ended.stdout.contains(words), "{words}: {}", ended.stdout);
    }
    erp.assert_only_read()
}

#[test]
fn names_are_kept_where_it_is_wanted() -> Result<()> {
    let erp = Erp::new(DATABASE)?;
    let kept = ["--all", "--names", "keep", "--into", "Kept"];
    let report = erp.exact(&kept)?;
    ensure!(left_out(&report)?.len() > 10, "{report:#}");
    // Apart from the case of names, it is the same.
    let alike = |all: &str| -> BTreeSet<String> {
        let all = all.to_lowercase().replace(['"'], "").replace("kept.", "erp.");
        // The comments tell of names that were changed.
        all.lines().map(|line| line.split(" -- ").next().unwrap_or_default().to_owned()).collect()
    };
    let lower = alike(EXPECTED.split_once(LEFT_OUT).context("a list")?.0);
    let here = alike(&everything(&erp, "Kept")?);
    let differing: Vec<_> = here.symmetric_difference(&lower).collect();
    ensure!(differing.is_empty(), "{differing:#?}");
    for name in [
        "\"Kept\".\"Order Details\"",
        "\"Kept\".\"SysConfig\"",
        "\"Kept\".\"B_ITEM\"",
        "\"Kept\".\"IX_ITEM_GROUP\"",
    ] {
        let there = erp.database.value(&format!("SELECT to_regclass('{name}') IS NOT NULL"))?;
        ensure!(there == "t", "{name}");
    }
    let comments = erp.database.rows("SELECT obj_description(oid) FROM pg_constraint WHERE connamespace = '\"Kept\"'::regnamespace AND obj_description(oid) IS NOT NULL")?;
    ensure!(comments.is_empty(), "nothing was renamed: {comments}");
    // Once more into what is there.
    let before = everything(&erp, "Kept")?;
    let report = erp.exact(&[&kept[..], &["--mode", "replace"]].concat())?;
    ensure!(left_out(&report)?.is_empty(), "{report:#}");
    ensure!(everything(&erp, "Kept")? == before, "it has changed");
    erp.assert_only_read()
}

#[test]
fn patterns_choose_and_rows_alone_may_be_pulled() -> Result<()> {
    let erp = Erp::new(DATABASE)?;
    let chosen = |arguments: &[&str]| -> Result<(Vec<String>, Value)> {
        let report = erp.exact(arguments)?;
        let tables = report["tables"].as_array().context("tables")?;
        let mut names: Vec<_> =
            tables.iter().filter_map(|table| table["object"].as_str().map(str::to_owned)).collect();
        names.sort();
        Ok((names, report))
    };
    let (names, report) = chosen(&[
        "--all",
        "--include",
        "b_item*",
        "--include",
        "MES.*",
        "--exclude",
        "*_VIEW",
        "--exclude",
        "B_ITEM_GROUP",
        "--into",
        "part",
    ])?;
    let expected = [
        "dbo.B_ITEM",
        "dbo.B_ITEM_BOM",
        "dbo.B_ITEM_PRICE",
        "mes.CALENDAR",
        "mes.MACHINE",
        "mes.MACHINE_STATE",
        "mes.WORK_ORDER",
        "mes.WORK_RESULT",
    ];
    ensure!(names == expected, "{names:#?}");
    let left_out = left_out(&report)?;
    for expected in [
        "  dbo.B_ITEM: foreign key FK_ITEM_GROUP: dbo.B_ITEM_GROUP, which it refers to, was not loaded",
        "  dbo.B_ITEM: foreign key FK_ITEM_UNIT: dbo.B_UNIT, which it refers to, was not loaded",
    ] {
        ensure!(left_out.iter().any(|line| line == expected), "{left_out:#?}");
    }
    let there = structure(&erp, "part")?;
    ensure!(
        there.contains("fk_wo_item") && there.contains("fk_bom_child") && !there.contains("fk_item_group"),
        "{there}"
    );
    let (names, _) = chosen(&[
        "--all",
        "--include",
        "[!x]*",
        "--include",
        "?_UNIT",
        "--include",
        "View *",
        "--into",
        "few",
    ])?;
    ensure!(names == ["dbo.B_UNIT", "dbo.View With Spaces"], "{names:#?}");
    let message = erp.refused(&["--all", "--include", "NONE*"])?;
    ensure!(message.contains("--include and --exclude"), "{message}");

    let (names, report) = chosen(&["--all", "--data-only", "--into", "bare"])?;
    ensure!(names.len() == OBJECTS && self::left_out(&report)?.is_empty(), "{report:#}");
    let there = structure(&erp, "bare")?;
    let more = |line: &&str| {
        line.contains(" DEFAULT ")
            || line.contains(" AS ")
            || line.contains("IDENTITY")
            || line.starts_with("CREATE")
            || line.starts_with("constraint") && !line.contains("PRIMARY KEY")
    };
    let more: Vec<_> = there.lines().filter(more).collect();
    ensure!(more.is_empty(), "{more:#?}");
    ensure!(there.matches("PRIMARY KEY").count() == 35, "{there}");
    erp.assert_only_read()
}

#[test]
fn a_second_pull_replaces_with_foreign_keys_in_place() -> Result<()> {
    let erp = Erp::new(DATABASE)?;
    let replace = ["--all", "--mode", "replace", "--jobs", "2"];
    erp.exact(&["--all"])?;
    let there = structure(&erp, SCHEMA)?;
    let report = erp.exact(&replace)?;
    let changed = report["tables"].as_array().context("tables")?.iter().filter(|table| {
        // Rows without a key are all new.
        ["inserted", "updated", "deleted"].iter().any(|name| table[name] != 0)
    });
    let mut changed: Vec<_> = changed.filter_map(|table| table["object"].as_str()).collect();
    changed.sort_unstable();
    let keyless = [
        "dbo.BI_ITEM_VIEW",
        "dbo.BI_ORDER_VIEW",
        "dbo.BI_STOCK_VIEW",
        "dbo.D_NOTE",
        "dbo.View With Spaces",
        "dbo.Z_LOG",
        "mes.BI_RESULT_VIEW",
    ];
    ensure!(changed == keyless, "{changed:#?}");
    erp.script(
        "INSERT INTO B_ITEM_GROUP VALUES ('NEW', N'new', 'ALL'); INSERT INTO B_ITEM (ITEM_CD, ITEM_NM, GROUP_CD) VALUES (N'N-1', N'new', 'NEW');
         INSERT INTO B_ITEM_BOM (PARENT_CD, SEQ, CHILD_CD, QTY) VALUES (N'N-1', 1, N'R-1', 2); UPDATE B_ITEM SET ITEM_NM = N'changed', PRICE = 5 WHERE ITEM_CD = N'A-200';
         INSERT INTO B_PARTNER (CODE, NAME, KIND) VALUES (N'X', N'x', 'C'); INSERT INTO S_ORDER (ORDER_NO, PARTNER_ID, ORDERED) VALUES ('SO-4', 1030, '2024-06-01');
         INSERT INTO S_ORDER_LINE (ORDER_ID, LINE_NO, ITEM_CD, QTY, PRICE) VALUES (500003, 1, N'N-1', 2, 3.5);
         DELETE FROM S_ORDER_LINE WHERE ORDER_ID = 500001; DELETE FROM mes.WORK_RESULT WHERE SEQ = 2; UPDATE B_LOCATION SET LOC_NM = N'x';
         INSERT INTO Z_LOG VALUES ('2025-01-01T00:00:00', 9, N'more', 1);",
    )?;
    erp.exact(&replace)?;
    let touched = [
        "B_ITEM_GROUP",
        "B_ITEM",
        "B_ITEM_BOM",
        "B_PARTNER",
        "S_ORDER",
        "S_ORDER_LINE",
        "WORK_RESULT",
        "B_LOCATION",
        "Z_LOG",
    ];
    let same = |into: &str| -> Result<()> {
        erp.exact(&[&touched[..], &["--data-only", "--into", into]].concat())?;
        let (all, expected) = (rows(&erp, SCHEMA)?, rows(&erp, into)?);
        let all: BTreeSet<_> = all.lines().collect();
        let missing: Vec<_> = expected.lines().filter(|line| !all.contains(line)).collect();
        ensure!(missing.is_empty(), "{missing:#?}");
        for table in touched.map(str::to_lowercase) {
            let count = |schema: &str| erp.database.value(&format!("SELECT count(*) FROM {schema}.{table}"));
            ensure!(count(SCHEMA)? == count(into)?, "{table}");
        }
        Ok(())
    };
    same("fresh")?;
    ensure!(
        returned(&erp, "INSERT INTO b_partner (code, name, kind) VALUES ('N', 'n', 'C') RETURNING id")?
            == "1040"
    );
    // A row cannot go before those that refer to it. Nothing is lost by it: those are gone when the pull is repeated.
    erp.script(
        "DELETE FROM S_ORDER_LINE WHERE ORDER_ID = 500003; DELETE FROM S_ORDER WHERE ID = 500003; DELETE FROM B_ITEM_BOM WHERE PARENT_CD = N'N-1'; DELETE FROM B_ITEM WHERE ITEM_CD = N'N-1';",
    )?;
    let replace = [&touched[..], &["--mode", "replace"]].concat();
    let ended = erp.pull(&replace)?;
    if ended.code == Some(1) {
        for words in [
            "dbo.B_ITEM into erp.b_item: ",
            "(Key (item_cd)=(N-1) is still referenced from table",
            "not exact: see above",
        ] {
            ensure!(ended.stdout.contains(words), "{words}: {ended:#?}");
        }
        erp.exact(&replace)?;
    }
    same("last")?;
    ensure!(structure(&erp, SCHEMA)? == there, "constraints have changed");
    erp.assert_only_read()
}

#[test]
fn several_readers_of_a_whole_database() -> Result<()> {
    let erp = Erp::new(DATABASE)?;
    let row = |n: i64| {
        let item = ["A-100", "R-1", "R-2"][n as usize % 3].encode_utf16().collect();
        let price =
            if n % 5 == 0 { SqlValue::Null } else { SqlValue::Decimal(i128::from(n * 7919 % 1_000_000)) };
        vec![
            SqlValue::Int(n),
            SqlValue::Wide(item),
            SqlValue::DateTime(45_000 + (n / 100) as i32, (n % 100 * 1000) as u32),
            SqlValue::Decimal(i128::from(n) * 10_001),
            price,
        ]
    };
    erp.insert("dbo.I_MOVE", (10..60_010).map(row))?;
    let report = erp.exact(&["--all", "--jobs", "3"])?;
    ensure!(report["tables"].as_array().map(Vec::len) == Some(OBJECTS), "{report:#}");
    let parts = "SELECT count(*) FROM rsl.load_part p JOIN rsl.load USING (load_id) WHERE target = 'erp.i_move' AND p.rows > 0";
    ensure!(erp.database.value(parts)? == "2", "{}", erp.database.value(parts)?);
    erp.exact(&["I_MOVE", "--data-only", "--into", "one"])?;
    let sums = |target: &str| {
        erp.database.value(&format!("SELECT count(*), count(DISTINCT id), sum(id), sum(qty), sum(price), sum(amount), min(moved), max(moved), max(year_no) FROM {target}"))
    };
    ensure!(sums("erp.i_move")? == sums("one.i_move")?, "{} {}", sums("erp.i_move")?, sums("one.i_move")?);
    ensure!(sums("erp.i_move")?.starts_with("60003|60003|"), "{}", sums("erp.i_move")?);
    ensure!(
        returned(&erp, "INSERT INTO i_move (item_cd, moved, qty) VALUES ('R-1', now(), 1) RETURNING id")?
            == "60010"
    );
    // All but the rows of the large table is as with one reader.
    let expected: Vec<_> = EXPECTED
        .lines()
        .filter(|line| !line.starts_with("i_move ") && !line.contains("i_move.id "))
        .collect();
    let found = everything(&erp, SCHEMA)?;
    let missing: Vec<_> = {
        let found: BTreeSet<_> = found.lines().collect();
        let kept = expected.iter().take_while(|line| **line != LEFT_OUT.trim_end());
        kept.filter(|line| !found.contains(**line)).collect()
    };
    ensure!(missing.is_empty(), "{missing:#?}");
    erp.assert_only_read()
}

#[test]
fn a_pull_that_broke_off_is_completed_with_all_that_belongs_to_it() -> Result<()> {
    if Erp::is_real() {
        return Ok(());
    }
    let erp = Erp::new(DATABASE)?;
    erp.server.faults().arm(Fault::reset_after(1).matching("FROM [dbo].[S_ORDER] ").always());
    let ended = erp.pull(&["--all", "--retries", "0"])?;
    ensure!(ended.code == Some(2), "{}", ended.stderr);
    let keys =
        "SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND connamespace = 'erp'::regnamespace";
    ensure!(erp.database.value(keys)? == "0", "foreign keys come last");
    erp.server.faults().clear();
    let report = erp.exact(&["--resume"])?;
    let tables = report["tables"].as_array().map(Vec::len).context("tables")?;
    ensure!(tables > 0 && tables < OBJECTS, "{tables} tables were read again");
    let mut lines: Vec<_> = left_out(&report)?;
    let (all, listed) = EXPECTED.split_once(LEFT_OUT).context("a list")?;
    ensure!(everything(&erp, SCHEMA)? == all, "{}", everything(&erp, SCHEMA)?);
    let mut listed: Vec<_> = listed.lines().collect();
    lines.sort();
    listed.sort();
    ensure!(lines == listed, "{lines:#?}");
    erp.assert_only_read()
}

#[test]
fn what_cannot_be_pulled_is_said_before_anything_is_written() -> Result<()> {
    let erp = Erp::new(DATABASE)?;
    erp.script(
        "CREATE TYPE dbo.POINT3 EXTERNAL NAME Geo.[Geo.Point3];
         CREATE TABLE G_SHAPE (ID int NOT NULL PRIMARY KEY, CENTER dbo.POINT3 NULL); CREATE TABLE mes.B_ITEM (ID int NOT NULL);",
    )?;
    for (arguments, words) in [
        (
            &["--all"][..],
            &["dbo.G_SHAPE, column CENTER: the type \"POINT3\" cannot be read", "make a view"][..],
        ),
        (
            &["--all", "--exclude", "G_*"],
            &["dbo.B_ITEM and mes.B_ITEM would both become erp.b_item", "--into"],
        ),
        (&["--all", "--into", "erp.one"], &["--into erp.one names one table", "name only the schema"]),
        (&["b_item"], &["\"b_item\" could be more than one", "exactly"]),
        (&["B_ITEMS"], &["no table or view \"B_ITEMS\"", "dbo.B_ITEM, "]),
    ] {
        let message = erp.refused(arguments)?;
        for word in words.iter().chain(&["\nhint: "]) {
            ensure!(message.contains(word), "{arguments:?}: {word} is not in {message}");
        }
    }
    ensure!(
        erp.database.value("SELECT to_regnamespace('erp') IS NULL AND NOT EXISTS (SELECT FROM rsl.load)")?
            == "t"
    );
    // Each by itself can be.
    erp.exact(&["dbo.B_ITEM"])?;
    erp.exact(&["mes.B_ITEM", "--into", "erp.mes_item"])?;
    erp.assert_only_read()
}

#[test]
fn names_that_postgresql_would_not_take() -> Result<()> {
    let long = "품목별단가이력및변경사유".repeat(3);
    let erp = Erp::new(&format!(
        "CREATE TABLE [{long}] (ID int NOT NULL PRIMARY KEY, [{long}1] nvarchar(10) NOT NULL CONSTRAINT [UQ_{long}] UNIQUE, [{long}2] int NULL, [{long}3] AS ([{long}2] + ID));
         CREATE TABLE [{long}2] (ID int NOT NULL PRIMARY KEY CONSTRAINT [FK_{long}] REFERENCES [{long}] (ID));
         INSERT INTO [{long}] VALUES (1, N'x', 41); INSERT INTO [{long}2] VALUES (1);
         CREATE TABLE AREA (ID int IDENTITY(1,1) NOT NULL PRIMARY KEY, XMIN float NULL, [xmax] float NULL, CTID int NULL, CONSTRAINT CK_AREA CHECK (XMIN < [xmax]));
         INSERT INTO AREA VALUES (1, 2, 3);
         CREATE TABLE [a.b] ([c.d] int NOT NULL PRIMARY KEY, [e\"f] int NULL REFERENCES [a.b] ([c.d])); INSERT INTO [a.b] VALUES (1, 1);
         CREATE TABLE [user] ([order] int NOT NULL PRIMARY KEY, [100%] int NULL DEFAULT (3), [\\] int NULL, [a'b] int NULL); INSERT INTO [user] VALUES (1, 2, 3, 4);"
    ))?;
    for names in ["lower", "keep"] {
        let pull = ["--all", "--names", names, "--into", names];
        let report = erp.exact(&pull)?;
        ensure!(left_out(&report)?.is_empty(), "{report:#}");
        let there = everything(&erp, names)?;
        let report = erp.exact(&[&pull[..], &["--mode", "replace"]].concat())?;
        let unchanged = report["tables"]
            .as_array()
            .context("tables")?
            .iter()
            .all(|table| table["unchanged"] == table["source_rows"]);
        ensure!(unchanged && everything(&erp, names)? == there, "{report:#}");
    }
    let names = erp.database.rows("SELECT octet_length(relname) || obj_description(oid) FROM pg_class WHERE relnamespace = 'lower'::regnamespace AND relkind = 'r' ORDER BY 1 DESC LIMIT 1")?;
    ensure!(
        names == format!("63dbo.{long}2 of the source\n") || names == format!("63dbo.{long} of the source\n"),
        "{names}"
    );
    let area = "INSERT INTO \"lower\".area (xmin_, xmax_, ctid_) VALUES (3, 4, 5) RETURNING id, (SELECT xmin_ FROM \"lower\".area)";
    ensure!(returned(&erp, area)? == "2|1", "{}", returned(&erp, area)?);
    refused(&erp, "UPDATE \"lower\".area SET xmin_ = xmax_", "ck_area")?;
    let message = erp.refused(&["AREA", "--into", &format!("erp.{long}")])?;
    ensure!(message.contains("is longer than 63 bytes\nhint: "), "{message}");
    erp.assert_only_read()
}
