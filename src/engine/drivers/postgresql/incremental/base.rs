//! The recovery point that a backup builds on.

use super::super::manifest::{LARGEST_MANIFEST, MANIFEST, Manifest};
use super::super::tree::{PIECE, ROOT};
use super::super::wal::{parse_place, shown};
use super::{Asked, History};
use crate::engine::drivers::{Before, Fault, Inside};
use crate::repository::{BlobKind, Id, ItemPath, Node, Repository};
use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What a recovery point has of a file.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(in super::super) struct Old {
    pub(in super::super) size: u64,
    pub(in super::super) sum: u32,
    pub(in super::super) pieces: Vec<Id>,
}

/// A recovery point of the same cluster on which a backup can build.
pub(in super::super) struct Base {
    repository: Arc<Repository>,
    snapshot: Id,
    root: Id,
    manifest: Vec<u8>,
    history: History,
    files: HashMap<PathBuf, (u64, Option<u32>)>,
    /// The packs that are what they were when they were read last.
    proven: HashSet<Id>,
    /// The folder that was looked into last: files come folder by folder.
    looked: Option<(PathBuf, HashMap<Vec<u8>, Node>)>,
}

impl Base {
    /// The recovery point before, if the server went on from there and can tell what changed since. The inner error says why not.
    pub(super) fn of(before: Before<'_>, asked: Asked<'_>) -> Result<Result<Self, String>, Fault> {
        let folder = before.folder.unwrap_or(ROOT.trim_start_matches('/'));
        let root = ItemPath::root().join(folder.as_bytes());
        let found = match read(&before.inside(&root)) {
            Ok(Some(found)) => found,
            Ok(None) => return Ok(Err("the recovery point before has no manifest".to_owned())),
            Err(fault) => return Ok(Err(fault.to_string())),
        };
        let (manifest, root) = found;
        let read = Manifest::read(&manifest).and_then(|manifest| Ok((History::of(&manifest)?, manifest)));
        let (history, named) = match read.and_then(|read| read.0.is_of(asked.identity).map(|()| read)) {
            Ok(read) => read,
            Err(why) => return Ok(Err(why)),
        };
        let there = asked.session.traces(asked.traces)?;
        if let Some(doubt) = asked.traces.doubt(&there, &manifest, &asked.server.checksums) {
            return Ok(Err(doubt));
        }
        let begun = shown(parse_place(history.begin()).unwrap_or_default());
        if !asked.session.is_summarized(&begun)? {
            return Ok(Err(format!(
                "the server has no summary of its log from {begun} on, where the backup before began (summaries are kept for wal_summary_keep_time)"
            )));
        }
        let files = named.files.iter().filter_map(|file| Some((file.path().ok()?, (file.size, file.sum())))).collect();
        let (repository, snapshot) = (Arc::clone(before.repository), before.snapshot);
        Ok(Ok(Self { repository, snapshot, root, manifest, history, files, proven: HashSet::new(), looked: None }))
    }

    /// The manifest that the server is told, once.
    pub(in super::super) fn take_manifest(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.manifest)
    }

    /// Of what history it is.
    pub(in super::super) fn history(&self) -> &History {
        &self.history
    }

    /// What there is of a file; nothing where not all of it is known and can be read.
    pub(in super::super) fn old(&mut self, path: &Path) -> Result<Option<Old>, Fault> {
        let Some((size, Some(sum))) = self.files.get(path).copied() else { return Ok(None) };
        let Some(node) = self.node(path)? else { return Ok(None) };
        let fits = node.is_file() && node.size == size && node.content.len() as u64 == size.div_ceil(PIECE.into());
        for (place, id) in (0..).zip(node.content.iter().filter(|_| fits)) {
            if !self.is_sound(id, u64::from(PIECE).min(size - place * u64::from(PIECE)))? {
                return Ok(None);
            }
        }
        Ok(fits.then_some(Old { size, sum, pieces: node.content }))
    }

    /// Whether a piece has so many bytes and can be counted on.
    fn is_sound(&mut self, id: &Id, length: u64) -> Result<bool, Fault> {
        loop {
            let found = self.repository.find_blob(BlobKind::Data, id).ok();
            let Some(place) = found.filter(|_| self.repository.is_readable(BlobKind::Data, id)) else {
                return Ok(false);
            };
            let fits = u64::from(place.content_length()) == length;
            if !fits || self.proven.contains(&place.pack) {
                return Ok(fits);
            }
            let proven = self.repository.prove(&place.pack);
            if !proven.map_err(|error| Fault::Failed(error.to_string()))? {
                return Ok(false);
            }
            // What turned out to be lost of it is not readable any more.
            self.proven.insert(place.pack);
        }
    }

    /// The content of a piece.
    pub(in super::super) fn piece(&self, id: &Id) -> Result<Vec<u8>, Fault> {
        self.with(|inside| inside.piece(id))
    }

    fn node(&mut self, path: &Path) -> Result<Option<Node>, Fault> {
        let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else { return Ok(None) };
        if self.looked.as_ref().is_none_or(|(looked, _)| looked != folder) {
            let mut nodes = self.nodes(&self.root)?;
            for part in folder {
                let tree = nodes.get(part.as_bytes()).and_then(|node| node.subtree);
                nodes = tree.map_or_else(|| Ok(HashMap::new()), |tree| self.nodes(&tree))?;
            }
            self.looked = Some((folder.to_owned(), nodes));
        }
        let found = |(_, nodes): &(PathBuf, HashMap<Vec<u8>, Node>)| nodes.get(OsStr::as_bytes(name)).cloned();
        Ok(self.looked.as_ref().and_then(found))
    }

    fn nodes(&self, tree: &Id) -> Result<HashMap<Vec<u8>, Node>, Fault> {
        let page = self.with(|inside| inside.items_of(tree, usize::MAX))?;
        Ok(page.nodes.into_iter().map(|node| (node.name.clone(), node)).collect())
    }

    fn with<T>(&self, look: impl FnOnce(&Inside<'_>) -> T) -> T {
        look(&Inside { repository: &self.repository, snapshot: self.snapshot, root: &ItemPath::root() })
    }
}

/// The manifest of a recovery point, and the folder that it is in.
fn read(inside: &Inside<'_>) -> Result<Option<(Vec<u8>, Id)>, Fault> {
    let manifest = inside.read(&ItemPath::root().join(MANIFEST.as_bytes()), LARGEST_MANIFEST as u64)?;
    manifest.map(|manifest| Ok((manifest, inside.tree()?))).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::drivers::crc32c::crc32c;
    use crate::repository::{BackupRequest, ChunkerParameters, Control, LocalSource, LocalStorage, MasterKey, Options};

    /// A recovery point with files of these sizes in `base/5`, of each of which the manifest says the right thing.
    fn base(folder: &Path, sizes: &[(&str, usize)]) -> Base {
        let files = folder.join("base/5");
        std::fs::create_dir_all(&files).unwrap();
        let mut named = HashMap::new();
        for (name, size) in sizes {
            let content: Vec<u8> =
                (0..*size as u32).flat_map(|at| (at ^ *size as u32).to_le_bytes()).take(*size).collect();
            std::fs::write(files.join(name), &content).unwrap();
            named.insert(Path::new("base/5").join(name), (*size as u64, Some(crc32c(&[&content]))));
        }
        let storage = Arc::new(LocalStorage::new(folder.join("repository")));
        let repository = Repository::create(storage, MasterKey::generate().unwrap(), Options::default()).unwrap();
        let request = BackupRequest {
            paths: vec![folder.join("base")],
            parent: None,
            time: "2026-11-23T05:00:00Z".parse().unwrap(),
            started: std::time::SystemTime::now(),
            hostname: "server".to_owned(),
            username: "tests".to_owned(),
            tags: Vec::new(),
            chunker: ChunkerParameters::FILES,
        };
        let stored = repository.backup(&LocalSource::new(folder).unwrap(), &request, &Control::new()).unwrap();
        let (repository, snapshot, root) =
            (Arc::new(repository), stored.snapshot, ItemPath::from_path(folder).unwrap());
        let root = Inside { repository: &repository, snapshot, root: &root }.tree().unwrap();
        let told = r#"{"System-Identifier": 7, "Files": [],
            "WAL-Ranges": [{"Timeline": 1, "Start-LSN": "0/2000028", "End-LSN": "0/2000100"}]}"#;
        let history = History::of(&Manifest::read(told.as_bytes()).unwrap()).unwrap();
        let (manifest, proven) = (Vec::new(), HashSet::new());
        Base { repository, snapshot, root, manifest, history, files: named, proven, looked: None }
    }

    #[test]
    fn only_files_of_which_all_is_known_and_readable_are_built_on() {
        let folder = tempfile::tempdir().unwrap();
        let mut base =
            base(folder.path(), &[("1", 20_000), ("2", 30_000), ("3", 40_000), ("4", 700_000), ("7", 65_536)]);
        let path = |name: &str| Path::new("base/5").join(name);
        let good = base.old(&path("1")).unwrap().unwrap();
        assert_eq!((good.size, Some(good.sum), good.pieces.len()), (20_000, base.files[&path("1")].1, 1));
        assert_eq!(base.piece(&good.pieces[0]).unwrap().len(), 20_000);

        // What the manifest says of it is not what is stored, or nothing.
        base.files.insert(path("2"), (29_999, Some(1)));
        base.files.insert(path("3"), (40_000, None));
        base.files.insert(path("5"), (1, Some(1)));
        // (as long as one more piece)
        base.files.insert(path("7"), (131_072, Some(1)));
        // It is not cut where pages end.
        for name in ["2", "3", "4", "5", "6", "7"] {
            assert_eq!(base.old(&path(name)).unwrap(), None, "{name}");
        }
    }

    #[test]
    fn what_is_damaged_is_not_built_on() {
        let folder = tempfile::tempdir().unwrap();
        let mut base = base(folder.path(), &[("1", 20_000)]);
        let id = base.old(Path::new("base/5/1")).unwrap().unwrap().pieces[0];
        base.proven.clear();
        let pack = base.repository.find_blob(BlobKind::Data, &id).unwrap().pack.to_hex();
        let file = folder.path().join("repository/data").join(&pack[..2]).join(&pack);
        let mut bytes = std::fs::read(&file).unwrap();
        bytes[9_000] ^= 1;
        std::fs::remove_file(&file).unwrap();
        std::fs::write(&file, bytes).unwrap();
        assert_eq!(base.old(Path::new("base/5/1")).unwrap(), None);
    }
}
