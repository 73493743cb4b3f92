//! What a SQL Server computes of its rows, computed of the rows of a table: the aggregate behind `rsl.table_source_buckets`,
//! and `rsl.source_key_bucket`.

use std::num::NonZeroU32;

use pgrx::prelude::*;
use rsl_core::common::{
    Sums, bucket_of, clock_text, day_text, moment_text, number_text, push_field, uuid_text, wide_bytes,
};
use rsl_core::extent::Measure;
use sha2::{Digest, Sha256};

use crate::buckets::{bucket_count, given, invalid};
use crate::datum::{Reader, argument_readers, bytes, kept_readers};
use crate::raise;
use crate::report;
use crate::sql_function::{aggregate_state, arguments, present, refuse_array, sql_function};

sql_function!(source_buckets_add_wrapper, pg_finfo_source_buckets_add_wrapper, source_buckets_add);
sql_function!(source_key_bucket_wrapper, pg_finfo_source_key_bucket_wrapper, source_key_bucket);
sql_function!(source_buckets_result_wrapper, pg_finfo_source_buckets_result_wrapper, source_buckets_result);

/// The running state of the aggregate: lives on the Rust heap and dies with the aggregate's memory context.
struct State {
    count: NonZeroU32,
    /// Positions of the key, from 0.
    key: Vec<usize>,
    /// At least so many decimal places, of each column.
    places: Vec<usize>,
    readers: Vec<Reader>,
    sums: Vec<Sums>,
    /// Each field of the row that is being added.
    fields: Vec<Vec<u8>>,
}

/// Appends the field's common form.
///
/// # Safety
/// The value is of the reader's type.
unsafe fn push(reader: &Reader, value: Option<pg_sys::Datum>, places: usize, out: &mut Vec<u8>) {
    let Some(datum) = value else { return push_field(out, None) };
    let mut text = |text: String| push_field(out, Some(text.as_bytes()));
    // SAFETY (all blocks): the caller vouches for the type.
    match reader {
        Reader::Bool => text(u8::from(datum.value() as u8 != 0).to_string()),
        // SAFETY: see above.
        Reader::Uuid => text(uuid_text(unsafe { &*datum.cast_mut_ptr::<[u8; 16]>() })),
        // SAFETY: see above.
        Reader::Bytea => push_field(out, Some(unsafe { bytes(datum) })),
        Reader::Text => {
            // SAFETY: see above.
            let wide = wide_bytes(&String::from_utf8_lossy(unsafe { bytes(datum) }));
            push_field(out, Some(&wide));
        }
        Reader::Int2
        | Reader::Int4
        | Reader::Int8
        | Reader::Numeric
        | Reader::Date
        | Reader::Time
        | Reader::Timestamp
        | Reader::TimestampTz => {
            let told = |_, measure: Measure<'_>| match measure {
                Measure::Number(number) => text(number_text(number, places)),
                Measure::Date(days) => text(day_text(days)),
                Measure::Time(micros) => text(clock_text(micros, places)),
                Measure::Timestamp(micros) | Measure::TimestampTz(micros) => {
                    text(moment_text(micros, places))
                }
                _ => {}
            };
            // SAFETY: see above.
            unsafe { reader.read(datum, told) };
        }
        _ => raise(
            report(
                PgSqlErrorCode::ERRCODE_FEATURE_NOT_SUPPORTED,
                "a value of this type has no form that a SQL Server computes, too",
            )
            .set_hint("rsl.table_buckets takes every type."),
        ),
    }
}

/// # Safety
/// The datum is an int[].
unsafe fn integers(argument: &pg_sys::NullableDatum, name: &str) -> Vec<usize> {
    // SAFETY: see above.
    let all = unsafe { Vec::<Option<i32>>::from_datum(given(argument, name), false) }.unwrap_or_default();
    all.into_iter()
        .map(|number| {
            number
                .and_then(|number| usize::try_from(number).ok())
                .unwrap_or_else(|| invalid(format!("{name} must be numbers from 0")))
        })
        .collect()
}

unsafe fn source_buckets_add(fcinfo: pg_sys::FunctionCallInfo) -> pg_sys::Datum {
    // SAFETY: the SQL declaration is (internal, int, int[], int[], VARIADIC "any"); only this function makes values of the first
    // argument: SQL cannot, it is `internal`.
    unsafe {
        let all = arguments(fcinfo);
        let values = &all[4..];
        let state = match present(&all[0]) {
            Some(state) => &mut *state.cast_mut_ptr::<State>(),
            None => {
                refuse_array(fcinfo);
                let count = bucket_count(&all[1]);
                let key: Vec<usize> = integers(&all[2], "the key's positions");
                if key.iter().any(|&at| at == 0 || at > values.len()) {
                    invalid("a position of the key is none of the columns, which count from 1");
                }
                let places = integers(&all[3], "the decimal places");
                if places.len() != values.len() {
                    invalid("there must be a number of decimal places for each column");
                }
                let state = State {
                    count,
                    key: key.into_iter().map(|at| at - 1).collect(),
                    places,
                    readers: argument_readers(fcinfo, 4),
                    sums: vec![Sums::default(); count.get() as usize],
                    fields: vec![Vec::new(); values.len()],
                };
                aggregate_state(fcinfo, state)
            }
        };
        let mut row = Sha256::new();
        for (at, (reader, value)) in state.readers.iter().zip(values).enumerate() {
            let field = &mut state.fields[at];
            field.clear();
            push(reader, present(value), state.places[at], field);
            row.update(&*field);
        }
        let row: [u8; 32] = row.finalize().into();
        let key = if state.key.is_empty() {
            row
        } else {
            let mut key = Sha256::new();
            state.key.iter().for_each(|&at| key.update(&state.fields[at]));
            key.finalize().into()
        };
        state.sums[bucket_of(&key, state.count) as usize].add(&row);
        pg_sys::Datum::from(std::ptr::from_mut(state))
    }
}

unsafe fn source_buckets_result(fcinfo: pg_sys::FunctionCallInfo) -> pg_sys::Datum {
    // SAFETY: (internal): a state of this module, or NULL if there was no row.
    let state = unsafe { present(&arguments(fcinfo)[0]).map(|state| &*state.cast_mut_ptr::<State>()) };
    let shown: Vec<String> =
        state.map_or_else(Vec::new, |state| state.sums.iter().map(ToString::to_string).collect());
    shown.into_datum().unwrap_or(pg_sys::Datum::from(0))
}

unsafe fn source_key_bucket(fcinfo: pg_sys::FunctionCallInfo) -> pg_sys::Datum {
    // SAFETY: the SQL declaration is (int, int[], VARIADIC "any"); the readers are those of the arguments' types.
    unsafe {
        let all = arguments(fcinfo);
        let (count, values) = (bucket_count(&all[0]), &all[2..]);
        let readers = kept_readers(fcinfo, 2);
        let places = integers(&all[1], "the decimal places");
        if places.len() != values.len() {
            invalid("there must be a number of decimal places for each column");
        }
        let mut key = Vec::new();
        for ((reader, value), places) in readers.iter().zip(values).zip(places) {
            push(reader, present(value), places, &mut key);
        }
        pg_sys::Datum::from(bucket_of(&Sha256::digest(&key).into(), count) as i32)
    }
}
