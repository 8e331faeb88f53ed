//! The events of a file of the log, one after the other, as far as they are whole.

use super::super::crc32::Crc32;
use std::io::{self, Read};

/// What each file begins with.
pub(super) const MAGIC: [u8; 4] = [0xFE, b'b', b'i', b'n'];

/// Where the first event of a file is.
pub(super) const FIRST: u64 = MAGIC.len() as u64;

/// The header of an event, and what is behind its body where checksums are on.
const HEADER: usize = 19;
const CHECKSUM: usize = 4;

/// The kind of the event that tells how the others of its file are written, and how much is behind it that tells of checksums.
pub(super) const FORMAT: u8 = 15;
const ALGORITHM: usize = 1;

/// How much of an event's body is looked at: all that stands before the statement in one.
const MOST: usize = 80 << 10;

/// An event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Event {
    /// Where it begins in its file.
    pub(super) start: u64,
    /// Where it ends there.
    pub(super) end: u64,
    /// When its statement began, by the server's clock, in seconds since 1970.
    pub(super) time: u32,
    pub(super) kind: u8,
    /// The beginning of what it says.
    pub(super) body: Vec<u8>,
    /// A checksum of all of it.
    pub(super) sum: u32,
}

/// The events of a file.
pub(super) struct Events<R> {
    from: R,
    /// How many bytes were read as whole events.
    read: u64,
    /// Where the next event lies in the server's file.
    at: u64,
    /// Whether events have checksums; not known before the first.
    has_checksums: Option<bool>,
}

impl<R: Read> Events<R> {
    /// Those of a file that has the server's first event and then the others from a place on: from its beginning where that is
    /// [`FIRST`].
    pub(super) fn from(mut from: R, at: u64) -> io::Result<Self> {
        let mut magic = [0; MAGIC.len()];
        let read = read_up_to(&mut from, &mut magic)?;
        if magic[..read] != MAGIC[..read] {
            return Err(broken(0, "it does not begin as a binary log does"));
        }
        Ok(Self { from, read: FIRST, at, has_checksums: None })
    }

    /// How many bytes of what is read are whole events.
    pub(super) fn read(&self) -> u64 {
        self.read
    }

    /// The next event; nothing where the file ends, be it in the midst of one.
    pub(super) fn next(&mut self) -> io::Result<Option<Event>> {
        let mut header = [0; HEADER];
        if read_up_to(&mut self.from, &mut header)? < HEADER {
            return Ok(None);
        }
        let (time, kind) = (number_at(&header, 0), header[4]);
        let (length, position) = (number_at(&header, 9), number_at(&header, 13));
        let is_first = self.has_checksums.is_none();
        let start = if is_first { FIRST } else { self.at };
        let end = start + u64::from(length);
        if is_first != (kind == FORMAT) {
            return Err(broken(start, "it does not tell how it is written, or does so twice"));
        }
        let has_checksum = is_first || self.has_checksums == Some(true);
        let least = HEADER + if has_checksum { CHECKSUM } else { 0 };
        let Some(left) = (length as usize).checked_sub(least) else {
            return Err(broken(start, "an event is shorter than any is"));
        };
        // The server counts in 32 bits. The first event of a file that is read from its midst says nothing.
        if position != end as u32 && !(is_first && position == 0) {
            return Err(broken(start, "an event says that it lies elsewhere"));
        }
        let mut sum = Crc32::default();
        sum.add(&header);
        let Some(body) = self.body(left, &mut sum)? else { return Ok(None) };
        let is_sound = if has_checksum {
            let mut told = [0; CHECKSUM];
            if read_up_to(&mut self.from, &mut told)? < CHECKSUM {
                return Ok(None);
            }
            let is_checked = !is_first || body.last() == Some(&1);
            !is_checked || u32::from_le_bytes(told) == sum.value()
        } else {
            true
        };
        if !is_sound {
            return Err(broken(start, "the checksum of an event is wrong"));
        }
        if is_first {
            self.has_checksums = Some(checksums(start, &body)?);
            self.at = self.at.max(end);
        } else {
            self.at = end;
        }
        self.read += u64::from(length);
        Ok(Some(Event { start, end, time, kind, body, sum: sum.value() }))
    }

    /// The beginning of a body, of which all is read; nothing where it is not all there.
    fn body(&mut self, length: usize, sum: &mut Crc32) -> io::Result<Option<Vec<u8>>> {
        let mut body = Vec::new();
        let (mut left, mut buffer) = (length, [0; 16 << 10]);
        while left > 0 {
            let wanted = left.min(buffer.len());
            let read = read_up_to(&mut self.from, &mut buffer[..wanted])?;
            if read < wanted {
                return Ok(None);
            }
            sum.add(&buffer[..read]);
            let room = MOST.saturating_sub(body.len()).min(read);
            body.extend_from_slice(&buffer[..room]);
            left -= read;
        }
        Ok(Some(body))
    }
}

fn number_at(header: &[u8; HEADER], at: usize) -> u32 {
    u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]])
}

/// Whether the events behind the first one have checksums, as its last byte says.
fn checksums(start: u64, body: &[u8]) -> io::Result<bool> {
    match body.last().filter(|_| body.len() > 50 + ALGORITHM) {
        Some(0) => Ok(false),
        Some(1) => Ok(true),
        _ => Err(broken(start, "it does not tell of checksums as MariaDB's logs do")),
    }
}

fn read_up_to(from: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut read = 0;
    while read < buffer.len() {
        match from.read(&mut buffer[read..]) {
            Ok(0) => break,
            Ok(more) => read += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(read)
}

fn broken(at: u64, what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("the binary log is not whole: {what} (at {at})"))
}
