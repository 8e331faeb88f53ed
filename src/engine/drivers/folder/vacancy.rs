//! The folder that a restore writes into: whether it may, and whether there is room.
//!
//! A path is judged when the restore is asked for, and is from then on canonical. The folder is opened when the job runs,
//! which may be much later: without following a link, so that it is what was judged, or the job fails.

use crate::engine::caller::RestoreRoots;
use crate::engine::drivers::Fault;
use crate::repository::{Identity, OpenFolder};
use std::path::{Component, Path, PathBuf};

/// How much must stay free beyond what a restore needs, for what other programs write meanwhile.
pub(in crate::engine::drivers) const RESERVE: u64 = 16 << 20;

/// Tells how many bytes the file system of a folder has left.
pub(in crate::engine::drivers) type Free<'a> = &'a dyn Fn(&OpenFolder) -> std::io::Result<u64>;

/// Whether the file system of a folder gives so many bytes all the same, though what must stay free would not stay so.
pub(in crate::engine::drivers) type Lend<'a> = &'a dyn Fn(&OpenFolder, u64) -> bool;

/// A folder that a caller named: absent or empty, and [`allowed`].
pub(in crate::engine::drivers) fn given(path: &Path, roots: &RestoreRoots, data_dir: &Path) -> Result<PathBuf, Fault> {
    let resolved = allowed(path, roots, data_dir)?;
    let shown = path.display();
    let unusable = |e: std::io::Error| refuse(format!("{shown} cannot be used: {e}"));
    let nearest = OpenFolder::nearest(&resolved).map_err(unusable)?;
    if nearest.path() == resolved && !nearest.is_empty().map_err(unusable)? {
        return Err(refuse(format!("{shown} must be an empty folder, or not exist yet")));
    }
    Ok(resolved)
}

/// A path that a caller named: inside what the caller may write to, and clear of the data directory. Symbolic links on the way
/// are resolved before that is judged.
pub(in crate::engine::drivers) fn allowed(
    path: &Path,
    roots: &RestoreRoots,
    data_dir: &Path,
) -> Result<PathBuf, Fault> {
    let shown = path.display();
    if !path.is_absolute() || path.components().any(|part| matches!(part, Component::ParentDir)) {
        return Err(refuse(format!("{shown} must be an absolute path without ..")));
    }
    let resolved = resolve(path).map_err(|e| refuse(format!("{shown} cannot be used: {e}")))?;
    let roots = match roots {
        RestoreRoots::Any => RestoreRoots::Any,
        RestoreRoots::Below(roots) => {
            RestoreRoots::Below(roots.iter().map(|root| resolve(root).unwrap_or_else(|_| root.clone())).collect())
        }
    };
    if !roots.allow(&resolved) {
        return Err(Fault::Denied(format!(
            "vaultdeck:path {shown} lies outside of the folders that restores over the network may write to"
        )));
    }
    if resolved.starts_with(data_dir) || data_dir.starts_with(&resolved) {
        return Err(refuse(format!("{shown} must lie neither inside nor above the engine's data directory")));
    }
    Ok(resolved)
}

/// Refuses a path that a caller named.
fn refuse(rule: String) -> Fault {
    Fault::Failed(format!("Invalid Metadata: vaultdeck:path {rule}"))
}

/// The path with its existing part made canonical.
fn resolve(path: &Path) -> std::io::Result<PathBuf> {
    let mut existing = path;
    let mut rest = Vec::new();
    loop {
        match existing.canonicalize() {
            Ok(canonical) => return Ok(rest.iter().rev().fold(canonical, |path, name| path.join(name))),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let (Some(parent), Some(name)) = (existing.parent(), existing.file_name()) else { return Err(error) };
                // A dangling link is not an absent folder.
                if existing.is_symlink() {
                    return Err(error);
                }
                rest.push(name);
                existing = parent;
            }
            Err(error) => return Err(error),
        }
    }
}

/// Opens the folder of a restore that has written nothing yet: made now or empty, reached without a link, and with room for
/// `needed` bytes and [`RESERVE`]. Nothing is made where there is no room.
///
/// `free` tells how many bytes the file system of a folder has left, and `lend` is asked where they are too few.
pub(in crate::engine::drivers) fn open_vacant(
    target: &Path,
    needed: u64,
    free: Free<'_>,
    lend: Lend<'_>,
) -> Result<OpenFolder, Fault> {
    let shown = target.display();
    let unusable = |e: std::io::Error| unusable(target, &e);
    let full = || Fault::Failed(format!("Cannot restore into {shown}: it is not empty."));
    let nearest = OpenFolder::nearest(target).map_err(unusable)?;
    if nearest.path() == target && !nearest.is_empty().map_err(unusable)? {
        return Err(full());
    }
    let free = free(&nearest).map_err(unusable)?;
    if free < needed.saturating_add(RESERVE) && !lend(&nearest, needed) {
        return Err(Fault::Failed(format!(
            "Not enough space to restore into {shown}: {needed} bytes are needed, {free} are free. Nothing was written."
        )));
    }
    let opened = OpenFolder::open_or_make(target).map_err(unusable)?;
    // Somebody may have made it meanwhile, and put something there.
    if opened.is_empty().map_err(unusable)? { Ok(opened) } else { Err(full()) }
}

/// Opens the folder that an earlier attempt of a restore wrote into; another one in its place is not written to.
pub(in crate::engine::drivers) fn open_again(target: &Path, before: Identity) -> Result<OpenFolder, Fault> {
    let opened = OpenFolder::open(target).map_err(|e| unusable(target, &e))?;
    if opened.identity() == before {
        return Ok(opened);
    }
    let shown = target.display();
    Err(Fault::Failed(format!(
        "Cannot go on restoring into {shown}: it is not the folder any more that this job wrote into before."
    )))
}

fn unusable(target: &Path, error: &std::io::Error) -> Fault {
    Fault::of_io(format_args!("Cannot restore into {}", target.display()), error)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(path: &Path, roots: &RestoreRoots, data: &Path) -> String {
        given(path, roots, data).unwrap_err().to_string()
    }

    #[test]
    fn an_absent_or_empty_folder_is_taken_and_a_full_one_refused() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        let data = root.join("data");
        std::fs::create_dir_all(root.join("full/x")).unwrap();
        std::fs::create_dir(root.join("empty")).unwrap();
        for name in ["empty", "absent", "absent/deeper"] {
            assert_eq!(given(&root.join(name), &RestoreRoots::Any, &data).unwrap(), root.join(name));
        }
        assert!(message(&root.join("full"), &RestoreRoots::Any, &data).contains("must be an empty folder"));
        assert!(message(&data.join("x"), &RestoreRoots::Any, &data).contains("data directory"));
        assert!(message(&root, &RestoreRoots::Any, &data).contains("data directory"));
        assert!(message(Path::new("relative"), &RestoreRoots::Any, &data).contains("absolute"));
        assert!(message(&root.join("a/../b"), &RestoreRoots::Any, &data).contains("without .."));
    }

    #[test]
    fn a_link_does_not_lead_out_of_the_allowed_folders() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        std::fs::create_dir_all(root.join("allowed")).unwrap();
        std::fs::create_dir_all(root.join("elsewhere")).unwrap();
        std::os::unix::fs::symlink(root.join("elsewhere"), root.join("allowed/link")).unwrap();
        std::os::unix::fs::symlink(root.join("nowhere"), root.join("allowed/dangling")).unwrap();
        let roots = RestoreRoots::Below(vec![root.join("allowed")]);
        let data = root.join("data");
        assert!(given(&root.join("allowed/new"), &roots, &data).is_ok());
        assert!(message(&root.join("allowed/link/new"), &roots, &data).contains("outside"));
        assert!(message(&root.join("elsewhere/new"), &roots, &data).contains("outside"));
        assert!(given(&root.join("allowed/dangling"), &roots, &data).is_err());
    }

    #[test]
    fn room_is_asked_for_with_the_reserve_before_anything_is_made() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().canonicalize().unwrap().join("a/target");
        let enough = 1000 + (16 << 20);
        let refused = open_vacant(&target, 1000, &|_| Ok(enough - 1), &|_, _| false).unwrap_err();
        let message = refused.to_string();
        assert!(message.starts_with("Not enough space") && message.contains("1000 bytes are needed"), "{message}");
        assert!(!target.parent().unwrap().exists(), "nothing was made");
        assert!(open_vacant(&target, u64::MAX, &|_| Ok(u64::MAX - 1), &|_, _| false).is_err());
        let asked = |_: &OpenFolder, needed: u64| needed == 1000;
        assert!(open_vacant(&target, 1001, &|_| Ok(0), &asked).is_err());
        assert!(open_vacant(&target, 1000, &|_| Ok(0), &asked).is_ok());
        assert_eq!(open_vacant(&target, 1000, &|_| Ok(enough), &|_, _| false).unwrap().path(), target);
    }

    #[test]
    fn a_link_that_came_after_the_judgement_is_refused_at_every_level() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        let outside = root.join("outside");
        std::fs::create_dir_all(outside.join("b/target")).unwrap();
        let roots = RestoreRoots::Below(vec![root.join("allowed")]);
        for level in ["", "a", "a/b", "a/b/target"] {
            let allowed = root.join("allowed");
            std::fs::create_dir_all(&allowed).unwrap();
            let target = given(&allowed.join("a/b/target"), &roots, Path::new("/data")).unwrap();
            let planted = allowed.join(level).components().collect::<PathBuf>();
            std::fs::create_dir_all(planted.parent().unwrap()).unwrap();
            if level.is_empty() {
                std::fs::remove_dir(&allowed).unwrap();
            }
            std::os::unix::fs::symlink(&outside, &planted).unwrap();

            let refused = open_vacant(&target, 0, &|_| Ok(u64::MAX), &|_, _| false).unwrap_err().to_string();

            assert!(refused.contains(&format!("{} is a symbolic link now", planted.display())), "{refused}");
            let made = std::fs::read_dir(&outside).unwrap().count();
            assert_eq!((made, std::fs::read_dir(outside.join("b/target")).unwrap().count()), (1, 0));
            std::fs::remove_file(&planted).unwrap();
            let _ = std::fs::remove_dir_all(&allowed);
        }
    }

    #[test]
    fn a_later_attempt_goes_on_in_the_same_folder_only() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().canonicalize().unwrap().join("target");
        let before = open_vacant(&target, 0, &|_| Ok(u64::MAX), &|_, _| false).unwrap().identity();
        std::fs::write(target.join("written"), "x").unwrap();
        assert!(
            open_vacant(&target, 0, &|_| Ok(u64::MAX), &|_, _| false).unwrap_err().to_string().contains("not empty")
        );
        assert_eq!(open_again(&target, before).unwrap().identity(), before);
        std::fs::rename(&target, folder.path().join("aside")).unwrap();
        std::fs::create_dir(&target).unwrap();
        assert!(open_again(&target, before).unwrap_err().to_string().contains("not the folder any more"));
    }

    #[test]
    fn a_full_folder_is_refused_before_room_is_looked_for_and_one_that_fills_up_meanwhile_too() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        let [full, filling] = ["full", "filling"].map(|name| root.join(name));
        std::fs::create_dir(&full).unwrap();
        std::fs::write(full.join("there"), "x").unwrap();
        let refused = open_vacant(&full, 0, &|_| panic!("room is looked for"), &|_, _| false).unwrap_err();
        assert!(refused.to_string().contains("not empty"), "{refused}");
        std::fs::create_dir(&filling).unwrap();
        let fill = |_: &OpenFolder| std::fs::write(filling.join("came"), "x").map(|()| u64::MAX);
        let refused = open_vacant(&filling, 0, &fill, &|_, _| false).unwrap_err();
        assert!(refused.to_string().contains("not empty"), "{refused}");
    }
}
