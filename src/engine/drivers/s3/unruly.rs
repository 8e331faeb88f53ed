//! A store that answers as a test tells it to, in S3's protocol on a socket of its own: for what real ones do only in bad
//! company, and not on demand.

use super::client::Client;
use super::location;
use crate::domain::Secret;
use crate::domain::types::Location;
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

pub(super) const BUCKET: &str = "unruly";
const SECRET: &str = r#"{"AccessKeyId": "test", "SecretAccessKey": "testtest"}"#;

/// What was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) method: String,
    /// What follows the bucket, as it came; nothing where the bucket itself is meant.
    pub(super) key: String,
    pub(super) query: String,
    pub(super) headers: BTreeMap<String, String>,
}

impl Asked {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// From which byte on an object is asked for.
    pub(super) fn first_byte(&self) -> Option<usize> {
        self.header("range")?.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok()
    }

    fn read(connection: &TcpStream) -> Option<Self> {
        let mut reader = BufReader::new(connection);
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let mut words = line.split_whitespace();
        let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
        let mut headers = BTreeMap::new();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).ok()?;
            let Some((name, value)) = line.trim_end().split_once(':') else { break };
            headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
        }
        let length = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or_default();
        std::io::copy(&mut reader.take(length), &mut std::io::sink()).ok()?;
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        let key = path.trim_start_matches('/').strip_prefix(BUCKET)?.trim_start_matches('/').to_owned();
        Some(Self { method, key, query: query.to_owned(), headers })
    }
}

/// What is answered.
pub(super) struct Answer {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
    promised: usize,
}

impl Answer {
    pub(super) fn of(status: u16, body: impl Into<Vec<u8>>) -> Self {
        let body = body.into();
        Self { status, headers: Vec::new(), promised: body.len(), body }
    }

    /// A refusal with a code of S3.
    pub(super) fn error(status: u16, code: &str) -> Self {
        Self::of(status, format!("<Error><Code>{code}</Code><Message>as it was told</Message></Error>"))
    }

    /// An object, or what follows a byte of it.
    pub(super) fn object(content: &[u8], etag: &str) -> Self {
        Self::of(200, content).with("etag", etag)
    }

    /// A listing of these keys, URL-encoded.
    pub(super) fn listing(keys: &[&str]) -> Self {
        let entry = |key: &&str| {
            format!(
                "<Contents><Key>{key}</Key><Size>4</Size><ETag>\"1\"</ETag><LastModified>2026-11-23T05:00:00Z</LastModified></Contents>"
            )
        };
        let entries: String = keys.iter().map(entry).collect();
        Self::of(200, format!("<ListBucketResult><IsTruncated>false</IsTruncated>{entries}</ListBucketResult>"))
    }

    pub(super) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The connection ends after so many bytes of the body, whatever was promised.
    pub(super) fn that_breaks_off_after(mut self, bytes: usize) -> Self {
        self.body.truncate(bytes);
        self
    }

    fn write(&self, mut connection: &TcpStream, has_body: bool) -> std::io::Result<()> {
        let mut head = format!("HTTP/1.1 {} Told\r\nconnection: close\r\n", self.status);
        head += &format!("content-length: {}\r\nlast-modified: Mon, 23 Nov 2026 05:00:00 GMT\r\n", self.promised);
        for (name, value) in &self.headers {
            head += &format!("{name}: {value}\r\n");
        }
        connection.write_all((head + "\r\n").as_bytes())?;
        if has_body { connection.write_all(&self.body) } else { Ok(()) }
    }
}

/// The store; stopped when dropped.
pub(super) struct Unruly {
    address: String,
    asked: Arc<Mutex<Vec<Asked>>>,
    is_over: Arc<AtomicBool>,
}

impl Unruly {
    pub(super) fn that(answer: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (asked, is_over, answer) =
            (Arc::<Mutex<Vec<Asked>>>::default(), Arc::<AtomicBool>::default(), Arc::new(answer));
        let this = Self { address, asked: Arc::clone(&asked), is_over: Arc::clone(&is_over) };
        std::thread::spawn(move || {
            for connection in listener.incoming().map_while(Result::ok) {
                if is_over.load(Ordering::Acquire) {
                    break;
                }
                let (asked, answer) = (Arc::clone(&asked), Arc::clone(&answer));
                std::thread::spawn(move || {
                    let Some(request) = Asked::read(&connection) else { return };
                    asked.lock().push(request.clone());
                    // Whoever asked may be gone already.
                    let _ = answer(&request).write(&connection, request.method != "HEAD");
                });
            }
        });
        this
    }

    pub(super) fn location(&self) -> Location {
        location(format!("http://{}", self.address), BUCKET.to_owned())
    }

    pub(super) fn secret() -> Secret {
        Secret::new(SECRET.to_owned())
    }

    pub(super) fn client(&self) -> Client {
        Client::open(&self.location(), Some(&Self::secret())).unwrap()
    }

    /// All that was asked with a method, in order.
    pub(super) fn asked(&self, method: &str) -> Vec<Asked> {
        self.asked.lock().iter().filter(|asked| asked.method == method).cloned().collect()
    }
}

impl Drop for Unruly {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Release);
        let _ = TcpStream::connect(&self.address);
    }
}
