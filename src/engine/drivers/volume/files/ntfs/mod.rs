//! The files of NTFS, read by ourselves. Its log is not replayed: of a volume that was in use, what was written last may be
//! missing, and what comes out of it says so. What NTFS compresses or encrypts is refused, file by file.
//!
//! Every number of the image may be a lie: a reference to a file counts only if it is to the file that has the record now, and
//! nothing takes more memory than the folder, or the list of attributes, that is read.

mod boot;
mod content;
mod index;
mod record;
mod runs;
#[cfg(test)]
mod tests;

use self::boot::Boot;
use self::content::{LONGEST_LIST, keep};
use self::record::{Attribute, NUMBER, Record};
use self::runs::Run;
use super::bytes::{le16, le32, le64, taken};
use super::disk::Window;
use super::{FileSystem, Names, STEP};
use crate::repository::{ForeignItem, Node, NodeKind, Take, Timestamp};
use std::fmt::Display;
use std::io;

/// Records of the file system's own.
const VOLUME: u64 = 3;
const ROOT: u64 = 5;
/// No folder is longer.
const LONGEST_FOLDER: u64 = 512 << 20;
/// In how many pieces the table of files may lie.
const MOST_RUNS: usize = 1 << 20;
/// NTFS counts hundreds of nanoseconds from 1601 on; so many of them before 1970.
const EPOCH: i128 = 116_444_736_000_000_000;
/// What the index of a folder is called.
const FOLDER: &[u8] = b"$\0I\x003\x000\0";
/// Of a file: it is one of the system's own, a reparse point, or encrypted.
const IS_SYSTEM: u32 = 0x4;
const IS_REPARSE: u32 = 0x400;
const IS_ENCRYPTED: u32 = 0x4000;
/// Of the kind of a reparse point: it stands for something elsewhere, as a link does.
const IS_SURROGATE: u32 = 0x2000_0000;

/// How a link begins that ntfs-3g and Interix made; where it leads to follows.
const LINK: &[u8] = b"IntxLNK\x01";

/// An open file system.
pub(super) struct Ntfs {
    window: Window,
    boot: Boot,
    /// Where the table of files lies: from which cluster of it on.
    table: Vec<(u64, Run)>,
    root: u64,
    label: String,
    is_dirty: bool,
}

/// What says that something is not as it must be.
fn damaged(why: impl Display) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("it is damaged: {why}"))
}

impl Ntfs {
    pub(super) fn open(window: &Window) -> io::Result<Self> {
        let boot = Boot::read(window)?;
        let window = window.clone();
        let mut opened = Self { window, boot, table: Vec::new(), root: 0, label: String::new(), is_dirty: false };
        opened.find_table()?;
        opened.root = opened.record(ROOT)?.reference;
        let volume = opened.record(VOLUME)?;
        if let Some(label) = volume.find(record::VOLUME_NAME)?.map(|name| name.resident()).transpose()?.flatten() {
            opened.label = String::from_utf8_lossy(&index::as_bytes(label)).into_owned();
        }
        let information = volume.find(record::VOLUME_INFORMATION)?.map(|found| found.resident()).transpose()?.flatten();
        opened.is_dirty = information.is_none_or(|information| le16(information, 10) & 1 != 0);
        Ok(opened)
    }

    /// Finds where the table of files lies, which is told by its own first record, and by further ones that lie in what of it was
    /// told before them.
    fn find_table(&mut self) -> io::Result<()> {
        let mut bytes = vec![0; self.boot.record];
        self.window.read_at(self.boot.table, &mut bytes)?;
        let base = Record::parse(bytes, 0)?;
        let first = base.attributes()?.into_iter().find(|found| found.kind() == record::DATA && found.first() == 0);
        let first = first.ok_or_else(|| damaged("its table of files has no beginning"))?;
        self.extend_table(&first)?;
        for part in self.parts(&base, record::DATA, b"")?.into_iter().filter(|part| part.first > 0) {
            let further = self.part_record(&base, &part)?;
            self.extend_table(&part.find(&further)?)?;
        }
        Ok(())
    }

    fn extend_table(&mut self, part: &Attribute<'_>) -> io::Result<()> {
        let mut at = self.table.last().map_or(0, |(at, run)| at + run.count);
        if part.first() != at {
            return Err(damaged("its table of files has a gap"));
        }
        for run in part.runs()? {
            self.table.push((at, run));
            at += run.count;
        }
        if self.table.len() > MOST_RUNS || at > self.boot.clusters {
            return Err(damaged("its table of files lies in more pieces than it can"));
        }
        Ok(())
    }

    /// A record by its number.
    fn record(&self, number: u64) -> io::Result<Record> {
        let size = self.boot.record as u64;
        let at = number.checked_mul(size).ok_or_else(|| damaged("there is no such record"))?;
        let mut bytes = vec![0; self.boot.record];
        let (mut within, mut rest) = (at, bytes.as_mut_slice());
        // A record may be larger than a cluster, and lie in two pieces.
        while !rest.is_empty() {
            let (cluster, offset) = (within / self.boot.cluster, within % self.boot.cluster);
            let next = self.table.partition_point(|(at, _)| *at <= cluster);
            let found = next.checked_sub(1).and_then(|nth| self.table.get(nth));
            let found = found.filter(|(at, run)| cluster - at < run.count);
            let lies =
                found.and_then(|(at, run)| Some((run.from?.checked_add(cluster - at)?, run.count - (cluster - at))));
            let (lies, left) = lies.ok_or_else(|| damaged(format_args!("there is no record {number}")))?;
            let length = rest.len().min((left * self.boot.cluster - offset) as usize);
            let (here, behind) = rest.split_at_mut(length);
            self.read_cluster(lies, offset, here)?;
            within += length as u64;
            rest = behind;
        }
        Record::parse(bytes, number)
    }

    fn read_cluster(&self, cluster: u64, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let at = cluster.checked_mul(self.boot.cluster).and_then(|at| at.checked_add(offset));
        self.window.read_at(at.ok_or_else(|| damaged("a cluster lies behind its end"))?, buffer)
    }

    /// The record of a file that a reference leads to.
    fn file(&self, reference: u64) -> io::Result<Record> {
        let record = self.record(reference & NUMBER)?;
        if record.reference != reference || record.base() != 0 {
            return Err(damaged("the name leads to a file that is not there any more"));
        }
        Ok(record)
    }

    /// How long the content of a file is, and how much room it takes.
    fn sizes(&self, base: &Record) -> io::Result<(u64, u64)> {
        let parts = self.parts(base, record::DATA, b"")?;
        let first = parts.first().ok_or_else(|| damaged("the file has no content"))?;
        let record = self.part_record(base, first)?;
        let found = first.find(&record)?;
        match found.resident()? {
            Some(value) => Ok((value.len() as u64, value.len() as u64)),
            None => {
                found.check_readable()?;
                Ok((found.sizes().0, found.allocated().min(found.sizes().0)))
            }
        }
    }

    /// Where a file leads that is a link as other systems have them, written by their drivers: an ordinary file of Windows.
    fn target(base: &Record, flags: u32) -> io::Result<Option<Vec<u8>>> {
        if flags & IS_SYSTEM == 0 {
            return Ok(None);
        }
        let data = base.attributes()?.into_iter().find(|found| found.kind() == record::DATA && found.name().is_empty());
        let value = data.map(|data| data.resident()).transpose()?.flatten();
        Ok(value.and_then(|value| value.strip_prefix(LINK)).map(index::as_bytes))
    }

    /// What a file is that stands for something else; nothing for one that does not.
    fn stands_for(&self, base: &Record) -> io::Result<Option<&'static str>> {
        let mut value = Vec::new();
        self.content(base, record::REPARSE_POINT, b"", &mut |piece| keep(&mut value, piece, LONGEST_LIST))?;
        let kind = le32(&value, 0);
        if kind & IS_SURROGATE != 0 {
            return Ok(Some("links and junctions of Windows"));
        }
        if base.is_directory() {
            return Ok(None);
        }
        let why = format!("its content lies elsewhere, for it is a reparse point of the kind {kind:#x}");
        Err(io::Error::other(why))
    }
}

fn time(told: u64) -> Timestamp {
    let since = i128::from(told) - EPOCH;
    Timestamp::new(since.div_euclid(10_000_000) as i64, since.rem_euclid(10_000_000) as u32 * 100)
}

impl FileSystem for Ntfs {
    fn label(&self) -> Option<String> {
        Some(self.label.clone()).filter(|label| !label.is_empty())
    }

    fn root(&self) -> u64 {
        self.root
    }

    fn names(&self, folder: u64, names: &mut Names) -> io::Result<()> {
        let base = self.file(folder)?;
        if !base.is_directory() {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        let (mut root, mut used) = (Vec::new(), Vec::new());
        if !self.content(&base, record::INDEX_ROOT, FOLDER, &mut |piece| keep(&mut root, piece, LONGEST_LIST))? {
            return Err(damaged("the folder has no index"));
        }
        let size = index::root(&root, names)?;
        self.content(&base, record::BITMAP, FOLDER, &mut |piece| keep(&mut used, piece, LONGEST_LIST))?;
        let expected: u32 = used.iter().map(|bits| bits.count_ones()).sum();
        let (mut waiting, mut nth, mut passed, mut read) = (Vec::new(), 0, 0, 0);
        self.content(&base, record::INDEX_ALLOCATION, FOLDER, &mut |piece| {
            keep(&mut waiting, piece, LONGEST_LIST + STEP as u64)?;
            passed += waiting.len() as u64;
            let whole = waiting.len() - waiting.len() % size;
            for block in waiting[..whole].chunks_exact_mut(size) {
                if used.get(nth / 8).is_some_and(|bits| bits >> (nth % 8) & 1 == 1) {
                    index::block(block, names)?;
                    read += 1;
                }
                nth += 1;
            }
            waiting.drain(..whole);
            if passed > LONGEST_FOLDER { Err(damaged("the folder is longer than is read")) } else { Ok(()) }
        })?;
        if index::is_large(&root) && expected == 0 || read != expected {
            return Err(damaged("blocks of the folder are missing"));
        }
        Ok(())
    }

    fn item(&self, reference: u64) -> io::Result<ForeignItem> {
        let base = self.file(reference)?;
        let information = base.find(record::STANDARD_INFORMATION)?.map(|found| found.resident()).transpose()?.flatten();
        let information = information.ok_or_else(|| damaged("the file has no times"))?;
        let flags = le32(information, 0x20);
        let is_short = |found: &Attribute<'_>| {
            found.kind() == record::FILE_NAME
                && found.resident().is_ok_and(|name| taken::<1>(name.unwrap_or_default(), 0x41) == [2])
        };
        let short = base.attributes()?.iter().filter(|found| is_short(found)).count() as u64;
        // NTFS has no owner and no mode of this system: what comes out of it is its new owner's alone.
        let (uid, gid) = (u32::MAX, u32::MAX);
        let modified = time(le64(information, 8));
        let links = u64::from(base.links()).saturating_sub(short).max(1);
        let (inode, accessed) = (reference & NUMBER, modified);
        let mut node = Node { uid, gid, modified, accessed, inode, links, permissions: 0o600, ..Node::default() };
        // Only the attribute tells of itself for sure: drivers that do not know it leave the flag away.
        let is_reparse = flags & IS_REPARSE != 0 || !self.parts(&base, record::REPARSE_POINT, b"")?.is_empty();
        let left_out = if is_reparse { self.stands_for(&base)? } else { None };
        let mut room = 0;
        if left_out.is_some() {
            node.kind = NodeKind::Other;
        } else if base.is_directory() {
            (node.kind, node.permissions, node.links) = (NodeKind::Directory, 0o700, 1);
        } else if flags & IS_ENCRYPTED != 0 {
            return Err(record::encrypted());
        } else if let Some(target) = Self::target(&base, flags)? {
            (node.kind, node.link_target) = (NodeKind::Symlink, target);
        } else {
            (node.size, room) = self.sizes(&base)?;
        }
        Ok(ForeignItem { node, room, left_out })
    }

    fn read(&self, reference: u64, take: &mut Take<'_>) -> io::Result<()> {
        let base = self.file(reference)?;
        self.content(&base, record::DATA, b"", take).map(drop)
    }

    fn caveat(&self) -> &'static str {
        if self.is_dirty {
            "NTFS says of itself that it was in use. Its log ($LogFile) was not replayed: what was written last may be missing or \
             half there. Access lists and further streams are not restored."
        } else {
            "The log of NTFS ($LogFile) was not replayed. Access lists and further streams are not restored."
        }
    }
}
