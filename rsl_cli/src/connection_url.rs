//! URLs of databases, read so that a password may hold any character, and shown without it.

use std::fmt;

use percent_encoding::percent_decode_str;

use crate::failure::{Failure, Result};

/// A longer URL is no URL, and to find where its options begin would take the longer the more of them it could be.
const LONGEST: usize = 16 * 1024;

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
        let written = Written::split(url, |_| false)?;
        let (host, port) = split_port(written.authority)?;
        Ok(Self {
            scheme: written.scheme.to_ascii_lowercase(),
            user: written.user.map(decode).transpose()?,
            password: written.password.map(decode).transpose()?,
            host: decode(host)?,
            port,
            path: decode(written.path)?,
            options: written
                .options()
                .map(|(name, value)| Ok((decode(name)?, decode(value)?)))
                .collect::<Result<_>>()?,
        })
    }
}

/// A URL in its parts as they are written, not decoded. Nothing of it may be shown.
pub struct Written<'a> {
    pub scheme: &'a str,
    pub user: Option<&'a str>,
    pub password: Option<&'a str>,
    /// The place of the server, with its port.
    pub authority: &'a str,
    pub path: &'a str,
    options: &'a str,
}

impl<'a> Written<'a> {
    /// Splits a URL. `known` says whether a name is that of an option, which tells an option whose value holds an `@`
    /// from a password that holds a `?`.
    pub fn split(url: &'a str, known: impl Fn(&str) -> bool) -> Result<Self> {
        if url.len() > LONGEST {
            return Err(Failure::new(format!("the connection URL is longer than {LONGEST} bytes")));
        }
        let is_scheme = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-._".contains(&b));
        let (scheme, rest) = url
            .split_once("://")
            .filter(|(scheme, _)| !scheme.is_empty() && is_scheme(scheme))
            .ok_or_else(|| {
                // Nothing of it is shown: what has no scheme may well be a password.
                Failure::new("a connection URL must begin with its kind, such as postgresql:// or sqlite://")
            })?;
        let (rest, options) = split_options(rest, known);
        let (login, rest) = rest.rsplit_once('@').map_or((None, rest), |(login, rest)| (Some(login), rest));
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (user, password) = login.map_or(("", ""), |login| login.split_once(':').unwrap_or((login, "")));
        Ok(Self {
            scheme,
            user: Some(user).filter(|user| !user.is_empty()),
            password: Some(password).filter(|password| !password.is_empty()),
            authority,
            path,
            options,
        })
    }

    /// Names and values of the options, in their order.
    pub fn options(&self) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        pairs(self.options)
    }
}

fn pairs(options: &str) -> impl Iterator<Item = (&str, &str)> {
    let options = options.split('&').filter(|option| !option.is_empty());
    options.map(|option| option.split_once('=').unwrap_or((option, "")))
}

/// Takes `?name=value&…` off the end, from the last `?` that can begin it.
fn split_options(rest: &str, known: impl Fn(&str) -> bool) -> (&str, &str) {
    let mut begins = rest.rmatch_indices('?').map(|(at, _)| (&rest[..at], &rest[at + 1..]));
    begins.find(|(before, options)| are_options(before, options, &known)).unwrap_or((rest, ""))
}

/// Whether options follow `before`, rather than the rest of a password that holds a `?`.
fn are_options(before: &str, options: &str, known: impl Fn(&str) -> bool) -> bool {
    let named = |option: &str| {
        option.split_once('=').is_some_and(|(name, _)| {
            name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-+. %".contains(&b))
                && name.bytes().any(|b| b.is_ascii_alphabetic())
        })
    };
    if !options.split('&').filter(|option| !option.is_empty()).all(named) {
        return false;
    }
    // No @ follows: the user's part is over, if there is one.
    if !options.contains('@') {
        return true;
    }
    let place = match before.rsplit_once('@') {
        Some((_, place)) => place,
        // Without an @ before, `user:password` looks like `host:port`, but for the digits.
        None => match split_port(before.split('/').next().unwrap_or_default()) {
            Ok((host, port)) if port.is_some() || !before[host.len()..].starts_with(':') => before,
            _ => return false,
        },
    };
    place.contains('/') || pairs(options).all(|(name, _)| known(name))
}

fn split_port(authority: &str) -> Result<(&str, Option<u16>)> {
    // [::1]:5432 has colons in the host.
    let colon = authority.rfind(':').filter(|&at| !authority[at..].contains(']'));
    match colon {
        None => Ok((authority, None)),
        Some(at) if authority[at + 1..].is_empty() => Ok((&authority[..at], None)),
        Some(at) => match authority[at + 1..].parse() {
            Ok(port @ 1..) if !authority[at..].starts_with(":+") => Ok((&authority[..at], Some(port))),
            _ => Err(Failure::new("the connection URL has a port that is not a number from 1 to 65535")
                .hint("write it as scheme://user:password@host:port/database")),
        },
    }
}

/// Decodes a part of a URL: `%` followed by two hexadecimal digits is a byte, any other `%` stands for itself.
pub fn decode(text: &str) -> Result<String> {
    percent_decode_str(text).decode_utf8().map(|decoded| decoded.into_owned()).map_err(|_| {
        Failure::new("the connection URL has a percent-encoded part that is not UTF-8")
            .hint("a % that is meant as such is written %25")
    })
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
        assert_eq!(parse("postgresql://u:p/x?a=b@h/d").password.as_deref(), Some("p/x?a=b"));
        assert_eq!(parse("postgresql://u:p@h/d?").path, "d");
        assert_eq!(parse("postgresql://u:p@h/d?SSLMode=require").options[0].0, "SSLMode");
        assert_eq!(parse("postgresql://u:p@h/d?application_name=a?b").options[0].1, "a?b");
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
        fn garbage_is_an_error_not_a_panic(text in "\\PC{0,60}", controls in any::<String>()) {
            for text in [&text, &controls] {
                let _ = ConnectionUrl::parse(text);
                let _ = ConnectionUrl::parse(&format!("postgresql://{text}"));
            }
        }

        #[test]
        fn any_name_and_password_come_back_percent_encoded(
            user in "(?s).{1,12}", password in "(?s).{1,30}", database in "(?s).{1,12}", value in "(?s).{1,12}",
        ) {
            let encoded = |text: &str| text.bytes().map(|byte| format!("%{byte:02x}")).collect::<String>();
            let url = parse(&format!(
                "postgresql://{}:{}@h/{}?application_name={}",
                encoded(&user), encoded(&password), encoded(&database), encoded(&value)
            ));
            prop_assert_eq!((url.user.as_ref(), url.password.as_ref()), (Some(&user), Some(&password)));
            prop_assert_eq!((&url.host, &url.path, &url.options[0].1), (&"h".to_owned(), &database, &value));
        }

        #[test]
        fn pieces_of_urls_are_read_or_refused_without_their_values(
            pieces in prop::collection::vec("://|//|[:@/?&=%,]|%4|%ff|%41|\\[::1\\]|5432|0|h|sslmode|Xyzzy|[ \\n\\\\]", 0..24),
        ) {
            let text = pieces.concat();
            for text in [text.clone(), format!("postgresql://{text}"), format!("postgresql://u:Xyzzy@{text}")] {
                match ConnectionUrl::parse(&text) {
                    Ok(url) => {
                        prop_assert!(url.port != Some(0), "{}", text);
                        // It goes into messages, and what is no scheme may be a part of a password.
                        prop_assert!(url.scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-._".contains(c)));
                    }
                    Err(failure) => prop_assert!(!failure.to_string().contains("Xyzzy"), "{}: {}", text, failure),
                }
            }
        }
    }

    #[test]
    fn what_stands_where_the_scheme_must_is_not_shown_as_one() {
        for bad in ["Database=d;PWD=secret://x", "u:secret://h/d", "://secret"] {
            assert!(ConnectionUrl::parse(bad).unwrap_err().to_string().contains("must begin with"), "{bad}");
        }
    }

    #[test]
    fn a_port_is_a_number_of_digits_alone_and_not_0() {
        for port in ["0", "+1", "65536", "1 "] {
            assert!(ConnectionUrl::parse(&format!("postgresql://u:p@h:{port}/d")).is_err(), "{port}");
        }
    }

    #[test]
    fn long_garbage_ends() {
        let options = "?a=".repeat(1500) + &"&b=1".repeat(1000);
        let _ = ConnectionUrl::parse(&format!("postgresql://u:{options}&!"));
        for piece in
            ["?", "@", ":", "/", "%", "&", "=", "?a=1&", "?a=@&", "?sslmode=@&", "%41", "[", "{", "x"]
        {
            for end in ["", "&!", "@h/d"] {
                let _ = ConnectionUrl::parse(&format!(
                    "postgresql://u:{}{end}",
                    piece.repeat(16_000 / piece.len())
                ));
            }
        }
        let failure =
            ConnectionUrl::parse(&format!("postgresql://u:{}@h/d", "?a=".repeat(40_000))).unwrap_err();
        assert!(failure.what().contains("longer than 16384 bytes"), "{failure}");
    }
}
