//! Requests: batches, procedures with their parameters, transactions.

use std::{fmt::Write, io};

use crate::{
    answer::{Parameter, SqlType, SqlValue},
    packet::invalid,
    wire::{
        Version, older,
        read::{Reader, typed_value, units_of},
    },
};

/// A procedure to run.
#[derive(Debug, PartialEq)]
pub(crate) struct Call {
    pub(crate) procedure: Procedure,
    pub(crate) parameters: Vec<Parameter>,
}

/// Which procedure.
#[derive(Debug, PartialEq, Eq, Clone)]
pub(crate) enum Procedure {
    ExecuteSql,
    Prepare,
    Execute,
    PrepareAndExecute,
    Unprepare,
    ResetConnection,
    Other(String),
}

impl Procedure {
    fn by_number(number: u16) -> Self {
        const NAMES: [&str; 16] = [
            "",
            "sp_cursor",
            "sp_cursoropen",
            "sp_cursorprepare",
            "sp_cursorexecute",
            "sp_cursorprepexec",
            "sp_cursorunprepare",
            "sp_cursorfetch",
            "sp_cursoroption",
            "sp_cursorclose",
            "sp_executesql",
            "sp_prepare",
            "sp_execute",
            "sp_prepexec",
            "sp_prepexecrpc",
            "sp_unprepare",
        ];
        NAMES
            .get(usize::from(number))
            .map_or_else(|| Self::Other(format!("procedure {number}")), |name| Self::by_name(name))
    }

    fn by_name(name: &str) -> Self {
        let bare = name.rsplit('.').next().unwrap_or_default().trim_matches(['[', ']']);
        match bare.to_ascii_lowercase().as_str() {
            "sp_executesql" => Self::ExecuteSql,
            "sp_prepare" => Self::Prepare,
            "sp_execute" => Self::Execute,
            "sp_prepexec" => Self::PrepareAndExecute,
            "sp_unprepare" => Self::Unprepare,
            "sp_reset_connection" => Self::ResetConnection,
            _ => Self::Other(name.to_owned()),
        }
    }
}

/// What comes before a request since TDS 7.2; not every client keeps to it.
fn without_headers(payload: &[u8], version: Version) -> &[u8] {
    let Some((total, _)) = payload.split_first_chunk::<4>() else { return payload };
    let total = u32::from_le_bytes(*total) as usize;
    if version < Version::V7_2 || total > payload.len() || total < 4 {
        return payload;
    }
    let mut headers = &payload[4..total];
    while let Some((length, _)) = headers.split_first_chunk::<4>() {
        let length = u32::from_le_bytes(*length) as usize;
        let plausible = length >= 6 && matches!(headers.get(4..6), Some([1..=3, 0]));
        match headers.get(length..) {
            Some(rest) if plausible => headers = rest,
            _ => return payload,
        }
    }
    if headers.is_empty() { &payload[total..] } else { payload }
}

/// The text of a batch.
pub(crate) fn batch(payload: &[u8], version: Version) -> io::Result<String> {
    Ok(String::from_utf16_lossy(&units_of(without_headers(payload, version))?))
}

/// The procedures of a request, one after another.
pub(crate) fn calls(payload: &[u8], version: Version) -> io::Result<Vec<Call>> {
    let separators: &[u8] = if version >= Version::V7_2 { &[0xFE, 0xFF] } else { &[0x80] };
    let mut reader = Reader::new(without_headers(payload, version));
    let mut calls = Vec::new();
    while !reader.is_empty() {
        let procedure = match reader.u16()? {
            0xFFFF => Procedure::by_number(reader.u16()?),
            units => Procedure::by_name(&reader.text(usize::from(units))?),
        };
        reader.u16()?;
        let mut parameters = Vec::new();
        while let Some(next) = reader.peek() {
            if separators.contains(&next) {
                reader.u8()?;
                break;
            }
            let units = usize::from(reader.u8()?);
            let name = reader.text(units)?;
            reader.u8()?;
            let (ty, value) = typed_value(&mut reader)?;
            parameters.push(Parameter { name, ty, value });
        }
        calls.push(Call { procedure, parameters });
    }
    if calls.is_empty() { Err(invalid("request without a procedure")) } else { Ok(calls) }
}

/// A text among the parameters, such as a statement.
pub(crate) fn text_of(parameter: Option<&Parameter>) -> Option<String> {
    match &parameter?.value {
        SqlValue::Wide(units) => Some(String::from_utf16_lossy(units)),
        SqlValue::Bytes(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
        _ => None,
    }
}

/// A number among the parameters, such as a handle.
pub(crate) fn number_of(parameter: Option<&Parameter>) -> Option<i32> {
    match &parameter?.value {
        SqlValue::Int(number) => i32::try_from(*number).ok(),
        _ => None,
    }
}

/// Gives parameters that came without one the names of their declaration: `@P1 int, @P2 decimal(10,2)`.
pub(crate) fn name_parameters(parameters: &mut [Parameter], declaration: &str) {
    let mut depth = 0_usize;
    let declared = declaration.split(|c: char| {
        depth = match c {
            '(' => depth + 1,
            ')' => depth.saturating_sub(1),
            _ => depth,
        };
        c == ',' && depth == 0
    });
    let names = declared.filter_map(|one| one.split_whitespace().next()).filter(|name| name.starts_with('@'));
    for (parameter, name) in parameters.iter_mut().zip(names) {
        if parameter.name.is_empty() {
            parameter.name = name.to_owned();
        }
    }
}

/// A statement as the log of statements has it: the text, then a line for each parameter.
pub(crate) fn logged(statement: &str, parameters: &[Parameter]) -> String {
    let mut text = statement.to_owned();
    for parameter in parameters {
        // Writing to a String does not fail.
        let _ = write!(text, "\n-- {} = {}", parameter.name, shown(&parameter.ty, &parameter.value));
    }
    text
}

/// A value for people, on one line.
pub(crate) fn shown(ty: &SqlType, value: &SqlValue) -> String {
    match value {
        SqlValue::Null => "NULL".to_owned(),
        SqlValue::Bit(bit) => u8::from(*bit).to_string(),
        SqlValue::Int(number) => number.to_string(),
        SqlValue::Decimal(mantissa) => {
            let scale = if let SqlType::Decimal { scale, .. } = ty { *scale } else { 0 };
            scaled(*mantissa, scale)
        }
        SqlValue::Money(amount) => scaled((*amount).into(), 4),
        SqlValue::Real(number) => number.to_string(),
        SqlValue::Float(number) => number.to_string(),
        SqlValue::Date(day) => older::date(*day),
        SqlValue::Time(time) => older::clock(*time, 7),
        SqlValue::DateTime2(day, time) => format!("{} {}", older::date(*day), older::clock(*time, 7)),
        SqlValue::DateTimeOffset(day, time, offset) => {
            format!("{} {} UTC, {offset} minutes", older::date(*day), older::clock(*time, 7))
        }
        SqlValue::DateTime(day, part) => format!("day {day}, {part}/300 s"),
        SqlValue::SmallDateTime(day, minute) => format!("day {day}, minute {minute}"),
        SqlValue::Bytes(bytes) => format!("{:?}", String::from_utf8_lossy(bytes)),
        SqlValue::Wide(units) => format!("{:?}", String::from_utf16_lossy(units)),
        SqlValue::Binary(bytes) => hex(bytes),
        SqlValue::Guid(bytes) => {
            let digits = hex(bytes);
            let digits = &digits[2..];
            format!(
                "{}-{}-{}-{}-{}",
                &digits[..8],
                &digits[8..12],
                &digits[12..16],
                &digits[16..20],
                &digits[20..]
            )
        }
        SqlValue::Variant(inner) => shown(&inner.0, &inner.1),
    }
}

fn scaled(mantissa: i128, scale: u8) -> String {
    let sign = if mantissa < 0 { "-" } else { "" };
    let digits = format!("{:0>1$}", mantissa.unsigned_abs(), usize::from(scale) + 1);
    let (whole, fraction) = digits.split_at(digits.len() - usize::from(scale));
    if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold("0x".to_owned(), |mut text, byte| {
        let _ = write!(text, "{byte:02X}");
        text
    })
}

/// What a request to the transaction manager wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Transaction {
    Begin,
    Commit {
        /// The next one begins at once.
        begin: bool,
    },
    Rollback {
        begin: bool,
    },
    Save(String),
    /// Distributed transactions.
    Other(u16),
}

pub(crate) fn transaction(payload: &[u8], version: Version) -> io::Result<Transaction> {
    let mut reader = Reader::new(without_headers(payload, version));
    let name = |reader: &mut Reader<'_>| {
        let bytes = usize::from(reader.u8()?);
        reader.text(bytes / 2)
    };
    Ok(match reader.u16()? {
        5 => Transaction::Begin,
        7 => {
            name(&mut reader)?;
            Transaction::Commit { begin: reader.u8().unwrap_or(0) & 1 != 0 }
        }
        8 => {
            name(&mut reader)?;
            Transaction::Rollback { begin: reader.u8().unwrap_or(0) & 1 != 0 }
        }
        9 => Transaction::Save(name(&mut reader)?),
        other => Transaction::Other(other),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_batch_with_and_without_headers() {
        let text: Vec<u8> = "SELECT 1".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let mut with = vec![22, 0, 0, 0, 18, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0];
        with.extend(&text);
        for payload in [&with, &text] {
            assert_eq!(batch(payload, Version::V7_4).unwrap(), "SELECT 1");
        }
        assert_eq!(batch(&text, Version::V7_1).unwrap(), "SELECT 1");
        assert!(batch(&text[1..], Version::V7_1).is_err());
    }

    #[test]
    fn parameters_get_the_names_of_their_declaration() {
        let unnamed = Parameter { name: String::new(), ty: SqlType::Int, value: SqlValue::Int(1) };
        let mut parameters = [unnamed.clone(), unnamed.clone(), unnamed];
        parameters[1].name = "@other".to_owned();
        name_parameters(&mut parameters, "@a decimal(10, 2),@b int, @c nvarchar(9) = N'x'");
        assert_eq!(parameters.each_ref().map(|p| p.name.as_str()), ["@a", "@other", "@c"]);
        assert_eq!(logged("SELECT @a", &parameters[..1]), "SELECT @a\n-- @a = 1");
    }

    #[test]
    fn values_for_people() {
        let decimal = SqlType::Decimal { precision: 9, scale: 2 };
        for (ty, value, text) in [
            (decimal.clone(), SqlValue::Decimal(-5), "-0.05"),
            (decimal, SqlValue::Decimal(12345), "123.45"),
            (SqlType::Money, SqlValue::Money(-1), "-0.0001"),
            (SqlType::Int, SqlValue::Null, "NULL"),
            (SqlType::Xml, SqlValue::Wide(vec![0x61, 0x0A]), "\"a\\n\""),
            (SqlType::Binary(2), SqlValue::Binary(vec![0, 0xAB]), "0x00AB"),
            (
                SqlType::UniqueIdentifier,
                SqlValue::Guid(*b"0123456789abcdef"),
                "30313233-3435-3637-3839-616263646566",
            ),
        ] {
            assert_eq!(shown(&ty, &value), text);
        }
    }

    proptest! {
        #[test]
        fn garbage_is_no_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            for version in [Version::V7_1, Version::V7_4] {
                let _: io::Result<String> = batch(&bytes, version);
                let _: io::Result<Vec<Call>> = calls(&bytes, version);
                let _: io::Result<Transaction> = transaction(&bytes, version);
            }
        }
    }
}
