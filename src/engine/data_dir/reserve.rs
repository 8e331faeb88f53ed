//! Room that is kept on the disk of the data directory, so that a full disk locks nobody out.
//!
//! The file `reserve` holds blocks that nobody else can take. When the disk is full it gives them back, a slice at a time,
//! to what must go on: the catalog's rows of restores and deletions, locks, the new index of a collection. In slices, since
//! whatever filled the disk may take what becomes free. Backups get nothing of it, and leave as much again free: they are
//! refused before the disk is full. The reserve is laid again as soon as it fits and backups may go on.

use crate::repository::Room;
use parking_lot::{Mutex, MutexGuard};
use rustix::fs::{FallocateFlags, fallocate};
use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Seek as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// The name of the file.
const NAME: &str = "reserve";
/// How much is kept on a large disk.
const MOST: u64 = 16 << 20;
/// On a small one, this part of it.
const SHARE: u64 = 32;
/// This part of the reserve is what a step that must go on may count on, and the measure of its slices.
const STEP: u64 = 8;
/// The file's length is a multiple of this.
const GRAIN: u64 = 64 << 10;

/// What a disk tells of itself, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Space {
    /// Its size.
    pub total: u64,
    /// What anybody may still write.
    pub free: u64,
}

/// Tells the space of the disk that a folder lies on.
type Measure = Box<dyn Fn(&Path) -> io::Result<Space> + Send + Sync>;

/// The reserve of one data directory, whose lock its owner holds.
pub struct Reserve {
    root: PathBuf,
    /// How large it is when all of it is there.
    size: u64,
    measure: Measure,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// How much of it is there now.
    laid: u64,
    /// What backups were allowed and have not written to its end.
    claimed: u64,
}

/// How it stands with the disk, in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The data directory.
    root: PathBuf,
    /// What is free, beside the reserve.
    pub free: u64,
    /// How much of the reserve is there.
    pub laid: u64,
    /// How large it should be.
    pub size: u64,
}

impl Reserve {
    /// The reserve of a data directory: laid where it is missing and there is room, given back where the disk is full.
    /// What goes wrong is told in the log; without a reserve all works as long as the disk has room.
    pub fn open(root: &Path) -> Self {
        Self::on(root, Box::new(space))
    }

    /// None at all, for a directory that is not written to.
    pub fn none(root: &Path) -> Self {
        Self { root: root.to_owned(), size: 0, measure: Box::new(space), state: Mutex::default() }
    }

    fn on(root: &Path, measure: Measure) -> Self {
        let total = measure(root).map_or(0, |space| space.total);
        let this = Self { root: root.to_owned(), size: size_on(total), measure, state: Mutex::default() };
        let found = std::fs::metadata(this.path()).ok().map(|facts| facts.len().min(facts.blocks() * 512));
        this.state().laid = found.unwrap_or_default();
        match found {
            Some(_) => this.refill(),
            None => this.lay_first(),
        }
        this.ensure(this.step());
        this
    }

    /// How much room a step that must go on may count on.
    fn step(&self) -> u64 {
        self.size / STEP
    }

    /// How much room the catalog's log takes ahead.
    pub fn log_room(&self) -> u64 {
        2 * self.step()
    }

    /// Sees to it that a step that must go on finds room. Whether some of the reserve was given back for it.
    pub fn ensure_step(&self) -> bool {
        self.ensure(self.step())
    }

    /// Sees to it that so many bytes can be written, as far as the reserve reaches. Whether some of it was given back.
    pub fn ensure(&self, bytes: u64) -> bool {
        let Some(space) = self.space() else { return false };
        if space.free >= bytes || self.size == 0 {
            return false;
        }
        let mut state = self.state();
        self.give_back(&mut state, bytes.max(self.step()) + self.step() - space.free, space.free)
    }

    /// Whether a restore onto `device` finds room for so many bytes in the reserve: on the disk of the data directory, and
    /// at most half of what there is. Somebody may need a few files more than anything, and has no other disk.
    pub fn lend(&self, device: u64, bytes: u64) -> bool {
        let here = std::fs::metadata(&self.root).is_ok_and(|facts| facts.dev() == device);
        let standing = self.standing();
        if !here || bytes > standing.free.saturating_add(standing.laid) / 2 {
            return false;
        }
        self.ensure(bytes.saturating_add(self.step()));
        true
    }

    /// The disk refused a write though it seemed to have room, as a quota does: the next try finds more.
    pub fn refused(&self) {
        let free = self.space().map_or(0, |space| space.free);
        let mut state = self.state();
        self.give_back(&mut state, 2 * self.step(), free);
    }

    /// Lays what is missing of the reserve, once it fits and leaves backups the room that they must leave.
    pub fn refill(&self) {
        let Some(space) = self.space() else { return };
        let mut state = self.state();
        if state.laid >= self.size || space.free + state.laid < 2 * self.size {
            return;
        }
        let before = state.laid;
        if self.lay(&mut state, self.size) {
            tracing::info!(bytes = self.size, before, "the reserve of the data directory's disk is laid");
        }
    }

    /// How it stands.
    pub fn standing(&self) -> Standing {
        // Of a disk that tells nothing nobody knows that it is full.
        let free = self.space().map_or(u64::MAX / 4, |space| space.free);
        Standing { root: self.root.clone(), free, laid: self.state().laid, size: self.size }
    }

    /// Whether some of the reserve is given back, or was never there.
    pub fn is_in_use(&self) -> bool {
        self.state().laid < self.size
    }

    /// Whether nothing can be written any more: the disk is full, and nothing of the reserve is left.
    pub fn is_exhausted(&self) -> bool {
        let standing = self.standing();
        standing.laid == 0 && standing.free < self.step()
    }

    /// On a directory that has none: all of it, or half of what is free.
    fn lay_first(&self) {
        let Some(space) = self.space() else { return };
        let fits = self.size.min(space.free / 2) / GRAIN * GRAIN;
        if fits >= 2 * self.step() && fits > 0 {
            self.lay(&mut self.state(), fits);
        }
    }

    /// Lets the file be as long as `to`. Whether it is.
    fn lay(&self, state: &mut State, to: u64) -> bool {
        let laid = state.laid;
        let written = self.file().and_then(|mut file| {
            // Whatever lies behind what counts has no blocks.
            file.set_len(laid)?;
            fill(&mut file, laid, to - laid).inspect_err(|_| {
                let _ = file.set_len(laid);
            })
        });
        match written {
            Ok(()) => state.laid = to,
            Err(error) => tracing::warn!(%error, "the reserve of the data directory's disk could not be laid"),
        }
        state.laid == to
    }

    /// Gives back as much of the reserve. Whether anything was.
    fn give_back(&self, state: &mut State, bytes: u64, free: u64) -> bool {
        if state.laid == 0 || bytes == 0 {
            return false;
        }
        let left = state.laid.saturating_sub(bytes) / GRAIN * GRAIN;
        // Synced, since some file systems let go of blocks only then.
        match self.file().and_then(|file| file.set_len(left).and_then(|()| file.sync_all())) {
            Ok(()) => {
                tracing::warn!(
                    free,
                    left,
                    "the disk of the data directory is full: the reserve is in use, and no backup starts"
                );
                state.laid = left;
                true
            }
            Err(error) => {
                tracing::error!(%error, "the disk is full, and the reserve could not be given back");
                false
            }
        }
    }

    /// Room for so many bytes of a backup, which leaves others what is theirs.
    fn admit(&self, state: &State, bytes: u64) -> Result<(), Standing> {
        let Some(space) = self.space() else { return Ok(()) };
        let standing = Standing { root: self.root.clone(), free: space.free, laid: state.laid, size: self.size };
        let after = (space.free + state.laid).checked_sub(state.claimed + bytes);
        if after.is_some_and(|after| after >= 2 * self.size) { Ok(()) } else { Err(standing) }
    }

    /// Whether a backup may begin; if not, how it stands.
    pub fn admits_backup(&self) -> Result<(), Standing> {
        self.admit(&self.state(), 0)
    }

    fn path(&self) -> PathBuf {
        self.root.join(NAME)
    }

    fn file(&self) -> io::Result<File> {
        OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(self.path())
    }

    fn space(&self) -> Option<Space> {
        (self.measure)(&self.root).inspect_err(|error| tracing::warn!(%error, "the disk does not tell its space")).ok()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }
}

impl Room for Reserve {
    fn claim(&self, bytes: u64) -> io::Result<()> {
        let mut state = self.state();
        self.admit(&state, bytes).map_err(|standing| io::Error::new(io::ErrorKind::StorageFull, standing))?;
        state.claimed += bytes;
        Ok(())
    }

    fn release(&self, bytes: u64) {
        let mut state = self.state();
        state.claimed = state.claimed.saturating_sub(bytes);
    }

    fn make_way(&self, bytes: u64) {
        self.ensure(bytes);
    }
}

impl fmt::Debug for Reserve {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Reserve").field("root", &self.root).field("size", &self.size).finish_non_exhaustive()
    }
}

impl Standing {
    /// Whether the disk has so little left that no backup starts.
    pub fn is_short(&self) -> bool {
        self.free.saturating_add(self.laid) < 2 * self.size
    }

    /// What a backup must leave free now.
    fn floor(&self) -> u64 {
        2 * self.size - self.laid
    }

    /// The same without the path, for those who may not know it.
    pub fn told(&self) -> String {
        let reserve = match self.laid {
            laid if laid == self.size => String::new(),
            0 => format!(" The reserve of {} is used up.", mebibytes(self.size)),
            laid => format!(" The reserve is in use: {} of {} are left.", mebibytes(laid), mebibytes(self.size)),
        };
        format!(
            "The disk of the data directory is full: {} are free, and backups must leave {}.{reserve} Lists, restores to \
             other disks and deletions go on; no backup starts. Delete recovery points that are not needed any more, or \
             make room otherwise.",
            mebibytes(self.free),
            mebibytes(self.floor())
        )
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "the disk of {} has {} free, and a backup must leave {} to restores and deletions",
            self.root.display(),
            mebibytes(self.free),
            mebibytes(self.floor())
        )
    }
}

impl std::error::Error for Standing {}

fn mebibytes(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20))
}

/// How large the reserve is on a disk of so many bytes.
fn size_on(total: u64) -> u64 {
    (total / SHARE).min(MOST) / GRAIN * GRAIN
}

fn space(root: &Path) -> io::Result<Space> {
    let facts = rustix::fs::statvfs(root)?;
    let bytes = |blocks: u64| blocks.saturating_mul(facts.f_frsize);
    Ok(Space { total: bytes(facts.f_blocks), free: bytes(facts.f_bavail) })
}

/// Takes blocks for `more` bytes behind the first `from` bytes of a file.
fn fill(file: &mut File, from: u64, more: u64) -> io::Result<()> {
    use rustix::io::Errno;
    match fallocate(&*file, FallocateFlags::empty(), from, more) {
        Err(Errno::OPNOTSUPP | Errno::NOSYS) => write_blocks(file, from, more),
        allocated => Ok(allocated?),
    }
}

/// The same where blocks cannot be asked for: they are written, with what no file system can make smaller.
fn write_blocks(file: &mut File, from: u64, more: u64) -> io::Result<()> {
    file.seek(io::SeekFrom::Start(from))?;
    let mut block = vec![0; GRAIN as usize];
    for _ in 0..more / GRAIN {
        getrandom::fill(&mut block).map_err(|error| io::Error::other(error.to_string()))?;
        file.write_all(&block)?;
    }
    file.sync_all()
}

#[cfg(test)]
#[path = "reserve_tests.rs"]
mod tests;
