//! Rows in buckets by the hash of their key: `rsl.key_bucket` and the aggregates behind `rsl.table_buckets`.

use std::num::NonZeroU32;

use pgrx::prelude::*;
use pgrx::varlena;
use rsl_core::Buckets;
use rsl_core::buckets::{MAX_BUCKETS, bucket_of};
use rsl_core::canonical::{self, RowHasher};

use crate::datum::{Reader, argument_readers, field_hashes, kept_readers, push_fields};
use crate::sql_function::{aggregate_state, arguments, null, present, refuse_array, sql_function};
use crate::{raise, report};

sql_function!(key_bucket_wrapper, pg_finfo_key_bucket_wrapper, key_bucket);
sql_function!(buckets_add_wrapper, pg_finfo_buckets_add_wrapper, buckets_add);
sql_function!(buckets_add_row_wrapper, pg_finfo_buckets_add_row_wrapper, buckets_add_row);
sql_function!(buckets_combine_wrapper, pg_finfo_buckets_combine_wrapper, buckets_combine);
sql_function!(buckets_serialize_wrapper, pg_finfo_buckets_serialize_wrapper, buckets_serialize);
sql_function!(buckets_deserialize_wrapper, pg_finfo_buckets_deserialize_wrapper, buckets_deserialize);
sql_function!(buckets_result_wrapper, pg_finfo_buckets_result_wrapper, buckets_result);

/// The running state of an aggregate: lives on the Rust heap and dies with the aggregate's memory context.
struct State {
    buckets: Buckets,
    readers: Vec<Reader>,
    /// The hashes of the fields of the row that is being added.
    fields: Vec<u128>,
}

impl From<Buckets> for State {
    fn from(buckets: Buckets) -> Self {
        Self { buckets, readers: Vec::new(), fields: Vec::new() }
    }
}

pub fn invalid(message: impl Into<String>) -> ! {
    raise(report(PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE, message.into()))
}

/// An argument that must not be NULL.
pub fn given(argument: &pg_sys::NullableDatum, name: &str) -> pg_sys::Datum {
    present(argument).unwrap_or_else(|| invalid(format!("{name} must not be NULL")))
}

/// How many buckets an integer argument asks for.
pub fn bucket_count(argument: &pg_sys::NullableDatum) -> NonZeroU32 {
    let asked = given(argument, "the number of buckets").value() as i32;
    u32::try_from(asked)
        .ok()
        .filter(|&count| count <= MAX_BUCKETS)
        .and_then(NonZeroU32::new)
        .unwrap_or_else(|| invalid(format!("there can be 1 to {MAX_BUCKETS} buckets, not {asked}")))
}

unsafe fn key_bucket(fcinfo: pg_sys::FunctionCallInfo) -> pg_sys::Datum {
    // SAFETY: the SQL declaration is (int, VARIADIC "any"); the readers are those of the arguments' types.
    unsafe {
        let all = arguments(fcinfo);
        let count = bucket_count(&all[0]);
        let mut row = RowHasher::default();
        match (kept_readers(fcinfo, 1), present(&all[1])) {
            // More columns than a function has arguments come as one row.
            ([Reader::Row], Some(key)) => field_hashes(key, |hash| row.push(hash)),
            (readers, _) => push_fields(&mut row, readers.iter().zip(all[1..].iter().map(present))),
        }
        pg_sys::Datum::from(bucket_of(row.finish(), count) as i32)
    }
}

/// The state in the first argument, made if there is none yet from the second and third: how many buckets, and the positions
/// of the key, from 1.
///
/// # Safety
/// `fcinfo` is the call frame of an aggregate's function over (internal, int, int[], …).
unsafe fn state<'a>(fcinfo: pg_sys::FunctionCallInfo, columns: Option<usize>) -> &'a mut State {
    // SAFETY: only these functions make values of the first argument: SQL cannot, it is `internal`.
    unsafe {
        let all = arguments(fcinfo);
        if let Some(state) = present(&all[0]) {
            return &mut *state.cast_mut_ptr::<State>();
        }
        let count = bucket_count(&all[1]);
        let key = given(&all[2], "the key");
        let key = Vec::<Option<i32>>::from_datum(key, false).unwrap_or_default();
        let position = |at: Option<i32>| {
            at.and_then(|at| usize::try_from(at).ok()?.checked_sub(1))
                .filter(|&at| columns.is_none_or(|columns| at < columns))
                .unwrap_or_else(|| {
                    invalid("a position of the key is none of the columns, which count from 1")
                })
        };
        let key = key.into_iter().map(position).collect();
        aggregate_state(fcinfo, State::from(Buckets::new(count, key)))
    }
}

unsafe fn buckets_add(fcinfo: pg_sys::FunctionCallInfo) -> pg_sys::Datum {
    // SAFETY: the SQL declaration is (internal, int, int[], VARIADIC "any").
    unsafe {
        let values = &arguments(fcinfo)[3..];
        let state = state(fcinfo, Some(values.len()));
        if state.readers.is_empty() {
            refuse_array(fcinfo);
            state.readers = argument_readers(fcinfo, 3);
        }
        let State { buckets, readers, fields } = state;
        fields.clear();
        for (reader, value) in readers.iter().zip(values) {
            match present(value) {
                Some(datum) => reader.read(datum, |hash, _| fields.push(hash)),
                None => fields.push(canonical::NULL),
            }
        }
        buckets.add(fields);
        pg_sys::Datum::from(std::ptr::from_mut(state))
    }
}

unsafe fn buckets_add_row(fcinfo: pg_sys::FunctionCallInfo) -> pg_sys::Datum {
    // SAFETY: the SQL declaration is (internal, int, int[], record).
    unsafe {
        let state = state(fcinfo, None);
        let row = given(&arguments(fcinfo)[3], "the row");
        let State { buckets, fields, .. } = state;
        fields.clear();
        field_hashes(row, |hash| fields.push(hash));
        if buckets.key_reaches() > fields.len() {
            invalid("a position of the key is none of the columns, which count from 1");
        }
        buckets.add(fields);
        pg_sys::Datum::from(std::ptr::from_mut(state))
    }
}

unsafe fn buckets_combine(fcinfo: pg_sys::FunctionCallInfo) -> pg_sys::Datum {
    // SAFETY: the SQL declaration is (internal, internal), both states of this module.
    unsafe {
        let all = arguments(fcinfo);
        let Some(other) = present(&all[1]) else {
            return match present(&all[0]) {
                Some(state) => state,
                None => null(fcinfo),
            };
        };
        let other = &(*other.cast_mut_ptr::<State>()).buckets;
        let state = match present(&all[0]) {
            Some(state) => &mut *state.cast_mut_ptr::<State>(),
            None => aggregate_state(fcinfo, State::from(other.like())),
        };
        if !state.buckets.merge(other) {
            invalid("the number of buckets must be the same for all rows");
        }
        pg_sys::Datum::from(std::ptr::from_mut(state))
    }
}

unsafe fn buckets_serialize(fcinfo: pg_sys::FunctionCallInfo) -> pg_sys::Datum {
    // SAFETY: strict, (internal): a state of this module.
    let state = unsafe { &*arguments(fcinfo)[0].value.cast_mut_ptr::<State>() };
    state.buckets.to_bytes().as_slice().into_datum().unwrap_or(pg_sys::Datum::from(0))
}

unsafe fn buckets_deserialize(fcinfo: pg_sys::FunctionCallInfo) -> pg_sys::Datum {
    // SAFETY: strict, (bytea, internal): the bytes are those of buckets_serialize in another process of this server.
    unsafe {
        let bytes = varlena::varlena_to_byte_slice(pg_sys::pg_detoast_datum(
            arguments(fcinfo)[0].value.cast_mut_ptr(),
        ));
        let Some(buckets) = Buckets::from_bytes(bytes) else { invalid("these are no buckets") };
        pg_sys::Datum::from(std::ptr::from_mut(aggregate_state(fcinfo, State::from(buckets))))
    }
}

unsafe fn buckets_result(fcinfo: pg_sys::FunctionCallInfo) -> pg_sys::Datum {
    // SAFETY: (internal): a state of this module, or NULL if there was no row.
    unsafe {
        match present(&arguments(fcinfo)[0]) {
            Some(state) => {
                let buckets = &(*state.cast_mut_ptr::<State>()).buckets;
                let shown: Vec<String> = buckets.digests().iter().map(ToString::to_string).collect();
                shown.into_datum().unwrap_or(pg_sys::Datum::from(0))
            }
            None => null(fcinfo),
        }
    }
}
