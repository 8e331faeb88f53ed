//! What a backup says of itself: `backup_manifest`, which names all its files and the log that they need.

use super::tree::Tree;
use serde::Deserialize;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::PathBuf;

/// Files without which a server cannot recover.
const NEEDED: [&str; 3] = ["backup_label", "global/pg_control", "PG_VERSION"];

/// How many digits the name of a segment of the log has.
const SEGMENT_DIGITS: usize = 24;

/// `backup_manifest`, as far as it is needed.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Manifest {
    files: Vec<ManifestFile>,
    #[serde(rename = "WAL-Ranges")]
    ranges: Vec<Range>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ManifestFile {
    path: Option<String>,
    /// In hexadecimal digits, of a path that is not UTF-8.
    #[serde(rename = "Encoded-Path")]
    encoded_path: Option<String>,
    size: u64,
}

impl ManifestFile {
    fn path(&self) -> Result<PathBuf, String> {
        match (&self.path, &self.encoded_path) {
            (Some(path), _) => Ok(path.into()),
            (None, Some(encoded)) => {
                let bytes = hex::decode(encoded).map_err(|_| "its backup_manifest has a path that is none")?;
                Ok(OsString::from_vec(bytes).into())
            }
            (None, None) => Err("its backup_manifest has a file without a path".to_owned()),
        }
    }
}

/// A part of the log that is needed to recover.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Range {
    pub(super) timeline: u64,
    #[serde(rename = "Start-LSN")]
    pub(super) start: String,
    #[serde(rename = "End-LSN")]
    pub(super) end: String,
}

impl Manifest {
    pub(super) fn read(bytes: &[u8]) -> Result<Self, String> {
        serde_json::from_slice(bytes).map_err(|error| format!("its backup_manifest cannot be read: {error}"))
    }

    /// Whether it names a file.
    pub(super) fn names(&self, path: &str) -> bool {
        self.files.iter().any(|file| file.path.as_deref() == Some(path))
    }

    /// How many files it names.
    pub(super) fn len(&self) -> usize {
        self.files.len()
    }

    /// Where the backup begins and ends in the log.
    pub(super) fn range(&self) -> Option<&Range> {
        self.ranges.last()
    }

    /// Refuses a tree from which no server could recover: every file of the manifest has to be there with its size, and some log.
    pub(super) fn check(&self, tree: &Tree) -> Result<(), String> {
        for file in &self.files {
            let path = file.path()?;
            let there = tree.size_of(&path);
            if there != Some(file.size) {
                let there = there.map_or("is not there".to_owned(), |size| format!("has {size} bytes"));
                return Err(format!("{} should have {} bytes and {there}", path.display(), file.size));
            }
        }
        if let Some(missing) = NEEDED.iter().find(|path| tree.size_of(path).is_none()) {
            return Err(format!("{missing} is not there"));
        }
        let is_segment =
            |name: &OsStr| name.len() == SEGMENT_DIGITS && name.as_bytes().iter().all(u8::is_ascii_hexdigit);
        if !tree.names("pg_wal").any(|name| is_segment(name)) {
            return Err("there is no write-ahead log in pg_wal".to_owned());
        }
        if self.ranges.is_empty() {
            return Err("its backup_manifest does not say which log it needs".to_owned());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::drivers::postgresql::tar::{Entry, Kind};
    use std::path::Path;

    const MANIFEST: &str = r#"{"PostgreSQL-Backup-Manifest-Version": 1, "Files": [
        {"Path": "backup_label", "Size": 1, "Last-Modified": "2026-11-26 14:00:00 GMT"},
        {"Path": "PG_VERSION", "Size": 3}, {"Path": "global/pg_control", "Size": 8192},
        {"Encoded-Path": "ff", "Size": 2}],
        "WAL-Ranges": [{"Timeline": 1, "Start-LSN": "0/2000028", "End-LSN": "0/2000100"}],
        "Manifest-Checksum": "00"}"#;

    /// A whole tree, but for one path or with one size changed.
    fn tree(without: &[u8], longer: &[u8]) -> Tree {
        let mut tree = Tree::new(Path::new("/data"));
        let entries: [(&[u8], Kind, u64); 8] = [
            (b"backup_label", Kind::File, 1),
            (b"PG_VERSION", Kind::File, 3),
            (b"global", Kind::Folder, 0),
            (b"global/pg_control", Kind::File, 8192),
            (b"\xff", Kind::File, 2),
            (b"pg_wal", Kind::Folder, 0),
            (b"pg_wal/archive_status", Kind::Folder, 0),
            (b"pg_wal/000000010000000000000002", Kind::File, 16 << 20),
        ];
        for (path, kind, size) in entries.into_iter().filter(|(path, ..)| *path != without) {
            let size = size + u64::from(path == longer);
            tree.add(&Entry { path: path.to_vec(), kind, size, mode: 0, uid: 0, gid: 0, modified: 0 }).unwrap();
        }
        tree
    }

    #[test]
    fn a_tree_is_whole_when_every_file_of_the_manifest_is_there_and_some_log() {
        let manifest = Manifest::read(MANIFEST.as_bytes()).unwrap();
        assert_eq!(manifest.check(&tree(b"", b"")), Ok(()));
        let range = Range { timeline: 1, start: "0/2000028".to_owned(), end: "0/2000100".to_owned() };
        assert_eq!(manifest.range(), Some(&range));
        for (without, longer, told) in [
            (&b"PG_VERSION"[..], &b""[..], "PG_VERSION should have 3 bytes and is not there"),
            (b"", b"global/pg_control", "global/pg_control should have 8192 bytes and has 8193"),
            (b"\xff", b"", "should have 2 bytes"),
            (b"pg_wal/000000010000000000000002", b"", "no write-ahead log"),
        ] {
            let refused = manifest.check(&tree(without, longer)).unwrap_err();
            assert!(refused.contains(told), "{refused}");
        }
    }

    #[test]
    fn what_a_server_needs_has_to_be_there_though_no_manifest_names_it() {
        let silent = r#"{"Files": [], "WAL-Ranges": [{"Timeline": 1, "Start-LSN": "0/2", "End-LSN": "0/3"}]}"#;
        let silent = Manifest::read(silent.as_bytes()).unwrap();
        assert_eq!(silent.check(&tree(b"", b"")), Ok(()));
        for needed in NEEDED {
            assert_eq!(silent.check(&tree(needed.as_bytes(), b"")), Err(format!("{needed} is not there")));
        }
        let rangeless = Manifest::read(br#"{"Files": [], "WAL-Ranges": []}"#).unwrap();
        assert!(rangeless.check(&tree(b"", b"")).unwrap_err().contains("which log"));
        assert!(Manifest::read(b"{").unwrap_err().contains("cannot be read"));
    }
}
