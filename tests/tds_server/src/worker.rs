//! Requests of one connection carried out, one after another, on a thread that may block.

use std::{
    collections::HashMap,
    fmt::Write,
    sync::{Arc, Mutex, PoisonError},
};

use crate::{
    answer::{EngineSession, Parameter, SqlMessage},
    packet::{Message, kind},
    request::{self, Call, Procedure, Transaction},
    respond::{Answer, Ending, Manner, Returned},
    wire::token::{Change, Done},
};

/// Whole answers as they went over the wire, by what was asked and how it was to be answered.
pub(crate) type Cache = Mutex<HashMap<String, Arc<Vec<Arc<Vec<u8>>>>>>;

/// Every statement that arrived, in order.
pub(crate) type Log = Mutex<Vec<String>>;

/// The part of a connection that runs statements.
pub(crate) struct Worker {
    pub(crate) engine: Box<dyn EngineSession>,
    pub(crate) manner: Manner,
    pub(crate) login: String,
    pub(crate) database: String,
    pub(crate) cache: Option<Arc<Cache>>,
    pub(crate) log: Arc<Log>,
    prepared: HashMap<i32, Prepared>,
    last_handle: i32,
    /// The number of the transaction that the client has begun; 0 if none.
    transaction: u64,
    last_transaction: u64,
}

#[derive(Debug, Clone)]
struct Prepared {
    statement: String,
    declaration: String,
}

impl Worker {
    pub(crate) fn new(
        engine: Box<dyn EngineSession>,
        manner: Manner,
        login: String,
        database: String,
        cache: Option<Arc<Cache>>,
        log: Arc<Log>,
    ) -> Self {
        Self {
            engine,
            manner,
            login,
            database,
            cache,
            log,
            prepared: HashMap::new(),
            last_handle: 0,
            transaction: 0,
            last_transaction: 0,
        }
    }

    /// Carries out a request. Bytes that make no sense end the connection.
    pub(crate) fn run(&mut self, message: &Message, mut answer: Answer) -> Ending {
        if message.reset {
            self.prepared.clear();
            answer.connection_was_reset();
        }
        let version = self.manner.version;
        let ending = match message.kind {
            kind::BATCH => {
                request::batch(&message.payload, version).map(|text| self.batch(&text, &mut answer))
            }
            kind::RPC => {
                request::calls(&message.payload, version).map(|calls| self.calls(calls, &mut answer))
            }
            kind::TRANSACTION => request::transaction(&message.payload, version)
                .map(|transaction| self.transaction(&transaction, &mut answer)),
            _ => {
                let error = SqlMessage::error(50000, "this server does not load rows in bulk");
                Ok(answer.end(Err(error), None, false))
            }
        };
        self.database.clone_from(&answer.database);
        ending.unwrap_or_else(|error| answer.end(Err(unreadable(&error)), None, false))
    }

    fn record(&self, statement: &str, parameters: &[Parameter]) {
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        log.push(request::logged(statement, parameters));
    }

    fn batch(&mut self, text: &str, answer: &mut Answer) -> Ending {
        self.record(text, &[]);
        let key = self.cache_key(text, &[], answer);
        if let Some(ending) = self.cached(key.as_deref(), answer) {
            return ending;
        }
        let result = self.execute(text, &[], Done::Statement, answer);
        let ending = answer.end(result, None, false);
        self.remember(key, &ending, answer);
        ending
    }

    fn execute(
        &mut self,
        text: &str,
        parameters: &[Parameter],
        done: Done,
        answer: &mut Answer,
    ) -> Result<(), SqlMessage> {
        if answer.begin(text, done) {
            self.engine.execute(text, parameters, &mut |event| answer.event(event))
        } else {
            Ok(())
        }
    }

    fn calls(&mut self, calls: Vec<Call>, answer: &mut Answer) -> Ending {
        let (count, mut ending) = (calls.len(), Ending::default());
        for (n, call) in calls.into_iter().enumerate() {
            ending = self.call(call, count == 1, n + 1 < count, answer);
            if ending.close || answer.is_over() {
                break;
            }
        }
        ending
    }

    fn call(&mut self, call: Call, only: bool, more: bool, answer: &mut Answer) -> Ending {
        let Call { procedure, mut parameters } = call;
        let mut returned = Returned::default();
        let lacks = |what: &str| SqlMessage::error(214, format!("Procedure expects parameter '{what}'."));
        let statement = match &procedure {
            Procedure::ExecuteSql if !parameters.is_empty() => {
                let text = request::text_of(parameters.first());
                let declaration = request::text_of(parameters.get(1)).unwrap_or_default();
                parameters.drain(..parameters.len().min(2));
                request::name_parameters(&mut parameters, &declaration);
                text.ok_or_else(|| lacks("@statement"))
            }
            Procedure::PrepareAndExecute | Procedure::Prepare if parameters.len() >= 3 => {
                let declaration = request::text_of(parameters.get(1)).unwrap_or_default();
                let statement = request::text_of(parameters.get(2));
                let name = parameters[0].name.clone();
                parameters.drain(..3);
                if procedure == Procedure::Prepare {
                    parameters.clear();
                }
                request::name_parameters(&mut parameters, &declaration);
                statement.ok_or_else(|| lacks("@stmt")).inspect(|statement| {
                    self.last_handle += 1;
                    returned.handle = Some((0, name, self.last_handle));
                    let prepared = Prepared { statement: statement.clone(), declaration };
                    self.prepared.insert(self.last_handle, prepared);
                })
            }
            Procedure::Execute if !parameters.is_empty() => {
                let handle = request::number_of(parameters.first()).unwrap_or_default();
                parameters.remove(0);
                match self.prepared.get(&handle) {
                    Some(prepared) => {
                        request::name_parameters(&mut parameters, &prepared.declaration);
                        Ok(prepared.statement.clone())
                    }
                    None => Err(no_handle(handle)),
                }
            }
            Procedure::Unprepare => {
                let handle = request::number_of(parameters.first()).unwrap_or_default();
                self.record("EXEC sp_unprepare", &parameters);
                let found = self.prepared.remove(&handle).map(drop).ok_or_else(|| no_handle(handle));
                return answer.end(found, Some(returned), more);
            }
            Procedure::ResetConnection => {
                self.record("EXEC sp_reset_connection", &[]);
                self.prepared.clear();
                return answer.end(Ok(()), Some(returned), more);
            }
            other => {
                let name = name_of(other);
                self.record(&format!("EXEC {name}"), &parameters);
                let message = format!("Could not find stored procedure '{name}'.");
                let error = SqlMessage { number: 2812, state: 62, class: 16, message };
                return answer.end(Err(error), Some(returned), more);
            }
        };
        let statement = match statement {
            Ok(statement) => statement,
            Err(error) => return answer.end(Err(error), Some(returned), more),
        };
        if procedure == Procedure::Prepare {
            self.record(&format!("EXEC sp_prepare {statement}"), &[]);
            return answer.end(Ok(()), Some(returned), more);
        }
        self.record(&statement, &parameters);
        // The answer to a prepared statement has its handle within, which is another each time.
        let key = if only && returned.handle.is_none() {
            self.cache_key(&statement, &parameters, answer)
        } else {
            None
        };
        if let Some(ending) = self.cached(key.as_deref(), answer) {
            return ending;
        }
        let result = self.execute(&statement, &parameters, Done::InProcedure, answer);
        let ending = answer.end(result, Some(returned), more);
        self.remember(key, &ending, answer);
        ending
    }

    fn transaction(&mut self, transaction: &Transaction, answer: &mut Answer) -> Ending {
        let text = match transaction {
            Transaction::Begin => "BEGIN TRANSACTION".to_owned(),
            Transaction::Commit { .. } => "COMMIT TRANSACTION".to_owned(),
            Transaction::Rollback { .. } => "ROLLBACK TRANSACTION".to_owned(),
            Transaction::Save(name) => format!("SAVE TRANSACTION {name}"),
            Transaction::Other(number) => {
                let message = format!("this server has no distributed transactions (request {number})");
                return answer.end(Err(SqlMessage::error(8501, message)), None, false);
            }
        };
        self.record(&text, &[]);
        let mut result = self.execute(&text, &[], Done::Statement, answer);
        if result.is_ok() {
            let begun = match transaction {
                Transaction::Begin => true,
                Transaction::Commit { begin } => {
                    answer.transaction_changed(&Change::Commit(self.transaction));
                    self.transaction = 0;
                    *begin
                }
                Transaction::Rollback { begin } => {
                    answer.transaction_changed(&Change::Rollback(self.transaction));
                    self.transaction = 0;
                    *begin
                }
                _ => false,
            };
            if begun && *transaction != Transaction::Begin {
                result = self.execute("BEGIN TRANSACTION", &[], Done::Statement, answer);
            }
            if begun && result.is_ok() {
                self.last_transaction += 1;
                self.transaction = self.last_transaction;
                answer.transaction_changed(&Change::Begin(self.transaction));
            }
        }
        answer.end(result, None, false)
    }

    /// By what an answer is remembered, if it may be: only SELECTs that say the same every time.
    fn cache_key(&self, statement: &str, parameters: &[Parameter], answer: &mut Answer) -> Option<String> {
        self.cache.as_ref()?;
        let start = statement.trim_start().get(..6)?.to_ascii_uppercase();
        let lower = statement.to_ascii_lowercase();
        let changing =
            ["@@", "sys.dm_", "getdate", "sysdatetime", "newid", "current_timestamp", "getutcdate"];
        if !(start == "SELECT" || start.starts_with("WITH"))
            || changing.iter().any(|word| lower.contains(word))
            || answer.may_fail(statement)
        {
            return None;
        }
        let Manner { version, packet_size, .. } = self.manner;
        let mut key = format!("{version:?} {packet_size} {}/{}\n{statement}", self.login, self.database);
        for parameter in parameters {
            // Writing to a String does not fail.
            let _ = write!(key, "\n{parameter:?}");
        }
        answer.keep();
        Some(key)
    }

    fn cached(&self, key: Option<&str>, answer: &mut Answer) -> Option<Ending> {
        let cache = self.cache.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner);
        let parts = Arc::clone(cache.get(key?)?);
        drop(cache);
        answer.take_kept();
        Some(answer.replay(&parts))
    }

    fn remember(&self, key: Option<String>, ending: &Ending, answer: &mut Answer) {
        let kept = answer.take_kept();
        if let (Some(key), Some(kept), Some(cache), true) = (key, kept, &self.cache, ending.complete) {
            cache.lock().unwrap_or_else(PoisonError::into_inner).insert(key, Arc::new(kept));
        }
    }
}

fn name_of(procedure: &Procedure) -> String {
    match procedure {
        Procedure::Other(name) => name.clone(),
        Procedure::ExecuteSql => "sp_executesql".to_owned(),
        Procedure::Prepare => "sp_prepare".to_owned(),
        Procedure::Execute => "sp_execute".to_owned(),
        Procedure::PrepareAndExecute => "sp_prepexec".to_owned(),
        Procedure::Unprepare => "sp_unprepare".to_owned(),
        Procedure::ResetConnection => "sp_reset_connection".to_owned(),
    }
}

/// 4002: bytes that make no sense; ends the connection.
fn unreadable(error: &std::io::Error) -> SqlMessage {
    let message = format!("The incoming tabular data stream (TDS) protocol stream is incorrect: {error}.");
    SqlMessage { number: 4002, state: 1, class: 20, message }
}

fn no_handle(handle: i32) -> SqlMessage {
    SqlMessage {
        number: 8179,
        state: 2,
        class: 16,
        message: format!("Could not find prepared statement with handle {handle}."),
    }
}
