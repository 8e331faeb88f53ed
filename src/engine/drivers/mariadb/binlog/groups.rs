//! The groups of events of a log: what one transaction, or one statement outside of any, wrote.
//!
//! They stand in the order of their commits, each as one piece: a log that ends behind a whole group is that of one moment. Since
//! version 10.0 each begins with an event that numbers it and tells how it ends.

use super::super::crc32::Crc32;
use super::events::{Event, Events, FORMAT};
use serde::{Deserialize, Serialize};
use std::io::{self, Read};

/// Kinds of events.
const QUERY: u8 = 2;
const STOP: u8 = 3;
const ROTATE: u8 = 4;
const INTEGER: u8 = 5;
const RANDOM: u8 = 13;
const VARIABLE: u8 = 14;
const COMMIT: u8 = 16;
const TABLE: u8 = 19;
const INCIDENT: u8 = 26;
const PREPARE: u8 = 38;
const ANNOTATION: u8 = 160;
const BEGIN: u8 = 162;

/// What tells in the event that begins a group that only one statement follows.
const STANDALONE: u8 = 1;

/// The statements that end a group; one that only begins so goes back within it, as `ROLLBACK TO` does.
const ENDS: [&[u8]; 2] = [b"COMMIT", b"ROLLBACK"];
/// How those begin that end a group and name it.
const NAMED_ENDS: [&[u8]; 2] = [b"XA COMMIT", b"XA ROLLBACK"];

/// A whole group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Group {
    /// Where it begins in its file.
    pub(super) start: u64,
    /// Where it ends there.
    pub(super) end: u64,
    /// When its commit began, or its statement where that commits by itself, in seconds since 1970 by the server's clock, as long as
    /// nobody told the server another time.
    pub(super) time: u32,
}

/// A whole group, or an event outside of any: where it begins, and a checksum of what it is. Of two logs that look the same it tells one
/// from the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Unit {
    pub(super) start: u64,
    pub(super) sum: u32,
}

impl Unit {
    fn begun_by(event: &Event) -> Self {
        Self { start: event.start, sum: event.sum }
    }

    /// With one event more.
    fn and(self, event: &Event) -> Self {
        let mut sum = Crc32::default();
        sum.add(&self.sum.to_le_bytes());
        sum.add(&event.sum.to_le_bytes());
        Self { sum: sum.value(), ..self }
    }
}

/// The longest unit that is read again to see that it is still there.
const LONGEST_UNIT: u64 = 8 << 20;

/// How far a file goes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Walked {
    /// Up to where it has whole groups, in the server's file; 0 where it has nothing at all.
    pub(super) end: u64,
    /// The same, in what was read.
    pub(super) read: u64,
    /// Where the first event ends in what was read.
    pub(super) first: u64,
    /// When the last group was committed, as [`Group::time`].
    pub(super) newest: Option<u32>,
    /// When the server began this file.
    pub(super) begun: u32,
    /// Whether the server will write no more to it.
    pub(super) is_closed: bool,
    /// The server says itself that it lost changes that should be there.
    pub(super) has_lost: bool,
    /// The first and the last whole unit; no last one where that is long.
    pub(super) units: (Option<Unit>, Option<Unit>),
}

impl Walked {
    fn passed(&mut self, unit: Unit, end: u64) {
        let (first, _) = self.units;
        self.units = (first.or(Some(unit)), Some(unit).filter(|unit| end - unit.start <= LONGEST_UNIT));
    }
}

/// Walks over the events of a file as far as its groups are whole, and tells these.
pub(super) fn walk<R: Read>(events: &mut Events<R>, mut each: impl FnMut(Group)) -> io::Result<Walked> {
    let mut walked = Walked::default();
    let mut open: Option<Open> = None;
    while let Some(event) = events.next()? {
        match (event.kind, &open) {
            (FORMAT, _) => {
                walked = Walked { first: events.read(), begun: event.time, end: event.end, ..walked };
            }
            (INCIDENT, _) => {
                walked.has_lost = true;
                return Ok(walked);
            }
            (BEGIN, None) => {
                let flags = event.body.get(12).copied().unwrap_or_default();
                let group = Group { start: event.start, end: event.end, time: event.time };
                open = Some(Open { group, is_standalone: flags & STANDALONE != 0, unit: Unit::begun_by(&event) });
                continue;
            }
            (BEGIN, Some(_)) => return Err(strange(&event, "a transaction begins within another")),
            (_, Some(current)) if !current.is_ended_by(&event) => {
                open = open.map(|current| Open { unit: current.unit.and(&event), ..current });
                continue;
            }
            (_, Some(current)) => {
                each(Group { end: event.end, ..current.group });
                walked.newest = Some(current.group.time);
                walked.passed(current.unit.and(&event), event.end);
                open = None;
            }
            (QUERY | COMMIT | PREPARE | TABLE, None) => {
                return Err(strange(&event, "a statement belongs to no transaction"));
            }
            (kind, None) => {
                walked.is_closed |= matches!(kind, STOP | ROTATE);
                walked.passed(Unit::begun_by(&event), event.end);
            }
        }
        walked.end = event.end.max(walked.end);
        walked.read = events.read();
    }
    Ok(walked)
}

/// A group that has begun.
struct Open {
    group: Group,
    is_standalone: bool,
    /// What came of it so far.
    unit: Unit,
}

impl Open {
    fn is_ended_by(&self, event: &Event) -> bool {
        if self.is_standalone {
            return !matches!(event.kind, INTEGER | RANDOM | VARIABLE | TABLE | ANNOTATION);
        }
        match event.kind {
            COMMIT | PREPARE => true,
            QUERY => statement(&event.body)
                .is_some_and(|said| ENDS.contains(&said) || NAMED_ENDS.iter().any(|end| said.starts_with(end))),
            _ => false,
        }
    }
}

/// The statement that an event has.
fn statement(body: &[u8]) -> Option<&[u8]> {
    let database = usize::from(*body.get(8)?);
    let variables = usize::from(u16::from_le_bytes([*body.get(11)?, *body.get(12)?]));
    body.get(13 + variables + database + 1..)
}

fn strange(event: &Event, what: &str) -> io::Error {
    let at = event.start;
    io::Error::new(io::ErrorKind::InvalidData, format!("the binary log is none of MariaDB's: {what} (at {at})"))
}
