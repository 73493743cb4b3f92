//! What a trigger must know of its table, kept for as long as the backend lives and nothing of it changes.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::ffi::CStr;
use std::rc::Rc;

use pgrx::prelude::*;
use pgrx::{JsonB, PgTupleDesc, pg_sys};
use rsl_core::image::Encoding;
use serde_json::{Value, json};

use super::value::{Column, type_name};
use crate::books::{internal, query_one};
use crate::datum::Reader;
use crate::owner::as_owner;
use crate::{Result, report};

/// An audited table, or a partition of one.
pub struct Tracked {
    pub table_id: i32,
    pub shape_id: i32,
    /// The columns that are audited.
    pub columns: Vec<Column>,
    /// Positions of the key among the columns, and what reads its values.
    pub key: Vec<usize>,
    pub key_readers: Vec<Reader>,
    /// Some column goes into images as text.
    pub needs_style: bool,
}

thread_local! {
    /// By relation and trigger.
    static CACHE: RefCell<HashMap<(pg_sys::Oid, pg_sys::Oid), Rc<Tracked>>> = RefCell::default();
    /// Counts what has become unknown, so that nothing is kept that changed while it was found out.
    static CHANGES: Cell<u64> = const { Cell::new(0) };
    static NEW_SHAPES: Cell<bool> = const { Cell::new(false) };
}

pub fn init() {
    // SAFETY: registered once for each backend; the callbacks are guarded.
    unsafe {
        pg_sys::CacheRegisterRelcacheCallback(Some(relation_changed), pg_sys::Datum::from(0));
        let schemas = pg_sys::SysCacheIdentifier::NAMESPACEOID as i32;
        pg_sys::CacheRegisterSyscacheCallback(schemas, Some(schema_changed), pg_sys::Datum::from(0));
    }
}

/// A schema that is renamed leaves its tables as they are, but not their names.
#[pg_guard]
unsafe extern "C-unwind" fn schema_changed(_argument: pg_sys::Datum, _cache: i32, _hash: u32) {
    CHANGES.set(CHANGES.get() + 1);
    CACHE.with_borrow_mut(HashMap::clear);
}

#[pg_guard]
unsafe extern "C-unwind" fn relation_changed(_argument: pg_sys::Datum, relation: pg_sys::Oid) {
    CHANGES.set(CHANGES.get() + 1);
    super::store::relation_changed(relation);
    // Nothing in this module holds the cache while it calls the server, so it is free.
    CACHE.with_borrow_mut(|cache| {
        if relation == pg_sys::InvalidOid {
            cache.clear();
        } else {
            cache.retain(|(of, _), _| *of != relation);
        }
    });
}

/// A shape that was written down in a transaction that failed is not there.
pub fn transaction_failed() {
    if NEW_SHAPES.take() {
        CACHE.with_borrow_mut(HashMap::clear);
    }
}

/// A transaction has ended well.
pub fn transaction_ended() {
    NEW_SHAPES.set(false);
}

/// What there is to know.
///
/// # Safety
/// The relation is open, and the trigger is one of its.
pub unsafe fn tracked(relation: pg_sys::Relation, trigger: *mut pg_sys::Trigger) -> Result<Rc<Tracked>> {
    // SAFETY: both are valid while the trigger runs.
    let by = unsafe { ((*relation).rd_id, (*trigger).tgoid) };
    if let Some(known) = CACHE.with_borrow(|cache| cache.get(&by).cloned()) {
        return Ok(known);
    }
    let before = CHANGES.get();
    // SAFETY: as the caller says.
    let new = Rc::new(unsafe { find_out(relation, trigger)? });
    if CHANGES.get() == before {
        CACHE.with_borrow_mut(|cache| cache.insert(by, new.clone()));
    }
    Ok(new)
}

/// The columns that the argument of the trigger names, `[[name, number]]`, as they are called now: a column that was renamed is
/// found by its number, as long as the table is the one for which the trigger was made.
fn names_now(settings: &Value, list: &str, table: &Names) -> Result<Vec<String>> {
    let same_table = settings["oid"].as_u64() == Some(u32::from(table.oid).into());
    let mut names = Vec::new();
    for entry in settings[list].as_array().into_iter().flatten() {
        let (name, number) = (entry[0].as_str().unwrap_or_default(), entry[1].as_u64().unwrap_or(0) as usize);
        let by_number = table.columns.get(number.wrapping_sub(1)).filter(|_| same_table);
        if table.columns.iter().flatten().any(|column| column == name) {
            names.push(name.to_owned());
        } else if let Some(Some(renamed)) = by_number {
            names.push(renamed.clone());
        } else if list == "key" || by_number.is_none() {
            return Err(report(
                PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
                format!("the audit of {} names the column \"{name}\", which is gone", table.name),
            )
            .set_hint(format!(
                "SELECT rsl.audit_off('{0}'); SELECT rsl.audit_on('{0}'); takes the table as it is now.",
                table.name.replace('\'', "''")
            )));
        }
    }
    Ok(names)
}

/// By what a column is known whatever it is called, as long as the table is not restored elsewhere.
pub fn column_number(system: u64, table: pg_sys::Oid, number: usize) -> String {
    format!("{system}.{}.{number}", u32::from(table))
}

/// A table by the names of its columns.
struct Names {
    oid: pg_sys::Oid,
    schema: String,
    table: String,
    /// Qualified and quoted.
    name: String,
    /// In order; none for a column that was dropped.
    columns: Vec<Option<String>>,
}

/// # Safety
/// The relation is open.
unsafe fn names_of(relation: pg_sys::Relation) -> Names {
    // SAFETY: what an open relation's cache entry holds; the names are copied.
    unsafe {
        let class = (*relation).rd_rel;
        let schema = pg_sys::get_namespace_name((*class).relnamespace);
        let quoted = pg_sys::quote_qualified_identifier(schema, (*class).relname.data.as_ptr());
        let text = |name: *const std::ffi::c_char| CStr::from_ptr(name).to_string_lossy().into_owned();
        let attributes = PgTupleDesc::from_pg_copy((*relation).rd_att);
        Names {
            oid: (*relation).rd_id,
            schema: text(schema),
            table: text((*class).relname.data.as_ptr()),
            name: text(quoted),
            columns: attributes
                .iter()
                .map(|attribute| (!attribute.attisdropped).then(|| text(attribute.attname.data.as_ptr())))
                .collect(),
        }
    }
}

/// # Safety
/// As for [`tracked`].
unsafe fn find_out(relation: pg_sys::Relation, trigger: *mut pg_sys::Trigger) -> Result<Tracked> {
    // SAFETY: a trigger of the server, whose arguments are strings.
    let settings = unsafe {
        if (*trigger).tgnargs != 1 {
            return Err(internal("a trigger of the audit without its settings"));
        }
        CStr::from_ptr(*(*trigger).tgargs).to_string_lossy().into_owned()
    };
    let settings: Value = serde_json::from_str(&settings)
        .map_err(|_| internal("a trigger of the audit with broken settings"))?;
    let table_id = settings["table"].as_i64().unwrap_or(0) as i32;
    // SAFETY: the relation is open; its root is opened and closed here.
    let (root, attributes) = unsafe {
        let attributes = PgTupleDesc::from_pg_copy((*relation).rd_att);
        let mut root = (*relation).rd_id;
        if (*(*relation).rd_rel).relispartition {
            let found = as_owner(|| query_one("SELECT pg_partition_root($1)::oid", &[root.into()]))?;
            root = found.unwrap_or(root);
        }
        let opened = pg_sys::relation_open(root, pg_sys::AccessShareLock as pg_sys::LOCKMODE);
        let names = names_of(opened);
        pg_sys::relation_close(opened, pg_sys::NoLock as pg_sys::LOCKMODE);
        (names, attributes)
    };
    must_own(table_id, &root)?;
    let (key, exclude) = (names_now(&settings, "key", &root)?, names_now(&settings, "exclude", &root)?);
    let (mut columns, mut names, mut described) = (Vec::new(), Vec::new(), Vec::new());
    // In the order of the audited table, so that its partitions share a shape.
    // SAFETY: reads what every server knows of itself.
    let system = unsafe { pg_sys::GetSystemIdentifier() };
    for (at, name) in root.columns.iter().enumerate().filter_map(|(at, name)| Some((at, name.as_ref()?))) {
        if exclude.contains(name) {
            continue;
        }
        let attribute = attributes.iter().find(|attribute| {
            // SAFETY: the name of an attribute is a string.
            !attribute.attisdropped
                && unsafe { CStr::from_ptr(attribute.attname.data.as_ptr()) }.to_bytes() == name.as_bytes()
        });
        let attribute = attribute.ok_or_else(|| internal("a partition without a column of its table"))?;
        let column = Column::new(attribute);
        let ty = type_name(attribute);
        let number = column_number(system, root.oid, at + 1);
        described
            .push(json!({ "name": name, "type": ty, "encoding": column.encoding.name(), "column": number }));
        columns.push(column);
        names.push(name.clone());
    }
    let positions: Option<Vec<usize>> =
        key.iter().map(|column| names.iter().position(|name| name == column)).collect();
    let positions = positions.ok_or_else(|| internal("the key of an audited table is not audited"))?;
    let key_readers = positions
        .iter()
        .filter_map(|&at| attributes.get(columns[at].at))
        .map(|attribute| Reader::new(attribute.atttypid))
        .collect();
    let shape_id = shape(table_id, &root, json!(described), json!(key))?;
    let needs_style = columns.iter().any(|column| column.encoding == Encoding::Other);
    Ok(Tracked { table_id, shape_id, columns, key: positions, key_readers, needs_style })
}

/// A table whose number another one has, too: whoever may add partitions to an audited table may also put a trigger of the audit on
/// a table of his own, with any number in its argument.
fn must_own(table_id: i32, table: &Names) -> Result<()> {
    let owner = as_owner(|| {
        query_one::<pg_sys::Oid>(
            "SELECT c.oid
             FROM (SELECT DISTINCT coalesce(pg_partition_root(t.target), t.target) AS root FROM rsl.audit_triggers() t
                WHERE (t.settings ->> 'table')::int = $1) r
             JOIN pg_class c ON c.oid = r.root JOIN pg_namespace n ON n.oid = c.relnamespace
             -- It is the one that was last written under this number, or else the one for which the audit was switched on.
             ORDER BY (n.nspname, c.relname) = (SELECT s.schema_name, s.table_name FROM rsl.audit_shape s
                    WHERE s.table_id = $1 ORDER BY s.since DESC, s.shape_id DESC LIMIT 1) DESC NULLS LAST,
                (n.nspname, c.relname) = (SELECT s.schema_name, s.table_name FROM rsl.audit_switch s
                    WHERE s.table_id = $1 AND s.action = 'on' ORDER BY s.switch_id DESC LIMIT 1) DESC NULLS LAST,
                (SELECT min(g.oid) FROM pg_trigger g WHERE g.tgrelid = c.oid AND g.tgfoid = 'rsl.audit_write()'::regprocedure)
             LIMIT 1",
            &[table_id.into()],
        )
    })?;
    let is_off = as_owner(|| {
        query_one::<bool>(
            "SELECT action = 'off' FROM rsl.audit_switch WHERE table_id = $1 ORDER BY switch_id DESC LIMIT 1",
            &[table_id.into()],
        )
    })?;
    if owner != Some(table.oid) || is_off != Some(false) {
        return Err(report(
            PgSqlErrorCode::ERRCODE_INSUFFICIENT_PRIVILEGE,
            format!("a trigger of {} writes to the audit log of another table", table.name),
        )
        .set_hint("Drop it. Only rsl.audit_on makes triggers of the audit."));
    }
    Ok(())
}

/// What the arguments of a trigger say, if `rsl.audit_on` can have written them.
#[pg_extern(sql = false)]
fn audit_trigger_settings(arguments: &[u8]) -> Option<JsonB> {
    let settings: Value = serde_json::from_slice(arguments.strip_suffix(&[0])?).ok()?;
    let is_number = |name: &str, most: u64| settings[name].as_u64().is_some_and(|number| number <= most);
    let is_list = |name: &str| {
        settings[name].as_array().is_some_and(|list| {
            list.iter().all(|column| column[0].is_string() && column[1].as_u64().is_some_and(|at| at <= 1600))
        })
    };
    let is_ours = is_number("table", i32::MAX as u64)
        && is_number("oid", u32::MAX.into())
        && is_list("key")
        && is_list("exclude");
    is_ours.then_some(JsonB(settings))
}

/// The number of a shape, which is written down if it is new. Two sessions that come upon it at the same time may both do so: it
/// costs a row, and nobody waits.
fn shape(table_id: i32, table: &Names, columns: Value, key: Value) -> Result<i32> {
    as_owner(|| {
        let arguments = [
            table_id.into(),
            table.schema.as_str().into(),
            table.table.as_str().into(),
            JsonB(columns).into(),
            JsonB(key).into(),
        ];
        let known = query_one::<i32>(
            "SELECT shape_id FROM rsl.audit_shape
             WHERE table_id = $1 AND schema_name = $2::name AND table_name = $3::name AND columns = $4
                AND key_columns = ARRAY(SELECT jsonb_array_elements_text($5))
             ORDER BY shape_id LIMIT 1",
            &arguments,
        )?;
        if let Some(known) = known {
            return Ok(known);
        }
        NEW_SHAPES.set(true);
        query_one::<i32>(
            "INSERT INTO rsl.audit_shape (table_id, schema_name, table_name, columns, key_columns)
             VALUES ($1, $2::name, $3::name, $4, ARRAY(SELECT jsonb_array_elements_text($5))) RETURNING shape_id",
            &arguments,
        )?
        .ok_or_else(|| internal("the shape was not written down"))
    })
}
