//! The file or device that a volume is restored into.

use crate::engine::drivers::folder::vacancy::RESERVE;
use crate::engine::drivers::volume::device;
use crate::engine::drivers::{Fault, Mark};
use crate::repository::{Identity, OpenFolder};
use rustix::fs::{FallocateFlags, FileType, Mode, OFlags};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::fs::File;
use std::io::{self, Read};
use std::ops::Range;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

/// SHA-256 of a segment.
pub(super) type Hash = [u8; 32];

/// How much is taken from a segment at once.
const STEP: usize = 1 << 20;
/// Zeros are left out in blocks of this size.
const BLOCK: usize = 64 << 10;

/// An open target.
pub(super) struct Image {
    file: File,
    path: PathBuf,
    /// The size of the volume.
    size: u64,
    pub(super) is_device: bool,
}

/// What is remembered of a target from one attempt to the next. The numbers have a sign, as those of other marks.
#[derive(Serialize, Deserialize)]
struct Begun {
    device: i64,
    inode: i64,
    /// The number of the device that is written onto.
    onto: Option<i64>,
}

fn failed(path: &Path, error: &io::Error) -> Fault {
    Fault::of_io(format_args!("Cannot restore into {}", path.display()), error)
}

impl Image {
    /// Makes a file, if there is room for `needed` bytes and what must stay free.
    pub(super) fn new_file(
        path: &Path,
        size: u64,
        needed: u64,
        lend: &(dyn Fn(u64, u64) -> bool + Sync),
    ) -> Result<Self, Fault> {
        let failed = |e| failed(path, &e);
        let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
            return Err(failed(io::ErrorKind::InvalidInput.into()));
        };
        let nearest = OpenFolder::nearest(folder).map_err(failed)?;
        let free = nearest.free_space().map_err(failed)?;
        if free < needed.saturating_add(RESERVE) && !lend(nearest.identity().device, needed) {
            return Err(Fault::Failed(format!(
                "Not enough space to restore into {}: {needed} bytes are needed, {free} are free. Nothing was written.",
                path.display()
            )));
        }
        let folder = OpenFolder::open_or_make(folder).map_err(failed)?;
        let access = OFlags::RDWR | OFlags::CREATE | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK;
        let file = rustix::fs::openat(&folder, name, access, Mode::RUSR | Mode::WUSR).map_err(|e| failed(e.into()))?;
        let file = File::from(file);
        let found = file.metadata().map_err(failed)?;
        // One without anything in it is as good as none: an earlier attempt may have made it and come no further.
        if !found.is_file() || found.len() > 0 {
            let shown = path.display();
            return Err(Fault::Failed(format!("Cannot restore into {shown}: there is something already.")));
        }
        Ok(Self { file, path: path.to_owned(), size, is_device: false })
    }

    /// Opens a device, alone, that is as large as the volume; or larger, and empty.
    pub(super) fn onto_device(path: &Path, size: u64) -> Result<Self, Fault> {
        let failed = |e| failed(path, &e);
        let file = device::open_alone(path).map_err(failed)?;
        let found = device::size(&file).map_err(failed)?;
        let refuse = |why: &str| {
            let shown = path.display();
            Err(Fault::Failed(format!(
                "Cannot restore onto {shown}: the device has {found} bytes, the volume {size}, and {why}. Nothing was written."
            )))
        };
        if found < size {
            return refuse("the device is too small");
        }
        let opened = Self { file, path: path.to_owned(), size, is_device: true };
        if found > size && !opened.is_empty(found).map_err(failed)? {
            return refuse("a larger device is written onto only if it is all zeros");
        }
        Ok(opened)
    }

    fn is_empty(&self, size: u64) -> io::Result<bool> {
        let (mut buffer, zeros) = (vec![0; STEP], vec![0; STEP]);
        let mut at = 0;
        while at < size {
            let wanted = (size - at).min(STEP as u64) as usize;
            self.file.read_exact_at(&mut buffer[..wanted], at)?;
            if buffer[..wanted] != zeros[..wanted] {
                return Ok(false);
            }
            at += wanted as u64;
        }
        Ok(true)
    }

    /// Opens what an earlier attempt began; something else in its place is not written to.
    pub(super) fn again(path: &Path, size: u64, before: &Mark) -> Result<Self, Fault> {
        let failed = |e| failed(path, &e);
        let other = || {
            let shown = path.display();
            Fault::Failed(format!(
                "Cannot go on restoring into {shown}: it is not the file or device any more that this job wrote into before."
            ))
        };
        let begun: Begun = before.read().ok_or_else(other)?;
        let is_device = begun.onto.is_some();
        let file = if is_device { device::open_alone(path) } else { reopen(path) }.map_err(failed)?;
        let opened = Self { file, path: path.to_owned(), size, is_device };
        let now: Begun = opened.mark().read().ok_or_else(other)?;
        let is_same = match begun.onto {
            Some(onto) => now.onto == Some(onto),
            None => now.onto.is_none() && (now.device, now.inode) == (begun.device, begun.inode),
        };
        if is_same { Ok(opened) } else { Err(other()) }
    }

    /// What tells it from others.
    pub(super) fn mark(&self) -> Mark {
        let status = rustix::fs::fstat(&self.file);
        let identity = Identity::of(&self.file);
        let onto = status.ok().filter(|status| FileType::from_raw_mode(status.st_mode) == FileType::BlockDevice);
        Mark::of(&identity.ok().map(|identity| Begun {
            device: identity.device as i64,
            inode: identity.inode as i64,
            onto: onto.map(|status| status.st_rdev as i64),
        }))
    }

    /// Makes a new file as long as the volume.
    pub(super) fn set_size(&self) -> Result<(), Fault> {
        if self.is_device {
            return Ok(());
        }
        self.file.set_len(self.size).map_err(|e| failed(&self.path, &e))
    }

    /// Writes a range; where the file is a hole already, zeros are left out. The hash is that of all of it.
    pub(super) fn write(&self, range: Range<u64>, content: &mut dyn Read) -> io::Result<Hash> {
        let (mut buffer, zeros) = (vec![0; STEP], vec![0; BLOCK]);
        let (mut at, mut hash) = (range.start, Sha256::new());
        while at < range.end {
            let wanted = (range.end - at).min(STEP as u64) as usize;
            let part = &mut buffer[..wanted];
            content.read_exact(part)?;
            hash.update(&*part);
            for (number, block) in part.chunks(BLOCK).enumerate() {
                if self.is_device || *block != zeros[..block.len()] {
                    self.file.write_all_at(block, at + (number * BLOCK) as u64)?;
                }
            }
            at += wanted as u64;
        }
        // The content tells only at its end whether all of it was what it should be.
        match content.read(&mut buffer[..1])? {
            0 => Ok(hash.finalize().into()),
            _ => Err(io::Error::other("it is longer than it says")),
        }
    }

    /// Makes a range of a device zeros.
    pub(super) fn zero(&self, range: Range<u64>) -> Result<(), Fault> {
        let flags = FallocateFlags::ZERO_RANGE | FallocateFlags::KEEP_SIZE;
        if rustix::fs::fallocate(&self.file, flags, range.start, range.end - range.start).is_ok() {
            return Ok(());
        }
        let written = self.write(range.clone(), &mut io::repeat(0).take(range.end - range.start));
        written.map(drop).map_err(|e| failed(&self.path, &e))
    }

    /// Makes all of it durable.
    pub(super) fn sync(&self) -> Result<(), Fault> {
        self.file.sync_all().map_err(|e| failed(&self.path, &e))
    }

    /// The hash of what lies in a range, read from the disk where the system lets go of what it holds in memory.
    pub(super) fn hash(&self, range: Range<u64>) -> io::Result<Hash> {
        let length = std::num::NonZeroU64::new(range.end - range.start);
        // Without it, the same is read from memory.
        let _ = rustix::fs::fadvise(&self.file, range.start, length, rustix::fs::Advice::DontNeed);
        let (mut at, mut hash, mut buffer) = (range.start, Sha256::new(), vec![0; STEP]);
        while at < range.end {
            let wanted = (range.end - at).min(STEP as u64) as usize;
            self.file.read_exact_at(&mut buffer[..wanted], at)?;
            hash.update(&buffer[..wanted]);
            at += wanted as u64;
        }
        Ok(hash.finalize().into())
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

fn reopen(path: &Path) -> io::Result<File> {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(io::ErrorKind::NotFound.into());
    };
    let access = OFlags::RDWR | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK;
    Ok(rustix::fs::openat(OpenFolder::look(folder)?, name, access, Mode::empty())?.into())
}
