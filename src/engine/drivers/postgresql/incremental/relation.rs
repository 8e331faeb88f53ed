//! The names of the files of relations, of which alone the server sends the pages that changed.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Component, Path, PathBuf};

/// What stands before the name of a file of which only these come.
const PREFIX: &[u8] = b"INCREMENTAL.";

/// The folder of the relations of all databases, and the one with a folder for each database.
const SHARED: &str = "global";
const DATABASES: &str = "base";

/// The forks besides the main one, with what ends their names.
const FORKS: [&[u8]; 3] = [b"fsm", b"init", MAP];

/// The visibility map.
const MAP: &[u8] = b"vm";

/// A file of a relation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Relation {
    /// Where it lies in the cluster.
    pub(in super::super) path: PathBuf,
    /// Whether only its changed pages come under the path that was asked about.
    pub(in super::super) changes: bool,
    /// Whether it is of a visibility map.
    pub(in super::super) is_map: bool,
    /// Whether it is behind the first segment.
    pub(in super::super) is_later: bool,
}

impl Relation {
    /// The file that comes under a path of the archive, if it is one of a relation.
    pub(in super::super) fn of(path: &[u8]) -> Option<Self> {
        let path = Path::new(OsStr::from_bytes(path.strip_prefix(b"./").unwrap_or(path)));
        let (folder, came) = (path.parent()?, path.file_name()?.as_bytes());
        let parts: Vec<&[u8]> = folder.components().map(plain).collect::<Option<_>>()?;
        let is_theirs = match parts.as_slice() {
            [shared] => *shared == SHARED.as_bytes(),
            [databases, database] => *databases == DATABASES.as_bytes() && is_number(database),
            _ => false,
        };
        let name = came.strip_prefix(PREFIX).unwrap_or(came);
        let (rest, segment) = split(name, b'.');
        let (number, fork) = split(rest, b'_');
        let is_name = is_number(number)
            && fork.is_none_or(|fork| FORKS.contains(&fork))
            && segment.is_none_or(|segment| is_number(segment) && segment != b"0");
        (is_theirs && is_name).then(|| Self {
            path: folder.join(OsStr::from_bytes(name)),
            changes: name.len() < came.len(),
            is_map: fork == Some(MAP),
            is_later: segment.is_some(),
        })
    }
}

fn plain(part: Component<'_>) -> Option<&[u8]> {
    if let Component::Normal(part) = part { Some(part.as_bytes()) } else { None }
}

fn split(name: &[u8], at: u8) -> (&[u8], Option<&[u8]>) {
    let place = name.iter().position(|byte| *byte == at);
    place.map_or((name, None), |place| (&name[..place], Some(&name[place + 1..])))
}

fn is_number(digits: &[u8]) -> bool {
    !digits.is_empty() && digits.iter().all(u8::is_ascii_digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_relations_are_told_from_all_others() {
        let relation =
            |path: &str, changes, is_map, is_later| Relation { path: path.into(), changes, is_map, is_later };
        for (path, expected) in [
            ("base/5/INCREMENTAL.16384.1", relation("base/5/16384.1", true, false, true)),
            ("./global/INCREMENTAL.1262", relation("global/1262", true, false, false)),
            ("base/5/INCREMENTAL.16384_vm", relation("base/5/16384_vm", true, true, false)),
            ("base/5/16384_vm.3", relation("base/5/16384_vm.3", false, true, true)),
            ("base/5/16384_fsm", relation("base/5/16384_fsm", false, false, false)),
        ] {
            assert_eq!(Relation::of(path.as_bytes()), Some(expected), "{path}");
        }
        for other in [
            "INCREMENTAL.16384",
            "INCREMENTAL.conf",
            "base/INCREMENTAL.16384",
            "base/5/sub/INCREMENTAL.16384",
            "base/x/INCREMENTAL.16384",
            "base/../INCREMENTAL.16384",
            "pg_wal/INCREMENTAL.16384",
            "base/5/INCREMENTAL.",
            "base/5/INCREMENTAL.notes",
            "base/5/INCREMENTAL.16384_other",
            "base/5/INCREMENTAL.16384.0",
            "base/5/PG_VERSION",
            "global/pg_control",
            "INCREMENTAL.1/16384",
        ] {
            assert_eq!(Relation::of(other.as_bytes()), None, "{other}");
        }
    }
}
