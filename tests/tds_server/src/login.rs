//! LOGIN7: what a client says of itself, and what it hears.

use std::io;

use crate::{
    answer::SqlMessage,
    options::Options,
    packet::invalid,
    wire::{
        Version,
        read::Reader,
        token::{self, Change, Done},
    },
};

/// What a client said when it logged in.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LoginSeen {
    /// Who.
    pub user: String,
    /// The database asked for; may be empty.
    pub database: String,
    /// The program.
    pub application: String,
    /// The client's machine.
    pub host: String,
    /// The name by which the client knows the server.
    pub server: String,
    /// The driver.
    pub library: String,
    /// Bytes of a packet the client would like; 0 if it does not care.
    pub packet_size: u32,
    /// The version of the protocol as the client wrote it.
    pub version: u32,
    /// It only wants to read.
    pub read_only_intent: bool,
    /// It wants to log in by other means than a password.
    pub integrated: bool,
    /// The login came encrypted.
    pub encrypted: bool,
    /// So does everything after it.
    pub stays_encrypted: bool,
}

/// A login as it came.
pub(crate) struct Login7 {
    pub(crate) seen: LoginSeen,
    pub(crate) password: String,
    /// What proves a Windows account.
    #[cfg_attr(
        not(feature = "kerberos"),
        expect(dead_code, reason = "without it no Windows account is let in")
    )]
    pub(crate) proof: Vec<u8>,
    /// Extensions asked for, by number.
    features: Vec<(u8, Vec<u8>)>,
}

/// Flags at fixed places of the message.
const INTEGRATED: u8 = 0x80;
const READ_ONLY: u8 = 0x20;
const EXTENSION: u8 = 0x10;

/// Texts as UTF-8, of the features a client may ask for.
const FEATURE_UTF8: u8 = 0x0A;

impl Login7 {
    pub(crate) fn parse(payload: &[u8]) -> io::Result<Self> {
        let mut head = Reader::new(payload);
        let length = head.u32()? as usize;
        if length > payload.len() {
            return Err(invalid("login shorter than it says"));
        }
        let (version, packet_size) = (head.u32()?, head.u32()?);
        head.take(12)?;
        let [_, flags2, type_flags, flags3] = head.array()?;
        head.take(8)?;
        let field = |at: usize| -> io::Result<(usize, usize)> {
            let mut entry = Reader::new(payload.get(at..).unwrap_or_default());
            Ok((usize::from(entry.u16()?), usize::from(entry.u16()?)))
        };
        let text = |at: usize| {
            let (offset, units) = field(at)?;
            Reader::new(payload.get(offset..).unwrap_or_default()).text(units)
        };
        let (offset, units) = field(44)?;
        let hidden = Reader::new(payload.get(offset..).unwrap_or_default()).take(units * 2)?.to_vec();
        let plain: Vec<u8> = hidden.iter().map(|byte| (byte ^ 0xA5).rotate_left(4)).collect();
        let password = Reader::new(&plain).text(units)?;
        let (offset, length) = field(78)?;
        let proof = Reader::new(payload.get(offset..).unwrap_or_default()).take(length)?.to_vec();
        Ok(Self {
            seen: LoginSeen {
                user: text(40)?,
                database: text(68)?,
                application: text(48)?,
                host: text(36)?,
                server: text(52)?,
                library: text(60)?,
                packet_size,
                version,
                read_only_intent: type_flags & READ_ONLY != 0,
                integrated: flags2 & INTEGRATED != 0,
                encrypted: false,
                stays_encrypted: false,
            },
            password,
            proof,
            features: if flags3 & EXTENSION == 0 { Vec::new() } else { features(payload, field(56)?.0)? },
        })
    }

    /// A login of which nothing matters.
    pub(crate) fn anybody() -> Self {
        let seen = LoginSeen {
            user: String::new(),
            database: String::new(),
            application: String::new(),
            host: String::new(),
            server: String::new(),
            library: String::new(),
            packet_size: 0,
            version: Version::V7_4.number(),
            read_only_intent: false,
            integrated: false,
            encrypted: false,
            stays_encrypted: false,
        };
        Self { seen, password: String::new(), proof: Vec::new(), features: Vec::new() }
    }

    /// The answer to a login that succeeded.
    pub(crate) fn welcome(
        &self,
        options: &Options,
        version: Version,
        database: &str,
        packet_size: usize,
    ) -> Vec<u8> {
        let mut out = Vec::new();
        let info = |out: &mut Vec<u8>, number, state, message: String| {
            let message = SqlMessage { number, state, class: 0, message };
            token::message(out, version, &options.server_name, &message);
        };
        token::change(&mut out, &Change::Database { now: database, before: "master" });
        info(&mut out, 5701, 2, format!("Changed database context to '{database}'."));
        token::change(&mut out, &Change::Collation(options.collation));
        token::change(&mut out, &Change::Language("us_english"));
        info(&mut out, 5703, 1, "Changed language setting to us_english.".to_owned());
        token::login_ack(&mut out, version, options.version);
        let before = crate::packet::LOGIN_PACKET_SIZE;
        token::change(&mut out, &Change::PacketSize { now: packet_size, before });
        if self.features.iter().any(|(feature, _)| *feature == FEATURE_UTF8) {
            token::features(&mut out, &[(FEATURE_UTF8, &[1])]);
        } else if !self.features.is_empty() {
            token::features(&mut out, &[]);
        }
        if let Some((host, port)) = &options.redirect {
            token::change(&mut out, &Change::Redirect { host, port: *port });
        }
        token::done(&mut out, version, Done::Statement, 0, None);
        out
    }
}

/// The answer to a login that did not succeed.
pub(crate) fn refuse(options: &Options, version: Version, errors: &[SqlMessage]) -> Vec<u8> {
    let mut out = Vec::new();
    for error in errors {
        token::message(&mut out, version, &options.server_name, error);
    }
    token::done(&mut out, version, Done::Statement, token::FAILED, None);
    out
}

/// 18456: wrong name or password; which of them is not said.
pub(crate) fn failed(user: &str) -> SqlMessage {
    SqlMessage { number: 18456, state: 1, class: 14, message: format!("Login failed for user '{user}'.") }
}

/// 4060: no such database, or not for this login.
pub(crate) fn cannot_open(database: &str) -> SqlMessage {
    let message = format!("Cannot open database \"{database}\" requested by the login. The login failed.");
    SqlMessage { number: 4060, state: 1, class: 11, message }
}

/// 18452: a Windows account that is not known, or any if this server does not take them.
pub(crate) fn untrusted() -> SqlMessage {
    let message = "Login failed. The login is from an untrusted domain and cannot be used with Integrated authentication.";
    SqlMessage { number: 18452, state: 1, class: 14, message: message.to_owned() }
}

/// The extensions: where they begin stands where the field points.
fn features(payload: &[u8], at: usize) -> io::Result<Vec<(u8, Vec<u8>)>> {
    let start = Reader::new(payload.get(at..).unwrap_or_default()).u32()? as usize;
    let mut reader = Reader::new(payload.get(start..).unwrap_or_default());
    let mut features = Vec::new();
    loop {
        match reader.u8()? {
            0xFF => return Ok(features),
            feature => {
                let length = reader.u32()? as usize;
                features.push((feature, reader.take(length)?.to_vec()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::raw::login7;

    proptest! {
        #[test]
        fn any_password_comes_through(user in "\\PC{1,20}", password in "\\PC{0,40}") {
            let login = Login7::parse(&login7(&user, &password, 0)).unwrap();
            prop_assert_eq!((login.seen.user, login.password), (user, password));
        }

        #[test]
        fn garbage_is_no_panic(
            mut payload in Just(login7("sa", "secret", 0)),
            changes in prop::collection::vec((0..106_usize, any::<u8>()), 0..30),
            cut in 0..110_usize,
        ) {
            for (at, byte) in changes {
                payload[at] = byte;
            }
            payload.truncate(cut);
            let _: io::Result<Login7> = Login7::parse(&payload);
        }
    }
}
