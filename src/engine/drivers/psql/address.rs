//! Where a server is, as `resource add` takes it: `postgresql://USER@HOST[:PORT][/DATABASE][?sslmode=…&sslrootcert=…]`.
//!
//! No message repeats the URL: what somebody took for one may hold a password.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use std::fmt;

/// The port of a URL that names none.
const PORT: u16 = 5432;

/// The database of a URL that names none: whole clusters are backed up, and this one is in each.
const DATABASE: &str = "postgres";

/// What libpq knows of TLS.
const MODES: [&str; 6] = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"];

/// What stays as it is in a URL.
const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Where a server is, and who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::engine::drivers) struct Address {
    pub(in crate::engine::drivers) user: String,
    /// A host's name or address, or the folder of a socket.
    pub(in crate::engine::drivers) host: String,
    pub(in crate::engine::drivers) port: u16,
    pub(in crate::engine::drivers) database: String,
    pub(in crate::engine::drivers) ssl_mode: Option<String>,
    pub(in crate::engine::drivers) ssl_root_certificate: Option<String>,
}

impl Address {
    /// Reads a URL; the rule that it breaks otherwise.
    pub(in crate::engine::drivers) fn parse(url: &str) -> Result<Self, String> {
        let rest = ["postgresql://", "postgres://"].iter().find_map(|scheme| url.strip_prefix(scheme));
        let rest = rest.ok_or("must begin with postgresql://")?;
        if rest.contains('#') || rest.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err("must have neither blanks nor a #: write them as %20 and %23".to_owned());
        }
        let (rest, query) = rest.split_once('?').map_or((rest, None), |(rest, query)| (rest, Some(query)));
        let (authority, database) = rest.split_once('/').map_or((rest, ""), |(authority, path)| (authority, path));
        let (user, place) = authority.rsplit_once('@').ok_or("must name the user: postgresql://USER@HOST:PORT")?;
        if user.contains(':') {
            return Err("must not hold a password: put it into a file and give that with --secret-file".to_owned());
        }
        let (host, port) = split_port(place)?;
        let mut address = Self {
            user: decoded("user", user)?,
            host: decoded("host", host)?,
            port,
            database: if database.is_empty() { DATABASE.to_owned() } else { decoded("database", database)? },
            ssl_mode: None,
            ssl_root_certificate: None,
        };
        if address.host.contains(',') {
            return Err("must name one host".to_owned());
        }
        for pair in query.into_iter().flat_map(|query| query.split('&')).filter(|pair| !pair.is_empty()) {
            address.set(pair)?;
        }
        Ok(address)
    }

    /// One `name=value` of the query.
    fn set(&mut self, pair: &str) -> Result<(), String> {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        match name {
            "sslmode" if MODES.contains(&value) => self.ssl_mode = Some(value.to_owned()),
            "sslmode" => return Err(format!("must have one of these as sslmode: {}", MODES.join(", "))),
            "sslrootcert" => {
                let path = decoded(name, value)?;
                if !path.starts_with('/') && path != "system" {
                    return Err("must have an absolute path as sslrootcert, or the word system".to_owned());
                }
                self.ssl_root_certificate = Some(path);
            }
            "password" => return Err("must not hold a password: give it with --secret-file".to_owned()),
            _ => return Err("can have sslmode and sslrootcert behind its question mark, and nothing else".to_owned()),
        }
        Ok(())
    }

    /// Where it is, for messages.
    pub(in crate::engine::drivers) fn place(&self) -> String {
        format!("{}:{}", bracketed(&self.host), self.port)
    }

    /// What libpq is told by its environment.
    pub(in crate::engine::drivers) fn environment(&self) -> Vec<(&'static str, String)> {
        let tls = [("PGSSLMODE", self.ssl_mode.clone()), ("PGSSLROOTCERT", self.ssl_root_certificate.clone())];
        let always = [
            ("PGHOST", self.host.clone()),
            ("PGPORT", self.port.to_string()),
            ("PGUSER", self.user.clone()),
            ("PGDATABASE", self.database.clone()),
            ("PGCONNECT_TIMEOUT", "15".to_owned()),
            ("PGAPPNAME", "vaultdeck".to_owned()),
            ("PGCLIENTENCODING", "UTF8".to_owned()),
            // No password but the one that was given.
            ("PGPASSFILE", "/dev/null".to_owned()),
        ];
        always.into_iter().chain(tls.into_iter().filter_map(|(name, value)| Some((name, value?)))).collect()
    }
}

/// The URL in its one spelling.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let encoded = |text: &str| utf8_percent_encode(text, KEPT).to_string();
        let host = if self.host.contains(':') { bracketed(&self.host) } else { encoded(&self.host) };
        write!(f, "postgresql://{}@{host}:{}", encoded(&self.user), self.port)?;
        if self.database != DATABASE {
            write!(f, "/{}", encoded(&self.database))?;
        }
        let tls = [("sslmode", &self.ssl_mode), ("sslrootcert", &self.ssl_root_certificate)];
        for (number, (name, value)) in
            tls.into_iter().filter_map(|(name, value)| Some((name, value.as_ref()?))).enumerate()
        {
            write!(f, "{}{name}={}", if number == 0 { '?' } else { '&' }, encoded(value))?;
        }
        Ok(())
    }
}

/// An address of IPv6 in brackets, all else as it is.
fn bracketed(host: &str) -> String {
    if host.contains(':') && !host.starts_with('/') { format!("[{host}]") } else { host.to_owned() }
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
            ("postgres://me@db", "postgresql://me@db:5432"),
            ("postgresql://me@127.0.0.1:5433/postgres", "postgresql://me@127.0.0.1:5433"),
            ("postgresql://a%40b@db:1/main?", "postgresql://a%40b@db:1/main"),
            ("postgresql://me@[::1]", "postgresql://me@[::1]:5432"),
            ("postgresql://me@[::1]:7/x", "postgresql://me@[::1]:7/x"),
            ("postgresql://me@%2Frun%2Fpg", "postgresql://me@%2Frun%2Fpg:5432"),
            (
                "postgresql://me@db?sslrootcert=/etc/ca.pem&sslmode=verify-full",
                "postgresql://me@db:5432?sslmode=verify-full&sslrootcert=%2Fetc%2Fca.pem",
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
            "mysql://me@hunter2",
            "postgresql://hunter2",
            "postgresql://me:hunter2@db",
            "postgresql://me:p@hunter2@db",
            "postgresql://me@db:hunter2",
            "postgresql://me@db:0",
            "postgresql://me@db:65536",
            "postgresql://@hunter2",
            "postgresql://me@",
            "postgresql://me@a,hunter2",
            "postgresql://me@db#hunter2",
            "postgresql://me@db/hunter2 x",
            "postgresql://me@db/%00hunter2",
            "postgresql://me@[::1",
            "postgresql://me@[::1]hunter2",
            "postgresql://me@db?password=hunter2",
            "postgresql://me@db?sslmode=hunter2",
            "postgresql://me@db?sslrootcert=hunter2",
            "postgresql://me@db?hunter2=1",
        ] {
            let rule = Address::parse(url).expect_err(url);
            assert!(!rule.contains("hunter2"), "{rule}");
        }
    }

    #[test]
    fn libpq_is_told_everything_by_its_environment() {
        let address = Address::parse("postgresql://me@%2Frun%2Fpg:7/main?sslmode=require").unwrap();
        let told: std::collections::BTreeMap<_, _> = address.environment().into_iter().collect();
        for (name, value) in [
            ("PGHOST", "/run/pg"),
            ("PGPORT", "7"),
            ("PGUSER", "me"),
            ("PGDATABASE", "main"),
            ("PGSSLMODE", "require"),
            ("PGPASSFILE", "/dev/null"),
        ] {
            assert_eq!(told[name], value, "{name}");
        }
        assert!(!told.contains_key("PGSSLROOTCERT"));
    }
}
