//! Expressions as `sys.default_constraints` and its like show them: in brackets and parentheses, as SQL Server stores them.

use sqlparser::ast::{
    BinaryOperator, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Ident, UnaryOperator,
    Value,
};

/// The text of a default, a check or a computed column, with one pair of parentheses round all of it.
pub fn definition(expression: &Expr) -> String {
    match strip(expression) {
        // A list has its own parentheses.
        list @ Expr::InList { list: values, .. } if values.len() > 1 => text(list),
        other => format!("({})", text(other)),
    }
}

/// Parentheses that the author wrote round the whole say nothing more.
fn strip(expression: &Expr) -> &Expr {
    match expression {
        Expr::Nested(inner) => strip(inner),
        other => other,
    }
}

fn text(expression: &Expr) -> String {
    match expression {
        Expr::Identifier(ident) => identifier(ident),
        Expr::CompoundIdentifier(parts) => parts.iter().map(identifier).collect::<Vec<_>>().join("."),
        Expr::Nested(inner) => match &**inner {
            // A number brings its own.
            Expr::Value(_) | Expr::Nested(_) => text(inner),
            _ => format!("({})", text(inner)),
        },
        Expr::Value(value) => literal(&value.value),
        Expr::UnaryOp { op: UnaryOperator::Minus, expr } => match &**expr {
            Expr::Value(value) => match &value.value {
                Value::Number(digits, _) => format!("(-{digits})"),
                _ => format!("-{}", text(expr)),
            },
            _ => format!("-{}", text(expr)),
        },
        Expr::UnaryOp { op: UnaryOperator::Not, expr } => format!("NOT {}", text(expr)),
        Expr::UnaryOp { op, expr } => format!("{op}{}", text(expr)),
        Expr::BinaryOp { left, op, right } => match op {
            BinaryOperator::And | BinaryOperator::Or => format!("{} {op} {}", text(left), text(right)),
            _ => format!("{}{op}{}", text(left), text(right)),
        },
        Expr::IsNull(inner) => format!("{} IS NULL", text(inner)),
        Expr::IsNotNull(inner) => format!("{} IS NOT NULL", text(inner)),
        // SQL Server keeps comparisons only.
        Expr::Between { expr, negated, low, high } => {
            let expr = text(expr);
            if *negated {
                format!("({expr}<{} OR {expr}>{})", text(low), text(high))
            } else {
                format!("{expr}>={} AND {expr}<={}", text(low), text(high))
            }
        }
        Expr::InList { expr, list, negated } => {
            let expr = text(expr);
            let (operator, word) = if *negated { ("<>", " AND ") } else { ("=", " OR ") };
            let terms: Vec<_> =
                list.iter().rev().map(|value| format!("{expr}{operator}{}", text(value))).collect();
            if list.len() > 1 { format!("({})", terms.join(word)) } else { terms.join(word) }
        }
        Expr::Like { negated, expr, pattern, escape_char, .. } => {
            let not = if *negated { "NOT " } else { "" };
            let escape = escape_char.as_ref().map_or(String::new(), |c| format!(" escape {}", text(c)));
            format!("{not}{} like {}{escape}", text(expr), text(pattern))
        }
        Expr::Cast { expr, data_type, .. } => {
            format!("CONVERT({},{})", type_name(&data_type.to_string()), text(expr))
        }
        Expr::Convert { expr, data_type: Some(data_type), styles, .. } => {
            let styles: String = styles.iter().map(|style| format!(",{}", text(style))).collect();
            format!("CONVERT({},{}{styles})", type_name(&data_type.to_string()), text(expr))
        }
        Expr::Case { operand, conditions, else_result, .. } => {
            let mut written = "case".to_owned();
            if let Some(operand) = operand {
                written += &format!(" {}", text(operand));
            }
            for when in conditions {
                written += &format!(" when {} then {}", text(&when.condition), text(&when.result));
            }
            if let Some(other) = else_result {
                written += &format!(" else {}", text(other));
            }
            written + " end"
        }
        Expr::Substring { expr, substring_from, substring_for, .. } => {
            let rest: String = [substring_from, substring_for]
                .into_iter()
                .flatten()
                .map(|part| format!(",{}", text(part)))
                .collect();
            format!("substring({}{rest})", text(expr))
        }
        Expr::Ceil { expr, .. } => format!("ceiling({})", text(expr)),
        Expr::Floor { expr, .. } => format!("floor({})", text(expr)),
        Expr::Trim { expr, .. } => format!("trim({})", text(expr)),
        Expr::Collate { expr, collation } => format!("{} collate {collation}", text(expr)),
        Expr::Function(function) => call(function),
        other => other.to_string(),
    }
}

/// Variables and the words that are functions stay as they are.
fn identifier(ident: &Ident) -> String {
    const WORDS: [&str; 4] = ["CURRENT_USER", "SESSION_USER", "SYSTEM_USER", "USER"];
    if ident.quote_style.is_none()
        && (ident.value.starts_with('@') || WORDS.contains(&ident.value.to_uppercase().as_str()))
    {
        return match ident.value.to_ascii_uppercase().as_str() {
            "CURRENT_USER" | "USER" => "user_name()".to_owned(),
            "SYSTEM_USER" => "suser_sname()".to_owned(),
            _ => ident.value.clone(),
        };
    }
    format!("[{}]", ident.value.replace(']', "]]"))
}

fn literal(value: &Value) -> String {
    match value {
        Value::Number(digits, _) => format!("({digits})"),
        Value::SingleQuotedString(text) => format!("'{}'", text.replace('\'', "''")),
        Value::NationalStringLiteral(text) => format!("N'{}'", text.replace('\'', "''")),
        Value::HexStringLiteral(digits) => format!("0x{digits}"),
        Value::Placeholder(text) => format!("({text})"),
        other => other.to_string(),
    }
}

fn call(function: &Function) -> String {
    let name = function.name.to_string().to_ascii_lowercase();
    let FunctionArguments::List(list) = &function.args else {
        return if name == "current_timestamp" { "getdate()".to_owned() } else { name };
    };
    let arguments: Vec<_> = list
        .args
        .iter()
        .map(|argument| match argument {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => match expr {
                // The unit of dateadd is a word, not a column.
                Expr::Identifier(ident) if name.starts_with("date") && ident.quote_style.is_none() => {
                    ident.value.clone()
                }
                _ => text(expr),
            },
            other => other.to_string(),
        })
        .collect();
    format!("{name}({})", arguments.join(","))
}

/// `decimal(18,4)` as `[decimal](18,4)`.
fn type_name(text: &str) -> String {
    let text = text.to_ascii_lowercase().replace(['[', ']'], "").replace(", ", ",");
    match text.split_once('(') {
        Some((name, rest)) => format!("[{name}]({rest}"),
        None => format!("[{text}]"),
    }
}
