//! Snapshots with some of their items changed, and sources whose root has another name in their parent.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use vaultdeck::repository::{
    BackupOutcome, BackupRequest, Change, ChunkerParameters, Control, ExtendedAttribute, Id, Node, Overlay,
    ReadElsewhere, Repository, SourceReader, TreeSource,
};

use crate::support::memory::MemorySource;
use crate::support::{self, restic};

fn request(root: &str, parent: Option<Id>) -> BackupRequest {
    BackupRequest {
        paths: vec![root.into()],
        parent,
        time: "2026-11-23T05:00:00+01:00".parse().unwrap(),
        started: SystemTime::now() + Duration::from_secs(60),
        hostname: "bastion".into(),
        username: "tester".into(),
        tags: Vec::new(),
        chunker: ChunkerParameters::FILES,
    }
}

fn scene() -> (tempfile::TempDir, Arc<Repository>) {
    let folder = tempfile::tempdir().unwrap();
    let repository = support::create(&folder.path().join("repository"));
    (folder, repository)
}

struct There(MemorySource);

impl ReadElsewhere for There {
    fn open(&self, name: &Path) -> io::Result<Box<dyn SourceReader + '_>> {
        self.0.open(name)
    }
}

#[test]
fn what_lies_elsewhere_is_read_while_it_is_stored_with_its_attributes() {
    let (folder, repository) = scene();
    let before = MemorySource::of(&[("/base/a", b"one"), ("/base/log/1/x", b"old")]);
    let before = repository.backup(&before, &request("/base", None), &Control::new()).unwrap();

    let mut there = MemorySource::default();
    there.file("far").content = b"from afar".to_vec();
    let told = vec![ExtendedAttribute { name: "user.told".to_owned(), value: b"yes".to_vec() }];
    there.file("far").told = Some(told.clone());
    let item = |size| {
        Box::new(vaultdeck::repository::SourceItem {
            node: Node { permissions: 0o600, size, ..Node::default() },
            attributes_when_opened: true,
            ..Default::default()
        })
    };
    let elsewhere = |name: &str, size| Change::Elsewhere { name: PathBuf::from(name), item: item(size) };
    let there = There(there);
    let back_up = |changes: BTreeMap<PathBuf, Change>| -> BackupOutcome {
        let overlay = Overlay::new(&repository, before.snapshot, changes).reading(Some(&there));
        // Later than the one before, which restic would otherwise be free to call the latest.
        let time = "2026-11-23T05:00:01+01:00".parse().unwrap();
        let request = BackupRequest { time, ..request("/", Some(before.snapshot)) };
        repository.backup(&overlay, &request, &Control::new()).unwrap()
    };
    let outcome = back_up([("/base/log/2/1".into(), elsewhere("far", 9))].into());
    assert_eq!((outcome.files_new, outcome.bytes_read, outcome.issues.len()), (1, 9, 0));

    let theirs = restic::Restic::on(&folder.path().join("repository"));
    theirs.assert_whole();
    let restored = theirs.restore(Path::new("/base"), &folder.path().join("theirs"));
    for (name, content) in [("a", "one"), ("log/1/x", "old"), ("log/2/1", "from afar")] {
        assert_eq!(std::fs::read_to_string(restored.join(name)).unwrap(), content);
    }
    let tree = repository.load_snapshot(&outcome.snapshot).unwrap().tree;
    let node = ["base", "log", "2", "1"].iter().fold(None, |above: Option<Node>, name| {
        let tree = above.map_or(tree, |above| above.subtree.unwrap());
        Some(repository.load_tree(&tree).unwrap().find(name.as_bytes()).unwrap().clone())
    });
    assert_eq!(node.unwrap().extended_attributes, told);

    // What cannot be opened there is told.
    let outcome = back_up([("/base/log/2/1".into(), elsewhere("nowhere", 9))].into());
    assert_eq!(outcome.issues.len(), 1, "{:?}", outcome.issues);
}

#[test]
fn a_source_whose_root_the_parent_has_under_another_name_is_read_only_where_it_changed() {
    let (_folder, repository) = scene();
    let files: [(&str, &[u8]); 2] = [("/base-2/a", b"one"), ("/base-2/inner/b", b"two")];
    let parent = repository.backup(&MemorySource::of(&files), &request("/base-2", None), &Control::new()).unwrap();
    let now = MemorySource::of(&[("/base/a", b"one"), ("/base/inner/b", b"changed")]);
    let request = request("/base", Some(parent.snapshot));
    let stored = repository.prepare_moved(&now, &request, OsStr::new("base-2"), &Control::new()).unwrap();
    assert_eq!((stored.outcome().files_unmodified, stored.outcome().files_changed), (1, 1));
    assert_eq!(*now.opened.lock().unwrap(), [PathBuf::from("/base/inner/b")]);
    // Where the parent has nothing of that name, all is new.
    let stored = repository.prepare_moved(&now, &request, OsStr::new("base"), &Control::new()).unwrap();
    assert_eq!(stored.outcome().files_new, 2);
}
