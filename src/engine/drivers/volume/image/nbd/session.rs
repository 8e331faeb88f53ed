//! A connection to a server, and one request after the other.

use super::line::Line;
use super::url::Url;
use super::wire;
use crate::engine::drivers::Fault;
use chrono::TimeDelta;
use std::io::{self, Read as _, Write as _};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::ops::Range;
use std::os::unix::net::UnixStream;
use std::time::Duration;

/// How long a server may take to let somebody in, and to answer each question meanwhile.
const CONNECT: Duration = Duration::from_secs(10);
/// How long it may take to say something.
const SILENCE: Duration = Duration::from_secs(60);
/// When a server that is away is tried again.
const AGAIN: TimeDelta = TimeDelta::seconds(20);
/// How much is read with one request. Every server gives so much.
const STEP: usize = 2 << 20;
/// No message of a server is longer, but for the data of a reading.
pub(super) const LONGEST: u32 = 16 << 20;

/// What a server said of an export.
#[derive(Debug, Clone, Default)]
pub(super) struct Export {
    pub(super) size: u64,
    pub(super) is_read_only: bool,
    /// Whether it tells what is zeros.
    pub(super) has_allocation: bool,
    /// Whether it has the bitmap that the URL names.
    pub(super) has_bitmap: bool,
}

/// What a server is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted<'a> {
    /// What it calls the export.
    pub(super) export: &'a str,
    /// The bitmap that tells what changed.
    pub(super) bitmap: Option<&'a str>,
}

/// What is known of a range: lengths with flags, which cover it or its beginning.
#[derive(Debug, Default)]
pub(super) struct Status {
    pub(super) allocation: Vec<(u64, u32)>,
    pub(super) bitmap: Vec<(u64, u32)>,
}

/// An open connection.
pub(super) struct Session {
    pub(super) stream: Line,
    pub(super) shown: String,
    pub(super) export: Export,
    /// Whether answers come in parts: only then can be asked what is known of ranges.
    pub(super) is_structured: bool,
    /// The server's numbers of the contexts.
    pub(super) allocation: Option<u32>,
    pub(super) bitmap: Option<u32>,
    /// The number of the last request.
    cookie: u64,
}

/// Why something did not go.
pub(super) enum Trouble {
    /// The connection.
    Line(io::Error),
    /// The server answered with this.
    Fault(Fault),
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Self::Line(error)
    }
}

impl Session {
    /// Connects to the server, and asks it for the export.
    pub(super) fn open(url: &Url) -> Result<Self, Fault> {
        let server = format!("The NBD server {}:{}", url.host, url.port);
        let stream = connect(url).map_err(|e| away(&server, "cannot be reached", &e))?;
        let shown = format!("The export {:?} of the NBD server {}:{}", url.export, url.host, url.port);
        let wanted = Wanted { export: &url.export, bitmap: url.bitmap.as_deref() };
        Self::begin(Line::Tcp(stream), &wanted, &server, shown)
    }

    /// Asks whoever is at the other end for its export: `server` and `shown` are what the two are called.
    pub(super) fn begin(stream: Line, wanted: &Wanted<'_>, server: &str, shown: String) -> Result<Self, Fault> {
        let (export, cookie) = (Export::default(), 0);
        let mut session = Self { stream, shown, export, is_structured: false, allocation: None, bitmap: None, cookie };
        match session.shake_hands(wanted) {
            Ok(()) => {
                let patient = session.stream.listen_for(SILENCE);
                patient.map_err(|e| away(server, "cannot be listened to", &e))?;
                Ok(session)
            }
            Err(Trouble::Fault(fault)) => Err(fault),
            Err(Trouble::Line(error)) if error.kind() == io::ErrorKind::InvalidData => Err(Fault::Unsupported {
                found: server.to_owned(),
                needs: format!("an NBD server with the fixed newstyle handshake ({error})"),
            }),
            Err(Trouble::Line(error)) => Err(away(server, "did not answer", &error)),
        }
    }

    pub(super) fn goes_down(&self) -> Fault {
        Fault::Temporary { why: format!("{} goes down.", self.shown), after: AGAIN }
    }

    fn told<T>(&self, result: Result<T, Trouble>) -> Result<T, Fault> {
        result.map_err(|trouble| match trouble {
            Trouble::Fault(fault) => fault,
            Trouble::Line(error) => away(&self.shown, "cannot be read any more", &error),
        })
    }

    fn request(&mut self, command: u16, at: u64, length: u32) -> io::Result<()> {
        self.cookie += 1;
        let mut message = wire::REQUEST.to_be_bytes().to_vec();
        message.extend(0_u16.to_be_bytes());
        message.extend(command.to_be_bytes());
        message.extend(self.cookie.to_be_bytes());
        message.extend(at.to_be_bytes());
        message.extend(length.to_be_bytes());
        self.stream.write_all(&message)
    }

    /// The beginning of the next part of the answer; `take` reads what is in it, which is `(kind, length)`. True at the end.
    fn part(&mut self, at: u64, take: &mut dyn FnMut(&mut Line, u16, u32) -> io::Result<()>) -> Result<bool, Trouble> {
        let magic = wire::u32_of(&mut self.stream)?;
        if magic == wire::SIMPLE {
            let error = wire::u32_of(&mut self.stream)?;
            self.expect_cookie()?;
            if error != 0 {
                return Err(Trouble::Fault(self.unreadable(at, error, "")));
            }
            take(&mut self.stream, wire::PART_DATA, u32::MAX)?;
            return Ok(true);
        }
        if magic != wire::STRUCTURED {
            return Err(wire::broken("it answers what it was not asked").into());
        }
        let (flags, kind) = (wire::u16_of(&mut self.stream)?, wire::u16_of(&mut self.stream)?);
        self.expect_cookie()?;
        let length = wire::u32_of(&mut self.stream)?;
        if kind & wire::PART_ERROR != 0 {
            let told = wire::bytes_of(&mut self.stream, length, LONGEST)?;
            let error = wire::u32_of(&mut told.as_slice())?;
            let words = String::from_utf8_lossy(told.get(6..).unwrap_or_default()).into_owned();
            return Err(Trouble::Fault(self.unreadable(at, error, &words)));
        }
        take(&mut self.stream, kind, length)?;
        Ok(flags & wire::LAST_PART != 0)
    }

    fn expect_cookie(&mut self) -> io::Result<()> {
        if wire::u64_of(&mut self.stream)? == self.cookie {
            Ok(())
        } else {
            Err(wire::broken("it answers another request"))
        }
    }

    fn unreadable(&self, at: u64, error: u32, words: &str) -> Fault {
        if error == wire::SHUTDOWN {
            return self.goes_down();
        }
        let words: String = words.chars().filter(|c| !c.is_control()).take(200).collect();
        let system = io::Error::from_raw_os_error(error as i32);
        let shown = &self.shown;
        Fault::Failed(format!(
            "{shown} cannot be read at byte {at}, so that nothing of this backup is kept: {system} {words}"
        ))
    }

    /// Fills the buffer with what lies at a place.
    pub(super) fn read(&mut self, buffer: &mut [u8], at: u64) -> Result<(), Fault> {
        for (number, part) in buffer.chunks_mut(STEP).enumerate() {
            let read = self.read_once(part, at + (number * STEP) as u64);
            self.told(read)?;
        }
        Ok(())
    }

    fn read_once(&mut self, buffer: &mut [u8], at: u64) -> Result<(), Trouble> {
        self.request(wire::READ, at, buffer.len() as u32)?;
        let (mut came, is_structured) = (0, self.is_structured);
        let mut take = |from: &mut Line, kind: u16, length: u32| match kind {
            wire::PART_NONE => Ok(()),
            wire::PART_DATA if !is_structured => {
                came += buffer.len();
                from.read_exact(buffer)
            }
            wire::PART_DATA | wire::PART_HOLE => {
                let offset = wire::u64_of(from)?;
                let length = if kind == wire::PART_DATA { length.saturating_sub(8) } else { wire::u32_of(from)? };
                let start = offset.checked_sub(at).and_then(|start| usize::try_from(start).ok());
                let part = start.and_then(|start| buffer.get_mut(start..start.checked_add(length as usize)?));
                let part = part.ok_or_else(|| wire::broken("it gives what was not asked for"))?;
                came += part.len();
                if kind == wire::PART_DATA {
                    return from.read_exact(part);
                }
                part.fill(0);
                Ok(())
            }
            _ => Err(wire::broken("it answers a reading with something else")),
        };
        while !self.part(at, &mut take)? {}
        if came == buffer.len() { Ok(()) } else { Err(wire::broken("it gives less than was asked for").into()) }
    }

    /// What is known of a range, or of its beginning.
    pub(super) fn status(&mut self, range: Range<u64>) -> Result<Status, Fault> {
        let status = self.status_once(range);
        self.told(status)
    }

    fn status_once(&mut self, range: Range<u64>) -> Result<Status, Trouble> {
        self.request(wire::BLOCK_STATUS, range.start, (range.end - range.start) as u32)?;
        let (mut status, allocation, bitmap) = (Status::default(), self.allocation, self.bitmap);
        let mut take = |from: &mut Line, kind: u16, length: u32| {
            if kind == wire::PART_NONE {
                return Ok(());
            }
            if kind != wire::PART_STATUS {
                return Err(wire::broken("it answers a question for the status with something else"));
            }
            let told = wire::bytes_of(from, length, LONGEST)?;
            let mut told = told.as_slice();
            let context = Some(wire::u32_of(&mut told)?);
            let mut extents = Vec::with_capacity(told.len() / 8);
            while !told.is_empty() {
                let (length, flags) = (wire::u32_of(&mut told)?, wire::u32_of(&mut told)?);
                if length == 0 {
                    return Err(wire::broken("it tells of nothing"));
                }
                extents.push((u64::from(length), flags));
            }
            if context == allocation {
                status.allocation = extents;
            } else if context == bitmap {
                status.bitmap = extents;
            }
            Ok(())
        };
        while !self.part(range.start, &mut take)? {}
        let lacks =
            (allocation.is_some() && status.allocation.is_empty()) || (bitmap.is_some() && status.bitmap.is_empty());
        if lacks { Err(wire::broken("it does not tell what it promised").into()) } else { Ok(status) }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // Whoever is gone need not be told.
        let _ = self.request(wire::DISCONNECT, 0, 0);
    }
}

/// A connection to a server that was started for it.
pub(super) fn listened_to(stream: UnixStream) -> io::Result<Line> {
    stream.set_read_timeout(Some(CONNECT))?;
    stream.set_write_timeout(Some(SILENCE))?;
    Ok(Line::Unix(stream))
}

fn connect(url: &Url) -> io::Result<TcpStream> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "it has no address");
    for address in (url.host.as_str(), url.port).to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, CONNECT) {
            Ok(stream) => {
                stream.set_nodelay(true)?;
                stream.set_read_timeout(Some(CONNECT))?;
                stream.set_write_timeout(Some(SILENCE))?;
                return Ok(stream);
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// A server that is away may come back.
fn away(who: &str, what: &str, error: &io::Error) -> Fault {
    let why = match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => "it was silent for too long".to_owned(),
        io::ErrorKind::UnexpectedEof => "it hung up".to_owned(),
        _ => error.to_string(),
    };
    Fault::Temporary { why: format!("{who} {what}: {why}"), after: AGAIN }
}
