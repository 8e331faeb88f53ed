//! The property: any file of a vault may be damaged in any way; a check names it, what it did not hold restores, and the
//! next snapshot is exactly the source.
//!
//! `VAULTDECK_DAMAGE_SEED=N` runs one damage, `VAULTDECK_DAMAGES=N` so many of them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use vaultdeck::repository::{
    BlobKind, CheckOutcome, Control, Id, LocalSource, LocalStorage, MasterKey, Repository, Snapshot,
};

use super::{Vault, options, request};
use crate::support::restic::{PASSWORD, Restic};
use crate::support::tree::{self, Item};
use crate::support::whole;
use crate::support::wounds::{Dice, Wound, copy, inflict, scratch};

/// How many damages there are, unless the environment says otherwise.
const DAMAGES: u64 = 500;
/// restic looks at each of so many.
const RESTIC_EVERY: u64 = 25;

/// A vault, its source, and what each of its snapshots must restore.
struct Base {
    vault: Vault,
    expected: Vec<BTreeMap<PathBuf, Item>>,
}

/// Vaults of several shapes: one snapshot of little; many packs and index files; snapshots that share most of their data.
fn bases() -> Vec<Base> {
    type Tree = BTreeMap<PathBuf, Item>;
    let base = |changes: fn(&mut Vault, &mut Vec<Tree>)| {
        let mut vault = Vault::new();
        let mut expected = vec![tree::items(&vault.source())];
        changes(&mut vault, &mut expected);
        Base { vault, expected }
    };
    vec![
        base(|_, _| {}),
        base(|vault, expected| {
            for number in 0..4 {
                super::write(&vault.source(), &format!("more/{number}/file"), 10 + number, 150_000);
                vault.backup();
                expected.push(tree::items(&vault.source()));
            }
        }),
        base(|vault, expected| {
            for number in 0..40 {
                super::write(&vault.source(), &format!("small/{}/{number}", number % 7), 100 + number, 700);
            }
            std::os::unix::fs::symlink("a", vault.source().join("link")).unwrap();
            vault.backup();
            expected.push(tree::items(&vault.source()));
            fs::remove_file(vault.source().join("a")).unwrap();
            fs::rename(vault.source().join("deep"), vault.source().join("moved")).unwrap();
            vault.backup();
            expected.push(tree::items(&vault.source()));
        }),
    ]
}

#[test]
fn no_damage_to_any_file_makes_a_later_snapshot_hollow() {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let seeds = match number("VAULTDECK_DAMAGE_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("VAULTDECK_DAMAGES").unwrap_or(DAMAGES),
    };
    println!("seeds {seeds:?}");
    let bases = bases();
    let next = AtomicU64::new(seeds.start);
    let failed = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds.end {
                        return;
                    }
                    let base = &bases[seed as usize % bases.len()];
                    // Each failure has said itself what it is.
                    if std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| base.suffer(seed))).is_err() {
                        failed.lock().unwrap().push(seed);
                    }
                }
            });
        }
    });
    assert_eq!(failed.into_inner().unwrap(), Vec::<u64>::new(), "failed seeds");
}

impl Base {
    fn open(&self, path: &Path) -> Arc<Repository> {
        let key = MasterKey::from_bytes(&self.vault.repository.key().to_bytes());
        Arc::new(Repository::open(Arc::new(LocalStorage::new(path)), key, options()).unwrap())
    }

    /// One damage to a copy of the vault, and all that must hold after it.
    fn suffer(&self, seed: u64) {
        let mut dice = Dice(seed);
        let folder = scratch();
        let path = folder.path().join("vault");
        copy(&self.vault.path(), &path);
        if dice.below(2) == 0 {
            // As in a vault that was not moved: all of it is proven.
            let repository = self.open(&path);
            assert!(repository.check(true, &Control::new()).unwrap().is_whole());
        }
        let files = files(&path);
        let victim = dice.below(files.len() as u64) as usize;
        let way = dice.way(&files, victim);
        let name = files[victim].strip_prefix(&path).unwrap().to_owned();
        let told = format!("seed {seed}: {} {way:?}", name.display());
        let wounds = inflict(&files, victim, way);

        self.assert_named(&path, &wounds, &told);
        let untouched = self.untouched(&path, &wounds);
        let mut repository = self.open(&path);
        for (number, snapshot) in self.vault.snapshots.iter().enumerate() {
            if let Some(paths) = &untouched[number] {
                self.assert_restores(&repository, *snapshot, &self.expected[number], paths, &told);
            }
        }
        if dice.below(2) == 0 {
            repository = self.open(&path);
            repository.settle().unwrap();
        }
        let before: BTreeSet<Id> = repository.packs().unwrap().into_iter().map(|(id, _)| id).collect();
        let request = request(&self.vault.source(), self.vault.snapshots.last().copied(), self.vault.snapshots.len());
        let source = LocalSource::new(&self.vault.source()).unwrap();
        let new = repository.backup(&source, &request, &Control::new()).expect(&told).snapshot;
        let newest = self.expected.last().unwrap();
        for repository in [repository, self.open(&path)] {
            let all = newest.keys().cloned().collect();
            self.assert_restores(&repository, new, newest, &all, &told);
        }
        if seed.is_multiple_of(RESTIC_EVERY) {
            self.open(&path).settle().unwrap();
            self.assert_restic_agrees(&path, new, &before, &told);
        }
    }

    /// A check names each damaged file, or what it would have held.
    fn assert_named(&self, path: &Path, wounds: &[Wound], told: &str) {
        let outcome: CheckOutcome = self.open(path).check(true, &Control::new()).expect(told);
        let lines: Vec<String> =
            outcome.problems.iter().map(|problem| format!("{}: {}", problem.what, problem.problem)).collect();
        let text = lines.join("\n");
        for wound in wounds {
            let name = wound.path.strip_prefix(path).unwrap().to_str().unwrap().to_owned();
            let id = wound.path.file_name().unwrap().to_str().unwrap();
            let gone = !wound.path.exists();
            let named = match name.as_str() {
                "config" => text.contains("the config file"),
                "vaultdeck/copies/config" => text.contains("the copy of the config file"),
                "vaultdeck/integrity" => text.contains("the record of the packs"),
                // Nothing in the repository says which snapshots and keys there were, and of an index file that is gone
                // nothing is missed: whoever counts on them knows.
                _ if gone && !name.starts_with("data/") => true,
                // Nor is a key file needed by anything here: its password tells.
                _ if name.starts_with("keys/") => true,
                _ => text.contains(id),
            };
            assert!(named, "{told}: not named is {name} in\n{text}");
        }
    }

    /// For each snapshot the items of which no byte was touched; nothing for one whose own file was.
    fn untouched(&self, path: &Path, wounds: &[Wound]) -> Vec<Option<BTreeSet<PathBuf>>> {
        let base = &self.vault.repository;
        let storage = LocalStorage::new(path);
        let touched = |kind: BlobKind, id: &Id| {
            base.index().find_all(kind, id).iter().all(|place| {
                let pack = storage.path(vaultdeck::repository::FileKind::Pack, &place.pack);
                let (start, end) = (u64::from(place.offset), u64::from(place.offset) + u64::from(place.length));
                wounds
                    .iter()
                    .any(|wound| wound.path == pack && wound.bytes.is_some_and(|(from, to)| from < end && start < to))
            })
        };
        let of = |id: &Id| {
            let file = storage.path(vaultdeck::repository::FileKind::Snapshot, id);
            if wounds.iter().any(|wound| wound.path == file) {
                return None;
            }
            let mut paths = BTreeSet::new();
            let snapshot: Snapshot = base.load_snapshot(id).unwrap();
            let mut folders = vec![(snapshot.tree, PathBuf::from("/"))];
            while let Some((tree, path)) = folders.pop() {
                if touched(BlobKind::Tree, &tree) {
                    continue;
                }
                for node in base.load_tree(&tree).unwrap().nodes {
                    let path = path.join(String::from_utf8(node.name.clone()).unwrap());
                    if let Some(subtree) = node.subtree {
                        folders.push((subtree, path));
                    } else if !node.content.iter().any(|blob| touched(BlobKind::Data, blob)) {
                        paths.insert(path);
                    }
                }
            }
            // What lies above the source must be there to find it at all.
            let below = |path: &PathBuf| path.strip_prefix(self.vault.source()).ok().map(Path::to_owned);
            Some(paths.iter().filter_map(below).collect())
        };
        self.vault.snapshots.iter().map(of).collect()
    }

    fn assert_restores(
        &self,
        repository: &Repository,
        snapshot: Id,
        expected: &BTreeMap<PathBuf, Item>,
        paths: &BTreeSet<PathBuf>,
        told: &str,
    ) {
        let target = scratch();
        let outcome = repository.restore(&whole(snapshot, &self.vault.source(), target.path()), &Control::new());
        let Ok(outcome) = outcome else {
            assert!(paths.is_empty(), "{told}: snapshot {snapshot}: {outcome:?}");
            return;
        };
        let found = tree::items(target.path());
        for path in paths {
            let same = found.get(path) == expected.get(path);
            assert!(same, "{told}: {} of snapshot {snapshot}: {:?}", path.display(), outcome.failures);
        }
        if paths.len() == expected.len() {
            assert_eq!(outcome.failures, [], "{told}: snapshot {snapshot}");
        }
    }

    /// restic restores the new snapshot, and complains of nothing that is new.
    fn assert_restic_agrees(&self, path: &Path, new: Id, before: &BTreeSet<Id>, told: &str) {
        // As `vault recovery-key` does where the old one was damaged.
        self.open(path).add_key_file(PASSWORD, "tester", "test", super::moment(9)).unwrap();
        let restic = Restic::on(path);
        let target = scratch();
        let restored = restic.run(&["restore", &new.to_hex(), "--target", target.path().to_str().unwrap()]);
        let words = String::from_utf8_lossy(&restored.stderr).into_owned();
        assert!(restored.status.success(), "{told}: restic restore: {words}");
        let root = target.path().join(self.vault.source().strip_prefix("/").unwrap());
        tree::assert_items(self.expected.last().unwrap(), &tree::items(&root));
        let checked = restic.run(&["check", "--read-data"]);
        let words = String::from_utf8_lossy(&checked.stderr).into_owned();
        let packs = self.open(path).packs().unwrap();
        for (pack, _) in packs.iter().filter(|(pack, _)| !before.contains(pack)) {
            assert!(!words.contains(&pack.short()), "{told}: restic check names new pack {pack}: {words}");
        }
        assert!(!words.contains(&new.short()), "{told}: restic check names the new snapshot: {words}");
    }
}

/// All files of a vault but its locks, sorted.
fn files(path: &Path) -> Vec<PathBuf> {
    let mut files = crate::support::files(path, "");
    files.retain(|file| !file.starts_with(path.join("locks")));
    files
}
