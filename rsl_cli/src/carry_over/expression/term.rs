//! Parts of a translation.

use super::super::kind::Kind;
use super::Outcome;

/// How tightly an operator binds, so that only the parentheses stand that are needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    Or,
    And,
    Compare,
    Other,
    Add,
    Multiply,
    Atom,
}

/// A part of the translation.
#[derive(Debug, Clone)]
pub struct Term {
    pub sql: String,
    pub level: Level,
    pub kind: Kind,
    /// A constant as the source has it: the text without quotes, the number with its sign, the bytes in hexadecimal.
    pub literal: Option<String>,
    /// Not the same at any time, for anybody.
    pub moving: bool,
    /// Of PostgreSQL's type character(n), which forgets its spaces.
    pub forgets_spaces: bool,
    /// The most characters that a whole number has as text, if fewer than its kind may have.
    pub characters: Option<u32>,
}

impl Term {
    pub fn new(sql: impl Into<String>, level: Level, kind: Kind) -> Self {
        let (literal, moving, forgets_spaces, characters) = (None, false, false, None);
        Self { sql: sql.into(), level, kind, literal, moving, forgets_spaces, characters }
    }

    pub fn atom(sql: impl Into<String>, kind: Kind) -> Self {
        Self::new(sql, Level::Atom, kind)
    }

    /// What was not the same at any time makes what comes of it so.
    pub fn from(mut self, sources: &[&Term]) -> Self {
        self.moving |= sources.iter().any(|term| term.moving);
        self
    }

    /// The SQL as an operand of what binds as tightly as `level`.
    pub fn at(&self, level: Level) -> String {
        match self.level >= level {
            true => self.sql.clone(),
            false => format!("({})", self.sql),
        }
    }

    pub fn is_null(&self) -> bool {
        self.kind == Kind::Null
    }

    pub fn is_text_literal(&self) -> bool {
        self.kind.is_text() && self.literal.is_some()
    }

    pub fn is_number_literal(&self) -> bool {
        matches!(self.kind, Kind::Int(_) | Kind::Decimal { .. } | Kind::Money | Kind::Float)
            && self.literal.is_some()
    }

    /// A text that keeps its spaces, which the functions of texts need.
    pub fn text(self) -> Outcome<Self> {
        match self.kind {
            Kind::Text { .. } if self.forgets_spaces => {
                Err("uses a column of type character, which forgets spaces at the end, in PostgreSQL"
                    .to_owned())
            }
            Kind::Text { .. } => Ok(self),
            kind => Err(format!("uses a {kind} as a text, which is written differently")),
        }
    }
}
