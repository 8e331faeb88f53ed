//! A read-only snapshot of a btrfs subvolume, by the program `btrfs`.
//!
//! It lies in the subvolume itself, the one place that is surely on the same file system, and no source sees it ([`HIDDEN`]).
//! Subvolumes below the folder are no part of a snapshot: each is told as not entered, as in a backup without one.

use super::{PATIENCE, Remover, Taken};
use crate::engine::drivers::Fault;
use crate::engine::drivers::child::Program;
use crate::engine::drivers::folder::mounts::mount_of;
use crate::repository::{Hidden, Identity, OpenFolder};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// What the system calls it.
pub(super) const TYPE: &str = "btrfs";

/// By which number `statfs` tells it.
const MAGIC: u64 = 0x9123_683e;

/// The number of a subvolume's root, which nothing else has.
const ROOT: u64 = 256;

/// The number of the empty folder that a snapshot has in the place of another subvolume.
const HOLLOW: u64 = 2;

/// What the names of snapshots begin with.
const PREFIX: &str = ".vaultdeck-snapshot-";

/// Snapshots of this engine and of others, also as a snapshot holds them.
const HIDDEN: Hidden = Hidden { prefix: PREFIX, inodes: [ROOT, HOLLOW] };

/// A snapshot that is there.
pub(super) struct Snapshot(PathBuf);

/// What the sources of a folder pass over in silence. Every backup asks: it is the folder's file system that is looked at, not
/// the table of all that is mounted.
pub(in crate::engine::drivers) fn hidden_at(folder: &Path) -> Option<Hidden> {
    rustix::fs::statfs(folder).is_ok_and(|facts| facts.f_type as u64 == MAGIC).then_some(HIDDEN)
}

/// Takes a snapshot of the subvolume that holds a folder.
pub(super) fn take(folder: &Path, id: &str) -> Result<Taken, Fault> {
    let subvolume = subvolume_of(folder)?;
    let at = subvolume.join(format!("{PREFIX}{id}"));
    Snapshot(at.clone()).remove()?;
    let below = folder.strip_prefix(&subvolume).unwrap_or(Path::new(""));
    let within = if below.as_os_str().is_empty() { at.clone() } else { at.join(below) };
    // Whatever fails from here on removes it.
    let taken = Taken { folder: within, remover: Some(Remover::Btrfs(Snapshot(at.clone()))) };
    btrfs()?.arg("subvolume").arg("snapshot").arg("-r").arg(&subvolume).arg(&at).run(PATIENCE)?;
    // In a snapshot everything keeps its number.
    if look(taken.folder())?.inode != look(folder)?.inode {
        return Err(Fault::Failed(format!(
            "The folder {} was replaced while its snapshot was taken.",
            folder.display()
        )));
    }
    Ok(taken)
}

impl Snapshot {
    /// Removes it, if it is there; what somebody else put in its place stays, and is in the way.
    pub(super) fn remove(self) -> Result<(), Fault> {
        let shown = self.0.display();
        match std::fs::symlink_metadata(&self.0) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(Fault::of_io(shown, &error)),
            Ok(status) if !status.is_dir() || status.ino() != ROOT => {
                Err(Fault::Failed(format!("{shown} is in the way of a snapshot, and is none: remove it.")))
            }
            Ok(_) => btrfs()?.arg("subvolume").arg("delete").arg(&self.0).run(PATIENCE).map(drop),
        }
    }
}

fn btrfs() -> Result<Program, Fault> {
    Program::named("btrfs", "btrfs-progs")
}

fn look(folder: &Path) -> Result<Identity, Fault> {
    let opened = OpenFolder::look(folder).map_err(|e| Fault::of_io(folder.display(), &e))?;
    Ok(opened.identity())
}

/// The root of the subvolume that a folder lies in.
fn subvolume_of(folder: &Path) -> Result<PathBuf, Fault> {
    let mount = mount_of(folder);
    let mount = mount.filter(|mount| mount.file_system == TYPE).ok_or_else(|| Fault::Unsupported {
        found: format!("--snapshot btrfs for {}", folder.display()),
        needs: "a btrfs file system".to_owned(),
    })?;
    let device = look(folder)?.device;
    for above in folder.ancestors().take_while(|above| above.starts_with(&mount.point)) {
        let identity = look(above)?;
        if identity.device == device && identity.inode == ROOT {
            return Ok(above.to_owned());
        }
    }
    let shown = mount.point.display();
    Err(Fault::Failed(format!("The subvolume of {} is not mounted as a whole at {shown}.", folder.display())))
}
