//! Why a command could not do its work, for the person at the terminal.

use crate::terminal::visible_lines;
use std::fmt;

/// What failed and where, and what to do about it. Never holds a password or the value of a cell, but the key of
/// the row that the message is about.
#[derive(Debug)]
pub struct Failure {
    what: String,
    hint: Option<String>,
    kind: Kind,
}

/// What may follow from a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// The same attempt would fail again.
    Final,
    /// Trying again after a while may work: a lost connection, a deadlock.
    Transient,
    /// The same, of a server that could not be reached at all.
    Unreachable,
    /// Only says that something else has failed.
    FollowUp,
    /// The user asked for it.
    Interrupted,
}

/// What commands return.
pub type Result<T> = std::result::Result<T, Failure>;

impl Failure {
    /// In the style `cannot open the source: no such file`.
    pub fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), hint: None, kind: Kind::Final }
    }

    /// What to do about it.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Ctrl-C or a signal to end; the hint says what there is now.
    pub fn interrupted(hint: &str) -> Self {
        Self { kind: Kind::Interrupted, ..Self::new("interrupted") }.hint(hint)
    }

    /// A failure that only says that another task has failed first.
    pub fn follow_up() -> Self {
        Self { kind: Kind::FollowUp, ..Self::new("another part of the load has failed") }
    }

    /// Trying again after a while may work.
    pub fn transient(mut self) -> Self {
        self.kind = Kind::Transient;
        self
    }

    /// Nobody answered.
    pub fn unreachable(mut self) -> Self {
        self.kind = Kind::Unreachable;
        self
    }

    /// Whether nobody answered.
    pub fn is_unreachable(&self) -> bool {
        self.kind == Kind::Unreachable
    }

    /// Whether trying again after a while may work.
    pub fn is_transient(&self) -> bool {
        matches!(self.kind, Kind::Transient | Kind::Unreachable)
    }

    /// Adds to the hint, or is the hint.
    pub fn also(mut self, more: impl fmt::Display) -> Self {
        self.hint = Some(match self.hint {
            // A question, and a sentence that PostgreSQL has ended.
            Some(hint) if hint.ends_with('?') => format!("{hint} {more}"),
            Some(hint) => format!("{}; {more}", hint.trim_end_matches(['.', ' '])),
            None => more.to_string(),
        });
        self
    }

    /// Whether this only follows from another failure.
    pub fn is_follow_up(&self) -> bool {
        self.kind == Kind::FollowUp
    }

    /// Whether the user asked for it.
    pub fn is_interrupted(&self) -> bool {
        self.kind == Kind::Interrupted
    }

    /// Puts the place before the message.
    pub fn at(mut self, place: impl fmt::Display) -> Self {
        self.what = format!("{place}: {}", self.what);
        self
    }

    /// The hint alone.
    pub fn advice(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// The message without the hint.
    pub fn what(&self) -> &str {
        &self.what
    }
}

/// For the terminal: names and messages of a server come from data, and must not act on it.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Further lines are indented: a name with a line of its own in it does not make one of ours.
        let shown = |text: &str| visible_lines(text).replace('\n', "\n  ");
        f.write_str(&shown(&self.what))?;
        match &self.hint {
            Some(hint) => write!(f, "\nhint: {}", shown(hint)),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hints_are_joined_as_one_sentence() {
        let joined = |hint: &str| Failure::new("it failed").hint(hint).also("run it again").to_string();
        assert_eq!(joined("close it"), "it failed\nhint: close it; run it again");
        assert_eq!(
            joined("Close it. Then open it."),
            "it failed\nhint: Close it. Then open it; run it again"
        );
        assert_eq!(joined("is it open?"), "it failed\nhint: is it open? run it again");
        assert_eq!(Failure::new("it failed").also("run it again").advice(), Some("run it again"));
    }
}

/// Exit codes of the program.
pub mod exit {
    /// All exact.
    pub const OK: u8 = 0;
    /// Differences or findings.
    pub const DIFFERENT: u8 = 1;
    /// Usage or failure.
    pub const FAILED: u8 = 2;
    /// Interrupted.
    pub const INTERRUPTED: u8 = 130;
}
