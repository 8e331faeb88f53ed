//! Backing up: restic reads all that we wrote, what did not change is not read, and nothing is lost in silence.

mod crash;
mod deep;
mod incremental;
mod outcomes;
pub mod watched;
mod whole;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use vaultdeck::repository::{
    BackupOutcome, BackupRequest, ChunkerParameters, Control, Error, Id, LocalSource, LocalStorage, MasterKey, Node,
    Options, Repository, TreeSource,
};

use crate::support::{self, restic};

/// A source, and a repository of our own.
struct Scene {
    folder: tempfile::TempDir,
    repository: Arc<Repository>,
}

impl Scene {
    fn of(fill: impl FnOnce(&Path)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let source = folder.path().join("source");
        fs::create_dir(&source).unwrap();
        fill(&source);
        let repository = support::create(&folder.path().join("repository"));
        Self { folder, repository }
    }

    fn source(&self) -> PathBuf {
        self.folder.path().join("source")
    }

    fn repository_path(&self) -> PathBuf {
        self.folder.path().join("repository")
    }

    /// Opens the repository again, as the next process would.
    fn reopen(&mut self) {
        self.repository = support::open(&self.repository_path());
    }

    fn local(&self) -> LocalSource {
        LocalSource::new(&self.source()).unwrap()
    }

    fn request(&self, parent: Option<Id>) -> BackupRequest {
        request(&self.source(), parent)
    }

    fn try_backup(&self, source: &dyn TreeSource, parent: Option<Id>) -> Result<BackupOutcome, Error> {
        self.repository.backup(source, &self.request(parent), &Control::new())
    }

    fn backup(&self, parent: Option<Id>) -> BackupOutcome {
        self.try_backup(&self.local(), parent).unwrap()
    }

    fn restic(&self) -> restic::Restic {
        restic::Restic::on(&self.repository_path())
    }
}

/// A request whose source's clock is well ahead, so that nothing counts as changed just now.
fn request(source: &Path, parent: Option<Id>) -> BackupRequest {
    // A second backup is later, so that restic knows which is the latest.
    let time = if parent.is_some() { "2026-11-24T05:00:00+01:00" } else { "2026-11-23T05:00:00+01:00" };
    BackupRequest {
        paths: vec![source.to_owned()],
        parent,
        time: time.parse().unwrap(),
        started: SystemTime::now() + Duration::from_secs(60),
        hostname: "bastion".into(),
        username: "tester".into(),
        tags: vec!["point-1".into()],
        chunker: ChunkerParameters::FILES,
    }
}

/// A repository with other options.
fn create_with(folder: &Path, options: Options) -> Arc<Repository> {
    let storage = Arc::new(LocalStorage::new(folder));
    let repository = Repository::create(storage, MasterKey::generate().unwrap(), options).unwrap();
    repository.add_key_file(restic::PASSWORD, "tester", "test", "2026-11-23T05:00:00Z".parse().unwrap()).unwrap();
    Arc::new(repository)
}

/// The paths of issues or notes, from the source's root.
fn names<'a>(root: &Path, paths: impl Iterator<Item = &'a PathBuf>) -> Vec<String> {
    paths.map(|path| path.strip_prefix(root).unwrap().display().to_string()).collect()
}

/// The node at a path of a snapshot.
fn node_at(scene: &Scene, snapshot: &Id, path: &Path) -> Node {
    let tree = scene.repository.load_snapshot(snapshot).unwrap().tree;
    let mut node = Node { subtree: Some(tree), ..Node::default() };
    for name in path.strip_prefix("/").unwrap() {
        let folder = scene.repository.load_tree(&node.subtree.unwrap()).unwrap();
        node = folder.find(name.as_encoded_bytes()).unwrap().clone();
    }
    node
}

/// The node at a path below the source's root.
fn node(scene: &Scene, snapshot: &Id, name: &str) -> Node {
    node_at(scene, snapshot, &scene.source().join(name))
}
