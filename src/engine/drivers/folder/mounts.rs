//! What is mounted on this machine.

use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};

/// Where Linux tells what is mounted.
const MOUNTS: &str = "/proc/self/mountinfo";

/// A file system that is mounted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mount {
    /// Where.
    pub(super) point: PathBuf,
    /// Of which type it is, such as `btrfs`.
    pub(super) file_system: String,
    /// What is mounted: a device, a dataset.
    pub(super) source: String,
}

/// All that is mounted, in the order in which it was; nothing where the system does not tell.
pub(super) fn mounts() -> Vec<Mount> {
    let table = std::fs::read(MOUNTS).unwrap_or_default();
    table.split(|byte| *byte == b'\n').filter_map(parse).collect()
}

/// What a path lies on.
pub(super) fn mount_of(path: &Path) -> Option<Mount> {
    // Of those at one point the last one is seen.
    mounts()
        .into_iter()
        .filter(|mount| path.starts_with(&mount.point))
        .max_by_key(|mount| mount.point.as_os_str().len())
}

fn parse(line: &[u8]) -> Option<Mount> {
    let mut fields = line.split(|byte| *byte == b' ');
    let point = unescape(fields.nth(4)?);
    // Optional fields follow, up to a dash.
    let mut last = fields.skip_while(|field| *field != b"-").skip(1);
    let text = |field: &[u8]| unescape(field).to_string_lossy().into_owned();
    Some(Mount { point, file_system: text(last.next()?), source: text(last.next()?) })
}

/// mountinfo writes blanks, tabs, line ends and backslashes as three octal digits.
fn unescape(text: &[u8]) -> PathBuf {
    let (mut bytes, mut rest) = (Vec::with_capacity(text.len()), text);
    while let Some((first, tail)) = rest.split_first() {
        let octal = tail.get(..3).filter(|digits| *first == b'\\' && digits.iter().all(|d| (b'0'..=b'7').contains(d)));
        match octal {
            Some(digits) => {
                bytes.push(digits.iter().fold(0_u8, |value, digit| value.wrapping_mul(8).wrapping_add(digit - b'0')));
                rest = &tail[3..];
            }
            None => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    PathBuf::from(std::ffi::OsString::from_vec(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_tells_the_point_the_type_and_what_is_mounted() {
        let line = br"36 35 98:0 /sub /mnt/a\040b rw,noatime master:1 shared:2 - btrfs /dev/loop0 rw,errors=continue";
        let mount = parse(line).unwrap();
        assert_eq!((mount.point, mount.file_system.as_str()), (PathBuf::from("/mnt/a b"), "btrfs"));
        assert_eq!(mount.source, "/dev/loop0");
        assert_eq!(parse(b"36 35 98:0 / /mnt"), None);
        assert_eq!(mount_of(Path::new("/proc/self")).unwrap().file_system, "proc");
    }

    #[test]
    fn mount_points_are_unescaped() {
        assert_eq!(unescape(br"/a\040b\134c"), PathBuf::from(r"/a b\c"));
        assert_eq!(unescape(br"/a\9"), PathBuf::from(r"/a\9"));
    }
}
