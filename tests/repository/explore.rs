//! Looking through snapshots: what is different, where something is, and how little is read for it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use vaultdeck::repository::explore::{Barren, Comparison, Search, Side, Step, What};
use vaultdeck::repository::{BackupRequest, ChunkerParameters, Control, Id, ItemPath, LocalSource, Repository};

use crate::support::{create, tree};

struct Fixture {
    folder: tempfile::TempDir,
    repository: Arc<Repository>,
    seconds: u32,
}

impl Fixture {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let repository = create(&folder.path().join("repository"));
        fs::create_dir(folder.path().join("source")).unwrap();
        Self { folder, repository, seconds: 0 }
    }

    fn source(&self) -> PathBuf {
        self.folder.path().join("source")
    }

    fn write(&self, path: &str, content: &str) {
        let path = self.source().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// Backs the source up into a repository; the list of its root's items.
    fn snapshot_in(&mut self, repository: &Repository) -> Id {
        self.seconds += 1;
        let source = self.source();
        let request = BackupRequest {
            paths: vec![source.clone()],
            parent: None,
            time: format!("2026-11-23T05:00:{:02}Z", self.seconds).parse().unwrap(),
            started: SystemTime::now(),
            hostname: "test".into(),
            username: "tester".into(),
            tags: Vec::new(),
            chunker: ChunkerParameters::FILES,
        };
        let made = repository.backup(&LocalSource::new(&source).unwrap(), &request, &Control::new()).unwrap();
        repository.tree_of_folder(&made.snapshot, &ItemPath::from_path(&source).unwrap()).unwrap()
    }

    fn snapshot(&mut self) -> Id {
        let repository = Arc::clone(&self.repository);
        self.snapshot_in(&repository)
    }
}

fn side(repository: &Repository, tree: Id) -> Side<'_> {
    Side { repository, tree }
}

/// All differences, and how many lists were read for them. Each walk is broken off after `steps` and gone on with by another.
fn compare(before: Side<'_>, after: Side<'_>, steps: usize) -> (Vec<(String, What)>, usize) {
    let (mut found, mut last, mut read) = (Vec::new(), None, 0);
    'walks: loop {
        let mut walk = Comparison::new(before, after, last.clone()).unwrap();
        let mut left = steps;
        loop {
            match walk.step().unwrap() {
                Step::Found(told) => found.push((told.path.to_string(), told.what)),
                Step::Nothing => {}
                Step::End => return (found, read + walk.read()),
            }
            left = left.saturating_sub(1);
            if left == 0 && walk.last() != last.as_ref() {
                last = walk.last().cloned();
                read += walk.read();
                continue 'walks;
            }
        }
    }
}

fn expected(told: &[(&str, What)]) -> Vec<(String, What)> {
    told.iter().map(|(path, what)| ((*path).to_owned(), *what)).collect()
}

#[test]
fn what_was_added_removed_and_changed_is_told_in_the_order_of_the_paths() {
    let mut fixture = Fixture::new();
    for path in ["a/same", "a/grows", "b/gone/deep", "b/rights", "c", "d/file"] {
        fixture.write(path, path);
    }
    let before = fixture.snapshot();
    fixture.write("a/grows", "it has grown");
    fixture.write("a/new/one", "new");
    fs::remove_dir_all(fixture.source().join("b/gone")).unwrap();
    fs::set_permissions(fixture.source().join("b/rights"), fs::Permissions::from_mode(0o600)).unwrap();
    fs::remove_file(fixture.source().join("c")).unwrap();
    fixture.write("c/now-a-folder", "c");
    let after = fixture.snapshot();
    let told = [
        ("/a/grows", What::Content),
        ("/a/new", What::Added),
        ("/a/new/one", What::Added),
        ("/b/gone", What::Removed),
        ("/b/gone/deep", What::Removed),
        ("/b/rights", What::Metadata),
        ("/c", What::Content),
        ("/c/now-a-folder", What::Added),
    ];
    let repository = Arc::clone(&fixture.repository);
    let (old, new) = (side(&repository, before), side(&repository, after));
    assert_eq!(compare(old, new, usize::MAX).0, expected(&told));
    for steps in 1..12 {
        assert_eq!(compare(old, new, steps).0, expected(&told), "broken off after {steps} steps");
    }
    assert_eq!(compare(new, new, usize::MAX), (Vec::new(), 0), "the same is not read at all");
}

#[test]
fn only_folders_that_changed_are_read() {
    let mut fixture = Fixture::new();
    for folder in 0..40 {
        fixture.write(&format!("f{folder:02}/x/file"), "content");
    }
    let before = fixture.snapshot();
    fixture.write("f07/x/file", "other content");
    let after = fixture.snapshot();
    let repository = Arc::clone(&fixture.repository);
    let (told, read) = compare(side(&repository, before), side(&repository, after), usize::MAX);
    assert_eq!(told, expected(&[("/f07/x/file", What::Content)]));
    assert_eq!(read, 6, "root, f07 and x, of each side");
}

#[test]
fn between_two_repositories_length_and_time_tell_whether_a_file_changed() {
    let mut fixture = Fixture::new();
    fixture.write("a/same", "same");
    fixture.write("a/other", "before");
    let other = create(&fixture.folder.path().join("other"));
    let before = fixture.snapshot_in(&other);
    fixture.write("a/other", "afterwards");
    let after = fixture.snapshot();
    let repository = Arc::clone(&fixture.repository);
    let (told, _) = compare(side(&other, before), side(&repository, after), usize::MAX);
    assert_eq!(told, expected(&[("/a/other", What::Content)]));
}

#[test]
fn every_kind_of_item_is_compared_and_names_of_any_bytes() {
    let mut fixture = Fixture::new();
    let before = fixture.snapshot();
    tree::everything(&fixture.source());
    let after = fixture.snapshot();
    let repository = Arc::clone(&fixture.repository);
    let (old, new) = (side(&repository, before), side(&repository, after));
    let (added, _) = compare(old, new, usize::MAX);
    assert!(added.len() > 10 && added.iter().all(|(_, what)| *what == What::Added), "{added:?}");
    let (removed, _) = compare(new, old, 3);
    let paths = |told: &[(String, What)]| told.iter().map(|(path, _)| path.clone()).collect::<Vec<_>>();
    assert_eq!(paths(&added), paths(&removed));
}

/// What is found in a tree, and how many lists were read for it.
fn search(
    repository: &Repository,
    tree: Id,
    name: &str,
    mut barren: Option<&mut Barren>,
    last: Option<ItemPath>,
) -> (Vec<String>, usize) {
    let mut walk = Search::new(repository, tree, last).unwrap();
    let mut found = Vec::new();
    loop {
        let wanted = |path: &ItemPath, _: &_| path.components().last().is_some_and(|last| last == name.as_bytes());
        match walk.step(wanted, barren.as_deref_mut()).unwrap() {
            Step::Found((path, _)) => found.push(path.to_string()),
            Step::Nothing => {}
            Step::End => return (found, walk.read()),
        }
    }
}

#[test]
fn a_name_is_found_everywhere_and_folders_without_it_are_read_once_over_all_snapshots() {
    let mut fixture = Fixture::new();
    for folder in 0..20 {
        fixture.write(&format!("f{folder:02}/x/other"), "content");
    }
    fixture.write("f03/x/wanted", "first");
    let first = fixture.snapshot();
    fixture.write("f03/x/wanted", "second");
    fixture.write("wanted/wanted", "a folder of that name, and in it");
    let second = fixture.snapshot();
    let repository = Arc::clone(&fixture.repository);
    let mut barren = Barren::default();
    let told = search(&repository, first, "wanted", Some(&mut barren), None);
    assert_eq!(told, (vec!["/f03/x/wanted".to_owned()], 41));
    let (paths, read) = search(&repository, second, "wanted", Some(&mut barren), None);
    assert_eq!(paths, ["/f03/x/wanted", "/wanted", "/wanted/wanted"]);
    assert_eq!(read, 4, "the root, f03, its x, and what is new");
    assert_eq!(search(&repository, second, "wanted", None, None).0, paths, "the same without what is remembered");
    let behind =
        |path: &str| search(&repository, second, "wanted", None, Some(ItemPath::from_path(Path::new(path)).unwrap())).0;
    assert_eq!(behind("/f03/x/wanted"), ["/wanted", "/wanted/wanted"]);
    assert_eq!(behind("/wanted"), ["/wanted/wanted"]);
}
