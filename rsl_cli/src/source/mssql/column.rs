//! A column of SQL Server: what PostgreSQL type holds it, by which expression it is selected so that the driver cannot get it
//! wrong, and how its values stand in a key.

use rsl_core::pgtype::MAX_VARCHAR;
use rsl_core::{PgType, Value};

use super::code_page::TextForm;

/// What `sys.columns` says of a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    pub name: String,
    /// Of the system type, alias types resolved.
    pub type_name: String,
    /// In bytes; −1 is (max).
    pub max_length: i64,
    pub precision: i64,
    pub scale: i64,
    pub nullable: bool,
    pub collation: Option<String>,
    /// Of the collation.
    pub code_page: i64,
    pub computed: bool,
    /// The login is shown something else than its values.
    pub masked: bool,
    /// Code page that the user says the bytes are in, whatever the collation says.
    pub told: Option<TextForm>,
}

impl Column {
    /// Values may have up to 2 GB.
    pub fn is_unlimited(&self) -> bool {
        self.max_length == -1 || ["text", "ntext", "image", "xml"].contains(&self.type_name.as_str())
    }

    /// As CREATE TABLE would say it.
    pub fn declared(&self) -> String {
        let name = &self.type_name;
        let length = |unit: i64| match self.max_length {
            -1 => format!("{name}(max)"),
            bytes => format!("{name}({})", bytes / unit),
        };
        match name.as_str() {
            "char" | "varchar" | "binary" | "varbinary" => length(1),
            "nchar" | "nvarchar" => length(2),
            "decimal" | "numeric" => format!("{name}({},{})", self.precision, self.scale),
            "time" | "datetime2" | "datetimeoffset" => format!("{name}({})", self.scale),
            // Its other name says more than the one that the catalogue gives it.
            "timestamp" => "rowversion".to_owned(),
            _ => name.clone(),
        }
    }

    /// The PostgreSQL type that holds every value; `None` of a type that cannot be read.
    pub fn pg_type(&self) -> Option<PgType> {
        // PostgreSQL keeps 6 digits of a second. A value that needs the 7th is refused, never cut.
        let digits = self.scale.clamp(0, 6) as u8;
        let varchar = |unit: i64| match u32::try_from(self.max_length / unit) {
            Ok(length @ 1..=MAX_VARCHAR) => PgType::Varchar(Some(length)),
            _ => PgType::Text,
        };
        Some(match self.type_name.as_str() {
            "bit" => PgType::Bool,
            "tinyint" | "smallint" => PgType::Int2,
            "int" => PgType::Int4,
            "bigint" => PgType::Int8,
            "decimal" | "numeric" => PgType::Numeric(Some((self.precision as u16, self.scale as i16))),
            "money" => PgType::Numeric(Some((19, 4))),
            "smallmoney" => PgType::Numeric(Some((10, 4))),
            "real" => PgType::Float4,
            "float" => PgType::Float8,
            "date" => PgType::Date,
            "time" => PgType::Time(digits),
            "smalldatetime" => PgType::Timestamp(0),
            "datetime" => PgType::Timestamp(3),
            "datetime2" => PgType::Timestamp(digits),
            "datetimeoffset" => PgType::TimestampTz(digits),
            // An encoding may make two characters of one byte, but never more characters than bytes.
            "char" | "varchar" => varchar(1),
            "nchar" | "nvarchar" => varchar(2),
            "text" | "ntext" | "xml" | "sql_variant" | "hierarchyid" | "geometry" | "geography" => {
                PgType::Text
            }
            "binary" | "varbinary" | "image" | "timestamp" => PgType::Bytea,
            "uniqueidentifier" => PgType::Uuid,
            _ => return None,
        })
    }

    /// How the bytes that arrive are read as text; `None` of what is no text.
    pub fn text_form(&self) -> Option<TextForm> {
        match self.type_name.as_str() {
            "char" | "varchar" | "text" => match (self.told, TextForm::of_code_page(self.code_page)) {
                (_, Some(TextForm::Utf8)) => Some(TextForm::Utf8),
                (Some(told), _) => Some(told),
                // Of a code page that is not known here, the server makes UTF-16.
                (None, known) => Some(known.unwrap_or(TextForm::Utf16)),
            },
            "nchar" | "nvarchar" | "ntext" | "xml" | "sql_variant" | "hierarchyid" | "geometry"
            | "geography" => Some(TextForm::Utf16),
            _ => None,
        }
    }

    /// The expression to select, of a table called `t`. Texts are taken as bytes: what the driver makes of collations is
    /// wrong for some of them, silently, and one bad byte would end the whole result.
    pub fn expression(&self) -> String {
        let column = format!("t.{}", bracket(&self.name));
        let bytes = match self.max_length {
            -1 => "max".to_owned(),
            length => length.max(1).to_string(),
        };
        match self.type_name.as_str() {
            // The driver makes a double of them.
            "money" => format!("CAST({column} AS decimal(19,4))"),
            "smallmoney" => format!("CAST({column} AS decimal(10,4))"),
            "char" | "varchar" if self.converted_by_server() => {
                let wide = if self.max_length == -1 { "max" } else { "4000" };
                let narrow = if self.max_length == -1 { "max" } else { "8000" };
                // Of more than 4000 characters, only (max) has room.
                match self.max_length > 4000 {
                    true => format!("CAST(CAST({column} AS nvarchar(max)) AS varbinary(max))"),
                    false => format!("CAST(CAST({column} AS nvarchar({wide})) AS varbinary({narrow}))"),
                }
            }
            "char" | "varchar" | "nchar" | "nvarchar" => format!("CAST({column} AS varbinary({bytes}))"),
            "text" if self.converted_by_server() => {
                format!("CAST(CAST(CAST({column} AS varchar(max)) AS nvarchar(max)) AS varbinary(max))")
            }
            "text" => format!("CAST(CAST({column} AS varchar(max)) AS varbinary(max))"),
            "ntext" | "xml" => format!("CAST(CAST({column} AS nvarchar(max)) AS varbinary(max))"),
            "hierarchyid" => format!("CAST(CAST({column} AS nvarchar(4000)) AS varbinary(8000))"),
            "geometry" | "geography" => format!(
                "CASE WHEN {column} IS NULL THEN NULL ELSE CAST(CONCAT(N'SRID=', {column}.STSrid, N';', {column}.AsTextZM()) AS varbinary(max)) END"
            ),
            "sql_variant" => variant(&column),
            _ => column,
        }
    }

    /// The bytes of UTF-16 in the text of a sql_variant, from the value inside: of the long ones, not from the text.
    pub fn variant_bytes(&self) -> String {
        let column = format!("t.{}", bracket(&self.name));
        format!(
            "CASE WHEN {0} IN ('nchar', 'nvarchar') THEN DATALENGTH(CAST({column} AS nvarchar(4000))) \
             WHEN {0} IN ('binary', 'varbinary') THEN 4 + 4 * DATALENGTH(CAST({column} AS varbinary(8000))) ELSE DATALENGTH({1}) END",
            inside(&column),
            self.expression()
        )
    }

    /// The bytes are UTF-16 that the server made of a code page.
    fn converted_by_server(&self) -> bool {
        self.text_form() == Some(TextForm::Utf16)
    }

    /// Whether the rows can be put in the order of this column and found again by a value of it.
    pub fn is_orderable(&self) -> bool {
        match self.type_name.as_str() {
            "bit" | "tinyint" | "smallint" | "int" | "bigint" | "decimal" | "numeric" | "money"
            | "smallmoney" | "date" | "time" | "smalldatetime" | "datetime" | "datetime2"
            | "datetimeoffset" | "uniqueidentifier" => true,
            "binary" | "varbinary" | "timestamp" | "nchar" | "nvarchar" => self.max_length != -1,
            // A bound must say the same in the source as what arrived here.
            "char" | "varchar" => self.max_length != -1 && self.told.is_none(),
            _ => false,
        }
    }

    /// Whole numbers, between whose smallest and largest a range can be cut by arithmetic.
    pub fn is_whole_number(&self) -> bool {
        matches!(self.type_name.as_str(), "tinyint" | "smallint" | "int" | "bigint")
    }

    /// A value in the words in which [`Column::bound`] takes it; `None` of a value that no bound can be made of.
    pub fn key_text(&self, value: &Value<'_>) -> Option<String> {
        use rsl_core::temporal::{date_text, time_text, timestamp_text};
        Some(match *value {
            Value::Bool(value) => u8::from(value).to_string(),
            Value::Int(value) => value.to_string(),
            Value::Decimal(value) => value.to_string(),
            Value::Text(text) => text.to_owned(),
            Value::Bytes(bytes) => bytes.iter().map(|byte| format!("{byte:02X}")).collect(),
            Value::Date(days) => date_text(days),
            Value::Time(ticks) => time_text(ticks),
            Value::Timestamp(ticks) => timestamp_text(ticks),
            Value::TimestampTz(ticks) => timestamp_text(ticks) + "+00:00",
            Value::Uuid(bytes) => uuid_text(bytes),
            Value::Null | Value::Float4(_) | Value::Float8(_) => return None,
        })
    }

    /// The T-SQL expression of a bound, of the column's own type, so that an index can be used and texts are compared as the
    /// column's collation compares them.
    pub fn bound(&self, text: &str) -> String {
        let quoted = || format!("N'{}'", text.replace('\'', "''"));
        match self.type_name.as_str() {
            "char" | "varchar" => {
                let collate = match &self.collation {
                    // The collation decides the code page of the result.
                    Some(collation) => format!(" COLLATE {collation}"),
                    None => String::new(),
                };
                format!("CAST({}{collate} AS {})", quoted(), self.declared())
            }
            "binary" | "varbinary" | "timestamp" => format!("0x{}", hexadecimal(text)),
            // Seconds of a datetime are given to the millisecond: further digits would not read.
            "datetime" => format!("CAST(N'{}' AS datetime)", cut(text, 23)),
            "smalldatetime" => format!("CAST(N'{}' AS smalldatetime)", cut(text, 19)),
            _ => format!("CAST({} AS {})", quoted(), self.declared()),
        }
    }
}

/// Square brackets around an identifier.
pub fn bracket(name: &str) -> String {
    format!("[{}]", name.replace(']', "]]"))
}

/// Only what can stand in a binary literal.
fn hexadecimal(text: &str) -> String {
    text.chars().filter(char::is_ascii_hexdigit).collect()
}

fn cut(text: &str, length: usize) -> String {
    text.chars().take(length).filter(|&c| c != '\'').collect()
}

fn uuid_text(bytes: [u8; 16]) -> String {
    let hex: String = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}

/// A text of what is in a sql_variant, by its own type: the plain conversion to text would cut money to two places, dates to
/// minutes and floats to six digits. Inside there may be 8000 bytes, of which the text may have four times as many.
fn variant(column: &str) -> String {
    let text = |inner: &str, style: &str| format!("CONVERT(nvarchar(max), CAST({column} AS {inner}){style})");
    let mut cases = String::new();
    for (base, sql) in [
        ("money", text("decimal(19,4)", "")),
        ("smallmoney", text("decimal(10,4)", "")),
        // 126 is ISO 8601; 3 gives all digits of a float; 1 is hexadecimal with 0x.
        ("datetime", text("datetime2(3)", ", 126")),
        ("smalldatetime", text("datetime2(0)", ", 126")),
        ("datetime2", text("datetime2(7)", ", 126")),
        ("datetimeoffset", text("datetimeoffset(7)", ", 126")),
        ("float", text("float", ", 3")),
        ("real", text("real", ", 3")),
        ("binary", text("varbinary(8000)", ", 1")),
        ("varbinary", text("varbinary(8000)", ", 1")),
    ] {
        cases.push_str(&format!(" WHEN '{base}' THEN {sql}"));
    }
    format!("CAST(CASE {}{cases} ELSE CAST({column} AS nvarchar(max)) END AS varbinary(max))", inside(column))
}

/// The type of what is in a sql_variant.
fn inside(column: &str) -> String {
    format!("CAST(SQL_VARIANT_PROPERTY({column}, 'BaseType') AS varchar(30))")
}
