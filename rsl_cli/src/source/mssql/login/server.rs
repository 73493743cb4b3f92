//! The place of a server: `host`, `host\instance`, `host,port`, `host:port`, `tcp:host,port`, `(local)`, `[IPv6]:port`.

use std::net::Ipv6Addr;

use crate::failure::{Failure, Result};

/// Where a server listens.
#[derive(Debug, PartialEq, Eq)]
pub struct Server {
    pub host: String,
    pub instance: Option<String>,
    pub port: Option<u16>,
}

/// Reads what a keyword such as `Server` or the host part of a URL says.
pub fn parse(text: &str) -> Result<Server> {
    let text = text.trim();
    let lower = text.to_ascii_lowercase();
    if ["np:", "lpc:", "via:", "\\\\"].iter().any(|prefix| lower.starts_with(prefix)) {
        return Err(Failure::new("the server is named with a protocol other than TCP").hint(
            "named pipes, shared memory and VIA are not spoken: write host, host,port or host\\instance",
        ));
    }
    if lower.starts_with("(localdb)") {
        return Err(Failure::new("a LocalDB is only reached through a named pipe of Windows").hint(
            "give the database to an instance that listens on TCP: write host,port or host\\instance",
        ));
    }
    if lower.starts_with("admin:") {
        return Err(Failure::new("the administrator's own connection is not used").hint("leave out admin:"));
    }
    let text = if lower.starts_with("tcp:") { text[4..].trim_start() } else { text };
    if text.parse::<Ipv6Addr>().is_ok() {
        return Ok(Server { host: text.to_owned(), instance: None, port: None });
    }
    let (place, port) = split_port(text)?;
    let (host, instance) = match place.split_once('\\') {
        // Source code in which the backslash is doubled is often where the text was copied from.
        Some((host, instance)) => (host, Some(instance.strip_prefix('\\').unwrap_or(instance))),
        None => (place, None),
    };
    Ok(Server { host: read_host(host)?, instance: instance.map(read_instance).transpose()?.flatten(), port })
}

fn split_port(text: &str) -> Result<(&str, Option<u16>)> {
    let brackets = text.rfind(']').unwrap_or(0);
    let Some(at) = text.rfind([',', ':']).filter(|&at| at >= brackets) else { return Ok((text, None)) };
    match text[at + 1..].trim() {
        "" if text[at..].starts_with(':') => Ok((&text[..at], None)),
        port => Ok((&text[..at], Some(read_port(port)?))),
    }
}

/// A TCP port.
pub fn read_port(text: &str) -> Result<u16> {
    let digits = text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|&port| digits && port > 0).ok_or_else(|| {
        Failure::new("the port of the SQL Server is not a number from 1 to 65535")
            .hint("write host:port, or host,port; a / after the host separates the database")
    })
}

fn read_host(text: &str) -> Result<String> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Failure::new("no server is named").hint("write host, host:port or host\\instance"));
    }
    if text == "." || text.eq_ignore_ascii_case("(local)") {
        return Ok("localhost".to_owned());
    }
    if let Some(address) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        let (plain, zone) = address.split_once('%').unwrap_or((address, "0"));
        let zoned = !zone.is_empty() && zone.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
        if plain.parse::<Ipv6Addr>().is_ok() && zoned {
            return Ok(address.to_owned());
        }
    } else if text.chars().all(|c| c.is_alphanumeric() || ".-_".contains(c)) {
        return Ok(text.to_owned());
    }
    Err(Failure::new("the name of the server holds characters that no host has")
        .hint("write host, host:port, host\\instance or [IPv6 address]:port"))
}

/// The name of an instance, or of the instance that needs none.
pub fn read_instance(text: &str) -> Result<Option<String>> {
    let text = text.trim();
    if text.is_empty() || !text.chars().all(|c| c.is_alphanumeric() || "_#$&-".contains(c)) {
        return Err(Failure::new(
            "the name of the SQL Server's instance is empty, or holds characters that none has",
        )
        .hint("write host\\instance, as in erp01\\SQLEXPRESS"));
    }
    Ok(Some(text.to_owned()).filter(|name| !name.eq_ignore_ascii_case("MSSQLSERVER")))
}
