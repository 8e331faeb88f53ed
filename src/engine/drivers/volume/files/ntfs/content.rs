//! What attributes hold: in the record of a file, in clusters, or in parts that several records tell of.

use super::record::{self, Attribute, NUMBER, Record};
use super::{Ntfs, damaged};
use crate::engine::drivers::volume::files::STEP;
use crate::engine::drivers::volume::files::bytes::{le16, le32, le64, taken};
use crate::repository::{Stretch, Take};
use std::io;

/// No list of attributes is longer, and no index in a record.
pub(super) const LONGEST_LIST: u64 = 1 << 20;

impl Ntfs {
    /// In which records the parts of an attribute are, in their order.
    pub(super) fn parts(&self, base: &Record, kind: u32, name: &[u8]) -> io::Result<Vec<Part>> {
        let Some(list) = base.find(record::ATTRIBUTE_LIST)? else {
            let found = base.attributes()?.into_iter().filter(|found| found.kind() == kind && found.name() == name);
            return Ok(found.map(|found| Part::new(base.reference, &found)).collect());
        };
        let list = self.value(&list, LONGEST_LIST)?;
        let (mut rest, mut parts) = (list.as_slice(), Vec::new());
        while rest.len() >= 26 {
            let length = usize::from(le16(rest, 4));
            let [name_length, name_at] = taken::<2>(rest, 6).map(usize::from);
            let entry = rest.get(..length).filter(|_| length >= 26);
            let entry = entry.ok_or_else(|| damaged("its list of attributes is wrong"))?;
            if le32(entry, 0) == kind && entry.get(name_at..name_at + 2 * name_length).unwrap_or_default() == name {
                let (record, first) = (le64(entry, 16), le64(entry, 8));
                parts.push(Part { record, kind, name: name.to_vec(), first });
            }
            rest = &rest[length..];
        }
        parts.sort_by_key(|part| part.first);
        Ok(parts)
    }

    /// The record that has a part of an attribute: the file's own, or one that says that it is the file's.
    pub(super) fn part_record(&self, base: &Record, part: &Part) -> io::Result<Record> {
        if part.record == base.reference {
            return Ok(base.clone());
        }
        let record = self.record(part.record & NUMBER)?;
        if record.reference != part.record || record.base() != base.reference {
            return Err(damaged("its list of attributes leads to what is not its own"));
        }
        Ok(record)
    }

    /// What an attribute that is all in one record holds, of at most so many bytes.
    fn value(&self, whole: &Attribute<'_>, most: u64) -> io::Result<Vec<u8>> {
        let (mut value, mut reading) = (Vec::new(), Reading::default());
        reading.part(self, whole, &mut |piece| keep(&mut value, piece, most))?;
        reading.end(&mut |piece| keep(&mut value, piece, most))?;
        Ok(value)
    }

    /// Gives what an attribute holds; whether there is one.
    pub(super) fn content(&self, base: &Record, kind: u32, name: &[u8], take: &mut Take<'_>) -> io::Result<bool> {
        let parts = self.parts(base, kind, name)?;
        let mut reading = Reading::default();
        for part in &parts {
            let record = self.part_record(base, part)?;
            reading.part(self, &part.find(&record)?, take)?;
        }
        reading.end(take)?;
        Ok(!parts.is_empty())
    }
}

/// Keeps what is read, up to a bound.
pub(super) fn keep(value: &mut Vec<u8>, piece: Stretch<'_>, most: u64) -> io::Result<()> {
    let length = match piece {
        Stretch::Bytes(bytes) => bytes.len() as u64,
        Stretch::Zeros(count) => count,
    };
    if (value.len() as u64).saturating_add(length) > most {
        return Err(damaged(format_args!("an attribute is longer than {most} bytes")));
    }
    match piece {
        Stretch::Bytes(bytes) => value.extend_from_slice(bytes),
        Stretch::Zeros(count) => value.resize(value.len() + count as usize, 0),
    }
    Ok(())
}

/// Where a part of an attribute is.
pub(super) struct Part {
    record: u64,
    kind: u32,
    name: Vec<u8>,
    /// The first of its clusters there.
    pub(super) first: u64,
}

impl Part {
    fn new(record: u64, of: &Attribute<'_>) -> Self {
        Self { record, kind: of.kind(), name: of.name().to_vec(), first: of.first() }
    }

    pub(super) fn find<'a>(&self, record: &'a Record) -> io::Result<Attribute<'a>> {
        let is_it = |found: &Attribute<'_>| {
            found.kind() == self.kind && found.name() == self.name && found.first() == self.first
        };
        let found = record.attributes()?.into_iter().find(is_it);
        found.ok_or_else(|| damaged("its list of attributes tells of one that is not there"))
    }
}

/// How far an attribute was read.
#[derive(Default)]
struct Reading {
    /// The clusters passed.
    clusters: u64,
    at: u64,
    /// How long it is, and how much of that was written; known from its first part on.
    sizes: Option<(u64, u64)>,
}

impl Reading {
    /// Gives what lies in a part.
    fn part(&mut self, of: &Ntfs, part: &Attribute<'_>, take: &mut Take<'_>) -> io::Result<()> {
        if let Some(value) = part.resident()? {
            let length = value.len() as u64;
            if self.sizes.replace((length, length)).is_some() {
                return Err(damaged("an attribute is there twice"));
            }
            self.at = length;
            return if value.is_empty() { Ok(()) } else { take(Stretch::Bytes(value)) };
        }
        part.check_readable()?;
        if part.first() != self.clusters {
            return Err(damaged("a part of an attribute is missing"));
        }
        let (size, written) = *self.sizes.get_or_insert_with(|| part.sizes());
        for run in part.runs()? {
            self.clusters = self.clusters.saturating_add(run.count);
            let end = self.clusters.saturating_mul(of.boot.cluster).min(size);
            let begin = self.at;
            // What was never written is zeros, whatever lies in its clusters.
            let until = if run.from.is_some() { end.min(written) } else { begin };
            let mut buffer = Vec::new();
            while self.at < until {
                buffer.resize((until - self.at).min(STEP as u64) as usize, 0);
                of.read_cluster(run.from.unwrap_or_default(), self.at - begin, &mut buffer)?;
                take(Stretch::Bytes(&buffer))?;
                self.at += buffer.len() as u64;
            }
            self.zeros(end, take)?;
        }
        Ok(())
    }

    fn zeros(&mut self, end: u64, take: &mut Take<'_>) -> io::Result<()> {
        if end > self.at {
            take(Stretch::Zeros(end - self.at))?;
            self.at = end;
        }
        Ok(())
    }

    /// Gives what no cluster is needed for, or says that some are missing.
    fn end(&mut self, take: &mut Take<'_>) -> io::Result<()> {
        let (size, written) = self.sizes.unwrap_or_default();
        if self.at < written.min(size) {
            return Err(damaged("clusters of an attribute are missing"));
        }
        self.zeros(size, take)
    }
}
