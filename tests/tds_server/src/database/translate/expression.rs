//! Expressions that yield values.

use sqlparser::ast::{
    BinaryOperator, CaseWhen, CastKind, DataType, Expr, Ident, Query, UnaryOperator, Value,
};

use super::{Insists, Scope, Translator, Typed, unsupported};
use crate::answer::{SqlMessage, SqlType, SqlValue};
use crate::database::code_page;
use crate::database::{decimal, form, function, sql_type};

impl Translator<'_> {
    /// The value of an expression.
    pub fn expression(&self, expression: &Expr, scope: &Scope<'_>) -> Result<Typed, SqlMessage> {
        match expression {
            Expr::Identifier(name) => self.identifier(name, scope),
            Expr::CompoundIdentifier(parts) => self.compound(parts, scope),
            Expr::Nested(inner) => self.expression(inner, scope),
            Expr::Value(value) => self.literal(&value.value),
            Expr::UnaryOp { op, expr } => self.unary(*op, expr, scope),
            Expr::BinaryOp { left, op, right } => self.binary(left, op, right, scope),
            Expr::Cast { kind, expr, data_type, .. } => {
                let try_it = matches!(kind, CastKind::TryCast | CastKind::SafeCast);
                self.cast(expr, data_type, 0, try_it, scope)
            }
            Expr::Convert { is_try, expr, data_type: Some(data_type), styles, .. } => {
                let style = match styles.first() {
                    None => 0,
                    Some(style) => self.number(style, scope)? as i32,
                };
                self.cast(expr, data_type, style, *is_try, scope)
            }
            Expr::Collate { expr, collation } => {
                let name = collation.to_string().replace(['[', ']'], "");
                let collation = match name.to_ascii_lowercase().as_str() {
                    "database_default" | "catalog_default" => form::find_collation(&self.catalog.collation),
                    _ => crate::collation::find(&name)
                        .ok_or_else(|| SqlMessage::error(448, format!("Invalid collation '{name}'.")))?,
                };
                let value = self.expression(expr, scope)?.native();
                if !sql_type::is_text(&value.ty) {
                    let name = sql_type::name(&value.ty);
                    let message = format!("Expression type {name} is invalid for COLLATE clause.");
                    return Err(SqlMessage::error(447, message));
                }
                let ty = sql_type::with_collation(&value.ty, collation.name);
                Ok(Typed { insists: Insists::Much, ..self.coerce(value, &ty)? })
            }
            Expr::Case { operand, conditions, else_result, .. } => {
                self.case(operand.as_deref(), conditions, else_result.as_deref(), scope)
            }
            Expr::Function(function) => self.function(function, scope),
            Expr::Subquery(query) => self.scalar_subquery(query, scope),
            Expr::Substring { expr, substring_from, substring_for, .. } => {
                let mut arguments = vec![&**expr];
                arguments.extend(substring_from.as_deref());
                arguments.extend(substring_for.as_deref());
                self.library("substring", &arguments, scope)
            }
            Expr::Trim { expr, trim_what: None, trim_characters: None, .. } => {
                self.library("trim", &[expr], scope)
            }
            Expr::Ceil { expr, .. } => self.library("ceiling", &[expr], scope),
            Expr::Floor { expr, .. } => self.library("floor", &[expr], scope),
            other => Err(unsupported(&format!("the expression {other}"))),
        }
    }

    /// A number that no row changes, such as a style.
    pub(super) fn number(&self, expression: &Expr, scope: &Scope<'_>) -> Result<i64, SqlMessage> {
        let value = self.expression(expression, scope)?;
        match self.coerce(value, &SqlType::BigInt)?.constant {
            Some(SqlValue::Int(n)) => Ok(n),
            _ => Err(unsupported(&format!("{expression} where a number must be known beforehand"))),
        }
    }

    fn identifier(&self, name: &Ident, scope: &Scope<'_>) -> Result<Typed, SqlMessage> {
        if name.quote_style.is_none() {
            if name.value.starts_with("@@") {
                return self.global_variable(&name.value);
            }
            if name.value.starts_with('@') {
                return self.variable(&name.value);
            }
        }
        let found = self.column(&name.value, scope);
        match found {
            Err(error) if error.number == 207 && name.quote_style.is_none() => {
                match name.value.to_ascii_uppercase().as_str() {
                    "SYSTEM_USER" => self.builtin("SUSER_SNAME", &[], scope).unwrap_or(Err(error)),
                    "CURRENT_USER" | "SESSION_USER" | "USER" => {
                        self.builtin("USER_NAME", &[], scope).unwrap_or(Err(error))
                    }
                    _ => Err(error),
                }
            }
            other => other,
        }
    }

    fn variable(&self, name: &str) -> Result<Typed, SqlMessage> {
        match self.variables.get(&name.to_lowercase()) {
            Some((ty, value)) => Typed::constant(value.clone(), ty.clone()),
            None => {
                let message = format!("Must declare the scalar variable \"{name}\".");
                Err(SqlMessage { class: 15, ..SqlMessage::error(137, message) })
            }
        }
    }

    /// A qualified column, or a property of one such as `t.g.STSrid`.
    fn compound(&self, parts: &[Ident], scope: &Scope<'_>) -> Result<Typed, SqlMessage> {
        if let Some((method, column)) = parts.split_last()
            && function::is_method(&method.value)
            && let Ok(value) = self.prefix(column, scope)
        {
            return self.method(value, &method.value);
        }
        self.qualified_column(parts, scope)
    }

    /// What stands before the point of a method.
    pub(super) fn prefix(&self, parts: &[Ident], scope: &Scope<'_>) -> Result<Typed, SqlMessage> {
        match parts {
            [name] => self.identifier(name, scope),
            _ => self.qualified_column(parts, scope),
        }
    }

    /// A method of a hierarchyid or a shape.
    pub(super) fn method(&self, value: Typed, name: &str) -> Result<Typed, SqlMessage> {
        if !matches!(value.ty, SqlType::Udt(_)) {
            let ty = sql_type::name(&value.ty).to_owned();
            return Err(SqlMessage::error(258, format!("Cannot call methods on {ty}.")));
        }
        let found = function::find(name).ok_or_else(|| unsupported(&format!("the method {name}")))?;
        let result = sql_type::with_collation(
            &(found.result)(std::slice::from_ref(&value.ty)),
            &self.catalog.collation,
        );
        self.call(name, 0, result, vec![value])
    }

    fn literal(&self, value: &Value) -> Result<Typed, SqlMessage> {
        let collation = || self.catalog.collation.clone();
        match value {
            Value::Null => Ok(Typed::null()),
            Value::Number(text, _) => number_literal(text),
            Value::SingleQuotedString(text) => {
                let page = form::find_collation(&self.catalog.collation).code_page;
                let bytes = code_page::encode_lossy(text, page);
                let length = if bytes.len() > 8000 { None } else { Some(bytes.len().max(1) as u16) };
                Typed::constant(SqlValue::Bytes(bytes), SqlType::VarChar(length, collation()))
            }
            Value::NationalStringLiteral(text) => {
                let units: Vec<u16> = text.encode_utf16().collect();
                let length = if units.len() > 4000 { None } else { Some(units.len().max(1) as u16) };
                Typed::constant(SqlValue::Wide(units), SqlType::NVarChar(length, collation()))
            }
            Value::HexStringLiteral(digits) => {
                let digits = if digits.len() % 2 == 1 { format!("0{digits}") } else { digits.clone() };
                let bytes: Result<Vec<u8>, _> = (0..digits.len() / 2)
                    .map(|at| u8::from_str_radix(&digits[at * 2..at * 2 + 2], 16))
                    .collect();
                let bytes = bytes
                    .map_err(|_| SqlMessage::error(102, format!("Incorrect syntax near '0x{digits}'.")))?;
                let length = if bytes.len() > 8000 { None } else { Some(bytes.len().max(1) as u16) };
                Typed::constant(SqlValue::Binary(bytes), SqlType::VarBinary(length))
            }
            // An amount of money; a variable where sqlparser wants a literal.
            Value::Placeholder(text) => match text.strip_prefix('$') {
                Some(amount) => match decimal::parse(amount, 4) {
                    Some(Some(mantissa)) if i64::try_from(mantissa).is_ok() => {
                        Typed::constant(SqlValue::Money(mantissa as i64), SqlType::Money)
                    }
                    _ => Err(SqlMessage::error(102, format!("Incorrect syntax near '{text}'."))),
                },
                None => self.variable(text),
            },
            other => Err(unsupported(&format!("the literal {other}"))),
        }
    }

    fn unary(&self, op: UnaryOperator, operand: &Expr, scope: &Scope<'_>) -> Result<Typed, SqlMessage> {
        let value = self.expression(operand, scope)?;
        match op {
            UnaryOperator::Plus => Ok(value),
            UnaryOperator::Minus => {
                // The smallest int is the negative of a literal that is none.
                let whole = matches!(value.ty, SqlType::Decimal { scale: 0, .. });
                if let (Expr::Value(_), Some(SqlValue::Decimal(2_147_483_648)), true) =
                    (operand, &value.constant, whole)
                {
                    return Typed::constant(SqlValue::Int(i32::MIN.into()), SqlType::Int);
                }
                let ty = if value.untyped { SqlType::Int } else { value.ty.clone() };
                if !sql_type::is_number(&ty) {
                    return Err(no_operator(&ty, "minus"));
                }
                // A tinyint has no negative.
                let result =
                    if matches!(ty, SqlType::TinyInt | SqlType::Bit) { SqlType::SmallInt } else { ty };
                let value = self.coerce(value, &result)?;
                let nullable = value.nullable;
                Ok(Typed { nullable, ..self.call("negate", 0, result, vec![value])? })
            }
            UnaryOperator::BitwiseNot => {
                let ty = value.ty.clone();
                if !sql_type::is_integer(&ty) {
                    return Err(no_operator(&ty, "'~'"));
                }
                self.call("bit_not", 0, ty, vec![value])
            }
            _ => Err(unsupported(&format!("the operator {op}"))),
        }
    }

    fn binary(
        &self,
        left: &Expr,
        op: &BinaryOperator,
        right: &Expr,
        scope: &Scope<'_>,
    ) -> Result<Typed, SqlMessage> {
        let (left, right) = (self.expression(left, scope)?, self.expression(right, scope)?);
        let (left, right) = match (left.untyped, right.untyped) {
            (true, false) => (self.coerce(left, &right.ty)?, right),
            (false, true) => {
                let right = self.coerce(right, &left.ty)?;
                (left, right)
            }
            _ => (left, right),
        };
        let nullable = left.nullable || right.nullable;
        let result = match op {
            BinaryOperator::Plus if !sql_type::is_number(&left.ty) || !sql_type::is_number(&right.ty) => {
                self.add_others(left, right)?
            }
            BinaryOperator::Plus => self.arithmetic('+', "add", left, right)?,
            BinaryOperator::Minus if sql_type::is_temporal(&left.ty) && sql_type::is_number(&right.ty) => {
                let days = self.coerce(right, &SqlType::BigInt)?;
                let days = self.call("negate", 0, SqlType::BigInt, vec![days])?;
                self.add_days(left, days)?
            }
            BinaryOperator::Minus => self.arithmetic('-', "subtract", left, right)?,
            BinaryOperator::Multiply => self.arithmetic('*', "multiply", left, right)?,
            BinaryOperator::Divide => self.arithmetic('/', "divide", left, right)?,
            BinaryOperator::Modulo => self.arithmetic('%', "modulo", left, right)?,
            BinaryOperator::BitwiseAnd => self.bitwise("bit_and", left, right)?,
            BinaryOperator::BitwiseOr => self.bitwise("bit_or", left, right)?,
            BinaryOperator::BitwiseXor => self.bitwise("bit_xor", left, right)?,
            other => {
                return Err(SqlMessage {
                    class: 15,
                    ..SqlMessage::error(102, format!("Incorrect syntax near '{other}'."))
                });
            }
        };
        Ok(Typed { nullable: nullable || result.constant == Some(SqlValue::Null), ..result })
    }

    fn arithmetic(&self, operator: char, name: &str, left: Typed, right: Typed) -> Result<Typed, SqlMessage> {
        // Text beside a number becomes one; two texts do not.
        let (left, right) = match (sql_type::is_number(&left.ty), sql_type::is_number(&right.ty)) {
            (true, false) if sql_type::is_text(&right.ty) => {
                let right = self.coerce(right, &left.ty)?;
                (left, right)
            }
            (false, true) if sql_type::is_text(&left.ty) => (self.coerce(left, &right.ty)?, right),
            _ => (left, right),
        };
        let digits = |value: &Typed| match (&value.constant, &value.ty) {
            // A literal has as many digits as it shows.
            (Some(SqlValue::Int(n)), SqlType::Int) => {
                SqlType::Decimal { precision: n.unsigned_abs().to_string().len() as u8, scale: 0 }
            }
            _ => value.ty.clone(),
        };
        let exact = matches!(left.ty, SqlType::Decimal { .. }) || matches!(right.ty, SqlType::Decimal { .. });
        let result = if exact {
            function::result_type(operator, &digits(&left), &digits(&right))
        } else {
            function::result_type(operator, &left.ty, &right.ty)
        };
        let Some(result) = result else {
            let ty = if sql_type::is_number(&left.ty) { &right.ty } else { &left.ty };
            return Err(no_operator(ty, name));
        };
        self.call(name, 0, result, vec![left, right])
    }

    /// `+` of texts, bytes, and a date and a number.
    fn add_others(&self, left: Typed, right: Typed) -> Result<Typed, SqlMessage> {
        if sql_type::is_temporal(&left.ty) && sql_type::is_number(&right.ty) {
            let days = self.coerce(right, &SqlType::BigInt)?;
            return self.add_days(left, days);
        }
        if sql_type::is_text(&left.ty) && sql_type::is_number(&right.ty)
            || sql_type::is_number(&left.ty) && sql_type::is_text(&right.ty)
        {
            return self.arithmetic('+', "add", left, right);
        }
        let Some(ty) = function::concat_type(&left.ty, &right.ty) else {
            let message = format!(
                "The data types {} and {} are incompatible in the add operator.",
                sql_type::name(&left.ty),
                sql_type::name(&right.ty)
            );
            return Err(SqlMessage::error(402, message));
        };
        let ty = match self.agreed_collation(&left, &right, "add")? {
            Some(collation) => sql_type::with_collation(&ty, &collation),
            None => ty,
        };
        self.call("concat_two", 0, ty, vec![left, right])
    }

    fn add_days(&self, date: Typed, days: Typed) -> Result<Typed, SqlMessage> {
        if !matches!(date.ty, SqlType::DateTime | SqlType::SmallDateTime) {
            let message =
                format!("Operand type clash: {} is incompatible with int", sql_type::name(&date.ty));
            return Err(SqlMessage { state: 2, ..SqlMessage::error(206, message) });
        }
        let ty = date.ty.clone();
        self.call("dateadd", 0, ty, vec![self.text("day")?, days, date])
    }

    fn bitwise(&self, name: &str, left: Typed, right: Typed) -> Result<Typed, SqlMessage> {
        let ty = sql_type::common(&left.ty, &right.ty);
        if !sql_type::is_integer(&ty) {
            return Err(no_operator(&ty, name));
        }
        let (left, right) = (self.coerce(left, &ty)?, self.coerce(right, &ty)?);
        self.call(name, 0, ty, vec![left, right])
    }

    fn cast(
        &self,
        value: &Expr,
        data_type: &DataType,
        style: i32,
        try_it: bool,
        scope: &Scope<'_>,
    ) -> Result<Typed, SqlMessage> {
        let mut to = self.parse_type(&data_type.to_string(), 30)?;
        let value = self.expression(value, scope)?.native();
        // Text keeps the collation it has.
        if let (Some(collation), true) = (sql_type::collation(&value.ty), sql_type::is_text(&to)) {
            to = sql_type::with_collation(&to, collation);
        }
        if value.untyped {
            return self.coerce(value, &to);
        }
        if !try_it && style == 0 {
            let insists = value.insists;
            return Ok(Typed { insists, ..self.coerce(value, &to)? });
        }
        let nullable = try_it || value.nullable;
        let name = if try_it { "try_convert" } else { "convert" };
        let converted = self.call(name, style, to, vec![value])?;
        Ok(Typed { nullable: nullable || converted.constant == Some(SqlValue::Null), ..converted })
    }

    fn case(
        &self,
        operand: Option<&Expr>,
        conditions: &[CaseWhen],
        otherwise: Option<&Expr>,
        scope: &Scope<'_>,
    ) -> Result<Typed, SqlMessage> {
        let mut tests = Vec::new();
        let mut results = Vec::new();
        for when in conditions {
            tests.push(match operand {
                None => self.predicate(&when.condition, scope)?,
                Some(operand) => self.compare(operand, "=", &when.condition, scope)?,
            });
            results.push(self.expression(&when.result, scope)?);
        }
        results.push(match otherwise {
            Some(other) => self.expression(other, scope)?,
            None => Typed::null(),
        });
        let results = self.unified(results)?;
        let ty = results[0].ty.clone();
        let nullable = results.iter().any(|result| result.nullable);
        let mut sql = "CASE".to_owned();
        for (test, result) in tests.iter().zip(&results) {
            sql += &format!(" WHEN {test} THEN {}", result.sql);
        }
        if let Some(other) = results.last() {
            sql += &format!(" ELSE {} END", other.sql);
        }
        Ok(Typed { insists: Insists::Some, ..Typed::new(sql, ty, nullable) })
    }

    /// Expressions converted to the one type in which they meet.
    pub(super) fn unified(&self, values: Vec<Typed>) -> Result<Vec<Typed>, SqlMessage> {
        let ty = values
            .iter()
            .filter(|value| !value.untyped)
            .map(|value| value.ty.clone())
            .reduce(|a, b| sql_type::common(&a, &b))
            .unwrap_or(SqlType::Int);
        values.into_iter().map(|value| self.coerce(value, &ty)).collect()
    }

    pub(super) fn scalar_subquery(&self, query: &Query, scope: &Scope<'_>) -> Result<Typed, SqlMessage> {
        let inner = self.query(query, Some(scope), false)?;
        let [only] = &inner.columns[..] else {
            return Err(SqlMessage::error(
                116,
                "Only one expression can be specified in the select list when the subquery is not introduced with EXISTS.",
            ));
        };
        let typed = Typed::new(format!("({})", inner.sql), only.ty.clone(), true);
        Ok(Typed { insists: Insists::Some, ..typed })
    }
}

/// `17`, `12.50`, `1e5`.
fn number_literal(text: &str) -> Result<Typed, SqlMessage> {
    let overflow = || {
        SqlMessage::error(
            1007,
            format!(
                "The number '{text}' is out of the range for numeric representation (maximum precision 38)."
            ),
        )
    };
    if text.contains(['e', 'E']) {
        let number: f64 = text.parse().map_err(|_| overflow())?;
        return Typed::constant(SqlValue::Float(number), SqlType::Float);
    }
    if let Ok(number) = text.parse::<i32>() {
        return Typed::constant(SqlValue::Int(number.into()), SqlType::Int);
    }
    let (digits, scale) = decimal::literal_digits(text);
    match decimal::parse(text, scale) {
        Some(Some(mantissa)) if digits <= 38 => {
            Typed::constant(SqlValue::Decimal(mantissa), SqlType::Decimal { precision: digits.max(1), scale })
        }
        _ => Err(overflow()),
    }
}

fn no_operator(ty: &SqlType, operator: &str) -> SqlMessage {
    let name = sql_type::name(ty);
    SqlMessage::error(8117, format!("Operand data type {name} is invalid for {operator} operator."))
}
