//! Repacking: packs that are needed in part give back the rest, and nothing that is needed is ever in one place less than it
//! was before its copy was proven.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use chrono::{DateTime, FixedOffset, TimeDelta};
use vaultdeck::repository::{
    BackupRequest, BlobKind, ChunkerParameters, CollectOutcome, CollectRequest, Control, Error, FileKind, Id,
    LocalSource, LocalStorage, MasterKey, Moves, Options, RepackRule, Repository, Storage,
};

use crate::support::faulty::{Faults, FaultyStorage};
use crate::support::restic::{PASSWORD, Restic};
use crate::support::{self, tree, whole};

/// The bytes of each file.
const FILE: usize = 20_000;

/// A repository whose packs of data each hold one file that is needed, and one that is not: every backup wrote one of them,
/// so that it is no chance what shares a pack.
struct Scene {
    folder: tempfile::TempDir,
    repository: Arc<Repository>,
    packs: Vec<Id>,
    newest: Id,
    moves: Moves,
}

impl Scene {
    fn new(packs: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let storage = Arc::new(LocalStorage::new(folder.path().join("repository")));
        Self::on(folder, storage, packs)
    }

    fn on(folder: tempfile::TempDir, storage: Arc<dyn Storage>, packs: u64) -> Self {
        fs::create_dir(folder.path().join("source")).unwrap();
        let repository = Repository::create(storage, MasterKey::generate().unwrap(), Options::default()).unwrap();
        repository.add_key_file(PASSWORD, "tester", "test", moment(0)).unwrap();
        let mut scene = Self {
            folder,
            repository: Arc::new(repository),
            packs: Vec::new(),
            newest: Id::of(b""),
            moves: Moves::new(),
        };
        for number in 0..packs {
            fs::write(scene.source().join(format!("kept {number}")), kept(number)).unwrap();
            fs::write(scene.source().join("changing"), tree::noise(1000 + number, FILE)).unwrap();
            scene.backup(number);
            scene.packs.push(scene.pack_of(&kept(number)));
        }
        if packs > 0 {
            fs::remove_file(scene.source().join("changing")).unwrap();
        }
        scene.backup(packs);
        assert_eq!(scene.packs.iter().collect::<BTreeSet<_>>().len() as u64, packs, "a pack for each");
        scene
    }

    /// Backs up; only the newest snapshot stays.
    fn backup(&mut self, number: u64) {
        let request = BackupRequest {
            paths: vec![self.source()],
            parent: None,
            time: moment(number),
            started: SystemTime::now(),
            hostname: "test".into(),
            username: "tester".into(),
            tags: Vec::new(),
            chunker: ChunkerParameters::FILES,
        };
        let source = LocalSource::new(&self.source()).unwrap();
        let snapshot = self.repository.backup(&source, &request, &Control::new()).unwrap().snapshot;
        if number > 0 {
            self.repository.forget(&self.newest).unwrap();
        }
        self.newest = snapshot;
    }

    fn source(&self) -> PathBuf {
        self.folder.path().join("source")
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("repository")
    }

    fn pack_of(&self, content: &[u8]) -> Id {
        self.repository.find_blob(BlobKind::Data, &Id::of(content)).unwrap().pack
    }

    fn present(&self) -> BTreeMap<Id, u64> {
        self.repository.packs().unwrap().into_iter().collect()
    }

    fn bytes(&self) -> u64 {
        self.present().values().sum()
    }

    /// What a caller asks whose catalog is right, and whose packs are all old enough.
    fn request(&self) -> CollectRequest {
        CollectRequest {
            snapshots: [self.newest].into(),
            referenced: self.repository.packs_of(&self.newest).unwrap(),
            eligible: self.present().into_keys().collect(),
            repack: RepackRule::default(),
        }
    }

    fn try_to_collect(&mut self, request: &CollectRequest) -> Result<CollectOutcome, Error> {
        let (repository, moves) = (Arc::clone(&self.repository), &mut self.moves);
        self.repository.collect(request, &Control::new(), &mut |moved| {
            // What is promised when this is called: both are there, in the index files too.
            let storage = repository.storage();
            let files = storage.list(FileKind::Index)?.into_iter();
            let indexed: BTreeSet<Id> = files
                .flat_map(|(id, _)| repository.load_unpacked(FileKind::Index, &id).map(|json| (id, json)))
                .flat_map(|(id, json)| vaultdeck::repository::IndexFile::from_json(&id, &json).unwrap().packs)
                .map(|pack| pack.id)
                .collect();
            for pack in moved.keys().chain(moved.values().flatten()) {
                storage.size(FileKind::Pack, pack)?;
                assert!(indexed.contains(pack));
            }
            moves.extend(moved.clone());
            Ok(())
        })
    }

    fn collect(&mut self) -> CollectOutcome {
        let request = self.request();
        self.try_to_collect(&request).unwrap()
    }

    /// The newest snapshot restores as the source is, by us and by a repository that is opened anew.
    fn assert_whole(&self) {
        let key = MasterKey::from_bytes(&self.repository.key().to_bytes());
        let again = Repository::open(self.repository.storage().clone(), key, Options::default()).unwrap();
        for repository in [&self.repository, &Arc::new(again)] {
            let target = tempfile::tempdir().unwrap();
            let outcome =
                repository.restore(&whole(self.newest, &self.source(), target.path()), &Control::new()).unwrap();
            assert_eq!(outcome.failures, []);
            tree::assert_same(&self.source(), target.path());
            let check = repository.check(true, &Control::new()).unwrap();
            assert!(check.is_whole(), "{:?}", check.problems);
        }
    }

    /// restic says the same.
    fn assert_whole_for_restic(&self) {
        let restic = Restic::on(&self.path());
        restic.assert_whole();
        let target = tempfile::tempdir().unwrap();
        tree::assert_same(&self.source(), &restic.restore(&self.source(), target.path()));
    }
}

/// The content of a file that stays; no compression makes it smaller.
fn kept(number: u64) -> Vec<u8> {
    tree::noise(number, FILE)
}

fn moment(number: u64) -> DateTime<FixedOffset> {
    let start: DateTime<FixedOffset> = "2026-11-23T05:00:00Z".parse().unwrap();
    start + TimeDelta::minutes(number as i64)
}

#[test]
fn what_is_needed_of_partly_used_packs_is_copied_and_the_rest_given_back() {
    let mut scene = Scene::new(4);
    let before = scene.bytes();

    let outcome = scene.collect();

    assert!(scene.packs.iter().all(|pack| outcome.repacked.contains(pack)), "{outcome:?}");
    assert_eq!(outcome.bytes_freed, before - scene.bytes());
    assert!(scene.bytes() < (4 * FILE + FILE / 2) as u64, "{} bytes are left", scene.bytes());
    // Whoever referred to the old packs knows where all of it lies.
    let target = scene.pack_of(&kept(0));
    assert!(scene.packs.iter().all(|pack| scene.moves[pack] == [target].into()), "{:?}", scene.moves);
    assert!(scene.present().keys().all(|pack| !outcome.deleted.contains(pack)));
    scene.assert_whole();
    scene.assert_whole_for_restic();
}

#[test]
fn a_second_collection_rewrites_nothing() {
    let mut scene = Scene::new(4);
    scene.collect();
    let files = |kind| support::files(&scene.path(), kind);
    let before = (files("data"), files("index"));

    let second = scene.collect();

    assert_eq!((second.deleted, second.written), (BTreeSet::new(), BTreeSet::new()));
    let files = |kind| support::files(&scene.path(), kind);
    assert_eq!((files("data"), files("index")), before);
}

#[test]
fn one_collection_does_its_share_and_the_next_ones_the_rest() {
    let mut scene = Scene::new(5);
    let mut rounds = 0;
    loop {
        let request = CollectRequest { repack: RepackRule { bytes: 1, ..RepackRule::default() }, ..scene.request() };
        let outcome = scene.try_to_collect(&request).unwrap();
        scene.assert_whole();
        if !outcome.unfinished {
            break;
        }
        assert_eq!(outcome.repacked.len(), 1);
        rounds += 1;
    }
    assert!(rounds >= 4, "{rounds}");
    assert!(scene.packs.iter().all(|pack| !scene.present().contains_key(pack)));
    scene.assert_whole_for_restic();
}

#[test]
fn a_pack_that_is_young_stays_and_is_told() {
    let mut scene = Scene::new(3);
    let mut request = scene.request();
    request.eligible.remove(&scene.packs[1]);

    let outcome = scene.try_to_collect(&request).unwrap();

    assert!(outcome.guarded.contains(&scene.packs[1]));
    let present = scene.present();
    assert_eq!(scene.packs.iter().filter(|pack| present.contains_key(pack)).collect::<Vec<_>>(), [&scene.packs[1]]);
    scene.assert_whole();
}

#[test]
fn a_pack_with_a_needed_blob_that_cannot_be_read_stays_and_its_loss_is_remembered() {
    let mut scene = Scene::new(3);
    let id = Id::of(&kept(1));
    let place = scene.repository.find_blob(BlobKind::Data, &id).unwrap();
    let file = LocalStorage::new(scene.path()).path(FileKind::Pack, &place.pack);
    support::damage(&file, |content| content[place.offset as usize + 100] ^= 1);

    let outcome = scene.collect();

    assert_eq!(outcome.damaged, [place.pack].into());
    assert!(scene.present().contains_key(&place.pack), "it is the only evidence");
    assert!(outcome.repacked.contains(&scene.packs[0]) && outcome.repacked.contains(&scene.packs[2]));
    assert_eq!(scene.repository.lost_blobs().iter().map(|lost| lost.id).collect::<Vec<_>>(), [id]);
    // Nobody tries it again and again.
    let second = scene.collect();
    assert_eq!((second.deleted, second.written, second.damaged), Default::default());
    // What comes back counts.
    support::damage(&file, |content| content[place.offset as usize + 100] ^= 1);
    assert!(
        !scene.repository.check(true, &Control::new()).unwrap().is_whole(),
        "what was found meanwhile is told once"
    );
    scene.assert_whole();
    assert!(scene.collect().repacked.contains(&place.pack));
    scene.assert_whole();
}

#[test]
fn damage_to_what_nobody_needs_keeps_no_pack() {
    let mut scene = Scene::new(2);
    let place = scene.repository.find_blob(BlobKind::Data, &Id::of(&tree::noise(1001, FILE))).unwrap();
    let file = LocalStorage::new(scene.path()).path(FileKind::Pack, &place.pack);
    support::damage(&file, |content| content[place.offset as usize + 100] ^= 1);

    let outcome = scene.collect();

    assert!(outcome.repacked.contains(&place.pack), "{outcome:?}");
    scene.assert_whole();
}

#[test]
fn when_the_new_places_cannot_be_noted_the_old_packs_stay_and_the_next_collection_makes_up_its_mind() {
    let mut scene = Scene::new(3);
    let request = scene.request();

    let outcome = scene.repository.collect(&request, &Control::new(), &mut |_| Err("the catalog is full".into()));

    assert!(matches!(outcome, Err(Error::NotNoted { .. })), "{outcome:?}");
    assert!(scene.packs.iter().all(|pack| scene.present().contains_key(pack)));
    scene.assert_whole();
    let copies = scene.present().len();
    let second = scene.collect();
    assert!(scene.packs.iter().all(|pack| second.repacked.contains(pack)), "{second:?}");
    assert_eq!(second.written, BTreeSet::new(), "what was copied once is there");
    assert!(scene.present().len() < copies);
    assert!(scene.bytes() < (3 * FILE + FILE / 2) as u64, "{} bytes are left", scene.bytes());
    scene.assert_whole();
    scene.assert_whole_for_restic();
}

#[test]
fn a_copy_that_turns_out_to_be_bad_is_no_reason_to_delete_the_other() {
    let mut scene = Scene::new(2);
    let request = scene.request();
    scene.repository.collect(&request, &Control::new(), &mut |_| Err("not now".into())).unwrap_err();
    let places: Vec<_> = scene.repository.index().find_all(BlobKind::Data, &Id::of(&kept(0)));
    let copy = places.iter().find(|place| !scene.packs.contains(&place.pack)).unwrap();
    let file = LocalStorage::new(scene.path()).path(FileKind::Pack, &copy.pack);
    support::damage(&file, |content| content[copy.offset as usize + 100] ^= 1);

    scene.collect();

    let target = tempfile::tempdir().unwrap();
    let restored = support::restore(&scene.repository, scene.newest, &scene.source(), target.path());
    assert_eq!(restored.failures, []);
    tree::assert_same(&scene.source(), target.path());
    assert_eq!(scene.repository.lost_blobs(), []);
}

#[test]
fn a_full_disk_stops_it_and_what_was_written_for_it_is_taken_back() {
    let storage = FaultyStorage::new(1);
    let mut scene = Scene::on(tempfile::tempdir().unwrap(), storage.clone(), 4);
    // What nothing needs goes first, and then there is no room for a pack.
    let dead: BTreeSet<Id> =
        scene.present().into_keys().filter(|pack| !scene.request().referenced.contains(pack)).collect();
    let before: BTreeSet<Id> = scene.present().into_keys().filter(|pack| !dead.contains(pack)).collect();
    storage.set_faults(Faults { room: Some(30_000), ..Faults::default() });

    let outcome = scene.try_to_collect(&scene.request()).unwrap();

    assert_eq!((outcome.unfinished, &outcome.deleted), (true, &dead));
    assert_eq!(scene.present().into_keys().collect::<BTreeSet<_>>(), before);
    storage.set_faults(Faults::default());
    scene.assert_whole();
    scene.collect();
    scene.assert_whole();
}

#[test]
fn a_disk_that_keeps_other_bytes_than_it_was_given_is_noticed_before_the_old_packs_go() {
    let storage = FaultyStorage::new(1);
    let mut scene = Scene::on(tempfile::tempdir().unwrap(), storage.clone(), 4);
    let request = scene.request();
    storage.set_faults(Faults { rot: true, ..Faults::default() });

    let error = scene.try_to_collect(&request).unwrap_err();

    assert!(matches!(error, Error::Damaged { .. }), "{error}");
    assert!(scene.packs.iter().all(|pack| scene.present().contains_key(pack)));
    storage.set_faults(Faults::default());
    scene.assert_whole();
}

#[test]
fn a_long_collection_renews_its_lock() {
    let storage = FaultyStorage::new(1);
    let scene = Scene::on(tempfile::tempdir().unwrap(), storage.clone(), 3);
    let request =
        CollectRequest { repack: RepackRule { bytes_at_once: 1, ..RepackRule::default() }, ..scene.request() };
    let mut locks = Vec::new();
    let mut see = |_: &Moves| {
        locks.push(storage.names(FileKind::Lock));
        Ok(())
    };
    scene.repository.collect(&request, &Control::new(), &mut see).unwrap();
    assert!(locks.len() >= 3 && locks.iter().all(|names| names.len() == 1), "{locks:?}");
    assert!(locks.windows(2).all(|pair| pair[0] != pair[1]), "{locks:?}");
}

#[test]
fn a_collection_that_is_cancelled_leaves_all_as_it_was() {
    let scene = Scene::new(2);
    let before = scene.present();
    let control = Control::new();
    control.cancel();
    let outcome = scene.repository.collect(&scene.request(), &control, &mut |_| Ok(()));
    assert!(matches!(outcome, Err(Error::Cancelled)), "{outcome:?}");
    assert_eq!(scene.present(), before);
}

#[test]
fn many_small_packs_become_few() {
    let mut scene = Scene::new(0);
    for number in 0..60 {
        fs::write(scene.source().join(format!("{number}")), tree::noise(number, 1000)).unwrap();
        scene.backup(number + 1);
    }
    let data = |scene: &Scene| (0..60).map(|number| scene.pack_of(&tree::noise(number, 1000))).collect::<BTreeSet<_>>();
    assert_eq!(data(&scene).len(), 60);

    scene.collect();

    assert_eq!(data(&scene).len(), 1);
    let second = scene.collect();
    assert_eq!((second.deleted, second.written), (BTreeSet::new(), BTreeSet::new()));
    scene.assert_whole();
    scene.assert_whole_for_restic();
}
