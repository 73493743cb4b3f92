//! What is found before a load, on either side: the rows of `rsl check`.

use serde::Serialize;

/// How good or bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// As it should be.
    Good,
    /// Worth knowing.
    Note,
    /// The load would go through, but not as one would wish.
    Warn,
    /// The load would not go through.
    Stop,
}

impl Level {
    /// As it is printed.
    pub fn name(self) -> &'static str {
        match self {
            Level::Good => "good",
            Level::Note => "note",
            Level::Warn => "WARN",
            Level::Stop => "STOP",
        }
    }
}

/// One thing that was looked at.
#[derive(Debug, Clone, Serialize)]
pub struct Finding {
    pub level: Level,
    /// What was looked at, in a few words: "source: rights".
    pub subject: String,
    /// What it was.
    pub found: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl Finding {
    /// Without a hint.
    pub fn new(level: Level, subject: impl Into<String>, found: impl Into<String>) -> Self {
        Self { level, subject: subject.into(), found: found.into(), hint: None }
    }

    /// What to do about it.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// How large a table or view is, as far as the source tells without reading it.
#[derive(Debug, Clone, Serialize)]
pub struct Size {
    pub object: String,
    /// None of a view.
    pub rows: Option<u64>,
    pub bytes: Option<u64>,
    /// Several readers can take it side by side, and go on after a break.
    pub resumes: bool,
}

/// A side of a load.
#[derive(Debug, Clone, Default)]
pub struct Survey {
    pub findings: Vec<Finding>,
    /// Of the source: what would be read.
    pub sizes: Vec<Size>,
    /// Of the source: rows a second that a sample of the largest table was read with.
    pub pace: Option<f64>,
}
