//! What is found in a volume, and how little of it is read for that.

use super::disk::{Content, Disk, Window, is_of_store};
use super::scene::{Image, Made, run};
use super::signs::Found;
use super::table::{self, Partition, crc32};
use super::{Files, guarded};
use crate::engine::drivers::volume::layout::{PIECE, SEGMENT};
use crate::engine::drivers::volume::tests::Bench;
use crate::engine::drivers::{Fault, Inside};
use crate::repository::{ForeignTree as _, ItemPath};
use std::cell::Cell;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::rc::Rc;
use std::time::{Duration, Instant};

const MIB: u64 = 1 << 20;

/// An image in a recovery point.
struct Stored {
    disk: Rc<Disk>,
    _bench: Bench,
}

impl Stored {
    /// One of so many bytes with these contents.
    fn new(length: u64, contents: &[(u64, &[u8])]) -> Self {
        let bench = Bench::new();
        let image = File::create(bench.image()).unwrap();
        image.set_len(length).unwrap();
        for (at, content) in contents {
            image.write_all_at(content, *at).unwrap();
        }
        let (outcome, _) = bench.back_up_while(|| {}).unwrap();
        let root = ItemPath::root();
        let content = Inside { repository: &bench.repository, snapshot: outcome.snapshot, root: &root };
        Self { disk: Rc::new(Disk::open(&content, None).unwrap()), _bench: bench }
    }

    fn whole(&self) -> Window {
        self.part(0, self.disk.size())
    }

    fn part(&self, start: u64, length: u64) -> Window {
        let content: Rc<dyn Content> = self.disk.clone();
        Window::new(&content, start, length)
    }

    /// The partitions: their numbers, where they begin and how long they are, in sectors.
    fn partitions(&self) -> io::Result<Option<Vec<(u32, u64, u64)>>> {
        let told = |part: &Partition| (part.number, part.bytes.start / 512, (part.bytes.end - part.bytes.start) / 512);
        Ok(table::read(&self.whole())?.map(|parts| parts.iter().map(told).collect()))
    }
}

#[test]
fn a_volume_is_read_where_it_is_asked_for_and_nowhere_else() {
    let length = 3 * SEGMENT + 12_345;
    let piece = u64::from(PIECE);
    let (across, last) = (SEGMENT - 5, length - 3);
    let stored = Stored::new(length, &[(across, &[7; 10]), (last, b"end")]);
    let (disk, whole) = (&stored.disk, stored.whole());
    let read = |at: u64, length: usize| {
        let mut buffer = vec![1; length];
        whole.read_at(at, &mut buffer).map(|()| buffer)
    };
    // The third segment is absent.
    assert_eq!(read(2 * SEGMENT + 5, 3).unwrap(), [0; 3]);
    assert_eq!(disk.bytes_read(), 0);
    assert_eq!(read(across - 1, 12).unwrap(), [0, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 0]);
    assert_eq!(disk.bytes_read(), 2 * piece);
    assert_eq!(read(across, 1).unwrap(), [7]);
    assert_eq!(disk.bytes_read(), 2 * piece, "what was read lately is kept");
    assert_eq!(read(last, 3).unwrap(), b"end");
    for (at, length) in [(last, 4), (length, 1), (u64::MAX, 1)] {
        assert_eq!(read(at, length).unwrap_err().kind(), io::ErrorKind::UnexpectedEof, "{at}");
    }
    let window = stored.part(across, 20);
    assert_eq!(window.peek::<20>(0).unwrap(), [&[7; 10][..], &[0; 10]].concat()[..]);
    assert_eq!(window.peek::<4>(18).unwrap(), [0; 4]);
    assert!(window.read_at(19, &mut [0; 2]).is_err() && window.read_at(u64::MAX, &mut [0]).is_err());
    assert_eq!(stored.part(length - 3, 100).length(), 3);
    assert_eq!(stored.part(length + 3, 100).length(), 0);
}

#[test]
fn from_the_moment_that_is_set_nothing_is_read_any_more() {
    let bench = Bench::new();
    File::create(bench.image()).unwrap().set_len(MIB).unwrap();
    let (outcome, _) = bench.back_up_while(|| {}).unwrap();
    let root = ItemPath::root();
    let content = Inside { repository: &bench.repository, snapshot: outcome.snapshot, root: &root };
    let read = |until| Disk::open(&content, Some(until)).unwrap().read_at(0, &mut [0; 4]);
    assert!(read(Instant::now() + Duration::from_secs(600)).is_ok());
    assert!(read(Instant::now()).unwrap_err().to_string().contains("takes too long"));
}

/// A sector with a table of an MBR.
fn mbr(places: &[(u8, u32, u32)]) -> [u8; 512] {
    let mut sector = [0; 512];
    for ((kind, start, length), at) in places.iter().zip((446..).step_by(16)) {
        sector[at + 4] = *kind;
        sector[at + 8..at + 12].copy_from_slice(&start.to_le_bytes());
        sector[at + 12..at + 16].copy_from_slice(&length.to_le_bytes());
    }
    sector[510..].copy_from_slice(&[0x55, 0xaa]);
    sector
}

#[test]
fn an_mbr_tells_its_partitions_and_a_chain_that_leads_back_into_itself_ends() {
    let first = mbr(&[(0x83, 2048, 4096), (0, 0, 0), (0x0f, 8192, 16_384), (0x07, 30_000, 2)]);
    let link = mbr(&[(0x83, 64, 1000), (0x05, 4096, 1000)]);
    let last = mbr(&[(0x83, 64, 500), (0x05, 4096, 1000)]);
    let chain: [(u64, &[u8]); 3] = [(0, &first), (8192 * 512, &link), ((8192 + 4096) * 512, &last)];
    let parts = Stored::new(32 * MIB, &chain).partitions().unwrap().unwrap();
    assert_eq!(parts, [(1, 2048, 4096), (4, 30_000, 2), (5, 8256, 1000), (6, 12_352, 500)]);
    // Each partition that is found has a number, and a link without any takes none. What programs leave before the table is
    // no matter in a link, and its latter two places are none of it but within its room.
    let (two, empty) = (
        mbr(&[(0x83, 64, 1000), (0x83, 2000, 500), (0x05, 4096, 1000), (0x83, 90_000, 5)]),
        mbr(&[(0x05, 8192, 1000)]),
    );
    let mut last = mbr(&[(0x83, 64, 500), (0, 0, 0), (0x83, 700, 200)]);
    last[446] = 0x33;
    let chain: [(u64, &[u8]); 4] =
        [(0, &first), (8192 * 512, &two), ((8192 + 4096) * 512, &empty), ((8192 + 8192) * 512, &last)];
    let parts = Stored::new(32 * MIB, &chain).partitions().unwrap().unwrap();
    assert_eq!(parts[2..], [(5, 8256, 1000), (6, 10_192, 500), (7, 16_448, 500), (8, 17_084, 200)]);
    // What begins like a file system is one, and what lies beyond the end is none.
    let mut boot = mbr(&[(0x07, 2048, 10)]);
    boot[3..11].copy_from_slice(b"NTFS    ");
    assert_eq!(Stored::new(4 * MIB, &[(0, &boot)]).partitions().unwrap(), None);
    assert_eq!(Stored::new(4 * MIB, &[(0, &mbr(&[(0x83, 99_999, 10)]))]).partitions().unwrap(), None);
    assert_eq!(Stored::new(4 * MIB, &[(MIB, b"x")]).partitions().unwrap(), None);
}

/// The header of a GPT whose table lies at a sector.
fn gpt(table_at: u64, table: &[u8]) -> [u8; 92] {
    let mut header = [0; 92];
    header[..8].copy_from_slice(b"EFI PART");
    header[12] = 92;
    header[72..80].copy_from_slice(&table_at.to_le_bytes());
    header[80..84].copy_from_slice(&4_u32.to_le_bytes());
    header[84..88].copy_from_slice(&128_u32.to_le_bytes());
    header[88..92].copy_from_slice(&crc32(table).to_le_bytes());
    let sum = crc32(&header).to_le_bytes();
    header[16..20].copy_from_slice(&sum);
    header
}

#[test]
fn of_a_gpt_the_second_one_is_read_where_the_first_is_damaged() {
    assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    let mut table = vec![0; 512];
    for (nth, (start, end)) in [(0, (2048_u64, 4095_u64)), (2, (4096, 8191))] {
        table[nth * 128] = 1;
        table[nth * 128 + 32..nth * 128 + 40].copy_from_slice(&start.to_le_bytes());
        table[nth * 128 + 40..nth * 128 + 48].copy_from_slice(&end.to_le_bytes());
    }
    table[56..60].copy_from_slice(&[b'a', 0, b'b', 0]);
    let (first, second) = (gpt(2, &table), gpt(8100, &table));
    let end = 4 * MIB - 512;
    let protective = mbr(&[(0xee, 1, 8191)]);
    let rest: [(u64, &[u8]); 4] = [(512, &first), (1024, &table), (8100 * 512, &table), (end, &second)];
    let all = [&[(0, protective.as_slice())], &rest[..]].concat();
    let expected = Some(vec![(1, 2048, 2048), (3, 4096, 4096)]);
    assert_eq!(Stored::new(4 * MIB, &all).partitions().unwrap(), expected);
    let damaged = [(1024 + 33, b"x".as_slice())];
    let spoilt = |more: &[(u64, &[u8])]| Stored::new(4 * MIB, &[&all, more].concat());
    let stored = spoilt(&damaged);
    assert_eq!(stored.partitions().unwrap(), expected);
    assert_eq!(table::read(&stored.whole()).unwrap().unwrap()[0].name, "ab");
    // Where the first sector keeps nothing for a GPT, both headers are what an earlier table left.
    let left_over =
        |first_sector: &[u8]| Stored::new(4 * MIB, &[&rest[..], &[(0, first_sector)]].concat()).partitions();
    assert_eq!(left_over(&[0; 512]).unwrap(), None);
    for first_sector in [(0x83, 2048, 1000), (0xee, 2048, 1000)] {
        assert_eq!(left_over(&mbr(&[first_sector])).unwrap(), Some(vec![(1, 2048, 1000)]));
    }
    assert_eq!(left_over(&protective).unwrap(), expected);
    assert_eq!(left_over(&mbr(&[(0x83, 2048, 1000), (0xee, 1, 2047)])).unwrap(), expected, "as hybrid ones have it");
    let second_alone = [(0, protective.as_slice()), (8100 * 512, &table), (end, &second)];
    assert_eq!(Stored::new(4 * MIB, &second_alone).partitions().unwrap(), expected);
    let neither = Stored::new(4 * MIB, &[(0, &protective)]).partitions().unwrap_err();
    assert!(neither.to_string().contains("tells of a GPT, and there is none"), "{neither}");
    let both = spoilt(&[damaged[0], (end + 20, b"x")]).partitions().unwrap_err();
    assert!(both.to_string().contains("its GPT is damaged"), "{both}");
}

#[test]
fn an_mbr_counts_in_larger_sectors_only_where_something_lies_there_and_nothing_at_the_usual_ones() {
    let table = mbr(&[(0x83, 256, 64), (0x05, 512, 64)]);
    let link = mbr(&[(0x83, 8, 16)]);
    let ext: &[u8] = b"\x53\xef";
    let large: [(u64, &[u8]); 3] = [(0, &table), (512 * 4096, &link), (256 * 4096 + 1080, ext)];
    let found = |contents: &[(u64, &[u8])]| Stored::new(4 * MIB, contents).partitions().unwrap().unwrap();
    assert_eq!(found(&large), [(1, 2048, 512), (5, 4160, 128)]);
    let usual = [&large[..], &[(256 * 512 + 1080, ext)]].concat();
    assert_eq!(found(&usual)[0], (1, 256, 64));
    assert_eq!(found(&[(0, &table)]), [(1, 256, 64)], "where nothing lies at either");
}

#[test]
fn more_partitions_than_anybody_has_are_not_read() {
    // A chain whose links have a partition each.
    let first = mbr(&[(0x05, 100, 9000)]);
    let links: Vec<_> = (0..140_u64).map(|nth| mbr(&[(0x83, 1, 1), (0x05, 10 * (nth as u32 + 1), 10)])).collect();
    let chain = links.iter().zip(0..).map(|(link, nth)| ((100 + 10 * nth) * 512, link.as_slice()));
    let all: Vec<_> = std::iter::once((0, first.as_slice())).chain(chain).collect();
    let refused = Stored::new(4 * MIB, &all).partitions().unwrap_err().to_string();
    assert!(refused.contains("more than 128 partitions"), "{refused}");
    let fewer = [&all[..129], &[(100 * 512 + 128 * 10 * 512, &[0; 512])]].concat();
    assert_eq!(Stored::new(4 * MIB, &fewer).partitions().unwrap().unwrap().len(), 128);
}

/// A volume that cannot be read any more after so many times.
struct Failing {
    image: Image,
    left: Cell<u32>,
}

impl Content for Failing {
    fn size(&self) -> u64 {
        self.image.size()
    }

    fn bytes_read(&self) -> u64 {
        0
    }

    fn read_at(&self, at: u64, buffer: &mut [u8]) -> io::Result<()> {
        match self.left.get().checked_sub(1) {
            Some(left) => self.left.set(left),
            None => return Err(Fault::System("the pack is gone".to_owned()).into_io()),
        }
        self.image.read_at(at, buffer)
    }
}

#[test]
fn whatever_of_the_recovery_point_cannot_be_read_is_its_own_fault_and_not_the_images() {
    let made = Made::new(8);
    let tree = tempfile::tempdir().unwrap();
    std::fs::write(tree.path().join("a"), "a").unwrap();
    run("mke2fs", &["-q", "-F", "-t", "ext4", "-I", "128", "-d", tree.path().to_str().unwrap(), made.path()]);
    // An access list in a block of its own, without which nobody knows what the group may do.
    let list = made.folder.path().join("list");
    std::fs::write(
        &list,
        b"\x02\0\0\0\x01\0\x06\0\xff\xff\xff\xff\x04\0\0\0\xff\xff\xff\xff\x20\0\0\0\xff\xff\xff\xff",
    )
    .unwrap();
    run("debugfs", &["-w", "-R", &format!("ea_set -f {} a system.posix_acl_access", list.display()), made.path()]);
    let mut image = vec![0; 2 << 20];
    image[..512].copy_from_slice(&mbr(&[(0x83, 4096, 16_384), (0x83, 100, 5)]));
    image.extend(made.bytes());
    let page = |left, folder: &str| {
        let content = Failing { image: Image::Memory(image.clone()), left: Cell::new(left) };
        Files::of(Rc::new(content)).and_then(|files| files.page(&ItemPath::parse(folder).unwrap(), None, 100))
    };
    for folder in ["/", "/p1"] {
        let mut times = 0;
        let listing = loop {
            match page(times, folder) {
                Ok(listing) => break listing,
                Err(error) => assert!(is_of_store(&error), "{folder}, after {times} times: {error}"),
            }
            times += 1;
        };
        assert!(times > 20 && listing.items.len() == 2, "{folder}: {times}, {listing:?}");
    }
}

#[test]
fn of_many_partitions_all_are_listed_and_the_file_systems_of_the_first_are_opened() {
    let made = Made::new(0);
    run("mke2fs", &["-q", "-F", "-t", "ext2", "-b", "1024", "-L", "system", "-N", "16", made.path(), "128"]);
    let mut image = vec![0; 4 << 20];
    image[..512].copy_from_slice(&mbr(&[(0x05, 100, 8000)]));
    for nth in 0..20 {
        let at = (100 + 300 * nth) * 512;
        image[at..at + 512].copy_from_slice(&mbr(&[(0x83, 1, 256), (0x05, 300 * (nth as u32 + 1), 300)]));
        image[at + 512..at + 257 * 512].copy_from_slice(&made.bytes());
    }
    let files = Files::of(Rc::new(Image::Memory(image))).unwrap();
    let listing = files.page(&ItemPath::root(), None, 100).unwrap();
    let labelled = listing.items.iter().filter(|item| item.note.as_deref() == Some("ext2 \"system\", 0 MiB")).count();
    let others = listing.items.iter().filter(|item| item.note.as_deref() == Some("ext2, 0 MiB")).count();
    assert_eq!((labelled, others), (16, 4), "{listing:?}");
    assert_eq!(listing.items.iter().filter(|item| item.is_unread).count(), 4);
    assert_eq!(files.page(&ItemPath::parse("/p24").unwrap(), None, 100).unwrap().items.len(), 1);
}

#[test]
fn what_is_found_is_named_by_its_signs() {
    let signs: [(u64, &[u8], &str); 10] = [
        (0, b"XFSB", "XFS"),
        (0, b"LUKS\xba\xbe", "LUKS (encrypted)"),
        (512, b"LABELONE", "LVM"),
        (0x1_0040, b"_BHRfS_M", "btrfs"),
        (4086, b"SWAPSPACE2", "swap space"),
        (16_374, b"SWAPSPACE2", "swap space"),
        (65_526, b"SWAPSPACE2", "swap space"),
        (1080, b"\x53\xef", "ext2"),
        (3, b"NTFS    ", "NTFS"),
        (5000, b"nothing", "no known file system"),
    ];
    for (at, sign, name) in signs {
        let stored = Stored::new(MIB, &[(at, sign)]);
        assert_eq!(Found::any(&stored.whole()).unwrap().to_string(), name);
    }
}

#[test]
fn an_old_file_system_in_what_is_part_of_a_whole_is_not_taken_for_its_files() {
    let (raid, state) = (b"\xfc\x4e\x2b\xa9".as_slice(), 0x00ba_b10c_u64);
    let around: [(u64, &[u8], &str); 5] = [
        (4096, raid, "Linux software RAID"),
        (512, b"LABELONE", "LVM"),
        (0x2_0000, &state.to_le_bytes(), "ZFS"),
        (0x2_0000 + 31 * 4096, &state.to_be_bytes(), "ZFS"),
        (0x2_0000 + 7 * 4096, &state.to_le_bytes(), "ZFS"),
    ];
    for (at, sign, name) in around {
        assert_eq!(Found::any(&Stored::new(MIB, &[(at, sign)]).whole()).unwrap().to_string(), name);
        for (old, within, old_name) in [(1080, b"\x53\xef".as_slice(), "ext2"), (3, b"NTFS    ", "NTFS")] {
            let stored = Stored::new(MIB, &[(at, sign), (old, within)]);
            let files = Files::of(stored.disk.clone()).unwrap();
            let refused = files.root().unwrap_err().to_string();
            assert!(refused.contains(&format!("signs of both {name} and {old_name}")), "{refused}");
        }
    }
}

#[test]
fn what_cannot_be_read_is_refused_with_the_way_out() {
    let xfs = Stored::new(MIB, &[(0, b"XFSB")]);
    let files = Files::of(xfs.disk).unwrap();
    let refused = files.root().unwrap_err().to_string();
    assert!(
        refused.starts_with("The volume has XFS. ") && refused.ends_with("restore the volume and mount it."),
        "{refused}"
    );
    let read = guarded::<()>(|| panic!("nobody thought of this"));
    assert!(read.unwrap_err().to_string().contains("damaged beyond reading"));
}
