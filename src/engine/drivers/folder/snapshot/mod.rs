//! Holding the file system of a folder still while the folder is read: a snapshot is read in its stead, and goes afterwards.
//!
//! What is read then is all of one moment, as if the power had gone. Without a snapshot each file is stored as it was when it
//! was read.
//!
//! A snapshot is named after the resource. The engine removes it when the backup ends, however that ends; one that a `kill -9`
//! left is found by that name and removed by the next backup of the resource, which is the same job at the engine's next start.

mod btrfs;
mod program;
#[cfg(test)]
mod tests;
mod zfs;

pub(in crate::engine::drivers) use btrfs::hidden_at;

use crate::domain::Invalid;
use crate::domain::types::location::{Location, Part};
use crate::engine::drivers::Fault;
use crate::engine::drivers::folder::mounts::mount_of;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long a program that makes or removes a snapshot may take without a word.
const PATIENCE: Duration = Duration::from_secs(300);

/// What a snapshot is called whose resource has no id yet.
const TRIAL: &str = "trial";

/// How a folder's file system is held still, as `--snapshot` says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::engine::drivers) enum Way {
    /// Not at all: `none`, and what is said where nothing is said.
    None,
    /// By whatever the file system has, else not at all: `auto`.
    Auto,
    /// By a snapshot of the btrfs subvolume.
    Btrfs,
    /// By a snapshot of the ZFS dataset.
    Zfs,
    /// By a program of the user's: see [`program`].
    Program(PathBuf),
}

impl Way {
    /// What a location says.
    pub(in crate::engine::drivers) fn of(location: &Location) -> Result<Self, Invalid> {
        match location.part(Part::Snapshot) {
            None | Some("none") => Ok(Self::None),
            Some("auto") => Ok(Self::Auto),
            Some("btrfs") => Ok(Self::Btrfs),
            Some("zfs") => Ok(Self::Zfs),
            Some(program) if program.starts_with('/') => Ok(Self::Program(program.into())),
            Some(other) => {
                let rule =
                    format_args!("must be auto, none, btrfs, zfs, or a program's absolute path, it is {other:?}");
                Err(Invalid::value("Snapshot", rule))
            }
        }
    }

    /// Tries at the registration of a folder what its backups will do: takes a snapshot and removes it.
    pub(in crate::engine::drivers) fn try_out(&self, folder: &Path) -> Result<(), Fault> {
        match self {
            // A backup goes without, and says so.
            Self::None | Self::Auto => Ok(()),
            _ => match self.take(folder, TRIAL)?.taken {
                Some(taken) => taken.remove(),
                None => Ok(()),
            },
        }
    }

    /// Takes a snapshot of what a folder lies on, named after `id`. What an earlier attempt left under that name goes first.
    pub(in crate::engine::drivers) fn take(&self, folder: &Path, id: &str) -> Result<Held, Fault> {
        let taken = match self {
            Self::None => return Ok(Held::default()),
            Self::Auto => return Ok(automatic(folder, id)),
            Self::Btrfs => btrfs::take(folder, id)?,
            Self::Zfs => zfs::take(folder, id)?,
            Self::Program(program) => program::take(program, folder, id)?,
        };
        Ok(Held { taken: Some(taken), lacks: None })
    }
}

/// A snapshot where the file system has such; a backup is worth more than one that is of one moment.
fn automatic(folder: &Path, id: &str) -> Held {
    let taken = match mount_of(folder) {
        Some(mount) if mount.file_system == btrfs::TYPE => btrfs::take(folder, id),
        Some(mount) if zfs::is_one(&mount) => zfs::take(folder, id),
        _ => return Held::default(),
    };
    match taken {
        Ok(taken) => Held { taken: Some(taken), lacks: None },
        Err(fault) => {
            let lacks = format!("no snapshot could be taken, so files may be of different moments: {fault}");
            Held { taken: None, lacks: Some(lacks) }
        }
    }
}

/// How a folder is held for a backup.
#[derive(Default)]
pub(in crate::engine::drivers) struct Held {
    /// The snapshot to read; the folder itself is read without one.
    pub(in crate::engine::drivers) taken: Option<Taken>,
    /// Why there is none, where there should have been one.
    pub(in crate::engine::drivers) lacks: Option<String>,
}

/// A snapshot that is there; it goes when this is dropped.
pub(in crate::engine::drivers) struct Taken {
    /// Where the folder lies in it.
    folder: PathBuf,
    /// How it goes; nothing once it is gone.
    remover: Option<Remover>,
}

enum Remover {
    Btrfs(btrfs::Snapshot),
    Zfs(zfs::Snapshot),
    Program(program::Snapshot),
}

impl Taken {
    /// Where the folder lies in it.
    pub(in crate::engine::drivers) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Removes it.
    pub(in crate::engine::drivers) fn remove(mut self) -> Result<(), Fault> {
        self.remover.take().map_or(Ok(()), Remover::remove)
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        if let Some(Err(fault)) = self.remover.take().map(Remover::remove) {
            tracing::warn!("A snapshot was left, until the next backup of its resource: {fault}");
        }
    }
}

impl Remover {
    fn remove(self) -> Result<(), Fault> {
        match self {
            Self::Btrfs(snapshot) => snapshot.remove(),
            Self::Zfs(snapshot) => snapshot.remove(),
            Self::Program(snapshot) => snapshot.remove(),
        }
    }
}
