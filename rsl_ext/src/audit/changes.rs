//! The changes in a block, and the order of those of one key.

use std::collections::VecDeque;

use pgrx::prelude::*;
use pgrx::{PgMemoryContexts, name, pg_sys};
use rsl_core::canonical::RowHasher;
use rsl_core::image::{Block, Change, Fields, put_fields};

use super::shape::{malformed, shape};
use crate::Result;
use crate::datum::{Reader, argument_readers, push_fields};
use crate::sql_function::{arguments, present, sql_function};

sql_function!(audit_key_hash_wrapper, pg_finfo_audit_key_hash_wrapper, audit_key_hash);

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

/// `rsl.audit_key_hash(VARIADIC "any")`: the hash under which the log keeps a key.
unsafe fn audit_key_hash(fcinfo: pg_sys::FunctionCallInfo) -> pg_sys::Datum {
    // SAFETY: the SQL declaration is (VARIADIC "any"); the expression tells the types. The readers are kept with the call.
    unsafe {
        let info = (*fcinfo).flinfo;
        if (*info).fn_extra.is_null() {
            let readers = argument_readers(fcinfo, 0);
            (*info).fn_extra = PgMemoryContexts::For((*info).fn_mcxt).leak_and_drop_on_delete(readers).cast();
        }
        let readers = &*(*info).fn_extra.cast::<Vec<Reader>>();
        let mut hasher = RowHasher::default();
        push_fields(&mut hasher, readers.iter().zip(arguments(fcinfo).iter().map(present)));
        pg_sys::Datum::from(hasher.finish() as u64 as i64)
    }
}

/// All buckets in which the log keeps a key of this hash.
#[pg_extern(sql = false)]
fn audit_buckets(hash: i64) -> Vec<i64> {
    rsl_core::image::bucket_path(hash as u64)
}
