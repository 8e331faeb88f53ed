//! What lies in a volume or in one of its partitions, by the signs that it bears.

use super::bytes::le32;
use super::disk::Window;
use std::fmt;
use std::io;

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// ext2, ext3 or ext4, by its features.
    Ext(&'static str),
    /// NTFS.
    Ntfs,
    /// Something else, with its name.
    Other(&'static str),
    /// Two things, of which one is what an earlier use left.
    Two(&'static str, &'static str),
    /// No sign of anything.
    Nothing,
}

/// Signs in the first sector, where no table of partitions is beside them.
const FIRST: &[(u64, &[u8], &str)] = &[
    (0, b"XFSB", "XFS"),
    (0, b"LUKS\xba\xbe", "LUKS (encrypted)"),
    (3, b"-FVE-FS-", "BitLocker (encrypted)"),
    (3, b"EXFAT   ", "exFAT"),
    (3, b"ReFS\0\0\0\0", "ReFS"),
    (82, b"FAT32   ", "FAT32"),
    (54, b"FAT16   ", "FAT16"),
    (54, b"FAT12   ", "FAT12"),
    (0, b"hsqs", "squashfs"),
    (32, b"NXSB", "APFS"),
];

/// Signs of what file systems lie in, where a file system that was made later would have its own: with one of these, what looks
/// like a file system is part of a whole that is elsewhere, or old.
const AROUND: &[(u64, &[u8], &str)] = &[(4096, b"\xfc\x4e\x2b\xa9", "Linux software RAID"), (512, b"LABELONE", "LVM")];

/// Where ZFS keeps its newest states, in a ring: from which byte on, how many, and how far from each other.
const RING: (u64, u64, u64) = (0x2_0000, 32, 4096);
const STATE_OF_ZFS: u64 = 0x00ba_b10c;

/// Signs elsewhere.
const LATER: &[(u64, &[u8], &str)] = &[
    (0, b"LABELONE", "LVM"),
    (1024, b"LABELONE", "LVM"),
    (1536, b"LABELONE", "LVM"),
    (0x1_0040, b"_BHRfS_M", "btrfs"),
    (1024, b"\x10\x20\xf5\xf2", "F2FS"),
    // Its sign is at the end of the first page, of 4 KiB to 64 KiB.
    (4086, b"SWAPSPACE2", "swap space"),
    (8182, b"SWAPSPACE2", "swap space"),
    (16_374, b"SWAPSPACE2", "swap space"),
    (32_758, b"SWAPSPACE2", "swap space"),
    (65_526, b"SWAPSPACE2", "swap space"),
    (32_769, b"CD001", "ISO 9660"),
    (1024, b"H+\0", "HFS+"),
    (1024, b"HX\0", "HFS+"),
    (0x1_0034, b"ReIsEr", "ReiserFS"),
    (32_768, b"JFS1", "JFS"),
];

impl Found {
    /// What the first sector says.
    pub(super) fn first(window: &Window) -> io::Result<Self> {
        if window.peek::<8>(3)? == *b"NTFS    " {
            return Ok(Self::Ntfs);
        }
        Ok(listed(window, FIRST)?.map_or(Self::Nothing, Self::Other))
    }

    /// What all of it says.
    pub(super) fn any(window: &Window) -> io::Result<Self> {
        let within = Self::within(window)?;
        let around = listed(window, AROUND)?;
        let around = if around.is_none() && is_zfs(window)? { Some("ZFS") } else { around };
        Ok(match (around, within) {
            (None, within) => within,
            (Some(around), Self::Nothing) => Self::Other(around),
            (Some(around), within) => Self::Two(around, within.name()),
        })
    }

    fn within(window: &Window) -> io::Result<Self> {
        let first = Self::first(window)?;
        if first != Self::Nothing {
            return Ok(first);
        }
        let superblock = window.peek::<0x68>(1024)?;
        if superblock[0x38..0x3a] == [0x53, 0xef] {
            return Ok(Self::Ext(kind_of_ext(&superblock)));
        }
        Ok(listed(window, LATER)?.map_or(Self::Nothing, Self::Other))
    }

    fn name(self) -> &'static str {
        match self {
            Self::Ext(name) | Self::Other(name) | Self::Two(name, _) => name,
            Self::Ntfs => "NTFS",
            Self::Nothing => "no known file system",
        }
    }
}

fn is_zfs(window: &Window) -> io::Result<bool> {
    let (at, count, step) = RING;
    for nth in 0..count {
        let state = window.peek::<8>(at + nth * step)?;
        if u64::from_le_bytes(state) == STATE_OF_ZFS || u64::from_be_bytes(state) == STATE_OF_ZFS {
            return Ok(true);
        }
    }
    Ok(false)
}

fn listed(window: &Window, signs: &[(u64, &[u8], &'static str)]) -> io::Result<Option<&'static str>> {
    for (at, sign, name) in signs {
        let found: [u8; 16] = window.peek(*at)?;
        if found.starts_with(sign) {
            return Ok(Some(name));
        }
    }
    Ok(None)
}

/// The newest of the three that has all its features.
fn kind_of_ext(superblock: &[u8]) -> &'static str {
    let word = |at| le32(superblock, at);
    let (compatible, incompatible, read_only) = (word(0x5c), word(0x60), word(0x64));
    // What ext3 has of the latter two: types in folders, recovery, a journal elsewhere; sparse superblocks, large files, trees.
    if incompatible & !0xe != 0 || read_only & !0x7 != 0 {
        "ext4"
    } else if compatible & 0x4 != 0 {
        "ext3"
    } else {
        "ext2"
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Two(one, other) => write!(f, "signs of both {one} and {other}"),
            found => f.write_str(found.name()),
        }
    }
}
