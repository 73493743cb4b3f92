//! SUM with the exactness and the overflows of T-SQL, also as a window function.

use std::panic::{RefUnwindSafe, UnwindSafe};

use rusqlite::functions::{Aggregate, Context, FunctionFlags, WindowAggregate};
use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, Result};

use super::failed;
use crate::answer::{SqlType, SqlValue};
use crate::database::form::Form;
use crate::database::function::overflow;

/// The name of the function that adds up values of a type into another; `None` if there is none.
pub fn sum_of(result: &SqlType) -> Option<&'static str> {
    Some(match result {
        SqlType::Int => "tds_sum_int",
        SqlType::BigInt => "tds_sum_bigint",
        SqlType::Money => "tds_sum_money",
        SqlType::Float => "tds_sum_float",
        SqlType::Decimal { .. } => "tds_sum_decimal",
        _ => return None,
    })
}

/// Adds integers, mantissas among them, into a type of a certain range.
struct Exact {
    result: Form,
}

/// Adds floating-point numbers.
struct Floating;

#[derive(Default)]
struct Total {
    sum: i128,
    rows: u64,
    /// The sum has left even 128 bits.
    lost: bool,
}

#[derive(Default)]
struct FloatTotal {
    sum: f64,
    rows: u64,
}

pub fn prepare(connection: &Connection) -> Result<()> {
    let pure = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    // The scale has no meaning for the sum of mantissas.
    let decimal = SqlType::Decimal { precision: 38, scale: 0 };
    for result in [SqlType::Int, SqlType::BigInt, SqlType::Money, decimal] {
        let Some(name) = sum_of(&result) else { continue };
        let result = Form::new(result);
        connection.create_window_function::<Total, _, _, Value>(name, 1, pure, Exact { result })?;
    }
    connection.create_window_function::<FloatTotal, _, _, Value>("tds_sum_float", 1, pure, Floating)
}

impl Exact {
    fn argument(&self, context: &Context<'_>) -> Result<Option<i128>> {
        Ok(match context.get_raw(0) {
            ValueRef::Integer(n) => Some(n.into()),
            ValueRef::Blob(_) => match self.result.decode(context.get_raw(0)).map_err(failed)? {
                SqlValue::Decimal(n) => Some(n),
                _ => None,
            },
            _ => None,
        })
    }

    fn total(&self, total: Option<&Total>) -> Result<Value> {
        let Some(total) = total.filter(|total| total.rows > 0) else { return Ok(Value::Null) };
        let within = match &self.result.ty {
            SqlType::Decimal { .. } => crate::database::decimal::fits(total.sum, 38),
            SqlType::Int => i32::try_from(total.sum).is_ok(),
            _ => i64::try_from(total.sum).is_ok(),
        };
        if total.lost || !within {
            return Err(failed(overflow(&self.result)));
        }
        let value = match &self.result.ty {
            SqlType::Decimal { .. } => SqlValue::Decimal(total.sum),
            SqlType::Money => SqlValue::Money(total.sum as i64),
            _ => SqlValue::Int(total.sum as i64),
        };
        self.result.encode(&value).map_err(failed)
    }
}

// What the aggregates hold is plain data: nothing of it can be left half changed.
impl UnwindSafe for Exact {}
impl RefUnwindSafe for Exact {}

impl Aggregate<Total, Value> for Exact {
    fn init(&self, _: &mut Context<'_>) -> Result<Total> {
        Ok(Total::default())
    }

    fn step(&self, context: &mut Context<'_>, total: &mut Total) -> Result<()> {
        if let Some(n) = self.argument(context)? {
            match total.sum.checked_add(n) {
                Some(sum) => total.sum = sum,
                None => total.lost = true,
            }
            total.rows += 1;
        }
        Ok(())
    }

    fn finalize(&self, _: &mut Context<'_>, total: Option<Total>) -> Result<Value> {
        self.total(total.as_ref())
    }
}

impl WindowAggregate<Total, Value> for Exact {
    fn value(&self, total: Option<&mut Total>) -> Result<Value> {
        self.total(total.as_deref())
    }

    fn inverse(&self, context: &mut Context<'_>, total: &mut Total) -> Result<()> {
        if let Some(n) = self.argument(context)? {
            total.sum = total.sum.saturating_sub(n);
            total.rows -= 1;
        }
        Ok(())
    }
}

fn real(context: &Context<'_>) -> Option<f64> {
    match context.get_raw(0) {
        ValueRef::Real(n) => Some(n),
        _ => None,
    }
}

fn float_total(total: Option<&FloatTotal>) -> Result<Value> {
    match total.filter(|total| total.rows > 0) {
        None => Ok(Value::Null),
        Some(total) if total.sum.is_finite() => Ok(Value::Real(total.sum)),
        Some(_) => Err(failed(overflow(&Form::new(SqlType::Float)))),
    }
}

impl Aggregate<FloatTotal, Value> for Floating {
    fn init(&self, _: &mut Context<'_>) -> Result<FloatTotal> {
        Ok(FloatTotal::default())
    }

    fn step(&self, context: &mut Context<'_>, total: &mut FloatTotal) -> Result<()> {
        if let Some(n) = real(context) {
            total.sum += n;
            total.rows += 1;
        }
        Ok(())
    }

    fn finalize(&self, _: &mut Context<'_>, total: Option<FloatTotal>) -> Result<Value> {
        float_total(total.as_ref())
    }
}

impl WindowAggregate<FloatTotal, Value> for Floating {
    fn value(&self, total: Option<&mut FloatTotal>) -> Result<Value> {
        float_total(total.as_deref())
    }

    fn inverse(&self, context: &mut Context<'_>, total: &mut FloatTotal) -> Result<()> {
        if let Some(n) = real(context) {
            total.sum -= n;
            total.rows -= 1;
        }
        Ok(())
    }
}
