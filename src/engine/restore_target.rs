//! The folder that a restore writes into: whether it may, and whether there is room.

use crate::engine::RestoreRoots;
use crate::engine::error::{Error, Result};
use std::path::{Component, Path, PathBuf};

/// A folder that a caller named: absent or empty, inside what the caller may write to, and clear of the data directory.
/// Symbolic links on the way are resolved before that is judged.
pub(crate) fn given(path: &Path, roots: &RestoreRoots, data_dir: &Path) -> Result<PathBuf> {
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
        return Err(Error::access_denied(format!(
            "vaultdeck:path {shown} lies outside of the folders that restores over the network may write to"
        )));
    }
    if resolved.starts_with(data_dir) || data_dir.starts_with(&resolved) {
        return Err(refuse(format!("{shown} must lie neither inside nor above the engine's data directory")));
    }
    if !is_vacant(&resolved).map_err(|e| refuse(format!("{shown} cannot be used: {e}")))? {
        return Err(refuse(format!("{shown} must be an empty folder, or not exist yet")));
    }
    Ok(resolved)
}

fn refuse(rule: String) -> Error {
    Error::invalid_parameter(format!("Invalid Metadata: vaultdeck:path {rule}"))
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

/// Whether a folder is absent or empty.
pub(crate) fn is_vacant(path: &Path) -> std::io::Result<bool> {
    match std::fs::read_dir(path) {
        Ok(mut entries) => Ok(entries.next().is_none()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(true),
        Err(error) => Err(error),
    }
}

/// How many bytes are free where `path` is or will be.
pub(crate) fn free_space(path: &Path) -> std::io::Result<u64> {
    let existing = path.ancestors().find(|ancestor| ancestor.exists()).unwrap_or(path);
    let facts = rustix::fs::statvfs(existing)?;
    Ok(facts.f_bavail.saturating_mul(facts.f_frsize))
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
}
