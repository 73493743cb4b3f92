//! The functions and operators of T-SQL on values, as SQLite calls them and as constants are computed beforehand.
//!
//! A call is written into SQL as `tds('name|style|result|argument|…', arguments)`: the first argument says which function
//! it is and which types it takes and gives, and is understood once for each statement.

mod arithmetic;
mod date;
mod meta;
mod text;

pub use arithmetic::{overflow, result_type};
pub use meta::is_method;
pub use text::concat_type;

use super::form::Form;
use super::{convert, sql_type};
use crate::answer::{SqlMessage, SqlType, SqlValue};
use crate::collation;

/// What a function makes of its arguments.
type Run = fn(&Call, Vec<SqlValue>) -> Result<SqlValue, SqlMessage>;

/// What a parameter takes; an argument of another type is converted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Want {
    Any,
    Text,
    /// Text or bytes.
    String,
    Int,
    BigInt,
    Float,
    /// Any number.
    Number,
    /// Any date or time; text becomes a datetime2(7).
    Date,
}

/// A function of the library.
pub struct Function {
    pub name: &'static str,
    pub wants: &'static [Want],
    /// How many of the parameters may be left out, from the end.
    pub optional: usize,
    /// The last parameter may be repeated.
    pub variadic: bool,
    /// Called for NULL as well; otherwise NULL makes NULL.
    pub takes_null: bool,
    pub result: fn(&[SqlType]) -> SqlType,
    run: Run,
}

/// A function with the types of one use of it.
pub struct Call {
    function: &'static Function,
    pub style: i32,
    pub result: Form,
    pub arguments: Vec<Form>,
}

const fn function(
    name: &'static str,
    wants: &'static [Want],
    result: fn(&[SqlType]) -> SqlType,
    run: Run,
) -> Function {
    Function { name, wants, optional: 0, variadic: false, takes_null: false, result, run }
}

impl Function {
    const fn optional(self, optional: usize) -> Self {
        Self { optional, ..self }
    }

    const fn variadic(self) -> Self {
        Self { variadic: true, ..self }
    }

    const fn takes_null(self) -> Self {
        Self { takes_null: true, ..self }
    }
}

/// The function of that name, in any case.
pub fn find(name: &str) -> Option<&'static Function> {
    [arithmetic::FUNCTIONS, text::FUNCTIONS, date::FUNCTIONS, meta::FUNCTIONS, INTERNAL]
        .into_iter()
        .flatten()
        .find(|function| function.name.eq_ignore_ascii_case(name))
}

impl Call {
    pub fn new(name: &str, style: i32, result: SqlType, arguments: Vec<SqlType>) -> Result<Self, SqlMessage> {
        let function = find(name).ok_or_else(|| unknown(name))?;
        let arguments = arguments.into_iter().map(Form::new).collect();
        Ok(Self { function, style, result: Form::new(result), arguments })
    }

    /// As [`Call::read`] reads it.
    pub fn write(&self) -> String {
        let mut text =
            format!("{}|{}|{}", self.function.name, self.style, sql_type::describe(&self.result.ty));
        for argument in &self.arguments {
            text.push('|');
            text.push_str(&sql_type::describe(&argument.ty));
        }
        text
    }

    pub fn read(text: &str) -> Result<Self, SqlMessage> {
        let mut parts = text.split('|');
        let (Some(name), Some(style)) = (parts.next(), parts.next()) else { return Err(unknown(text)) };
        let types = parts.map(|ty| sql_type::parse(ty, collation::DEFAULT)).collect::<Option<Vec<_>>>();
        let mut types = types.ok_or_else(|| unknown(text))?;
        if types.is_empty() {
            return Err(unknown(text));
        }
        let result = types.remove(0);
        Self::new(name, style.parse().unwrap_or_default(), result, types)
    }

    pub fn run(&self, arguments: Vec<SqlValue>) -> Result<SqlValue, SqlMessage> {
        if !self.function.takes_null && arguments.contains(&SqlValue::Null) {
            return Ok(SqlValue::Null);
        }
        (self.function.run)(self, arguments)
    }

    /// The first argument's form.
    fn first(&self) -> &Form {
        &self.arguments[0]
    }

    /// A text argument.
    fn text(&self, arguments: &[SqlValue], at: usize) -> String {
        match (arguments.get(at), self.arguments.get(at)) {
            (Some(value), Some(form)) => convert::text_of(value, form),
            _ => String::new(),
        }
    }
}

/// Functions that have no name in T-SQL, or another grammar.
static INTERNAL: &[Function] = &[
    function("convert", &[Want::Any], same, |call, mut arguments| {
        let value = arguments.pop().unwrap_or(SqlValue::Null);
        convert::convert(value, call.first(), &call.result, call.style)
    }),
    function("try_convert", &[Want::Any], same, |call, mut arguments| {
        let value = arguments.pop().unwrap_or(SqlValue::Null);
        match convert::convert(value, call.first(), &call.result, call.style) {
            // What can never be converted is an error all the same.
            Err(error) if error.number != 529 => Ok(SqlValue::Null),
            other => other,
        }
    }),
    function("assign", &[Want::Any], same, |call, mut arguments| {
        let value = arguments.pop().unwrap_or(SqlValue::Null);
        assign(value, call.first(), &call.result).map_err(|error| {
            if error.number == 2628 { SqlMessage { state: call.style as u8, ..error } } else { error }
        })
    }),
];

/// Converts as INSERT and UPDATE do: text that is too long is an error.
pub fn assign(value: SqlValue, from: &Form, to: &Form) -> Result<SqlValue, SqlMessage> {
    let unlimited = match &to.ty {
        SqlType::Char(_, collation) | SqlType::VarChar(_, collation) => {
            Some(SqlType::VarChar(None, collation.clone()))
        }
        SqlType::NChar(_, collation) | SqlType::NVarChar(_, collation) => {
            Some(SqlType::NVarChar(None, collation.clone()))
        }
        SqlType::Binary(_) | SqlType::VarBinary(_) => {
            // A number in bytes has the column's length from the beginning.
            if sql_type::is_number(&from.ty) { None } else { Some(SqlType::VarBinary(None)) }
        }
        _ => None,
    };
    let Some(unlimited) = unlimited else { return convert::convert(value, from, to, 0) };
    let whole = convert::convert(value, from, &Form::new(unlimited), 0)?;
    if whole == SqlValue::Null {
        return Ok(whole);
    }
    let (fitted, lost) = convert::fit(whole, to)?;
    if lost {
        return Err(SqlMessage::error(2628, "String or binary data would be truncated."));
    }
    Ok(fitted)
}

fn same(types: &[SqlType]) -> SqlType {
    types.first().cloned().unwrap_or(SqlType::Int)
}

fn int(_: &[SqlType]) -> SqlType {
    SqlType::Int
}

fn bit(_: &[SqlType]) -> SqlType {
    SqlType::Bit
}

fn unknown(name: &str) -> SqlMessage {
    SqlMessage {
        state: 10,
        class: 15,
        ..SqlMessage::error(195, format!("'{name}' is not a recognized built-in function name."))
    }
}

#[cfg(test)]
mod tests;
