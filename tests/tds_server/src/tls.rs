//! A connection's bytes: plain, inside TLS, and the TLS handshake inside PRELOGIN messages.

use std::{
    io,
    os::fd::AsFd,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use anyhow::Context as _;
use rustls::{
    ServerConfig, SupportedProtocolVersion,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::NoServerSessionStorage,
    version::{TLS12, TLS13},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use crate::{
    options::Certificate,
    packet::{Framer, HEADER, LOGIN_PACKET_SIZE, invalid, kind},
};

/// What a client names in TLS that speaks TDS 8.0.
const TDS8: &[u8] = b"tds/8.0";

/// The two ways in which TLS begins.
pub(crate) struct Acceptors {
    /// Within PRELOGIN messages. TLS 1.3 would send messages after its handshake, when the wrapping has ended for one side.
    wrapped: TlsAcceptor,
    /// Before everything else.
    strict: TlsAcceptor,
}

impl Acceptors {
    pub(crate) fn new(certificate: &Certificate) -> anyhow::Result<Self> {
        Ok(Self {
            wrapped: acceptor(certificate, &[&TLS12], &[])?,
            strict: acceptor(certificate, &[&TLS12, &TLS13], &[TDS8])?,
        })
    }
}

fn acceptor(
    certificate: &Certificate,
    versions: &[&'static SupportedProtocolVersion],
    protocols: &[&[u8]],
) -> anyhow::Result<TlsAcceptor> {
    let chain = CertificateDer::pem_slice_iter(certificate.chain.as_bytes())
        .collect::<Result<Vec<_>, _>>()
        .context("cannot read the certificate")?;
    let key =
        PrivateKeyDer::from_pem_slice(certificate.key.as_bytes()).context("cannot read the private key")?;
    let mut config =
        ServerConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
            .with_protocol_versions(versions)?
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .context("cannot use the certificate")?;
    config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// A TCP connection; its copies are the same connection.
#[derive(Debug, Clone)]
pub(crate) struct Socket(Arc<TcpStream>);

impl Socket {
    pub(crate) fn new(stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        Ok(Self(Arc::new(stream)))
    }

    /// The first byte, which stays to be read; `None` at the end.
    pub(crate) async fn peek(&self) -> io::Result<Option<u8>> {
        let mut first = [0];
        Ok((self.0.peek(&mut first).await? == 1).then_some(first[0]))
    }

    /// From now on closing the connection resets it.
    pub(crate) fn reset_on_close(&self) -> io::Result<()> {
        self.0.set_zero_linger()
    }

    /// Says that nothing more will be sent.
    pub(crate) fn end(&self) -> io::Result<()> {
        let copy = std::net::TcpStream::from(self.0.as_fd().try_clone_to_owned()?);
        copy.shutdown(std::net::Shutdown::Write)
    }

    /// Waits until the client has closed its side, or the connection has failed; reads nothing.
    pub(crate) async fn closed(&self) {
        use tokio::io::Interest;
        while let Ok(ready) = self.0.ready(Interest::READABLE).await {
            if ready.is_read_closed() || ready.is_error() {
                return;
            }
            // Bytes are waiting that nobody will read, so that the socket is ready at once, every time.
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        loop {
            ready!(self.0.poll_read_ready(cx))?;
            match self.0.try_read(buf.initialize_unfilled()) {
                Ok(count) => {
                    buf.advance(count);
                    return Poll::Ready(Ok(()));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }
}

impl AsyncWrite for Socket {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        loop {
            ready!(self.0.poll_write_ready(cx))?;
            match self.0.try_write(buf) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                written => return Poll::Ready(written),
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.end())
    }
}

/// Between TLS and the socket: wraps what TLS sends into PRELOGIN messages while the handshake lasts.
#[derive(Debug)]
pub(crate) struct Wrapper {
    socket: Socket,
    handshake: bool,
    /// What TLS wants to send; becomes one message, for Microsoft's ODBC driver takes a message for a flight.
    flight: Vec<u8>,
    /// The message under way to the socket.
    sending: Vec<u8>,
    header: Vec<u8>,
    /// Bytes still to come of the packet being read.
    left: usize,
}

impl Wrapper {
    fn new(socket: Socket, handshake: bool) -> Self {
        Self { socket, handshake, flight: Vec::new(), sending: Vec::new(), header: Vec::new(), left: 0 }
    }

    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.flight.is_empty() {
            self.sending.extend(Framer::message(kind::PRELOGIN, LOGIN_PACKET_SIZE, 0, &self.flight));
            self.flight.clear();
        }
        while !self.sending.is_empty() {
            let written = ready!(Pin::new(&mut self.socket).poll_write(cx, &self.sending))?;
            self.sending.drain(..written);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for Wrapper {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if !this.handshake {
            return Pin::new(&mut this.socket).poll_read(cx, buf);
        }
        ready!(this.poll_send(cx))?;
        while this.left == 0 {
            let mut bytes = [0; HEADER];
            let mut missing = ReadBuf::new(&mut bytes[this.header.len()..]);
            ready!(Pin::new(&mut this.socket).poll_read(cx, &mut missing))?;
            if missing.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
            this.header.extend_from_slice(missing.filled());
            if let Some(&[type_, _, high, low, ..]) = this.header.first_chunk::<HEADER>().map(|h| &h[..]) {
                let length = usize::from(u16::from_be_bytes([high, low]));
                if type_ != kind::PRELOGIN || length < HEADER {
                    return Poll::Ready(Err(invalid("no PRELOGIN packet in the TLS handshake")));
                }
                this.left = length - HEADER;
                this.header.clear();
            }
        }
        let room = this.left.min(buf.remaining());
        let mut part = ReadBuf::new(buf.initialize_unfilled_to(room));
        ready!(Pin::new(&mut this.socket).poll_read(cx, &mut part))?;
        let count = part.filled().len();
        this.left -= count;
        buf.advance(count);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Wrapper {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        if !self.handshake {
            // The last flight of the handshake may still be on its way.
            ready!(self.poll_send(cx))?;
            return Pin::new(&mut self.socket).poll_write(cx, buf);
        }
        self.flight.extend_from_slice(buf);
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_send(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_send(cx))?;
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }
}

/// A connection, whichever way its bytes go.
#[derive(Debug)]
pub(crate) enum Transport {
    Plain(Socket),
    Tls(Box<TlsStream<Wrapper>>),
}

impl Transport {
    /// TLS first: TDS 8.0.
    pub(crate) async fn strict(socket: Socket, acceptors: &Acceptors) -> io::Result<Self> {
        let stream = acceptors.strict.accept(Wrapper::new(socket, false)).await?;
        Ok(Self::Tls(Box::new(stream)))
    }

    /// TLS as negotiated in PRELOGIN.
    pub(crate) async fn wrapped(socket: Socket, acceptors: &Acceptors) -> io::Result<Self> {
        let mut stream = acceptors.wrapped.accept(Wrapper::new(socket, true)).await?;
        tokio::io::AsyncWriteExt::flush(&mut stream).await?;
        stream.get_mut().0.handshake = false;
        Ok(Self::Tls(Box::new(stream)))
    }

    /// Leaves TLS without a word, as both sides do after an encrypted login.
    pub(crate) fn into_plain(self) -> Self {
        match self {
            Self::Plain(socket) => Self::Plain(socket),
            Self::Tls(stream) => Self::Plain(stream.into_inner().0.socket),
        }
    }

    pub(crate) fn encrypted(&self) -> bool {
        matches!(self, Self::Tls(_))
    }
}

impl AsyncRead for Transport {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut *self {
            Self::Plain(socket) => Pin::new(socket).poll_read(cx, buf),
            Self::Tls(stream) => Pin::new(stream.as_mut()).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Transport {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match &mut *self {
            Self::Plain(socket) => Pin::new(socket).poll_write(cx, buf),
            Self::Tls(stream) => Pin::new(stream.as_mut()).poll_write(cx, buf),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut *self {
            Self::Plain(socket) => Pin::new(socket).poll_flush(cx),
            Self::Tls(stream) => Pin::new(stream.as_mut()).poll_flush(cx),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut *self {
            Self::Plain(socket) => Pin::new(socket).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream.as_mut()).poll_shutdown(cx),
        }
    }
}
