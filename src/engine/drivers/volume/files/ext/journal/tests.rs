//! Journals of every form, written here from a seed and replayed by us and by `e2fsck`.
#![allow(clippy::print_stdout)]

use super::*;
use crate::engine::drivers::volume::files::ext::Ext;
use crate::engine::drivers::volume::files::ext::blocks::MAGIC;
use crate::engine::drivers::volume::files::ext::checksum::crc32c;
use crate::engine::drivers::volume::files::scene::{Dice, Image, Made, content, find, run};
use std::fs::{self, File};
use std::os::unix::fs::FileExt as _;

/// How a journal is written.
#[derive(Debug, Clone, Copy, Default)]
struct Form {
    is_wide: bool,
    /// 0 for none, 1 for a sum in each commit, 2 and 3 as their features are called.
    sums: u32,
    /// Whether descriptors say of each block with which UUID it goes.
    repeats_uuid: bool,
    /// Whether commits may be written before what they commit.
    is_async: bool,
}

const SIZE: usize = 1024;

/// A file system with a journal that is written by hand.
struct Scene {
    made: Made,
    image: File,
    form: Form,
    /// The first block of the journal, which lies in one piece, and how many blocks it has.
    journal: u64,
    length: u32,
    seed: u32,
    /// Blocks of a file, which transactions change.
    targets: Vec<u64>,
    at: u32,
    sequence: u32,
    sum: u32,
}

impl Scene {
    /// The log begins at a block, with a transaction.
    fn new(form: Form, start: u32, sequence: u32) -> Self {
        let made = Made::new(16);
        fs::create_dir(made.folder.path().join("tree")).unwrap();
        fs::write(made.folder.path().join("tree/data"), Dice(5).bytes(200 * SIZE)).unwrap();
        let tree = made.folder.path().join("tree");
        let options = ["-q", "-F", "-t", "ext4", "-b", "1024", "-O", "^metadata_csum", "-J", "size=2", "-d"];
        run("mke2fs", &[&options[..], &[tree.to_str().unwrap(), made.path()]].concat());
        made.debugfs("feature needs_recovery");
        let number = |command: &str| made.debugfs(command).trim().parse::<u64>().unwrap();
        let (journal, length) = (number("bmap <8> 0"), 2048);
        assert_eq!(number("bmap <8> 2047"), journal + 2047);
        let blocks = made.debugfs("blocks /data");
        let targets: Vec<u64> = blocks.split_whitespace().map(|block| block.parse().unwrap()).collect();
        assert_eq!((targets.len(), targets[199]), (200, number("bmap /data 199")));
        let image = File::options().read(true).write(true).open(&made.image).unwrap();
        let mut scene =
            Self { made, image, form, journal, length, seed: 0, targets, at: start, sequence, sum: u32::MAX };
        scene.begin(start);
        scene
    }

    /// What was in the log before, and its superblock.
    fn begin(&mut self, start: u32) {
        for number in 1..self.length {
            let mut old = Self::header(1 + number % 2, self.sequence.wrapping_sub(700 + number % 5));
            old[12..].copy_from_slice(&Dice(number.into()).bytes(SIZE - 12));
            self.write(number, &old);
        }
        let mut block = vec![0; SIZE];
        self.image.read_exact_at(&mut block, self.journal * SIZE as u64).unwrap();
        block[4..8].copy_from_slice(&4_u32.to_be_bytes());
        self.seed = crc32c(u32::MAX, &block[0x30..0x40]);
        let incompatible = 1
            | u32::from(self.form.is_wide) << 1
            | [0, 0, 8, 0x10][self.form.sums as usize]
            | u32::from(self.form.is_async) << 2;
        let put = |block: &mut Vec<u8>, at: usize, value: u32| block[at..at + 4].copy_from_slice(&value.to_be_bytes());
        put(&mut block, 0x18, self.sequence);
        put(&mut block, 0x1c, start);
        put(&mut block, 0x24, u32::from(self.form.sums == 1));
        put(&mut block, 0x28, incompatible);
        if self.form.sums > 1 {
            block[0x50] = 4;
            put(&mut block, 0xfc, 0);
            let sum = crc32c(u32::MAX, &block);
            put(&mut block, 0xfc, sum);
        }
        self.write(0, &block);
    }

    fn write(&self, number: u32, block: &[u8]) {
        self.image.write_all_at(block, (self.journal + u64::from(number)) * SIZE as u64).unwrap();
    }

    fn header(kind: u32, sequence: u32) -> Vec<u8> {
        let mut block = [&MAGIC[..], &kind.to_be_bytes(), &sequence.to_be_bytes()].concat();
        block.resize(SIZE, 0);
        block
    }

    fn append(&mut self, block: &[u8]) {
        self.write(self.at, block);
        self.at = if self.at + 1 == self.length { 1 } else { self.at + 1 };
    }

    /// Closes a block with its sum, in the place where it has one.
    fn append_summed(&mut self, mut block: Vec<u8>, at: usize) {
        if self.form.sums > 1 {
            let sum = crc32c(self.seed, &block);
            block[at..at + 4].copy_from_slice(&sum.to_be_bytes());
        }
        self.append(&block);
    }

    /// A descriptor and the blocks that it tells of.
    fn blocks(&mut self, contents: &[(u64, Vec<u8>)]) {
        let mut block = Self::header(1, self.sequence);
        let mut tags = Vec::new();
        let mut stored = Vec::new();
        for (nth, (target, content)) in contents.iter().enumerate() {
            let is_escaped = content.starts_with(&MAGIC);
            let mut content = content.clone();
            if is_escaped {
                content[..4].fill(0);
            }
            let has_uuid = nth == 0 || self.form.repeats_uuid;
            let is_last = nth + 1 == contents.len();
            let flags = u32::from(is_escaped) | u32::from(!has_uuid) << 1 | u32::from(is_last) << 3;
            let sum = crc32c(crc32c(self.seed, &self.sequence.to_be_bytes()), &content);
            tags.extend((*target as u32).to_be_bytes());
            if self.form.sums == 3 {
                tags.extend([flags.to_be_bytes(), [0; 4], sum.to_be_bytes()].concat());
            } else {
                let short = if self.form.sums == 2 { sum as u16 } else { 0 };
                tags.extend([short.to_be_bytes(), (flags as u16).to_be_bytes()].concat());
                tags.extend(std::iter::repeat_n(0, 4 * usize::from(self.form.is_wide)));
                tags.extend(std::iter::repeat_n(0, if self.form.sums == 2 { 2 } else { 0 }));
            }
            tags.extend(std::iter::repeat_n(7, 16 * usize::from(has_uuid)));
            stored.push(content);
        }
        assert!(12 + tags.len() <= SIZE - 4);
        block[12..12 + tags.len()].copy_from_slice(&tags);
        let mut with_sum = block.clone();
        if self.form.sums > 1 {
            let sum = crc32c(self.seed, &block);
            with_sum[SIZE - 4..].copy_from_slice(&sum.to_be_bytes());
        }
        self.sum = stored.iter().fold(crc32_big(self.sum, &with_sum), |sum, content| crc32_big(sum, content));
        self.append(&with_sum);
        for content in &stored {
            self.append(content);
        }
    }

    fn revoke(&mut self, blocks: &[u64]) {
        let mut block = Self::header(5, self.sequence);
        let numbers: Vec<u8> = if self.form.is_wide {
            blocks.iter().flat_map(|block| block.to_be_bytes()).collect()
        } else {
            blocks.iter().flat_map(|block| (*block as u32).to_be_bytes()).collect()
        };
        block[12..16].copy_from_slice(&(16 + numbers.len() as u32).to_be_bytes());
        block[16..16 + numbers.len()].copy_from_slice(&numbers);
        self.append_summed(block, SIZE - 4);
    }

    fn commit(&mut self) {
        let mut block = Self::header(2, self.sequence);
        block[48..56].copy_from_slice(&(1_700_000_000 + u64::from(self.sequence)).to_be_bytes());
        if self.form.sums == 1 {
            (block[12], block[13]) = (1, 4);
            block[16..20].copy_from_slice(&self.sum.to_be_bytes());
        }
        self.append_summed(block, 16);
        self.sum = u32::MAX;
        self.sequence = self.sequence.wrapping_add(1);
    }

    fn target(&self, dice: &mut Dice) -> u64 {
        self.targets[dice.roll(self.targets.len() as u64) as usize]
    }

    /// A transaction: a few descriptors, what they tell of, and revocations among them.
    fn transaction(&mut self, dice: &mut Dice) {
        for _ in 0..=dice.roll(3) {
            let mut contents = Vec::new();
            for _ in 0..=dice.roll(12) {
                let mut content = dice.bytes(SIZE);
                if dice.roll(4) == 0 {
                    content[..4].copy_from_slice(&MAGIC);
                }
                contents.push((self.target(dice), content));
            }
            self.blocks(&contents);
            if dice.roll(2) == 0 {
                let revoked: Vec<_> = (0..=dice.roll(20)).map(|_| self.target(dice)).collect();
                self.revoke(&revoked);
            }
        }
    }

    fn read(&self) -> io::Result<Vec<u8>> {
        let opened = Ext::open(&Image::of(&self.made.image))?;
        content(&opened, find(&opened, "data"))
    }

    /// What `e2fsck` makes of the same.
    fn judged(&self) -> Vec<u8> {
        let copy = self.made.folder.path().join("copy");
        fs::copy(&self.made.image, &copy).unwrap();
        run("e2fsck", &["-fy", copy.to_str().unwrap()]);
        let opened = Ext::open(&Image::of(&copy)).unwrap();
        assert!(!opened.superblock.needs_recovery);
        content(&opened, find(&opened, "data")).unwrap()
    }
}

const FORMS: [Form; 8] = [
    Form { is_wide: false, sums: 0, repeats_uuid: false, is_async: false },
    Form { is_wide: false, sums: 0, repeats_uuid: true, is_async: false },
    Form { is_wide: false, sums: 1, repeats_uuid: false, is_async: false },
    Form { is_wide: true, sums: 0, repeats_uuid: false, is_async: false },
    Form { is_wide: false, sums: 2, repeats_uuid: false, is_async: false },
    Form { is_wide: true, sums: 2, repeats_uuid: false, is_async: false },
    Form { is_wide: false, sums: 3, repeats_uuid: false, is_async: false },
    Form { is_wide: true, sums: 3, repeats_uuid: true, is_async: false },
];

#[test]
fn a_journal_of_any_form_counts_as_it_does_for_e2fsck() {
    for (nth, form) in (0_u32..).zip(FORMS) {
        for round in 0..3 {
            let seed = u64::from(10 * nth + round);
            println!("{form:?}, seed {seed}");
            let mut dice = Dice(seed);
            // Once in the midst, once so that it goes round, once where numbers of transactions begin again.
            let (start, sequence) = [(1, 17), (2048 - 20, 4000), (900, u32::MAX - 3)][round as usize];
            let mut scene = Scene::new(form, start, sequence);
            let before = scene.read().unwrap();
            for _ in 0..3 + dice.roll(8) {
                scene.transaction(&mut dice);
                scene.commit();
            }
            let committed = scene.read().unwrap();
            if dice.roll(2) == 0 {
                // One that was not committed, and revokes what was.
                scene.transaction(&mut dice);
                let all = scene.targets[..100].to_vec();
                scene.revoke(&all);
            }
            let found = scene.read().unwrap();
            assert!(found == committed && found != before, "seed {seed}: what has no commit does not count");
            assert!(found == scene.judged(), "seed {seed}: e2fsck makes something else of it");
        }
    }
}

#[test]
fn what_was_revoked_is_not_taken_from_before_and_is_from_after() {
    for form in FORMS {
        let mut scene = Scene::new(form, 1000, 9);
        let before = scene.read().unwrap();
        let (one, other, third) = (scene.targets[0], scene.targets[1], scene.targets[2]);
        scene.blocks(&[(one, vec![1; SIZE]), (other, vec![2; SIZE]), (third, vec![3; SIZE])]);
        scene.commit();
        scene.revoke(&[one, other]);
        scene.commit();
        scene.blocks(&[(other, vec![4; SIZE])]);
        scene.commit();
        let found = scene.read().unwrap();
        assert_eq!(found[..SIZE], before[..SIZE]);
        assert_eq!((found[SIZE], found[2 * SIZE]), (4, 3));
        assert!(found == scene.judged());
    }
}

#[test]
fn a_committed_block_that_is_not_what_was_written_is_damage() {
    for form in FORMS.into_iter().filter(|form| form.sums > 0) {
        let mut scene = Scene::new(form, 1, 9);
        let target = scene.targets[0];
        scene.blocks(&[(target, vec![1; SIZE])]);
        scene.commit();
        scene.write(2, &[9; SIZE]);
        let refused = scene.read().unwrap_err().to_string();
        assert!(refused.contains("checksum"), "{form:?}: {refused}");
    }
}

#[test]
fn a_commit_that_is_not_whole_ends_the_log_only_where_nothing_before_it_is_doubtful() {
    for sums in [2, 3] {
        let form = Form { sums, is_async: true, ..Form::default() };
        for is_doubtful in [false, true] {
            let mut scene = Scene::new(form, 1, 9);
            let (one, other) = (scene.targets[0], scene.targets[1]);
            scene.blocks(&[(one, vec![1; SIZE])]);
            scene.commit();
            let descriptor = scene.at;
            scene.blocks(&[(other, vec![2; SIZE])]);
            let commit = scene.at;
            scene.commit();
            let spoil = |number: u32, within: u64| {
                let at = (scene.journal + u64::from(number)) * SIZE as u64 + within;
                scene.image.write_all_at(&[0xee], at).unwrap();
            };
            spoil(commit, 900);
            if is_doubtful {
                spoil(descriptor, 900);
                assert!(scene.read().unwrap_err().to_string().contains("a checksum in its journal is wrong"));
            } else {
                let found = scene.read().unwrap();
                assert!(found[0] == 1 && found[SIZE..2 * SIZE] != [2; SIZE]);
            }
        }
    }
}

#[test]
fn a_journal_that_is_not_read_is_refused() {
    let scene = Scene::new(Form::default(), 1, 9);
    let at = scene.journal * SIZE as u64;
    let told = |place: u64, value: u32| {
        let mut before = [0; 4];
        scene.image.read_exact_at(&mut before, at + place).unwrap();
        scene.image.write_all_at(&value.to_be_bytes(), at + place).unwrap();
        let refused = scene.read().unwrap_err().to_string();
        scene.image.write_all_at(&before, at + place).unwrap();
        refused
    };
    for (place, value, why) in [
        (0x28, 0x40, "the feature 0x40"),
        (0x00, 0, "no superblock"),
        (0x0c, 4096, "what cannot be"),
        (0x10, 1_000_000, "what cannot be"),
        (0x1c, 5_000_000, "what cannot be"),
    ] {
        let refused = told(place, value);
        assert!(refused.contains(why), "{refused}");
    }
    // Of one that is too small for them the kernel takes no room for fast commits.
    let mut features = [0; 4];
    scene.image.read_exact_at(&mut features, at + 0x28).unwrap();
    scene.image.write_all_at(&0x21_u32.to_be_bytes(), at + 0x28).unwrap();
    let refused = told(0x10, 1279);
    assert!(refused.contains("smaller than such a one"), "{refused}");
    scene.image.write_all_at(&features, at + 0x28).unwrap();
    // A fast commit behind the log, of the transaction that would come next.
    let mut fast = vec![9, 0, 8, 0, 0, 0, 0, 0, 9, 0, 0, 0];
    fast.resize(SIZE, 0);
    scene.write(2048 - 256 + 1, &fast);
    let refused = told(0x28, 0x21);
    assert!(refused.contains("fast commits"), "{refused}");
    scene.write(2048 - 256 + 1, &[0; SIZE]);
    assert!(scene.read().is_ok());
}
