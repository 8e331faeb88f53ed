//! A snapshot of a ZFS dataset, by the program `zfs`.
//!
//! It is read where ZFS shows it, in `.zfs/snapshot` of the dataset, or, where that is not to be had, through a clone that is
//! mounted for nobody else. Datasets below the folder are no part of it: each is told as not entered.

use super::{PATIENCE, Remover, Taken};
use crate::engine::drivers::Fault;
use crate::engine::drivers::child::Program;
use crate::engine::drivers::folder::mounts::{Mount, mount_of};
use crate::engine::keys::random;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// What the names of snapshots and clones begin with.
const PREFIX: &str = "vaultdeck-snapshot-";

/// How long a clone is unmounted again and again whose files were closed a moment ago.
const BUSY: Duration = Duration::from_secs(20);

/// A snapshot that is there, and perhaps a clone of it.
pub(super) struct Snapshot {
    dataset: String,
    name: String,
    /// The folder that was made for the clone's mount.
    scratch: Option<PathBuf>,
}

/// Whether a file system is one of ZFS's.
pub(super) fn is_one(mount: &Mount) -> bool {
    matches!(mount.file_system.as_str(), "zfs" | "fuse.zfs")
}

/// Takes a snapshot of the dataset that holds a folder.
pub(super) fn take(folder: &Path, id: &str) -> Result<Taken, Fault> {
    let mount = mount_of(folder).filter(is_one).ok_or_else(|| Fault::Unsupported {
        found: format!("--snapshot zfs for {}", folder.display()),
        needs: "a ZFS file system".to_owned(),
    })?;
    let snapshot = || Snapshot { dataset: mount.source.clone(), name: format!("{PREFIX}{id}"), scratch: None };
    snapshot().remove()?;
    let full = snapshot().full_name();
    let below = folder.strip_prefix(&mount.point).unwrap_or(Path::new(""));
    let shown = mount.point.join(".zfs/snapshot").join(format!("{PREFIX}{id}"));
    // Whatever fails from here on removes it.
    let mut taken = Taken { folder: within(&shown, below), remover: Some(Remover::Zfs(snapshot())) };
    zfs()?.arg("snapshot").arg(&full).run(PATIENCE)?;
    if !taken.folder.is_dir() {
        let scratch = scratch()?;
        let at = scratch.join("clone");
        taken.folder = within(&at, below);
        let cloned = Snapshot { scratch: Some(scratch), ..snapshot() };
        let clone = cloned.clone_name();
        taken.remover = Some(Remover::Zfs(cloned));
        let mountpoint = format!("mountpoint={}", at.display());
        zfs()?
            .arg("clone")
            .arg("-o")
            .arg(mountpoint)
            .arg("-o")
            .arg("readonly=on")
            .arg(&full)
            .arg(clone)
            .run(PATIENCE)?;
    }
    Ok(taken)
}

/// A path below another one, without a slash at its end.
fn within(root: &Path, below: &Path) -> PathBuf {
    if below.as_os_str().is_empty() { root.to_owned() } else { root.join(below) }
}

/// A folder that nobody else may enter.
fn scratch() -> Result<PathBuf, Fault> {
    let mut bytes = [0; 8];
    random(&mut bytes).map_err(|e| Fault::Failed(e.to_string()))?;
    let folder = std::env::temp_dir().join(format!("{PREFIX}{}", hex::encode(bytes)));
    let made = std::fs::DirBuilder::new().mode(0o700).create(&folder);
    made.map_err(|e| Fault::of_io(folder.display(), &e))?;
    folder.canonicalize().map_err(|e| Fault::of_io(folder.display(), &e))
}

fn zfs() -> Result<Program, Fault> {
    Program::named("zfs", "zfsutils-linux")
}

impl Snapshot {
    fn full_name(&self) -> String {
        format!("{}@{}", self.dataset, self.name)
    }

    fn clone_name(&self) -> String {
        format!("{}/{}", self.dataset, self.name)
    }

    /// Removes the clone and the snapshot, if they are there.
    pub(super) fn remove(self) -> Result<(), Fault> {
        let clone = self.clone_name();
        if let Some(at) = mountpoint(&clone)? {
            let until = Instant::now() + BUSY;
            while let Err(fault) = zfs()?.arg("destroy").arg(&clone).run(PATIENCE) {
                if Instant::now() > until {
                    return Err(fault);
                }
                std::thread::sleep(Duration::from_millis(100));
            }
            // What an earlier process made for it.
            let made = Path::new(&at).parent().filter(|made| made.starts_with(std::env::temp_dir()));
            if let Some(made) =
                made.filter(|made| made.file_name().is_some_and(|n| n.to_string_lossy().starts_with(PREFIX)))
            {
                let _ = std::fs::remove_dir(&at);
                let _ = std::fs::remove_dir(made);
            }
        }
        if let Some(scratch) = &self.scratch {
            let _ = std::fs::remove_dir(scratch);
        }
        if exists(&self.full_name(), "snapshot")? {
            zfs()?.arg("destroy").arg(self.full_name()).run(PATIENCE)?;
        }
        Ok(())
    }
}

/// Where a clone is mounted; none where there is no such clone.
fn mountpoint(clone: &str) -> Result<Option<String>, Fault> {
    if !exists(clone, "filesystem")? {
        return Ok(None);
    }
    let told = zfs()?.arg("get").arg("-H").arg("-o").arg("value").arg("mountpoint").arg(clone).run(PATIENCE)?;
    Ok(Some(String::from_utf8_lossy(&told.output).trim().to_owned()))
}

/// Whether there is a snapshot or a file system of a name, by the list of those of its dataset.
fn exists(name: &str, what: &str) -> Result<bool, Fault> {
    let dataset =
        name.split_once('@').map_or_else(|| name.rsplit_once('/').map_or(name, |(above, _)| above), |(of, _)| of);
    let listed = zfs()?.arg("list").arg("-H").arg("-d").arg("1").arg("-o").arg("name").arg("-t").arg(what).arg(dataset);
    let names = listed.run(PATIENCE)?.output;
    Ok(String::from_utf8_lossy(&names).lines().any(|line| line == name))
}
