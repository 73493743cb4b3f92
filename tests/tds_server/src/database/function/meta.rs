//! Functions that tell of values, types and collations, and the methods of hierarchyid and the spatial types.

use super::{Call, Function, Want, function, int};
use crate::answer::{SqlMessage, SqlType, SqlValue};
use crate::collation;
use crate::database::{convert, decimal, form, hierarchy, spatial, sql_type};

pub static FUNCTIONS: &[Function] = &[
    function(
        "sql_variant_property",
        &[Want::Any, Want::Text],
        |_| SqlType::SqlVariant,
        |call, arguments| {
            let property = call.text(&arguments, 1).to_ascii_lowercase();
            let (ty, value) = match &arguments[0] {
                SqlValue::Variant(inner) => (&inner.0, &inner.1),
                other => (&call.first().ty, other),
            };
            let catalogue = sql_type::catalogue(ty);
            Ok(match property.as_str() {
                "basetype" => word(match ty {
                    SqlType::Decimal { .. } => "decimal",
                    other => sql_type::name(other),
                }),
                "precision" => number(catalogue.precision),
                "scale" => number(catalogue.scale),
                "maxlength" => number(catalogue.max_length),
                "totalbytes" => number(catalogue.max_length.max(0) + 2),
                "collation" => sql_type::collation(ty).map_or(SqlValue::Null, word),
                _ if *value == SqlValue::Null => SqlValue::Null,
                _ => SqlValue::Null,
            })
        },
    ),
    function(
        "collationproperty",
        &[Want::Text, Want::Text],
        |_| SqlType::SqlVariant,
        |call, arguments| {
            let Some(found) = collation::find(call.text(&arguments, 0).trim_end()) else {
                return Ok(SqlValue::Null);
            };
            Ok(match call.text(&arguments, 1).to_ascii_lowercase().as_str() {
                "codepage" => number(found.code_page.into()),
                "lcid" => number((found.lcid & 0xF_FFFF).into()),
                "comparisonstyle" => number(if found.binary {
                    0
                } else {
                    196_608 + i64::from(!found.case_sensitive) + 2 * i64::from(!found.accent_sensitive)
                }),
                "version" => number(found.version.into()),
                _ => SqlValue::Null,
            })
        },
    ),
    function("isnumeric", &[Want::Text], int, |call, arguments| {
        let text = call.text(&arguments, 0);
        let plain: String = text.trim().chars().filter(|c| !",$₩€£¥".contains(*c)).collect();
        Ok(SqlValue::Int(decimal::parse(&plain, 0).is_some().into()))
    }),
    function("STSrid", &[Want::Any], int, |_, arguments| {
        Ok(spatial_bytes(&arguments)
            .and_then(|bytes| spatial::srid(bytes))
            .map_or(SqlValue::Null, |n| SqlValue::Int(n.into())))
    }),
    function("AsTextZM", &[Want::Any], long_text, |call, arguments| text(call, &arguments, spatial::format)),
    function("STAsText", &[Want::Any], long_text, |call, arguments| {
        text(call, &arguments, spatial::format_flat)
    }),
    function("ToString", &[Want::Any], long_text, |call, arguments| {
        if is_hierarchy(call) {
            return text(call, &arguments, |bytes, _| hierarchy::format(bytes));
        }
        text(call, &arguments, spatial::format)
    }),
    function("GetLevel", &[Want::Any], int, |_, arguments| match spatial_bytes(&arguments) {
        Some(bytes) => hierarchy::level(bytes).map(SqlValue::Int),
        None => Ok(SqlValue::Null),
    }),
    function("STX", &[Want::Any], coordinate, |call, arguments| place(call, &arguments, |(x, _)| x)),
    function("STY", &[Want::Any], coordinate, |call, arguments| place(call, &arguments, |(_, y)| y)),
    function("Long", &[Want::Any], coordinate, |call, arguments| place(call, &arguments, |(x, _)| x)),
    function("Lat", &[Want::Any], coordinate, |call, arguments| place(call, &arguments, |(_, y)| y)),
    function("hierarchyid::Parse", &[Want::Text], hierarchyid, |call, arguments| {
        hierarchy::parse(&call.text(&arguments, 0)).map(SqlValue::Binary)
    }),
    function("hierarchyid::GetRoot", &[], hierarchyid, |_, _| Ok(SqlValue::Binary(Vec::new()))),
    function("geometry::Parse", &[Want::Text], geometry, |call, arguments| {
        spatial::parse(&call.text(&arguments, 0), 0, false).map(SqlValue::Binary)
    }),
    function("geography::Parse", &[Want::Text], geography, |call, arguments| {
        spatial::parse(&call.text(&arguments, 0), 4326, true).map(SqlValue::Binary)
    }),
    function("geometry::STGeomFromText", &[Want::Text, Want::Int], geometry, |call, arguments| {
        spatial::parse(&call.text(&arguments, 0), whole(&arguments, 1), false).map(SqlValue::Binary)
    }),
    function("geography::STGeomFromText", &[Want::Text, Want::Int], geography, |call, arguments| {
        spatial::parse(&call.text(&arguments, 0), whole(&arguments, 1), true).map(SqlValue::Binary)
    }),
    function("geometry::Point", &[Want::Float, Want::Float, Want::Int], geometry, |_, arguments| {
        match arguments[..] {
            [SqlValue::Float(x), SqlValue::Float(y), SqlValue::Int(srid)] => {
                Ok(SqlValue::Binary(spatial::point(x, y, srid as i32, false)))
            }
            _ => Ok(SqlValue::Null),
        }
    }),
    // The latitude comes first.
    function("geography::Point", &[Want::Float, Want::Float, Want::Int], geography, |_, arguments| {
        match arguments[..] {
            [SqlValue::Float(latitude), SqlValue::Float(longitude), SqlValue::Int(srid)] => {
                Ok(SqlValue::Binary(spatial::point(longitude, latitude, srid as i32, true)))
            }
            _ => Ok(SqlValue::Null),
        }
    }),
];

/// Methods of values, and their properties, which have no parentheses.
pub fn is_method(name: &str) -> bool {
    ["STSrid", "AsTextZM", "STAsText", "ToString", "GetLevel", "STX", "STY", "Long", "Lat"]
        .iter()
        .any(|method| method.eq_ignore_ascii_case(name))
}

fn word(text: &str) -> SqlValue {
    let ty = SqlType::NVarChar(Some(128), collation::DEFAULT.to_owned());
    SqlValue::Variant(Box::new((ty, SqlValue::Wide(text.encode_utf16().collect()))))
}

fn number(n: i64) -> SqlValue {
    SqlValue::Variant(Box::new((SqlType::Int, SqlValue::Int(n))))
}

fn whole(arguments: &[SqlValue], at: usize) -> i32 {
    match arguments.get(at) {
        Some(SqlValue::Int(n)) => *n as i32,
        _ => 0,
    }
}

fn spatial_bytes(arguments: &[SqlValue]) -> Option<&Vec<u8>> {
    match arguments.first() {
        Some(SqlValue::Binary(bytes)) => Some(bytes),
        _ => None,
    }
}

fn is_hierarchy(call: &Call) -> bool {
    matches!(&call.first().ty, SqlType::Udt(name) if name == "hierarchyid")
}

fn is_geography(call: &Call) -> bool {
    matches!(&call.first().ty, SqlType::Udt(name) if name == "geography")
}

fn text(
    call: &Call,
    arguments: &[SqlValue],
    write: impl Fn(&[u8], bool) -> Result<String, SqlMessage>,
) -> Result<SqlValue, SqlMessage> {
    match spatial_bytes(arguments) {
        Some(bytes) => Ok(convert::of_text(&write(bytes, is_geography(call))?, &call.result)),
        None => Ok(SqlValue::Null),
    }
}

fn place(call: &Call, arguments: &[SqlValue], pick: fn((f64, f64)) -> f64) -> Result<SqlValue, SqlMessage> {
    let found = spatial_bytes(arguments).and_then(|bytes| spatial::coordinates(bytes, is_geography(call)));
    Ok(found.map_or(SqlValue::Null, |found| SqlValue::Float(pick(found))))
}

fn long_text(_: &[SqlType]) -> SqlType {
    SqlType::NVarChar(None, form::find_collation(collation::DEFAULT).name.to_owned())
}

fn coordinate(_: &[SqlType]) -> SqlType {
    SqlType::Float
}

fn hierarchyid(_: &[SqlType]) -> SqlType {
    SqlType::Udt("hierarchyid".to_owned())
}

fn geometry(_: &[SqlType]) -> SqlType {
    SqlType::Udt("geometry".to_owned())
}

fn geography(_: &[SqlType]) -> SqlType {
    SqlType::Udt("geography".to_owned())
}
