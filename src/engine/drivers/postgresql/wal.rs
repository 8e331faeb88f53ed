//! The write-ahead log as it comes: up to where its records are whole, and when the last transaction ended that is in it.
//!
//! A log is a sequence of pages of 8 KiB in files of one size, the segments. Each page has a header; a record begins behind it or
//! at any multiple of eight bytes, and goes on over as many pages as it needs. That is the same in all versions from 9.5 on. What
//! has not come yet reads as zeros, and what came in part fails its checksum: a walk ends there.

use crate::domain::Time;
use crate::engine::drivers::crc32c::crc32c;
use chrono::{DateTime, Duration};
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

/// The size of a page; that of every server that was not built otherwise by hand.
const PAGE: u64 = 8192;

/// The header of a page, and of the first one in a segment.
const SHORT_HEADER: u64 = 24;
const LONG_HEADER: u64 = 40;

/// The page goes on with a record of the page before.
const CONTINUES: u16 = 0x0001;
/// The record of the page before was given up by a crash: another one begins here.
const OVERWRITES: u16 = 0x0008;

/// The header of a record.
const RECORD_HEADER: u32 = 24;
/// More than any record has.
const LARGEST_RECORD: u32 = 1 << 30;

/// Whose records are switches of segments, and ends of transactions.
const OF_LOG: u8 = 0;
const OF_TRANSACTIONS: u8 = 1;
const SWITCH: u8 = 0x40;
const ENDS: [u8; 4] = [0x00, 0x20, 0x30, 0x40];

/// Seconds from 1970 to 2000, from when on PostgreSQL counts.
const EPOCH: i64 = 946_684_800;

/// A log in a folder, as `pg_receivewal` writes it.
#[derive(Debug, Clone)]
pub(super) struct Wal {
    pub(super) folder: PathBuf,
    pub(super) timeline: u32,
    pub(super) segment_size: u64,
}

/// How far a log goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Walked {
    /// Where the last whole record ends.
    pub(super) end: u64,
    /// Up to where at least a record goes that begins there and is not whole.
    pub(super) unfinished: Option<u64>,
    /// When the last transaction ended, of those that were walked over.
    pub(super) newest: Option<Time>,
}

impl Walked {
    /// Whether everything up to a place of the log that a server named has been walked over.
    pub(super) fn covers(&self, place: u64) -> bool {
        let behind_header = self.end.is_multiple_of(PAGE) && place <= self.end + LONG_HEADER;
        place <= self.end || behind_header || self.unfinished.is_some_and(|goes_to| goes_to > place)
    }
}

/// What comes of reading.
enum Read {
    Whole(Vec<u8>),
    /// It is not there yet.
    Missing,
    /// Another record begins at this page.
    GivenUp(u64),
}

impl Wal {
    /// The name of the segment that a place lies in.
    pub(super) fn segment_name(&self, place: u64) -> String {
        let (number, each) = (place / self.segment_size, (1 << 32) / self.segment_size);
        format!("{:08X}{:08X}{:08X}", self.timeline, number / each, number % each)
    }

    /// Where the segment begins that a place lies in.
    pub(super) fn segment_start(&self, place: u64) -> u64 {
        place - place % self.segment_size
    }

    /// The file of a segment, whole or as far as it came.
    pub(super) fn file_of(&self, place: u64) -> Option<PathBuf> {
        let whole = self.folder.join(self.segment_name(place));
        let partial = whole.with_extension("partial");
        [whole, partial].into_iter().find(|path| path.is_file())
    }

    /// Walks from the end of a record as far as records are whole.
    pub(super) fn walk(&self, from: u64) -> io::Result<Walked> {
        Walk { wal: self, open: None }.run(from)
    }
}

struct Walk<'a> {
    wal: &'a Wal,
    /// The segment that was read last.
    open: Option<(u64, File)>,
}

impl Walk<'_> {
    fn run(&mut self, from: u64) -> io::Result<Walked> {
        let mut walked = Walked { end: from, unfinished: None, newest: None };
        // A log that is entered in the middle may begin with the rest of a record.
        if from.is_multiple_of(PAGE)
            && let Some((header, flags, rest)) = self.header(from)?
            && flags & CONTINUES != 0
        {
            let mut place = from + header;
            match self.take(&mut place, u64::from(rest))? {
                Read::Whole(_) => walked.end = aligned(place),
                Read::GivenUp(page) => walked.end = page,
                Read::Missing => return Ok(walked),
            }
        }
        loop {
            let mut place = walked.end;
            let length = match self.take(&mut place, 4)? {
                Read::Whole(bytes) => u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]),
                Read::Missing => return Ok(walked),
                Read::GivenUp(page) => {
                    walked.end = page;
                    continue;
                }
            };
            if !(RECORD_HEADER..LARGEST_RECORD).contains(&length) {
                return Ok(walked);
            }
            let mut place = walked.end;
            let record = match self.take(&mut place, u64::from(length))? {
                Read::Whole(record) if is_sound(&record) => record,
                Read::Whole(_) | Read::Missing => {
                    return Ok(Walked { unfinished: Some(walked.end + u64::from(length)), ..walked });
                }
                Read::GivenUp(page) => {
                    walked.end = page;
                    continue;
                }
            };
            walked.newest = walked.newest.max(ended_at(&record));
            walked.end = aligned(place);
            let is_switch = record[17] == OF_LOG && record[16] & 0xF0 == SWITCH;
            if is_switch && !walked.end.is_multiple_of(self.wal.segment_size) {
                walked.end = self.wal.segment_start(walked.end) + self.wal.segment_size;
            }
        }
    }

    /// So many bytes of a record, over as many pages as it takes; `place` is behind them then.
    fn take(&mut self, place: &mut u64, count: u64) -> io::Result<Read> {
        let (began, mut taken) = (*place, Vec::new());
        while (taken.len() as u64) < count {
            if place.is_multiple_of(PAGE) {
                let Some((header, flags, _)) = self.header(*place)? else { return Ok(Read::Missing) };
                if flags & OVERWRITES != 0 && *place > began {
                    return Ok(Read::GivenUp(*place));
                }
                *place += header;
            }
            let wanted = (count - taken.len() as u64).min(PAGE - *place % PAGE);
            let old = taken.len();
            taken.resize(old + usize::try_from(wanted).unwrap_or_default(), 0);
            if !self.read(*place, &mut taken[old..])? {
                return Ok(Read::Missing);
            }
            *place += wanted;
        }
        Ok(Read::Whole(taken))
    }

    /// The length of a page's header, its flags, and how much of the record before follows; nothing where the page has not come.
    fn header(&mut self, page: u64) -> io::Result<Option<(u64, u16, u32)>> {
        let mut bytes = [0; 20];
        if !self.read(page, &mut bytes)? {
            return Ok(None);
        }
        let [m0, m1, f0, f1, t0, t1, t2, t3, a @ .., r0, r1, r2, r3] = bytes;
        let is_here = u16::from_le_bytes([m0, m1]) != 0
            && u32::from_le_bytes([t0, t1, t2, t3]) == self.wal.timeline
            && u64::from_le_bytes(a) == page;
        let length = if page.is_multiple_of(self.wal.segment_size) { LONG_HEADER } else { SHORT_HEADER };
        Ok(is_here.then(|| (length, u16::from_le_bytes([f0, f1]), u32::from_le_bytes([r0, r1, r2, r3]))))
    }

    /// Reads within one segment; whether it is there.
    fn read(&mut self, place: u64, into: &mut [u8]) -> io::Result<bool> {
        let start = self.wal.segment_start(place);
        if self.open.as_ref().is_none_or(|(open, _)| *open != start) {
            let Some(path) = self.wal.file_of(place) else { return Ok(false) };
            self.open = Some((start, open_moving(&path)?));
        }
        let Some((_, file)) = &self.open else { return Ok(false) };
        match file.read_exact_at(into, place - start) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// Opens a segment, which loses the ending of its name when it is whole.
fn open_moving(path: &Path) -> io::Result<File> {
    match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => File::open(path.with_extension("")),
        opened => opened,
    }
}

fn aligned(place: u64) -> u64 {
    place.next_multiple_of(8)
}

/// The checksum of a record: of its data, then of its header up to the checksum.
fn is_sound(record: &[u8]) -> bool {
    let told = u32::from_le_bytes([record[20], record[21], record[22], record[23]]);
    crc32c(&[&record[24..], &record[..20]]) == told
}

/// When a transaction ended, if the record is the end of one.
fn ended_at(record: &[u8]) -> Option<Time> {
    if record[17] != OF_TRANSACTIONS || !ENDS.contains(&(record[16] & 0x70)) {
        return None;
    }
    let mut rest = &record[24..];
    // What stands before the record's own data, each with its number first: where it came from, and whose part it is.
    let own = loop {
        match *rest.first()? {
            255 => break u64::from(*rest.get(1)?),
            254 => break u64::from(u32::from_le_bytes(rest.get(1..5)?.try_into().ok()?)),
            253 => rest = rest.get(3..)?,
            252 => rest = rest.get(5..)?,
            _ => return None,
        }
    };
    let data = &record[record.len().checked_sub(usize::try_from(own).ok()?)?..];
    let microseconds = i64::from_le_bytes(data.get(..8)?.try_into().ok()?);
    DateTime::from_timestamp(EPOCH, 0)?.checked_add_signed(Duration::microseconds(microseconds))
}

/// A place in the log as PostgreSQL writes it: `16/B374D848`.
pub(super) fn parse_place(text: &str) -> Option<u64> {
    let (high, low) = text.split_once('/')?;
    Some(u64::from(u32::from_str_radix(high, 16).ok()?) << 32 | u64::from(u32::from_str_radix(low, 16).ok()?))
}

/// A place in the log as PostgreSQL writes it.
pub(super) fn shown(place: u64) -> String {
    format!("{:X}/{:X}", place >> 32, place & 0xFFFF_FFFF)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEGMENT: u64 = 4 * PAGE;

    /// A log that is written as a server does, into memory.
    struct Server {
        bytes: Vec<u8>,
        ends: Vec<u64>,
    }

    /// The log begins in its third segment, as any that is followed does somewhere.
    const BEGIN: u64 = 2 * SEGMENT;

    impl Server {
        fn new() -> Self {
            Self { bytes: Vec::new(), ends: vec![BEGIN] }
        }

        fn place(&self) -> u64 {
            BEGIN + self.bytes.len() as u64
        }

        fn put(&mut self, mut data: &[u8], begins: bool) {
            let mut rest = data.len() as u32;
            let mut fresh = begins;
            while !data.is_empty() {
                if self.place().is_multiple_of(PAGE) {
                    self.header(if fresh { 0 } else { CONTINUES }, if fresh { 0 } else { rest });
                }
                let room = (PAGE - self.place() % PAGE) as usize;
                let (now, later) = data.split_at(room.min(data.len()));
                self.bytes.extend(now);
                (data, fresh) = (later, false);
                rest = data.len() as u32;
            }
        }

        fn header(&mut self, flags: u16, rest: u32) {
            let page = self.place();
            let mut header = [0xD110_u16.to_le_bytes(), flags.to_le_bytes()].concat();
            header.extend(1_u32.to_le_bytes());
            header.extend(page.to_le_bytes());
            header.extend(rest.to_le_bytes());
            header.resize(if page.is_multiple_of(SEGMENT) { 40 } else { 24 }, 0);
            self.bytes.extend(header);
        }

        fn record(&mut self, manager: u8, info: u8, data: &[u8]) {
            let length = 24 + data.len() as u32;
            let mut header = length.to_le_bytes().to_vec();
            header.extend([0; 12]);
            header.extend([info, manager, 0, 0]);
            let checksum = crc32c(&[data, &header]);
            header.extend(checksum.to_le_bytes());
            header.extend(data);
            self.put(&header, true);
            self.bytes.resize(self.bytes.len().next_multiple_of(8), 0);
            self.ends.push(self.place());
        }

        fn commit(&mut self, second: i64) {
            let time = ((second - EPOCH) * 1_000_000).to_le_bytes();
            self.record(OF_TRANSACTIONS, 0x80, &[&[255, 12][..], &time, &[0; 4]].concat());
        }

        /// The first bytes of it as files, the last of which is not whole.
        fn received(&self, length: usize) -> (tempfile::TempDir, Wal) {
            let folder = tempfile::tempdir().unwrap();
            let wal = Wal { folder: folder.path().to_owned(), timeline: 1, segment_size: SEGMENT };
            let mut place = BEGIN;
            for piece in self.bytes[..length].chunks(SEGMENT as usize) {
                let whole = piece.len() == SEGMENT as usize;
                let name = wal.segment_name(place) + if whole { "" } else { ".partial" };
                let mut content = piece.to_vec();
                content.resize(SEGMENT as usize, 0);
                std::fs::write(folder.path().join(name), content).unwrap();
                place += SEGMENT;
            }
            (folder, wal)
        }
    }

    fn at(second: i64) -> Option<Time> {
        DateTime::from_timestamp(second, 0)
    }

    #[test]
    fn wherever_a_log_breaks_off_the_walk_ends_behind_the_last_whole_record() {
        let mut server = Server::new();
        for size in [8, 5000, 9000, 40_000, 1] {
            server.record(10, 0, &vec![7; size]);
        }
        for length in (0..server.bytes.len()).step_by(61).chain([server.bytes.len()]) {
            let (_folder, wal) = server.received(length);
            let walked = wal.walk(BEGIN).unwrap();
            let received = BEGIN + length as u64;
            let end = server.ends.iter().filter(|end| **end <= received.next_multiple_of(8)).max().unwrap();
            assert_eq!(walked.end, *end, "of {length} bytes");
            assert!(!walked.covers(server.place() + PAGE));
        }
        // It goes on anywhere between two records.
        let (_folder, wal) = server.received(server.bytes.len());
        for begin in &server.ends {
            assert_eq!(wal.walk(*begin).unwrap().end, server.place());
        }
    }

    #[test]
    fn the_end_of_the_last_transaction_is_told_and_nothing_else_is_taken_for_one() {
        let mut server = Server::new();
        server.commit(1_764_000_000);
        server.commit(1_764_000_100);
        server.record(10, 0, &[255; 40]);
        let (_folder, wal) = server.received(server.bytes.len());
        assert_eq!(wal.walk(BEGIN).unwrap().newest, at(1_764_000_100));
        assert_eq!(wal.walk(server.ends[2]).unwrap().newest, None);
        // Only what was whole counts.
        let (_folder, wal) = server.received((server.ends[2] - BEGIN) as usize - 12);
        let walked = wal.walk(BEGIN).unwrap();
        assert_eq!((walked.newest, walked.end), (at(1_764_000_000), server.ends[1]));
        assert!(walked.covers(server.ends[1]) && !walked.covers(server.ends[2] + 8));
    }

    #[test]
    fn behind_a_switch_the_log_goes_on_in_the_next_segment() {
        let mut server = Server::new();
        server.record(OF_LOG, SWITCH, &[]);
        let rest = (SEGMENT - server.place() % SEGMENT) as usize;
        server.bytes.extend(vec![0; rest]);
        server.commit(1_764_000_000);
        let (_folder, wal) = server.received(server.bytes.len());
        let walked = wal.walk(BEGIN).unwrap();
        assert_eq!((walked.end, walked.newest), (server.place(), at(1_764_000_000)));
    }

    #[test]
    fn a_record_that_a_crash_gave_up_is_passed_over() {
        let mut server = Server::new();
        server.record(10, 0, &[7; 100]);
        let given_up = server.place();
        server.put(&[&5000_u32.to_le_bytes()[..], &[9; 5]].concat(), true);
        let rest = (PAGE - server.place() % PAGE) as usize;
        server.bytes.extend(vec![9; rest]);
        server.header(OVERWRITES, 0);
        // What was given up goes over the edge of the page.
        let length = 20_000_u32.to_le_bytes();
        let from = (given_up - BEGIN) as usize;
        server.bytes[from..from + 4].copy_from_slice(&length);
        server.commit(1_764_000_000);
        let (_folder, wal) = server.received(server.bytes.len());
        let walked = wal.walk(BEGIN).unwrap();
        assert_eq!((walked.end, walked.newest), (server.place(), at(1_764_000_000)));
    }

    #[test]
    fn segments_have_the_names_that_postgresql_gives_them() {
        let wal = Wal { folder: PathBuf::new(), timeline: 3, segment_size: 16 << 20 };
        assert_eq!(wal.segment_name(parse_place("16/B374D848").unwrap()), "0000000300000016000000B3");
        assert_eq!(wal.segment_start(parse_place("16/B374D848").unwrap()), parse_place("16/B3000000").unwrap());
        assert_eq!(parse_place("16"), None);
    }
}
