//! Images as rows of a table again.

use std::ffi::{CStr, CString};

use pgrx::prelude::*;
use pgrx::{PgTupleDesc, pg_sys};
use rsl_core::image::{Encoding, read_fields};

use super::shape::{ShapeColumn, damaged, malformed, shape};
use super::tracked::column_number;
use super::value::{datum_of, encoding_of, text_of, type_name};
use crate::datum::deform;
use crate::owner::restricted;
use crate::session::in_fixed_style;
use crate::sql_function::{arguments, sql_function};
use crate::{Result, raise};

sql_function!(audit_row_wrapper, pg_finfo_audit_row_wrapper, audit_row);

/// `rsl.audit_row(base, shapes, fields)`: the base row, or one of NULLs, with fields put over it one after the other. A field
/// whose column has been dropped since is left out; one whose type has changed is converted by its text.
unsafe fn audit_row(fcinfo: pg_sys::FunctionCallInfo) -> pg_sys::Datum {
    // SAFETY: the SQL declaration is (anyelement, int[], bytea[]); the expression tells the type of the first.
    unsafe {
        let arguments = arguments(fcinfo);
        let ty = pg_sys::get_fn_expr_argtype((*fcinfo).flinfo, 0);
        make_row(ty, &arguments[0], &arguments[1], &arguments[2]).unwrap_or_else(|error| raise(error))
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
        let is_same = type_name(attribute) == column.type_name
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
