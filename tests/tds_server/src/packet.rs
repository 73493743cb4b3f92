//! Packets: messages of a client put together, answers cut into packets.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt};

/// Bytes of a packet's header: type, status, length (2), process (2), number, window.
pub(crate) const HEADER: usize = 8;
/// Before the login has said otherwise.
pub(crate) const LOGIN_PACKET_SIZE: usize = 4096;

/// Bytes of a statement a client may send; SQL Server's own limit is 65,536 packets.
const MESSAGE_LIMIT: usize = 256 << 20;

const LAST: u8 = 0x01;
const IGNORE: u8 = 0x02;
const RESET: u8 = 0x08;
const RESET_KEEP_TRANSACTION: u8 = 0x10;

/// The kinds of messages, as the first byte of a packet has them.
pub(crate) mod kind {
    pub(crate) const BATCH: u8 = 0x01;
    pub(crate) const RPC: u8 = 0x03;
    pub(crate) const ANSWER: u8 = 0x04;
    pub(crate) const ATTENTION: u8 = 0x06;
    pub(crate) const BULK: u8 = 0x07;
    pub(crate) const TRANSACTION: u8 = 0x0E;
    pub(crate) const LOGIN: u8 = 0x10;
    pub(crate) const PRELOGIN: u8 = 0x12;

    /// Whether a client may send it to this server.
    pub(super) fn is_request(kind: u8) -> bool {
        matches!(kind, BATCH | RPC | ATTENTION | BULK | TRANSACTION | LOGIN | PRELOGIN)
    }
}

/// What a client sent, without the packets it came in.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) kind: u8,
    /// The session is to forget its settings first: the connection came out of a pool.
    pub(crate) reset: bool,
    pub(crate) payload: Vec<u8>,
}

/// Puts messages together. Keeps what it has read, so that a read may be abandoned at any point and taken up again.
#[derive(Debug, Default)]
pub(crate) struct MessageReader {
    unread: Vec<u8>,
    /// Of the message under way.
    kind: Option<u8>,
    reset: bool,
    payload: Vec<u8>,
}

impl MessageReader {
    /// The next message, or `None` when the client has closed the connection between two messages.
    pub(crate) async fn next(
        &mut self,
        source: &mut (impl AsyncRead + Unpin),
    ) -> io::Result<Option<Message>> {
        loop {
            while let Some(packet) = self.packet()? {
                if let Some(message) = packet {
                    return Ok(Some(message));
                }
            }
            self.unread.reserve(LOGIN_PACKET_SIZE);
            if source.read_buf(&mut self.unread).await? == 0 {
                return if self.unread.is_empty() && self.kind.is_none() {
                    Ok(None)
                } else {
                    Err(io::ErrorKind::UnexpectedEof.into())
                };
            }
        }
    }

    /// Takes one packet from what was read; the inner value is there when it ends a message.
    fn packet(&mut self) -> io::Result<Option<Option<Message>>> {
        let Some(&[kind, status, high, low, ..]) = self.unread.first_chunk::<HEADER>().map(|h| &h[..]) else {
            return Ok(None);
        };
        let length = usize::from(u16::from_be_bytes([high, low]));
        if !kind::is_request(kind) || length < HEADER || self.kind.is_some_and(|begun| begun != kind) {
            return Err(invalid(format!("packet of type {kind:#04x} and length {length}")));
        }
        if self.unread.len() < length {
            return Ok(None);
        }
        if self.payload.len() + length > MESSAGE_LIMIT {
            return Err(invalid(format!("message above {MESSAGE_LIMIT} bytes")));
        }
        self.kind = Some(kind);
        self.reset |= status & (RESET | RESET_KEEP_TRANSACTION) != 0;
        self.payload.extend_from_slice(&self.unread[HEADER..length]);
        self.unread.drain(..length);
        if status & LAST == 0 {
            return Ok(Some(None));
        }
        self.kind = None;
        let message = Message {
            kind,
            reset: std::mem::take(&mut self.reset),
            payload: std::mem::take(&mut self.payload),
        };
        Ok(Some((status & IGNORE == 0).then_some(message)))
    }
}

/// An error for bytes that make no sense; it ends the connection.
pub(crate) fn invalid(what: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.into())
}

/// Cuts one message into packets. Bytes of whole packets can be taken while the message grows.
#[derive(Debug)]
pub(crate) struct Framer {
    kind: u8,
    /// Of a packet, header included.
    size: usize,
    process: u16,
    number: u8,
    bytes: Vec<u8>,
    /// Where the open packet begins.
    open: usize,
}

impl Framer {
    pub(crate) fn new(kind: u8, size: usize, process: u16) -> Self {
        let mut framer = Self { kind, size, process, number: 0, bytes: Vec::new(), open: 0 };
        framer.open_packet();
        framer
    }

    /// A whole message at once.
    pub(crate) fn message(kind: u8, size: usize, process: u16, payload: &[u8]) -> Vec<u8> {
        let mut framer = Self::new(kind, size, process);
        framer.put(payload);
        framer.finish()
    }

    fn open_packet(&mut self) {
        self.open = self.bytes.len();
        self.number = self.number.wrapping_add(1);
        let [high, low] = self.process.to_be_bytes();
        self.bytes.extend_from_slice(&[self.kind, 0, 0, 0, high, low, self.number, 0]);
    }

    fn close_packet(&mut self, status: u8, length: usize) {
        let [high, low] = u16::try_from(length).unwrap_or(u16::MAX).to_be_bytes();
        let header = &mut self.bytes[self.open..];
        header[1] = status;
        header[2] = high;
        header[3] = low;
    }

    pub(crate) fn put(&mut self, mut bytes: &[u8]) {
        loop {
            let room = self.size - (self.bytes.len() - self.open);
            if bytes.len() <= room {
                self.bytes.extend_from_slice(bytes);
                return;
            }
            let (now, later) = bytes.split_at(room);
            self.bytes.extend_from_slice(now);
            self.close_packet(0, self.size);
            self.open_packet();
            bytes = later;
        }
    }

    /// Bytes of packets that are complete.
    pub(crate) fn ready(&self) -> usize {
        self.open
    }

    /// Takes the complete packets; the open one stays.
    pub(crate) fn take_ready(&mut self) -> Vec<u8> {
        let mut rest = Vec::with_capacity(self.open + self.size);
        rest.extend_from_slice(&self.bytes[self.open..]);
        self.bytes.truncate(self.open);
        self.open = 0;
        std::mem::replace(&mut self.bytes, rest)
    }

    /// Takes all there is, the open packet sent short.
    pub(crate) fn take_all(&mut self) -> Vec<u8> {
        if self.bytes.len() - self.open > HEADER {
            self.close_packet(0, self.bytes.len() - self.open);
            self.open_packet();
        }
        self.take_ready()
    }

    /// Takes all there is, in a packet that promises more than it has.
    pub(crate) fn take_cut(&mut self) -> Vec<u8> {
        self.close_packet(0, self.size);
        std::mem::take(&mut self.bytes)
    }

    /// Ends the message.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        self.close_packet(LAST, self.bytes.len() - self.open);
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(bytes: &[u8]) -> io::Result<Vec<Message>> {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let (mut reader, mut source, mut messages) = (MessageReader::default(), bytes, Vec::new());
            while let Some(message) = reader.next(&mut source).await? {
                messages.push(message);
            }
            Ok(messages)
        })
    }

    proptest! {
        #[test]
        fn cut_and_put_together(payload in prop::collection::vec(any::<u8>(), 0..5000), size in 512_usize..2000) {
            let bytes = Framer::message(kind::BATCH, size, 51, &payload);
            prop_assert_eq!(read(&bytes).unwrap(), [Message { kind: kind::BATCH, reset: false, payload }]);
        }

        #[test]
        fn pieces_are_the_whole(pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..900), 0..9)) {
            let (mut framer, mut bytes) = (Framer::new(kind::BATCH, 600, 51), Vec::new());
            for piece in &pieces {
                framer.put(piece);
                bytes.extend(if piece.len() % 2 == 0 { framer.take_ready() } else { framer.take_all() });
            }
            bytes.extend(framer.finish());
            prop_assert_eq!(&read(&bytes).unwrap()[0].payload, &pieces.concat());
        }

        #[test]
        fn garbage_is_an_error_or_nothing(bytes in prop::collection::vec(any::<u8>(), 0..3000)) {
            let _: io::Result<Vec<Message>> = read(&bytes);
        }
    }

    #[test]
    fn an_ignored_message_is_dropped() {
        let mut bytes = Framer::message(kind::BATCH, 600, 0, b"SELECT");
        bytes[1] |= IGNORE;
        bytes.extend(Framer::message(kind::RPC, 600, 0, b"x"));
        assert_eq!(read(&bytes).unwrap().len(), 1);
        assert!(read(&bytes[..bytes.len() - 1]).is_err());
    }

    #[test]
    fn a_packet_may_promise_more_than_it_has() {
        let mut framer = Framer::new(kind::ANSWER, 512, 0);
        framer.put(b"abc");
        assert_eq!(framer.take_cut(), b"\x04\0\x02\0\0\0\x01\0abc");
    }
}
