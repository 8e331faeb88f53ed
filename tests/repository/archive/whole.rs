//! A first backup: all of it is there, and restic agrees.

use std::fs;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::Path;

use vaultdeck::repository::{BlobKind, ChunkerParameters, Control, NodeKind, Options};

use super::{Scene, create_with, node, node_at};
use crate::support::{newest, restore, tree};

#[test]
fn restic_restores_what_we_stored() {
    let scene = Scene::of(tree::everything);

    let outcome = scene.backup(None);

    assert_eq!((outcome.issues, outcome.notes), (vec![], vec![]));
    scene.restic().assert_whole();
    let restored = scene.restic().restore(&scene.source(), &scene.folder.path().join("target"));
    tree::assert_same(&scene.source(), &restored);
}

#[test]
fn we_restore_what_we_stored_and_what_restic_cannot_keep() {
    let scene = Scene::of(|root| {
        tree::everything(root);
        tree::beyond_restic(root);
    });

    let outcome = scene.backup(None);

    let target = scene.folder.path().join("target");
    assert_eq!(restore(&scene.repository, outcome.snapshot, &scene.source(), &target).failures, []);
    tree::assert_same(&scene.source(), &target);
}

#[test]
fn restic_lists_the_snapshot_with_its_marks() {
    let scene = Scene::of(|root| fs::write(root.join("a file"), b"x").unwrap());
    scene.backup(None);

    let listed = scene.restic().run(&["ls", "latest"]);
    let snapshots = scene.restic().run(&["snapshots", "--json"]);

    assert!(String::from_utf8_lossy(&listed.stdout).contains(&format!("{}/a file", scene.source().display())));
    let json: serde_json::Value = serde_json::from_slice(&snapshots.stdout).unwrap();
    assert_eq!(json[0]["paths"][0], scene.source().to_str().unwrap());
    assert_eq!(json[0]["hostname"], "bastion");
    assert_eq!(json[0]["tags"][0], "point-1");
    assert_eq!(json[0]["time"], "2026-11-23T05:00:00+01:00");
}

#[test]
fn a_folder_with_thousands_of_items_keeps_their_order() {
    let scene = Scene::of(|root| {
        for number in 0..3000 {
            fs::write(root.join(format!("{number}")), if number % 3 == 0 { number.to_string() } else { String::new() })
                .unwrap();
        }
    });

    let outcome = scene.backup(None);

    let folder = node(&scene, &outcome.snapshot, "");
    let names: Vec<_> =
        scene.repository.load_tree(&folder.subtree.unwrap()).unwrap().nodes.into_iter().map(|node| node.name).collect();
    assert_eq!(names.len(), 3000);
    assert!(names.is_sorted());
    scene.restic().assert_whole();
}

#[test]
fn equal_content_is_stored_once_and_an_insertion_stores_little() {
    let scene = Scene::of(|root| {
        let content = tree::noise(5, 24 << 20);
        fs::write(root.join("one"), &content).unwrap();
        fs::write(root.join("two"), &content).unwrap();
        let mut changed = content;
        changed.splice(9_000_000..9_000_000, *b"INSERTED");
        fs::write(root.join("three"), &changed).unwrap();
    });

    let outcome = scene.backup(None);

    assert_eq!(outcome.bytes_read, 3 * (24 << 20) + 8);
    assert!(outcome.bytes_added < (24 << 20) + (18 << 20), "{} bytes were stored", outcome.bytes_added);
}

#[test]
fn a_hole_is_not_read_and_its_zeros_are_stored_once() {
    const LENGTH: u64 = 100 << 30;
    let scene = Scene::of(|root| {
        let file = fs::File::create(root.join("sparse")).unwrap();
        file.set_len(LENGTH).unwrap();
        file.write_all_at(&tree::noise(1, 100_000), 50 << 30).unwrap();
        assert!(
            file.metadata().unwrap().blocks() * 512 < 1 << 20,
            "the file system of the tests must have sparse files"
        );
    });

    let outcome = scene.backup(None);

    assert!(outcome.bytes_read < 1 << 20, "{} bytes were read", outcome.bytes_read);
    assert!(outcome.bytes_added < 1 << 20, "{} bytes were stored", outcome.bytes_added);
    let node = node(&scene, &outcome.snapshot, "sparse");
    let length: u64 = {
        let index = scene.repository.index();
        node.content.iter().map(|id| u64::from(index.find(BlobKind::Data, id).unwrap().content_length())).sum()
    };
    assert_eq!((node.size, length, outcome.bytes_total), (LENGTH, LENGTH, LENGTH));
}

#[test]
fn small_and_odd_holes_come_back_as_zeros() {
    let scene = Scene::of(|root| {
        for (number, (before, hole)) in
            [(0, 5000), (1, 9 << 20), (100_001, 21_000_003), (4096, 4096)].into_iter().enumerate()
        {
            let file = fs::File::create(root.join(format!("hole {number}"))).unwrap();
            file.write_all_at(&tree::noise(1, before), 0).unwrap();
            file.write_all_at(b"end", (before + hole) as u64).unwrap();
        }
        fs::File::create(root.join("only a hole")).unwrap().set_len(30_000_000).unwrap();
    });
    for chunker in [ChunkerParameters::FILES, ChunkerParameters::IMAGES] {
        let mut request = scene.request(None);
        request.chunker = chunker;
        let outcome = scene.repository.backup(&scene.local(), &request, &Control::new()).unwrap();

        let target = tempfile::tempdir().unwrap();
        let target = target.path().join("target");
        assert_eq!(restore(&scene.repository, outcome.snapshot, &scene.source(), &target).failures, []);
        tree::assert_same(&scene.source(), &target);
    }
    scene.restic().assert_whole();
}

#[test]
fn in_an_image_only_the_changed_pages_are_stored_again() {
    let scene = Scene::of(|root| fs::write(root.join("image"), tree::noise(3, 8 << 20)).unwrap());
    let mut request = scene.request(None);
    request.chunker = ChunkerParameters::IMAGES;
    let first = scene.repository.backup(&scene.local(), &request, &Control::new()).unwrap();

    let image = fs::File::options().write(true).open(scene.source().join("image")).unwrap();
    image.write_all_at(b"changed", 3_000_000).unwrap();
    request.parent = Some(first.snapshot);
    let second = scene.repository.backup(&scene.local(), &request, &Control::new()).unwrap();

    assert_eq!(node(&scene, &second.snapshot, "image").content.len(), 128);
    assert!((65_536..100_000).contains(&second.bytes_added), "{} bytes were stored", second.bytes_added);
}

#[test]
fn folders_above_the_root_keep_their_metadata_and_hold_nothing_else() {
    let scene = Scene::of(|root| fs::write(root.join("x"), b"x").unwrap());
    fs::write(scene.folder.path().join("beside"), b"not asked for").unwrap();

    let outcome = scene.backup(None);

    let above = node_at(&scene, &outcome.snapshot, scene.folder.path());
    let status = fs::metadata(scene.folder.path()).unwrap();
    assert_eq!((above.kind, above.inode, above.uid), (NodeKind::Directory, status.ino(), status.uid()));
    let names: Vec<_> =
        scene.repository.load_tree(&above.subtree.unwrap()).unwrap().nodes.into_iter().map(|node| node.name).collect();
    assert_eq!(names, [b"source"]);
}

#[test]
fn several_roots_share_the_folders_above_them() {
    let scene = Scene::of(|root| {
        for name in ["a/x", "b/y", "c/z"] {
            fs::create_dir_all(root.join(name)).unwrap();
            fs::write(root.join(name).join("file"), name).unwrap();
        }
    });
    let mut request = scene.request(None);
    request.paths = ["c/z", "a", "a/x"].map(|name| scene.source().join(name)).to_vec();

    let outcome = scene.repository.backup(&scene.local(), &request, &Control::new()).unwrap();

    let restored = scene.restic().restore(&scene.source(), &scene.folder.path().join("target"));
    assert!(restored.join("a/x/file").exists() && restored.join("c/z/file").exists() && !restored.join("b").exists());
    assert_eq!(outcome.files_new, 2);
    scene.restic().assert_whole();
}

#[test]
fn small_packs_and_one_worker_give_the_same_tree() {
    let scene = Scene::of(tree::everything);
    let first = scene.backup(None);
    let folder = scene.folder.path().join("other");
    let other = create_with(&folder, Options { pack_size: 1 << 20, workers: 1, ..Options::default() });

    let second = other.backup(&scene.local(), &scene.request(None), &Control::new()).unwrap();

    // The keys differ, so the cuts of large files do: compare what comes back.
    assert_eq!(first.files_new, second.files_new);
    assert!(other.packs().unwrap().len() > scene.repository.packs().unwrap().len());
    crate::support::restic::Restic::on(&folder).assert_whole();
    let target = scene.folder.path().join("target");
    assert_eq!(restore(&other, newest(&other), &scene.source(), &target).failures, []);
    tree::assert_same(&scene.source(), Path::new(&target));
}
