//! Operators and functions of numbers.

use super::{Call, Function, Want, function, same};
use crate::answer::{SqlMessage, SqlType, SqlValue};
use crate::database::form::Form;
use crate::database::{convert, decimal, sql_type};

pub static FUNCTIONS: &[Function] = &[
    function("add", &[Want::Any, Want::Any], same, |call, arguments| operate(call, arguments, '+')),
    function("subtract", &[Want::Any, Want::Any], same, |call, arguments| operate(call, arguments, '-')),
    function("multiply", &[Want::Any, Want::Any], same, |call, arguments| operate(call, arguments, '*')),
    function("divide", &[Want::Any, Want::Any], same, |call, arguments| operate(call, arguments, '/')),
    function("modulo", &[Want::Any, Want::Any], same, |call, arguments| operate(call, arguments, '%')),
    function("negate", &[Want::Number], same, |call, arguments| match &arguments[..] {
        [SqlValue::Int(n)] => in_range(-i128::from(*n), &call.result),
        [SqlValue::Decimal(n)] => Ok(SqlValue::Decimal(-n)),
        [SqlValue::Money(n)] => n.checked_neg().map(SqlValue::Money).ok_or_else(|| overflow(&call.result)),
        [SqlValue::Real(n)] => Ok(SqlValue::Real(-n)),
        [SqlValue::Float(n)] => Ok(SqlValue::Float(-n)),
        _ => Err(overflow(&call.result)),
    }),
    function("abs", &[Want::Number], number, |call, arguments| match &arguments[..] {
        [SqlValue::Int(n)] => in_range(i128::from(*n).abs(), &call.result),
        [SqlValue::Decimal(n)] => Ok(SqlValue::Decimal(n.abs())),
        [SqlValue::Money(n)] => n.checked_abs().map(SqlValue::Money).ok_or_else(|| overflow(&call.result)),
        [SqlValue::Real(n)] => Ok(SqlValue::Real(n.abs())),
        [SqlValue::Float(n)] => Ok(SqlValue::Float(n.abs())),
        _ => Ok(SqlValue::Null),
    }),
    function("round", &[Want::Number, Want::Int, Want::Int], number, round).optional(1),
    function("ceiling", &[Want::Number], whole, |call, arguments| towards(call, arguments, true)),
    function("floor", &[Want::Number], whole, |call, arguments| towards(call, arguments, false)),
    function("sign", &[Want::Number], number, |call, arguments| {
        let sign = match &arguments[..] {
            [SqlValue::Int(n)] => n.signum(),
            [SqlValue::Decimal(n)] => n.signum() as i64,
            [SqlValue::Money(n)] => n.signum(),
            [SqlValue::Real(n)] => f64::from(*n).total_cmp(&0.0) as i64,
            [SqlValue::Float(n)] if n.abs() > 0.0 => n.signum() as i64,
            _ => 0,
        };
        convert::convert(SqlValue::Int(sign), &Form::new(SqlType::Int), &call.result, 0)
    }),
    function("power", &[Want::Number, Want::Float], number, |call, arguments| {
        let base = to_float(arguments[0].clone(), call.first())?;
        let SqlValue::Float(exponent) = arguments[1] else { return Ok(SqlValue::Null) };
        finite(base.powf(exponent), call)
    }),
    function("sqrt", &[Want::Float], float, |call, arguments| one_float(call, &arguments, f64::sqrt)),
    function("square", &[Want::Float], float, |call, arguments| one_float(call, &arguments, |n| n * n)),
    function("exp", &[Want::Float], float, |call, arguments| one_float(call, &arguments, f64::exp)),
    function("log", &[Want::Float], float, |call, arguments| one_float(call, &arguments, f64::ln)),
    function("log10", &[Want::Float], float, |call, arguments| one_float(call, &arguments, f64::log10)),
    // A sum and a count.
    function("average", &[Want::Any, Want::BigInt], same, |call, arguments| {
        let SqlValue::Int(count) = arguments[1] else { return Ok(SqlValue::Null) };
        if count == 0 {
            return Ok(SqlValue::Null);
        }
        match (&arguments[0], &call.first().ty, &call.result.ty) {
            (SqlValue::Int(sum), ..) => in_range((*sum / count).into(), &call.result),
            (SqlValue::Money(sum), ..) => Ok(SqlValue::Money(sum / count)),
            (SqlValue::Float(sum), ..) => Ok(SqlValue::Float(sum / count as f64)),
            (
                SqlValue::Decimal(sum),
                SqlType::Decimal { scale: from, .. },
                SqlType::Decimal { scale, .. },
            ) => {
                // The mean is cut, not rounded, behind its last digit.
                quotient(*sum, *from, count.into(), 0, *scale)
                    .map(SqlValue::Decimal)
                    .ok_or_else(|| overflow(&call.result))
            }
            _ => Err(overflow(&call.result)),
        }
    }),
    function("bit_and", &[Want::Any, Want::Any], same, |_, arguments| bits(&arguments, |a, b| a & b)),
    function("bit_or", &[Want::Any, Want::Any], same, |_, arguments| bits(&arguments, |a, b| a | b)),
    function("bit_xor", &[Want::Any, Want::Any], same, |_, arguments| bits(&arguments, |a, b| a ^ b)),
    function("bit_not", &[Want::Any], same, |call, arguments| match &arguments[..] {
        [SqlValue::Bit(bit)] => Ok(SqlValue::Bit(!bit)),
        [SqlValue::Int(n)] if call.result.ty == SqlType::TinyInt => Ok(SqlValue::Int(255 - n)),
        [SqlValue::Int(n)] => Ok(SqlValue::Int(!n)),
        _ => Ok(SqlValue::Null),
    }),
];

/// The type in which two numbers are added, subtracted, multiplied or divided; `None` if they are no numbers.
pub fn result_type(operator: char, left: &SqlType, right: &SqlType) -> Option<SqlType> {
    if !sql_type::is_number(left) || !sql_type::is_number(right) {
        return None;
    }
    let common = sql_type::common(left, right);
    let SqlType::Decimal { .. } = common else { return Some(common) };
    let ((p1, s1), (p2, s2)) = (sql_type::exact_digits(left)?, sql_type::exact_digits(right)?);
    let [p1, s1, p2, s2] = [p1, s1, p2, s2].map(i32::from);
    let (precision, scale) = match operator {
        '*' => (p1 + p2 + 1, s1 + s2),
        '/' => {
            let scale = (s1 + p2 + 1).max(6);
            (p1 - s1 + s2 + scale, scale)
        }
        '%' => ((p1 - s1).min(p2 - s2) + s1.max(s2), s1.max(s2)),
        _ => (s1.max(s2) + (p1 - s1).max(p2 - s2) + 1, s1.max(s2)),
    };
    if precision <= 38 {
        return Some(SqlType::Decimal { precision: precision as u8, scale: scale as u8 });
    }
    // Digits before the point are kept at the cost of those behind it, of a product or quotient not below six.
    let whole = precision - scale;
    let least = if matches!(operator, '*' | '/') { scale.min(6) } else { 0 };
    let scale = scale.min(38 - whole).max(least);
    Some(SqlType::Decimal { precision: 38, scale: scale as u8 })
}

fn operate(call: &Call, arguments: Vec<SqlValue>, operator: char) -> Result<SqlValue, SqlMessage> {
    let mut arguments = arguments.into_iter();
    let (Some(left), Some(right)) = (arguments.next(), arguments.next()) else { return Ok(SqlValue::Null) };
    let result = &call.result;
    match &result.ty {
        SqlType::Float | SqlType::Real => {
            let (left, right) = (to_float(left, &call.arguments[0])?, to_float(right, &call.arguments[1])?);
            finite(
                match operator {
                    '+' => left + right,
                    '-' => left - right,
                    '*' => left * right,
                    '/' if right.abs() <= 0.0 => return Err(divided_by_zero()),
                    '/' => left / right,
                    _ => left % right,
                },
                call,
            )
        }
        SqlType::Decimal { precision, scale } => {
            let ((a, s1), (b, s2)) = (exact(&left, &call.arguments[0])?, exact(&right, &call.arguments[1])?);
            let mantissa = exact_operation(operator, (a, s1), (b, s2), *scale)?;
            match mantissa.filter(|mantissa| decimal::fits(*mantissa, *precision)) {
                Some(mantissa) => Ok(SqlValue::Decimal(mantissa)),
                None => Err(overflow(result)),
            }
        }
        SqlType::Money | SqlType::SmallMoney => {
            let (left, right) = (exact(&left, &call.arguments[0])?, exact(&right, &call.arguments[1])?);
            let mantissa = exact_operation(operator, left, right, 4)?;
            match mantissa.and_then(|mantissa| i64::try_from(mantissa).ok()) {
                Some(n) => Ok(SqlValue::Money(n)),
                None => Err(overflow(result)),
            }
        }
        _ => {
            let ((a, _), (b, _)) = (exact(&left, &call.arguments[0])?, exact(&right, &call.arguments[1])?);
            let value = match operator {
                '+' => a + b,
                '-' => a - b,
                '*' => a * b,
                _ if b == 0 => return Err(divided_by_zero()),
                '/' => a / b,
                _ => a % b,
            };
            in_range(value, result)
        }
    }
}

fn exact_operation(
    operator: char,
    (a, s1): (i128, u8),
    (b, s2): (i128, u8),
    scale: u8,
) -> Result<Option<i128>, SqlMessage> {
    let common = s1.max(s2);
    Ok(match operator {
        '*' => match a.checked_mul(b) {
            Some(product) => decimal::rescale(product, s1 + s2, scale),
            // A product of more digits than fit: what would be cut off is cut off first.
            None => {
                let (cut1, cut2) = (s1.min(scale), s2.min(scale));
                decimal::rescale(a, s1, cut1)
                    .zip(decimal::rescale(b, s2, cut2))
                    .and_then(|(a, b)| a.checked_mul(b))
                    .and_then(|product| decimal::rescale(product, cut1 + cut2, scale))
            }
        },
        '/' | '%' if b == 0 => return Err(divided_by_zero()),
        '/' => quotient(a, s1, b, s2, scale),
        _ => decimal::rescale(a, s1, common).zip(decimal::rescale(b, s2, common)).and_then(|(a, b)| {
            let value = match operator {
                '+' => a.checked_add(b)?,
                '-' => a.checked_sub(b)?,
                _ => a % b,
            };
            decimal::rescale(value, common, scale)
        }),
    })
}

/// a / b with so many digits behind the point, the rest cut off.
fn quotient(a: i128, s1: u8, b: i128, s2: u8, scale: u8) -> Option<i128> {
    let negative = (a < 0) != (b < 0);
    let (dividend, divisor) = (a.unsigned_abs(), b.unsigned_abs());
    let mut digits = i32::from(scale) + i32::from(s2) - i32::from(s1);
    let (mut value, mut rest) = (dividend / divisor, dividend % divisor);
    while digits > 0 {
        rest = rest.checked_mul(10)?;
        value = value.checked_mul(10)?.checked_add(rest / divisor)?;
        rest %= divisor;
        digits -= 1;
    }
    while digits < 0 {
        value /= 10;
        digits += 1;
    }
    let value = i128::try_from(value).ok()?;
    Some(if negative { -value } else { value })
}

fn round(call: &Call, arguments: Vec<SqlValue>) -> Result<SqlValue, SqlMessage> {
    let SqlValue::Int(length) = arguments[1] else { return Ok(SqlValue::Null) };
    let cut = matches!(arguments.get(2), Some(SqlValue::Int(n)) if *n != 0);
    let exactly = |mantissa: i128, scale: u8| -> i128 {
        let drop = i64::from(scale) - length;
        match u8::try_from(drop) {
            Ok(drop) if drop > 0 => match decimal::power(drop.min(39)) {
                Some(unit) if cut => mantissa / unit * unit,
                Some(unit) => decimal::divide_rounded(mantissa, unit).saturating_mul(unit),
                None => 0,
            },
            _ => mantissa,
        }
    };
    match (&arguments[0], &call.first().ty) {
        (SqlValue::Int(n), _) => in_range(exactly((*n).into(), 0), &call.result),
        (SqlValue::Money(n), _) => {
            i64::try_from(exactly((*n).into(), 4)).map(SqlValue::Money).map_err(|_| overflow(&call.result))
        }
        (SqlValue::Decimal(n), SqlType::Decimal { precision, scale }) => {
            let rounded = exactly(*n, *scale);
            if decimal::fits(rounded, *precision) {
                Ok(SqlValue::Decimal(rounded))
            } else {
                Err(overflow(&call.result))
            }
        }
        (value, _) => {
            let number = to_float(value.clone(), call.first())?;
            let unit = 10f64.powi(length.clamp(-308, 308) as i32);
            let scaled = number * unit;
            finite(if cut { scaled.trunc() } else { scaled.round() } / unit, call)
        }
    }
}

fn towards(call: &Call, arguments: Vec<SqlValue>, up: bool) -> Result<SqlValue, SqlMessage> {
    let exactly = |mantissa: i128, unit: i128| {
        let floor = mantissa.div_euclid(unit);
        if up && mantissa.rem_euclid(unit) != 0 { floor + 1 } else { floor }
    };
    match (&arguments[0], &call.first().ty) {
        (SqlValue::Decimal(n), SqlType::Decimal { scale, .. }) => {
            Ok(SqlValue::Decimal(exactly(*n, decimal::power(*scale).unwrap_or(1))))
        }
        (SqlValue::Money(n), _) => Ok(SqlValue::Money(exactly((*n).into(), 10_000) as i64 * 10_000)),
        (SqlValue::Float(n), _) => Ok(SqlValue::Float(if up { n.ceil() } else { n.floor() })),
        (SqlValue::Real(n), _) => Ok(SqlValue::Float(f64::from(if up { n.ceil() } else { n.floor() }))),
        (other, _) => Ok(other.clone()),
    }
}

fn bits(arguments: &[SqlValue], operation: fn(i64, i64) -> i64) -> Result<SqlValue, SqlMessage> {
    Ok(match arguments {
        [SqlValue::Bit(a), SqlValue::Bit(b)] => SqlValue::Bit(operation((*a).into(), (*b).into()) != 0),
        [SqlValue::Int(a), SqlValue::Int(b)] => SqlValue::Int(operation(*a, *b)),
        _ => SqlValue::Null,
    })
}

fn one_float(call: &Call, arguments: &[SqlValue], f: fn(f64) -> f64) -> Result<SqlValue, SqlMessage> {
    match arguments {
        [SqlValue::Float(n)] => {
            let value = f(*n);
            if value.is_finite() {
                Ok(SqlValue::Float(value))
            } else {
                Err(SqlMessage::error(3623, "An invalid floating point operation occurred."))
            }
        }
        _ => finite(f64::NAN, call),
    }
}

/// A floating-point result in the call's type.
fn finite(value: f64, call: &Call) -> Result<SqlValue, SqlMessage> {
    if !value.is_finite() {
        return Err(overflow(&call.result));
    }
    convert::convert(SqlValue::Float(value), &Form::new(SqlType::Float), &call.result, 0)
}

fn to_float(value: SqlValue, form: &Form) -> Result<f64, SqlMessage> {
    match convert::convert(value, form, &Form::new(SqlType::Float), 0)? {
        SqlValue::Float(n) => Ok(n),
        _ => Err(overflow(form)),
    }
}

fn exact(value: &SqlValue, form: &Form) -> Result<(i128, u8), SqlMessage> {
    convert::exact(value, form).ok_or_else(|| overflow(form))
}

fn in_range(value: i128, result: &Form) -> Result<SqlValue, SqlMessage> {
    match sql_type::range(&result.ty) {
        Some((low, high)) if (i128::from(low)..=i128::from(high)).contains(&value) => {
            Ok(if result.ty == SqlType::Bit {
                SqlValue::Bit(value != 0)
            } else {
                SqlValue::Int(value as i64)
            })
        }
        _ => Err(overflow(result)),
    }
}

/// Error 8115.
pub fn overflow(result: &Form) -> SqlMessage {
    let name = sql_type::spoken(&result.ty);
    let message = format!("Arithmetic overflow error converting expression to data type {name}.");
    SqlMessage { state: 2, ..SqlMessage::error(8115, message) }
}

fn divided_by_zero() -> SqlMessage {
    SqlMessage::error(8134, "Divide by zero error encountered.")
}

fn float(_: &[SqlType]) -> SqlType {
    SqlType::Float
}

/// Small integers and reals are widened.
fn number(types: &[SqlType]) -> SqlType {
    match same(types) {
        SqlType::Bit | SqlType::TinyInt | SqlType::SmallInt => SqlType::Int,
        SqlType::SmallMoney => SqlType::Money,
        SqlType::Real => SqlType::Float,
        other => other,
    }
}

fn whole(types: &[SqlType]) -> SqlType {
    match number(types) {
        SqlType::Decimal { precision, .. } => SqlType::Decimal { precision, scale: 0 },
        other => other,
    }
}
