//! Tables of partitions: GPT, and MBR with its chain of logical ones.

use super::bytes::{le32, le64};
use super::disk::{Window, is_of_store};
use super::signs::Found;
use std::collections::HashSet;
use std::io;
use std::ops::Range;

/// No more partitions are listed: what has more, has them only because it is damaged or means harm.
const MOST: usize = 128;
/// No table of a GPT is larger, in bytes.
const LARGEST: usize = 1 << 20;
/// How large the sectors of a medium are, in which tables count.
const SECTORS: [u64; 2] = [512, 4096];
/// How the header of a GPT begins.
const GPT: &[u8; 8] = b"EFI PART";
/// The type in an MBR of what a GPT keeps.
const PROTECTIVE: u8 = 0xee;
/// How a sector with a table of an MBR ends.
const SIGNED: [u8; 2] = [0x55, 0xaa];
/// Types of an MBR that are a chain of further ones.
const EXTENDED: [u8; 3] = [0x05, 0x0f, 0x85];

/// A partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Partition {
    /// Its number, as the system counts.
    pub(super) number: u32,
    /// Its bytes.
    pub(super) bytes: Range<u64>,
    /// What it is called, in a table that has names.
    pub(super) name: String,
}

/// The partitions of a volume; none where it has no table.
pub(super) fn read(disk: &Window) -> io::Result<Option<Vec<Partition>>> {
    // What an earlier use left of a GPT is none: as for the system, the first sector says whether there is one.
    let is_protective = is_protective(&disk.peek(0)?);
    if is_protective && let Some(found) = first_whole_gpt(disk)? {
        return Ok(Some(found));
    }
    // A file system may fill the first sector with what looks like a table.
    if Found::first(disk)? != Found::Nothing {
        return Ok(None);
    }
    if is_protective {
        return Err(io::Error::other("its first sector tells of a GPT, and there is none"));
    }
    mbr(disk)
}

/// Whether a sector has the one partition that keeps programs that know no GPT away from it.
fn is_protective(sector: &[u8; 512]) -> bool {
    sector[510..] == SIGNED && entries(sector).any(|(kind, start, _)| (kind, start) == (PROTECTIVE, 1))
}

/// What the first header or the second one in the last sector says; nothing where there is neither.
fn first_whole_gpt(disk: &Window) -> io::Result<Option<Vec<Partition>>> {
    let mut is_damaged = false;
    for sector in SECTORS {
        for at in [sector, (disk.length() / sector).saturating_sub(1) * sector] {
            if disk.peek::<8>(at)? != *GPT {
                continue;
            }
            if let Some(found) = gpt(disk, sector, at)? {
                return Ok(Some(found));
            }
            is_damaged = true;
        }
    }
    if is_damaged {
        return Err(io::Error::other("its GPT is damaged, and so is the second one at its end"));
    }
    Ok(None)
}

fn check_count(found: Vec<Partition>) -> io::Result<Vec<Partition>> {
    if found.len() > MOST {
        return Err(io::Error::other(format!("it has more than {MOST} partitions, and is not read")));
    }
    Ok(found)
}

/// What a header and its table say; nothing where their checksums are not theirs.
fn gpt(disk: &Window, sector: u64, at: u64) -> io::Result<Option<Vec<Partition>>> {
    let mut header: [u8; 92] = disk.peek(at)?;
    let (expected, own) = (le32(&header, 16), le32(&header, 12));
    header[16..20].fill(0);
    let (start, count, length) = (le64(&header, 72), le32(&header, 80), le32(&header, 84));
    let fits = own == 92 && crc32(&header) == expected && (128..=4096).contains(&length) && count <= 16_384;
    let Some(start) = start.checked_mul(sector).filter(|_| fits) else { return Ok(None) };
    let size = (count * length) as usize;
    if size > LARGEST {
        return Ok(None);
    }
    let mut table = vec![0; size];
    match disk.read_at(start, &mut table) {
        Err(error) if is_of_store(&error) => return Err(error),
        Err(_) => return Ok(None),
        Ok(()) if crc32(&table) != le32(&header, 88) => return Ok(None),
        Ok(()) => {}
    }
    let entries = table.chunks_exact(length as usize).enumerate().filter(|(_, entry)| entry[..16] != [0; 16]);
    let found = entries.filter_map(|(nth, entry)| {
        let end = le64(entry, 40).checked_add(1)?.checked_mul(sector)?;
        let bytes = le64(entry, 32).checked_mul(sector)?..end;
        let name: Vec<u16> =
            entry[56..128].chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
        let name = String::from_utf16_lossy(&name);
        let name = name.trim_end_matches('\0').to_owned();
        (!bytes.is_empty()).then_some(Partition { number: nth as u32 + 1, bytes, name })
    });
    check_count(found.take(MOST + 1).collect()).map(Some)
}

/// One of the four places of an MBR: its type, where it begins, and how long it is, in sectors.
fn places(sector: &[u8; 512]) -> Option<Vec<(u8, u64, u64)>> {
    let is_plausible = sector[446..510].chunks_exact(16).all(|entry| matches!(entry[0], 0 | 0x80));
    (sector[510..] == SIGNED && is_plausible).then(|| entries(sector).collect())
}

fn entries(sector: &[u8; 512]) -> impl Iterator<Item = (u8, u64, u64)> {
    sector[446..510].chunks_exact(16).map(|entry| (entry[4], le32(entry, 8).into(), le32(entry, 12).into()))
}

/// What an MBR says. It does not say in which sectors it counts: in larger ones only where something lies at those places, and
/// nothing at the others.
fn mbr(disk: &Window) -> io::Result<Option<Vec<Partition>>> {
    let Some(places) = places(&disk.peek(0)?) else { return Ok(None) };
    let mut usual = None;
    for sector in SECTORS {
        let found = counted(disk, &places, sector)?;
        for partition in &found {
            let lies_in = disk.part(partition.bytes.start, partition.bytes.end - partition.bytes.start);
            if Found::any(&lies_in)? != Found::Nothing {
                return Ok(Some(found));
            }
        }
        usual.get_or_insert(found);
    }
    Ok(usual.filter(|found| !found.is_empty()))
}

/// The partitions of an MBR that counts in sectors of so many bytes.
fn counted(disk: &Window, places: &[(u8, u64, u64)], bytes: u64) -> io::Result<Vec<Partition>> {
    let (mut found, mut chain) = (Vec::new(), None);
    for (number, (kind, start, length)) in (1..).zip(places.iter().copied()) {
        if kind == 0 || start == 0 || length == 0 || start * bytes >= disk.length() {
            continue;
        }
        if EXTENDED.contains(&kind) {
            chain = chain.or(Some((start, length)));
        } else {
            found.push(Partition::of_sectors(number, start, length, bytes));
        }
    }
    if let Some(first) = chain {
        logical(disk, first, bytes, &mut found)?;
    }
    check_count(found)
}

/// Adds the partitions of a chain. Each link has a logical partition, as a rule, and where the next link is, told from the first one
/// on. As Linux does it, each partition that is found has the next number, and the latter two places count only within the link.
fn logical(disk: &Window, first: (u64, u64), bytes: u64, found: &mut Vec<Partition>) -> io::Result<()> {
    let (mut next, mut number, mut passed) = (Some(first), 5, HashSet::new());
    while let Some((at, room)) = next.take().filter(|(at, _)| passed.insert(*at)) {
        let sector = disk.peek::<512>(at * bytes)?;
        if sector[510..] != SIGNED || found.len() > MOST || passed.len() > 2 * MOST {
            break;
        }
        for (nth, (kind, start, length)) in entries(&sector).enumerate().filter(|(_, (.., length))| *length > 0) {
            if EXTENDED.contains(&kind) {
                let link = Some((first.0 + start, length)).filter(|(link, _)| link * bytes < disk.length());
                next = next.or(link);
            } else if nth < 2 || start + length <= room {
                found.push(Partition::of_sectors(number, at + start, length, bytes));
                number += 1;
            }
        }
    }
    Ok(())
}

impl Partition {
    fn of_sectors(number: u32, start: u64, length: u64, bytes: u64) -> Self {
        Self { number, bytes: start * bytes..(start + length) * bytes, name: String::new() }
    }
}

/// The checksum of GPT.
pub(super) fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| if sum & 1 == 1 { sum >> 1 ^ 0xedb8_8320 } else { sum >> 1 })
    })
}
