//! Where files lie below the root, and what they are called until they are whole.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::repository::{FileKind, Id, Result, crypto};

/// Marks the temporary files of this program, so that only they are ever cleaned up.
pub(super) const TEMPORARY: &str = "-tmp-vaultdeck-";
/// The folder of the program's own files.
pub(super) const SIDE: &str = "vaultdeck";

/// Where a file lies below the root.
pub(super) fn place(kind: FileKind, id: &Id) -> PathBuf {
    let name = id.to_hex();
    let folder = Path::new(kind.folder());
    if kind == FileKind::Pack { folder.join(&name[..2]).join(name) } else { folder.join(name) }
}

/// Where a side file, or a folder of them, lies below the root.
pub(super) fn side(name: &str) -> PathBuf {
    Path::new(SIDE).join(name)
}

pub(super) fn pack_folders() -> impl Iterator<Item = PathBuf> {
    (0..=u8::MAX).map(|number| Path::new("data").join(format!("{number:02x}")))
}

pub(super) fn folders(kind: FileKind) -> Vec<PathBuf> {
    if kind == FileKind::Pack { pack_folders().collect() } else { vec![PathBuf::from(kind.folder())] }
}

/// A mark that tells this process's temporary files from those of one that died, which may have had the same number.
pub(super) fn own_mark() -> Result<&'static str> {
    static MARK: OnceLock<String> = OnceLock::new();
    if let Some(mark) = MARK.get() {
        return Ok(mark);
    }
    let mut bytes = [0; 8];
    crypto::random(&mut bytes)?;
    Ok(MARK.get_or_init(|| hex::encode(bytes)))
}

pub(super) fn temporary_name(path: &Path) -> Result<String> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let name = path.file_name().map(OsStr::to_string_lossy).unwrap_or_default();
    Ok(format!("{name}{TEMPORARY}{}-{}", own_mark()?, COUNT.fetch_add(1, Ordering::Relaxed)))
}

/// Whether a name is that of a file that is not whole yet, or never became so.
pub(super) fn is_temporary(name: &str) -> bool {
    name.contains(TEMPORARY)
}

/// Whether a name is that of a file which a process with another mark than this one's did not bring to its end.
pub(super) fn is_leftover(name: &OsStr, own: &str) -> bool {
    let mark = name.to_str().and_then(|name| name.split_once(TEMPORARY));
    mark.is_some_and(|(_, mark)| !mark.starts_with(own))
}
