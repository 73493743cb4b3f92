//! Images as jsonb again.

use std::ffi::{CStr, CString};

use pgrx::pg_sys;
use pgrx::pg_sys::panic::CaughtError;
use pgrx::prelude::*;
use rsl_core::image::{Encoding, read_fields};
use serde_json::Value;

use super::shape::{ShapeColumn, damaged, malformed, shape};
use super::value::{datum_of, text_of, utf8};
use crate::books::read_one;
use crate::datum::bytes;
use crate::owner::restricted;
use crate::sql_function::{arguments, null, present, sql_function};
use crate::{Result, raise};

sql_function!(audit_json_wrapper, pg_finfo_audit_json_wrapper, audit_json);
sql_function!(audit_key_wrapper, pg_finfo_audit_key_wrapper, audit_key);

/// `rsl.audit_json(shape, fields, without)`: fields as an object, as `to_jsonb` of the row would have had them, but for those that
/// are the same in `without`. The jsonb is made of a text, so that no number in it passes through anything else.
unsafe fn audit_json(fcinfo: pg_sys::FunctionCallInfo) -> pg_sys::Datum {
    // SAFETY: the SQL declaration is (int, bytea, bytea); the input function of jsonb takes a string.
    unsafe {
        let arguments = arguments(fcinfo);
        let (Some(shape), Some(fields)) = (present(&arguments[0]), present(&arguments[1])) else {
            return null(fcinfo);
        };
        let without = present(&arguments[2]).map(|without| bytes(without));
        jsonb_of(json_text(shape.value() as i32, bytes(fields), without))
    }
}

fn jsonb_of(text: Result<String>) -> pg_sys::Datum {
    let text = text.and_then(|text| CString::new(text).map_err(|_| damaged("a text with a zero byte")));
    let text = text.unwrap_or_else(|error| raise(error));
    jsonb_in(&text).unwrap_or(pg_sys::Datum::from(0))
}

/// A jsonb, in the current memory context.
fn jsonb_in(text: &CStr) -> Option<pg_sys::Datum> {
    // SAFETY: the input function of jsonb takes a string.
    unsafe {
        pgrx::direct_function_call_as_datum(pg_sys::jsonb_in, &[Some(pg_sys::Datum::from(text.as_ptr()))])
    }
}

fn json_text(shape_id: i32, fields: &[u8], without: Option<&[u8]>) -> Result<String> {
    let shape = shape(shape_id)?;
    let mut out = String::from("{");
    let without = without.map(|fields| read_fields(fields, &shape.layout)).transpose().map_err(malformed)?;
    for (at, value) in read_fields(fields, &shape.layout).map_err(malformed)? {
        if without.as_ref().is_some_and(|without| without.contains(&(at, value))) {
            continue;
        }
        let column = &shape.columns[at];
        put_field(&mut out, &column.name, shape.layout.encodings[at], column, value)?;
    }
    out.push('}');
    Ok(out)
}

/// Bytes that fit into a jsonb.
const MOST_JSON: usize = 200 << 20;

fn put_field(
    out: &mut String,
    name: &str,
    encoding: Encoding,
    column: &ShapeColumn,
    value: Option<&[u8]>,
) -> Result<()> {
    if out.len() > 1 {
        out.push(',');
    }
    out.push_str(&Value::from(name).to_string());
    out.push(':');
    match value {
        None => out.push_str("null"),
        Some(value) if out.len() + value.len() > MOST_JSON => {
            out.push_str(
                &Value::from(format!("{} bytes: more than fits into a jsonb", value.len())).to_string(),
            );
        }
        Some(value) => put_json(out, encoding, column, value)?,
    }
    Ok(())
}

/// `rsl.audit_key(shape, fields, names)`: the key under the names that its columns have now.
unsafe fn audit_key(fcinfo: pg_sys::FunctionCallInfo) -> pg_sys::Datum {
    // SAFETY: the SQL declaration is (int, bytea, text[]), strict.
    unsafe {
        let arguments = arguments(fcinfo);
        let names = Vec::<Option<String>>::from_datum(arguments[2].value, false).unwrap_or_default();
        let fields = bytes(arguments[1].value);
        jsonb_of(key_text(arguments[0].value.value() as i32, fields, &names))
    }
}

fn key_text(shape_id: i32, fields: &[u8], names: &[Option<String>]) -> Result<String> {
    let shape = shape(shape_id)?;
    let same_key = names.len() == shape.layout.key.len();
    let fields = read_fields(fields, &shape.layout).map_err(malformed)?;
    let mut out = String::from("{");
    for (&at, name) in shape.layout.key.iter().zip(names.iter().map(Some).chain(std::iter::repeat(None))) {
        let Some((_, value)) = fields.iter().find(|(position, _)| *position == at) else { continue };
        let column = &shape.columns[at];
        let name = name.and_then(Option::as_ref).filter(|_| same_key).unwrap_or(&column.name);
        put_field(&mut out, name, shape.layout.encodings[at], column, *value)?;
    }
    out.push('}');
    Ok(out)
}

fn put_json(out: &mut String, encoding: Encoding, column: &ShapeColumn, value: &[u8]) -> Result<()> {
    let quoted = |out: &mut String, text: &str| out.push_str(&Value::from(text).to_string());
    match encoding {
        Encoding::Bool => out.push_str(if value == [0] { "false" } else { "true" }),
        Encoding::Int2 | Encoding::Int4 | Encoding::Int8 => out.push_str(&text_of(encoding, value)?),
        Encoding::Float4 | Encoding::Float8 | Encoding::Numeric => {
            let text = text_of(encoding, value)?;
            if text.ends_with(|last: char| last.is_ascii_digit()) {
                out.push_str(&text);
            } else {
                // NaN and the infinities are no numbers of JSON.
                quoted(out, &text);
            }
        }
        Encoding::Date | Encoding::Timestamp | Encoding::TimestampTz => {
            let ty = match encoding {
                Encoding::Date => pg_sys::DATEOID,
                Encoding::Timestamp => pg_sys::TIMESTAMPOID,
                _ => pg_sys::TIMESTAMPTZOID,
            };
            let mut buffer = [0 as std::ffi::c_char; 256];
            // SAFETY: the buffer is longer than any date and time (MAXDATELEN), and is ended by a zero.
            let text = unsafe {
                pg_sys::JsonEncodeDateTime(
                    buffer.as_mut_ptr(),
                    datum_of(encoding, value)?,
                    ty,
                    std::ptr::null(),
                );
                CStr::from_ptr(buffer.as_ptr()).to_string_lossy().into_owned()
            };
            quoted(out, &text);
        }
        Encoding::Json => {
            let text = utf8(value)?;
            // A json may say what a jsonb cannot: \u0000, half of a surrogate pair, a number without bounds.
            let is_plain = column.ty == Some(pg_sys::JSONBOID)
                || text.len() < 100_000
                    && !text.contains("\\u")
                    && !text.as_bytes().windows(2).any(is_exponent);
            if is_plain || is_jsonb(text) { out.push_str(text) } else { quoted(out, text) }
        }
        Encoding::Other => match column.ty.and_then(|ty| json_by_type(ty, column.owner, value)) {
            Some(json) => out.push_str(&json),
            None => quoted(out, utf8(value)?),
        },
        Encoding::Time | Encoding::Uuid | Encoding::Interval | Encoding::Text | Encoding::Bytea => {
            quoted(out, &text_of(encoding, value)?);
        }
    }
    Ok(())
}

fn is_exponent(pair: &[u8]) -> bool {
    pair[0].is_ascii_digit() && matches!(pair[1], b'e' | b'E')
}

fn is_jsonb(text: &str) -> bool {
    let Ok(text) = CString::new(text) else { return false };
    in_subtransaction(|| jsonb_in(&text)).is_some()
}

/// What `to_jsonb` makes of a value of a type that has no encoding of its own, in JSON; none if the type does not take the text
/// any more.
fn json_by_type(ty: pg_sys::Oid, owner: Option<pg_sys::Oid>, value: &[u8]) -> Option<String> {
    let text = CString::new(value).ok()?;
    // Of most types the text is all that there is to show.
    // SAFETY: catalogue look-ups by OID.
    let has_structure = unsafe {
        let base = pg_sys::getBaseType(ty);
        let mut function = pg_sys::InvalidOid;
        pg_sys::get_element_type(base) != pg_sys::InvalidOid
            // Such as hstore, which has a cast to json.
            || u32::from(base) >= pg_sys::FirstNormalObjectId
                && pg_sys::find_coercion_pathway(
                    pg_sys::JSONOID,
                    base,
                    pg_sys::CoercionContext::COERCION_EXPLICIT,
                    &mut function,
                ) == pg_sys::CoercionPathType::COERCION_PATH_FUNC
            || matches!(pg_sys::get_typtype(base) as u8, pg_sys::TYPTYPE_COMPOSITE)
    };
    if !has_structure {
        return None;
    }
    in_subtransaction(|| {
        let type_name = {
            // SAFETY: gives a string in the current memory context.
            unsafe { CStr::from_ptr(pg_sys::format_type_be_qualified(ty)) }.to_string_lossy().into_owned()
        };
        // What a domain checks, and casts to json, are functions of whoever owns the type: they run as him, not as whoever reads
        // the log.
        let sql = format!("SELECT pg_catalog.to_jsonb($1::pg_catalog.text::{type_name})::pg_catalog.text");
        let text = text.to_string_lossy().into_owned();
        // The type's name comes from the catalogue, quoted where it must be.
        let json = restricted(owner, || read_one::<String>(&sql, &[text.into()]));
        json.ok().flatten()
    })
}

/// Runs `work` in a subtransaction, which is rolled back if it raises: then there is nothing.
fn in_subtransaction<T>(work: impl FnOnce() -> Option<T> + std::panic::UnwindSafe) -> Option<T> {
    // SAFETY: as PL/pgSQL does it for a block with EXCEPTION: memory context and resource owner are put back.
    unsafe {
        let context = pg_sys::CurrentMemoryContext;
        let owner = pg_sys::CurrentResourceOwner;
        pg_sys::BeginInternalSubTransaction(std::ptr::null());
        pg_sys::MemoryContextSwitchTo(context);
        let outcome = pgrx::PgTryBuilder::new(|| Ok(work())).catch_others(Err).execute();
        if matches!(outcome, Ok(Some(_))) {
            pg_sys::ReleaseCurrentSubTransaction();
        } else {
            pg_sys::RollbackAndReleaseCurrentSubTransaction();
        }
        pg_sys::MemoryContextSwitchTo(context);
        pg_sys::CurrentResourceOwner = owner;
        match outcome {
            Ok(found) => found,
            Err(CaughtError::PostgresError(error)) if is_of_value(error.sql_error_code()) => None,
            Err(error) => error.rethrow(),
        }
    }
}

/// Whether an error is about a value or its type, and not one that ends the statement, such as a cancel.
fn is_of_value(code: PgSqlErrorCode) -> bool {
    // A SQLSTATE is five times six bits, the first character the lowest.
    let character = |at: u32| char::from(((code as u32 >> (6 * at)) & 0x3F) as u8 + b'0');
    matches!((character(0), character(1)), ('2', _) | ('4', '2') | ('P', _) | ('0', 'A') | ('5', '4'))
}
