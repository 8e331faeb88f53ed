//! Tables of partitions: GPT, and MBR with its chain of logical ones.

use super::bytes::{le32, le64};
use super::disk::Window;
use super::signs::Found;
use std::io;
use std::ops::Range;

/// No table is followed further.
const MOST: usize = 256;
/// No table of a GPT is larger, in bytes.
const LARGEST: usize = 1 << 20;
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
    let mut damaged = false;
    for sector in [512, 4096] {
        // The second header is in the last sector. What was left there by an earlier table is none: the first sector says whether
        // there is a GPT.
        let second = is_protective(disk)?.then(|| (disk.length() / sector).saturating_sub(1) * sector);
        for at in std::iter::once(sector).chain(second) {
            if disk.peek::<8>(at)? != *GPT {
                continue;
            }
            match gpt(disk, sector, at)? {
                Some(found) => return Ok(Some(found)),
                None => damaged = true,
            }
        }
    }
    if damaged {
        return Err(io::Error::other("its GPT is damaged, and so is the second one at its end"));
    }
    // A file system may fill the first sector with what looks like a table.
    if Found::first(disk)? != Found::Nothing {
        return Ok(None);
    }
    mbr(disk)
}

/// Whether the first sector has the one partition that keeps programs that know no GPT away from it.
fn is_protective(disk: &Window) -> io::Result<bool> {
    Ok(places(&disk.peek(0)?).is_some_and(|places| places.iter().any(|(kind, ..)| *kind == PROTECTIVE)))
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
    if disk.read_at(start, &mut table).is_err() || crc32(&table) != le32(&header, 88) {
        return Ok(None);
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
    Ok(Some(found.take(MOST).collect()))
}

/// One of the four places of an MBR: its type, where it begins, and how long it is, in sectors.
fn places(sector: &[u8; 512]) -> Option<Vec<(u8, u64, u64)>> {
    let is_plausible = sector[446..510].chunks_exact(16).all(|entry| matches!(entry[0], 0 | 0x80));
    (sector[510..] == SIGNED && is_plausible).then(|| entries(sector).collect())
}

fn entries(sector: &[u8; 512]) -> impl Iterator<Item = (u8, u64, u64)> {
    sector[446..510].chunks_exact(16).map(|entry| (entry[4], le32(entry, 8).into(), le32(entry, 12).into()))
}

fn mbr(disk: &Window) -> io::Result<Option<Vec<Partition>>> {
    const SECTOR: u64 = 512;
    let Some(places_of_first) = places(&disk.peek(0)?) else { return Ok(None) };
    let (mut found, mut chain) = (Vec::new(), None);
    let partition = |number: u32, start: u64, length: u64| Partition {
        number,
        bytes: start * SECTOR..(start + length) * SECTOR,
        name: String::new(),
    };
    for (number, (kind, start, length)) in (1..).zip(places_of_first) {
        if kind == 0 || start == 0 || length == 0 || start * SECTOR >= disk.length() {
            continue;
        }
        if EXTENDED.contains(&kind) {
            chain = chain.or(Some((start, length)));
        } else {
            found.push(partition(number, start, length));
        }
    }
    // Each link of the chain has a logical partition, as a rule, and where the next link is, told from the first one on. As
    // Linux does it, each partition that is found has the next number, and the latter two places count only within the link.
    let (first, mut next, mut number, mut links) = (chain.map_or(0, |(start, _)| start), chain, 5, 0);
    while let Some((at, room)) = next.take().filter(|_| found.len() < MOST && links < MOST) {
        links += 1;
        let sector = disk.peek::<512>(at * SECTOR)?;
        if sector[510..] != SIGNED {
            break;
        }
        for (nth, (kind, start, length)) in entries(&sector).enumerate().filter(|(_, (.., length))| *length > 0) {
            if EXTENDED.contains(&kind) {
                let link = Some((first + start, length)).filter(|(link, _)| link * SECTOR < disk.length());
                next = next.or(link);
            } else if nth < 2 || start + length <= room {
                found.push(partition(number, at + start, length));
                number += 1;
            }
        }
    }
    Ok((!found.is_empty()).then_some(found))
}

/// The checksum of GPT.
pub(super) fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| if sum & 1 == 1 { sum >> 1 ^ 0xedb8_8320 } else { sum >> 1 })
    })
}
