//! URLs of databases, read so that a password may hold any character, and shown without it.

use std::fmt;

use percent_encoding::percent_decode_str;

use crate::failure::{Failure, Result};

/// `scheme://user:password@host:port/path?name=value&…` in its parts, decoded.
#[derive(Clone, PartialEq, Eq)]
pub struct ConnectionUrl {
    pub scheme: String,
    pub user: Option<String>,
    pub password: Option<String>,
    pub host: String,
    pub port: Option<u16>,
    pub path: String,
    pub options: Vec<(String, String)>,
}

impl ConnectionUrl {
    /// Reads a URL. Options are taken off first, then the user's part ends at the last `@`, so that a password may hold
    /// `@ # / ? !` as they are; `%` followed by two hexadecimal digits is decoded, any other `%` stands for itself.
    pub fn parse(url: &str) -> Result<Self> {
        let (scheme, rest) = url.split_once("://").ok_or_else(|| {
            // Nothing of it is shown: what has no scheme may well be a password.
            Failure::new("a connection URL must begin with its kind, such as postgresql:// or sqlite://")
        })?;
        let (rest, options) = split_options(rest);
        let (login, rest) = rest.rsplit_once('@').map_or((None, rest), |(login, rest)| (Some(login), rest));
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (host, port) = split_port(authority)?;
        let (user, password) = match login.map(|login| login.split_once(':').unwrap_or((login, ""))) {
            Some((user, password)) => (Some(decode(user)?), Some(password).filter(|p| !p.is_empty())),
            None => (None, None),
        };
        Ok(Self {
            scheme: scheme.to_ascii_lowercase(),
            user: user.filter(|user| !user.is_empty()),
            password: password.map(decode).transpose()?,
            host: decode(host)?,
            port,
            path: decode(path)?,
            options: options
                .split('&')
                .filter(|option| !option.is_empty())
                .map(|option| {
                    let (name, value) = option.split_once('=').unwrap_or((option, ""));
                    Ok((decode(name)?, decode(value)?))
                })
                .collect::<Result<_>>()?,
        })
    }
}

/// Takes `?name=value&…` off the end. A `?` of the password is not taken for it: what follows that holds the `@`
/// before the host, and no path stands before it.
fn split_options(rest: &str) -> (&str, &str) {
    let Some((before, options)) = rest.rsplit_once('?') else { return (rest, "") };
    let named = options.split('&').all(|option| {
        option
            .split_once('=')
            .is_some_and(|(name, _)| name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'))
    });
    if named && (!options.contains('@') || before.contains('/')) { (before, options) } else { (rest, "") }
}

fn split_port(authority: &str) -> Result<(&str, Option<u16>)> {
    // [::1]:5432 has colons in the host.
    let colon = authority.rfind(':').filter(|&at| !authority[at..].contains(']'));
    match colon {
        None => Ok((authority, None)),
        Some(at) if authority[at + 1..].is_empty() => Ok((&authority[..at], None)),
        Some(at) => match authority[at + 1..].parse() {
            Ok(port) => Ok((&authority[..at], Some(port))),
            Err(_) => Err(Failure::new("the connection URL has a port that is not a number from 1 to 65535")
                .hint("write it as scheme://user:password@host:port/database")),
        },
    }
}

fn decode(text: &str) -> Result<String> {
    percent_decode_str(text)
        .decode_utf8()
        .map(|decoded| decoded.into_owned())
        .map_err(|_| Failure::new("the connection URL has a percent-encoded part that is not UTF-8"))
}

impl fmt::Display for ConnectionUrl {
    /// Without the password and without the options, one of which may be a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://", self.scheme)?;
        if let Some(user) = &self.user {
            write!(f, "{user}@")?;
        }
        f.write_str(&self.host)?;
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        write!(f, "/{}", self.path)
    }
}

impl fmt::Debug for ConnectionUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(url: &str) -> ConnectionUrl {
        ConnectionUrl::parse(url).unwrap()
    }

    #[test]
    fn reads_what_people_write() {
        let url = parse("postgresql://app:p@ss!#w%rd/?x@db.local:5433/erp?sslmode=require");
        assert_eq!((url.user.as_deref(), url.password.as_deref()), (Some("app"), Some("p@ss!#w%rd/?x")));
        assert_eq!((url.host.as_str(), url.port, url.path.as_str()), ("db.local", Some(5433), "erp"));
        assert_eq!(url.options, [("sslmode".to_owned(), "require".to_owned())]);
        assert_eq!(url.to_string(), "postgresql://app@db.local:5433/erp");
        assert_eq!(parse("postgresql://u:a%40b@h/d").password.as_deref(), Some("a@b"));
        assert_eq!(parse("postgresql:///erp?host=/tmp").options, [("host".to_owned(), "/tmp".to_owned())]);
        assert_eq!(parse("postgresql://h:5432/d?application_name=a@b").host, "h");
        assert_eq!(parse("postgresql://u:p?a=b@h/d").password.as_deref(), Some("p?a=b"));
        assert_eq!(parse("postgresql://[::1]:5432/d").host, "[::1]");
        assert_eq!(parse("sqlite:///srv/erp.db").path, "srv/erp.db");
    }

    #[test]
    fn never_shows_a_password() {
        for bad in ["secret", "postgresql://u:secret@h:port/d", "postgresql://u:secret%ff@h/d"] {
            let message = ConnectionUrl::parse(bad).unwrap_err().to_string();
            assert!(!message.contains("secret"), "{message}");
        }
        let url = parse("postgresql://u:secret@h/d?password=secret");
        assert!(!format!("{url} {url:?}").contains("secret"));
    }

    proptest! {
        #[test]
        fn any_password_is_kept(password in "[^%]{1,20}") {
            let url = parse(&format!("postgresql://user:{password}@host:5432/db?sslmode=disable"));
            prop_assert_eq!(url.password.as_deref(), Some(password.as_str()));
            prop_assert_eq!(url.host.as_str(), "host");
            prop_assert_eq!(url.to_string(), "postgresql://user@host:5432/db");
        }

        #[test]
        fn garbage_is_an_error_not_a_panic(text in "\\PC{0,60}") {
            let _ = ConnectionUrl::parse(&text);
            let _ = ConnectionUrl::parse(&format!("postgresql://{text}"));
        }
    }
}
