//! Tokens: the parts of an answer.

use super::{Version, put_short_text, put_text, type_info, type_info::collation_of};
use crate::{
    answer::{AnswerColumn, SqlMessage, SqlType},
    collation::Collation,
};

const RETURN_STATUS: u8 = 0x79;
const COLUMNS: u8 = 0x81;
const ERROR: u8 = 0xAA;
const INFO: u8 = 0xAB;
const RETURN_VALUE: u8 = 0xAC;
const LOGIN_ACK: u8 = 0xAD;
const FEATURES: u8 = 0xAE;
#[cfg(feature = "kerberos")]
const SSPI: u8 = 0xED;
const ENVIRONMENT: u8 = 0xE3;
/// A row that writes its NULLs.
pub(crate) const ROW: u8 = 0xD1;
/// A row with a bitmap of its NULLs.
pub(crate) const ROW_WITH_BITMAP: u8 = 0xD2;

/// Which of the three tokens that end something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Done {
    /// A statement of a batch.
    Statement = 0xFD,
    /// A procedure.
    Procedure = 0xFE,
    /// A statement in a procedure.
    InProcedure = 0xFF,
}

/// More will follow.
pub(crate) const MORE: u16 = 0x01;
/// There was an error.
pub(crate) const FAILED: u16 = 0x02;
/// The count means something.
pub(crate) const COUNTED: u16 = 0x10;
/// The client's attention has been heard.
pub(crate) const ATTENTION: u16 = 0x20;
/// The error ends the connection.
pub(crate) const FATAL: u16 = 0x100;

pub(crate) fn done(out: &mut Vec<u8>, version: Version, kind: Done, status: u16, rows: Option<u64>) {
    const SELECT: u16 = 0xC1;
    out.push(kind as u8);
    out.extend((status | if rows.is_some() { COUNTED } else { 0 }).to_le_bytes());
    out.extend(if rows.is_some() { SELECT } else { 0 }.to_le_bytes());
    let count = rows.unwrap_or_default();
    if version >= Version::V7_2 {
        out.extend(count.to_le_bytes());
    } else {
        out.extend(u32::try_from(count).unwrap_or(u32::MAX).to_le_bytes());
    }
}

/// An error from class 11, else a message.
pub(crate) fn message(out: &mut Vec<u8>, version: Version, server: &str, message: &SqlMessage) {
    let code = if message.class > 10 { ERROR } else { INFO };
    with_length(out, code, |out| {
        out.extend(message.number.to_le_bytes());
        out.extend([message.state, message.class]);
        put_text(out, &message.message);
        put_short_text(out, server);
        put_short_text(out, "");
        if version >= Version::V7_2 {
            out.extend(1_u32.to_le_bytes());
        } else {
            out.extend(1_u16.to_le_bytes());
        }
    });
}

fn with_length(out: &mut Vec<u8>, code: u8, body: impl FnOnce(&mut Vec<u8>)) {
    out.push(code);
    let at = out.len();
    out.extend([0; 2]);
    body(out);
    let length = u16::try_from(out.len() - at - 2).unwrap_or(u16::MAX);
    out[at..at + 2].copy_from_slice(&length.to_le_bytes());
}

/// Something about the session that has changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Change<'a> {
    Database {
        now: &'a str,
        before: &'a str,
    },
    Language(&'a str),
    PacketSize {
        now: usize,
        before: usize,
    },
    Collation(&'a Collation),
    /// A transaction begins, by the number that the client names it with from now on.
    Begin(u64),
    Commit(u64),
    Rollback(u64),
    /// Log in there instead.
    Redirect {
        host: &'a str,
        port: u16,
    },
    /// The settings of the session are those of a new one.
    Reset,
}

pub(crate) fn change(out: &mut Vec<u8>, change: &Change<'_>) {
    let names = |out: &mut Vec<u8>, kind: u8, now: &str, before: &str| {
        out.push(kind);
        put_short_text(out, now);
        put_short_text(out, before);
    };
    with_length(out, ENVIRONMENT, |out| match change {
        Change::Database { now, before } => names(out, 1, now, before),
        Change::Language(now) => names(out, 2, now, ""),
        Change::PacketSize { now, before } => names(out, 4, &now.to_string(), &before.to_string()),
        Change::Collation(now) => {
            out.extend([7, 5]);
            out.extend(now.bytes());
            out.push(0);
        }
        Change::Begin(number) => {
            out.extend([8, 8]);
            out.extend(number.to_le_bytes());
            out.push(0);
        }
        Change::Commit(number) => {
            out.extend([9, 0, 8]);
            out.extend(number.to_le_bytes());
        }
        Change::Rollback(number) => {
            out.extend([10, 0, 8]);
            out.extend(number.to_le_bytes());
        }
        Change::Redirect { host, port } => {
            let mut target = vec![0];
            target.extend(port.to_le_bytes());
            put_text(&mut target, host);
            out.push(20);
            out.extend(u16::try_from(target.len()).unwrap_or(u16::MAX).to_le_bytes());
            out.extend(target);
            out.extend([0; 2]);
        }
        Change::Reset => out.extend([18, 0, 0]),
    });
}

pub(crate) fn login_ack(out: &mut Vec<u8>, version: Version, (major, minor, build): (u8, u8, u16)) {
    with_length(out, LOGIN_ACK, |out| {
        out.push(1);
        out.extend(version.number().to_be_bytes());
        put_short_text(out, "Microsoft SQL Server\0\0");
        let [high, low] = build.to_be_bytes();
        out.extend([major, minor, high, low]);
    });
}

/// What proves the server to a Windows account.
#[cfg(feature = "kerberos")]
pub(crate) fn sspi(out: &mut Vec<u8>, proof: &[u8]) {
    with_length(out, SSPI, |out| out.extend(proof));
}

/// Grants features: each with the bytes of its answer.
pub(crate) fn features(out: &mut Vec<u8>, granted: &[(u8, &[u8])]) {
    out.push(FEATURES);
    for (feature, data) in granted {
        out.push(*feature);
        out.extend(u32::try_from(data.len()).unwrap_or_default().to_le_bytes());
        out.extend_from_slice(data);
    }
    out.push(0xFF);
}

pub(crate) fn return_status(out: &mut Vec<u8>, status: i32) {
    out.push(RETURN_STATUS);
    out.extend(status.to_le_bytes());
}

/// An output parameter: an int, for here only handles are returned.
pub(crate) fn return_value(out: &mut Vec<u8>, version: Version, ordinal: u16, name: &str, value: i32) {
    out.push(RETURN_VALUE);
    out.extend(ordinal.to_le_bytes());
    put_short_text(out, name);
    out.push(1);
    put_user_type(out, version, 0);
    out.extend(0_u16.to_le_bytes());
    type_info::put(out, &SqlType::Int, true);
    out.push(4);
    out.extend(value.to_le_bytes());
}

fn put_user_type(out: &mut Vec<u8>, version: Version, user_type: u32) {
    if version >= Version::V7_2 {
        out.extend(user_type.to_le_bytes());
    } else {
        out.extend(u16::try_from(user_type).unwrap_or_default().to_le_bytes());
    }
}

pub(crate) fn columns(out: &mut Vec<u8>, version: Version, columns: &[AnswerColumn]) {
    const NULLABLE: u16 = 0x01;
    const CASE_SENSITIVE: u16 = 0x02;
    const UPDATE_UNKNOWN: u16 = 0x08;
    out.push(COLUMNS);
    out.extend(u16::try_from(columns.len()).unwrap_or(u16::MAX).to_le_bytes());
    for column in columns {
        put_user_type(out, version, type_info::user_type(&column.ty));
        let nullable = if column.nullable { NULLABLE } else { 0 };
        let case =
            if collation_of(&column.ty).is_some_and(|c| c.case_sensitive) { CASE_SENSITIVE } else { 0 };
        out.extend((nullable | case | UPDATE_UNKNOWN).to_le_bytes());
        type_info::put(out, &column.ty, column.nullable);
        if matches!(column.ty, SqlType::Text(_) | SqlType::NText(_) | SqlType::Image) {
            // The table's name in parts: one part, which is empty.
            if version >= Version::V7_2 {
                out.push(1);
            }
            out.extend(0_u16.to_le_bytes());
        }
        put_short_text(out, &column.name);
    }
}
