//! A server that answers as a test tells it to, on a socket of its own: for what real ones do only in bad company, and not on
//! demand.

use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::engine::drivers) struct Asked {
    pub(in crate::engine::drivers) method: String,
    /// With its query.
    pub(in crate::engine::drivers) path: String,
    pub(in crate::engine::drivers) headers: BTreeMap<String, String>,
    pub(in crate::engine::drivers) body: String,
}

impl Asked {
    fn read(connection: &TcpStream) -> Option<Self> {
        let mut reader = BufReader::new(connection);
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let mut words = line.split_whitespace();
        let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
        let mut headers = BTreeMap::new();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).ok()?;
            let Some((name, value)) = line.trim_end().split_once(':') else { break };
            headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
        }
        let body = match headers.get("content-length").map(|length| length.parse::<usize>()) {
            Some(length) => exactly(&mut reader, length.ok()?)?,
            None if headers.contains_key("transfer-encoding") => pieces(&mut reader)?,
            None => Vec::new(),
        };
        Some(Self { method, path, headers, body: String::from_utf8_lossy(&body).into_owned() })
    }
}

fn exactly(reader: &mut impl std::io::Read, length: usize) -> Option<Vec<u8>> {
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(body)
}

/// A body that comes in pieces, if it comes to its end.
fn pieces(reader: &mut impl std::io::BufRead) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let length = usize::from_str_radix(line.trim_end(), 16).ok()?;
        body.extend(exactly(reader, length)?);
        exactly(reader, 2)?;
        if length == 0 {
            return Some(body);
        }
    }
}

/// What is answered: a status and a body, of which only the beginning may come.
pub(in crate::engine::drivers) struct Told {
    status: u16,
    headers: Vec<(&'static str, &'static str)>,
    body: Vec<u8>,
    promised: usize,
}

impl Told {
    pub(in crate::engine::drivers) fn of(status: u16, body: impl Into<Vec<u8>>) -> Self {
        let body = body.into();
        Self { status, headers: Vec::new(), promised: body.len(), body }
    }

    pub(in crate::engine::drivers) fn with(mut self, name: &'static str, value: &'static str) -> Self {
        self.headers.push((name, value));
        self
    }

    /// The connection ends after so many bytes of the body, whatever was promised.
    pub(in crate::engine::drivers) fn that_breaks_off_after(mut self, bytes: usize) -> Self {
        self.body.truncate(bytes);
        self
    }

    fn write(&self, mut connection: &TcpStream) -> std::io::Result<()> {
        let mut head = format!("HTTP/1.1 {} Told\r\nconnection: close\r\n", self.status);
        for (name, value) in &self.headers {
            head += &format!("{name}: {value}\r\n");
        }
        head += &format!("content-length: {}\r\n\r\n", self.promised);
        connection.write_all(head.as_bytes())?;
        connection.write_all(&self.body)
    }
}

/// The server; stopped when dropped.
pub(in crate::engine::drivers) struct StandIn {
    address: String,
    asked: Arc<Mutex<Vec<Asked>>>,
    is_over: Arc<AtomicBool>,
}

impl StandIn {
    pub(in crate::engine::drivers) fn that(answer: impl Fn(&Asked) -> Told + Send + Sync + 'static) -> Self {
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
                    let _ = answer(&request).write(&connection);
                });
            }
        });
        this
    }

    pub(in crate::engine::drivers) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// All that was asked, in order.
    pub(in crate::engine::drivers) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().clone()
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Release);
        let _ = TcpStream::connect(&self.address);
    }
}
