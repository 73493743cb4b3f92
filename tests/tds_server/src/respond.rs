//! An answer on its way: events of the engine become tokens, tokens become packets, packets go to the connection.

use std::{
    ops::Deref,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::sync::mpsc;

use crate::{
    answer::{AnswerColumn, Event, SqlMessage, SqlType, SqlValue},
    faults::{Action, Faults, Phase},
    options::{NullBitmap, Options},
    packet::{Framer, kind},
    wire::{
        Version, older,
        token::{self, Change, Done},
        type_info::Form,
        value::{self, Sink},
    },
};

/// Bytes that go to the connection at once.
const PART: usize = 64 << 10;
/// Bytes of tokens between two cuts into packets.
const GATHERED: usize = 16 << 10;
/// Parts that may wait for the connection; with [`PART`] this bounds the memory of an answer.
pub(crate) const PARTS: usize = 4;

/// What the connection gets to do.
#[derive(Debug)]
pub(crate) enum Part {
    /// Whole packets.
    Bytes(Waiting),
    /// Wait before the next part.
    Delay(Duration),
    /// The last part: something that ends the connection, or its usefulness.
    Fault(Action),
}

/// Bytes that wait to be sent, counted for as long as they exist: a connection may end before it has sent them.
#[derive(Debug)]
pub(crate) struct Waiting {
    bytes: Arc<Vec<u8>>,
    common: Arc<Common>,
}

impl Waiting {
    fn new(bytes: Arc<Vec<u8>>, common: &Arc<Common>) -> Self {
        let waiting = common.waiting.fetch_add(bytes.len(), Ordering::Relaxed) + bytes.len();
        common.most_waiting.fetch_max(waiting, Ordering::Relaxed);
        Self { bytes, common: Arc::clone(common) }
    }
}

impl Deref for Waiting {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.common.waiting.fetch_sub(self.bytes.len(), Ordering::Relaxed);
    }
}

/// What all connections have in common, as far as answers go.
#[derive(Debug)]
pub(crate) struct Common {
    pub(crate) options: Options,
    pub(crate) faults: Faults,
    /// Bytes that wait to be sent, now and at most.
    pub(crate) waiting: AtomicUsize,
    pub(crate) most_waiting: AtomicUsize,
}

/// How this connection wants its answers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Manner {
    pub(crate) version: Version,
    pub(crate) packet_size: usize,
    pub(crate) process: u16,
}

/// How an answer stands.
#[derive(Debug, PartialEq)]
enum State {
    /// More may follow.
    Open,
    /// An error has taken the place of what follows.
    Failed(SqlMessage),
    /// The client wants no more.
    Cancelled,
    /// The message ends here, whatever is missing.
    Ended,
    /// Nobody is there to send to.
    Gone,
}

/// How the answer to a request ended.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Ending {
    /// The connection ends with it.
    pub(crate) close: bool,
    /// It has said that the client's attention was heard.
    pub(crate) attention_heard: bool,
    /// Complete and without an error, so that it may be sent again.
    pub(crate) complete: bool,
}

/// What a procedure returns besides its results.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Returned {
    /// The place, the name and the value of an output parameter.
    pub(crate) handle: Option<(u16, String, i32)>,
}

/// One answer under way; lives on the engine's thread.
pub(crate) struct Answer {
    common: Arc<Common>,
    manner: Manner,
    outlet: Outlet,
    cancelled: Arc<AtomicBool>,
    state: State,
    /// The statement being answered, for faults that concern only some.
    statement: String,
    /// What ends a result: a procedure's differ.
    done: Done,
    columns: Vec<Column>,
    /// Some columns are written as another type than they have.
    older: bool,
    large: bool,
    rows: u64,
    /// After how many rows something goes wrong; `u64::MAX` if nothing does.
    fault_row: u64,
    had_columns: bool,
    /// The next token is to be cut in half.
    cut: bool,
    /// The next row arrives with another value in this column.
    alter: Option<usize>,
    /// The end of a result is held back until it is known whether more follows.
    ended_result: Option<Option<u64>>,
    pub(crate) database: String,
}

#[derive(Debug)]
struct Column {
    ty: SqlType,
    form: Form,
    nullable: bool,
}

/// Where tokens gather, become packets, and leave.
struct Outlet {
    tokens: Vec<u8>,
    framer: Option<Framer>,
    parts: mpsc::Sender<Part>,
    common: Arc<Common>,
    /// What has been sent, if it is to be kept.
    kept: Option<Vec<Arc<Vec<u8>>>>,
    gone: bool,
}

impl Outlet {
    fn send(&mut self, part: Part) {
        if !self.gone && self.parts.blocking_send(part).is_err() {
            self.gone = true;
        }
    }

    fn send_bytes(&mut self, bytes: Arc<Vec<u8>>) {
        if bytes.is_empty() || self.gone {
            return;
        }
        if let Some(kept) = &mut self.kept {
            kept.push(Arc::clone(&bytes));
        }
        self.send(Part::Bytes(Waiting::new(bytes, &self.common)));
    }

    fn gather(&mut self) {
        if let Some(framer) = &mut self.framer {
            framer.put(&self.tokens);
            self.tokens.clear();
            if framer.ready() >= PART {
                let bytes = framer.take_ready();
                self.send_bytes(Arc::new(bytes));
            }
        }
    }

    /// Sends all there is, if need be in a short packet.
    fn flush(&mut self, cut: bool) {
        self.gather();
        if let Some(framer) = &mut self.framer {
            let bytes = if cut { framer.take_cut() } else { framer.take_all() };
            self.send_bytes(Arc::new(bytes));
        }
    }

    fn finish(&mut self) {
        self.gather();
        if let Some(framer) = self.framer.take() {
            self.send_bytes(Arc::new(framer.finish()));
        }
    }
}

impl Sink for Outlet {
    fn bytes(&mut self) -> &mut Vec<u8> {
        &mut self.tokens
    }

    fn piece_written(&mut self) {
        if self.tokens.len() >= GATHERED {
            self.gather();
        }
    }
}

impl Answer {
    pub(crate) fn new(
        common: Arc<Common>,
        manner: Manner,
        parts: mpsc::Sender<Part>,
        cancelled: Arc<AtomicBool>,
        database: String,
    ) -> Self {
        let framer = Framer::new(kind::ANSWER, manner.packet_size, manner.process);
        let outlet = Outlet {
            tokens: Vec::with_capacity(2 * GATHERED),
            framer: Some(framer),
            parts,
            common: Arc::clone(&common),
            kept: None,
            gone: false,
        };
        Self {
            common,
            manner,
            outlet,
            cancelled,
            state: State::Open,
            statement: String::new(),
            done: Done::Statement,
            columns: Vec::new(),
            older: false,
            large: false,
            rows: 0,
            fault_row: u64::MAX,
            had_columns: false,
            cut: false,
            alter: None,
            ended_result: None,
            database,
        }
    }

    /// Whether something is to go wrong in this statement.
    pub(crate) fn may_fail(&self, statement: &str) -> bool {
        self.common.faults.concern(statement)
    }

    /// From here on everything sent is kept.
    pub(crate) fn keep(&mut self) {
        self.outlet.kept = Some(Vec::new());
    }

    /// What was sent since [`Self::keep`].
    pub(crate) fn take_kept(&mut self) -> Option<Vec<Arc<Vec<u8>>>> {
        self.outlet.kept.take()
    }

    /// Sends a whole answer of earlier instead of one of its own.
    pub(crate) fn replay(&mut self, parts: &[Arc<Vec<u8>>]) -> Ending {
        self.outlet.framer = None;
        for part in parts {
            self.outlet.send_bytes(Arc::clone(part));
        }
        Ending { complete: true, ..Ending::default() }
    }

    /// The settings of the session have been reset, as asked.
    pub(crate) fn connection_was_reset(&mut self) {
        if self.manner.version >= Version::V7_2 {
            token::change(&mut self.outlet.tokens, &Change::Reset);
        }
    }

    pub(crate) fn transaction_changed(&mut self, change: &Change<'_>) {
        token::change(&mut self.outlet.tokens, change);
    }

    /// A statement begins; `false` if it need not run.
    pub(crate) fn begin(&mut self, statement: &str, done: Done) -> bool {
        self.statement = statement.to_owned();
        self.done = done;
        self.rows = 0;
        self.had_columns = false;
        self.fault_row = self.common.faults.next_row(statement, 0).unwrap_or(u64::MAX);
        self.fault(Phase::Statement);
        self.goes_on()
    }

    fn goes_on(&mut self) -> bool {
        if self.outlet.gone {
            self.state = State::Gone;
        } else if self.state == State::Open && self.cancelled.load(Ordering::Relaxed) {
            self.state = State::Cancelled;
        }
        self.state == State::Open
    }

    /// Takes what the engine has to say; `false` when nothing more is wanted.
    pub(crate) fn event(&mut self, event: Event) -> bool {
        if !self.goes_on() {
            return false;
        }
        self.write_held_end();
        match event {
            Event::Columns(columns) => self.columns(columns),
            Event::Row(row) => self.row(row),
            Event::Done(rows) => self.ended_result = Some(rows),
            Event::Info(message) => self.info(message),
        }
        self.state == State::Open
    }

    fn write_held_end(&mut self) {
        if let Some(rows) = self.ended_result.take() {
            self.end_token(self.done, token::MORE, rows);
        }
    }

    fn end_token(&mut self, done: Done, status: u16, rows: Option<u64>) {
        self.begin_token();
        token::done(&mut self.outlet.tokens, self.manner.version, done, status, rows);
        self.token_written();
    }

    fn columns(&mut self, columns: Vec<AnswerColumn>) {
        let version = self.manner.version;
        let seen: Vec<AnswerColumn> = columns
            .iter()
            .map(|column| AnswerColumn { ty: older::ty(&column.ty, version), ..column.clone() })
            .collect();
        self.begin_token();
        token::columns(&mut self.outlet.tokens, version, &seen);
        self.token_written();
        self.columns = columns
            .into_iter()
            .zip(&seen)
            .map(|(own, seen)| Column { form: Form::of(&seen.ty), nullable: seen.nullable, ty: own.ty })
            .collect();
        self.older = version < Version::V7_3A;
        self.large = self.columns.iter().any(|column| column.form.may_be_large());
        if !std::mem::replace(&mut self.had_columns, true) {
            self.fault(Phase::Columns);
            self.fault_after_row();
        }
    }

    fn row(&mut self, mut row: Vec<SqlValue>) {
        if row.len() != self.columns.len() {
            let message = format!("{} values in a row of {} columns", row.len(), self.columns.len());
            self.state = State::Failed(SqlMessage::error(50000, message));
            return;
        }
        if let Some(value) = self.alter.take().and_then(|column| row.get_mut(column)) {
            alter(value);
        }
        if self.older {
            let version = self.manner.version;
            for (value, column) in row.iter_mut().zip(&self.columns) {
                *value = older::value(&column.ty, version, std::mem::replace(value, SqlValue::Null));
            }
        }
        self.begin_token();
        if let Err(message) = self.row_token(&row) {
            self.state = State::Failed(message);
            return;
        }
        self.token_written();
        self.rows += 1;
        self.fault_after_row();
    }

    fn row_token(&mut self, row: &[SqlValue]) -> Result<(), SqlMessage> {
        // Of a large row a part may have been sent before the value that does not fit.
        if self.large {
            for (column, value) in self.columns.iter().zip(row) {
                check(column, value)?;
            }
        }
        let chunks = self.common.options.chunks;
        let start = self.outlet.tokens.len();
        let bitmap = self.wants_bitmap(row);
        self.outlet.tokens.push(if bitmap { token::ROW_WITH_BITMAP } else { token::ROW });
        if bitmap {
            let is_null = |bits: &[SqlValue]| {
                bits.iter().rev().fold(0, |byte, value| byte << 1 | u8::from(*value == SqlValue::Null))
            };
            self.outlet.tokens.extend(row.chunks(8).map(is_null));
        }
        for (column, value) in self.columns.iter().zip(row) {
            if !self.large
                && let Err(message) = check(column, value)
            {
                self.outlet.tokens.truncate(start);
                return Err(message);
            }
            if !(bitmap && *value == SqlValue::Null) {
                value::put(&mut self.outlet, column.form, column.nullable, value, chunks);
            }
        }
        Ok(())
    }

    fn wants_bitmap(&self, row: &[SqlValue]) -> bool {
        if self.manner.version < Version::V7_3B {
            return false;
        }
        match self.common.options.null_bitmap {
            NullBitmap::Never => false,
            NullBitmap::Always => true,
            NullBitmap::Auto => {
                let nulls = row.iter().filter(|value| matches!(value, SqlValue::Null)).count();
                nulls > row.len().div_ceil(8)
            }
        }
    }

    fn info(&mut self, mut message: SqlMessage) {
        message.class = message.class.min(10);
        // "Changed database context to 'KsmErp'." comes with a change that programs understand.
        if message.number == 5701
            && let Some(name) = message.message.split('\'').nth(1)
        {
            self.begin_token();
            let change = Change::Database { now: name, before: &self.database };
            token::change(&mut self.outlet.tokens, &change);
            self.token_written();
            self.database = name.to_owned();
        }
        self.message(&message);
    }

    fn message(&mut self, message: &SqlMessage) {
        self.begin_token();
        let server = &self.common.options.server_name;
        token::message(&mut self.outlet.tokens, self.manner.version, server, message);
        self.token_written();
    }

    fn begin_token(&mut self) {
        if self.cut {
            self.outlet.gather();
        }
    }

    fn token_written(&mut self) {
        if self.cut {
            let half = self.outlet.tokens.len() / 2;
            self.outlet.tokens.truncate(half);
            self.cut = false;
            self.state = State::Ended;
        }
        self.outlet.piece_written();
    }

    fn fault_after_row(&mut self) {
        if self.rows >= self.fault_row {
            self.fault(Phase::Row(self.fault_row));
            self.fault_row = self.common.faults.next_row(&self.statement, self.rows + 1).unwrap_or(u64::MAX);
        }
    }

    /// What goes wrong at this point: of several things the one armed first.
    fn fault(&mut self, phase: Phase) {
        if self.state != State::Open || self.cut {
            return;
        }
        match self.common.faults.take(phase, Some(&self.statement)) {
            None => {}
            Some(Action::Delay(time)) => {
                self.outlet.flush(false);
                self.outlet.send(Part::Delay(time));
            }
            Some(Action::TruncateToken) => self.cut = true,
            Some(Action::Alter { column }) => self.alter = Some(column),
            Some(Action::NoDone) => self.state = State::Ended,
            Some(Action::Error(message)) => self.state = State::Failed(message),
            Some(action) => {
                self.outlet.flush(action == Action::Fin { in_packet: true });
                self.outlet.send(Part::Fault(action));
                self.state = State::Gone;
            }
        }
    }

    /// Ends a batch, or one procedure of a request; `more` if another follows.
    pub(crate) fn end(
        &mut self,
        result: Result<(), SqlMessage>,
        returned: Option<Returned>,
        more: bool,
    ) -> Ending {
        if self.goes_on() && result.is_ok() {
            self.fault(Phase::Done);
            if matches!(self.state, State::Failed(_)) {
                // The error stands in place of the end that has been held back.
                self.ended_result = None;
            }
        }
        let result = match std::mem::replace(&mut self.state, State::Open) {
            State::Failed(message) => Err(message),
            State::Open => result,
            State::Cancelled => return self.end_cancelled(),
            State::Ended => return self.end_short(),
            State::Gone => return Ending { close: true, ..Ending::default() },
        };
        let more = if more { token::MORE } else { 0 };
        let mut ending = Ending { complete: result.is_ok(), ..Ending::default() };
        let mut status = 0;
        if let Err(message) = &result {
            self.write_held_end();
            self.message(message);
            if self.state == State::Ended {
                return self.end_short();
            }
            status = token::FAILED;
            if message.class >= 20 {
                status |= token::FATAL;
                ending.close = true;
            }
        }
        if let Some(returned) = returned {
            self.write_held_end();
            if self.state == State::Ended {
                return self.end_short();
            }
            token::return_status(&mut self.outlet.tokens, if result.is_ok() { 0 } else { 1 });
            if let (Some((at, name, handle)), true) = (returned.handle, result.is_ok()) {
                token::return_value(&mut self.outlet.tokens, self.manner.version, at, &name, handle);
            }
            self.end_token(Done::Procedure, status | more, None);
        } else {
            let rows = self.ended_result.take().flatten();
            self.end_token(Done::Statement, status | more, rows);
        }
        if self.state == State::Ended {
            return self.end_short();
        }
        if more == 0 || ending.close {
            self.outlet.finish();
        }
        ending
    }

    fn end_cancelled(&mut self) -> Ending {
        token::done(&mut self.outlet.tokens, self.manner.version, Done::Statement, token::ATTENTION, None);
        self.outlet.finish();
        Ending { attention_heard: true, ..Ending::default() }
    }

    fn end_short(&mut self) -> Ending {
        self.state = State::Ended;
        self.outlet.finish();
        Ending::default()
    }

    /// Whether the message has ended before its time, so that nothing more can be answered in it.
    pub(crate) fn is_over(&self) -> bool {
        self.outlet.framer.is_none() || self.outlet.gone
    }
}

/// Makes another value of the same type.
fn alter(value: &mut SqlValue) {
    match value {
        SqlValue::Bit(bit) => *bit = !*bit,
        SqlValue::Int(n) => *n ^= 1,
        SqlValue::Decimal(n) => *n ^= 1,
        SqlValue::Money(n) => *n ^= 1,
        SqlValue::Real(n) => *n = -*n - 1.0,
        SqlValue::Float(n) => *n = -*n - 1.0,
        SqlValue::Date(day) | SqlValue::DateTime2(day, _) | SqlValue::DateTimeOffset(day, ..) => *day ^= 1,
        SqlValue::DateTime(day, _) => *day ^= 1,
        SqlValue::SmallDateTime(day, _) => *day ^= 1,
        SqlValue::Time(time) => *time = *time / 20_000_000 * 10_000_000,
        // As much as a character of UTF-16, for texts that are selected as bytes.
        SqlValue::Bytes(bytes) | SqlValue::Binary(bytes) => bytes.truncate(bytes.len().saturating_sub(2)),
        SqlValue::Wide(units) => units.truncate(units.len().saturating_sub(1)),
        SqlValue::Guid(bytes) => bytes[0] ^= 1,
        SqlValue::Variant(inner) => alter(&mut inner.1),
        SqlValue::Null => {}
    }
}

fn check(column: &Column, value: &SqlValue) -> Result<(), SqlMessage> {
    if value::fits(column.form, column.nullable, value) {
        return Ok(());
    }
    let shown: String = format!("{value:?}").chars().take(60).collect();
    let null = if column.nullable { "NULL" } else { "NOT NULL" };
    Err(SqlMessage::error(
        50000,
        format!("the engine gave {shown} for a column of type {:?} {null}", column.ty),
    ))
}
