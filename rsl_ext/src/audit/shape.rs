//! Shapes that tables had, and what else is looked up of them once for a statement.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::thread::LocalKey;

use pgrx::prelude::*;
use pgrx::{JsonB, pg_sys};
use rsl_core::image::{Encoding, Layout, Malformed};
use serde_json::Value;

use crate::books::read_one;
use crate::owner::as_owner;
use crate::{Result, report};

/// A shape that a table had, for whoever reads its images.
pub struct Shape {
    pub layout: Layout,
    pub columns: Vec<ShapeColumn>,
}

pub struct ShapeColumn {
    pub name: String,
    /// As [`column_number`] gave it.
    pub number: String,
    /// As `format_type` writes it.
    pub type_name: String,
    /// The type of this name now; none if it is gone.
    pub ty: Option<pg_sys::Oid>,
    /// Who owns it; none if a superuser does.
    pub owner: Option<pg_sys::Oid>,
}

thread_local! {
    static SHAPES: RefCell<PerStatement<Rc<Shape>>> = RefCell::default();
}

/// Looks a shape up. What was once written down stays, but types come and go.
pub fn shape(number: i32) -> Result<Rc<Shape>> {
    kept(&SHAPES, number, || find(number))
}

fn find(number: i32) -> Result<Rc<Shape>> {
    let described = as_owner(|| {
        read_one::<JsonB>(
            "SELECT jsonb_build_object('key', to_jsonb(key_columns), 'columns', (
                SELECT jsonb_agg(c || jsonb_build_object('oid', y.oid::bigint, 'owner', (
                    SELECT r.oid::bigint FROM pg_roles r WHERE r.oid = y.typowner AND NOT r.rolsuper)) ORDER BY n)
                FROM jsonb_array_elements(columns) WITH ORDINALITY u (c, n) LEFT JOIN pg_type y ON y.oid = to_regtype(c ->> 'type')))
             FROM rsl.audit_shape WHERE shape_id = $1",
            &[number.into()],
        )
    })?;
    let described = described.ok_or_else(|| damaged(&format!("there is no shape {number}")))?.0;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (mut encodings, mut columns) = (Vec::new(), Vec::new());
    for column in described["columns"].as_array().into_iter().flatten() {
        let encoding = Encoding::from_name(&text(&column["encoding"]));
        encodings.push(encoding.ok_or_else(|| damaged(&format!("shape {number} has an unknown encoding")))?);
        columns.push(ShapeColumn {
            name: text(&column["name"]),
            number: text(&column["column"]),
            type_name: text(&column["type"]),
            ty: column["oid"].as_u64().map(|oid| pg_sys::Oid::from(oid as u32)),
            owner: column["owner"].as_u64().map(|oid| pg_sys::Oid::from(oid as u32)),
        });
    }
    let key = described["key"].as_array().into_iter().flatten();
    let key: Option<Vec<usize>> =
        key.map(|name| columns.iter().position(|column| column.name == text(name))).collect();
    let key = key.ok_or_else(|| damaged(&format!("shape {number} lacks its key")))?;
    Ok(Rc::new(Shape { layout: Layout { encodings, key }, columns }))
}

/// Things that are looked up once for a statement, by the number of a shape.
pub struct PerStatement<T> {
    began: i64,
    found: HashMap<i32, T>,
}

impl<T> Default for PerStatement<T> {
    fn default() -> Self {
        Self { began: 0, found: HashMap::new() }
    }
}

/// What was looked up in this statement already, or else is now.
pub fn kept<T: Clone>(
    cache: &'static LocalKey<RefCell<PerStatement<T>>>,
    number: i32,
    find: impl FnOnce() -> Result<T>,
) -> Result<T> {
    // SAFETY: a plain call.
    let began = unsafe { pg_sys::GetCurrentStatementStartTimestamp() };
    let known = cache.with_borrow_mut(|cache| {
        if cache.began != began {
            *cache = PerStatement { began, found: HashMap::new() };
        }
        cache.found.get(&number).cloned()
    });
    if let Some(known) = known {
        return Ok(known);
    }
    let found = find()?;
    cache.with_borrow_mut(|cache| cache.found.insert(number, found.clone()));
    Ok(found)
}

/// What the log holds cannot be.
pub fn damaged(detail: &str) -> pg_sys::panic::ErrorReport {
    report(PgSqlErrorCode::ERRCODE_DATA_CORRUPTED, "the audit log is damaged")
        .set_detail(detail.to_owned())
        .set_hint("SELECT * FROM rsl.audit_check(); says where.")
}

/// The same, of images.
pub fn malformed(error: Malformed) -> pg_sys::panic::ErrorReport {
    damaged(&error.to_string())
}
