//! Damage to a vault: it is told, it costs only itself, and no later snapshot is hollow by it.

mod any_file;
mod cost;
mod files;
mod packs;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use chrono::{DateTime, FixedOffset, TimeDelta};
use vaultdeck::repository::{
    BackupOutcome, BackupRequest, ChunkerParameters, Control, Id, LocalSource, LocalStorage, MasterKey, Options,
    Repository, RestoreOutcome, Storage,
};

use crate::support::counted::Counted;
use crate::support::wounds::change;
use crate::support::{self, restic, tree, whole};

/// A way of damaging a file, by its name.
type Way = (&'static str, fn(&Path));

/// A source that stays as it is, and a repository of many small packs.
struct Vault {
    folder: tempfile::TempDir,
    storage: fn(&Path) -> Arc<dyn Storage>,
    repository: Arc<Repository>,
    snapshots: Vec<Id>,
}

impl Vault {
    /// A source of some folders and files, backed up once.
    fn new() -> Self {
        Self::on(|path| Arc::new(LocalStorage::new(path)))
    }

    /// On a medium that forgets: a file looks untouched as long as its length is the same.
    fn on_rotting_medium() -> Self {
        Self::on(|path| Counted::blind(Arc::new(LocalStorage::new(path))))
    }

    fn on(storage: fn(&Path) -> Arc<dyn Storage>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let source = folder.path().join("source");
        for (number, name) in ["a", "deep/er/b", "deep/c", "other/d", "other/e"].into_iter().enumerate() {
            write(&source, name, number as u64, 90_000 + number * 1000);
        }
        let path = folder.path().join("repository");
        let repository = Repository::create(storage(&path), MasterKey::generate().unwrap(), options()).unwrap();
        repository.add_key_file(restic::PASSWORD, "tester", "test", moment(0)).unwrap();
        let mut vault = Self { folder, storage, repository: Arc::new(repository), snapshots: Vec::new() };
        vault.backup();
        vault
    }

    fn source(&self) -> PathBuf {
        self.folder.path().join("source")
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("repository")
    }

    /// As the next process opens it for reading: nothing is written.
    fn look(&mut self) {
        let storage = (self.storage)(&self.path());
        let key = MasterKey::from_bytes(&self.repository.key().to_bytes());
        self.repository = Arc::new(Repository::open(storage, key, options()).unwrap());
    }

    /// As the next process opens it; what it may mend is mended.
    fn reopen(&mut self) {
        self.look();
        self.repository.settle().unwrap();
    }

    fn backup(&mut self) -> BackupOutcome {
        let request = request(&self.source(), self.snapshots.last().copied(), self.snapshots.len());
        let source = LocalSource::new(&self.source()).unwrap();
        let outcome = self.repository.backup(&source, &request, &Control::new()).unwrap();
        self.snapshots.push(outcome.snapshot);
        outcome
    }

    fn restore(&self, snapshot: Id) -> (RestoreOutcome, tempfile::TempDir) {
        let target = tempfile::tempdir().unwrap();
        let outcome =
            self.repository.restore(&whole(snapshot, &self.source(), target.path()), &Control::new()).unwrap();
        (outcome, target)
    }

    /// The newest snapshot is exactly the source.
    fn assert_newest_is_the_source(&self) {
        let (outcome, target) = self.restore(*self.snapshots.last().unwrap());
        assert_eq!(outcome.failures, []);
        tree::assert_same(&self.source(), target.path());
    }

    fn check(&self) -> Vec<String> {
        let outcome = self.repository.check(true, &Control::new()).unwrap();
        outcome.problems.into_iter().map(|problem| format!("{}: {}", problem.what, problem.problem)).collect()
    }

    /// The files of a kind, the largest last.
    fn files(&self, kind: &str) -> Vec<PathBuf> {
        let mut files = support::files(&self.path(), kind);
        files.sort_by_key(|path| fs::metadata(path).unwrap().len());
        files
    }

    /// The pack that holds the folders, and one that holds data.
    fn packs(&self) -> (PathBuf, PathBuf) {
        let folders = self.repository.load_snapshot(self.snapshots.last().unwrap()).unwrap().tree;
        let pack = self.repository.find_blob(vaultdeck::repository::BlobKind::Tree, &folders).unwrap().pack;
        let trees = LocalStorage::new(self.path()).path(vaultdeck::repository::FileKind::Pack, &pack);
        let data = self.files("data").into_iter().rev().find(|path| *path != trees).unwrap();
        (trees, data)
    }
}

fn write(source: &Path, name: &str, seed: u64, length: usize) {
    let path = source.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, tree::noise(seed, length)).unwrap();
}

fn options() -> Options {
    Options { pack_size: 64 << 10, workers: 2, ..Options::default() }
}

fn moment(number: usize) -> DateTime<FixedOffset> {
    let start: DateTime<FixedOffset> = "2026-11-23T05:00:00Z".parse().unwrap();
    start + TimeDelta::minutes(number as i64)
}

/// Nothing counts as changed just now, so that only what must be is read again.
fn request(source: &Path, parent: Option<Id>, number: usize) -> BackupRequest {
    BackupRequest {
        paths: vec![source.to_owned()],
        parent,
        time: moment(number),
        started: SystemTime::now() + Duration::from_secs(60),
        hostname: "test".into(),
        username: "tester".into(),
        tags: Vec::new(),
        chunker: ChunkerParameters::Content { minimum: 2 << 10, average: 8 << 10, maximum: 64 << 10 },
    }
}

/// Only folders above the source may have changed meanwhile, by other tests.
fn assert_nothing_new(outcome: &BackupOutcome) {
    assert!(outcome.bytes_added < 1000, "{} bytes were stored again", outcome.bytes_added);
    assert_eq!(outcome.files_new + outcome.files_changed, 0);
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}
