//! Where a server is, as `resource add` takes it: `mysql://USER@HOST[:PORT][?ssl-mode=VERIFY_IDENTITY&ssl-ca=…]`.
//!
//! No message repeats the URL: what somebody took for one may hold a password.

use super::SCHEMES;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use std::fmt;

/// The port of a URL that names none.
const PORT: u16 = 3306;

/// The one way to use TLS that the programs do not give up in silence where the server has none.
const VERIFIED: &str = "VERIFY_IDENTITY";

/// What stays as it is in a URL.
const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Where a server is, and who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) user: String,
    /// A host's name or address, or the path of a socket.
    pub(super) host: String,
    pub(super) port: u16,
    /// Whether only a server is talked to whose certificate says that it is this host.
    pub(super) is_verified: bool,
    /// The file of those who may say so; those of the system where it is not named.
    pub(super) authorities: Option<String>,
}

impl Address {
    /// Reads a URL; the rule that it breaks otherwise.
    pub(super) fn parse(url: &str) -> Result<Self, String> {
        let rest = SCHEMES.iter().find_map(|scheme| url.strip_prefix(scheme)?.strip_prefix("://"));
        let rest = rest.ok_or("must begin with mysql:// or mariadb://")?;
        if rest.contains('#') || rest.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err("must have neither blanks nor a #: write them as %20 and %23".to_owned());
        }
        let (rest, query) = rest.split_once('?').map_or((rest, None), |(rest, query)| (rest, Some(query)));
        let (authority, database) = rest.split_once('/').map_or((rest, ""), |(authority, path)| (authority, path));
        if !database.is_empty() {
            return Err("must name no database: all of a server's are backed up".to_owned());
        }
        let (user, place) = authority.rsplit_once('@').ok_or("must name the user: mysql://USER@HOST:PORT")?;
        if user.contains(':') {
            return Err("must not hold a password: put it into a file and give that with --secret-file".to_owned());
        }
        let (host, port) = split_port(place)?;
        let (user, host) = (decoded("user", user)?, decoded("host", host)?);
        let mut address = Self { user, host, port, is_verified: false, authorities: None };
        for pair in query.into_iter().flat_map(|query| query.split('&')).filter(|pair| !pair.is_empty()) {
            address.set(pair)?;
        }
        if address.authorities.is_some() && !address.is_verified {
            return Err(format!("must have ssl-mode={VERIFIED} where it has an ssl-ca"));
        }
        Ok(address)
    }

    /// One `name=value` of the query.
    fn set(&mut self, pair: &str) -> Result<(), String> {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        match name {
            "ssl-mode" if value == VERIFIED => self.is_verified = true,
            "ssl-mode" => return Err(format!("can have only {VERIFIED} as ssl-mode")),
            "ssl-ca" => {
                let path = decoded(name, value)?;
                if !path.starts_with('/') {
                    return Err("must have an absolute path as ssl-ca".to_owned());
                }
                self.authorities = Some(path);
            }
            "password" => return Err("must not hold a password: give it with --secret-file".to_owned()),
            _ => return Err("can have ssl-mode and ssl-ca behind its question mark, and nothing else".to_owned()),
        }
        Ok(())
    }

    /// Where it is, for messages.
    pub(super) fn place(&self) -> String {
        if self.is_socket() { self.host.clone() } else { format!("{}:{}", bracketed(&self.host), self.port) }
    }

    fn is_socket(&self) -> bool {
        self.host.starts_with('/')
    }

    /// What every program is told of it. There is no secret in it.
    pub(super) fn arguments(&self) -> Vec<String> {
        let mut arguments = vec![format!("--user={}", self.user)];
        if self.is_socket() {
            arguments.extend(["--protocol=socket".to_owned(), format!("--socket={}", self.host)]);
        } else {
            let place = [format!("--host={}", self.host), format!("--port={}", self.port)];
            arguments.extend(std::iter::once("--protocol=tcp".to_owned()).chain(place));
        }
        if self.is_verified {
            arguments.extend(["--ssl".to_owned(), "--ssl-verify-server-cert".to_owned()]);
        }
        arguments.extend(self.authorities.iter().map(|path| format!("--ssl-ca={path}")));
        arguments
    }
}

/// The URL in its one spelling.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let encoded = |text: &str| utf8_percent_encode(text, KEPT).to_string();
        let host = if self.host.contains(':') { bracketed(&self.host) } else { encoded(&self.host) };
        write!(f, "mysql://{}@{host}:{}", encoded(&self.user), self.port)?;
        if self.is_verified {
            write!(f, "?ssl-mode={VERIFIED}")?;
        }
        self.authorities.as_ref().map_or(Ok(()), |path| write!(f, "&ssl-ca={}", encoded(path)))
    }
}

/// An address of IPv6 in brackets, all else as it is.
fn bracketed(host: &str) -> String {
    if host.contains(':') { format!("[{host}]") } else { host.to_owned() }
}

fn split_port(place: &str) -> Result<(&str, u16), String> {
    let (host, port) = match place.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, "")) => (host, None),
        Some((host, port)) => (host, Some(port.strip_prefix(':').ok_or("must have a colon before its port")?)),
        None => place.split_once(':').map_or((place, None), |(host, port)| (host, Some(port))),
    };
    let port = match port {
        None => PORT,
        Some(port) => {
            let number = port.parse().ok().filter(|number| *number > 0);
            number.ok_or("must have a number from 1 to 65535 as its port")?
        }
    };
    Ok((host, port))
}

fn decoded(what: &str, text: &str) -> Result<String, String> {
    let text = percent_decode_str(text).decode_utf8().map_err(|_| format!("must be UTF-8 in its {what}"))?;
    if text.is_empty() || text.chars().any(char::is_control) {
        return Err(format!("must have a {what} that is not empty and has no control characters"));
    }
    Ok(text.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_has_one_spelling_that_reads_back() {
        for (given, kept) in [
            ("mariadb://me@db", "mysql://me@db:3306"),
            ("mysql://me@127.0.0.1:3307/", "mysql://me@127.0.0.1:3307"),
            ("mysql://a%40b@db:1?", "mysql://a%40b@db:1"),
            ("mysql://me@[::1]", "mysql://me@[::1]:3306"),
            ("mysql://me@%2Frun%2Fmysqld%2Fmysqld.sock", "mysql://me@%2Frun%2Fmysqld%2Fmysqld.sock:3306"),
            (
                "mysql://me@db?ssl-ca=/etc/ca.pem&ssl-mode=VERIFY_IDENTITY",
                "mysql://me@db:3306?ssl-mode=VERIFY_IDENTITY&ssl-ca=%2Fetc%2Fca.pem",
            ),
        ] {
            let address = Address::parse(given).unwrap();
            assert_eq!(address.to_string(), kept);
            assert_eq!(Address::parse(kept).unwrap(), address, "{kept}");
        }
    }

    #[test]
    fn what_is_no_such_url_is_refused_without_being_repeated() {
        for url in [
            "",
            "postgresql://me@hunter2",
            "mysqlx://me@hunter2",
            "mysql://hunter2",
            "mysql://me:hunter2@db",
            "mysql://me:p@hunter2@db",
            "mysql://me@db:hunter2",
            "mysql://me@db:0",
            "mysql://me@db:65536",
            "mysql://@hunter2",
            "mysql://me@",
            "mysql://me@db#hunter2",
            "mysql://me@db/hunter2",
            "mysql://me@db/%00hunter2",
            "mysql://me@[::1",
            "mysql://me@[::1]hunter2",
            "mysql://me@db?password=hunter2",
            "mysql://me@db?ssl-mode=hunter2",
            "mysql://me@db?ssl-mode=REQUIRED",
            "mysql://me@db?ssl-ca=hunter2",
            "mysql://me@db?ssl-ca=/hunter2",
            "mysql://me@db?hunter2=1",
        ] {
            let rule = Address::parse(url).expect_err(url);
            assert!(!rule.contains("hunter2"), "{rule}");
        }
    }

    #[test]
    fn the_programs_are_told_the_way_and_never_guess_another() {
        let told = |url: &str| Address::parse(url).unwrap().arguments().join(" ");
        assert_eq!(told("mysql://me@db:7"), "--user=me --protocol=tcp --host=db --port=7");
        assert_eq!(told("mysql://me@%2Frun%2Fs"), "--user=me --protocol=socket --socket=/run/s");
        let verified = told("mysql://me@db?ssl-mode=VERIFY_IDENTITY&ssl-ca=/ca");
        assert!(verified.ends_with("--ssl --ssl-verify-server-cert --ssl-ca=/ca"), "{verified}");
    }
}
