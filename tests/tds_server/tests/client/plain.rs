//! A client that looks at every byte: no encryption, no patience, no recovery.

use std::{
    io::{self, ErrorKind, Read, Write},
    net::TcpStream,
    time::Duration,
};

use tds_server::{Server, raw::login7};

use super::PASSWORD;

pub const BATCH: u8 = 0x01;
pub const RPC: u8 = 0x03;
pub const ATTENTION: u8 = 0x06;
const LOGIN: u8 = 0x10;
const PRELOGIN: u8 = 0x12;

/// Bits of the status of a DONE token.
pub const FAILED: u16 = 0x02;
pub const ATTENTION_HEARD: u16 = 0x20;

pub struct Plain {
    pub stream: TcpStream,
    /// Of every packet read since the last look.
    pub sizes: Vec<usize>,
}

/// A packet as it came.
pub struct Packet {
    pub last: bool,
    pub payload: Vec<u8>,
}

impl Plain {
    /// Connects and logs in, asking for packets of this size.
    pub fn connect(server: &Server, packet_size: u32) -> Self {
        let mut client = Self::greet(server);
        client.send(LOGIN, &login7("FKSM_BI", PASSWORD, packet_size)).unwrap();
        client.answer().unwrap();
        client.sizes.clear();
        client
    }

    /// Connects and says how it encrypts, which is not at all.
    pub fn greet(server: &Server) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", server.port())).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        stream.set_nodelay(true).unwrap();
        let mut client = Self { stream, sizes: Vec::new() };
        client.send(PRELOGIN, b"\x01\0\x06\0\x01\xFF\x02").unwrap();
        client.answer().unwrap();
        client
    }

    /// Sends a message in packets that every server takes.
    pub fn send(&mut self, kind: u8, payload: &[u8]) -> io::Result<()> {
        let pieces: Vec<&[u8]> =
            if payload.is_empty() { vec![payload] } else { payload.chunks(504).collect() };
        for (n, piece) in pieces.iter().enumerate() {
            let [high, low] = (piece.len() as u16 + 8).to_be_bytes();
            let last = u8::from(n + 1 == pieces.len());
            self.stream.write_all(&[&[kind, last, high, low, 0, 0, n as u8, 0], *piece].concat())?;
        }
        Ok(())
    }

    pub fn batch(&mut self, statement: &str) {
        self.send(BATCH, &wide(statement)).unwrap();
    }

    /// The same statement as a call of `sp_executesql`.
    pub fn call(&mut self, statement: &str) {
        let text = wide(statement);
        let length = (text.len() as u16).to_le_bytes();
        let head = [0xFF, 0xFF, 10, 0, 0, 0, 0, 0, 0xE7, 0x40, 0x1F, 0x09, 0x04, 0xD0, 0, 52];
        self.send(RPC, &[&head, &length[..], &text].concat()).unwrap();
    }

    pub fn packet(&mut self) -> io::Result<Packet> {
        let mut header = [0; 8];
        self.stream.read_exact(&mut header)?;
        let length = usize::from(u16::from_be_bytes([header[2], header[3]]));
        assert!(header[0] == 4 && length >= 8, "no packet of an answer: {header:?}");
        let mut payload = vec![0; length - 8];
        self.stream.read_exact(&mut payload)?;
        self.sizes.push(length);
        Ok(Packet { last: header[1] & 1 != 0, payload })
    }

    /// A whole message.
    pub fn answer(&mut self) -> io::Result<Vec<u8>> {
        let mut whole = Vec::new();
        loop {
            let packet = self.packet()?;
            whole.extend(packet.payload);
            if packet.last {
                return Ok(whole);
            }
        }
    }

    /// The rest of the connection, up to its end or its failure.
    pub fn rest(&mut self) -> (Vec<u8>, Option<ErrorKind>) {
        let mut bytes = Vec::new();
        let error = self.stream.read_to_end(&mut bytes).err();
        (bytes, error.map(|error| error.kind()))
    }

    /// Nothing comes for some time, and the connection stays open.
    pub fn is_silent(&mut self) -> bool {
        self.stream.set_read_timeout(Some(Duration::from_millis(80))).unwrap();
        let read = self.stream.read(&mut [0]);
        self.stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        matches!(read, Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut))
    }
}

pub fn wide(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// A DONE token.
pub fn done(code: u8, status: u16, rows: Option<u64>) -> Vec<u8> {
    let (counted, command) = if rows.is_some() { (0x10, 0xC1_u16) } else { (0, 0) };
    let status = (status | counted).to_le_bytes();
    [&[code], &status[..], &command.to_le_bytes(), &rows.unwrap_or(0).to_le_bytes()].concat()
}

/// An error or a message, as a token has it.
pub fn message(code: u8, number: u32, state: u8, class: u8, text: &str) -> Vec<u8> {
    let mut body = number.to_le_bytes().to_vec();
    body.extend([state, class]);
    body.extend((text.encode_utf16().count() as u16).to_le_bytes());
    body.extend(wide(text));
    body.push(7);
    body.extend(wide("TDSTEST"));
    body.extend([0, 1, 0, 0, 0]);
    [&[code], &(body.len() as u16).to_le_bytes()[..], &body].concat()
}
