//! Records of the table of files, and the attributes in them: all that NTFS knows of a file is one of those.

use super::damaged;
use super::runs::{Run, runs};
use crate::engine::drivers::volume::files::bytes::{le16, le32, le64};
use std::io;

/// The kinds of attributes that are read.
pub(super) const STANDARD_INFORMATION: u32 = 0x10;
pub(super) const ATTRIBUTE_LIST: u32 = 0x20;
pub(super) const FILE_NAME: u32 = 0x30;
pub(super) const VOLUME_NAME: u32 = 0x60;
pub(super) const VOLUME_INFORMATION: u32 = 0x70;
pub(super) const DATA: u32 = 0x80;
pub(super) const INDEX_ROOT: u32 = 0x90;
pub(super) const INDEX_ALLOCATION: u32 = 0xa0;
pub(super) const BITMAP: u32 = 0xb0;
pub(super) const REPARSE_POINT: u32 = 0xc0;
const END: u32 = 0xffff_ffff;

/// Of an attribute in clusters: how they are compressed, and whether they are encrypted or have holes.
const IS_COMPRESSED: u16 = 0xff;
const IS_ENCRYPTED: u16 = 0x4000;
const IS_SPARSE: u16 = 0x8000;

/// The part of a reference to a file that is the number of its record; the rest is how often that was given away.
pub(super) const NUMBER: u64 = 0xffff_ffff_ffff;

/// A record in use.
#[derive(Debug, Clone)]
pub(super) struct Record {
    bytes: Vec<u8>,
    /// By what it is referred to.
    pub(super) reference: u64,
}

impl Record {
    /// What lies at the place of the record with a number.
    pub(super) fn parse(mut bytes: Vec<u8>, number: u64) -> io::Result<Self> {
        mend(&mut bytes, b"FILE")?;
        if le16(&bytes, 0x16) & 1 == 0 {
            return Err(damaged(format_args!("the record {number} is not in use")));
        }
        let reference = number | u64::from(le16(&bytes, 0x10)) << 48;
        Ok(Self { bytes, reference })
    }

    pub(super) fn is_directory(&self) -> bool {
        le16(&self.bytes, 0x16) & 2 != 0
    }

    /// The record of the file that this one carries further attributes of; 0 for one that is a file itself.
    pub(super) fn base(&self) -> u64 {
        le64(&self.bytes, 0x20)
    }

    /// How many names the file has, those for DOS counted.
    pub(super) fn links(&self) -> u16 {
        le16(&self.bytes, 0x12)
    }

    /// Its attributes, in their order.
    pub(super) fn attributes(&self) -> io::Result<Vec<Attribute<'_>>> {
        let used = (le32(&self.bytes, 0x18) as usize).min(self.bytes.len());
        let (mut at, mut found) = (usize::from(le16(&self.bytes, 0x14)), Vec::new());
        while at < used && le32(&self.bytes, at) != END {
            let length = le32(&self.bytes, at + 4) as usize;
            let bytes = at.checked_add(length).and_then(|end| self.bytes.get(at..end));
            let bytes = bytes.filter(|_| length >= 24 && length.is_multiple_of(8));
            let bytes = bytes.ok_or_else(|| damaged("an attribute is longer than its record"))?;
            found.push(Attribute { bytes });
            at += length;
        }
        Ok(found)
    }

    /// The first attribute of a kind, whatever its name.
    pub(super) fn find(&self, kind: u32) -> io::Result<Option<Attribute<'_>>> {
        Ok(self.attributes()?.into_iter().find(|attribute| attribute.kind() == kind))
    }
}

/// An attribute, or a part of one that is in several records.
#[derive(Debug, Clone, Copy)]
pub(super) struct Attribute<'a> {
    bytes: &'a [u8],
}

impl<'a> Attribute<'a> {
    pub(super) fn kind(&self) -> u32 {
        le32(self.bytes, 0)
    }

    /// Its name in UTF-16; empty for the one without.
    pub(super) fn name(&self) -> &'a [u8] {
        let (length, at) = (2 * usize::from(self.bytes[8 + 1]), usize::from(le16(self.bytes, 10)));
        self.bytes.get(at..at + length).unwrap_or_default()
    }

    /// Refuses what lies in its clusters in another form.
    pub(super) fn check_readable(&self) -> io::Result<()> {
        match le16(self.bytes, 12) {
            flags if flags & IS_ENCRYPTED != 0 => Err(encrypted()),
            flags if flags & IS_COMPRESSED != 0 => {
                Err(io::Error::other("it is compressed by NTFS, and such files are not read here"))
            }
            _ => Ok(()),
        }
    }

    /// What it holds in its record; nothing where it lies in clusters.
    pub(super) fn resident(&self) -> io::Result<Option<&'a [u8]>> {
        if self.bytes[8] != 0 {
            return Ok(None);
        }
        let (length, at) = (le32(self.bytes, 16) as usize, usize::from(le16(self.bytes, 20)));
        let value = at.checked_add(length).and_then(|end| self.bytes.get(at..end));
        value.map(Some).ok_or_else(|| damaged("what an attribute holds is longer than itself"))
    }

    /// The first of its clusters that this part tells of.
    pub(super) fn first(&self) -> u64 {
        if self.bytes[8] == 0 { 0 } else { le64(self.bytes, 16) }
    }

    /// How long it is, and how much of that was ever written. Its first part knows.
    pub(super) fn sizes(&self) -> (u64, u64) {
        (le64(self.bytes, 0x30), le64(self.bytes, 0x38))
    }

    /// How many bytes its clusters have, those of holes not counted.
    pub(super) fn allocated(&self) -> u64 {
        let has_holes = le16(self.bytes, 12) & (IS_COMPRESSED | IS_SPARSE) != 0;
        le64(self.bytes, if has_holes { 0x40 } else { 0x28 })
    }

    /// Where the clusters of this part lie.
    pub(super) fn runs(&self) -> io::Result<Vec<Run>> {
        runs(self.bytes.get(usize::from(le16(self.bytes, 0x20))..).unwrap_or_default())
    }
}

pub(super) fn encrypted() -> io::Error {
    io::Error::other("it is encrypted, and its key is not in the volume")
}

/// Puts back what stands at the end of each sector of a record or block, where a number shows whether all of it was written.
pub(super) fn mend(bytes: &mut [u8], sign: &[u8]) -> io::Result<()> {
    let (at, count) = (usize::from(le16(bytes, 4)), usize::from(le16(bytes, 6)));
    if !bytes.starts_with(sign) || count != bytes.len() / 512 + 1 || at + 2 * count > bytes.len() {
        return Err(damaged("a record is none"));
    }
    let numbers = bytes[at..at + 2 * count].to_vec();
    for (sector, saved) in bytes.chunks_exact_mut(512).zip(numbers.chunks_exact(2).skip(1)) {
        if sector[510..] != numbers[..2] {
            return Err(damaged("a record was half written"));
        }
        sector[510..].copy_from_slice(saved);
    }
    Ok(())
}
