//! `rsl pull` as a user runs it: what arrives, what is reported, what is written and what is not.

use anyhow::{Context, Result, ensure};
use rsl_tests::cluster;
use rsl_tests::mirror;
use rsl_tests::pair::Pair;
use rsl_tests::program::Ended;
use rsl_tests::sample::Shape;
use serde_json::Value;
use std::fs;

const OBJECTS: [&str; 15] = [
    "B_CURRENCY",
    "B_EMPLOYEE",
    "B_ITEM",
    "B_ITEM_GROUP",
    "B_JOB",
    "B_MATERIAL",
    "B_PARTNER",
    "B_RESOURCE",
    "B_WORK_CENTER",
    "P_ROUTING",
    "P_WORK_ORDER",
    "P_WORK_RESULT",
    "BI_ITEM_INFO_VIEW",
    "BI_ROUTING_VIEW",
    "BI_WORK_ORDER_RESULTS",
];

const SMALL: &str = "CREATE TABLE PART (
        PART_NO nvarchar(10) NOT NULL PRIMARY KEY, NAME nvarchar(20), WEIGHT decimal(10,3), COUNT int NOT NULL);
    INSERT INTO PART VALUES ('A', '너트', 1.5, 3), ('B', 'bolt ', -0.125, 4), ('C', NULL, NULL, 5);";

#[test]
fn every_table_and_view_arrives_as_it_is_and_the_source_stays() -> Result<()> {
    let pair = Pair::sample(Shape::Erp, 2_000)?;
    let before = fs::read(pair.file())?;
    let report = pair.exact(&["--all", "--jobs", "4"])?;
    ensure!(fs::read(pair.file())? == before, "the source file has changed");
    ensure!(fs::read_dir(pair.folder())?.count() == 1, "something was written beside the source");
    let mut loaded: Vec<&str> = tables(&report)?.iter().filter_map(|t| t["object"].as_str()).collect();
    loaded.sort_unstable();
    let mut wanted = OBJECTS;
    wanted.sort_unstable();
    ensure!(loaded == wanted, "{loaded:?}");
    for object in OBJECTS {
        mirror::assert_same(&pair, object, &format!("erp.{}", object.to_lowercase()))?;
    }
    ensure!(pair.staging()?.is_empty());
    ensure!(pair.database.value("SELECT count(*) FROM rsl.load WHERE status <> 'exact'")? == "0");
    Ok(())
}

#[test]
fn the_report_has_its_shape_and_true_numbers() -> Result<()> {
    let pair = Pair::sample(Shape::Erp, 400)?;
    let output = pair.folder().join("report.json");
    let ended = Ended::of(
        pair.pull(&["P_ROUTING", "B_PARTNER", "BI_WORK_ORDER_RESULTS", "--format", "json", "--output"])?
            .arg(&output),
    )?;
    ensure!(ended.code == Some(0), "{ended:#?}");
    let report: Value = serde_json::from_str(&ended.stdout)?;
    ensure!(
        serde_json::from_str::<Value>(&fs::read_to_string(&output)?)? == report,
        "file and stdout differ"
    );
    ensure!(
        keys(&report)?
            == ["exact", "dry_run", "source", "target", "started_at", "finished_at", "tables", "key_totals"],
        "{report:#}"
    );
    ensure!(report["exact"] == true && report["dry_run"] == false);
    ensure!(
        report["source"] == pair.source_url().as_str() && report["target"] == pair.database.url().as_str()
    );
    for time in ["started_at", "finished_at"] {
        let time = report[time].as_str().context("a time is a text")?;
        let known = pair.database.value(&format!(
            "SELECT '{time}' ~ 'Z$' AND '{time}'::timestamptz BETWEEN now() - interval '5 min' AND now() + interval '1 min'"
        ))?;
        ensure!(known == "t", "{time}");
    }
    ensure!(report["started_at"].as_str() <= report["finished_at"].as_str());
    let wanted = [
        "object",
        "target",
        "mode",
        "source_rows",
        "target_rows",
        "inserted",
        "updated",
        "unchanged",
        "rejected",
        "exact",
        "seconds",
        "rows_per_second",
        "losses",
    ];
    for table in tables(&report)? {
        for key in wanted {
            ensure!(!table[key].is_null(), "{key} is missing: {table:#}");
        }
        let object = table["object"].as_str().context("a name")?;
        let target = format!("erp.{}", object.to_lowercase());
        let rows: i64 =
            pair.source()?.query_row(&format!("SELECT count(*) FROM {object}"), [], |row| row.get(0))?;
        ensure!(
            table["target"] == target.as_str() && table["mode"] == "append" && table["exact"] == true,
            "{table:#}"
        );
        ensure!(table["losses"] == Value::Array(Vec::new()), "{table:#}");
        for (key, expected) in [
            ("source_rows", rows),
            ("target_rows", rows),
            ("inserted", rows),
            ("updated", 0),
            ("unchanged", 0),
            ("rejected", 0),
        ] {
            ensure!(table[key].as_i64() == Some(expected), "{key} is not {expected}: {table:#}");
        }
        ensure!(
            table["seconds"].as_f64().is_some_and(|s| s > 0.0) && table["rows_per_second"].as_f64().is_some()
        );
        let totals = &report["key_totals"][&target];
        ensure!(keys(totals)? == ["source_count", "target_count", "match", "sums"], "{totals:#}");
        ensure!(totals["source_count"] == rows && totals["target_count"] == rows && totals["match"] == true);
        let sums = mirror::sums(&pair, object, &target)?;
        ensure!(
            keys(&totals["sums"])? == sums.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(),
            "{totals:#}"
        );
        for (name, sum) in sums {
            let shown = &totals["sums"][&name];
            ensure!(keys(shown)? == ["source", "target", "match"], "{shown:#}");
            ensure!(
                shown["source"] == sum.as_str() && shown["target"] == sum.as_str() && shown["match"] == true,
                "{name} is {sum}: {shown:#}"
            );
        }
    }
    ensure!(tables(&report)?.len() == 3 && keys(&report["key_totals"])?.len() == 3);
    Ok(())
}

#[test]
fn text_goes_to_people_and_progress_to_standard_error() -> Result<()> {
    let pair = Pair::new(SMALL)?;
    let output = pair.folder().join("report.json");
    let ended = Ended::of(pair.pull(&["part", "--output"])?.arg(&output))?;
    ensure!(ended.code == Some(0), "{ended:#?}");
    ensure!(
        ended.stdout.contains("erp.part") && ended.stdout.contains("exact: 3 rows of 1 table,"),
        "{ended:#?}"
    );
    ensure!(ended.stderr.is_empty() || ended.stderr.starts_with("PART: 3 rows"), "{ended:#?}");
    let report: Value = serde_json::from_str(&fs::read_to_string(&output)?)?;
    ensure!(report["exact"] == true && report["tables"][0]["target_rows"] == 3, "{report:#}");
    Ok(())
}

#[test]
fn a_report_that_cannot_be_written_is_a_failure() -> Result<()> {
    let pair = Pair::new(SMALL)?;
    let message = pair.refused(&["PART", "--output", "/proc/nowhere/report.json"])?;
    ensure!(message.contains("/proc/nowhere/report.json"), "{message}");
    Ok(())
}

#[test]
fn a_dry_run_reads_everything_and_writes_nothing() -> Result<()> {
    let pair = Pair::sample(Shape::Erp, 300)?;
    let state = "SELECT (SELECT string_agg(nspname, ' ' ORDER BY nspname) FROM pg_namespace WHERE nspname !~ '^pg_'),
        (SELECT count(*) FROM pg_class), (SELECT count(*) FROM rsl.load), (SELECT last_value FROM pg_sequences
        WHERE schemaname = 'rsl' AND sequencename = 'load_load_id_seq') IS NULL, pg_current_xact_id_if_assigned() IS NULL";
    let before = pair.database.value(state)?;
    let report = pair.exact(&["--all", "--dry-run"])?;
    ensure!(report["dry_run"] == true, "{report:#}");
    ensure!(pair.database.value(state)? == before, "{before} has become {}", pair.database.value(state)?);
    for table in tables(&report)? {
        let object = table["object"].as_str().context("a name")?;
        let rows: i64 =
            pair.source()?.query_row(&format!("SELECT count(*) FROM {object}"), [], |row| row.get(0))?;
        ensure!(
            table["source_rows"] == rows && table["target_rows"] == 0 && table["inserted"] == 0,
            "{table:#}"
        );
    }
    let text = pair.ended(&["--all", "--dry-run"])?;
    ensure!(
        text.code == Some(0) && text.stdout.contains("dry run: ") && text.stdout.contains("would move"),
        "{text:#?}"
    );

    // A value that the target could not take is found without a database, too.
    pair.edit("UPDATE B_JOB SET JOB_NM = printf('%.50c', 'x') WHERE JOB_CD = 'MI20'")?;
    let said = pair.ended(&["B_JOB", "--dry-run"])?;
    let mut alone = pair.pull(&["B_JOB", "--dry-run"])?;
    for said in [said, Ended::of(alone.env_remove("RSL_DATABASE_URL"))?] {
        ensure!(said.code == Some(1) && said.stdout.contains("job_cd 'MI20': column job_nm: "), "{said:#?}");
    }
    ensure!(pair.database.value(state)? == before);
    Ok(())
}

#[test]
fn created_tables_have_types_key_and_comments_of_the_source() -> Result<()> {
    let pair = Pair::new(SMALL)?;
    pair.exact(&["PART"])?;
    let columns = pair.database.rows(
        "SELECT attname, format_type(atttypid, atttypmod), attnotnull, col_description(attrelid, attnum)
         FROM pg_attribute WHERE attrelid = 'erp.part'::regclass AND attnum > 0 ORDER BY attnum;
         SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'erp.part'::regclass;
         SELECT obj_description('erp.part'::regclass)",
    )?;
    ensure!(
        columns
            == "part_no|character varying(10)|t|PART_NO nvarchar(10)\nname|character varying(20)|f|NAME nvarchar(20)\n\
                weight|numeric(10,3)|f|WEIGHT decimal(10,3)\ncount|integer|t|COUNT INT\nPRIMARY KEY (part_no)\nPART of the source\n",
        "{columns}"
    );
    let options = pair
        .database
        .value("SELECT reloptions IS NULL, relpersistence FROM pg_class WHERE oid = 'erp.part'::regclass")?;
    ensure!(options == "t|p", "{options}");
    Ok(())
}

#[test]
fn into_names_a_schema_or_one_table() -> Result<()> {
    let pair = Pair::new(SMALL)?;
    pair.edit("CREATE VIEW HEAVY AS SELECT * FROM PART WHERE WEIGHT > 1")?;
    pair.exact(&["PART", "HEAVY", "--into", "stock"])?;
    pair.exact(&["PART", "--into", "stock.bolts"])?;
    pair.exact(&["PART", "--into", "My Stock.Part \"1\""])?;
    for target in ["stock.part", "stock.bolts", "\"My Stock\".\"Part \"\"1\"\"\""] {
        mirror::assert_same(&pair, "PART", target)?;
    }
    mirror::assert_same(&pair, "HEAVY", "stock.heavy")?;
    let message = pair.refused(&["--all", "--into", "stock.bolts"])?;
    ensure!(message.contains("names one table, but 2"), "{message}");
    Ok(())
}

#[test]
fn a_file_that_its_writer_left_in_the_middle_is_told_so() -> Result<()> {
    let pair = Pair::new("CREATE TABLE T (ID int PRIMARY KEY NOT NULL, NOTE text)")?;
    let beside = |ending: &str| pair.folder().join(format!("left.db{ending}"));
    let writer = rusqlite::Connection::open(beside(""))?;
    writer.execute_batch(
        "PRAGMA journal_mode = delete; PRAGMA cache_size = 1; CREATE TABLE T (ID int PRIMARY KEY NOT NULL, NOTE text);
         WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 500) INSERT INTO T SELECT n, hex(zeroblob(500)) FROM n; BEGIN; UPDATE T SET NOTE = 'half';",
    )?;
    // As if the writer had been killed here.
    fs::copy(beside(""), pair.file())?;
    fs::copy(beside("-journal"), pair.folder().join("erp.db-journal"))?;
    let message = pair.refused(&["T"])?;
    ensure!(
        message.contains("left in the middle of a transaction")
            && message.contains("hint: open it once with the program that it belongs to"),
        "{message}"
    );
    // As the hint says.
    pair.edit("SELECT count(*) FROM T")?;
    pair.exact(&["T"])?;
    ensure!(pair.database.value("SELECT count(*) FROM erp.t WHERE note = 'half'")? == "0");
    Ok(())
}

#[test]
fn an_unknown_name_in_a_condition_is_an_error_not_a_text() -> Result<()> {
    let pair =
        Pair::new(&format!("{SMALL} CREATE VIEW LABELLED AS SELECT PART_NO, \"new\" AS LABEL FROM PART;"))?;
    pair.exact(&["PART"])?;
    let before = pair.digest("erp.part")?;
    for bad in ["\"part_n\" = 'A'", "PART_NO = \"A\"", "\"PART_NO\" IN (SELECT \"PART_N\" FROM PART)"] {
        for object in ["PART", "LABELLED"] {
            let message = pair.refused(&[object, "--mode", "replace", "--where", bad])?;
            ensure!(message.contains("no such column") && message.contains("single quotes"), "{message}");
        }
        let ended = Ended::of(pair.rsl(&["diff", "PART", "erp.part"])?.args(["--where", bad]))?;
        ensure!(ended.code == Some(2) && ended.stderr.contains("no such column"), "{ended:#?}");
    }
    ensure!(pair.digest("erp.part")? == before, "the target has changed");
    pair.exact(&[
        "PART",
        "--mode",
        "replace",
        "--where",
        "\"Part_No\" = 'A' AND rowid = 1 AND PART.COUNT = 3",
    ])?;
    ensure!(pair.database.value("SELECT string_agg(part_no, '') FROM erp.part")? == "A");
    // The texts of a view are its own affair.
    pair.exact(&["LABELLED", "--where", "\"PART_NO\" <> 'B' AND LABEL = 'new'"])?;
    ensure!(
        pair.database.value("SELECT string_agg(part_no || label, ' ' ORDER BY part_no) FROM erp.labelled")?
            == "Anew Cnew"
    );
    Ok(())
}

#[test]
fn where_takes_a_part_and_what_it_takes_is_counted() -> Result<()> {
    let pair = Pair::new(SMALL)?;
    let report = pair.exact(&["PART", "--where", "COUNT > 3 -- not the nuts"])?;
    ensure!(report["tables"][0]["source_rows"] == 2 && report["tables"][0]["target_rows"] == 2, "{report:#}");
    ensure!(pair.database.value("SELECT string_agg(part_no, '' ORDER BY part_no) FROM erp.part")? == "BC");
    let report = pair.exact(&["PART", "--where", "COUNT > 99"])?;
    ensure!(report["tables"][0]["source_rows"] == 0, "{report:#}");
    ensure!(pair.database.value("SELECT count(*) FROM erp.part")? == "2");
    for (bad, words) in [
        ("COUNT >", "PART"),
        ("NOWHERE = 1", "PART"),
        ("1); DELETE FROM PART; --", "--where is not one condition"),
        ("1) UNION SELECT 1, 2, 3, 4 WHERE (1", "--where is not one condition"),
    ] {
        let ended = pair.ended(&["PART", "--into", "erp.bad", "--where", bad])?;
        ensure!(ended.code == Some(2), "{bad}: {ended:#?}");
        let message = ended.refusal()?;
        ensure!(message.contains(words), "{message}");
    }
    ensure!(pair.source()?.query_row("SELECT count(*) FROM PART", [], |row| row.get::<_, i64>(0))? == 3);
    ensure!(pair.database.value("SELECT to_regclass('erp.bad') IS NULL")? == "t");
    Ok(())
}

#[test]
fn appended_again_is_recognised_as_often_as_one_likes() -> Result<()> {
    let pair = Pair::new(SMALL)?;
    pair.edit("CREATE VIEW KEYLESS AS SELECT NAME, WEIGHT FROM PART")?;
    for (object, target) in [("PART", "erp.part"), ("KEYLESS", "erp.keyless")] {
        pair.exact(&[object])?;
        let digest = pair.digest(target)?;
        for _ in 0..3 {
            let report = pair.exact(&[object])?;
            ensure!(
                report["tables"][0]["inserted"] == 0 && report["tables"][0]["unchanged"] == 3,
                "{report:#}"
            );
            ensure!(pair.digest(target)? == digest);
        }
    }
    let report = pair.exact(&["KEYLESS", "--again"])?;
    ensure!(report["tables"][0]["inserted"] == 3, "{report:#}");
    ensure!(
        pair.database.value("SELECT count(*), count(DISTINCT weight), sum(weight) FROM erp.keyless")?
            == "6|2|2.750"
    );
    Ok(())
}

#[test]
fn what_was_appended_and_then_changed_is_not_silently_appended_again() -> Result<()> {
    let pair = Pair::new(SMALL)?;
    pair.edit("CREATE VIEW KEYLESS AS SELECT NAME, WEIGHT FROM PART")?;
    pair.exact(&["KEYLESS"])?;
    pair.database.run("DELETE FROM erp.keyless WHERE name = '너트'")?;
    let ended = pair.ended(&["KEYLESS"])?;
    ensure!(ended.code == Some(1) && ended.stdout.contains("has changed since"), "{ended:#?}");
    ensure!(pair.database.value("SELECT count(*) FROM erp.keyless")? == "2");
    ensure!(pair.staging()?.is_empty());
    Ok(())
}

#[test]
fn upsert_writes_only_what_differs() -> Result<()> {
    let pair = Pair::new(SMALL)?;
    pair.exact(&["PART"])?;
    pair.database.run("INSERT INTO erp.part VALUES ('Z', 'mine', 1, 1)")?;
    pair.edit("UPDATE PART SET WEIGHT = 1.25 WHERE PART_NO = 'A'; INSERT INTO PART VALUES ('D', '', 0, 0)")?;
    let kept = "SELECT xmin, ctid FROM erp.part WHERE part_no IN ('B', 'C') ORDER BY part_no";
    let before = pair.database.value(kept)?;
    let report = pair.exact(&["PART", "--mode", "upsert"])?;
    let table = &report["tables"][0];
    ensure!(table["inserted"] == 1 && table["updated"] == 1 && table["unchanged"] == 2, "{table:#}");
    ensure!(pair.database.value(kept)? == before, "rows that did not change were written");
    let all = pair.database.value(
        "SELECT string_agg(part_no || coalesce(weight::text, '-'), ' ' ORDER BY part_no) FROM erp.part",
    )?;
    ensure!(all == "A1.250 B-0.125 C- D0.000 Z1.000", "{all}");
    Ok(())
}

#[test]
fn replace_leaves_exactly_the_source() -> Result<()> {
    let pair = Pair::new(SMALL)?;
    pair.exact(&["PART"])?;
    pair.database.run(
        "INSERT INTO erp.part VALUES ('Z', 'mine', 1, 1); UPDATE erp.part SET count = 9 WHERE part_no = 'A'",
    )?;
    let report = pair.exact(&["PART", "--mode", "replace"])?;
    ensure!(report["tables"][0]["deleted"] == 1 && report["tables"][0]["updated"] == 1, "{report:#}");
    mirror::assert_same(&pair, "PART", "erp.part")?;
    pair.edit("DELETE FROM PART")?;
    pair.exact(&["PART", "--mode", "replace"])?;
    ensure!(pair.database.value("SELECT count(*) FROM erp.part")? == "0");
    Ok(())
}

#[test]
fn a_key_of_the_users_own() -> Result<()> {
    let pair = Pair::new(SMALL)?;
    pair.edit("CREATE VIEW KEYLESS AS SELECT * FROM PART")?;
    let message = pair.refused(&["KEYLESS", "--mode", "upsert"])?;
    ensure!(message.contains("needs a key"), "{message}");
    let message = pair.refused(&["KEYLESS", "--key", "PART_NO,COLOUR"])?;
    ensure!(message.contains("COLOUR") && message.contains("PART_NO, NAME, WEIGHT, COUNT"), "{message}");
    pair.exact(&["KEYLESS", "--mode", "upsert", "--key", "COUNT,PART_NO"])?;
    let key = "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'erp.keyless'::regclass";
    ensure!(pair.database.value(key)? == "PRIMARY KEY (count, part_no)");
    // A unique index that is not the primary key.
    pair.database.run("CREATE UNIQUE INDEX ON erp.keyless (part_no)")?;
    pair.edit("UPDATE PART SET COUNT = COUNT + 100")?;
    let report = pair.exact(&["KEYLESS", "--mode", "upsert", "--key", "part_no"])?;
    ensure!(report["tables"][0]["updated"] == 3, "{report:#}");
    mirror::assert_same(&pair, "KEYLESS", "erp.keyless")
}

#[test]
fn parents_are_loaded_before_children_that_refer_to_them() -> Result<()> {
    let pair = Pair::sample(Shape::Erp, 300)?;
    pair.exact(&["--all"])?;
    // Those of the source, but for the circle of work centres and employees.
    pair.database.run(
        "ALTER TABLE erp.b_partner ADD FOREIGN KEY (cur_cd) REFERENCES erp.b_currency;
         ALTER TABLE erp.b_resource ADD FOREIGN KEY (wc_cd) REFERENCES erp.b_work_center;
         ALTER TABLE erp.b_item ADD FOREIGN KEY (material_cd) REFERENCES erp.b_material;
         ALTER TABLE erp.b_item ADD FOREIGN KEY (item_grp_cd) REFERENCES erp.b_item_group;
         ALTER TABLE erp.b_item ADD FOREIGN KEY (substitute_item_cd) REFERENCES erp.b_item;
         ALTER TABLE erp.p_routing ADD FOREIGN KEY (item_cd) REFERENCES erp.b_item;
         ALTER TABLE erp.p_routing ADD FOREIGN KEY (bp_cd) REFERENCES erp.b_partner;
         ALTER TABLE erp.p_work_order ADD FOREIGN KEY (item_cd) REFERENCES erp.b_item;
         ALTER TABLE erp.p_work_result ADD FOREIGN KEY (wo_no) REFERENCES erp.p_work_order;
         ALTER TABLE erp.p_work_result ADD FOREIGN KEY (item_cd, proc_seq) REFERENCES erp.p_routing;
         TRUNCATE erp.b_currency, erp.b_employee, erp.b_item, erp.b_item_group, erp.b_job, erp.b_material, erp.b_partner,
            erp.b_resource, erp.b_work_center, erp.p_routing, erp.p_work_order, erp.p_work_result",
    )?;
    let base = OBJECTS.iter().copied().filter(|object| !object.starts_with("BI_"));
    let report = pair.exact(&base.chain(["--mode", "upsert", "--jobs", "4"]).collect::<Vec<_>>())?;
    let order: Vec<&str> = tables(&report)?.iter().filter_map(|t| t["object"].as_str()).collect();
    let place = |object: &str| order.iter().position(|other| *other == object);
    for (parent, child) in [
        ("B_CURRENCY", "B_PARTNER"),
        ("B_ITEM", "P_ROUTING"),
        ("B_PARTNER", "P_ROUTING"),
        ("P_WORK_ORDER", "P_WORK_RESULT"),
        ("P_ROUTING", "P_WORK_RESULT"),
    ] {
        ensure!(place(parent) < place(child), "{order:?}");
    }
    for object in OBJECTS.iter().filter(|object| !object.starts_with("BI_")) {
        mirror::assert_same(&pair, object, &format!("erp.{}", object.to_lowercase()))?;
    }
    Ok(())
}

#[test]
fn a_foreign_key_that_only_the_target_has_decides_the_order() -> Result<()> {
    let pair = Pair::new(
        "CREATE TABLE A_CHILD (ID int PRIMARY KEY NOT NULL, Z int); CREATE TABLE Z_PARENT (ID int PRIMARY KEY NOT NULL);
         INSERT INTO Z_PARENT VALUES (1), (2); INSERT INTO A_CHILD VALUES (1, 2), (2, 1);",
    )?;
    pair.database.run(
        "CREATE SCHEMA erp; CREATE TABLE erp.z_parent (id int PRIMARY KEY);
         CREATE TABLE erp.a_child (id int PRIMARY KEY, z int REFERENCES erp.z_parent)",
    )?;
    pair.exact(&["--all", "--jobs", "2"])?;
    ensure!(pair.database.value("SELECT count(*) FROM erp.a_child JOIN erp.z_parent p ON p.id = z")? == "2");
    Ok(())
}

#[test]
fn the_tables_of_rsl_take_rows_with_their_defaults_and_triggers() -> Result<()> {
    let pair = Pair::new(
        "CREATE TABLE B_ITEM (ITEM_CODE nvarchar(30) NOT NULL PRIMARY KEY, NAME nvarchar(60), OUTER_DIAMETER decimal(18,4), IS_STANDARD bit);
         INSERT INTO B_ITEM VALUES ('A-1', '씰', 12.5, 1), ('A-2', NULL, NULL, 0);",
    )?;
    let arguments = ["B_ITEM", "--into", "rsl.items", "--mode", "upsert", "--key", "ITEM_CODE"];
    pair.exact(&arguments)?;
    let rows = "SELECT id, item_code, name, outer_diameter, is_standard, metadata, created_at = updated_at FROM rsl.items ORDER BY id";
    let seen = pair.database.rows(rows)?;
    ensure!(seen == "1|A-1|씰|12.5|t|{}|t\n2|A-2|||f|{}|t\n", "{seen}");
    pair.edit("UPDATE B_ITEM SET NAME = 'seal' WHERE ITEM_CODE = 'A-1'; INSERT INTO B_ITEM VALUES ('A-3', '', 0, 1)")?;
    let report = pair.exact(&arguments)?;
    ensure!(report["tables"][0]["updated"] == 1 && report["tables"][0]["unchanged"] == 1, "{report:#}");
    let seen = pair.database.rows("SELECT item_code, name FROM rsl.items ORDER BY item_code")?;
    ensure!(seen == "A-1|seal\nA-2|\nA-3|\n", "{seen}");

    // What the table's own rules refuse changes nothing.
    pair.edit("INSERT INTO B_ITEM VALUES ('A-4', 'negative', -1, 1)")?;
    let digest = pair.digest("rsl.items")?;
    let ended = pair.ended(&arguments)?;
    ensure!(ended.code == Some(1) && ended.stdout.contains("items_outer_diameter_check"), "{ended:#?}");
    ensure!(pair.digest("rsl.items")? == digest && pair.staging()?.is_empty());
    Ok(())
}

#[test]
fn several_jobs_load_the_same_as_one() -> Result<()> {
    let [one, four] = [Pair::sample(Shape::Erp, 800)?, Pair::sample(Shape::Erp, 800)?];
    one.exact(&["--all"])?;
    four.exact(&["--all", "--jobs", "4"])?;
    for object in OBJECTS {
        let target = format!("erp.{}", object.to_lowercase());
        ensure!(one.digest(&target)? == four.digest(&target)?, "{object}");
    }
    Ok(())
}

#[test]
fn a_table_that_fails_leaves_the_others_loaded() -> Result<()> {
    let pair = Pair::new(SMALL)?;
    pair.edit("CREATE TABLE ZZZ (ID int NOT NULL PRIMARY KEY); INSERT INTO ZZZ VALUES (1), (3000000000)")?;
    let said = pair.failed(&["PART", "ZZZ"])?;
    ensure!(said.contains("ZZZ") && said.contains("id '3000000000'"), "{said}");
    mirror::assert_same(&pair, "PART", "erp.part")?;
    ensure!(pair.database.value("SELECT to_regclass('erp.zzz') IS NULL")? == "t");
    Ok(())
}

#[test]
fn settings_come_from_the_environment_or_from_a_file() -> Result<()> {
    let pair = Pair::new(SMALL)?;
    let mut command = rsl_tests::program::rsl(pair.folder())?;
    fs::write(
        pair.folder().join(".env"),
        format!("RSL_DATABASE_URL={}\nRSL_SOURCE_URL={}\n", pair.database.url(), pair.source_url()),
    )?;
    let ended = Ended::of(command.args(["pull", "PART"]))?;
    ensure!(ended.code == Some(0), "{ended:#?}");
    // The flag wins over both.
    let other = cluster::shared()?.database()?;
    let ended = pair.ended(&["PART", "--database-url", &other.url()])?;
    ensure!(ended.code == Some(0) && other.value("SELECT count(*) FROM erp.part")? == "3", "{ended:#?}");
    let loads = Ended::of(&mut pair.rsl(&["loads", "--format", "json"])?)?;
    let loads: Value = serde_json::from_str(&loads.stdout)?;
    ensure!(loads[0]["status"] == "exact" && loads[0]["object"] == "PART" && loads[1].is_null(), "{loads:#}");
    let verify = Ended::of(&mut pair.rsl(&["verify"])?)?;
    ensure!(verify.code == Some(0), "{verify:#?}");
    let deep = Ended::of(&mut pair.rsl(&["verify", "--deep", "constraints_bite", "--format", "json"])?)?;
    ensure!(
        deep.code == Some(0) && deep.stdout.contains("constraints that refuse what they must"),
        "{deep:#?}"
    );
    pair.database.run("DELETE FROM erp.part WHERE part_no = 'A'")?;
    let verify = Ended::of(&mut pair.rsl(&["verify"])?)?;
    ensure!(verify.code == Some(1) && verify.stdout.contains("erp.part"), "{verify:#?}");
    Ok(())
}

fn tables(report: &Value) -> Result<&Vec<Value>> {
    report["tables"].as_array().context("no tables in the report")
}

fn keys(object: &Value) -> Result<Vec<&str>> {
    Ok(object.as_object().context("not an object")?.keys().map(String::as_str).collect())
}
