//! Images as rows and as jsonb again.

use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::ffi::{CStr, CString};
use std::rc::Rc;

use pgrx::pg_sys::panic::CaughtError;
use pgrx::prelude::*;
use pgrx::{IntoDatum, JsonB, PgTupleDesc, name, pg_sys};
use rsl_core::canonical::{self, RowHasher};
use rsl_core::image::{Block, Change, Encoding, Fields, Layout, Malformed, put_fields, read_fields};
use serde_json::Value;

use super::tracked::column_number;
use super::value::encoding_of;
use crate::books::read_one;
use crate::datum::{Reader, deform};
use crate::owner::as_owner;
use crate::session::in_fixed_style;
use crate::sql_function::sql_function;
use crate::{Result, report};

sql_function!(audit_json_wrapper, pg_finfo_audit_json_wrapper, audit_json);
sql_function!(audit_key_hash_wrapper, pg_finfo_audit_key_hash_wrapper, audit_key_hash);
sql_function!(audit_key_wrapper, pg_finfo_audit_key_wrapper, audit_key);
sql_function!(audit_row_wrapper, pg_finfo_audit_row_wrapper, audit_row);

/// A shape that a table had, for whoever reads its images.
struct Shape {
    layout: Layout,
    columns: Vec<ShapeColumn>,
}

struct ShapeColumn {
    name: String,
    /// As [`column_number`] gave it.
    number: String,
    /// As `format_type` writes it.
    type_name: String,
    /// The type of this name now; none if it is gone.
    ty: Option<pg_sys::Oid>,
    /// Who owns it; none if a superuser does.
    owner: Option<pg_sys::Oid>,
}

thread_local! {
    static SHAPES: RefCell<HashMap<i32, Rc<Shape>>> = RefCell::default();
}

/// Looks a shape up. What was once written down stays; only which types are still there may change, so it is asked for each
/// transaction anew.
fn shape(number: i32) -> Result<Rc<Shape>> {
    // SAFETY: a plain call.
    let transaction = unsafe { pg_sys::GetCurrentStatementStartTimestamp() };
    thread_local! { static SINCE: std::cell::Cell<i64> = const { std::cell::Cell::new(0) }; }
    if SINCE.replace(transaction) != transaction {
        SHAPES.with_borrow_mut(HashMap::clear);
    }
    if let Some(known) = SHAPES.with_borrow(|shapes| shapes.get(&number).cloned()) {
        return Ok(known);
    }
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
    let shape = Rc::new(Shape { layout: Layout { encodings, key }, columns });
    SHAPES.with_borrow_mut(|shapes| shapes.insert(number, shape.clone()));
    Ok(shape)
}

fn damaged(detail: &str) -> pg_sys::panic::ErrorReport {
    report(PgSqlErrorCode::ERRCODE_DATA_CORRUPTED, "the audit log is damaged")
        .set_detail(detail.to_owned())
        .set_hint("SELECT * FROM rsl.audit_check(); says where.")
}

fn malformed(error: Malformed) -> pg_sys::panic::ErrorReport {
    damaged(&error.to_string())
}

type Parts = (i32, i8, i64, Vec<u8>, Option<Vec<u8>>, Option<Vec<u8>>);

/// The changes of a block: number from 1, kind, hash of the key, and key, old and new as bytes that [`audit_json`] reads.
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity)]
fn audit_changes(
    shape_id: i32,
    images: &[u8],
    hash: Option<i64>,
) -> Result<
    TableIterator<
        'static,
        (
            name!(n, i32),
            name!(kind, i8),
            name!(hash, i64),
            name!(key, Vec<u8>),
            name!(old, Option<Vec<u8>>),
            name!(new, Option<Vec<u8>>),
        ),
    >,
> {
    let shape = shape(shape_id)?;
    let block = Block::read(images).map_err(malformed)?;
    let mut found: Vec<Parts> = Vec::new();
    for at in 0..block.len() {
        let Some((one, bytes)) = block.get(at) else { break };
        if hash.is_some_and(|wanted| wanted as u64 != one) {
            continue;
        }
        let change = Change::read(bytes, &shape.layout).map_err(malformed)?;
        let stored = |fields: &Fields<'_>| {
            let mut out = Vec::new();
            put_fields(&mut out, fields, &shape.layout);
            out
        };
        found.push((
            at as i32 + 1,
            change.kind.letter() as i8,
            one as i64,
            stored(&change.key),
            change.old.as_ref().map(stored),
            change.new.as_ref().map(stored),
        ));
    }
    Ok(TableIterator::new(found))
}

/// `rsl.audit_json(shape, fields, without)`: fields as an object, as `to_jsonb` of the row would have had them, but for those that
/// are the same in `without`. The jsonb is made of a text, so that no number in it passes through anything else.
unsafe fn audit_json(fcinfo: pg_sys::FunctionCallInfo) -> pg_sys::Datum {
    // SAFETY: the SQL declaration is (int, bytea, bytea); the input function of jsonb takes a string.
    unsafe {
        let arguments = (*fcinfo).args.as_slice((*fcinfo).nargs as usize);
        if arguments[0].isnull || arguments[1].isnull {
            (*fcinfo).isnull = true;
            return pg_sys::Datum::from(0);
        }
        let without = (!arguments[2].isnull).then(|| crate::datum::bytes(arguments[2].value));
        let fields = crate::datum::bytes(arguments[1].value);
        jsonb_of(json_text(arguments[0].value.value() as i32, fields, without))
    }
}

fn jsonb_of(text: Result<String>) -> pg_sys::Datum {
    match text.and_then(|text| CString::new(text).map_err(|_| damaged("a text with a zero byte"))) {
        Ok(text) => {
            let text = pg_sys::Datum::from(text.as_ptr());
            // SAFETY: the input function of jsonb takes a string.
            unsafe { pgrx::direct_function_call_as_datum(pg_sys::jsonb_in, &[Some(text)]) }
                .unwrap_or(pg_sys::Datum::from(0))
        }
        Err(error) => {
            error.report(PgLogLevel::ERROR);
            pg_sys::Datum::from(0)
        }
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
        let arguments = (*fcinfo).args.as_slice((*fcinfo).nargs as usize);
        let names = Vec::<Option<String>>::from_datum(arguments[2].value, false).unwrap_or_default();
        let fields = crate::datum::bytes(arguments[1].value);
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

/// `rsl.audit_order(kinds, statements, old, new)`: the places of the changes of one key in one transaction. They are given by their
/// statements. But a trigger that makes room for a row runs after the statement has begun that brings the row, and of two rows
/// that change keys in one statement the one that comes may be seen before the one that goes.
#[pg_extern(sql = false)]
fn audit_order(
    kinds: &str,
    statements: Vec<i32>,
    old: pgrx::Array<'_, &[u8]>,
    new: pgrx::Array<'_, &[u8]>,
) -> Vec<i32> {
    let kinds = kinds.as_bytes();
    let (old, new): (Vec<_>, Vec<_>) = (old.iter().collect(), new.iter().collect());
    let comes = |at: usize| matches!(kinds[at], b'I' | b'C');
    let goes = |at: usize| matches!(kinds[at], b'D' | b'T' | b'K');
    let all = 0..kinds.len().min(statements.len()).min(old.len()).min(new.len());
    let came = all.clone().filter(|&at| comes(at)).count();
    let gone = all.clone().filter(|&at| goes(at)).count();
    let mut is_there = if came != gone {
        gone > came
    } else if let Some(first) = all.clone().next().filter(|&first| comes(first)) {
        // Either it came and went again, or another one had gone before.
        let next = all.clone().find(|&at| at > first && !comes(at)).unwrap_or(first);
        goes(next) && (statements[next] == statements[first] || old[next] != new[first])
    } else {
        true
    };
    let mut rest: VecDeque<usize> = all.collect();
    let mut places = vec![0; rest.len()];
    for place in 1..=rest.len() {
        let fits = rest.iter().position(|&at| comes(at) != is_there).unwrap_or(0);
        let Some(at) = rest.remove(fits) else { break };
        is_there = !goes(at);
        places[at] = place as i32;
    }
    places
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
    in_subtransaction(|| {
        // SAFETY: the input function of jsonb takes a string.
        unsafe {
            pgrx::direct_function_call_as_datum(pg_sys::jsonb_in, &[Some(pg_sys::Datum::from(text.as_ptr()))])
        }
    })
    .is_some()
}

fn utf8(value: &[u8]) -> Result<&str> {
    std::str::from_utf8(value).map_err(|_| damaged("a text is not UTF-8"))
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

/// A value of an encoding as PostgreSQL stores it, in the current memory context. Not for [`Encoding::Other`].
fn datum_of(encoding: Encoding, value: &[u8]) -> Result<pg_sys::Datum> {
    let short = || damaged("a value is too short");
    fn fixed<const N: usize>(value: &[u8]) -> Option<[u8; N]> {
        value.try_into().ok()
    }
    Ok(match encoding {
        Encoding::Bool => pg_sys::Datum::from(value == [1]),
        Encoding::Int2 => pg_sys::Datum::from(i16::from_le_bytes(fixed(value).ok_or_else(short)?)),
        Encoding::Int4 | Encoding::Date => {
            pg_sys::Datum::from(i32::from_le_bytes(fixed(value).ok_or_else(short)?))
        }
        Encoding::Float4 => pg_sys::Datum::from(u32::from_le_bytes(fixed(value).ok_or_else(short)?)),
        Encoding::Int8 | Encoding::Float8 | Encoding::Time | Encoding::Timestamp | Encoding::TimestampTz => {
            pg_sys::Datum::from(i64::from_le_bytes(fixed(value).ok_or_else(short)?))
        }
        Encoding::Uuid => {
            let bytes: [u8; 16] = fixed(value).ok_or_else(short)?;
            // SAFETY: allocates 16 bytes, which are written at once.
            unsafe {
                let place = pg_sys::palloc(16).cast::<[u8; 16]>();
                place.write(bytes);
                pg_sys::Datum::from(place)
            }
        }
        Encoding::Interval => {
            let bytes: [u8; 16] = fixed(value).ok_or_else(short)?;
            let word =
                |at: usize| i32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
            let time = u64::from(word(0) as u32) | u64::from(word(4) as u32) << 32;
            // SAFETY: allocates room for an interval, which is written at once.
            unsafe {
                let place = pg_sys::palloc(size_of::<pg_sys::Interval>()).cast::<pg_sys::Interval>();
                place.write(pg_sys::Interval { time: time as i64, day: word(8), month: word(12) });
                pg_sys::Datum::from(place)
            }
        }
        Encoding::Numeric => {
            if value.len() < 2 || !value.len().is_multiple_of(2) {
                return Err(short());
            }
            if cfg!(target_endian = "little") {
                varlena_of(value)
            } else {
                let swapped: Vec<u8> = value.as_chunks::<2>().0.iter().flat_map(|[a, b]| [*b, *a]).collect();
                varlena_of(&swapped)
            }
        }
        Encoding::Text | Encoding::Json | Encoding::Bytea | Encoding::Other => varlena_of(value),
    })
}

fn varlena_of(value: &[u8]) -> pg_sys::Datum {
    value.into_datum().unwrap_or(pg_sys::Datum::from(0))
}

/// The text form of a value, as its type's output function gives it.
fn text_of(encoding: Encoding, value: &[u8]) -> Result<String> {
    let function = match encoding {
        Encoding::Bool => pg_sys::F_BOOLOUT,
        Encoding::Int2 => pg_sys::F_INT2OUT,
        Encoding::Int4 => pg_sys::F_INT4OUT,
        Encoding::Int8 => pg_sys::F_INT8OUT,
        Encoding::Float4 => pg_sys::F_FLOAT4OUT,
        Encoding::Float8 => pg_sys::F_FLOAT8OUT,
        Encoding::Date => pg_sys::F_DATE_OUT,
        Encoding::Time => pg_sys::F_TIME_OUT,
        Encoding::Timestamp => pg_sys::F_TIMESTAMP_OUT,
        Encoding::TimestampTz => pg_sys::F_TIMESTAMPTZ_OUT,
        Encoding::Uuid => pg_sys::F_UUID_OUT,
        Encoding::Interval => pg_sys::F_INTERVAL_OUT,
        Encoding::Numeric => pg_sys::F_NUMERIC_OUT,
        Encoding::Bytea => pg_sys::F_BYTEAOUT,
        Encoding::Text | Encoding::Json | Encoding::Other => return Ok(utf8(value)?.to_owned()),
    };
    let datum = datum_of(encoding, value)?;
    // SAFETY: the output function of the type that the datum is of.
    let text = unsafe { CStr::from_ptr(pg_sys::OidOutputFunctionCall(function.into(), datum)) };
    Ok(text.to_string_lossy().into_owned())
}

/// `rsl.audit_row(base, shapes, fields)`: the base row, or one of NULLs, with fields put over it one after the other. A field
/// whose column has been dropped since is left out; one whose type has changed is converted by its text.
unsafe fn audit_row(fcinfo: pg_sys::FunctionCallInfo) -> pg_sys::Datum {
    // SAFETY: the SQL declaration is (anyelement, int[], bytea[]); the expression tells the type of the first.
    unsafe {
        let arguments = (*fcinfo).args.as_slice((*fcinfo).nargs as usize);
        let ty = pg_sys::get_fn_expr_argtype((*fcinfo).flinfo, 0);
        match make_row(ty, &arguments[0], &arguments[1], &arguments[2]) {
            Ok(row) => row,
            Err(error) => {
                error.report(PgLogLevel::ERROR);
                pg_sys::Datum::from(0)
            }
        }
    }
}

/// # Safety
/// Arguments as [`audit_row`] gets them.
unsafe fn make_row(
    ty: pg_sys::Oid,
    base: &pg_sys::NullableDatum,
    shapes: &pg_sys::NullableDatum,
    fields: &pg_sys::NullableDatum,
) -> Result<pg_sys::Datum> {
    // SAFETY: the caller vouches for the arguments.
    let (shape_ids, layers) = unsafe {
        (
            Vec::<Option<i32>>::from_datum(shapes.value, shapes.isnull).unwrap_or_default(),
            pgrx::Array::<&[u8]>::from_datum(fields.value, fields.isnull)
                .map(|layers| layers.iter().map(|layer| layer.map(<[u8]>::to_vec)).collect::<Vec<_>>())
                .unwrap_or_default(),
        )
    };
    // SAFETY: raises if it is no row type.
    let tuple_shape = unsafe { pg_sys::lookup_rowtype_tupdesc_copy(ty, -1) };
    // SAFETY: a shape of our own.
    let attributes = unsafe { PgTupleDesc::from_pg_copy(tuple_shape) };
    let columns = attributes.len();
    let (mut values, mut nulls) = (vec![pg_sys::Datum::from(0); columns], vec![true; columns]);
    if !base.isnull {
        // SAFETY: the caller vouches for the base, which is of this type; there is room for its fields.
        unsafe {
            let header =
                pg_sys::pg_detoast_datum(base.value.cast_mut_ptr()).cast::<pg_sys::HeapTupleHeaderData>();
            deform(header, pg_sys::lookup_rowtype_tupdesc(ty, -1), &mut values, &mut nulls);
        }
    }
    // SAFETY: plain look-ups.
    let (system, table) = unsafe { (pg_sys::GetSystemIdentifier(), pg_sys::get_typ_typrelid(ty)) };
    // SAFETY: the relation of a row type.
    let owner = unsafe { owner_of(table) };
    for (&shape_id, layer) in shape_ids.iter().zip(layers) {
        let (Some(shape_id), Some(layer)) = (shape_id, layer) else { continue };
        let shape = shape(shape_id)?;
        for (at, value) in read_fields(&layer, &shape.layout).map_err(malformed)? {
            let column = &shape.columns[at];
            let is_of_table =
                column.number.starts_with(column_number(system, table, 0).trim_end_matches('0'));
            let found = attributes.iter().enumerate().find(|(place, attribute)| {
                !attribute.attisdropped
                    && if is_of_table {
                        column.number == column_number(system, table, place + 1)
                    } else {
                        // SAFETY: the name of an attribute is a string.
                        unsafe { CStr::from_ptr(attribute.attname.data.as_ptr()) }.to_bytes()
                            == column.name.as_bytes()
                    }
            });
            let Some((place, attribute)) = found else { continue };
            nulls[place] = value.is_none();
            if let Some(value) = value {
                // SAFETY: an attribute of the row type.
                values[place] =
                    unsafe { value_for(attribute, shape.layout.encodings[at], column, value, owner)? };
            }
        }
    }
    // SAFETY: a value and a mark for each attribute.
    unsafe {
        let tuple = pg_sys::heap_form_tuple(tuple_shape, values.as_mut_ptr(), nulls.as_mut_ptr());
        Ok(pg_sys::heap_copy_tuple_as_datum(tuple, tuple_shape))
    }
}

/// Who owns a relation; none if a superuser does.
///
/// # Safety
/// The relation is there, or the row type has none.
unsafe fn owner_of(relation: pg_sys::Oid) -> Option<pg_sys::Oid> {
    if relation == pg_sys::InvalidOid {
        return None;
    }
    // SAFETY: the relation is open while it is looked at.
    unsafe {
        let opened = pg_sys::relation_open(relation, pg_sys::AccessShareLock as pg_sys::LOCKMODE);
        let owner = (*(*opened).rd_rel).relowner;
        pg_sys::relation_close(opened, pg_sys::AccessShareLock as pg_sys::LOCKMODE);
        (!pg_sys::superuser_arg(owner)).then_some(owner)
    }
}

/// Runs `work` as a role that can do nothing but that: a type does whatever its owner wants. Of none, it is
/// the caller. If `work` raises, the end of the (sub)transaction puts the user back.
fn restricted<T>(role: Option<pg_sys::Oid>, work: impl FnOnce() -> T) -> T {
    let (mut caller, mut context) = (pg_sys::InvalidOid, 0);
    // SAFETY: plain calls on the main thread; undone below.
    unsafe {
        pg_sys::GetUserIdAndSecContext(&mut caller, &mut context);
        let restricted = pg_sys::SECURITY_RESTRICTED_OPERATION | pg_sys::SECURITY_LOCAL_USERID_CHANGE;
        pg_sys::SetUserIdAndSecContext(role.unwrap_or(caller), context | restricted as i32);
    }
    let result = work();
    // SAFETY: as they were.
    unsafe { pg_sys::SetUserIdAndSecContext(caller, context) };
    result
}

/// A value of an image as the column takes it now, made with the rights of the owner of the table.
///
/// # Safety
/// An attribute of a row type.
unsafe fn value_for(
    attribute: &pg_sys::FormData_pg_attribute,
    encoding: Encoding,
    column: &ShapeColumn,
    value: &[u8],
    owner: Option<pg_sys::Oid>,
) -> Result<pg_sys::Datum> {
    // SAFETY: catalogue look-ups by OID; strings in the current memory context.
    unsafe {
        let flags = (pg_sys::FORMAT_TYPE_TYPEMOD_GIVEN | pg_sys::FORMAT_TYPE_FORCE_QUALIFY) as u16;
        let now =
            CStr::from_ptr(pg_sys::format_type_extended(attribute.atttypid, attribute.atttypmod, flags));
        let is_same = now.to_bytes() == column.type_name.as_bytes()
            && encoding_of(pg_sys::getBaseType(attribute.atttypid)) == encoding;
        let is_stored_so = is_same
            && encoding != Encoding::Other
            && attribute.atttypid != pg_sys::JSONBOID
            && attribute.atttypid != pg_sys::NAMEOID;
        if is_stored_so {
            return datum_of(encoding, value);
        }
        let text = in_fixed_style(|| text_of(encoding, value))?;
        let text = CString::new(text).map_err(|_| damaged("a text with a zero byte"))?;
        let (mut input, mut parameter) = (pg_sys::InvalidOid, pg_sys::InvalidOid);
        pg_sys::getTypeInputInfo(attribute.atttypid, &mut input, &mut parameter);
        let text = text.as_ptr().cast_mut();
        let read = || pg_sys::OidInputFunctionCall(input, text, parameter, attribute.atttypmod);
        Ok(in_fixed_style(|| restricted(owner, read)))
    }
}

/// `rsl.audit_key_hash(VARIADIC "any")`: the hash under which the log keeps a key.
unsafe fn audit_key_hash(fcinfo: pg_sys::FunctionCallInfo) -> pg_sys::Datum {
    // SAFETY: the SQL declaration is (VARIADIC "any"); the expression tells the types. The readers are kept with the call.
    unsafe {
        let arguments = (*fcinfo).args.as_slice((*fcinfo).nargs as usize);
        let cache = (*(*fcinfo).flinfo).fn_extra.cast::<Vec<Reader>>();
        let readers = if cache.is_null() {
            let readers: Vec<Reader> = (0..arguments.len())
                .map(|at| Reader::new(pg_sys::get_fn_expr_argtype((*fcinfo).flinfo, at as i32)))
                .collect();
            let kept =
                pgrx::PgMemoryContexts::For((*(*fcinfo).flinfo).fn_mcxt).leak_and_drop_on_delete(readers);
            (*(*fcinfo).flinfo).fn_extra = kept.cast();
            &*kept
        } else {
            &*cache
        };
        let mut hasher = RowHasher::default();
        for (reader, argument) in readers.iter().zip(arguments) {
            match argument.isnull {
                true => hasher.push(canonical::NULL),
                false => reader.read(argument.value, |hash, _| hasher.push(hash)),
            }
        }
        pg_sys::Datum::from(hasher.finish() as u64 as i64)
    }
}

/// All buckets in which the log keeps a key of this hash.
#[pg_extern(sql = false)]
fn audit_buckets(hash: i64) -> Vec<i64> {
    rsl_core::image::bucket_path(hash as u64)
}
