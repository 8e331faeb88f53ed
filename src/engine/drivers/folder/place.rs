//! Which folders can be a file system's data: an existing one on one file system, neither inside nor above the data
//! directory, by its canonical path.

use crate::domain::Invalid;
use crate::engine::drivers::folder::mounts::mounts;
use std::path::Path;

/// The canonical path of a folder that can be backed up, as text; neither inside nor above the data directory.
pub(super) fn check_source(path: &Path, data_dir: &Path) -> Result<String, Invalid> {
    if !path.is_absolute() {
        return Err(invalid(format!("{} is not an absolute path", path.display())));
    }
    let real = path.canonicalize().map_err(|e| invalid(format!("{}: {e}", path.display())))?;
    if !real.is_dir() {
        return Err(invalid(format!("{} is not a folder", real.display())));
    }
    if real.starts_with(data_dir) || data_dir.starts_with(&real) {
        return Err(invalid(format!(
            "{} lies inside or above the engine's data directory {}: backups would hold themselves",
            real.display(),
            data_dir.display()
        )));
    }
    let mut points = mounts().into_iter().map(|mount| mount.point);
    if let Some(mount) = points.find(|mount| mount != &real && mount.starts_with(&real) && mount.is_dir()) {
        return Err(invalid(format!(
            "another file system is mounted inside it, at {}; register that one on its own, and a folder beside it",
            mount.display()
        )));
    }
    real.into_os_string().into_string().map_err(|path| invalid(format!("{} is not UTF-8", path.display())))
}

fn invalid(rule: String) -> Invalid {
    Invalid::value("Path", rule)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    #[test]
    fn a_folder_is_made_canonical() {
        let folder = tempfile::tempdir().unwrap();
        let (real, link) = (folder.path().join("real"), folder.path().join("link"));
        std::fs::create_dir(&real).unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        let path = check_source(&link, Path::new("/nowhere")).unwrap();
        assert_eq!(PathBuf::from(path), real.canonicalize().unwrap());
    }

    #[test]
    fn what_cannot_be_backed_up_is_refused_with_the_reason() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        let data = root.join("data");
        std::fs::create_dir(&data).unwrap();
        std::fs::write(root.join("file"), "").unwrap();
        let cases = [
            (PathBuf::from("relative"), "is not an absolute path"),
            (root.join("missing"), "No such file"),
            (root.join("file"), "is not a folder"),
            (root.clone(), "inside or above the engine's data directory"),
            (data.clone(), "inside or above the engine's data directory"),
            (PathBuf::from("/"), "inside or above"),
        ];
        for (path, reason) in cases {
            let error = check_source(&path, &data).unwrap_err().to_string();
            assert!(error.starts_with("Invalid Path: ") && error.contains(reason), "{error}");
        }
    }
}
