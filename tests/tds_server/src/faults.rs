//! Faults on demand: what goes wrong, when, and how often.

use std::{
    fmt,
    str::FromStr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use crate::answer::SqlMessage;

/// When a fault happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// When the connection has been accepted, before a byte.
    Accept,
    /// Instead of the answer to PRELOGIN.
    Prelogin,
    /// Instead of the server's part of the TLS handshake.
    TlsHandshake,
    /// Instead of the answer to the login.
    Login,
    /// When a statement arrives, before it runs.
    Statement,
    /// After the columns of a statement's first result.
    Columns,
    /// After so many rows of a statement, all its results together; to be armed before the statement begins.
    Row(u64),
    /// Instead of the token that ends a statement's answer.
    Done,
}

/// What happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Wait, then go on as if nothing had been.
    Delay(Duration),
    /// Keep the connection open, say nothing, read nothing; before the login as long as a login may take.
    Stall,
    /// Close the connection in good order.
    Fin {
        /// The last packet promises more than it has.
        in_packet: bool,
    },
    /// Reset the connection: what was sent but not yet read may be lost to the client.
    Rst,
    /// Random bytes, then close.
    Garbage {
        /// The same seed gives the same bytes.
        seed: u64,
        /// How many.
        length: usize,
    },
    /// Half of the next token, then the proper end of the message. Before a statement it is the same as closing.
    TruncateToken,
    /// The proper end of the message without the token that ends the answer.
    NoDone,
    /// An error in place of what follows; from class 20 on the connection ends as well. Before the login it is the same as
    /// closing, for there is no way yet to tell an error.
    Error(SqlMessage),
    /// The next row arrives with another value in this column, counted from 0, than the table holds, as by a driver that decodes wrongly:
    /// what the engine computes of the table does not change. Before there are rows, nothing.
    Alter {
        /// The column.
        column: usize,
    },
    /// From now on read everything and answer nothing; before the login as long as a login may take.
    Mute,
}

/// A fault to come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// At which point.
    pub when: Phase,
    /// What happens there.
    pub what: Action,
    /// How often; `None` is every time.
    pub times: Option<u32>,
    /// Only in statements that contain this text; never before there is a statement.
    pub matching: Option<String>,
}

impl Fault {
    /// This, once.
    pub fn new(when: Phase, what: Action) -> Self {
        Self { when, what, times: Some(1), matching: None }
    }

    /// A reset after so many rows.
    pub fn reset_after(rows: u64) -> Self {
        Self::new(Phase::Row(rows), Action::Rst)
    }

    /// An orderly close after so many rows.
    pub fn close_after(rows: u64) -> Self {
        Self::new(Phase::Row(rows), Action::Fin { in_packet: false })
    }

    /// An error after so many rows.
    pub fn error_after(rows: u64, error: SqlMessage) -> Self {
        Self::new(Phase::Row(rows), Action::Error(error))
    }

    /// An error instead of an answer.
    pub fn error(error: SqlMessage) -> Self {
        Self::new(Phase::Statement, Action::Error(error))
    }

    /// An error instead of a login.
    pub fn login_error(error: SqlMessage) -> Self {
        Self::new(Phase::Login, Action::Error(error))
    }

    /// Silence after so many rows.
    pub fn stall_after(rows: u64) -> Self {
        Self::new(Phase::Row(rows), Action::Stall)
    }

    /// An answer without its end.
    pub fn no_done() -> Self {
        Self::new(Phase::Done, Action::NoDone)
    }

    /// So often instead of once.
    pub fn times(mut self, times: u32) -> Self {
        self.times = Some(times);
        self
    }

    /// Every time.
    pub fn always(mut self) -> Self {
        self.times = None;
        self
    }

    /// Only in statements that contain this text.
    pub fn matching(mut self, text: &str) -> Self {
        self.matching = Some(text.to_owned());
        self
    }
}

impl SqlMessage {
    /// 1205: this session was chosen to end a deadlock.
    pub fn deadlock() -> Self {
        let text = "Transaction (Process ID 51) was deadlocked on lock resources with another process and has been \
                    chosen as the deadlock victim. Rerun the transaction.";
        Self { number: 1205, state: 45, class: 13, message: text.to_owned() }
    }

    /// 596: somebody has killed the session.
    pub fn killed() -> Self {
        let text = "Cannot continue the execution because the session is in the kill state.";
        Self { number: 596, state: 1, class: 21, message: text.to_owned() }
    }

    /// 40613: Azure is moving the database.
    pub fn not_available(database: &str) -> Self {
        let text = format!(
            "Database '{database}' on server 'TDSTEST' is not currently available.  Please retry the connection later."
        );
        Self { number: 40613, state: 1, class: 17, message: text }
    }
}

/// The faults to come, and how many have happened; copies are the same list.
#[derive(Debug, Clone, Default)]
pub struct Faults(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    armed: Vec<Fault>,
    happened: usize,
}

impl Faults {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One more fault to come; of several for the same point the first armed goes first.
    pub fn arm(&self, fault: Fault) {
        self.state().armed.push(fault);
    }

    /// No more faults.
    pub fn clear(&self) {
        self.state().armed.clear();
    }

    /// What has not yet happened, or not as often as it should.
    pub fn armed(&self) -> Vec<Fault> {
        self.state().armed.clone()
    }

    /// How many have happened so far.
    pub fn happened(&self) -> usize {
        self.state().happened
    }

    /// What goes wrong here and now.
    pub(crate) fn take(&self, when: Phase, statement: Option<&str>) -> Option<Action> {
        let mut state = self.state();
        let at = state.armed.iter().position(|fault| fault.when == when && fault.concerns(statement))?;
        let what = state.armed[at].what.clone();
        match &mut state.armed[at].times {
            None => {}
            Some(0 | 1) => {
                state.armed.remove(at);
            }
            Some(times) => *times -= 1,
        }
        state.happened += 1;
        Some(what)
    }

    /// Whether anything may go wrong within this statement.
    pub(crate) fn concern(&self, statement: &str) -> bool {
        self.state().armed.iter().any(|fault| fault.when.in_statement() && fault.concerns(Some(statement)))
    }

    /// After how many rows something is to go wrong in this statement, of those that have more than `rows`.
    pub(crate) fn next_row(&self, statement: &str, rows: u64) -> Option<u64> {
        let state = self.state();
        let rows_of = |fault: &Fault| match fault.when {
            Phase::Row(at) if at >= rows && fault.concerns(Some(statement)) => Some(at),
            _ => None,
        };
        state.armed.iter().filter_map(rows_of).min()
    }
}

impl Phase {
    /// There is a statement at this point.
    fn in_statement(self) -> bool {
        matches!(self, Self::Statement | Self::Columns | Self::Row(_) | Self::Done)
    }
}

impl Fault {
    fn concerns(&self, statement: Option<&str>) -> bool {
        match (&self.matching, statement) {
            (None, _) => true,
            (Some(text), Some(statement)) => statement.contains(text),
            (Some(_), None) => false,
        }
    }
}

/// The bytes of [`Action::Garbage`].
pub(crate) fn garbage(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed;
    let mut next = || {
        // SplitMix64.
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)).to_le_bytes()
    };
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        bytes.extend(next());
    }
    bytes.truncate(length);
    bytes
}

/// A fault that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "cannot read the fault \"{text}\": {reason}; write PHASE ACTION [times:N|always] [matching:TEXT], with PHASE one of \
     accept, prelogin, tls, login, statement, columns, row:N, done, and ACTION one of delay:MILLISECONDS, stall, fin, \
     fin-in-packet, rst, garbage:SEED:LENGTH, truncate, no-done, error:NUMBER[:CLASS], mute"
)]
pub struct BadFault {
    text: String,
    reason: String,
}

/// As on a command line: `row:430 rst`, `statement delay:500 always matching:BI_ITEM`.
impl FromStr for Fault {
    type Err = BadFault;

    fn from_str(text: &str) -> Result<Self, BadFault> {
        let bad = |reason: String| BadFault { text: text.to_owned(), reason };
        let (head, matching) = match text.split_once(" matching:") {
            Some((head, matching)) => (head, Some(matching.to_owned())),
            None => (text, None),
        };
        let mut words = head.split_whitespace();
        let phase = words.next().ok_or_else(|| bad("it is empty".to_owned()))?;
        let when = phase_of(phase).ok_or_else(|| bad(format!("no phase is called \"{phase}\"")))?;
        let action = words.next().ok_or_else(|| bad("it has no action".to_owned()))?;
        let what = action_of(action).ok_or_else(|| bad(format!("no action is called \"{action}\"")))?;
        let mut fault = Self { when, what, times: Some(1), matching };
        for word in words {
            fault.times = match word.strip_prefix("times:").map(str::parse) {
                Some(Ok(times)) => Some(times),
                None if word == "always" => None,
                _ => return Err(bad(format!("\"{word}\" has no meaning here"))),
            };
        }
        Ok(fault)
    }
}

fn phase_of(word: &str) -> Option<Phase> {
    Some(match word {
        "accept" => Phase::Accept,
        "prelogin" => Phase::Prelogin,
        "tls" => Phase::TlsHandshake,
        "login" => Phase::Login,
        "statement" => Phase::Statement,
        "columns" => Phase::Columns,
        "done" => Phase::Done,
        other => Phase::Row(other.strip_prefix("row:")?.parse().ok()?),
    })
}

fn action_of(word: &str) -> Option<Action> {
    let mut parts = word.split(':');
    let name = parts.next()?;
    let mut number = || parts.next().map(str::parse::<u64>);
    let action = match name {
        "delay" => Action::Delay(Duration::from_millis(number()?.ok()?)),
        "stall" => Action::Stall,
        "fin" => Action::Fin { in_packet: false },
        "fin-in-packet" => Action::Fin { in_packet: true },
        "rst" => Action::Rst,
        "garbage" => {
            let (seed, length) = (number()?.ok()?, number()?.ok()?);
            Action::Garbage { seed, length: usize::try_from(length).ok()? }
        }
        "truncate" => Action::TruncateToken,
        "no-done" => Action::NoDone,
        "error" => {
            let (number, class) = (number()?.ok()?, number().unwrap_or(Ok(16)).ok()?);
            Action::Error(known_error(u32::try_from(number).ok()?, u8::try_from(class).ok()?))
        }
        "mute" => Action::Mute,
        _ => return None,
    };
    parts.next().is_none().then_some(action)
}

/// An error by its number alone, as SQL Server words it if that is known here.
fn known_error(number: u32, class: u8) -> SqlMessage {
    [SqlMessage::deadlock(), SqlMessage::killed(), SqlMessage::not_available("master")]
        .into_iter()
        .find(|error| error.number == number)
        .unwrap_or(SqlMessage { number, state: 1, class, message: format!("error {number} on demand") })
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Accept => f.write_str("accept"),
            Self::Prelogin => f.write_str("prelogin"),
            Self::TlsHandshake => f.write_str("tls"),
            Self::Login => f.write_str("login"),
            Self::Statement => f.write_str("statement"),
            Self::Columns => f.write_str("columns"),
            Self::Row(rows) => write!(f, "row:{rows}"),
            Self::Done => f.write_str("done"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn from_a_command_line() {
        assert_eq!("row:430 rst".parse(), Ok(Fault::reset_after(430)));
        let delay = Fault::new(Phase::Statement, Action::Delay(Duration::from_millis(500)));
        assert_eq!(
            "statement delay:500 always matching:FROM [a b]".parse(),
            Ok(delay.always().matching("FROM [a b]"))
        );
        assert_eq!(
            "login error:40613 times:3".parse(),
            Ok(Fault::login_error(SqlMessage::not_available("master")).times(3))
        );
        assert_eq!(
            "done garbage:7:99".parse(),
            Ok(Fault::new(Phase::Done, Action::Garbage { seed: 7, length: 99 }))
        );
        for bad in [
            "",
            "row",
            "row:x rst",
            "row:1",
            "row:1 burn",
            "row:1 rst twice",
            "row:1 rst:9",
            "done garbage:7",
        ] {
            assert!(bad.parse::<Fault>().is_err(), "{bad}");
        }
        for phase in ["accept", "prelogin", "tls", "login", "statement", "columns", "row:9", "done"] {
            assert_eq!(phase_of(phase).unwrap().to_string(), phase);
        }
    }

    #[test]
    fn each_as_often_as_told() {
        let faults = Faults::default();
        faults.arm(Fault::reset_after(3).times(2).matching("B_ITEM"));
        faults.arm(Fault::no_done().always());
        assert_eq!(faults.next_row("SELECT * FROM B_ITEM", 0), Some(3));
        assert_eq!(faults.next_row("SELECT * FROM B_ITEM", 4), None);
        assert_eq!(faults.next_row("SELECT * FROM other", 0), None);
        assert_eq!(faults.take(Phase::Row(3), Some("SELECT * FROM other")), None);
        for _ in 0..2 {
            assert_eq!(faults.take(Phase::Row(3), Some("B_ITEM")), Some(Action::Rst));
        }
        assert_eq!(faults.take(Phase::Row(3), Some("B_ITEM")), None);
        for _ in 0..3 {
            assert_eq!(faults.take(Phase::Done, Some("x")), Some(Action::NoDone));
        }
        assert_eq!(faults.happened(), 5);
        assert!(faults.concern("x"));
        faults.clear();
        assert!(!faults.concern("x"));
    }

    #[test]
    fn garbage_is_the_same_for_the_same_seed() {
        assert_eq!(garbage(1, 20), garbage(1, 21)[..20]);
        assert_ne!(garbage(1, 20), garbage(2, 20));
    }
}
