//! Damages to files, drawn from a seed.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::tree::noise;

/// What happens to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    Flip {
        at: u64,
        bit: u8,
    },
    Cut {
        to: u64,
    },
    Delete,
    Empty,
    Grow {
        by: u64,
    },
    /// Two files change places.
    Swap {
        with: usize,
    },
}

/// One file's part in a damage: the bytes that are not what they were. None: the file is only longer.
pub struct Wound {
    pub path: PathBuf,
    pub bytes: Option<(u64, u64)>,
}

/// The same numbers for the same seed.
pub struct Dice(pub u64);

impl Dice {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit.max(1)
    }

    /// One of the ways in which the file of that number can be damaged.
    pub fn way(&mut self, files: &[PathBuf], victim: usize) -> Way {
        let length = fs::metadata(&files[victim]).unwrap().len();
        match self.below(6) {
            0 => Way::Flip { at: self.below(length), bit: self.below(8) as u8 },
            1 => Way::Cut { to: self.below(length) },
            2 => Way::Delete,
            3 => Way::Empty,
            4 => Way::Grow { by: 1 + self.below(5000) },
            _ => {
                let with = (victim + 1 + self.below(files.len() as u64 - 1) as usize) % files.len();
                Way::Swap { with }
            }
        }
    }
}

/// Damages the file of that number. No wounds: nothing is damaged by it.
pub fn inflict(files: &[PathBuf], victim: usize, way: Way) -> Vec<Wound> {
    let path = files[victim].clone();
    let length = fs::metadata(&path).unwrap().len();
    if length == 0 && !matches!(way, Way::Delete | Way::Grow { .. } | Way::Swap { .. }) {
        return Vec::new();
    }
    let bytes = match way {
        Way::Flip { at, bit } => {
            change(&path, |content| content[at as usize] ^= 1 << bit);
            Some((at, at + 1))
        }
        Way::Cut { to } => {
            change(&path, |content| content.truncate(to as usize));
            Some((to, length))
        }
        Way::Delete => {
            fs::remove_file(&path).unwrap();
            Some((0, length))
        }
        Way::Empty => {
            change(&path, Vec::clear);
            Some((0, length))
        }
        Way::Grow { by } => {
            change(&path, |content| content.extend(noise(by, by as usize)));
            None
        }
        Way::Swap { with } => {
            let other = files[with].clone();
            if fs::read(&path).unwrap() == fs::read(&other).unwrap() {
                // A file and its copy.
                return Vec::new();
            }
            let third = other.with_extension("swap");
            fs::rename(&path, &third).unwrap();
            fs::rename(&other, &path).unwrap();
            fs::rename(&third, &other).unwrap();
            let all = Some((0, u64::MAX));
            return vec![Wound { path, bytes: all }, Wound { path: other, bytes: all }];
        }
    };
    vec![Wound { path, bytes }]
}

/// Changes a file in place, as a disk or a careless program does.
pub fn change(path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    let mut content = fs::read(path).unwrap();
    change(&mut content);
    let mut rights = fs::metadata(path).unwrap().permissions();
    rights.set_mode(0o600);
    fs::set_permissions(path, rights).unwrap();
    fs::write(path, content).unwrap();
}

/// Where files lie in memory.
const MEMORY: &str = "/dev/shm";

/// A folder in memory where there is such a place: here it is about bytes, and each record and restore waits for the disk.
/// Containers often have one of 64 MiB, which would be a full disk to an engine: then it is the usual place.
pub fn scratch() -> tempfile::TempDir {
    let room = rustix::fs::statvfs(MEMORY).map_or(0, |facts| facts.f_bavail * facts.f_frsize);
    if room >= 2 << 30 { tempfile::tempdir_in(MEMORY).unwrap() } else { tempfile::tempdir().unwrap() }
}

/// Copies a folder with all that is in it.
pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
