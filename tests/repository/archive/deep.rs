//! A tree that is deeper than the longest path of the system.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::Command;

use rustix::fs::{Mode, OFlags};

use super::Scene;
use super::watched::Watched;
use crate::support::restore;

const LEVELS: usize = 1200;
/// 20 bytes; with the slashes the deepest path has 25,200, and the system takes 4,095.
const NAME: &str = "twenty bytes of name";

fn folder(parent: &OwnedFd) -> rustix::io::Result<OwnedFd> {
    rustix::fs::openat(parent, NAME, OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty())
}

fn top(path: &Path) -> OwnedFd {
    rustix::fs::open(path, OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty()).unwrap()
}

/// Each level holds a file that says which level it is.
fn build(root: &Path) {
    let mut here = top(root);
    for level in 0..LEVELS {
        rustix::fs::mkdirat(&here, NAME, Mode::RWXU).unwrap();
        here = folder(&here).unwrap();
        let flags = OFlags::CREATE | OFlags::WRONLY;
        let mut file = File::from(rustix::fs::openat(&here, "level", flags, Mode::RUSR | Mode::WUSR).unwrap());
        write!(file, "{level}").unwrap();
    }
}

fn assert_whole(root: &Path) {
    let mut here = top(root);
    for level in 0..LEVELS {
        here = folder(&here).unwrap_or_else(|error| panic!("level {level}: {error}"));
        let mut text = String::new();
        let file = rustix::fs::openat(&here, "level", OFlags::RDONLY, Mode::empty()).unwrap();
        File::from(file).read_to_string(&mut text).unwrap();
        assert_eq!(text, level.to_string());
    }
    assert!(folder(&here).is_err());
}

/// Whatever removes a temporary folder in Rust keeps each level open; `rm` does not.
struct Removed<'a>(&'a Path);

impl Drop for Removed<'_> {
    fn drop(&mut self) {
        let _ = Command::new("rm").arg("-rf").args([self.0.join("source"), self.0.join("target")]).status();
    }
}

#[test]
fn a_tree_deeper_than_the_longest_path_comes_back_and_is_not_read_twice() {
    let scene = Scene::of(build);
    let _removed = Removed(scene.folder.path());

    let first = scene.backup(None);

    assert_eq!((&first.issues, &first.notes), (&vec![], &vec![]));
    assert_eq!((first.files_new, first.items), (LEVELS as u64, 2 * LEVELS as u64));
    let target = scene.folder.path().join("target");
    assert_eq!(restore(&scene.repository, first.snapshot, &scene.source(), &target).failures, []);
    assert_whole(&target);
    let watched = Watched::new(scene.local());
    let second = scene.try_backup(&watched, Some(first.snapshot)).unwrap();
    assert_eq!((second.files_unmodified, watched.opened_names().len()), (LEVELS as u64, 0));
    scene.restic().assert_whole();
}

#[test]
fn ten_thousand_levels_exhaust_neither_stack_nor_memory() {
    const DEEP: usize = 10_000;
    let scene = Scene::of(|root| {
        let mut here = top(root);
        for _ in 0..DEEP {
            rustix::fs::mkdirat(&here, "d", Mode::RWXU).unwrap();
            here = rustix::fs::openat(&here, "d", OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty()).unwrap();
        }
        rustix::fs::openat(&here, "end", OFlags::CREATE | OFlags::WRONLY, Mode::RUSR).unwrap();
    });
    let _removed = Removed(scene.folder.path());

    let outcome = scene.backup(None);

    assert_eq!((outcome.issues, outcome.items), (vec![], DEEP as u64 + 1));
    let target = scene.folder.path().join("target");
    let restored = restore(&scene.repository, outcome.snapshot, &scene.source(), &target);
    // The folders, the file, and the target itself.
    assert_eq!((restored.failures, restored.items), (vec![], DEEP as u64 + 2));
}

#[test]
fn a_deep_backup_keeps_few_folders_open() {
    let scene = Scene::of(build);
    let _removed = Removed(scene.folder.path());
    let open = || std::fs::read_dir("/proc/self/fd").unwrap().count();
    let before = open();
    let most = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let seen = most.clone();
    let source = Watched::with_trouble(
        scene.local(),
        Box::new(move |_, _| {
            seen.fetch_max(open(), std::sync::atomic::Ordering::Relaxed);
            Ok(())
        }),
    );

    scene.try_backup(&source, None).unwrap();

    // Other tests of this process have files of their own, but none of them a thousand.
    let most = most.load(std::sync::atomic::Ordering::Relaxed);
    assert!(most < before + 600, "{most} descriptors were open, and {before} before");
}
