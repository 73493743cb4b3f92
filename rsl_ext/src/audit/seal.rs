//! Hashes of the log: SHA-256, over the form in which binary COPY writes a row, so that anybody can compute them again.

use std::cell::RefCell;

use pgrx::prelude::*;
use pgrx::{name, pg_sys, varlena};
use sha2::{Digest, Sha256};

use super::shape::{PerStatement, kept};
use crate::books::{query_one, read_one};
use crate::datum::{bytes, deform};
use crate::owner::as_owner;
use crate::session::{acting_role, actor, must_be_read_committed, session_role};
use crate::sql_function::{arguments, sql_function};
use crate::{Result, raise, report};

sql_function!(audit_block_hash_wrapper, pg_finfo_audit_block_hash_wrapper, audit_block_hash);

/// Bytes of an entry of a seal: the block's number (8), its month (2), its hash (32).
const ENTRY: usize = 42;

thread_local! {
    /// Hashes of shapes.
    static SHAPES: RefCell<PerStatement<[u8; 32]>> = RefCell::default();
}

/// `rsl.audit_block_hash(block)`: SHA-256 of the block's fields, each its length and its bytes as in binary COPY, and of the hash of
/// its shape.
unsafe fn audit_block_hash(fcinfo: pg_sys::FunctionCallInfo) -> pg_sys::Datum {
    // SAFETY: the SQL declaration is (rsl.audit_block), strict.
    unsafe {
        let hash = hash_of_block(arguments(fcinfo)[0].value).unwrap_or_else(|error| raise(error));
        hash.as_slice().into_datum().unwrap_or(pg_sys::Datum::from(0))
    }
}

/// # Safety
/// A composite value of type `rsl.audit_block`.
unsafe fn hash_of_block(block: pg_sys::Datum) -> Result<[u8; 32]> {
    // The columns by their types, in order.
    enum Form {
        Eight,
        Four,
        One,
        Text,
        Inet,
    }
    use Form::{Eight, Four, Inet, One, Text};
    const FORMS: [Form; 17] = [
        Eight, Eight, Eight, Eight, Eight, Four, Four, Four, Four, Four, One, Text, Text, Text, Text, Inet,
        Text,
    ];
    const SHAPE: usize = 7;
    let (mut values, mut nulls) = ([pg_sys::Datum::from(0); FORMS.len()], [true; FORMS.len()]);
    let mut hasher = Sha256::new();
    // SAFETY: the type has these columns, which is looked at; the values are of their types.
    unsafe {
        let header = pg_sys::pg_detoast_datum(block.cast_mut_ptr()).cast::<pg_sys::HeapTupleHeaderData>();
        let ty = pgrx::htup::heap_tuple_header_get_type_id(header);
        let shape = pg_sys::lookup_rowtype_tupdesc(ty, pgrx::htup::heap_tuple_header_get_typmod(header));
        if (*shape).natts as usize != FORMS.len() {
            return Err(report(PgSqlErrorCode::ERRCODE_DATA_CORRUPTED, "rsl.audit_block has been changed"));
        }
        deform(header, shape, &mut values, &mut nulls);
        for ((form, value), is_null) in FORMS.iter().zip(values).zip(nulls) {
            let mut field = |content: &[u8]| {
                hasher.update((content.len() as i32).to_be_bytes());
                hasher.update(content);
            };
            if is_null {
                hasher.update((-1i32).to_be_bytes());
                continue;
            }
            match form {
                Form::Eight => field(&(value.value() as u64).to_be_bytes()),
                Form::Four => field(&(value.value() as u32).to_be_bytes()),
                Form::One => field(&[value.value() as u8]),
                Form::Text => field(bytes(value)),
                Form::Inet => {
                    let sent = pg_sys::OidSendFunctionCall(pg_sys::F_INET_SEND.into(), value);
                    field(varlena::varlena_to_byte_slice(sent.cast()));
                }
            }
        }
    }
    hasher.update(hash_of_shape(values[SHAPE].value() as i32)?);
    Ok(hasher.finalize().into())
}

/// What the shape says goes into the hash of every block that needs it, as it stands there now.
fn hash_of_shape(shape: i32) -> Result<[u8; 32]> {
    kept(&SHAPES, shape, || {
        let hash = as_owner(|| {
            read_one::<Vec<u8>>(
                "SELECT sha256(convert_to(jsonb_build_array(table_id, schema_name, table_name, columns, key_columns)::text, 'UTF8'))
                 FROM rsl.audit_shape WHERE shape_id = $1",
                &[shape.into()],
            )
        })?;
        // A shape that is gone makes every block of it differ.
        Ok(hash.and_then(|hash| hash.try_into().ok()).unwrap_or([0; 32]))
    })
}

/// The entries of a seal: number of the block, months from 2000-01, hash.
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity)]
fn audit_entries(
    entries: &[u8],
) -> TableIterator<'static, (name!(block_id, i64), name!(month, i32), name!(hash, Vec<u8>))> {
    let read = |entry: &[u8]| {
        let (number, rest) = entry.split_first_chunk::<8>()?;
        let (month, hash) = rest.split_first_chunk::<2>()?;
        Some((i64::from_be_bytes(*number), i16::from_be_bytes(*month).into(), hash.to_vec()))
    };
    TableIterator::new(entries.chunks(ENTRY).filter_map(read).collect::<Vec<_>>())
}

/// `rsl.audit_seal()`: the work is SQL, run as the owner, whose books they are.
#[pg_extern(sql = false)]
fn audit_seal() -> Result<i64> {
    must_be_read_committed("the log is sealed in a transaction of isolation level READ COMMITTED")?;
    let (acting, session) = (acting_role(), session_role());
    let arguments = [acting.as_str().into(), session.as_str().into(), actor().into()];
    Ok(as_owner(|| query_one::<i64>("SELECT rsl.audit_put_seals($1, $2, $3)", &arguments))?.unwrap_or(0))
}
