//! Restoring: everything comes back, what is damaged costs only itself, and nothing is written outside of the target.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use vaultdeck::repository::{Control, Error, ItemPath, RestoreRequest};

use crate::support::mounted::Mounted;
use crate::support::restic::Restic;
use crate::support::{self, damage, files, is_root, newest, open, restore, tree, whole};

/// A source, a repository that restic made of it, and a place for what is restored.
struct Scene {
    folder: tempfile::TempDir,
}

impl Scene {
    fn of(fill: impl FnOnce(&Path)) -> Self {
        let scene = Self { folder: tempfile::tempdir().unwrap() };
        fs::create_dir(scene.source()).unwrap();
        fill(&scene.source());
        Restic::init(&scene.repository()).backup(&scene.source());
        scene
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn source(&self) -> PathBuf {
        self.path("source")
    }

    fn repository(&self) -> PathBuf {
        self.path("repository")
    }

    fn target(&self) -> PathBuf {
        self.path("target")
    }

    fn request(&self, items: &[&str]) -> RestoreRequest {
        let snapshot = newest(&open(&self.repository()));
        let items = items.iter().map(|item| ItemPath::parse(item).unwrap()).collect();
        RestoreRequest { items, ..whole(snapshot, &self.source(), &self.target()) }
    }
}

#[test]
fn what_restic_stored_comes_back_with_everything() {
    let scene = Scene::of(tree::everything);
    let repository = open(&scene.repository());

    let outcome = restore(&repository, newest(&repository), &scene.source(), &scene.target());

    assert_eq!(outcome.failures, []);
    tree::assert_same(&scene.source(), &scene.target());
    assert_eq!(outcome.ownership_skipped, 0);
}

#[test]
fn holes_come_back_as_holes() {
    let scene = Scene::of(|source| tree::sparse(&source.join("sparse")));
    let repository = open(&scene.repository());

    let outcome = restore(&repository, newest(&repository), &scene.source(), &scene.target());

    assert_eq!(outcome.failures, []);
    let (before, after) =
        (fs::metadata(scene.source().join("sparse")).unwrap(), fs::metadata(scene.target().join("sparse")).unwrap());
    assert_eq!(after.len(), 64 << 20);
    assert!(after.blocks() <= before.blocks(), "{} blocks became {}", before.blocks(), after.blocks());
}

#[test]
fn the_space_needed_is_known_before_and_holes_need_none() {
    let scene = Scene::of(|source| {
        tree::sparse(&source.join("sparse"));
        fs::write(source.join("one"), tree::noise(3, 100_000)).unwrap();
        fs::hard_link(source.join("one"), source.join("two")).unwrap();
    });

    let size = open(&scene.repository()).measure(&scene.request(&[]), &Control::new()).unwrap();

    assert_eq!((size.files, size.bytes), (2, (64 << 20) + 100_000));
    assert!(size.required_bytes >= 115_000, "{size:?}");
    assert!(size.required_bytes < 40 << 20, "holes were counted: {size:?}");
}

#[test]
fn chosen_items_come_back_with_the_folders_on_the_way() {
    let scene = Scene::of(tree::everything);
    let repository = open(&scene.repository());

    let outcome = repository
        .restore(&scene.request(&["/deep/er/and", "names/caf\\xe9 latin-1", "/no/such"]), &Control::new())
        .unwrap();

    let failed: Vec<_> = outcome.failures.iter().map(|failure| failure.path.as_str()).collect();
    assert_eq!(failed, ["/no/such"]);
    let wanted = ["", "deep", "deep/er", "deep/er/and", "deep/er/and/deeper", "deep/er/and/deeper/text", "names"];
    let mut expected = tree::items(&scene.source());
    expected.retain(|path, _| {
        wanted.iter().any(|wanted| path == Path::new(wanted)) || path.to_string_lossy().starts_with("names/caf")
    });
    tree::assert_items(&expected, &tree::items(&scene.target()));
}

#[test]
fn a_target_that_holds_something_is_refused_and_left_alone() {
    let scene = Scene::of(|source| fs::write(source.join("a"), b"new").unwrap());
    fs::create_dir(scene.target()).unwrap();
    fs::write(scene.target().join("a"), b"old").unwrap();

    let outcome = open(&scene.repository()).restore(&scene.request(&[]), &Control::new());

    assert!(matches!(outcome, Err(Error::Invalid(_))), "{outcome:?}");
    assert_eq!(fs::read(scene.target().join("a")).unwrap(), b"old");
}

#[test]
fn merging_replaces_files_and_keeps_what_else_is_there() {
    let scene = Scene::of(tree::everything);
    let repository = open(&scene.repository());
    let request = RestoreRequest { merge: true, ..scene.request(&[]) };
    fs::create_dir_all(scene.target().join("deep")).unwrap();
    fs::write(scene.target().join("deep/small 5"), b"old").unwrap();
    fs::write(scene.target().join("deep/kept"), b"kept").unwrap();

    assert_eq!(repository.restore(&request, &Control::new()).unwrap().failures, []);
    fs::remove_file(scene.target().join("deep/kept")).unwrap();
    // As after a crash: all is there already, and is restored once more.
    assert_eq!(repository.restore(&request, &Control::new()).unwrap().failures, []);

    tree::assert_same(&scene.source(), &scene.target());
}

#[test]
fn merging_does_not_write_through_a_hard_link() {
    let scene = Scene::of(|source| fs::write(source.join("a"), b"new").unwrap());
    fs::create_dir(scene.target()).unwrap();
    fs::write(scene.path("outside"), b"precious").unwrap();
    fs::hard_link(scene.path("outside"), scene.target().join("a")).unwrap();

    open(&scene.repository()).restore(&RestoreRequest { merge: true, ..scene.request(&[]) }, &Control::new()).unwrap();

    assert_eq!(fs::read(scene.path("outside")).unwrap(), b"precious");
    assert_eq!(fs::read(scene.target().join("a")).unwrap(), b"new");
}

#[test]
fn a_link_planted_in_the_target_leads_nothing_out_of_it() {
    let scene = Scene::of(|source| {
        fs::create_dir_all(source.join("folder/inner")).unwrap();
        fs::write(source.join("folder/inner/file"), b"secret").unwrap();
        fs::write(source.join("file"), b"secret").unwrap();
    });
    let outside = scene.path("outside");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("victim"), b"precious").unwrap();
    fs::create_dir(scene.target()).unwrap();
    symlink(&outside, scene.target().join("folder")).unwrap();
    symlink(outside.join("victim"), scene.target().join("file")).unwrap();

    let outcome = open(&scene.repository())
        .restore(&RestoreRequest { merge: true, ..scene.request(&[]) }, &Control::new())
        .unwrap();

    let failed: Vec<_> = outcome.failures.iter().map(|failure| failure.path.as_str()).collect();
    assert_eq!(failed, ["/folder"]);
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 1, "something was written outside");
    assert_eq!(fs::read(outside.join("victim")).unwrap(), b"precious");
    assert_eq!(fs::read(scene.target().join("file")).unwrap(), b"secret");
    assert!(fs::symlink_metadata(scene.target().join("file")).unwrap().is_file());
}

#[test]
fn a_link_at_any_level_of_the_targets_path_is_refused_and_leads_nowhere() {
    let scene = Scene::of(|source| fs::write(source.join("a"), b"secret").unwrap());
    let outside = scene.path("outside");
    fs::create_dir_all(outside.join("two/target")).unwrap();
    for (link, leads) in [("one", ""), ("one/two", "two"), ("one/two/target", "two/target")] {
        let _ = fs::remove_file(scene.path("one"));
        let _ = fs::remove_dir_all(scene.path("one"));
        fs::create_dir_all(scene.path(link).parent().unwrap()).unwrap();
        symlink(outside.join(leads), scene.path(link)).unwrap();
        let request = RestoreRequest { target: scene.path("one/two/target"), ..scene.request(&[]) };

        let refused = open(&scene.repository()).restore(&request, &Control::new()).unwrap_err();

        let named = format!("{} is a symbolic link now", scene.path(link).display());
        assert!(refused.to_string().contains(&named), "{refused}");
        assert_eq!(fs::read_dir(outside.join("two/target")).unwrap().count(), 0, "something was written outside");
    }
}

#[test]
fn a_folder_that_is_swapped_for_a_link_again_and_again_lets_nothing_out() {
    use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
    let scene = Scene::of(|source| {
        for number in 0..300_u64 {
            fs::create_dir(source.join(format!("{number:03}"))).unwrap();
            fs::write(source.join(format!("{number:03}/file")), tree::noise(number, 5000)).unwrap();
        }
    });
    let repository = open(&scene.repository());
    let outside = scene.path("outside");
    fs::create_dir_all(outside.join("target")).unwrap();
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        // Swaps the folder above the target, and one inside of it, as fast as the system can.
        scope.spawn(|| {
            while !over.load(Relaxed) {
                for path in [scene.path("above"), scene.path("above/target/150")] {
                    let kept = path.with_extension("kept");
                    if fs::rename(&path, &kept).is_ok() {
                        symlink(&outside, &path).unwrap_or_default();
                        let _ = fs::remove_file(&path);
                        let _ = fs::rename(&kept, &path);
                    }
                }
            }
        });
        for _ in 0..40 {
            fs::create_dir_all(scene.path("above")).unwrap_or_default();
            let request = RestoreRequest { target: scene.path("above/target"), merge: true, ..scene.request(&[]) };
            // It may well fail. It must not do what it was not asked for.
            let _ = repository.restore(&request, &Control::new());
        }
        over.store(true, Relaxed);
    });
    let found = tree::items(&outside);
    assert_eq!(found.len(), 2, "outside there is {:?}", found.keys());
}

/// An access control list as the system stores it: owner, a named user, group, mask, others.
fn list(named: u32, permissions: u16) -> Vec<u8> {
    let mut bytes = 2_u32.to_le_bytes().to_vec();
    for (tag, permissions, id) in
        [(1_u16, 7_u16, u32::MAX), (2, permissions, named), (4, 5, u32::MAX), (16, 7, u32::MAX), (32, 0, u32::MAX)]
    {
        bytes.extend(tag.to_le_bytes());
        bytes.extend(permissions.to_le_bytes());
        bytes.extend(id.to_le_bytes());
    }
    bytes
}

#[test]
fn what_the_targets_folder_passes_on_does_not_open_what_is_restored() {
    let scene = Scene::of(|source| {
        tree::everything(source);
        // Lists that were stored come back, also one that passes on.
        xattr::set(source.join("empty"), "system.posix_acl_access", &list(1234, 6)).unwrap();
        xattr::set(source.join("deep/er"), "system.posix_acl_default", &list(1234, 7)).unwrap();
    });
    let above = scene.path("above");
    for there_already in [false, true] {
        fs::create_dir_all(&above).unwrap();
        xattr::set(&above, "system.posix_acl_default", &list(4321, 7)).unwrap();
        let request = RestoreRequest { target: above.join("target"), ..scene.request(&[]) };
        if there_already {
            fs::create_dir(above.join("target")).unwrap();
            assert!(xattr::get(above.join("target"), "system.posix_acl_access").unwrap().is_some());
        }

        let outcome = open(&scene.repository()).restore(&request, &Control::new()).unwrap();

        assert_eq!(outcome.failures, []);
        tree::assert_same(&scene.source(), &above.join("target"));
        // And as after a crash, when folders have their own lists already.
        let again = RestoreRequest { merge: true, ..request };
        assert_eq!(open(&scene.repository()).restore(&again, &Control::new()).unwrap().failures, []);
        tree::assert_same(&scene.source(), &above.join("target"));
        fs::remove_dir_all(&above).unwrap();
    }
}

#[test]
fn what_the_disk_refuses_behind_our_back_is_told_before_the_end() {
    if !is_root() {
        // Only root may mount a disk that fails.
        return;
    }
    // A file system that believes in 64 MiB, on a disk that has 8.
    let scene = Scene::of(|source| fs::write(source.join("large"), tree::noise(1, 24 << 20)).unwrap());
    let _small = Mounted::tmpfs(&scene.path("small"), 8 << 20);
    let image = scene.path("small/image");
    fs::File::create(&image).unwrap().set_len(64 << 20).unwrap();
    let made = std::process::Command::new("mkfs.ext4").args(["-q", "-O", "^has_journal"]).arg(&image).status().unwrap();
    assert!(made.success());
    let _disk = Mounted::mount(&["-o", "loop", image.to_str().unwrap()], &scene.path("disk"));
    let request = RestoreRequest { target: scene.path("disk/target"), ..scene.request(&[]) };

    let outcome = open(&scene.repository()).restore(&request, &Control::new());

    assert!(matches!(outcome, Err(Error::Target { .. })), "{outcome:?}");
}

#[test]
fn one_bad_byte_costs_only_the_files_that_hold_it() {
    let scene = Scene::of(|source| {
        for number in 0..40_u64 {
            fs::write(source.join(format!("{number:02}")), tree::noise(number, 2 << 20)).unwrap();
        }
        fs::write(source.join("copy of 07"), tree::noise(7, 2 << 20)).unwrap();
    });
    let bad = noise_pack(&scene, |content| content[10_000] ^= 1);
    let repository = open(&scene.repository());

    let outcome = restore(&repository, newest(&repository), &scene.source(), &scene.target());

    assert!((1..=4).contains(&outcome.failures.len()), "{:?}", outcome.failures);
    assert_eq!(outcome.failed, outcome.failures.len() as u64);
    for failure in &outcome.failures {
        assert!(failure.reason.contains(&bad), "{failure:?} does not name the pack {bad}");
    }
    assert_others_are_whole(&scene, &outcome.failures);
}

#[test]
fn a_pack_that_is_gone_or_cut_off_costs_only_its_files() {
    for cut in [false, true] {
        let scene = Scene::of(|source| {
            for number in 0..60_u64 {
                fs::write(source.join(format!("{number:02}")), tree::noise(number, 2 << 20)).unwrap();
            }
        });
        let bad = noise_pack(&scene, |content| if cut { content.truncate(content.len() / 2) } else { content.clear() });
        if !cut {
            let path = files(&scene.repository(), "data").into_iter().find(|path| path.ends_with(&bad)).unwrap();
            fs::remove_file(path).unwrap();
        }
        let repository = open(&scene.repository());

        let outcome = restore(&repository, newest(&repository), &scene.source(), &scene.target());

        assert!(!outcome.failures.is_empty() && outcome.failures.len() < 30, "{:?}", outcome.failures);
        assert_others_are_whole(&scene, &outcome.failures);
    }
}

/// Damages the largest pack, and answers its name.
fn noise_pack(scene: &Scene, change: impl FnOnce(&mut Vec<u8>)) -> String {
    let path =
        files(&scene.repository(), "data").into_iter().max_by_key(|path| fs::metadata(path).unwrap().len()).unwrap();
    damage(&path, change);
    path.file_name().unwrap().to_str().unwrap().to_owned()
}

fn assert_others_are_whole(scene: &Scene, failures: &[vaultdeck::repository::Failure]) {
    let lost: Vec<PathBuf> =
        failures.iter().map(|failure| PathBuf::from(failure.path.trim_start_matches('/'))).collect();
    let (mut expected, mut found) = (tree::items(&scene.source()), tree::items(&scene.target()));
    expected.retain(|path, _| !lost.contains(path));
    found.retain(|path, _| !lost.contains(path));
    tree::assert_items(&expected, &found);
}

#[test]
fn a_cancelled_restore_stops_and_says_so() {
    let scene = Scene::of(|source| fs::write(source.join("a"), b"a").unwrap());
    let control = Control::new();
    control.cancel();

    let outcome = open(&scene.repository()).restore(&scene.request(&[]), &control);

    assert!(matches!(outcome, Err(Error::Cancelled)), "{outcome:?}");
}

#[test]
fn progress_ends_at_its_total() {
    use std::sync::atomic::Ordering::Relaxed;
    let scene = Scene::of(tree::everything);
    let control = Control::new();

    open(&scene.repository()).restore(&scene.request(&[]), &control).unwrap();

    let progress = &control.progress;
    assert_eq!(progress.files_done.load(Relaxed), progress.files_total.load(Relaxed));
    assert_eq!(progress.bytes_done.load(Relaxed), progress.bytes_total.load(Relaxed));
    assert!(progress.bytes_total.load(Relaxed) > 80 << 20);
}

#[test]
fn who_is_not_root_counts_the_owners_that_could_not_be_given() {
    if !is_root() {
        // Then every other test shows it: nothing belongs to anyone else.
        return;
    }
    let scene = Scene::of(tree::everything);
    fs::set_permissions(scene.folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
    make_readable(&scene.repository());

    let outcome = as_nobody(&scene);

    let [ownership_skipped, failed] = outcome[..] else { panic!("{outcome:?}") };
    assert!(ownership_skipped > 300, "{ownership_skipped}");
    let devices = ["null", "loop"].into_iter().filter(|name| scene.source().join(name).exists()).count();
    assert_eq!(failed, devices as u64, "a device that could not be made is missing, whoever may make one");
    let mode = fs::metadata(scene.target().join("empty")).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o755, "set-user-id must not be lent to another owner");
}

fn make_readable(folder: &Path) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let mode = if path.is_dir() { 0o755 } else { 0o444 };
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        if path.is_dir() {
            make_readable(&path);
        }
    }
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
}

/// Restores in a child of another user: this same test binary, asked for the one test below.
fn as_nobody(scene: &Scene) -> Vec<u64> {
    // The binary may lie in a folder that only root can enter.
    let program = scene.path("program");
    fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    let output = std::process::Command::new("setpriv")
        .args(["--reuid", "65534", "--regid", "65534", "--clear-groups"])
        .arg(program)
        .args(["--exact", "restore::in_a_child", "--ignored", "--nocapture"])
        .env("RESTORE_SCENE", scene.folder.path())
        .current_dir("/")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = text.lines().find_map(|line| line.split_once("outcome:").map(|(_, rest)| rest.to_owned()));
    line.unwrap_or_else(|| panic!("{text}{}", String::from_utf8_lossy(&output.stderr)))
        .split_whitespace()
        .map(|number| number.parse().unwrap())
        .collect()
}

#[test]
#[ignore = "run by another test, as another user"]
fn in_a_child() {
    let folder = PathBuf::from(std::env::var_os("RESTORE_SCENE").unwrap());
    let repository = open(&folder.join("repository"));
    let outcome = support::restore(&repository, newest(&repository), &folder.join("source"), &folder.join("target"));
    println!("outcome: {} {}", outcome.ownership_skipped, outcome.failed);
    for failure in outcome.failures {
        println!("{failure:?}");
    }
}
