//! `nbd://HOST:PORT/EXPORT[?bitmap=NAME]`.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use std::fmt::{self, Display};

/// The port of NBD.
const PORT: u16 = 10809;
/// No export and no bitmap has a longer name.
const LONGEST: usize = 1023;
/// What stands for itself in the name of an export.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

/// Where an export is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::engine::drivers::volume) struct Url {
    /// The server; an IPv6 address without brackets.
    pub(super) host: String,
    pub(super) port: u16,
    /// What the server calls the export; nothing for its default one.
    pub(super) export: String,
    /// The dirty bitmap that tells what changed.
    pub(in crate::engine::drivers::volume) bitmap: Option<String>,
}

impl Url {
    /// Reads a URL. The error is the rule, as in "must …".
    pub(in crate::engine::drivers::volume) fn parse(text: &str) -> Result<Self, String> {
        let Some(rest) = text.strip_prefix("nbd://") else {
            return Err("must begin with nbd:// (TLS and Unix sockets are not spoken)".to_owned());
        };
        let (address, query) = rest.split_once('?').map_or((rest, None), |(address, query)| (address, Some(query)));
        let (authority, export) = address.split_once('/').unwrap_or((address, ""));
        if authority.contains('@') {
            // What stands there may be a password: it is not told.
            return Err("must have no user and no password: NBD knows none".to_owned());
        }
        let shown = || format!("must be nbd://HOST:PORT/EXPORT or nbd://HOST:PORT/EXPORT?bitmap=NAME; it is {text:?}");
        let (host, port) = split(authority, PORT).ok_or_else(shown)?;
        let bitmap = match query {
            None => None,
            Some(query) => Some(query.strip_prefix("bitmap=").filter(|name| !name.is_empty()).ok_or_else(shown)?),
        };
        let decode = |text: &str| {
            let name = percent_decode_str(text).decode_utf8().ok()?.into_owned();
            (name.len() <= LONGEST && !name.chars().any(char::is_control)).then_some(name)
        };
        let export = decode(export).ok_or_else(shown)?;
        let bitmap = bitmap.map(|name| decode(name).ok_or_else(shown)).transpose()?;
        Ok(Self { host, port, export, bitmap })
    }
}

/// A host and its port, or that of the protocol.
pub(in crate::engine::drivers::volume) fn split(authority: &str, usual: u16) -> Option<(String, u16)> {
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (host, port) = rest.split_once(']')?;
            host.parse::<std::net::Ipv6Addr>().ok()?;
            (host, if port.is_empty() { None } else { Some(port.strip_prefix(':')?) })
        }
        None => authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port))),
    };
    let port = port.map_or(Some(usual), |port| port.parse().ok().filter(|port| *port > 0))?;
    let fits =
        !host.is_empty() && host.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':'));
    fits.then(|| (host.to_ascii_lowercase(), port))
}

/// A host and its port, as [`split`] reads them.
pub(in crate::engine::drivers::volume) fn joined(host: &str, port: u16) -> String {
    let (open, close) = if host.contains(':') { ("[", "]") } else { ("", "") };
    format!("{open}{host}{close}:{port}")
}

impl Display for Url {
    /// Its one spelling.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let export = utf8_percent_encode(&self.export, PLAIN);
        write!(f, "nbd://{}/{export}", joined(&self.host, self.port))?;
        match &self.bitmap {
            Some(name) => write!(f, "?bitmap={}", utf8_percent_encode(name, PLAIN)),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_has_one_spelling() {
        for (given, kept) in [
            ("nbd://Host/disk", "nbd://host:10809/disk"),
            ("nbd://127.0.0.1:1/", "nbd://127.0.0.1:1/"),
            ("nbd://[::1]:9/a/b?bitmap=b0", "nbd://[::1]:9/a/b?bitmap=b0"),
            ("nbd://h/a%20b%2Fc?bitmap=%C3%BC", "nbd://h:10809/a%20b/c?bitmap=%C3%BC"),
        ] {
            let url = Url::parse(given).unwrap();
            assert_eq!(url.to_string(), kept);
            assert_eq!(Url::parse(kept).unwrap(), url);
        }
    }

    #[test]
    fn what_is_no_such_url_is_refused_without_its_password() {
        for wrong in [
            "nbds://h/x",
            "nbd+unix:///x",
            "nbd:///x",
            "nbd://h:0/x",
            "nbd://h:x/x",
            "nbd://h:1:2/x",
            "nbd://[::1/x",
            "nbd://[::1]9/x",
            "nbd://h/x?bitmap=",
            "nbd://h/x?other=1",
            "nbd://h/%00",
            "nbd://h h/x",
            "http://h/x",
        ] {
            assert!(Url::parse(wrong).is_err(), "{wrong}");
        }
        let refused = Url::parse("nbd://user:hunter2@h/x").unwrap_err();
        assert!(!refused.contains("hunter2"), "{refused}");
    }
}
