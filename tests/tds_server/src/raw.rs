//! A server that answers with given bytes, whatever it is asked: for clients that must survive anything.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::{mpsc, oneshot},
    task::JoinSet,
    time::timeout,
};

use crate::{
    answer::{Event, SqlMessage},
    faults::Faults,
    login::Login7,
    options::Options,
    packet::{Framer, LOGIN_PACKET_SIZE, MessageReader, kind},
    prelogin::{Prelogin, Wish},
    respond::{Answer, Common, Manner, PARTS, Part},
    wire::{Version, token::Done},
};

/// How long a client may take to say something, or to close after the last answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// The LOGIN7 message of a client: TDS 7.4, nothing but a user, a password and the packets' size.
pub fn login7(user: &str, password: &str, packet_size: u32) -> Vec<u8> {
    let units = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let mut payload = vec![0; 94];
    payload[4..8].copy_from_slice(&0x7400_0004_u32.to_le_bytes());
    payload[8..12].copy_from_slice(&packet_size.to_le_bytes());
    let hidden: Vec<u8> = units(password).iter().map(|byte| byte.rotate_left(4) ^ 0xA5).collect();
    for (at, bytes) in [(40, units(user)), (44, hidden)] {
        let entry = [payload.len() as u16, (bytes.len() / 2) as u16].map(u16::to_le_bytes).concat();
        payload[at..at + 4].copy_from_slice(&entry);
        payload.extend(bytes);
    }
    let length = payload.len() as u32;
    payload[..4].copy_from_slice(&length.to_le_bytes());
    payload
}

/// A server that answers the first message of each connection with the first of some answers, the second with the second,
/// and so on; after the last it closes. It stops when dropped.
#[derive(Debug)]
pub struct RawServer {
    port: u16,
    answers: Arc<Mutex<Arc<Vec<Vec<u8>>>>>,
    served: Arc<AtomicUsize>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl RawServer {
    /// Starts a server on a free port of 127.0.0.1.
    pub fn start(answers: Vec<Vec<u8>>) -> anyhow::Result<Self> {
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0))?;
        listener.set_nonblocking(true)?;
        let port = listener.local_addr()?.port();
        let answers = Arc::new(Mutex::new(Arc::new(answers)));
        let served = Arc::new(AtomicUsize::new(0));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (stop, mut stopped) = oneshot::channel();
        let (shared, count) = (Arc::clone(&answers), Arc::clone(&served));
        let thread = std::thread::Builder::new().name("raw-server".to_owned()).spawn(move || {
            runtime.block_on(async move {
                let Ok(listener) = TcpListener::from_std(listener) else { return };
                let mut connections = JoinSet::new();
                loop {
                    tokio::select! {
                        _ = &mut stopped => break,
                        Some(_) = connections.join_next() => {}
                        accepted = listener.accept() => if let Ok((stream, _)) = accepted {
                            count.fetch_add(1, Ordering::SeqCst);
                            let answers = Arc::clone(&shared.lock().unwrap_or_else(PoisonError::into_inner));
                            connections.spawn(serve(stream, answers));
                        },
                    }
                }
            });
        })?;
        Ok(Self { port, answers, served, stop: Some(stop), thread: Some(thread) })
    }

    /// Other answers for the connections to come.
    pub fn set_answers(&self, answers: Vec<Vec<u8>>) {
        *self.answers.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(answers);
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Connections so far.
    pub fn accepted(&self) -> usize {
        self.served.load(Ordering::SeqCst)
    }
}

impl Drop for RawServer {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic there has been reported already.
            let _: Result<(), _> = thread.join();
        }
    }
}

async fn serve(mut stream: TcpStream, answers: Arc<Vec<Vec<u8>>>) {
    let mut reader = MessageReader::default();
    for answer in answers.iter() {
        // A client that sends no proper message, such as TLS, gets the answer nevertheless.
        match timeout(PATIENCE, reader.next(&mut stream)).await {
            Ok(Ok(Some(_)) | Err(_)) => {}
            Ok(Ok(None)) | Err(_) => return,
        }
        if stream.write_all(answer).await.is_err() {
            return;
        }
    }
    if stream.shutdown().await.is_ok() {
        let mut unheard = [0; 4096];
        let until_closed = async { while stream.read(&mut unheard).await.is_ok_and(|count| count > 0) {} };
        let _: Result<(), _> = timeout(PATIENCE, until_closed).await;
    }
}

/// A proper answer to PRELOGIN from a server that does not encrypt.
pub fn prelogin() -> Vec<u8> {
    let asked = Prelogin::parse(&[0xFF]).map(|asked| asked.answer(&Options::default(), Wish::NotSupported));
    Framer::message(kind::ANSWER, LOGIN_PACKET_SIZE, 51, &asked.unwrap_or_default())
}

/// A proper answer to a login.
pub fn login(database: &str) -> Vec<u8> {
    let welcome = Login7::anybody().welcome(&Options::default(), Version::V7_4, database, LOGIN_PACKET_SIZE);
    Framer::message(kind::ANSWER, LOGIN_PACKET_SIZE, 51, &welcome)
}

/// The answer to a batch that has these events, as this server would write it.
pub fn answer(events: Vec<Event>, error: Option<SqlMessage>, options: Options) -> Vec<u8> {
    let common = Common {
        options,
        faults: Faults::default(),
        waiting: AtomicUsize::new(0),
        most_waiting: AtomicUsize::new(0),
    };
    let manner = Manner { version: Version::V7_4, packet_size: LOGIN_PACKET_SIZE, process: 51 };
    let (parts, mut received) = mpsc::channel(PARTS);
    let writing = std::thread::spawn(move || {
        let mut answer = Answer::new(Arc::new(common), manner, parts, Arc::default(), "master".to_owned());
        let goes_on =
            answer.begin("", Done::Statement) && events.into_iter().all(|event| answer.event(event));
        let result = error.filter(|_| goes_on).map_or(Ok(()), Err);
        answer.end(result, None, false);
    });
    let mut bytes = Vec::new();
    while let Some(part) = received.blocking_recv() {
        if let Part::Bytes(part) = part {
            bytes.extend_from_slice(&part);
        }
    }
    // A panic there has been reported already.
    let _: Result<(), _> = writing.join();
    bytes
}
