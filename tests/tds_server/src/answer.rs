//! What a statement answers: columns, rows, messages, in the terms of SQL Server; the border between protocol and engine.

#![allow(missing_docs, reason = "most names are SQL Server's own")]

/// A type of SQL Server as metadata tell it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum SqlType {
    Bit,
    TinyInt,
    SmallInt,
    Int,
    BigInt,
    /// Precision 1 to 38, scale up to the precision. `numeric` is the same type by another name.
    Decimal {
        precision: u8,
        scale: u8,
    },
    SmallMoney,
    Money,
    Real,
    Float,
    Date,
    /// Digits of the second, 0 to 7; likewise below.
    Time(u8),
    SmallDateTime,
    DateTime,
    DateTime2(u8),
    DateTimeOffset(u8),
    /// Bytes, 1 to 8000, and the collation's name.
    Char(u16, String),
    /// Bytes, 1 to 8000, or `None` for varchar(max).
    VarChar(Option<u16>, String),
    Text(String),
    /// Characters, 1 to 4000.
    NChar(u16, String),
    NVarChar(Option<u16>, String),
    NText(String),
    Binary(u16),
    VarBinary(Option<u16>),
    Image,
    /// Also called rowversion.
    Timestamp,
    UniqueIdentifier,
    Xml,
    SqlVariant,
    /// hierarchyid, geometry, geography: the type's name.
    Udt(String),
}

/// A value, exactly as the type holds it. A value of another variant than its column's type is a bug.
#[derive(Debug, Clone, PartialEq)]
pub enum SqlValue {
    Null,
    Bit(bool),
    /// tinyint, smallint, int, bigint.
    Int(i64),
    /// Mantissa; the scale is that of the column's type.
    Decimal(i128),
    /// Ten-thousandths: money and smallmoney.
    Money(i64),
    Real(f32),
    Float(f64),
    /// Days since 0001-01-01.
    Date(u32),
    /// Units of 100 ns since midnight; digits beyond the type's are zero.
    Time(u64),
    /// Days since 1900-01-01 and three-hundredths of a second since midnight.
    DateTime(i32, u32),
    /// Days since 1900-01-01 and minutes since midnight.
    SmallDateTime(u16, u16),
    /// Days since 0001-01-01 and units of 100 ns since midnight.
    DateTime2(u32, u64),
    /// The same in UTC, and the offset in minutes.
    DateTimeOffset(u32, u64, i16),
    /// char, varchar, text: bytes in the collation's code page, valid or not.
    Bytes(Vec<u8>),
    /// nchar, nvarchar, ntext, xml: UTF-16 code units, valid or not.
    Wide(Vec<u16>),
    /// binary, varbinary, image, timestamp, and the serialised form of a UDT.
    Binary(Vec<u8>),
    /// In the byte order of its text form.
    Guid([u8; 16]),
    /// sql_variant: the type inside and its value.
    Variant(Box<(SqlType, SqlValue)>),
}

/// A column of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AnswerColumn {
    /// Empty where an expression has no alias.
    pub name: String,
    pub ty: SqlType,
    /// NULL is possible; decides between the fixed and the nullable form on the wire.
    pub nullable: bool,
}

/// An error or a message of SQL Server.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{number}: {message}")]
pub struct SqlMessage {
    /// Such as 208, invalid object name.
    pub number: u32,
    pub state: u8,
    /// Severity: 0 to 10 for messages, 11 to 19 for errors, from 20 on the connection ends.
    pub class: u8,
    pub message: String,
}

impl SqlMessage {
    /// An ordinary error, of severity 16.
    pub fn error(number: u32, message: impl Into<String>) -> Self {
        Self { number, state: 1, class: 16, message: message.into() }
    }
}

/// A part of an answer, in the order in which a client receives them. `Columns` begins a result set, `Done` ends it.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    Columns(Vec<AnswerColumn>),
    Row(Vec<SqlValue>),
    /// Rows of the result set; `None` for statements that have none, such as SET.
    Done(Option<u64>),
    Info(SqlMessage),
}

/// A parameter of `sp_executesql`.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    /// With its `@`; empty if positional.
    pub name: String,
    pub ty: SqlType,
    pub value: SqlValue,
}

/// What a login sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionInfo {
    pub session_id: i16,
    pub login: String,
    pub database: String,
    pub application: String,
    pub host: String,
    /// As `sys.dm_exec_connections.encrypt_option` says it.
    pub encrypted: bool,
}

/// Answers statements; called on a thread that may block, one statement of a session after another.
pub trait Engine: Send + Sync + 'static {
    /// The databases a login may open; anything else is error 4060.
    fn has_database(&self, name: &str) -> bool;

    /// A session begins; what it returns lives until the connection ends.
    fn open(&self, session: SessionInfo) -> Result<Box<dyn EngineSession>, SqlMessage>;
}

/// One connection's side of the engine.
pub trait EngineSession: Send {
    /// Runs a batch of one or more statements and hands out events until the end, or until `emit` says `false`, because the
    /// client is gone or has cancelled. An error ends the batch; events before it have been sent.
    fn execute(
        &mut self,
        batch: &str,
        parameters: &[Parameter],
        emit: &mut dyn FnMut(Event) -> bool,
    ) -> Result<(), SqlMessage>;
}
