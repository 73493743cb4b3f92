//! One connection, from its first byte to its last.

use std::{
    io,
    sync::{
        Arc, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf},
    net::TcpStream,
    sync::mpsc,
    time::{sleep, timeout},
};

use crate::{
    answer::{EngineSession, SessionInfo, SqlMessage},
    faults::{self, Action, Phase},
    login::{self, Login7},
    options::{Encryption, Options},
    packet::{Framer, LOGIN_PACKET_SIZE, Message, MessageReader, invalid, kind},
    prelogin::{Prelogin, Wish},
    respond::{Answer, Ending, Manner, PARTS, Part},
    server::Shared,
    tls::{Socket, Transport},
    wire::{
        Version,
        token::{self, Done},
    },
    worker::Worker,
};

/// How long a closing connection waits for the client to close its side; a reset would take back what was sent.
const FAREWELL: Duration = Duration::from_secs(2);

/// TLS begins with a message of this type.
const TLS_HANDSHAKE: u8 = 0x16;

/// Serves a connection to its end.
pub(crate) async fn serve(shared: Arc<Shared>, stream: TcpStream, process: u16) {
    let Ok(socket) = Socket::new(stream) else { return };
    let mut connection =
        Connection { shared, socket: socket.clone(), reader: MessageReader::default(), process };
    // However a connection ends, there is nobody to tell but the client, and that has been tried.
    let _: io::Result<()> = connection.run(socket).await;
}

struct Connection {
    shared: Arc<Shared>,
    /// For what must be done to the connection beside reading and writing.
    socket: Socket,
    reader: MessageReader,
    process: u16,
}

/// Whether a connection goes on after a fault.
#[derive(Debug, PartialEq, Eq)]
enum Next {
    GoOn,
    Close,
}

impl Connection {
    async fn run(&mut self, socket: Socket) -> io::Result<()> {
        let patience = self.shared.common.options.login_timeout;
        let Ok(begun) = timeout(patience, self.begin(socket)).await else { return Ok(()) };
        let Some((transport, login)) = begun? else { return Ok(()) };
        let Some((transport, worker)) = self.log_in(transport, login).await? else { return Ok(()) };
        self.requests(transport, worker).await
    }

    fn options(&self) -> &Options {
        &self.shared.common.options
    }

    /// PRELOGIN, TLS, and the login as it came. `None` if the connection has ended.
    async fn begin(&mut self, socket: Socket) -> io::Result<Option<(Transport, Login7)>> {
        let mut transport = Transport::Plain(socket);
        if self.fault(Phase::Accept, &mut transport).await? == Next::Close {
            return Ok(None);
        }
        let encryption = self.options().encryption;
        let tls_first = self.socket.peek().await? == Some(TLS_HANDSHAKE);
        match (tls_first, encryption) {
            (true, Encryption::Off) | (false, Encryption::Strict) => return Ok(None),
            (true, _) => {
                if self.fault(Phase::TlsHandshake, &mut transport).await? == Next::Close {
                    return Ok(None);
                }
                transport = Transport::strict(self.socket.clone(), &self.shared.acceptors).await?;
            }
            (false, _) => {}
        }
        let Some(message) = self.reader.next(&mut transport).await? else { return Ok(None) };
        if message.kind != kind::PRELOGIN {
            return Err(invalid("no PRELOGIN"));
        }
        let prelogin = Prelogin::parse(&message.payload)?;
        if self.fault(Phase::Prelogin, &mut transport).await? == Next::Close {
            return Ok(None);
        }
        let wish = if tls_first { Wish::On } else { negotiate(encryption, prelogin.encryption) };
        let answer = prelogin.answer(self.options(), wish);
        self.send(&mut transport, LOGIN_PACKET_SIZE, &answer).await?;
        if !tls_first && wish != Wish::NotSupported {
            if self.fault(Phase::TlsHandshake, &mut transport).await? == Next::Close {
                return Ok(None);
            }
            transport = Transport::wrapped(self.socket.clone(), &self.shared.acceptors).await?;
        }
        let Some(message) = self.reader.next(&mut transport).await? else { return Ok(None) };
        if message.kind != kind::LOGIN {
            return Err(invalid("no login"));
        }
        let mut login = Login7::parse(&message.payload)?;
        login.seen.encrypted = transport.encrypted();
        if wish == Wish::Off {
            transport = transport.into_plain();
        }
        login.seen.stays_encrypted = transport.encrypted();
        self.shared.logins.lock().unwrap_or_else(PoisonError::into_inner).push(login.seen.clone());
        Ok(Some((transport, login)))
    }

    /// Lets the client in or sends it away.
    async fn log_in(
        &mut self,
        mut transport: Transport,
        mut login: Login7,
    ) -> io::Result<Option<(Transport, Worker)>> {
        let version = Version::negotiate(login.seen.version).ok_or_else(|| invalid("version is too old"))?;
        match self.shared.common.faults.take(Phase::Login, None) {
            None => {}
            Some(Action::Error(error)) => {
                let answer = login::refuse(self.options(), version, &[error]);
                self.send(&mut transport, LOGIN_PACKET_SIZE, &answer).await?;
                self.farewell(&mut transport).await?;
                return Ok(None);
            }
            Some(action) => match self.strike(action, &mut transport).await? {
                Next::GoOn => {}
                Next::Close => return Ok(None),
            },
        }
        let trusted = login.seen.integrated && self.trusts(&mut transport, &mut login).await?;
        let (engine, database) = match self.admit(&login, trusted, transport.encrypted()).await {
            Ok(admitted) => admitted,
            Err(errors) => {
                let answer = login::refuse(self.options(), version, &errors);
                self.send(&mut transport, LOGIN_PACKET_SIZE, &answer).await?;
                self.farewell(&mut transport).await?;
                return Ok(None);
            }
        };
        let packet_size = match login.seen.packet_size {
            0 => self.options().packet_size,
            asked => usize::try_from(asked).unwrap_or(usize::MAX),
        };
        let packet_size = packet_size.clamp(512, 32_767);
        let answer = login.welcome(self.options(), version, &database, packet_size);
        self.send(&mut transport, LOGIN_PACKET_SIZE, &answer).await?;
        let manner = Manner { version, packet_size, process: self.process };
        let shared = &self.shared;
        let (cache, log) = (shared.cache.clone(), Arc::clone(&shared.log));
        Ok(Some((transport, Worker::new(engine, manner, login.seen.user, database, cache, log))))
    }

    /// Whether a Windows account proves who it is; its name is the user's then.
    #[cfg(feature = "kerberos")]
    async fn trusts(&mut self, transport: &mut Transport, login: &mut Login7) -> io::Result<bool> {
        let (name, proof) = match crate::kerberos::accept(&login.proof) {
            Ok(accepted) => accepted,
            Err(error) => {
                eprintln!("a Windows account was not accepted: {error}");
                return Ok(false);
            }
        };
        let mut answer = Vec::new();
        token::sspi(&mut answer, &proof);
        self.send(transport, LOGIN_PACKET_SIZE, &answer).await?;
        // Kerberos needs no more: the client has nothing left to prove.
        login.seen.user = name;
        Ok(true)
    }

    #[cfg(not(feature = "kerberos"))]
    async fn trusts(&mut self, _transport: &mut Transport, _login: &mut Login7) -> io::Result<bool> {
        Ok(false)
    }

    /// The engine's side of a login that is as it should be, and the database it opens.
    async fn admit(
        &self,
        login: &Login7,
        trusted: bool,
        encrypted: bool,
    ) -> Result<(Box<dyn EngineSession>, String), Vec<SqlMessage>> {
        let seen = &login.seen;
        if seen.integrated && !trusted {
            return Err(vec![login::untrusted()]);
        }
        let known =
            self.options().find_login(&seen.user).filter(|known| trusted || known.password == login.password);
        let Some(known) = known else { return Err(vec![login::failed(&seen.user)]) };
        let database = if seen.database.is_empty() { &known.default_database } else { &seen.database };
        if !known.may_open(database) || !self.shared.engine.has_database(database) {
            return Err(vec![login::cannot_open(database), login::failed(&seen.user)]);
        }
        let info = SessionInfo {
            session_id: i16::try_from(self.process).unwrap_or(i16::MAX),
            login: known.name.clone(),
            database: database.clone(),
            application: seen.application.clone(),
            host: seen.host.clone(),
            encrypted,
        };
        let engine = Arc::clone(&self.shared.engine);
        let opened = tokio::task::spawn_blocking(move || engine.open(info)).await;
        match opened {
            Ok(Ok(session)) => Ok((session, database.clone())),
            Ok(Err(error)) => Err(vec![error]),
            Err(error) => Err(vec![SqlMessage::error(50000, format!("the engine failed: {error}"))]),
        }
    }

    /// Requests, one after another, until the client leaves.
    async fn requests(&mut self, transport: Transport, mut worker: Worker) -> io::Result<()> {
        let manner = worker.manner;
        let (mut source, mut target) = tokio::io::split(transport);
        let mut queued = None;
        loop {
            let message = match queued.take() {
                Some(message) => message,
                None => match self.reader.next(&mut source).await? {
                    Some(message) => message,
                    None => return Ok(()),
                },
            };
            if message.kind == kind::ATTENTION {
                self.hear_attention(&mut target, manner).await?;
                continue;
            }
            if matches!(message.kind, kind::LOGIN | kind::PRELOGIN) {
                return Err(invalid("a second login"));
            }
            let (parts, received) = mpsc::channel(PARTS);
            let cancelled = Arc::new(AtomicBool::new(false));
            let answer = Answer::new(
                Arc::clone(&self.shared.common),
                manner,
                parts,
                Arc::clone(&cancelled),
                worker.database.clone(),
            );
            let job = tokio::task::spawn_blocking(move || {
                let ending = worker.run(&message, answer);
                (worker, ending)
            });
            let (fault, attention) =
                self.deliver(received, &mut source, &mut target, &cancelled, &mut queued).await?;
            if let Some(action) = fault {
                return self.end_with(action, source.unsplit(target)).await;
            }
            let ending: Ending;
            // An engine that has panicked has said so on standard error; its connection ends.
            (worker, ending) = job.await.map_err(|_| invalid("the engine failed"))?;
            if attention && !ending.attention_heard {
                self.hear_attention(&mut target, manner).await?;
            }
            if ending.close {
                return self.farewell(&mut source.unsplit(target)).await;
            }
        }
    }

    /// Sends the parts of an answer while it listens for the client's attention. Returns the fault that came instead of
    /// an end, and whether the client has called for attention.
    async fn deliver(
        &mut self,
        received: mpsc::Receiver<Part>,
        source: &mut ReadHalf<Transport>,
        target: &mut WriteHalf<Transport>,
        cancelled: &AtomicBool,
        queued: &mut Option<Message>,
    ) -> io::Result<(Option<Action>, bool)> {
        let mut sending = std::pin::pin!(send_parts(received, target));
        let mut attention = false;
        loop {
            tokio::select! {
                fault = &mut sending => return Ok((fault?, attention)),
                message = self.reader.next(source), if queued.is_none() => match message? {
                    Some(message) if message.kind == kind::ATTENTION => {
                        attention = true;
                        cancelled.store(true, Ordering::Relaxed);
                    }
                    Some(message) => *queued = Some(message),
                    None => return Err(io::ErrorKind::UnexpectedEof.into()),
                },
            }
        }
    }

    async fn hear_attention(&self, target: &mut WriteHalf<Transport>, manner: Manner) -> io::Result<()> {
        let mut out = Vec::new();
        token::done(&mut out, manner.version, Done::Statement, token::ATTENTION, None);
        target.write_all(&Framer::message(kind::ANSWER, manner.packet_size, self.process, &out)).await?;
        target.flush().await
    }

    async fn send(&self, transport: &mut Transport, packet_size: usize, tokens: &[u8]) -> io::Result<()> {
        transport.write_all(&Framer::message(kind::ANSWER, packet_size, self.process, tokens)).await?;
        transport.flush().await
    }

    /// What goes wrong at this point, before there are statements.
    async fn fault(&self, phase: Phase, transport: &mut Transport) -> io::Result<Next> {
        match self.shared.common.faults.take(phase, None) {
            None => Ok(Next::GoOn),
            Some(action) => self.strike(action, transport).await,
        }
    }

    async fn strike(&self, action: Action, transport: &mut Transport) -> io::Result<Next> {
        match action {
            Action::Delay(time) => {
                sleep(time).await;
                return Ok(Next::GoOn);
            }
            Action::Alter { .. } => return Ok(Next::GoOn),
            Action::Stall => self.socket.closed().await,
            Action::Rst => self.socket.reset_on_close()?,
            Action::Mute => {
                let mut unheard = [0; 4096];
                while transport.read(&mut unheard).await? > 0 {}
            }
            Action::Garbage { seed, length } => {
                transport.write_all(&faults::garbage(seed, length)).await?;
                self.farewell(transport).await?;
            }
            Action::Fin { in_packet: true } => {
                transport.write_all(&Framer::new(kind::ANSWER, LOGIN_PACKET_SIZE, 0).take_cut()).await?;
                self.farewell(transport).await?;
            }
            Action::Fin { in_packet: false } | Action::TruncateToken | Action::NoDone | Action::Error(_) => {
                self.farewell(transport).await?;
            }
        }
        Ok(Next::Close)
    }

    /// A fault within an answer that leaves nothing of the connection.
    async fn end_with(&self, action: Action, mut transport: Transport) -> io::Result<()> {
        // What belongs into the answer, such as half a packet, has been sent with it.
        let action = if action == (Action::Fin { in_packet: true }) {
            Action::Fin { in_packet: false }
        } else {
            action
        };
        self.strike(action, &mut transport).await.map(drop)
    }

    /// Closes in good order: a client that has sent something in the meantime still reads all that was said to it.
    async fn farewell(&self, transport: &mut Transport) -> io::Result<()> {
        transport.flush().await?;
        self.socket.end()?;
        let mut unheard = [0; 4096];
        let until_closed =
            async { while self.socket.clone().read(&mut unheard).await.is_ok_and(|count| count > 0) {} };
        let _: Result<(), _> = timeout(FAREWELL, until_closed).await;
        Ok(())
    }
}

/// Sends what comes, until it ends or something goes wrong on purpose.
async fn send_parts(
    mut received: mpsc::Receiver<Part>,
    target: &mut WriteHalf<Transport>,
) -> io::Result<Option<Action>> {
    while let Some(part) = received.recv().await {
        match part {
            Part::Bytes(bytes) => {
                target.write_all(&bytes).await?;
                if received.is_empty() {
                    target.flush().await?;
                }
            }
            Part::Delay(time) => sleep(time).await,
            Part::Fault(action) => {
                target.flush().await?;
                return Ok(Some(action));
            }
        }
    }
    target.flush().await?;
    Ok(None)
}

/// What the server says to what a client says about encryption; anything but [`Wish::NotSupported`] is followed by TLS.
fn negotiate(server: Encryption, client: Wish) -> Wish {
    match (server, client) {
        (Encryption::Off, _) => Wish::NotSupported,
        (Encryption::LoginOnly, Wish::Off) => Wish::Off,
        (Encryption::LoginOnly | Encryption::On, Wish::NotSupported) => Wish::NotSupported,
        (Encryption::LoginOnly | Encryption::On, _) => Wish::On,
        (Encryption::Required | Encryption::Strict, Wish::On) => Wish::On,
        (Encryption::Required | Encryption::Strict, _) => Wish::Required,
    }
}
