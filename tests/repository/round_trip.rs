//! What we write: we restore it, restic restores it, and restic finds no fault with it.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use vaultdeck::repository::{
    BackupOutcome, BackupRequest, BlobKind, ChunkerParameters, Control, Id, ItemPath, LocalSource, Node, NodeKind,
    PackBuilder, Repository, RestoreRequest, Snapshot, Tree,
};

use crate::support::restic::Restic;
use crate::support::{create, restore, tree};

fn backup(repository: &Repository, source: &Path, parent: Option<Id>, second: u32) -> BackupOutcome {
    let request = BackupRequest {
        paths: vec![source.to_owned()],
        parent,
        time: format!("2026-11-23T05:00:{second:02}Z").parse().unwrap(),
        started: SystemTime::now(),
        hostname: "test".into(),
        username: "tester".into(),
        tags: Vec::new(),
        chunker: ChunkerParameters::FILES,
    };
    repository.backup(&LocalSource::new(source).unwrap(), &request, &Control::new()).unwrap()
}

fn source_in(folder: &Path) -> PathBuf {
    let source = folder.join("source");
    fs::create_dir(&source).unwrap();
    tree::everything(&source);
    source
}

#[test]
fn we_restore_what_we_wrote_with_everything() {
    let folder = tempfile::tempdir().unwrap();
    let source = source_in(folder.path());
    tree::beyond_restic(&source);
    let repository = create(&folder.path().join("repository"));

    let first = backup(&repository, &source, None, 0);
    let second = backup(&repository, &source, Some(first.snapshot), 1);

    assert_eq!((first.issues, second.issues), (Vec::new(), Vec::new()));
    for (snapshot, name) in [(first.snapshot, "first"), (second.snapshot, "second")] {
        let target = folder.path().join(name);
        let outcome = restore(&repository, snapshot, &source, &target);
        assert_eq!(outcome.failures, []);
        tree::assert_same(&source, &target);
        let blocks = |root: &Path| fs::metadata(root.join("sparse")).unwrap().blocks();
        assert!(blocks(&target) <= blocks(&source), "holes were filled");
    }
    assert!(repository.check(true, &Control::new()).unwrap().is_whole());
}

#[test]
fn restic_restores_what_we_wrote_and_finds_no_fault() {
    let folder = tempfile::tempdir().unwrap();
    let source = source_in(folder.path());
    let repository = create(&folder.path().join("repository"));
    let first = backup(&repository, &source, None, 0);
    fs::write(source.join("added"), tree::noise(5, 3 << 20)).unwrap();
    backup(&repository, &source, Some(first.snapshot), 1);

    let restic = Restic::on(&folder.path().join("repository"));
    restic.assert_whole();
    let restored = restic.restore(&source, &folder.path().join("restored"));

    tree::assert_same(&source, &restored);
}

#[test]
fn folders_are_listed_page_by_page_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let source = source_in(folder.path());
    let repository = create(&folder.path().join("repository"));
    let snapshot = backup(&repository, &source, None, 0).snapshot;
    let path = ItemPath::from_path(&source).unwrap().join(b"deep");

    let all = repository.entries(&snapshot, &path).unwrap();
    let (mut paged, mut after) = (Vec::new(), None);
    loop {
        let page = repository.entries_page(&snapshot, &path, after.as_deref(), 7).unwrap();
        assert!(page.nodes.len() == 7 || !page.more);
        after = page.nodes.last().map(|node| node.name.clone());
        paged.extend(page.nodes);
        if !page.more {
            break;
        }
    }

    assert_eq!(paged, all);
    let mut names: Vec<_> =
        fs::read_dir(source.join("deep")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(
        all.iter().map(|node| node.name.as_slice()).collect::<Vec<_>>(),
        names.iter().map(|name| name.as_encoded_bytes()).collect::<Vec<_>>()
    );
    let found = repository.find(&snapshot, &path.join(b"small 7")).unwrap().unwrap();
    assert_eq!(found.size, 49);
    assert!(repository.find(&snapshot, &path.join(b"no such")).is_err());
    assert!(repository.entries(&snapshot, &path.join(b"small 7")).is_err(), "a file is no folder");
}

/// Stores folders that no honest program would, and a snapshot of them.
fn forge(repository: &Repository, root: &Tree, inner: &Tree) -> Id {
    let mut builder = PackBuilder::new(Vec::new());
    for tree in [root, inner] {
        let json = tree.encode();
        builder.add(BlobKind::Tree, Id::of(&json), &[&repository.key().seal_message(&json).unwrap()], None);
    }
    repository.add_pack(&builder.finish(repository.key()).unwrap()).unwrap();
    repository.flush_index().unwrap();
    let snapshot = format!(r#"{{"time":"2026-11-23T05:00:00Z","tree":"{}","paths":["/"]}}"#, Id::of(&root.encode()));
    let snapshot: Snapshot = serde_json::from_str(&snapshot).unwrap();
    repository.save_snapshot(&snapshot).unwrap()
}

#[test]
fn a_forged_snapshot_leads_nothing_out_of_the_target() {
    let folder = tempfile::tempdir().unwrap();
    let outside = folder.path().join("outside");
    fs::create_dir(&outside).unwrap();
    let repository = create(&folder.path().join("repository"));
    let node = |name: &[u8], kind| Node { name: name.to_vec(), kind, permissions: 0o755, ..Node::default() };
    let inner = Tree { nodes: vec![node(b"planted", NodeKind::File)] };
    let inside = |name: &[u8]| Node { subtree: Some(Id::of(&inner.encode())), ..node(name, NodeKind::Directory) };
    let link = |name: &[u8]| Node {
        link_target: outside.as_os_str().as_encoded_bytes().to_vec(),
        ..node(name, NodeKind::Symlink)
    };
    // Each leads out in its own way: by its name, or by a link that another node of the same name goes through.
    let root = Tree {
        nodes: vec![
            inside(b".."),
            inside(b"../outside"),
            inside(outside.as_os_str().as_encoded_bytes()),
            link(b"a"),
            inside(b"a"),
            inside(b"b"),
            link(b"a"),
            inside(b"a"),
            node(b"", NodeKind::File),
            node(b"zero\0byte", NodeKind::File),
        ],
    };
    let snapshot = forge(&repository, &root, &inner);
    let request = |merge, target: &str| RestoreRequest {
        snapshot,
        strip: ItemPath::root(),
        items: Vec::new(),
        target: folder.path().join("targets").join(target),
        merge,
    };

    for merge in [false, true] {
        let target = if merge { "merged" } else { "fresh" };
        let outcome = repository.restore(&request(merge, target), &Control::new()).unwrap();

        assert!(outcome.failed >= 6, "{:?}", outcome.failures);
        assert_eq!(fs::read_dir(&outside).unwrap().count(), 0, "something was written outside");
        let beside: Vec<_> =
            fs::read_dir(folder.path().join("targets")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert!(!beside.iter().any(|name| name == "planted"), "something was written beside the target");
        assert!(folder.path().join("targets").join(target).join("b/planted").exists(), "the honest folder is restored");
    }
}
