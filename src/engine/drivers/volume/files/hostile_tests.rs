//! Images that somebody made to do harm, restored: nothing is written but into the folder, and what is honest comes back.

use super::Files;
use super::scene::{Dice, Image, Made, run};
use crate::repository::{
    Control, ForeignTree as _, Handle, ItemPath, OpenFolder, RestoreOutcome, measure_foreign, restore_foreign,
};
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// A file system with `good`, and what further commands of `debugfs` made of it.
fn image_after(kind: &[&str], commands: &[&str]) -> Vec<u8> {
    let tree = tempfile::tempdir().unwrap();
    fs::write(tree.path().join("good"), "good").unwrap();
    for name in ["far", "giant", "same", "aaaa", "bbbb", "cccc"] {
        fs::write(tree.path().join(name), name.repeat(2000)).unwrap();
    }
    fs::create_dir_all(tree.path().join("folder/in")).unwrap();
    fs::write(tree.path().join("folder/in/file"), "deep").unwrap();
    let made = Made::new(8);
    run("mke2fs", &[&["-q", "-F", "-b", "1024", "-d", tree.path().to_str().unwrap()], kind, &[made.path()]].concat());
    for command in commands {
        run("debugfs", &["-w", "-R", command, made.path()]);
    }
    made.bytes()
}

/// Gives a name of a folder another one of as many bytes.
fn renamed(image: &mut [u8], from: &[u8], to: &[u8]) {
    let entry = |name: &[u8]| [&[name.len() as u8, 1], name].concat();
    let (from, to) = (entry(from), entry(to));
    let at = image.windows(from.len()).position(|bytes| *bytes == from).unwrap();
    image[at..at + to.len()].copy_from_slice(&to);
}

/// Restores all of an image into the folder `in` of a place.
fn restored(image: Vec<u8>, place: &Path) -> RestoreOutcome {
    let into = place.join("in");
    fs::create_dir(&into).unwrap();
    let files = Files::of(Rc::new(Image::Memory(image))).unwrap();
    let control = Control::new();
    let size = measure_foreign(&files, &[ItemPath::root()], &control).unwrap();
    let into = OpenFolder::open(&into).unwrap();
    restore_foreign(&files, &[ItemPath::root()], size.required_bytes, into, false, &control).unwrap()
}

fn failures(outcome: &RestoreOutcome) -> Vec<(&str, &str)> {
    outcome.failures.iter().map(|failure| (&*failure.path, &*failure.reason)).collect()
}

struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> PathBuf {
        self.0.path().canonicalize().unwrap()
    }

    /// What is there beside the folder that was restored into.
    fn others(&self) -> usize {
        fs::read_dir(self.path()).unwrap().count() - 1
    }
}

const KINDS: [&[&str]; 2] = [&["-t", "ext2"], &["-t", "ext4", "-O", "^metadata_csum"]];

#[test]
fn names_that_lead_out_of_the_folder_are_named_and_nothing_else_is_lost() {
    for kind in KINDS {
        let mut image = image_after(kind, &["symlink out /etc", "symlink up .."]);
        for (from, to) in [(b"aaaa", b"../x"), (b"bbbb", b"b/..".as_slice().try_into().unwrap()), (b"cccc", b"c\0/d")] {
            renamed(&mut image, from, to);
        }
        let place = Place::new();
        let outcome = restored(image, &place.path());
        let names: Vec<_> = outcome.failures.iter().map(|failure| &*failure.reason).collect();
        assert_eq!(names, ["no file can have this name"; 3], "{kind:?}: {outcome:?}");
        assert_eq!((place.others(), fs::read_link(place.path().join("in/up")).unwrap()), (0, "..".into()));
        assert_eq!(fs::read_to_string(place.path().join("in/folder/in/file")).unwrap(), "deep");
    }
}

#[test]
fn folders_that_lead_into_each_other_are_entered_once() {
    for kind in KINDS {
        let image = image_after(kind, &["ln <2> folder/root", "ln folder folder/in/up", "ln folder again"]);
        let place = Place::new();
        let outcome = restored(image, &place.path());
        let expected = [
            ("/again/in/up", "it leads back to a folder that it lies in"),
            ("/again/root", "it leads back to a folder that it lies in"),
            ("/folder", "it is the same folder as one before"),
        ];
        assert_eq!(failures(&outcome), expected, "{kind:?}");
        assert_eq!(fs::read_to_string(place.path().join("in/again/in/file")).unwrap(), "deep");
    }
}

#[test]
fn a_file_that_lies_beyond_the_end_or_is_longer_than_all_else_costs_only_itself() {
    // Where the first extent, or the first block, lies.
    for (kind, field) in KINDS.into_iter().zip(["block[0]", "block[5]"]) {
        let far = format!("set_inode_field far {field} 0x7ffffff0");
        let image =
            image_after(kind, &[&far, "set_inode_field giant size 0x7fffffffffffffff", "write /dev/null sparse"]);
        let place = Place::new();
        let outcome = restored(image, &place.path());
        let [(far, why), (giant, how)] = failures(&outcome)[..] else { panic!("{kind:?}: {outcome:?}") };
        assert!(far == "/far" && why.contains("are none of its 8192"), "{kind:?}: {why}");
        assert!(giant == "/giant" && how.contains("longer than such a file can be"), "{kind:?}: {how}");
        let left = |name: &str| place.path().join("in").join(name).exists();
        assert_eq!(["far", "giant", "good", "same"].map(left), [false, false, true, true], "{kind:?}");
    }
}

#[test]
fn a_file_with_more_holes_than_any_disk_has_room_takes_none() {
    let image = image_after(KINDS[1], &["set_inode_field giant size 0x1000000000"]);
    let place = Place::new();
    let outcome = restored(image, &place.path());
    let made = fs::metadata(place.path().join("in/giant")).unwrap();
    assert!(outcome.failed == 0 && made.len() == 1 << 36 && made.blocks() < 1000, "{outcome:?}");
}

#[test]
fn no_image_with_noise_in_it_writes_elsewhere_or_panics() {
    let made = KINDS.map(|kind| image_after(kind, &["symlink out /etc", "symlink up .."]));
    for seed in 0..60 {
        let mut dice = Dice(seed);
        let mut image = made[seed as usize % 2].clone();
        for _ in 0..=dice.roll(60) {
            let at = dice.roll(200 << 10) as usize;
            image[at] =
                [0xff, 0, b'/', b'.'].get(dice.roll(5) as usize).copied().unwrap_or_else(|| dice.roll(256) as u8);
        }
        let place = Place::new();
        let into = place.path().join("in");
        fs::create_dir(&into).unwrap();
        let Ok(files) = Files::of(Rc::new(Image::Memory(image))) else { continue };
        let all = [ItemPath::root()];
        let control = Control::new();
        let Ok(size) = measure_foreign(&files, &all, &control) else { continue };
        let _ = restore_foreign(&files, &all, size.required_bytes, OpenFolder::open(&into).unwrap(), false, &control);
        assert_eq!(place.others(), 0, "seed {seed}");
        let panicked = files.names(Handle { part: 0, number: 2 }).err().map(|error| error.to_string());
        assert!(!panicked.unwrap_or_default().contains("beyond reading"), "seed {seed}");
    }
}
