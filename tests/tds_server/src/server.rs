//! A server: starts, accepts connections, tells what it saw, stops.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

use anyhow::Context;
use tokio::{net::TcpListener, sync::oneshot, task::JoinSet};

use crate::{
    answer::Engine,
    faults::Faults,
    login::LoginSeen,
    options::Options,
    respond::Common,
    session,
    tls::Acceptors,
    worker::{Cache, Log},
};

/// What all connections have in common.
pub(crate) struct Shared {
    pub(crate) common: Arc<Common>,
    pub(crate) engine: Arc<dyn Engine>,
    pub(crate) acceptors: Acceptors,
    pub(crate) cache: Option<Arc<Cache>>,
    pub(crate) log: Arc<Log>,
    pub(crate) logins: Mutex<Vec<LoginSeen>>,
    open: AtomicUsize,
    accepted: AtomicUsize,
}

/// A running server, on threads of its own; it stops and closes all connections when dropped.
pub struct Server {
    port: u16,
    shared: Arc<Shared>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Starts a server. It listens when this returns.
    pub fn start(engine: Arc<dyn Engine>, options: Options) -> anyhow::Result<Self> {
        let listener = std::net::TcpListener::bind(options.listen)
            .with_context(|| format!("cannot listen on {}", options.listen))?;
        listener.set_nonblocking(true)?;
        let port = listener.local_addr()?.port();
        let shared = Arc::new(Shared {
            engine,
            acceptors: Acceptors::new(&options.certificate)?,
            cache: options.cache.then(|| Arc::new(Mutex::new(HashMap::new()))),
            log: Arc::default(),
            logins: Mutex::default(),
            open: AtomicUsize::new(0),
            accepted: AtomicUsize::new(0),
            common: Arc::new(Common {
                options,
                faults: Faults::default(),
                waiting: AtomicUsize::new(0),
                most_waiting: AtomicUsize::new(0),
            }),
        });
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(shared.common.options.threads.max(1))
            .thread_name("tds-server")
            .enable_all()
            .build()?;
        let (stop, stopped) = oneshot::channel();
        let serving = Arc::clone(&shared);
        // A runtime must not be dropped where another one runs, as it may where a server is.
        let thread = std::thread::Builder::new().name("tds-server".to_owned()).spawn(move || {
            runtime.block_on(accept(listener, serving, stopped));
            runtime.shutdown_timeout(Duration::from_secs(1));
        })?;
        Ok(Self { port, shared, stop: Some(stop), thread: Some(thread) })
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Every batch and every statement of a procedure that arrived, in order; a line for each parameter after its text.
    pub fn statements(&self) -> Vec<String> {
        self.shared.log.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Forgets the statements so far.
    pub fn clear_statements(&self) {
        self.shared.log.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// What clients said of themselves when they logged in, whether they were let in or not.
    pub fn logins(&self) -> Vec<LoginSeen> {
        self.shared.logins.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What is to go wrong.
    pub fn faults(&self) -> Faults {
        self.shared.common.faults.clone()
    }

    /// Connections open now.
    pub fn connections(&self) -> usize {
        self.shared.open.load(Ordering::SeqCst)
    }

    /// Connections since the start.
    pub fn accepted(&self) -> usize {
        self.shared.accepted.load(Ordering::SeqCst)
    }

    /// The most bytes of answers that ever waited to be sent, of all connections together.
    pub fn peak_buffered(&self) -> usize {
        self.shared.common.most_waiting.load(Ordering::Relaxed)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic there has been reported already.
            let _: Result<(), _> = thread.join();
        }
    }
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("port", &self.port).finish_non_exhaustive()
    }
}

/// Counts a connection as long as it lives.
struct Counted(Arc<Shared>);

impl Counted {
    fn new(shared: &Arc<Shared>) -> Self {
        shared.open.fetch_add(1, Ordering::SeqCst);
        shared.accepted.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(shared))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::SeqCst);
    }
}

async fn accept(listener: std::net::TcpListener, shared: Arc<Shared>, mut stopped: oneshot::Receiver<()>) {
    let Ok(listener) = TcpListener::from_std(listener) else { return };
    let mut connections = JoinSet::new();
    // The numbers below belong to the server itself.
    let mut process = 50_u16;
    loop {
        tokio::select! {
            _ = &mut stopped => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    process = if process >= 32_767 { 51 } else { process + 1 };
                    let (shared, counted) = (Arc::clone(&shared), Counted::new(&shared));
                    connections.spawn(async move {
                        session::serve(shared, stream, process).await;
                        drop(counted);
                    });
                }
                // Out of file descriptors, most likely: some will be closed.
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            },
        }
    }
    drop(listener);
    connections.shutdown().await;
}
