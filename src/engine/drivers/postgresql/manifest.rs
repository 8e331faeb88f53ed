//! What a backup says of itself: `backup_manifest`, which names all its files and the log that they need.

use super::tree::Tree;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

/// What says which files there are and which log they need.
pub(super) const MANIFEST: &str = "backup_manifest";

/// The most that a manifest may have: some 150 bytes a file.
pub(super) const LARGEST_MANIFEST: usize = 512 << 20;

/// Files without which a server cannot recover.
const NEEDED: [&str; 3] = ["backup_label", "global/pg_control", "PG_VERSION"];

/// How many digits the name of a segment of the log has.
const SEGMENT_DIGITS: usize = 24;

/// What sums the contents of files here have.
const CRC32C: &str = "CRC32C";

/// The last line: the checksum of all that is before it.
const CHECKSUM: &str = "Manifest-Checksum";

/// The contents of files, by their paths.
pub(super) type Contents = HashMap<PathBuf, Content>;

/// What files became that did not come whole, by the paths that they came under.
pub(super) type AllMade = HashMap<PathBuf, Made>;

/// A file that was put together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Made {
    /// Its path in the cluster.
    pub(super) path: PathBuf,
    pub(super) content: Content,
}

/// What a file has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Content {
    pub(super) size: u64,
    /// Its CRC-32C.
    pub(super) sum: u32,
}

/// `backup_manifest`. PostgreSQL reads the version first.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Manifest {
    #[serde(rename = "PostgreSQL-Backup-Manifest-Version", skip_serializing_if = "Option::is_none")]
    version: Option<u64>,
    /// From version 17 of the server on.
    #[serde(rename = "System-Identifier", skip_serializing_if = "Option::is_none")]
    pub(super) system_identifier: Option<u64>,
    pub(super) files: Vec<ManifestFile>,
    #[serde(rename = "WAL-Ranges")]
    ranges: Vec<Range>,
    #[serde(flatten)]
    more: serde_json::Map<String, serde_json::Value>,
}

/// A file, as the manifest tells it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ManifestFile {
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    /// In hexadecimal digits, of a path that is not UTF-8.
    #[serde(rename = "Encoded-Path", skip_serializing_if = "Option::is_none")]
    encoded_path: Option<String>,
    pub(super) size: u64,
    #[serde(rename = "Checksum-Algorithm", skip_serializing_if = "Option::is_none")]
    algorithm: Option<String>,
    /// Its bytes in hexadecimal digits, the lowest first.
    #[serde(skip_serializing_if = "Option::is_none")]
    checksum: Option<String>,
    #[serde(flatten)]
    more: serde_json::Map<String, serde_json::Value>,
}

impl ManifestFile {
    /// The sum of its content, if it is of the sort that is known here.
    pub(super) fn sum(&self) -> Option<u32> {
        let bytes = hex::decode(self.checksum.as_deref()?).ok()?;
        let is_known = self.algorithm.as_deref() == Some(CRC32C);
        bytes.try_into().ok().filter(|_| is_known).map(u32::from_le_bytes)
    }

    /// The same of another path and content.
    fn become_file(&mut self, Made { path, content: Content { size, sum } }: &Made) {
        (self.path, self.encoded_path) = match path.to_str() {
            Some(path) => (Some(path.to_owned()), None),
            None => (None, Some(hex::encode(path.as_os_str().as_bytes()))),
        };
        (self.size, self.algorithm) = (*size, Some(CRC32C.to_owned()));
        self.checksum = Some(hex::encode(sum.to_le_bytes()));
    }

    /// Refuses what came of it under a path, where that is another content.
    fn check(&self, path: &Path, came: &Contents) -> Result<(), String> {
        let Some(came) = came.get(path) else { return Err(format!("{} did not come", path.display())) };
        if came.size != self.size {
            return Err(format!("{} should have {} bytes and has {}", path.display(), self.size, came.size));
        }
        match self.sum() {
            // A server writes it in the order of its own bytes.
            Some(sum) if sum != came.sum && sum.swap_bytes() != came.sum => {
                Err(format!("what came of {} is not what its checksum is of", path.display()))
            }
            None if self.algorithm.as_deref() == Some(CRC32C) => {
                Err(format!("its backup_manifest has a checksum of {} that is none", path.display()))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn path(&self) -> Result<PathBuf, String> {
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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

    /// The manifest of what was put together, instead of what came: the sizes and sums of these files. What they were put together of has
    /// to be what this one says that was sent.
    pub(super) fn of_whole(mut self, came: &Contents, all: &AllMade) -> Result<Vec<u8>, String> {
        let mut named = 0;
        for file in &mut self.files {
            let path = file.path()?;
            let Some(made) = all.get(&path) else { continue };
            file.check(&path, came)?;
            if file.sum().is_none() {
                return Err(format!("its backup_manifest has no checksum of {} that is known", path.display()));
            }
            file.become_file(made);
            named += 1;
        }
        if named != all.len() {
            return Err("its backup_manifest does not name each file of which changes came once".to_owned());
        }
        self.more.remove(CHECKSUM);
        let mut text = serde_json::to_vec(&self).map_err(|error| format!("its backup_manifest: {error}"))?;
        text.pop();
        text.extend_from_slice(b",\n");
        let checksum = hex::encode(Sha256::digest(&text));
        text.extend_from_slice(format!("\"{CHECKSUM}\": \"{checksum}\"}}\n").as_bytes());
        Ok(text)
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

    /// The same, if all of it is of one timeline.
    pub(super) fn only_range(&self) -> Option<&Range> {
        if let [range] = self.ranges.as_slice() { Some(range) } else { None }
    }

    /// Refuses a tree from which no server could recover: every file of the manifest has to be there with its size and checksum, and some
    /// log.
    pub(super) fn check(&self, tree: &Tree, contents: &Contents) -> Result<(), String> {
        for file in &self.files {
            let path = file.path()?;
            let there = tree.size_of(&path);
            if there != Some(file.size) {
                let there = there.map_or("is not there".to_owned(), |size| format!("has {size} bytes"));
                return Err(format!("{} should have {} bytes and {there}", path.display(), file.size));
            }
            file.check(&path, contents)?;
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
        whole(without, longer).0
    }

    /// The same with the contents of its files.
    fn whole(without: &[u8], longer: &[u8]) -> (Tree, Contents) {
        let (mut tree, mut contents) = (Tree::new(Path::new("/data")), Contents::new());
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
            contents.insert(OsStr::from_bytes(path).into(), Content { size, sum: 7 });
        }
        (tree, contents)
    }

    #[test]
    fn a_tree_is_whole_when_every_file_of_the_manifest_is_there_and_some_log() {
        let manifest = Manifest::read(MANIFEST.as_bytes()).unwrap();
        let check = |manifest: &Manifest, (tree, contents): (Tree, Contents)| manifest.check(&tree, &contents);
        assert_eq!(check(&manifest, whole(b"", b"")), Ok(()));
        let range = Range { timeline: 1, start: "0/2000028".to_owned(), end: "0/2000100".to_owned() };
        assert_eq!(manifest.range(), Some(&range));
        for (without, longer, told) in [
            (&b"PG_VERSION"[..], &b""[..], "PG_VERSION should have 3 bytes and is not there"),
            (b"", b"global/pg_control", "global/pg_control should have 8192 bytes and has 8193"),
            (b"\xff", b"", "should have 2 bytes"),
            (b"pg_wal/000000010000000000000002", b"", "no write-ahead log"),
        ] {
            let refused = check(&manifest, whole(without, longer)).unwrap_err();
            assert!(refused.contains(told), "{refused}");
        }
        let summed = |sum: &str| {
            let told = format!(r#""Size": 3, "Checksum-Algorithm": "CRC32C", "Checksum": "{sum}""#);
            check(&Manifest::read(MANIFEST.replace("\"Size\": 3", &told).as_bytes()).unwrap(), whole(b"", b""))
        };
        assert_eq!(summed("07000000"), Ok(()));
        assert!(summed("08000000").unwrap_err().contains("what came of PG_VERSION is not"));
        assert!(summed("07").unwrap_err().contains("a checksum of PG_VERSION that is none"));
    }

    #[test]
    fn what_was_put_together_is_named_instead_of_what_came_and_the_last_line_is_the_sum_of_the_others() {
        let came = r#"{"PostgreSQL-Backup-Manifest-Version": 2, "System-Identifier": 7712801043400539083, "Files": [
            {"Path": "INCREMENTAL.1", "Size": 12, "Last-Modified": "then", "Checksum-Algorithm": "CRC32C", "Checksum": "dac55f1e"},
            {"Path": "2", "Size": 3, "Last-Modified": "then", "Checksum-Algorithm": "SHA224", "Checksum": "ab"}],
            "WAL-Ranges": [{"Timeline": 1, "Start-LSN": "0/2", "End-LSN": "0/3"}], "Manifest-Checksum": "00"}"#;
        let content = Content { size: 8192, sum: 0x0102_0304 };
        let made = || [("INCREMENTAL.1".into(), Made { path: "1".into(), content })].into();
        let sent = |size, sum| [("INCREMENTAL.1".into(), Content { size, sum })].into();
        let of_whole = |sent, made| Manifest::read(came.as_bytes()).unwrap().of_whole(&sent, &made);
        let sum = u32::from_le_bytes([0xda, 0xc5, 0x5f, 0x1e]);
        let written = of_whole(sent(12, sum), made()).unwrap();
        let read = Manifest::read(&written).unwrap();
        let files: Vec<_> = read.files.iter().map(|file| (file.path().unwrap(), file.size, file.sum())).collect();
        assert_eq!(files, [("1".into(), 8192, Some(0x0102_0304)), ("2".into(), 3, None)]);
        let text = String::from_utf8(written).unwrap();
        let begin = r#"{"PostgreSQL-Backup-Manifest-Version":2,"System-Identifier":7712801043400539083,"Files":["#;
        assert!(text.starts_with(begin) && text.contains(r#""Checksum":"04030201","Last-Modified":"then""#), "{text}");
        let (before, last) = text.trim_end().rsplit_once('\n').unwrap();
        let sum = hex::encode(Sha256::digest(format!("{before}\n")));
        assert_eq!(last, format!("\"Manifest-Checksum\": \"{sum}\"}}"));
    }

    #[test]
    fn what_was_put_together_of_something_else_than_was_sent_is_refused() {
        let told = |sum: &str| {
            let file = format!(r#"{{"Path": "INCREMENTAL.1", "Size": 12, {sum}}}"#);
            Manifest::read(format!(r#"{{"Files": [{file}], "WAL-Ranges": []}}"#).as_bytes()).unwrap()
        };
        let known = r#""Checksum-Algorithm": "CRC32C", "Checksum": "04000000""#;
        let content = Content { size: 8192, sum: 1 };
        let made = |path: &str| -> AllMade { [(path.into(), Made { path: "1".into(), content })].into() };
        let sent = |size, sum| -> Contents { [("INCREMENTAL.1".into(), Content { size, sum })].into() };
        let all = made("INCREMENTAL.1");
        assert!(told(known).of_whole(&sent(12, 4), &all).is_ok());
        for (sum, came, made, why) in [
            (known, sent(12, 5), &all, "is not what its checksum is of"),
            (known, sent(13, 4), &all, "should have 12 bytes and has 13"),
            (known, Contents::new(), &all, "did not come"),
            (
                r#""Checksum-Algorithm": "SHA224", "Checksum": "04""#,
                sent(12, 4),
                &all,
                "no checksum of INCREMENTAL.1 that is known",
            ),
            (known, sent(12, 4), &made("INCREMENTAL.2"), "does not name each file"),
        ] {
            let refused = told(sum).of_whole(&came, made).unwrap_err();
            assert!(refused.contains(why), "{refused}");
        }
    }

    #[test]
    fn what_a_server_needs_has_to_be_there_though_no_manifest_names_it() {
        let silent = r#"{"Files": [], "WAL-Ranges": [{"Timeline": 1, "Start-LSN": "0/2", "End-LSN": "0/3"}]}"#;
        let silent = Manifest::read(silent.as_bytes()).unwrap();
        assert_eq!(silent.check(&tree(b"", b""), &Contents::new()), Ok(()));
        for needed in NEEDED {
            assert_eq!(
                silent.check(&tree(needed.as_bytes(), b""), &Contents::new()),
                Err(format!("{needed} is not there"))
            );
        }
        let rangeless = Manifest::read(br#"{"Files": [], "WAL-Ranges": []}"#).unwrap();
        assert!(rangeless.check(&tree(b"", b""), &Contents::new()).unwrap_err().contains("which log"));
        assert!(Manifest::read(b"{").unwrap_err().contains("cannot be read"));
    }
}
