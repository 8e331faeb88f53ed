//! Faults of the storage at every moment: whatever was acknowledged restores, whatever was not costs nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use chrono::{DateTime, FixedOffset, TimeDelta};
use proptest::prelude::*;
use vaultdeck::repository::{
    BackupRequest, ChunkerParameters, CollectOutcome, CollectRequest, Control, Error, FileKind, Id, LocalSource,
    MasterKey, Moves, Options, Prepared, RepackRule, Repository, Result,
};

use crate::support::faulty::{Faults, FaultyStorage};
use crate::support::restic::{PASSWORD, Restic};
use crate::support::tree::{self, Item};
use crate::support::whole;

/// A source, a storage that can fail, and what was acknowledged.
struct World {
    folder: Arc<tempfile::TempDir>,
    storage: Arc<FaultyStorage>,
    key: Box<[u8; 64]>,
    repository: Arc<Repository>,
    acknowledged: Vec<Acknowledged>,
    /// The packs that each of them refers to, as a catalog keeps it: noted with the backup, and moved by collections.
    table: BTreeMap<Id, BTreeSet<Id>>,
}

/// A snapshot that was acknowledged.
#[derive(Clone)]
struct Acknowledged {
    snapshot: Id,
    /// What was backed up.
    root: PathBuf,
    /// The tree that it must restore.
    tree: BTreeMap<PathBuf, Item>,
}

impl World {
    fn new(seed: u64) -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        fs::create_dir(folder.path().join("source")).unwrap();
        let storage = FaultyStorage::new(seed);
        let key = MasterKey::generate().unwrap();
        let bytes = Box::new(*key.to_bytes());
        let repository = Repository::create(storage.clone(), key, options()).unwrap();
        repository.add_key_file(PASSWORD, "tester", "test", "2026-11-23T05:00:00Z".parse().unwrap()).unwrap();
        Self {
            folder,
            storage,
            key: bytes,
            repository: Arc::new(repository),
            acknowledged: Vec::new(),
            table: BTreeMap::new(),
        }
    }

    fn source(&self) -> PathBuf {
        self.folder.path().join("source")
    }

    fn write(&self, name: &str, seed: u64, length: usize) {
        let path = self.source().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, tree::noise(seed, length)).unwrap();
    }

    /// A moment that is later each time.
    fn moment(&self) -> DateTime<FixedOffset> {
        let start: DateTime<FixedOffset> = "2026-11-23T05:00:00Z".parse().unwrap();
        start + TimeDelta::seconds(self.storage.mutations() as i64)
    }

    fn request(&self, root: &Path) -> BackupRequest {
        let same = self.acknowledged.iter().rev().find(|acknowledged| acknowledged.root == root);
        BackupRequest {
            paths: vec![root.to_owned()],
            parent: same.map(|acknowledged| acknowledged.snapshot),
            time: self.moment(),
            // Files that were written just now count as changed, as if the clock were coarse.
            started: SystemTime::now(),
            hostname: "test".into(),
            username: "tester".into(),
            tags: Vec::new(),
            chunker: ChunkerParameters::Content { minimum: 2 << 10, average: 8 << 10, maximum: 64 << 10 },
        }
    }

    fn backup(&mut self) -> Result<Id> {
        let root = self.source();
        let tree = tree::items(&root);
        let source = LocalSource::new(&root).unwrap();
        let outcome = self.repository.backup(&source, &self.request(&root), &Control::new())?;
        assert_eq!(outcome.issues, []);
        self.acknowledge(Acknowledged { snapshot: outcome.snapshot, root, tree })?;
        Ok(outcome.snapshot)
    }

    /// Backs up folders of the source each by itself, and commits all of it together.
    fn backup_together(&mut self, folders: &[&str]) -> Result<()> {
        let mut done = Vec::new();
        for folder in folders {
            let root = self.source().join(folder);
            let (source, tree) = (LocalSource::new(&root).unwrap(), tree::items(&root));
            let prepared = self.repository.prepare(&source, &self.request(&root), &Control::new())?;
            assert_eq!(prepared.outcome().issues, []);
            done.push((prepared, Acknowledged { snapshot: Id::of(b""), root, tree }));
        }
        let prepared: Vec<&Prepared> = done.iter().map(|(prepared, _)| prepared).collect();
        assert!(self.repository.commit(&prepared)?.into_iter().all(|committed| committed));
        let acknowledged = done
            .into_iter()
            .map(|(prepared, acknowledged)| Acknowledged { snapshot: prepared.outcome().snapshot, ..acknowledged });
        acknowledged.collect::<Vec<_>>().into_iter().try_for_each(|acknowledged| self.acknowledge(acknowledged))
    }

    /// As the catalog's commit does it: without the packs there is no point.
    fn acknowledge(&mut self, acknowledged: Acknowledged) -> Result<()> {
        self.table.insert(acknowledged.snapshot, self.repository.packs_of(&acknowledged.snapshot)?);
        self.acknowledged.push(acknowledged);
        Ok(())
    }

    fn collect(&mut self) -> Result<CollectOutcome> {
        let request = CollectRequest {
            snapshots: self.acknowledged.iter().map(|acknowledged| acknowledged.snapshot).collect(),
            referenced: self.table.values().flatten().copied().collect(),
            eligible: self.storage.names(FileKind::Pack),
            repack: RULE,
        };
        let (storage, table) = (self.storage.clone(), &mut self.table);
        let mut note = |moves: &Moves| {
            if !storage.has_power() {
                return Err("the power is off".into());
            }
            for packs in table.values_mut() {
                let moved: Vec<Id> =
                    moves.iter().filter(|(old, _)| packs.contains(old)).flat_map(|(_, new)| new).copied().collect();
                packs.extend(moved);
            }
            Ok(())
        };
        let outcome = self.repository.collect(&request, &Control::new(), &mut note)?;
        for packs in table.values_mut() {
            packs.retain(|pack| !outcome.deleted.contains(pack));
        }
        Ok(outcome)
    }

    /// The machine starts again: what was not acknowledged may be gone, what was is there.
    fn restart(&mut self) {
        self.storage = self.storage.reboot();
        self.repository = Self::open(&self.storage, &self.key);
    }

    fn open(storage: &Arc<FaultyStorage>, key: &[u8; 64]) -> Arc<Repository> {
        let key = MasterKey::from_bytes(key);
        Arc::new(Repository::open(storage.clone(), key, options()).expect("it must open after a crash"))
    }

    /// The same world once more, to the last byte, on the same source: two worlds that are made one after the other differ
    /// in what blobs share a pack, and so in the steps that anything takes in them.
    fn fork(&self) -> Self {
        let storage = self.storage.reboot();
        Self {
            folder: Arc::clone(&self.folder),
            repository: Self::open(&storage, &self.key),
            storage,
            key: self.key.clone(),
            acknowledged: self.acknowledged.clone(),
            table: self.table.clone(),
        }
    }

    fn assert_acknowledged_restore(&self) {
        for Acknowledged { snapshot, root, tree } in &self.acknowledged {
            let target = tempfile::tempdir().unwrap();
            let outcome = self.repository.restore(&whole(*snapshot, root, target.path()), &Control::new()).unwrap();
            assert_eq!(outcome.failures, [], "snapshot {snapshot}");
            tree::assert_items(tree, &tree::items(target.path()));
        }
    }

    fn assert_whole(&self) {
        let outcome = self.repository.check(true, &Control::new()).unwrap();
        let packs_of_crashes = |what: &str| what.starts_with("pack ") && !self.is_indexed(what);
        let serious: Vec<_> = outcome.problems.iter().filter(|problem| !packs_of_crashes(&problem.what)).collect();
        assert!(serious.is_empty(), "{serious:?}");
        assert!(outcome.affected.is_empty());
    }

    fn is_indexed(&self, what: &str) -> bool {
        let id: Id = what.trim_start_matches("pack ").parse().unwrap();
        self.repository.index().contains_pack(&id)
    }
}

/// Two packs or three are copied before the old ones go, so that power cuts find a collection between its steps too.
const RULE: RepackRule = RepackRule { unused_percent: 5, bytes: 1 << 40, bytes_at_once: 64 << 10 };

fn options() -> Options {
    // Small packs, so that little data makes many.
    Options { pack_size: 64 << 10, ..Options::default() }
}

/// A world with two snapshots that share some data, of which the older is forgotten.
fn world_to_collect(seed: u64) -> World {
    let mut world = World::new(seed);
    for number in 0..6 {
        world.write(&format!("shared/{number}"), number, 20_000);
        world.write(&format!("changing/{number}"), 100 + number, 30_000);
    }
    world.backup().unwrap();
    for number in 0..6 {
        world.write(&format!("changing/{number}"), 200 + number, 30_000);
    }
    world.backup().unwrap();
    world.forget(0).unwrap();
    world
}

/// Cuts the power at every step of something, in worlds that are the same until then; how many steps it took. It has come
/// to its end once it succeeds: when that is, depends on threads. What `seeds` are for: what is left of a step that was cut.
fn cut_power_at_each_step<T>(world: &World, seeds: usize, act: impl Fn(&mut World) -> Result<T>) -> u64 {
    for step in 0.. {
        let mut ended = false;
        for _ in 0..seeds {
            let mut world = world.fork();
            world.storage.cut_power_after(step);
            if act(&mut world).is_ok() {
                ended = true;
                continue;
            }
            world.restart();

            world.assert_acknowledged_restore();
            // Also what nobody acknowledged is whole where it is there: no snapshot without its trees, data and index.
            world.assert_whole();
            world.collect().unwrap();
            world.assert_acknowledged_restore();
            act(&mut world).unwrap();
            world.backup().unwrap();
            world.assert_acknowledged_restore();
            world.assert_whole();
        }
        if ended {
            return step;
        }
    }
    unreachable!("there is always another step")
}

#[test]
fn power_may_fail_at_any_step_of_a_collection() {
    for seed in 0..3 {
        let world = world_to_collect(seed);
        assert!(!world.fork().collect().unwrap().deleted.is_empty());

        let steps = cut_power_at_each_step(&world, 1, World::collect);

        // A lock and its end, an index file for another, and a pack.
        assert!(steps >= 5, "seed {seed}: {steps}");
    }
}

#[test]
fn power_may_fail_at_any_step_of_a_backup() {
    for seed in 0..3 {
        let mut world = World::new(seed);
        for number in 0..8 {
            world.write(&format!("a/{number}"), number, 25_000);
        }
        world.backup().unwrap();
        for number in 0..8 {
            world.write(&format!("b/{number}"), 50 + number, 25_000);
        }

        let steps = cut_power_at_each_step(&world, 1, World::backup);

        // Packs of data and of folders, an index file, the record, the snapshot.
        assert!(steps >= 5, "seed {seed}: {steps}");
    }
}

/// A world with two folders that were backed up and have changed, and one that is new.
fn world_of_folders(seed: u64) -> World {
    let mut world = World::new(seed);
    for (number, folder) in ["one", "two"].into_iter().enumerate() {
        for file in 0..3 {
            world.write(&format!("{folder}/{file}"), 10 * number as u64 + file, 25_000);
        }
    }
    world.backup_together(&["one", "two"]).unwrap();
    for (number, folder) in ["one", "two", "three"].into_iter().enumerate() {
        world.write(&format!("{folder}/new"), 50 + number as u64, 25_000);
    }
    world
}

const FOLDERS: [&str; 3] = ["one", "two", "three"];

#[test]
fn power_may_fail_at_any_step_of_a_group_commit() {
    let world = world_of_folders(1);
    let steps = cut_power_at_each_step(&world, 6, |world| world.backup_together(&FOLDERS));
    assert!(steps >= 3 + 1 + 1 + 3, "packs of three, an index file, the record, three snapshots: {steps}");
}

#[test]
fn a_group_that_failed_can_be_committed_again_one_by_one() {
    for seed in 0..20 {
        let mut world = world_of_folders(seed);
        let mut prepared = Vec::new();
        for folder in FOLDERS {
            let root = world.source().join(folder);
            let (source, request) = (LocalSource::new(&root).unwrap(), world.request(&root));
            prepared.push((world.repository.prepare(&source, &request, &Control::new()).unwrap(), root));
        }
        let all: Vec<&Prepared> = prepared.iter().map(|(prepared, _)| prepared).collect();
        world.storage.set_faults(Faults { write_errors: 0.4, ..Faults::default() });
        let together = world.repository.commit(&all);
        world.storage.set_faults(Faults::default());
        println!("seed {seed}: {together:?}");
        for (prepared, root) in &prepared {
            assert_eq!(world.repository.commit(&[prepared]).unwrap(), [true]);
            let (snapshot, root, tree) = (prepared.outcome().snapshot, root.clone(), tree::items(root));
            world.acknowledge(Acknowledged { snapshot, root, tree }).unwrap();
        }
        drop(prepared);
        world.restart();
        world.assert_acknowledged_restore();
        world.assert_whole();
    }
}

#[test]
fn what_is_prepared_and_not_committed_keeps_a_collection_out() {
    let mut world = world_of_folders(1);
    let root = world.source().join("three");
    let prepared =
        world.repository.prepare(&LocalSource::new(&root).unwrap(), &world.request(&root), &Control::new()).unwrap();
    assert!(matches!(world.collect(), Err(Error::Locked(_))));
    drop(prepared);
    world.collect().unwrap();
}

#[test]
fn a_full_disk_fails_the_backup_and_leaves_all_whole() {
    let mut world = World::new(3);
    world.write("a", 1, 200_000);
    world.backup().unwrap();
    world.write("b", 2, 2_000_000);
    world.storage.set_faults(Faults { room: Some(500_000), ..Faults::default() });

    let error = world.backup().expect_err("there was no room");

    assert!(error.is_storage_full(), "{error}");
    world.assert_acknowledged_restore();
    world.assert_whole();
    world.storage.set_faults(Faults::default());
    world.backup().unwrap();
    world.assert_acknowledged_restore();
    world.assert_whole();
}

#[test]
fn reads_that_fail_now_and_then_spoil_no_file_in_silence() {
    for (seed, faults) in [
        (1, Faults { read_errors: 0.2, ..Faults::default() }),
        (2, Faults { short_reads: 0.2, ..Faults::default() }),
        (3, Faults { read_errors: 0.1, short_reads: 0.1, ..Faults::default() }),
    ] {
        let mut world = World::new(seed);
        for number in 0..60 {
            world.write(&format!("{number}"), number, 20_000);
        }
        let snapshot = world.backup().unwrap();
        let mut failed = 0;
        for _ in 0..20 {
            world.storage.set_faults(faults);
            let target = tempfile::tempdir().unwrap();
            let outcome = world.repository.restore(&whole(snapshot, &world.source(), target.path()), &Control::new());
            let Ok(outcome) = outcome else { continue };
            failed += outcome.failed;
            let lost: BTreeSet<_> =
                outcome.failures.iter().map(|failure| PathBuf::from(failure.path.trim_start_matches('/'))).collect();
            if lost.contains(Path::new("")) {
                continue;
            }
            let (mut expected, mut found) = (world.acknowledged[0].tree.clone(), tree::items(target.path()));
            expected.retain(|path, _| !lost.contains(path));
            found.retain(|path, _| !lost.contains(path));
            tree::assert_items(&expected, &found);
        }
        println!("seed {seed}: {failed} files failed and were named");
        world.storage.set_faults(Faults::default());
        world.assert_acknowledged_restore();
    }
}

#[test]
fn a_list_that_lags_lets_nothing_needed_go() {
    for kind in [FileKind::Snapshot, FileKind::Index, FileKind::Pack] {
        for number in 0.. {
            let mut world = world_to_collect(5);
            let Some(hidden) = world.storage.names(kind).into_iter().nth(number) else { break };
            world.storage.hide(kind, hidden);

            let outcome = world.collect();

            if kind == FileKind::Snapshot {
                assert!(matches!(outcome, Err(Error::NotFound { .. })), "{outcome:?}");
            }
            world.restart();
            world.assert_acknowledged_restore();
        }
    }
}

/// What can happen to a world.
#[derive(Debug, Clone)]
enum Event {
    Write { name: u8, seed: u8, length: usize },
    Remove { name: u8 },
    Backup,
    BackupTogether,
    Forget { number: usize },
    Collect,
    PowerCut { after: u64, during: During },
    Flaky { during: During },
}

#[derive(Debug, Clone, Copy)]
enum During {
    Backup,
    Group,
    Forget,
    Collection,
}

fn during() -> impl Strategy<Value = During> {
    prop_oneof![3 => Just(During::Backup), 3 => Just(During::Group), 1 => Just(During::Forget), 3 => Just(During::Collection)]
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        6 => (0..12_u8, 0..8_u8, prop_oneof![0..200_usize, 10_000..150_000_usize])
            .prop_map(|(name, seed, length)| Event::Write { name, seed, length }),
        2 => (0..12_u8).prop_map(|name| Event::Remove { name }),
        4 => Just(Event::Backup),
        2 => Just(Event::BackupTogether),
        2 => (0..4_usize).prop_map(|number| Event::Forget { number }),
        2 => Just(Event::Collect),
        3 => (0..14_u64, during()).prop_map(|(after, during)| Event::PowerCut { after, during }),
        2 => during().prop_map(|during| Event::Flaky { during }),
    ]
}

impl World {
    fn happen(&mut self, event: &Event) {
        let path = |name: u8| format!("{}/{name}", name % 3);
        match *event {
            Event::Write { name, seed, length } => self.write(&path(name), seed.into(), length),
            Event::Remove { name } => drop(fs::remove_file(self.source().join(path(name)))),
            Event::Backup => drop(self.backup().unwrap()),
            Event::BackupTogether => self.backup_all_together().unwrap(),
            Event::Forget { number } => self.forget(number).unwrap(),
            Event::Collect => drop(self.collect().unwrap()),
            Event::PowerCut { after, during } => {
                self.storage.cut_power_after(after);
                let _ = self.try_to(during);
                self.restart();
                self.assert_acknowledged_restore();
            }
            Event::Flaky { during } => {
                self.storage.set_faults(Faults { write_errors: 0.3, read_errors: 0.02, ..Faults::default() });
                let _ = self.try_to(during);
                self.storage.set_faults(Faults::default());
            }
        }
    }

    fn try_to(&mut self, during: During) -> Result<()> {
        match during {
            During::Backup => self.backup().map(drop),
            During::Group => self.backup_all_together(),
            During::Forget => self.forget(0),
            During::Collection => self.collect().map(drop),
        }
    }

    /// The folders into which events write.
    fn backup_all_together(&mut self) -> Result<()> {
        for folder in ["0", "1", "2"] {
            fs::create_dir_all(self.source().join(folder)).unwrap();
        }
        self.backup_together(&["0", "1", "2"])
    }

    fn forget(&mut self, number: usize) -> Result<()> {
        if self.acknowledged.is_empty() {
            return Ok(());
        }
        // Whoever asks to forget a snapshot counts on it no more, however the asking ends.
        let Acknowledged { snapshot, .. } = self.acknowledged.remove(number % self.acknowledged.len());
        self.table.remove(&snapshot);
        self.repository.forget(&snapshot)
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, max_shrink_iters: 60, ..ProptestConfig::default() })]

    #[test]
    fn every_acknowledged_snapshot_restores_whatever_happens(seed in any::<u64>(), events in proptest::collection::vec(event(), 3..25)) {
        let mut world = World::new(seed);
        for event in &events {
            world.happen(event);
        }
        world.restart();
        world.assert_acknowledged_restore();
        world.assert_whole();
    }
}

#[test]
fn restic_finds_no_fault_after_crashes() {
    for seed in 0..4 {
        let mut world = world_to_collect(seed);
        for (after, during) in [(seed, During::Collection), (3 + seed, During::Backup), (6 + seed, During::Collection)]
        {
            world.write("more", seed * 10 + after, 300_000);
            world.happen(&Event::PowerCut { after, during });
        }
        world.backup().unwrap();
        world.collect().unwrap();

        let folder = tempfile::tempdir().unwrap();
        world.storage.dump(folder.path());
        fs::remove_dir_all(folder.path().join("locks")).unwrap();
        fs::create_dir(folder.path().join("locks")).unwrap();
        let restic = Restic::on(folder.path());
        let output = restic.run(&["check", "--read-data"]);
        assert!(output.status.success(), "seed {seed}: {}", String::from_utf8_lossy(&output.stderr));
        let target = tempfile::tempdir().unwrap();
        let restored = restic.restore(&world.source(), target.path());
        tree::assert_same(&world.source(), &restored);
    }
}
