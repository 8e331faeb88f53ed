//! What the system tells of block devices.

use rustix::fs::{FileType, Mode, OFlags, SeekFrom, makedev};
use rustix::io::Errno;
use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

/// Whether a path leads to a block device.
pub(super) fn is_block(path: &Path) -> io::Result<bool> {
    let status = rustix::fs::stat(path)?;
    Ok(FileType::from_raw_mode(status.st_mode) == FileType::BlockDevice)
}

/// The size of an open device.
pub(super) fn size(device: impl AsFd) -> io::Result<u64> {
    Ok(rustix::fs::seek(device, SeekFrom::End(0))?)
}

/// The folder in which the system tells of a device.
fn told(device: u64) -> PathBuf {
    PathBuf::from(format!("/sys/dev/block/{}:{}", rustix::fs::major(device), rustix::fs::minor(device)))
}

/// Whether nobody can write to a device.
pub(super) fn is_read_only(device: u64) -> bool {
    std::fs::read_to_string(told(device).join("ro")).is_ok_and(|text| text.trim() == "1")
}

/// Whether a device, or a part of it, is mounted, or belongs to another device.
pub(super) fn is_in_use(device: u64) -> io::Result<bool> {
    let folder = told(device);
    let parts = std::fs::read_dir(&folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let parts: Vec<PathBuf> = parts.filter(|part| part.join("partition").exists()).collect();
    let belongs =
        |folder: &PathBuf| std::fs::read_dir(folder.join("holders")).is_ok_and(|mut all| all.next().is_some());
    let numbers = parts.iter().filter_map(|part| number(std::fs::read_to_string(part.join("dev")).ok()?.trim()));
    let devices: Vec<u64> = std::iter::once(device).chain(numbers).collect();
    let is_mounted = std::fs::read_to_string("/proc/self/mountinfo")?.lines().any(|line| mounts(line, &devices));
    Ok(is_mounted || belongs(&folder) || parts.iter().any(belongs))
}

/// Whether a line of the table of mounts is of one of these devices.
fn mounts(line: &str, devices: &[u64]) -> bool {
    line.split(' ').nth(2).and_then(number).is_some_and(|device| devices.contains(&device))
}

/// `MAJOR:MINOR`.
fn number(text: &str) -> Option<u64> {
    let (major, minor) = text.split_once(':')?;
    Some(makedev(major.parse().ok()?, minor.parse().ok()?))
}

/// Opens a device for writing, alone: none that is mounted or belongs to another device is opened, and none can be mounted
/// as long as it is open.
pub(super) fn open_alone(path: &Path) -> io::Result<File> {
    let access = OFlags::RDWR | OFlags::EXCL | OFlags::CLOEXEC | OFlags::NONBLOCK;
    match rustix::fs::open(path, access, Mode::empty()) {
        Ok(opened) => Ok(opened.into()),
        Err(Errno::BUSY) => {
            let words = "it is in use: mounted, or a part of another device";
            Err(io::Error::new(io::ErrorKind::ResourceBusy, words))
        }
        Err(error) => Err(error.into()),
    }
}
