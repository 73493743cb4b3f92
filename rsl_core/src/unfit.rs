//! Why a value cannot be written to its column.

use crate::json::JsonError;

/// Why a value does not fit its column. Never contains the value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// No exact conversion between these two.
    #[error("{from} cannot become {to} without changing it")]
    Kind {
        /// What the source gave.
        from: &'static str,
        /// The column's type.
        to: String,
    },
    /// A text that does not read as the column's type.
    #[error("a text of {length} characters does not read as {to}")]
    Text {
        /// Characters in the text.
        length: usize,
        /// The column's type.
        to: String,
    },
    /// Out of the type's range.
    #[error("the number is out of range for {to}")]
    Range {
        /// The column's type.
        to: String,
    },
    /// More places than the column keeps.
    #[error("{places} decimal places do not fit {to}")]
    Places {
        /// Places that matter, zeros at the end not counted.
        places: u8,
        /// The column's type.
        to: String,
    },
    /// Longer than the column.
    #[error("a text of {length} characters does not fit {to}")]
    Length {
        /// Characters in the text.
        length: usize,
        /// The column's type.
        to: String,
    },
    /// A field that one row message cannot carry.
    #[error("a value of {bytes} bytes is larger than PostgreSQL's limit of 1 GB for a field")]
    Size {
        /// Length in bytes.
        bytes: usize,
    },
    /// PostgreSQL's text has no NUL.
    #[error("the text holds a NUL character, which PostgreSQL's text types cannot store")]
    ZeroCharacter,
    /// Fractions of a second that the column does not keep.
    #[error("the time has fractions of a second that {to} cannot keep")]
    Fraction {
        /// The column's type.
        to: String,
    },
    /// An offset where the column has none.
    #[error("the text carries the time zone {offset_minutes:+} min, which {to} cannot keep")]
    Offset {
        /// Minutes east of UTC.
        offset_minutes: i32,
        /// The column's type.
        to: String,
    },
    /// No offset where the column needs one.
    #[error("the time carries no time zone, which {to} needs")]
    NoOffset {
        /// The column's type.
        to: String,
    },
    /// A decimal of a double that has more digits than a double carries.
    #[error("the floating-point number has more than 15 digits: which decimal it stands for is not certain")]
    InexactFloat,
    /// More digits than any decimal of a source has.
    #[error("the number has more than 38 digits")]
    TooManyDigits,
    /// No JSON, or JSON that the column cannot hold.
    #[error("{0}")]
    Json(#[from] JsonError),
}

impl Unfit {
    /// What PostgreSQL would answer if it were asked to store the value.
    pub fn sqlstate(&self) -> &'static str {
        match self {
            // invalid_character_value_for_cast
            Unfit::Kind { .. } => "22018",
            // invalid_text_representation
            Unfit::Text { .. } => "22P02",
            // numeric_value_out_of_range
            Unfit::Range { .. } | Unfit::Places { .. } | Unfit::InexactFloat | Unfit::TooManyDigits => {
                "22003"
            }
            // string_data_right_truncation
            Unfit::Length { .. } => "22001",
            // program_limit_exceeded
            Unfit::Size { .. } | Unfit::Json(JsonError::Depth) => "54000",
            Unfit::Json(JsonError::Number) => "22003",
            // character_not_in_repertoire
            Unfit::ZeroCharacter => "22021",
            // datetime_field_overflow
            Unfit::Fraction { .. } => "22008",
            // invalid_datetime_format
            Unfit::Offset { .. } | Unfit::NoOffset { .. } => "22007",
            // invalid_json_text
            Unfit::Json(_) => "22032",
        }
    }
}
