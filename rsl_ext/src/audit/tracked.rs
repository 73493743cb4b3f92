//! What a trigger must know of its table, kept for as long as the backend lives and nothing of it changes.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::ffi::CStr;
use std::rc::Rc;

use pgrx::prelude::*;
use pgrx::{JsonB, PgTupleDesc, pg_sys};
use rsl_core::image::Encoding;
use serde_json::{Value, json};

use super::value::Column;
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
    // SAFETY: registered once for each backend; the callback is guarded.
    unsafe { pg_sys::CacheRegisterRelcacheCallback(Some(relation_changed), pg_sys::Datum::from(0)) };
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
    let (key, exclude) = (names_now(&settings, "key", &root)?, names_now(&settings, "exclude", &root)?);
    let (mut columns, mut names, mut described) = (Vec::new(), Vec::new(), Vec::new());
    // In the order of the audited table, so that its partitions share a shape.
    for name in root.columns.iter().flatten().filter(|name| !exclude.contains(name)) {
        let attribute = attributes.iter().find(|attribute| {
            // SAFETY: the name of an attribute is a string.
            !attribute.attisdropped
                && unsafe { CStr::from_ptr(attribute.attname.data.as_ptr()) }.to_bytes() == name.as_bytes()
        });
        let attribute = attribute.ok_or_else(|| internal("a partition without a column of its table"))?;
        let column = Column::new(attribute);
        // SAFETY: gives a string in the current memory context.
        let ty = unsafe {
            let flags = (pg_sys::FORMAT_TYPE_TYPEMOD_GIVEN | pg_sys::FORMAT_TYPE_FORCE_QUALIFY) as u16;
            let name = pg_sys::format_type_extended(attribute.atttypid, attribute.atttypmod, flags);
            CStr::from_ptr(name).to_string_lossy().into_owned()
        };
        described.push(json!({ "name": name, "type": ty, "encoding": column.encoding.name() }));
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
