//! File systems that their own tools made, with one feature and another, read and held against what those tools read.
#![allow(clippy::print_stdout)]

use super::*;
use crate::engine::drivers::volume::files::scene::{
    Dice, Image, Made, assert_same, content, find, names, read_all, read_what_can_be, run, tree_of,
};
use std::fs::{self, File};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{FileExt as _, PermissionsExt as _, symlink};
use std::path::Path;

impl Made {
    /// A file system of so many MiB with what is in a folder.
    fn ext(mib: u64, tree: &Path, options: &[&str]) -> Self {
        let made = Self::new(mib);
        made.format(tree, options);
        made
    }

    fn format(&self, tree: &Path, options: &[&str]) {
        let fixed = ["-q", "-F", "-d", tree.to_str().unwrap()];
        run("mke2fs", &[&fixed, options, &[self.path()]].concat());
    }

    pub(super) fn debugfs(&self, command: &str) -> String {
        run("debugfs", &["-w", "-R", command, self.path()])
    }

    fn open(&self) -> io::Result<Ext> {
        Ext::open(&Image::of(&self.image))
    }

    /// What `debugfs` takes out of it.
    fn dumped(&self) -> tempfile::TempDir {
        let to = tempfile::tempdir().unwrap();
        self.debugfs(&format!("rdump / {}", to.path().display()));
        to
    }
}

/// Files and folders of every sort, and one of so many bytes with holes in it.
fn make_tree(root: &Path, sparse: u64) {
    let mut dice = Dice(11);
    let write = |path: &str, bytes: &[u8]| fs::write(root.join(path), bytes).unwrap();
    write("small", b"a few bytes\n");
    write("empty", b"");
    for size in [59, 60, 61, 120, 150, 200, 1023, 1024, 1025, 4096, 4097] {
        write(&format!("of{size}"), &dice.bytes(size));
    }
    write("large", &dice.bytes(700_001));
    let holes = File::create(root.join("sparse")).unwrap();
    holes.set_len(sparse).unwrap();
    for at in [0, 13 << 10, 300 << 10, 2 << 20, sparse - 5000, sparse - 3] {
        holes.write_all_at(b"in the midst"[..12.min((sparse - at) as usize)].as_ref(), at).unwrap();
    }
    for length in [1, 58, 59, 60, 61, 200, 1000] {
        symlink("x".repeat(length), root.join(format!("link{length}"))).unwrap();
    }
    fs::create_dir_all(root.join("a/b/c/d")).unwrap();
    write("a/b/c/d/deep", b"deep");
    fs::create_dir(root.join("names")).unwrap();
    let long = [b'n'; 255];
    for name in [&b"two words"[..], b"not \xff utf-8", b"new\nline", b"back\\slash", "größe".as_bytes(), &long] {
        fs::write(root.join("names").join(std::ffi::OsStr::from_bytes(name)), name).unwrap();
    }
    fs::create_dir(root.join("many")).unwrap();
    for number in 0..600 {
        write(&format!("many/a file with number {number:05}"), number.to_string().as_bytes());
    }
    fs::hard_link(root.join("large"), root.join("a/again")).unwrap();
    fs::set_permissions(root.join("small"), fs::Permissions::from_mode(0o4711)).unwrap();
    fs::set_permissions(root.join("a/b"), fs::Permissions::from_mode(0o1770)).unwrap();
    let then = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
    File::open(root.join("small")).unwrap().set_modified(then).unwrap();
}

#[test]
fn every_kind_of_ext_is_read_as_its_own_tools_read_it() {
    let tree = tempfile::tempdir().unwrap();
    make_tree(tree.path(), 70 << 20);
    let kinds: &[&[&str]] = &[
        &["-t", "ext2", "-b", "1024"],
        &["-t", "ext2", "-r", "0"],
        &["-t", "ext3"],
        &["-t", "ext3", "-b", "2048", "-I", "128"],
        &["-t", "ext4"],
        &["-t", "ext4", "-b", "1024"],
        &["-t", "ext4", "-b", "65536"],
        &["-t", "ext4", "-O", "^extents,^64bit", "-b", "1024"],
        &["-t", "ext4", "-O", "64bit,metadata_csum", "-b", "2048"],
        &["-t", "ext4", "-O", "^64bit,^metadata_csum"],
        &["-t", "ext4", "-O", "metadata_csum,metadata_csum_seed"],
        &["-t", "ext4", "-O", "inline_data", "-I", "256"],
        &["-t", "ext4", "-O", "inline_data,metadata_csum", "-I", "1024", "-b", "1024"],
        &["-t", "ext4", "-O", "bigalloc", "-C", "16384"],
        &["-t", "ext4", "-O", "bigalloc", "-b", "1024", "-C", "4096"],
        &["-t", "ext4", "-O", "meta_bg,^resize_inode", "-b", "1024", "-g", "256"],
        &["-t", "ext4", "-O", "meta_bg,^resize_inode,^sparse_super,^64bit", "-b", "1024", "-g", "256"],
        &["-t", "ext4", "-O", "meta_bg,^resize_inode,sparse_super2,^flex_bg", "-b", "1024", "-g", "512"],
        &["-t", "ext4", "-O", "^flex_bg,^has_journal,huge_file,ea_inode,large_dir,mmp,quota,project"],
        &["-t", "ext4", "-O", "encrypt,verity,orphan_file", "-E", "lazy_itable_init=1"],
        &["-t", "ext4", "-O", "casefold", "-E", "encoding=utf8"],
        &["-t", "ext4", "-O", "^filetype"],
    ];
    for kind in kinds {
        let made = Made::ext(128, tree.path(), kind);
        let found = read_all(&made.open().unwrap()).unwrap();
        assert_same(&found, &tree_of(tree.path()), &format!("{kind:?}, as it was made"));
        // And the content as debugfs takes it out; of a file that is in its inode it tells all sixty bytes, however long the file is.
        if kind.iter().any(|option| option.contains("inline_data")) {
            continue;
        }
        let mut expected = tree_of(made.dumped().path());
        expected.retain(|_, seen| seen.kind == NodeKind::File);
        for (path, seen) in &expected {
            let told = found.get(path).map(|found| (found.digest, found.size));
            assert_eq!(told, Some((seen.digest, seen.size)), "{kind:?}: {}", String::from_utf8_lossy(path));
        }
        assert!(expected.len() > 600);
    }
}

#[test]
fn a_folder_with_an_index_of_its_names_is_read_without_it() {
    let tree = tempfile::tempdir().unwrap();
    for number in 0..9000 {
        fs::write(tree.path().join(format!("a file with a rather long name and number {number:06}")), b"").unwrap();
    }
    for options in ["metadata_csum", "^metadata_csum"] {
        let made = Made::ext(64, tree.path(), &["-t", "ext4", "-b", "1024", "-O", options, "-N", "12000"]);
        run("e2fsck", &["-fyD", made.path()]);
        assert!(made.debugfs("htree_dump /").contains("Indirect levels"), "it has an index");
        let opened = made.open().unwrap();
        assert_eq!(names(&opened, opened.root()).unwrap().len(), 9001);
    }
}

#[test]
fn what_was_allocated_and_never_written_is_zeros_and_not_what_lay_there() {
    let tree = tempfile::tempdir().unwrap();
    fs::write(tree.path().join("begun"), b"begun").unwrap();
    for options in ["metadata_csum", "^metadata_csum"] {
        let made = Made::new(16);
        let secret = b"SECRET! ".repeat(2 << 20);
        fs::write(&made.image, &secret).unwrap();
        made.format(tree.path(), &["-t", "ext4", "-b", "1024", "-O", options]);
        made.debugfs("write /dev/null prealloc");
        made.debugfs("fallocate prealloc 0 2999");
        made.debugfs("set_inode_field prealloc size 3072000");
        made.debugfs("fallocate begun 1 99");
        made.debugfs("set_inode_field begun size 100000");
        assert!(made.debugfs("ex prealloc").contains("Uninit"), "its extents are not written");
        let opened = made.open().unwrap();
        let prealloc = content(&opened, find(&opened, "prealloc")).unwrap();
        assert!(prealloc.len() == 3_072_000 && prealloc.iter().all(|byte| *byte == 0));
        let begun = content(&opened, find(&opened, "begun")).unwrap();
        assert_eq!((begun.len(), &begun[..5]), (100_000, &b"begun"[..]));
        assert!(begun[5..].iter().all(|byte| *byte == 0));
        let dumped = made.dumped();
        assert_eq!(fs::read(dumped.path().join("begun")).unwrap(), begun);
    }
}

#[test]
fn owners_times_and_devices_have_all_their_bits() {
    let made = Made::ext(16, tempfile::tempdir().unwrap().path(), &["-t", "ext4"]);
    made.debugfs("write /dev/null file");
    for (field, value) in [("uid", "70000"), ("gid", "4000000000"), ("mtime", "@1")] {
        made.debugfs(&format!("set_inode_field file {field} {value}"));
    }
    made.debugfs("set_inode_field file mtime_extra 0x1dcd6502");
    made.debugfs("mknod disk b 259 60000");
    made.debugfs("mknod old c 5 1");
    let opened = made.open().unwrap();
    let node = |name: &str| opened.item(find(&opened, name)).unwrap().node;
    let file = node("file");
    assert_eq!((file.uid, file.gid), (70_000, 4_000_000_000));
    assert_eq!((file.modified.seconds, file.modified.nanoseconds), ((2 << 32) + 1, 0x1dcd_6502 >> 2));
    assert_eq!((node("disk").kind, node("disk").device), (NodeKind::BlockDevice, rustix::fs::makedev(259, 60_000)));
    assert_eq!((node("old").kind, node("old").device), (NodeKind::CharacterDevice, rustix::fs::makedev(5, 1)));
}

#[test]
fn what_is_not_read_is_refused_by_its_name() {
    let tree = tempfile::tempdir().unwrap();
    fs::write(tree.path().join("a"), [1; 5000]).unwrap();
    let made = Made::ext(8, tree.path(), &["-t", "ext4", "-O", "^metadata_csum,encrypt"]);
    let image = File::options().read(true).write(true).open(&made.image).unwrap();
    let mut flags = [0; 4];
    image.read_exact_at(&mut flags, 1024 + 0x60).unwrap();
    for (bit, told) in [(0x1, "compression"), (0x8, "journal_dev"), (0x1000, "dirdata"), (0x40_0000, "0x400000")] {
        let with = u32::from_le_bytes(flags) | bit;
        image.write_all_at(&with.to_le_bytes(), 1024 + 0x60).unwrap();
        let refused = made.open().err().unwrap().to_string();
        assert!(refused.contains(told), "{refused}");
    }
    image.write_all_at(&flags, 1024 + 0x60).unwrap();
    made.debugfs("set_inode_field a flags 0x80800");
    let opened = made.open().unwrap();
    // Before any of it is read, so that nothing is made for it.
    for refused in [content(&opened, find(&opened, "a")).map(drop), opened.item(find(&opened, "a")).map(drop)] {
        let refused = refused.unwrap_err().to_string();
        assert!(refused.contains("encrypted"), "{refused}");
    }
    for (at, bytes, told) in [
        (0x18, [9, 0, 0, 0], "no block has such a size"),
        (0x04, [0xff, 0xff, 0xff, 0x7f], "and lies in"),
        (0x28, [0; 4], "its groups are empty"),
        (0x58, [7, 0, 0, 0], "no inode has such a size"),
    ] {
        let mut before = [0; 4];
        image.read_exact_at(&mut before, 1024 + at).unwrap();
        image.write_all_at(&bytes, 1024 + at).unwrap();
        let refused = made.open().err().unwrap().to_string();
        assert!(refused.contains("superblock is damaged") && refused.contains(told), "{refused}");
        image.write_all_at(&before, 1024 + at).unwrap();
    }
    assert!(made.open().is_ok());
}

#[test]
fn checksums_that_are_wrong_are_errors_of_what_they_are_of() {
    let tree = tempfile::tempdir().unwrap();
    fs::write(tree.path().join("a"), b"a").unwrap();
    let made = Made::ext(8, tree.path(), &["-t", "ext4", "-O", "metadata_csum"]);
    let image = File::options().read(true).write(true).open(&made.image).unwrap();
    let told = made.debugfs("imap /a");
    let number = |after: &str| {
        let text = told.split(after).nth(1).unwrap();
        let digits: String = text.chars().take_while(char::is_ascii_hexdigit).collect();
        u64::from_str_radix(&digits, if after.ends_with('x') { 16 } else { 10 }).unwrap()
    };
    // The owner of the file: no number that is out of bounds.
    let block_size = 1024 << made.bytes()[1024 + 0x18];
    image.write_all_at(&[7], number("located at block ") * block_size + number("offset 0x") + 2).unwrap();
    let opened = made.open().unwrap();
    let refused = opened.item(find(&opened, "a")).unwrap_err().to_string();
    assert!(refused.contains("the checksum of inode"), "{refused}");
    image.write_all_at(b"x", 1024 + 0x88).unwrap();
    assert!(made.open().err().unwrap().to_string().contains("its checksum is wrong"));
}

#[test]
fn a_block_of_a_folder_without_its_checksum_has_no_names() {
    let tree = tempfile::tempdir().unwrap();
    fs::write(tree.path().join("a"), b"a").unwrap();
    let made = Made::ext(8, tree.path(), &["-t", "ext4", "-b", "1024", "-O", "metadata_csum"]);
    let block = made.debugfs("bmap / 0").trim().parse::<u64>().unwrap();
    let image = File::options().write(true).open(&made.image).unwrap();
    // The mark by which the end of the block is known as its checksum.
    image.write_all_at(&[0], (block + 1) * 1024 - 5).unwrap();
    let opened = made.open().unwrap();
    let refused = names(&opened, opened.root()).unwrap_err().to_string();
    assert!(refused.contains("has no checksum"), "{refused}");
}

/// An access list as programs see it: of the user, of another user, of the group, at most, and of others.
fn access_list(group: u16, mask: u16) -> Vec<u8> {
    let entries =
        [(1_u16, 6_u16, u32::MAX), (2, 7, 1000), (4, group, u32::MAX), (0x10, mask, u32::MAX), (0x20, 0, u32::MAX)];
    let entries = entries
        .iter()
        .flat_map(|(tag, rights, id)| [&tag.to_le_bytes()[..], &rights.to_le_bytes(), &id.to_le_bytes()].concat());
    2_u32.to_le_bytes().into_iter().chain(entries).collect()
}

#[test]
fn without_its_access_list_a_group_gets_no_more_than_the_list_gave_it() {
    let tree = tempfile::tempdir().unwrap();
    for size in ["128", "256"] {
        let made = Made::ext(8, tree.path(), &["-t", "ext4", "-I", size, "-O", "^metadata_csum"]);
        for (name, group, mask) in [("none", 0, 7), ("some", 5, 6), ("all", 7, 7)] {
            let list = made.folder.path().join("list");
            fs::write(&list, access_list(group, mask)).unwrap();
            made.debugfs(&format!("write /dev/null {name}"));
            made.debugfs(&format!("set_inode_field {name} mode 0100670"));
            made.debugfs(&format!("ea_set -f {} {name} system.posix_acl_access", list.display()));
        }
        made.debugfs("write /dev/null without");
        made.debugfs("set_inode_field without mode 0100670");
        made.debugfs("ea_set without user.other value");
        let modes = |opened: &Ext| {
            let mode = |name| opened.item(find(opened, name)).unwrap().node.permissions;
            ["none", "some", "all", "without"].map(mode)
        };
        assert_eq!(modes(&made.open().unwrap()), [0o600, 0o640, 0o670, 0o670], "{size}");
        // Lists of another version are not understood.
        let mut image = made.bytes();
        let stored = [&1_u32.to_le_bytes()[..], &1_u16.to_le_bytes(), &6_u16.to_le_bytes()].concat();
        let places: Vec<_> = (0..image.len() - 8).filter(|at| image[*at..*at + 8] == stored).collect();
        assert_eq!(places.len(), 3, "{size}");
        for at in places {
            image[at] = 9;
        }
        let opened = Ext::open(&Image::Memory(image).window()).unwrap();
        assert_eq!(modes(&opened), [0o600, 0o600, 0o600, 0o670], "{size}");
    }
}

#[test]
fn a_short_link_has_its_target_whatever_blocks_its_attributes_have() {
    let tree = tempfile::tempdir().unwrap();
    symlink("elsewhere", tree.path().join("link")).unwrap();
    let made = Made::ext(8, tree.path(), &["-t", "ext4", "-O", "ea_inode"]);
    made.debugfs("set_inode_field link blocks 8");
    let opened = made.open().unwrap();
    assert_eq!(opened.item(find(&opened, "link")).unwrap().node.link_target, b"elsewhere");
}

#[test]
fn what_was_in_use_or_has_errors_and_is_not_mended_says_so() {
    let tree = tempfile::tempdir().unwrap();
    for (kind, state, needs_recovery, is_told) in [
        ("ext2", 1, false, false),
        ("ext2", 0, false, true),
        ("ext2", 3, false, true),
        ("ext3", 1, true, false),
        ("ext3", 0, true, false),
        ("ext3", 3, true, true),
    ] {
        let mut image = Made::ext(8, tree.path(), &["-t", kind]).bytes();
        image[1024 + 0x3a] = state;
        image[1024 + 0x60] |= u8::from(needs_recovery) << 2;
        let opened = Ext::open(&Image::Memory(image).window()).unwrap();
        assert_eq!(opened.caveat().contains("e2fsck"), is_told, "{kind} {state}");
        assert!(opened.caveat().contains("access lists"));
    }
}

/// Flips bits in what describes files, and reads: nothing panics, and nothing goes on for ever.
#[test]
fn no_image_makes_the_reader_panic_or_run_away() {
    let tree = tempfile::tempdir().unwrap();
    make_tree(tree.path(), 3 << 20);
    let kinds: [&[&str]; 5] = [
        &["-t", "ext2", "-b", "1024"],
        &["-t", "ext4", "-b", "1024", "-O", "^metadata_csum,inline_data"],
        &["-t", "ext4", "-b", "1024", "-O", "metadata_csum"],
        &["-t", "ext4", "-b", "4096", "-O", "^metadata_csum,meta_bg,^resize_inode"],
        &["-t", "ext3", "-b", "1024"],
    ];
    for (nth, kind) in kinds.iter().enumerate() {
        let mut made = Made::ext(8, tree.path(), kind).bytes();
        if nth >= 3 {
            // As if it had been in use: the journal is read.
            made[1024 + 0x60] |= 4;
        }
        for round in 0..40 {
            let seed = 1000 * nth as u64 + round;
            println!("{kind:?}, seed {seed}");
            let (mut dice, mut image) = (Dice(seed), made.clone());
            let flips = 1 + dice.roll(40);
            for _ in 0..flips {
                // Half of them where superblock, groups and the first inodes are.
                let region = if dice.roll(2) == 0 { 160 << 10 } else { image.len() as u64 };
                let at = dice.roll(region) as usize;
                image[at] = if dice.roll(3) == 0 { 0xff } else { dice.roll(256) as u8 };
            }
            let begun = std::time::Instant::now();
            if let Ok(opened) = Ext::open(&Image::Memory(image).window()) {
                read_what_can_be(&opened);
            }
            assert!(begun.elapsed().as_secs() < 30, "seed {seed} took {:?}", begun.elapsed());
        }
    }
}
