//! The boot sector: how large everything is, and where the table of files begins.

use crate::engine::drivers::volume::files::bytes::{le16, le64};
use crate::engine::drivers::volume::files::disk::Window;
use std::io;

/// Records of files and blocks of folders are no smaller and no larger.
const SIZES: std::ops::RangeInclusive<u64> = 512..=64 << 10;

/// See the module. All in bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Boot {
    pub(super) cluster: u64,
    pub(super) clusters: u64,
    /// A record of the table of files.
    pub(super) record: usize,
    /// Where the table begins.
    pub(super) table: u64,
}

impl Boot {
    pub(super) fn read(window: &Window) -> io::Result<Self> {
        let bytes: [u8; 512] = window.peek(0)?;
        let sector = u64::from(le16(&bytes, 0x0b));
        let in_cluster = match bytes[0x0d] {
            count @ 0..=0x80 => u64::from(count),
            power => 1_u64.checked_shl(u32::from(256 - u16::from(power))).unwrap_or(0),
        };
        let cluster = sector.saturating_mul(in_cluster);
        let is_size = sector.is_power_of_two() && (256..=4096).contains(&sector);
        if !is_size || !cluster.is_power_of_two() || cluster > 2 << 20 {
            return Err(of_boot("no cluster has such a size"));
        }
        let says = le64(&bytes, 0x28).saturating_mul(sector);
        if says > window.length() {
            return Err(of_boot(&format!("it says that it has {says} bytes, and lies in {}", window.length())));
        }
        let record = size_of(bytes[0x40], cluster).ok_or_else(|| of_boot("no record has such a size"))?;
        let table = le64(&bytes, 0x30).checked_mul(cluster).filter(|at| *at < says);
        let table = table.ok_or_else(|| of_boot("its table of files lies behind its end"))?;
        Ok(Self { cluster, clusters: says / cluster, record: record as usize, table })
    }
}

/// A size in clusters, or as a power of two of bytes.
fn size_of(told: u8, cluster: u64) -> Option<u64> {
    let size = match told.cast_signed() {
        power @ ..0 => 1_u64.checked_shl(u32::from(power.unsigned_abs())),
        clusters => u64::from(clusters.unsigned_abs()).checked_mul(cluster),
    };
    size.filter(|size| size.is_power_of_two() && SIZES.contains(size))
}

fn of_boot(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("its boot sector is damaged: {why}"))
}
