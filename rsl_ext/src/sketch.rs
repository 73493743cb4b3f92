//! The aggregates `rsl.sketch` and `rsl.witness_sketch`, and what is done with sketches; `rsl.row_hash`.

use pgrx::iter::TableIterator;
use pgrx::prelude::*;
use rsl_core::canonical::RowHasher;
use rsl_core::sketch::{Sketch, read_key, write_key};

use crate::datum::{Reader, argument_readers, kept_readers, push_fields, write_hex};
use crate::sql_function::{arguments, null, present, refuse_array, sql_function};
use crate::witness::{State, raise_shape, result_of, state};
use crate::{Result, raise, report};

sql_function!(sketch_add_wrapper, pg_finfo_sketch_add_wrapper, sketch_add);
sql_function!(witness_sketch_add_wrapper, pg_finfo_witness_sketch_add_wrapper, witness_sketch_add);
sql_function!(sketch_add_row_wrapper, pg_finfo_sketch_add_row_wrapper, sketch_add_row);
sql_function!(
    witness_sketch_add_row_wrapper,
    pg_finfo_witness_sketch_add_row_wrapper,
    witness_sketch_add_row
);
sql_function!(sketch_result_wrapper, pg_finfo_sketch_result_wrapper, sketch_result);
sql_function!(witness_sketch_result_wrapper, pg_finfo_witness_sketch_result_wrapper, witness_sketch_result);
sql_function!(row_hash_wrapper, pg_finfo_row_hash_wrapper, row_hash);

/// A sketch in the making, whose rows are known by their keys.
#[derive(Debug)]
pub struct KeyedSketch {
    sketch: Sketch,
    keys: Vec<Reader>,
    /// Room for the key of a row.
    key: Vec<u8>,
}

impl From<Sketch> for KeyedSketch {
    fn from(sketch: Sketch) -> Self {
        Self { sketch, keys: Vec::new(), key: Vec::new() }
    }
}

impl KeyedSketch {
    /// Adds what another worker has; false if it is of another size.
    pub fn merge(ours: &mut Option<Self>, other: &Option<Self>) -> bool {
        match (ours, other) {
            (_, None) => true,
            (Some(ours), Some(other)) => ours.sketch.merge(&other.sketch),
            (ours, Some(other)) => {
                *ours = Some(other.sketch.clone().into());
                true
            }
        }
    }

    pub fn to_bytes(&self) -> Vec<u8> {
        self.sketch.to_bytes()
    }

    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        Sketch::from_bytes(bytes).map(Self::from)
    }

    /// # Safety
    /// The values are of the keys' types.
    unsafe fn add(&mut self, hash: u128, values: &[pg_sys::NullableDatum]) {
        self.key.clear();
        let mut whole = true;
        for (reader, value) in self.keys.iter().zip(values) {
            let whole = &mut whole;
            let write = present(value).map(|datum| {
                // SAFETY: the caller vouches for the types.
                move |out: &mut Vec<u8>| *whole &= unsafe { reader.write_text(datum, out) }
            });
            write_key(&mut self.key, write);
        }
        if !whole {
            // As little to be told as of a key that is too long.
            self.key.clear();
            self.key.resize(usize::from(u8::MAX), 0);
        }
        self.sketch.add(hash, &self.key);
    }
}

/// The step of the aggregates: differences, number of key columns, the key's columns, the row's columns or the row as one value.
///
/// # Safety
/// `fcinfo` is the call frame of `sketch_add(internal, int, int, VARIADIC "any")` or one of its sisters.
#[inline]
unsafe fn add(fcinfo: pg_sys::FunctionCallInfo, digest_only: bool, of_rows: bool) -> pg_sys::Datum {
    // SAFETY: see above; the readers are those of the arguments' types.
    unsafe {
        let arguments = arguments(fcinfo);
        let state = state(fcinfo, digest_only);
        let mut sketch = state.sketch.take().unwrap_or_else(|| begin(fcinfo, state, of_rows));
        let (key, row) = arguments[3..].split_at(sketch.keys.len());
        let hash = match (of_rows, row) {
            (false, row) => state.add(row.iter().map(present)),
            (true, [row]) => match present(row) {
                Some(row) => state.add_composite(row),
                None => raise_shape(),
            },
            (true, _) => raise_shape(),
        };
        sketch.add(hash, key);
        state.sketch = Some(sketch);
        pg_sys::Datum::from(std::ptr::from_mut(state))
    }
}

/// What the first row tells of those to come.
///
/// # Safety
/// As of [`add`].
unsafe fn begin(fcinfo: pg_sys::FunctionCallInfo, state: &mut State, of_rows: bool) -> KeyedSketch {
    // SAFETY: the caller vouches for the frame, whose second and third arguments are integers.
    unsafe {
        refuse_array(fcinfo);
        let number = |at: usize| {
            let value = present(&arguments(fcinfo)[at]).map_or(-1, |datum| datum.value() as i32);
            usize::try_from(value).unwrap_or(usize::MAX)
        };
        let (differences, keys) = (number(1), number(2));
        let mut readers = argument_readers(fcinfo, 3);
        if differences > 1 << 20 || keys >= readers.len() {
            refuse(
                "Expected: how many differences it is made for (0 to 1048576), how many columns the key has, the key's columns, the row's columns.",
            );
        }
        let rows = readers.split_off(keys);
        match (of_rows, &rows[..]) {
            (false, _) => state.set_readers(rows),
            // A row tells its columns itself.
            (true, [Reader::Row]) => {}
            (true, _) => refuse("Expected: the key's columns, and then the row as one value."),
        }
        KeyedSketch { keys: readers, ..Sketch::for_differences(differences as u32).into() }
    }
}

fn refuse(hint: &str) -> ! {
    raise(
        report(PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE, "no sketch can be made of that")
            .set_hint(hint),
    )
}

unsafe fn sketch_add(fcinfo: pg_sys::FunctionCallInfo) -> pg_sys::Datum {
    // SAFETY: the SQL declaration is (internal, int, int, VARIADIC "any").
    unsafe { add(fcinfo, true, false) }
}

unsafe fn sketch_add_row(fcinfo: pg_sys::FunctionCallInfo) -> pg_sys::Datum {
    // SAFETY: the SQL declaration is (internal, int, int, VARIADIC "any").
    unsafe { add(fcinfo, true, true) }
}

unsafe fn witness_sketch_add(fcinfo: pg_sys::FunctionCallInfo) -> pg_sys::Datum {
    // SAFETY: the SQL declaration is (internal, int, int, VARIADIC "any").
    unsafe { add(fcinfo, false, false) }
}

unsafe fn witness_sketch_add_row(fcinfo: pg_sys::FunctionCallInfo) -> pg_sys::Datum {
    // SAFETY: the SQL declaration is (internal, int, int, VARIADIC "any").
    unsafe { add(fcinfo, false, true) }
}

/// # Safety
/// `fcinfo` is the call frame of a final function: a state of [`crate::witness`], or NULL if there was no row.
unsafe fn finished<'a>(fcinfo: pg_sys::FunctionCallInfo) -> Option<&'a State> {
    // SAFETY: see above.
    unsafe { present(&arguments(fcinfo)[0]).map(|state| &*state.cast_mut_ptr::<State>()) }
}

unsafe fn sketch_result(fcinfo: pg_sys::FunctionCallInfo) -> pg_sys::Datum {
    // SAFETY: the SQL declaration is (internal).
    let sketch = unsafe { finished(fcinfo) }.and_then(|state| state.sketch.as_ref());
    match sketch.and_then(|sketch| sketch.to_bytes().as_slice().into_datum()) {
        Some(datum) => datum,
        // SAFETY: the frame of this call.
        None => unsafe { null(fcinfo) },
    }
}

unsafe fn witness_sketch_result(fcinfo: pg_sys::FunctionCallInfo) -> pg_sys::Datum {
    // SAFETY: the SQL declaration is (internal).
    unsafe {
        let Some(state) = finished(fcinfo) else { return null(fcinfo) };
        let mut result = result_of(&state.witness);
        if let Some(sketch) = &state.sketch {
            let mut digits = Vec::new();
            write_hex(&sketch.to_bytes(), &mut digits);
            result["sketch"] = String::from_utf8_lossy(&digits).into();
        }
        pgrx::JsonB(result).into_datum().unwrap_or_else(|| null(fcinfo))
    }
}

/// The hash of a row of these values, 16 bytes, as docs/digest.md says.
unsafe fn row_hash(fcinfo: pg_sys::FunctionCallInfo) -> pg_sys::Datum {
    // SAFETY: the SQL declaration is (VARIADIC "any"); the readers are those of the arguments' types.
    unsafe {
        let mut row = RowHasher::default();
        push_fields(&mut row, kept_readers(fcinfo, 0).iter().zip(arguments(fcinfo).iter().map(present)));
        let hash = row.finish().to_be_bytes();
        hash.as_slice().into_datum().unwrap_or_else(|| null(fcinfo))
    }
}

fn read(bytes: &[u8]) -> Result<Sketch> {
    Sketch::from_bytes(bytes)
        .ok_or_else(|| report(PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE, "this is not a sketch"))
}

fn other_size() -> pg_sys::panic::ErrorReport {
    report(PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE, "the sketches are of different sizes")
}

#[pg_extern(sql = false)]
fn sketch_plus(a: &[u8], b: &[u8]) -> Result<Vec<u8>> {
    let mut sketch = read(a)?;
    if sketch.merge(&read(b)?) { Ok(sketch.to_bytes()) } else { Err(other_size()) }
}

#[pg_extern(sql = false)]
fn sketch_minus(a: &[u8], b: &[u8]) -> Result<Vec<u8>> {
    let mut sketch = read(a)?;
    if sketch.subtract(&read(b)?) { Ok(sketch.to_bytes()) } else { Err(other_size()) }
}

#[pg_extern(sql = false)]
fn sketch_of_nothing(differences: i32) -> Vec<u8> {
    Sketch::for_differences(u32::try_from(differences).unwrap_or(0)).to_bytes()
}

#[pg_extern(sql = false)]
fn sketch_digest(sketch: &[u8]) -> Result<String> {
    Ok(read(sketch)?.rows().to_string())
}

/// The rows that are left, or one row of NULLs if they cannot be told apart.
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity)]
fn sketch_left(
    sketch: &[u8],
) -> Result<
    TableIterator<
        'static,
        (name!(is_ours, Option<bool>), name!(key, Option<Vec<Option<String>>>), name!(hash, Option<Vec<u8>>)),
    >,
> {
    let rows = match read(sketch)?.left() {
        None => vec![(None, None, None)],
        Some(left) => left
            .into_iter()
            .map(|row| {
                let key = (!row.is_cut).then(|| read_key(&row.key)).flatten();
                let key =
                    key.map(|columns| columns.into_iter().map(|text| text.map(str::to_owned)).collect());
                (Some(row.is_ours), key, Some(row.hash.to_be_bytes().to_vec()))
            })
            .collect(),
    };
    Ok(TableIterator::new(rows))
}
