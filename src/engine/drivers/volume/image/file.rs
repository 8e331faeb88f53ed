//! A raw image file, or a block device of this machine.

use super::{Extent, Image};
use crate::domain::Consistency;
use crate::domain::Invalid;
use crate::engine::drivers::Fault;
use crate::engine::drivers::volume::device;
use crate::repository::OpenFolder;
use rustix::fs::{FileType, Mode, OFlags, SeekFrom, StatVfsMountFlags};
use rustix::io::Errno;
use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

/// An open image.
#[derive(Debug)]
pub(in crate::engine::drivers::volume) struct FileImage {
    file: File,
    path: PathBuf,
    before: State,
    /// Whether it is a block device.
    pub(in crate::engine::drivers::volume) is_device: bool,
    is_read_only: bool,
}

/// What tells one state of an image from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct State {
    size: u64,
    /// When content and metadata changed; the same always for a device, whose times say nothing.
    times: [(i64, i64); 2],
    /// Whether somebody has mounted the device, or made it a part of something.
    is_in_use: bool,
}

impl FileImage {
    /// Opens what lies at a path. A file is reached through no symbolic link, since its path was made canonical when it was
    /// registered; a device may be, for its lasting names are links.
    pub(in crate::engine::drivers::volume) fn open(path: &Path) -> Result<Self, Fault> {
        let unreadable = |e: &io::Error| match e.kind() {
            io::ErrorKind::NotFound => Fault::Gone(format!("There is no volume at {} any more.", path.display())),
            _ => Fault::of_io(format_args!("The volume {} cannot be read", path.display()), e),
        };
        let is_device = device::is_block(path).map_err(|e| unreadable(&e))?;
        let opened = if is_device { open_device(path) } else { open_file(path) };
        let file = opened.map_err(|e| unreadable(&e))?;
        let status = rustix::fs::fstat(&file).map_err(|e| unreadable(&e.into()))?;
        let expected = if is_device { FileType::BlockDevice } else { FileType::RegularFile };
        if FileType::from_raw_mode(status.st_mode) != expected {
            return Err(Invalid::value(
                "Path",
                format_args!("{} is neither a file nor a block device", path.display()),
            )
            .into());
        }
        let before = State::of(&file, is_device).map_err(|e| unreadable(&e))?;
        let is_read_only = if is_device { device::is_read_only(status.st_rdev) } else { lies_read_only(&file) };
        Ok(Self { file, path: path.to_owned(), before, is_device, is_read_only })
    }

    /// The next place from `at` on where data or a hole begins; none where the file system cannot tell.
    fn seek(&self, to: SeekFrom) -> io::Result<Option<u64>> {
        match rustix::fs::seek(&self.file, to) {
            Ok(found) => Ok(Some(found)),
            Err(Errno::NXIO) => Ok(Some(u64::MAX)),
            Err(Errno::INVAL | Errno::OPNOTSUPP) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn look(&self, range: Range<u64>) -> io::Result<Vec<Extent>> {
        let mut extents = Vec::new();
        let mut at = range.start;
        while at < range.end {
            let Some(data) = self.seek(SeekFrom::Data(at))? else {
                extents.push(Extent { length: range.end - at, is_zero: false });
                break;
            };
            let data = data.min(range.end);
            if data > at {
                extents.push(Extent { length: data - at, is_zero: true });
                at = data;
                continue;
            }
            let hole = self.seek(SeekFrom::Hole(at))?.unwrap_or(range.end).clamp(at + 1, range.end);
            extents.push(Extent { length: hole - at, is_zero: false });
            at = hole;
        }
        Ok(extents)
    }

    fn shrank(&self, size: u64) -> Fault {
        Fault::Failed(format!(
            "The volume {} shrank from {} to {size} bytes while it was backed up; nothing of this backup is kept. Back it \
             up again when it keeps its size.",
            self.path.display(),
            self.before.size
        ))
    }
}

impl State {
    fn of(file: &File, is_device: bool) -> io::Result<Self> {
        let status = rustix::fs::fstat(file)?;
        if is_device {
            let size = device::size(file)?;
            return Ok(Self { size, times: [(0, 0); 2], is_in_use: device::is_in_use(status.st_rdev)? });
        }
        let times = [(status.st_mtime, status.st_mtime_nsec as i64), (status.st_ctime, status.st_ctime_nsec as i64)];
        Ok(Self { size: status.st_size as u64, times, is_in_use: false })
    }
}

impl Image for FileImage {
    fn size(&self) -> u64 {
        self.before.size
    }

    fn consistency(&self) -> Consistency {
        if self.is_read_only { Consistency::Crash } else { Consistency::None }
    }

    fn extents(&self, range: Range<u64>) -> Result<Vec<Extent>, Fault> {
        let unreadable =
            |e| Fault::of_io(format_args!("The holes of the volume {} cannot be found", self.path.display()), &e);
        self.look(range).map_err(unreadable)
    }

    fn read_at(&self, buffer: &mut [u8], at: u64) -> Result<(), Fault> {
        match self.file.read_exact_at(buffer, at) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                let now = State::of(&self.file, self.is_device).map_or(at, |now| now.size);
                Err(self.shrank(now))
            }
            Err(error) => Err(Fault::of_io(
                format_args!(
                    "The volume {} cannot be read at byte {at}, so that nothing of this backup is kept",
                    self.path.display()
                ),
                &error,
            )),
        }
    }

    fn finish(&self) -> Result<Option<&'static str>, Fault> {
        let unknown = |e| Fault::of_io(format_args!("The volume {} cannot be looked at", self.path.display()), &e);
        let after = State::of(&self.file, self.is_device).map_err(unknown)?;
        if after.size < self.before.size {
            return Err(self.shrank(after.size));
        }
        Ok(if after.size > self.before.size {
            Some(
                "it grew while it was read: it is stored in the size that it had before, and may be part old and part new",
            )
        } else if after.times != self.before.times {
            Some("it changed while it was read: what is stored may be part old and part new")
        } else if (after.is_in_use || self.before.is_in_use) && !self.is_read_only {
            Some("the device was in use while it was read: what is stored may be part old and part new")
        } else {
            None
        })
    }
}

fn open_device(path: &Path) -> io::Result<File> {
    Ok(rustix::fs::open(path, OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK, Mode::empty())?.into())
}

fn open_file(path: &Path) -> io::Result<File> {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(io::ErrorKind::NotFound.into());
    };
    // A pipe in the file's place would let nobody come back from opening it.
    let access = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK;
    Ok(rustix::fs::openat(OpenFolder::look(folder)?, name, access, Mode::empty())?.into())
}

/// Whether a file lies on a file system that nobody can write to.
fn lies_read_only(file: &File) -> bool {
    rustix::fs::fstatvfs(file).is_ok_and(|facts| facts.f_flag.contains(StatVfsMountFlags::RDONLY))
}
