//! Collection: what nothing refers to goes, and nothing else, whatever the caller believes.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use vaultdeck::repository::{CollectOutcome, CollectRequest, Control, Error, Id, RepackRule, Repository};

use crate::support::restic::Restic;
use crate::support::{open, restore, tree};

/// A repository with two snapshots of different data.
struct Scene {
    folder: tempfile::TempDir,
    repository: Arc<Repository>,
    old: Id,
    new: Id,
}

impl Scene {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (source, path) = (folder.path().join("source"), folder.path().join("repository"));
        fs::create_dir(&source).unwrap();
        let restic = Restic::init(&path);
        for round in 0..2_u64 {
            fs::write(source.join("kept"), b"in both").unwrap();
            fs::write(source.join("changed"), tree::noise(round, 20 << 20)).unwrap();
            restic.backup(&source);
        }
        let repository = open(&path);
        let snapshots = repository.snapshots().unwrap();
        Self { repository, old: snapshots[0].0, new: snapshots[1].0, folder }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("repository")
    }

    fn restic(&self) -> Restic {
        Restic::on(&self.path())
    }

    /// What a caller with a right catalog asks for.
    fn request(&self, snapshots: &[Id]) -> CollectRequest {
        CollectRequest {
            snapshots: snapshots.iter().copied().collect(),
            referenced: snapshots.iter().flat_map(|snapshot| self.repository.packs_of(snapshot).unwrap()).collect(),
            eligible: self.packs(),
            repack: RepackRule::default(),
        }
    }

    fn packs(&self) -> BTreeSet<Id> {
        self.repository.packs().unwrap().into_iter().map(|(id, _)| id).collect()
    }

    fn try_to_collect(&self, request: &CollectRequest) -> Result<CollectOutcome, Error> {
        self.repository.collect(request, &Control::new(), &mut |_| Ok(()))
    }

    fn collect(&self, request: &CollectRequest) -> CollectOutcome {
        self.try_to_collect(request).unwrap()
    }

    /// The newest snapshot restores as the source is, by us and by restic, and nothing is amiss.
    fn assert_new_is_whole(&self) {
        self.restic().assert_whole();
        let source = self.folder.path().join("source");
        let target = tempfile::tempdir().unwrap();
        let outcome = restore(&self.repository, self.new, &source, target.path());
        assert_eq!(outcome.failures, []);
        tree::assert_same(&source, target.path());
    }
}

#[test]
fn packs_of_a_forgotten_snapshot_go_and_the_rest_stays() {
    let scene = Scene::new();
    let only_old: BTreeSet<Id> = scene
        .repository
        .packs_of(&scene.old)
        .unwrap()
        .difference(&scene.repository.packs_of(&scene.new).unwrap())
        .copied()
        .collect();
    scene.repository.forget(&scene.old).unwrap();

    let outcome = scene.collect(&scene.request(&[scene.new]));

    assert_eq!(outcome.deleted.difference(&outcome.repacked).copied().collect::<BTreeSet<_>>(), only_old);
    assert!(!only_old.is_empty() && outcome.bytes_freed > 1 << 20, "{outcome:?}");
    assert!(scene.packs().is_disjoint(&only_old));
    scene.assert_new_is_whole();
}

#[test]
fn while_all_snapshots_are_there_nothing_goes() {
    let scene = Scene::new();
    let before = scene.packs();

    let outcome = scene.collect(&scene.request(&[scene.old, scene.new]));

    assert_eq!(outcome, CollectOutcome::default());
    assert_eq!(scene.packs(), before);
}

#[test]
fn a_catalog_that_forgot_a_snapshot_deletes_nothing_that_the_snapshot_needs() {
    let scene = Scene::new();
    let before = scene.packs();
    // The catalog's proof alone would let all of the old snapshot's packs go.
    let request = CollectRequest { eligible: before.clone(), ..CollectRequest::default() };

    let outcome = scene.collect(&request);

    assert_eq!(scene.packs(), before);
    assert_eq!(outcome.only_snapshots, before, "and the caller is told that its table is incomplete");
}

#[test]
fn a_list_that_does_not_show_a_snapshot_stops_everything() {
    let scene = Scene::new();
    let request = scene.request(&[scene.old, scene.new]);
    let before = scene.packs();
    let hidden = scene.path().join("snapshots").join(scene.new.to_hex());
    fs::rename(&hidden, scene.folder.path().join("hidden")).unwrap();

    let outcome = scene.try_to_collect(&CollectRequest { referenced: BTreeSet::new(), ..request });

    assert!(matches!(outcome, Err(Error::NotFound { id, .. }) if id == scene.new), "{outcome:?}");
    assert_eq!(scene.packs(), before);
}

#[test]
fn what_the_catalog_refers_to_stays_though_no_snapshot_does() {
    let scene = Scene::new();
    let of_old = scene.repository.packs_of(&scene.old).unwrap();
    let request = scene.request(&[scene.old, scene.new]);
    let before = scene.packs();
    scene.repository.forget(&scene.old).unwrap();

    // It may not repack either what something refers to that nobody walks over.
    let others = scene.repository.packs_of(&scene.new).unwrap().difference(&of_old).copied().collect();
    let outcome = scene.collect(&CollectRequest { snapshots: [scene.new].into(), eligible: others, ..request });

    assert_eq!(scene.packs(), before);
    assert!(!outcome.only_caller.is_empty());
}

#[test]
fn young_and_unknown_packs_stay() {
    let scene = Scene::new();
    scene.repository.forget(&scene.old).unwrap();
    let before = scene.packs();

    let outcome = scene.collect(&CollectRequest { eligible: BTreeSet::new(), ..scene.request(&[scene.new]) });

    assert_eq!(scene.packs(), before);
    assert!(!outcome.guarded.is_empty() && outcome.deleted.is_empty());
}

#[test]
fn a_pack_that_no_index_names_stays_and_is_reported() {
    let scene = Scene::new();
    let stray = Id::of(b"stray");
    fs::write(scene.path().join("data/00").join(stray.to_hex()), b"whatever").unwrap();

    let outcome = scene.collect(&scene.request(&[scene.old, scene.new]));

    assert_eq!(outcome.unknown, [stray].into());
    assert!(scene.packs().contains(&stray));
}

#[test]
fn a_damaged_folder_stops_everything() {
    let scene = Scene::new();
    scene.repository.forget(&scene.old).unwrap();
    let request = scene.request(&[scene.new]);
    let before = scene.packs();
    for pack in small_packs(&scene.path()) {
        crate::support::damage(&pack, |content| content.iter_mut().for_each(|byte| *byte ^= 1));
    }

    let outcome = scene.try_to_collect(&request);

    assert!(matches!(outcome, Err(Error::Damaged { .. })), "{outcome:?}");
    assert_eq!(scene.packs(), before);
}

/// The packs that hold folders: they are small here.
fn small_packs(repository: &Path) -> Vec<PathBuf> {
    let packs = crate::support::files(repository, "data").into_iter();
    packs.filter(|path| fs::metadata(path).unwrap().len() < 100 << 10).collect()
}

#[test]
fn while_restic_works_there_nothing_is_collected() {
    let scene = Scene::new();
    scene.repository.forget(&scene.old).unwrap();
    let json = format!(
        r#"{{"time":"{}","exclusive":false,"hostname":"another-machine","username":"someone","pid":4711}}"#,
        chrono::Utc::now().to_rfc3339()
    );
    scene.repository.save_unpacked(vaultdeck::repository::FileKind::Lock, json.as_bytes()).unwrap();

    let outcome = scene.try_to_collect(&scene.request(&[scene.new]));

    assert!(matches!(outcome, Err(Error::Locked(_))), "{outcome:?}");
}
