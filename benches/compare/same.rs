//! Whether two trees hold the same.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::Path;

/// Compares names, kinds, sizes and contents; the first difference is the error.
pub fn assert_same(left: &Path, right: &Path) -> io::Result<()> {
    let differs =
        |what: &str| Err(io::Error::other(format!("{} and {} differ: {what}", left.display(), right.display())));
    let (left_status, right_status) = (fs::symlink_metadata(left)?, fs::symlink_metadata(right)?);
    if left_status.file_type() != right_status.file_type() {
        return differs("kind");
    }
    if left_status.is_dir() {
        let (names, others) = (names(left)?, names(right)?);
        if names != others {
            return differs("entries");
        }
        return names.iter().try_for_each(|name| assert_same(&left.join(name), &right.join(name)));
    }
    if left_status.len() != right_status.len() {
        return differs("size");
    }
    if same_content(left, right)? { Ok(()) } else { differs("content") }
}

fn names(folder: &Path) -> io::Result<Vec<std::ffi::OsString>> {
    let mut names =
        fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.file_name())).collect::<io::Result<Vec<_>>>()?;
    names.sort();
    Ok(names)
}

fn same_content(left: &Path, right: &Path) -> io::Result<bool> {
    let (mut left, mut right) = (File::open(left)?, File::open(right)?);
    let (mut ours, mut theirs) = (vec![0; 1 << 20], vec![0; 1 << 20]);
    loop {
        let length = left.read(&mut ours)?;
        if length == 0 {
            return Ok(right.read(&mut theirs)? == 0);
        }
        right.read_exact(&mut theirs[..length])?;
        if ours[..length] != theirs[..length] {
            return Ok(false);
        }
    }
}
