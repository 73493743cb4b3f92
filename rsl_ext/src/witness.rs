//! The aggregates `rsl.witness`, `rsl.row_witness`, `rsl.digest` and `rsl.digest_columns`, and what compares them.

use pgrx::prelude::*;
use pgrx::varlena;
use rsl_core::Witness;
use rsl_core::canonical::{self, RowHasher};
use rsl_core::witness::Account;

use crate::datum::{Reader, argument_readers, deform, push_fields};
use crate::sketch::KeyedSketch;
use crate::sql_function::{aggregate_state, arguments, present, refuse_array, sql_function};
use crate::{Result, raise, report};

sql_function!(witness_add_wrapper, pg_finfo_witness_add_wrapper, witness_add);
sql_function!(witness_add_row_wrapper, pg_finfo_witness_add_row_wrapper, witness_add_row);
sql_function!(digest_add_wrapper, pg_finfo_digest_add_wrapper, digest_add);
sql_function!(digest_add_columns_wrapper, pg_finfo_digest_add_columns_wrapper, digest_add_columns);
sql_function!(witness_combine_wrapper, pg_finfo_witness_combine_wrapper, witness_combine);
sql_function!(witness_serialize_wrapper, pg_finfo_witness_serialize_wrapper, witness_serialize);
sql_function!(witness_deserialize_wrapper, pg_finfo_witness_deserialize_wrapper, witness_deserialize);
sql_function!(witness_result_wrapper, pg_finfo_witness_result_wrapper, witness_result);
sql_function!(witness_digest_wrapper, pg_finfo_witness_digest_wrapper, witness_digest);

/// The running state of an aggregate: lives on the Rust heap and dies with the aggregate's memory context.
#[derive(Default)]
pub struct State {
    pub witness: Witness,
    /// One for each column, made at the first row.
    pub readers: Vec<Reader>,
    /// The shape of composite values: type and modifier for which `readers` and `fields` were made.
    row_type: Option<(pg_sys::Oid, i32)>,
    /// Which attributes of a composite value are columns: not the dropped ones.
    fields: Vec<usize>,
    /// Room for a deformed row.
    values: Vec<pg_sys::Datum>,
    nulls: Vec<bool>,
    /// Only the row digest is wanted.
    digest_only: bool,
    row: RowHasher,
    /// Made besides, in the aggregates of [`crate::sketch`].
    pub sketch: Option<KeyedSketch>,
}

impl State {
    pub fn set_readers(&mut self, readers: Vec<Reader>) {
        let new = if self.digest_only {
            Witness::new([])
        } else {
            Witness::new(readers.iter().map(Reader::is_exact_number))
        };
        let before = std::mem::replace(&mut self.witness, new);
        if before.rows() > 0 && !self.witness.merge(&before) {
            raise_shape();
        }
        self.readers = readers;
    }

    /// Adds a row and returns its hash.
    ///
    /// # Safety
    /// The values are of the readers' types.
    #[inline]
    pub unsafe fn add(&mut self, values: impl Iterator<Item = Option<pg_sys::Datum>>) -> u128 {
        let (witness, row) = (&mut self.witness, &mut self.row);
        if self.digest_only {
            // SAFETY: the caller vouches for the types.
            unsafe { push_fields(row, self.readers.iter().zip(values)) };
            let hash = row.finish();
            witness.add_hash(hash);
            hash
        } else {
            for (at, (reader, value)) in self.readers.iter().zip(values).enumerate() {
                match value {
                    None => witness.add_null(at),
                    // SAFETY: the caller vouches for the types.
                    Some(datum) => unsafe {
                        reader.read(datum, |hash, measure| witness.add_field(at, hash, measure));
                    },
                }
            }
            witness.end_row()
        }
    }

    /// Adds a composite value as a row of its fields and returns its hash.
    ///
    /// # Safety
    /// `datum` is a composite value.
    pub unsafe fn add_composite(&mut self, datum: pg_sys::Datum) -> u128 {
        // SAFETY: a composite value is a varlena that begins with a HeapTupleHeader; deforming reads `natts` fields, for
        // which there is room.
        unsafe {
            let header = pg_sys::pg_detoast_datum(datum.cast_mut_ptr()).cast::<pg_sys::HeapTupleHeaderData>();
            let row_type = (
                pgrx::htup::heap_tuple_header_get_type_id(header),
                pgrx::htup::heap_tuple_header_get_typmod(header),
            );
            let shape = pg_sys::lookup_rowtype_tupdesc(row_type.0, row_type.1);
            let natts = (*shape).natts as usize;
            if self.row_type != Some(row_type) {
                let attributes = pgrx::PgTupleDesc::from_pg_copy(shape);
                self.fields =
                    (0..natts).filter(|&i| attributes.get(i).is_some_and(|a| !a.attisdropped)).collect();
                let readers = self
                    .fields
                    .iter()
                    .filter_map(|&i| attributes.get(i))
                    .map(|a| Reader::new(a.atttypid))
                    .collect();
                if self.row_type.is_some() && self.readers.len() != self.fields.len() {
                    raise_shape();
                }
                self.set_readers(readers);
                self.row_type = Some(row_type);
                self.values = vec![pg_sys::Datum::from(0); natts];
                self.nulls = vec![true; natts];
            }
            deform(header, shape, &mut self.values, &mut self.nulls);
            let (fields, values, nulls) = (
                std::mem::take(&mut self.fields),
                std::mem::take(&mut self.values),
                std::mem::take(&mut self.nulls),
            );
            let hash = self.add(fields.iter().map(|&i| (!nulls[i]).then(|| values[i])));
            (self.fields, self.values, self.nulls) = (fields, values, nulls);
            hash
        }
    }
}

pub fn raise_shape() -> ! {
    raise(report(
        PgSqlErrorCode::ERRCODE_DATATYPE_MISMATCH,
        "the rows of one digest must have the same columns",
    ))
}

/// The state in the first argument, made if there is none yet.
///
/// # Safety
/// `fcinfo` is the call frame of a function whose first argument is a state of this module.
#[inline]
pub unsafe fn state<'a>(fcinfo: pg_sys::FunctionCallInfo, digest_only: bool) -> &'a mut State {
    // SAFETY: only these functions make values of the first argument: SQL cannot, it is `internal`.
    unsafe {
        match present(&arguments(fcinfo)[0]) {
            Some(state) => &mut *state.cast_mut_ptr::<State>(),
            None => aggregate_state(fcinfo, State { digest_only, ..State::default() }),
        }
    }
}

/// # Safety
/// `fcinfo` is the call frame of `witness_add(internal, VARIADIC "any")` or its sister.
#[inline]
unsafe fn add_arguments(fcinfo: pg_sys::FunctionCallInfo, digest_only: bool) -> pg_sys::Datum {
    // SAFETY: see above; the readers are those of the arguments' types.
    unsafe {
        let state = state(fcinfo, digest_only);
        if state.readers.is_empty() {
            refuse_array(fcinfo);
            state.set_readers(argument_readers(fcinfo, 1));
        }
        state.add(arguments(fcinfo)[1..].iter().map(present));
        pg_sys::Datum::from(std::ptr::from_mut(state))
    }
}

unsafe fn witness_add(fcinfo: pg_sys::FunctionCallInfo) -> pg_sys::Datum {
    // SAFETY: the SQL declaration is (internal, VARIADIC "any").
    unsafe { add_arguments(fcinfo, false) }
}

unsafe fn digest_add_columns(fcinfo: pg_sys::FunctionCallInfo) -> pg_sys::Datum {
    // SAFETY: the SQL declaration is (internal, VARIADIC "any").
    unsafe { add_arguments(fcinfo, true) }
}

unsafe fn witness_add_row(fcinfo: pg_sys::FunctionCallInfo) -> pg_sys::Datum {
    // SAFETY: the SQL declaration is (internal, record).
    unsafe {
        let state = state(fcinfo, false);
        if let Some(row) = present(&arguments(fcinfo)[1]) {
            state.add_composite(row);
        }
        pg_sys::Datum::from(std::ptr::from_mut(state))
    }
}

unsafe fn digest_add(fcinfo: pg_sys::FunctionCallInfo) -> pg_sys::Datum {
    // SAFETY: the SQL declaration is (internal, anyelement): the expression tells which.
    unsafe {
        let state = state(fcinfo, true);
        let value = present(&arguments(fcinfo)[1]);
        if state.readers.is_empty() && state.row_type.is_none() {
            let ty = pg_sys::get_fn_expr_argtype((*fcinfo).flinfo, 1);
            let composite = ty == pg_sys::RECORDOID
                || pg_sys::get_typtype(pg_sys::getBaseType(ty)) as u8 == pg_sys::TYPTYPE_COMPOSITE;
            if !composite {
                state.set_readers(vec![Reader::new(ty)]);
            }
        }
        match (value, state.readers.first(), state.row_type) {
            // A value that is no row counts as itself, not as a row of one field.
            (Some(datum), Some(reader), None) => {
                let witness = &mut state.witness;
                reader.read(datum, |hash, _| witness.add_hash(hash));
            }
            (Some(datum), _, _) => {
                state.add_composite(datum);
            }
            (None, _, _) => state.witness.add_hash(canonical::NULL),
        }
        pg_sys::Datum::from(std::ptr::from_mut(state))
    }
}

unsafe fn witness_combine(fcinfo: pg_sys::FunctionCallInfo) -> pg_sys::Datum {
    // SAFETY: the SQL declaration is (internal, internal), both states of this module.
    unsafe {
        let state = state(fcinfo, false);
        if let Some(other) = present(&arguments(fcinfo)[1]) {
            let other = &*other.cast_mut_ptr::<State>();
            if !state.witness.merge(&other.witness) || !KeyedSketch::merge(&mut state.sketch, &other.sketch) {
                raise_shape();
            }
        }
        pg_sys::Datum::from(std::ptr::from_mut(state))
    }
}

unsafe fn witness_serialize(fcinfo: pg_sys::FunctionCallInfo) -> pg_sys::Datum {
    // SAFETY: strict, (internal): a state of this module.
    let state = unsafe { state(fcinfo, false) };
    let witness = state.witness.to_bytes();
    let mut bytes = (witness.len() as u32).to_le_bytes().to_vec();
    bytes.extend_from_slice(&witness);
    if let Some(sketch) = &state.sketch {
        bytes.extend_from_slice(&sketch.to_bytes());
    }
    bytes.as_slice().into_datum().unwrap_or(pg_sys::Datum::from(0))
}

unsafe fn witness_deserialize(fcinfo: pg_sys::FunctionCallInfo) -> pg_sys::Datum {
    // SAFETY: strict, (bytea, internal): the bytes are those of witness_serialize in another process of this server.
    unsafe {
        let bytes = varlena::varlena_to_byte_slice(pg_sys::pg_detoast_datum(
            arguments(fcinfo)[0].value.cast_mut_ptr(),
        ));
        let read = || {
            let (length, rest) = bytes.split_first_chunk()?;
            let (witness, sketch) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
            let sketch = match sketch {
                [] => None,
                sketch => Some(KeyedSketch::from_bytes(sketch)?),
            };
            Some(State { witness: Witness::from_bytes(witness)?, sketch, ..State::default() })
        };
        let Some(state) = read() else { raise_shape() };
        pg_sys::Datum::from(std::ptr::from_mut(aggregate_state(fcinfo, state)))
    }
}

unsafe fn witness_result(fcinfo: pg_sys::FunctionCallInfo) -> pg_sys::Datum {
    // SAFETY: (internal): a state of this module, or NULL if there was no row.
    let witness =
        unsafe { present(&arguments(fcinfo)[0]).map(|state| &(*state.cast_mut_ptr::<State>()).witness) };
    let none = Witness::default();
    let witness = witness.unwrap_or(&none);
    pgrx::JsonB(result_of(witness)).into_datum().unwrap_or(pg_sys::Datum::from(0))
}

/// What `rsl.witness` returns.
pub fn result_of(witness: &Witness) -> serde_json::Value {
    let columns: Vec<_> = witness.column_accounts().collect();
    serde_json::json!({ "rows": witness.rows(), "digest": witness.digest(), "columns": columns })
}

unsafe fn witness_digest(fcinfo: pg_sys::FunctionCallInfo) -> pg_sys::Datum {
    // SAFETY: (internal): a state of this module, or NULL if there was no row.
    let digest = unsafe {
        present(&arguments(fcinfo)[0]).map(|state| (*state.cast_mut_ptr::<State>()).witness.digest())
    };
    digest.unwrap_or_default().to_string().into_datum().unwrap_or(pg_sys::Datum::from(0))
}

#[pg_extern(sql = false)]
fn witness_since(after: pgrx::JsonB, before: pgrx::JsonB) -> Result<pgrx::JsonB> {
    let difference = account(after)?.since(&account(before)?);
    Ok(pgrx::JsonB(serde_json::json!(difference)))
}

#[pg_extern(sql = false)]
fn witness_differences(
    this: pgrx::JsonB,
    that: pgrx::JsonB,
    this_name: &str,
    that_name: &str,
) -> Result<Vec<String>> {
    Ok(account(this)?.differences(&account(that)?, this_name, that_name))
}

/// Reads an account as `rsl.table_witness` writes it.
pub fn account(json: pgrx::JsonB) -> Result<Account> {
    serde_json::from_value(json.0).map_err(|error| {
        report(PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE, "this is not a witness")
            .set_detail(error.to_string())
            .set_hint("Expected {\"rows\": 2, \"digest\": \"2:…\", \"columns\": {…}}, as rsl.table_witness returns it.")
    })
}
