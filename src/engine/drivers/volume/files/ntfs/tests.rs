//! File systems that the tools of NTFS made, read and held against what was put into them.
#![allow(clippy::print_stdout)]

use super::*;
use crate::engine::drivers::volume::files::bytes::le64;
use crate::engine::drivers::volume::files::scene::{Dice, Image, Made, content, find, names, read_what_can_be, run};
use std::fs;

impl Made {
    /// An NTFS of so many MiB, with files in its root.
    fn ntfs(mib: u64, options: &[&str], files: &[(String, Vec<u8>)]) -> Self {
        let made = Self::new(mib);
        let fixed = ["-q", "-F", "-Q", "-p", "0", "-H", "0", "-S", "0", "-L", "Daten"];
        run("mkntfs", &[&fixed, options, &[made.path()]].concat());
        for (name, bytes) in files {
            let from = made.folder.path().join("from");
            fs::write(&from, bytes).unwrap();
            run("ntfscp", &["-q", "-f", made.path(), from.to_str().unwrap(), name]);
        }
        made
    }

    fn opened(&self) -> io::Result<Ntfs> {
        Ntfs::open(&Image::of(&self.image))
    }

    /// Where the record of a file lies.
    fn record_at(&self, name: &str) -> usize {
        let opened = self.opened().unwrap();
        let record = find(&opened, name) & NUMBER;
        (opened.boot.table + record * opened.boot.record as u64) as usize
    }
}

/// So many files, small ones and large ones.
fn files(count: usize) -> Vec<(String, Vec<u8>)> {
    let mut dice = Dice(7);
    let sizes = [0, 5, 600, 700, 1500, 4096, 70_000, 300_001];
    (0..count).map(|nth| (format!("a file, größe {nth:03}"), dice.bytes(sizes[nth % sizes.len()]))).collect()
}

#[test]
fn files_of_every_size_come_out_of_clusters_of_every_size() {
    let files = files(40);
    for options in [&["-c", "512"][..], &["-c", "4096"], &["-c", "65536"], &["-s", "4096", "-c", "4096"]] {
        let made = Made::ntfs(32, options, &files);
        let opened = made.opened().unwrap();
        let found = names(&opened, opened.root()).unwrap();
        assert_eq!((found.len(), opened.label().as_deref()), (40, Some("Daten")), "{options:?}");
        for (name, bytes) in &files {
            let number = found[name.as_bytes()];
            assert_eq!(opened.item(number).unwrap().node.size, bytes.len() as u64);
            assert!(content(&opened, number).unwrap() == *bytes, "{options:?}: {name}");
        }
        assert!(opened.caveat().contains("$LogFile"));
    }
}

#[test]
fn a_reference_to_a_file_that_is_another_one_now_leads_nowhere() {
    let made = Made::ntfs(8, &[], &files(3));
    let mut image = made.bytes();
    let (name, at) = ("a file, größe 001", made.record_at("a file, größe 001"));
    image[at + 0x10] += 1;
    let opened = Ntfs::open(&Image::Memory(image).window()).unwrap();
    let refused = opened.item(find(&opened, name)).unwrap_err().to_string();
    assert!(refused.contains("not there any more"), "{refused}");
}

/// Where the first attribute of a kind is in a record.
fn attribute_at(image: &[u8], record: usize, kind: u32) -> usize {
    let mut at = record + usize::from(le16(image, record + 0x14));
    while le32(image, at) != kind {
        at += le32(image, at + 4) as usize;
    }
    at
}

fn data_at(image: &[u8], record: usize) -> usize {
    attribute_at(image, record, record::DATA)
}

/// Where what such an attribute holds in its record begins.
fn value_at(image: &[u8], record: usize, kind: u32) -> usize {
    let at = attribute_at(image, record, kind);
    at + usize::from(le16(image, at + 20))
}

/// What an item is, with some bytes of the image changed.
fn item(image: &[u8], at: usize, bytes: &[u8], name: &str) -> io::Result<ForeignItem> {
    let mut image = image.to_vec();
    image[at..at + bytes.len()].copy_from_slice(bytes);
    let opened = Ntfs::open(&Image::Memory(image).window())?;
    opened.item(find(&opened, name))
}

#[test]
fn of_a_file_with_holes_only_what_lies_in_clusters_takes_room() {
    let made = Made::ntfs(8, &["-c", "4096"], &files(8));
    let name = "a file, größe 006";
    let image = made.bytes();
    let data = data_at(&image, made.record_at(name));
    // Behind where the runs of one without holes begin: the number is there only of one that has some.
    let mut sparse = image.clone();
    sparse[data + 0x40..data + 0x48].copy_from_slice(&8192_u64.to_le_bytes());
    assert_eq!(item(&image, 0, &[], name).unwrap().room, 70_000);
    assert_eq!(item(&sparse, data + 13, &[0x80], name).unwrap().room, 8192);
}

#[test]
fn a_folder_that_lost_blocks_of_its_index_is_not_told_as_an_empty_one() {
    let made = Made::ntfs(8, &["-c", "4096"], &files(60));
    let image = made.bytes();
    let root = made.opened().unwrap().boot.table as usize + ROOT as usize * 1024;
    let listed = |at: usize, bytes: &[u8]| {
        let mut image = image.clone();
        image[at..at + bytes.len()].copy_from_slice(bytes);
        let opened = Ntfs::open(&Image::Memory(image).window()).unwrap();
        names(&opened, opened.root()).map(|names| names.len()).map_err(|error| error.to_string())
    };
    assert_eq!(listed(0, &[]), Ok(60));
    let missing = Err("it is damaged: blocks of the folder are missing".to_owned());
    assert_eq!(listed(value_at(&image, root, record::BITMAP), &[0; 8]), missing);
    let blocks = attribute_at(&image, root, record::INDEX_ALLOCATION);
    assert_eq!(listed(blocks + 0x30, &[0; 16]), missing);
}

#[test]
fn links_that_other_drivers_made_are_links_and_not_their_files() {
    let target: Vec<u8> = "../größe".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let link = [b"IntxLNK\x01".as_slice(), &target].concat();
    let made = Made::ntfs(8, &[], &[("link".to_owned(), link)]);
    let image = made.bytes();
    let flags = value_at(&image, made.record_at("link"), record::STANDARD_INFORMATION) + 0x20;
    let node = item(&image, flags, &[4], "link").unwrap().node;
    assert_eq!((node.kind, node.link_target), (NodeKind::Symlink, "../größe".as_bytes().to_vec()));
    // A file of a user may begin so.
    assert_eq!(item(&image, flags, &[0x20], "link").unwrap().node.kind, NodeKind::File);
}

#[test]
fn what_stands_for_content_elsewhere_is_known_without_its_flag() {
    let made = Made::ntfs(8, &[], &[("packed".to_owned(), 0x8000_0017_u32.to_le_bytes().to_vec())]);
    let image = made.bytes();
    let data = data_at(&image, made.record_at("packed"));
    let refused = item(&image, data, &record::REPARSE_POINT.to_le_bytes(), "packed").unwrap_err().to_string();
    assert!(refused.contains("its content lies elsewhere") && refused.contains("0x80000017"), "{refused}");
}

#[test]
fn what_was_never_written_is_zeros_and_what_is_compressed_or_encrypted_is_refused() {
    let made = Made::ntfs(8, &["-c", "4096"], &files(8));
    let name = "a file, größe 006";
    let (image, record) = (made.bytes(), made.record_at(name));
    let data = data_at(&image, record);
    let with = |at: usize, bytes: &[u8]| {
        let mut image = image.clone();
        image[at..at + bytes.len()].copy_from_slice(bytes);
        let opened = Ntfs::open(&Image::Memory(image).window()).unwrap();
        content(&opened, find(&opened, name))
    };
    let whole = with(data, &[]).unwrap();
    assert_eq!((whole.len(), le64(&image, data + 0x38)), (70_000, 70_000));
    let begun = with(data + 0x38, &5000_u64.to_le_bytes()).unwrap();
    assert!(begun.len() == 70_000 && begun[..5000] == whole[..5000] && begun[5000..].iter().all(|byte| *byte == 0));
    let refused = |at, bytes: &[u8]| with(at, bytes).unwrap_err().to_string();
    // It is refused before any of it is read, so that nothing is made for it.
    let unread = |at: usize, bytes: &[u8]| item(&image, at, bytes, name).unwrap_err().to_string();
    assert!(unread(data + 12, &[1]).contains("compressed") && refused(data + 12, &[1]).contains("compressed"));
    assert!(unread(data + 13, &[0x40]).contains("encrypted") && refused(data + 13, &[0x40]).contains("encrypted"));
    let flags = value_at(&image, record, record::STANDARD_INFORMATION) + 0x20;
    assert!(unread(flags + 1, &[0x40]).contains("encrypted"));
    // Longer than its clusters, and a part of it that does not begin at its beginning.
    let longer = [90_000_u64.to_le_bytes(), 90_000_u64.to_le_bytes()].concat();
    assert!(refused(data + 0x30, &longer).contains("clusters of an attribute are missing"));
    assert!(refused(data + 0x10, &[1]).contains("a part of an attribute is missing"));
}

#[test]
fn a_list_of_attributes_that_leads_round_or_elsewhere_ends() {
    let made = Made::ntfs(8, &["-c", "4096"], &files(8));
    let image = made.bytes();
    let reference = |name: &str| find(&made.opened().unwrap(), name);
    let (resident, in_clusters) = ("a file, größe 001", "a file, größe 006");
    // The list takes the place of the file's own name, which has room for three entries.
    let with = |name: &str, kind: u32, leads_to: u64| {
        let (mut image, record) = (image.clone(), made.record_at(name));
        let entry = [&kind.to_le_bytes()[..], &[32, 0, 0, 26], &[0; 8], &leads_to.to_le_bytes(), &[0; 8]].concat();
        let (at, value) =
            (attribute_at(&image, record, record::FILE_NAME), value_at(&image, record, record::FILE_NAME));
        image[value..value + 96].copy_from_slice(&entry.repeat(3));
        image[at..at + 4].copy_from_slice(&record::ATTRIBUTE_LIST.to_le_bytes());
        let opened = Ntfs::open(&Image::Memory(image).window()).unwrap();
        let number = find(&opened, name);
        opened.item(number).and_then(|_| content(&opened, number)).map_err(|error| error.to_string())
    };
    for (name, kind, leads_to, why) in [
        (resident, record::DATA, reference(resident), "an attribute is there twice"),
        (in_clusters, record::DATA, reference(in_clusters), "a part of an attribute is missing"),
        (in_clusters, record::DATA, reference(resident), "leads to what is not its own"),
        (in_clusters, record::ATTRIBUTE_LIST, reference(in_clusters), "the file has no content"),
    ] {
        let refused = with(name, kind, leads_to).unwrap_err();
        assert!(refused.contains(why), "{name}, {kind:#x}: {refused}");
    }
}

#[test]
fn a_boot_sector_that_says_what_cannot_be_is_refused() {
    let image = Made::ntfs(8, &[], &[]).bytes();
    for (at, bytes, told) in [
        (0x0b, &[0, 0][..], "no cluster has such a size"),
        (0x0d, &[3], "no cluster has such a size"),
        (0x0d, &[0x90], "no cluster has such a size"),
        (0x40, &[0x80], "no record has such a size"),
        (0x40, &[100], "no record has such a size"),
        (0x28, &[0xff; 8], "and lies in"),
        (0x30, &[0xff; 8], "behind its end"),
    ] {
        let mut image = image.clone();
        image[at..at + bytes.len()].copy_from_slice(bytes);
        let refused = Ntfs::open(&Image::Memory(image).window()).err().unwrap().to_string();
        assert!(refused.contains(told), "{at:#x}: {refused}");
    }
}

#[test]
fn times_are_told_from_1970_on() {
    assert_eq!(time(116_444_736_000_000_000), Timestamp::new(0, 0));
    assert_eq!(time(132_539_328_000_000_001), Timestamp::new(1_609_459_200, 100));
    assert_eq!(time(116_444_735_999_999_999), Timestamp::new(-1, 999_999_900));
}

/// Flips bits in what describes files, and reads: nothing panics, and nothing goes on for ever.
#[test]
fn no_image_makes_the_reader_panic_or_run_away() {
    let made = Made::ntfs(8, &["-c", "1024"], &files(60));
    let table = made.opened().unwrap().boot.table as usize;
    let image = made.bytes();
    for seed in 0..200 {
        println!("seed {seed}");
        let (mut dice, mut image) = (Dice(seed), image.clone());
        for _ in 0..=dice.roll(40) {
            let at = match dice.roll(4) {
                0 => dice.roll(512) as usize,
                1 => dice.roll(image.len() as u64) as usize,
                _ => table + dice.roll(130 << 10) as usize,
            };
            image[at] = if dice.roll(3) == 0 { 0xff } else { dice.roll(256) as u8 };
        }
        let begun = std::time::Instant::now();
        if let Ok(opened) = Ntfs::open(&Image::Memory(image).window()) {
            read_what_can_be(&opened);
        }
        assert!(begun.elapsed().as_secs() < 30, "seed {seed} took {:?}", begun.elapsed());
    }
}
