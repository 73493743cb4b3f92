//! PRELOGIN: a list of options in, a list of options out.

use std::io;

use crate::{options::Options, packet::invalid};

const VERSION: u8 = 0;
const ENCRYPTION: u8 = 1;
const INSTANCE: u8 = 2;
const THREAD: u8 = 3;
const MARS: u8 = 4;
const FEDERATED: u8 = 6;
const END: u8 = 0xFF;

/// What either side says about encryption.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wish {
    Off = 0,
    On = 1,
    NotSupported = 2,
    Required = 3,
}

/// What a client asked for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Prelogin {
    pub(crate) encryption: Wish,
    /// Empty if the client does not care.
    instance: Vec<u8>,
    federated: bool,
}

impl Prelogin {
    pub(crate) fn parse(payload: &[u8]) -> io::Result<Self> {
        let mut prelogin = Self { encryption: Wish::NotSupported, instance: Vec::new(), federated: false };
        let mut entries = payload.iter().copied();
        while let Some(option) = entries.next().filter(|option| *option != END) {
            let mut number = || Some(u16::from_be_bytes([entries.next()?, entries.next()?]));
            let data = number()
                .zip(number())
                .and_then(|(offset, length)| payload.get(usize::from(offset)..)?.get(..usize::from(length)))
                .ok_or_else(|| invalid("prelogin option outside of the message"))?;
            match option {
                ENCRYPTION => {
                    // The bits above ask for a client certificate.
                    prelogin.encryption = match data.first().map(|byte| byte & 0x0F) {
                        Some(0) => Wish::Off,
                        Some(1) => Wish::On,
                        Some(2) => Wish::NotSupported,
                        Some(3) => Wish::Required,
                        _ => return Err(invalid("unknown kind of encryption")),
                    };
                }
                INSTANCE => {
                    prelogin.instance = data.split(|byte| *byte == 0).next().unwrap_or_default().to_vec()
                }
                FEDERATED => prelogin.federated = data == [1],
                _ => {}
            }
        }
        Ok(prelogin)
    }

    /// The server's options: version, encryption, instance (0: the right one), thread, no MARS, no federated login.
    pub(crate) fn answer(&self, options: &Options, encryption: Wish) -> Vec<u8> {
        let (major, minor, build) = options.version;
        let [high, low] = build.to_be_bytes();
        let right = self.instance.is_empty()
            || self.instance.eq_ignore_ascii_case(b"MSSQLServer")
            || self.instance.eq_ignore_ascii_case(options.instance.as_bytes());
        let mut entries = vec![
            (VERSION, vec![major, minor, high, low, 0, 0]),
            (ENCRYPTION, vec![encryption as u8]),
            (INSTANCE, if right { vec![0] } else { vec![1, 0] }),
            (THREAD, vec![]),
            (MARS, vec![0]),
        ];
        if self.federated {
            entries.push((FEDERATED, vec![0]));
        }
        let (mut table, mut data) = (Vec::new(), Vec::new());
        let start = entries.len() * 5 + 1;
        for (option, value) in entries {
            table.push(option);
            table.extend_from_slice(&(u16::try_from(start + data.len()).unwrap_or(u16::MAX)).to_be_bytes());
            table.extend_from_slice(&(u16::try_from(value.len()).unwrap_or(u16::MAX)).to_be_bytes());
            data.extend(value);
        }
        table.push(END);
        table.extend(data);
        table
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_answer_can_be_read() {
        let asked = Prelogin { encryption: Wish::On, instance: b"OTHER".to_vec(), federated: true };
        let answer = asked.answer(&Options::default(), Wish::Required);
        let read = Prelogin::parse(&answer).unwrap();
        assert_eq!(read, Prelogin { encryption: Wish::Required, instance: vec![1], federated: false });
    }

    proptest! {
        #[test]
        fn garbage_is_no_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _: io::Result<Prelogin> = Prelogin::parse(&bytes);
        }
    }
}
