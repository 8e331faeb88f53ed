//! Where a server is, as `resource add` takes it: `mongodb://[USER@]HOST[:PORT][,HOST[:PORT]…][/?tls=true&replicaSet=…]`.
//!
//! No message repeats the URL: what somebody took for one may hold a password.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use std::collections::BTreeMap;
use std::fmt;

/// The port of a host that names none.
const PORT: u16 = 27017;

/// What may stand behind the question mark.
const OPTIONS: [&str; 8] = [
    "authMechanism",
    "authSource",
    "directConnection",
    "readPreference",
    "replicaSet",
    "retryWrites",
    "tls",
    "tlsCAFile",
];

/// What stays as it is in a URL.
const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Where a server is, and who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Address {
    /// None for a server that lets everybody in.
    pub(super) user: Option<String>,
    hosts: Vec<String>,
    /// By name, decoded.
    options: BTreeMap<&'static str, String>,
}

impl Address {
    /// Reads a URL; the rule that it breaks otherwise.
    pub(super) fn parse(url: &str) -> Result<Self, String> {
        let rest = url.strip_prefix("mongodb://").ok_or("must begin with mongodb://")?;
        if rest.contains('#') || rest.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err("must have neither blanks nor a #: write them as %20 and %23".to_owned());
        }
        let (rest, query) = rest.split_once('?').map_or((rest, ""), |(rest, query)| (rest, query));
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        if !path.is_empty() {
            return Err("must have nothing behind its slash: databases are chosen with --database, and where the user is known \
                        is said with authSource"
                .to_owned());
        }
        let (user, places) =
            authority.rsplit_once('@').map_or((None, authority), |(user, places)| (Some(user), places));
        if user.is_some_and(|user| user.contains(':')) {
            return Err("must not hold a password: put it into a file and give that with --secret-file".to_owned());
        }
        let hosts = places.split(',').map(host).collect::<Result<_, _>>()?;
        let user = user.map(|user| decoded("user", user)).transpose()?;
        let mut address = Self { user, hosts, options: BTreeMap::new() };
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            address.set(pair)?;
        }
        Ok(address)
    }

    /// One `name=value` of the query.
    fn set(&mut self, pair: &str) -> Result<(), String> {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let name = OPTIONS.into_iter().find(|option| option.eq_ignore_ascii_case(name)).ok_or_else(|| {
            format!("can have these behind its question mark, and nothing else: {}", OPTIONS.join(", "))
        })?;
        let value = decoded(name, value)?;
        let fits = match name {
            "tls" | "directConnection" | "retryWrites" => ["true", "false"].contains(&value.as_str()),
            "tlsCAFile" => value.starts_with('/'),
            "authMechanism" => ["SCRAM-SHA-1", "SCRAM-SHA-256"].contains(&value.as_str()),
            "readPreference" => {
                ["primary", "primaryPreferred", "secondary", "secondaryPreferred", "nearest"].contains(&value.as_str())
            }
            _ => true,
        };
        if !fits {
            let rule = match name {
                "tlsCAFile" => "an absolute path",
                "authMechanism" => "SCRAM-SHA-1 or SCRAM-SHA-256",
                "readPreference" => "primary, primaryPreferred, secondary, secondaryPreferred or nearest",
                _ => "true or false",
            };
            return Err(format!("must have {rule} as {name}"));
        }
        self.options.insert(name, value);
        Ok(())
    }

    /// Where it is, for messages.
    pub(super) fn place(&self) -> String {
        self.hosts.join(",")
    }

    /// One of its options.
    pub(super) fn option(&self, name: &str) -> Option<&str> {
        self.options.get(name).map(String::as_str)
    }

    /// A URL for the driver of the protocol, which is told by other ways who asks.
    pub(super) fn anonymous(&self) -> String {
        self.written(None, |name| !name.starts_with("auth"))
    }

    fn written(&self, user: Option<&str>, has: fn(&str) -> bool) -> String {
        let encoded = |text: &str| utf8_percent_encode(text, KEPT).to_string();
        let user = user.map(|user| format!("{}@", encoded(user))).unwrap_or_default();
        let options = self.options.iter().filter(|(name, _)| has(name));
        let options: Vec<String> = options.map(|(name, value)| format!("{name}={}", encoded(value))).collect();
        let query = if options.is_empty() { String::new() } else { format!("/?{}", options.join("&")) };
        format!("mongodb://{user}{}{query}", self.hosts.join(","))
    }
}

/// The URL in its one spelling.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written(self.user.as_deref(), |_| true))
    }
}

/// `HOST:PORT` of what may lack a port.
fn host(place: &str) -> Result<String, String> {
    let (host, port) = match place.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, "")) => (format!("[{host}]"), None),
        Some((host, port)) => {
            (format!("[{host}]"), Some(port.strip_prefix(':').ok_or("must have a colon before its port")?))
        }
        None => place.split_once(':').map_or((place.to_owned(), None), |(host, port)| (host.to_owned(), Some(port))),
    };
    let inner = host.trim_matches(['[', ']']);
    let right =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_') || (host.starts_with('[') && c == ':');
    if inner.is_empty() || !inner.chars().all(right) {
        return Err("must name hosts: mongodb://USER@HOST:PORT".to_owned());
    }
    let port = port.map_or(Ok(PORT), |port| {
        port.parse().ok().filter(|port| *port > 0).ok_or("must have a number from 1 to 65535 as its port")
    })?;
    Ok(format!("{}:{port}", host.to_ascii_lowercase()))
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
            ("mongodb://db", "mongodb://db:27017"),
            ("mongodb://me@DB:1/", "mongodb://me@db:1"),
            ("mongodb://a%40b@db/?", "mongodb://a%40b@db:27017"),
            ("mongodb://me@a,b:2/?REPLICASET=rs0&tls=true", "mongodb://me@a:27017,b:2/?replicaSet=rs0&tls=true"),
            ("mongodb://me@[::1]:7?tlsCAFile=/etc/ca.pem", "mongodb://me@[::1]:7/?tlsCAFile=%2Fetc%2Fca.pem"),
        ] {
            let address = Address::parse(given).unwrap();
            assert_eq!(address.to_string(), kept);
            assert_eq!(Address::parse(kept).unwrap(), address, "{kept}");
        }
        let address = Address::parse("mongodb://me@db?authSource=x&tls=true").unwrap();
        assert_eq!(address.anonymous(), "mongodb://db:27017/?tls=true");
    }

    #[test]
    fn what_is_no_such_url_is_refused_without_being_repeated() {
        for url in [
            "",
            "http://hunter2",
            "mongodb+srv://hunter2",
            "mongodb://me:hunter2@db",
            "mongodb://me:p@hunter2@db",
            "mongodb://db:hunter2",
            "mongodb://db:0",
            "mongodb://@db",
            "mongodb://me@",
            "mongodb://db,",
            "mongodb://db/hunter2",
            "mongodb://hunter2%40@",
            "mongodb://db#hunter2",
            "mongodb://db/?hunter2=1",
            "mongodb://db/?tls=hunter2",
            "mongodb://db/?tlsCAFile=hunter2",
            "mongodb://db/?authMechanism=hunter2",
            "mongodb://db/?readPreference=hunter2",
            "mongodb://[::1]hunter2",
        ] {
            let rule = Address::parse(url).expect_err(url);
            assert!(!rule.contains("hunter2"), "{rule}");
        }
    }
}
