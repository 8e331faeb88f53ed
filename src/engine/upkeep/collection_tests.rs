//! Nothing waits under the conductor's turn: while one vault is held, the others go on.

use super::*;
use crate::domain::StorageClass;
use crate::domain::extension::AddResource;
use crate::domain::job::JobState;
use crate::domain::names::JobId;
use crate::domain::{Lifecycle, Tags, VaultName};
use crate::engine::jobs::copy::ops::StartCopy;
use crate::engine::jobs::entered::{Closed, Use};
use crate::engine::jobs::outcome::Ending;
use crate::engine::jobs::turn::PATIENCE;
use crate::engine::{
    AdvanceTo, Caller, ClockKind, EngineOptions, NewVault, PageRequest, RecoveryPointFilter, RestoreRoots, StartBackup,
};
use std::collections::BTreeMap;
use std::time::{Duration as Wall, Instant};

/// An engine with two vaults and a file system, whose clock stands still.
struct Scene {
    folder: tempfile::TempDir,
    engine: Arc<Engine>,
    caller: Caller,
    resource: Arn,
}

impl Scene {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = EngineOptions {
            data_dir: folder.path().join("data"),
            clock: ClockKind::Simulated,
            scheduler: true,
            simulated_rate: None,
            cold: std::collections::BTreeMap::new(),
        };
        let engine = Engine::open(options).unwrap();
        let scope = Engine::first_scope().unwrap();
        let caller = Caller {
            user_arn: format!("arn:aws:iam::{}:user/test", scope.account).parse().unwrap(),
            account: scope.account,
            region: scope.region,
            user_id: None,
            restore_roots: RestoreRoots::Any,
        };
        for vault in ["a", "b"] {
            let name: VaultName = format!("vault-{vault}").parse().unwrap();
            engine.create_vault(&caller, &name, NewVault::default()).unwrap();
        }
        let source = folder.path().join("source");
        std::fs::create_dir(&source).unwrap();
        std::fs::write(source.join("file"), b"content").unwrap();
        let resource = AddResource {
            resource_type: "EFS".to_owned(),
            name: "projects".to_owned(),
            location: crate::domain::types::Location::at_path(source.to_str().unwrap()),
            secret: None,
            tags: Tags::new(),
            account_id: None,
            region: None,
        };
        let resource = engine.add_resource(resource).unwrap().resource_arn.parse().unwrap();
        Self { folder, engine, caller, resource }
    }

    fn vault(&self, name: &str) -> Arn {
        Arn::vault(&self.caller.scope(), &name.parse().unwrap())
    }

    fn start(&self, vault: &str, lifecycle: Option<Lifecycle>) -> JobId {
        let request = StartBackup {
            vault_name: vault.to_owned(),
            air_gapped_vault: None,
            resource_arn: self.resource.clone(),
            iam_role_arn: Arn::default_role(&self.caller.account),
            idempotency_token: None,
            start_window_minutes: None,
            complete_window_minutes: None,
            lifecycle,
            recovery_point_tags: Tags::new(),
            backup_options: BTreeMap::new(),
        };
        self.engine.start_backup_job(&self.caller, request).unwrap().id
    }

    fn state(&self, job: &JobId) -> JobState {
        self.engine.describe_backup_job(&self.caller, job).unwrap().state
    }

    /// Waits until a job is over, but not for long: what is held up here would be for ever.
    fn wait(&self, job: &JobId) -> Arn {
        let started = Instant::now();
        while !self.state(job).is_final() {
            assert!(started.elapsed() < Wall::from_secs(20), "the job does not end");
            std::thread::sleep(Wall::from_millis(3));
        }
        let job = self.engine.describe_backup_job(&self.caller, job).unwrap();
        assert_eq!(job.state, JobState::Completed, "{:?}", job.status_message);
        job.recovery_point_arn.unwrap()
    }

    fn backup(&self, vault: &str, lifecycle: Option<Lifecycle>) -> Arn {
        self.wait(&self.start(vault, lifecycle))
    }

    /// The points of a vault with their states.
    fn points(&self, vault: &str) -> Vec<(Arn, String)> {
        let (filter, page) = (RecoveryPointFilter::default(), PageRequest::default());
        let points = self.engine.list_recovery_points_by_vault(&self.caller, vault, &filter, &page).unwrap().items;
        points.into_iter().map(|point| (point.arn, point.status.as_str().to_owned())).collect()
    }

    fn advance(&self, by: Duration) {
        self.engine.advance(AdvanceTo::By(by)).unwrap();
    }

    /// Takes a vault as a collection does. A job that is over gives its pass back a moment later.
    fn alone(&self, vault: &str) -> Alone {
        let (gate, started) = (self.engine.vault_store.gate(&self.vault(vault)), Instant::now());
        loop {
            if let Some(alone) = gate.try_alone() {
                return alone;
            }
            assert!(started.elapsed() < Wall::from_secs(20), "somebody stays in the vault");
            std::thread::sleep(Wall::from_millis(1));
        }
    }

    fn due(&self, vault: &str) -> Option<Due> {
        self.engine.jobs.turn().collections.get(&self.vault(vault)).copied()
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        self.engine.shutdown(Wall::from_secs(5));
    }
}

#[test]
fn while_one_vault_is_collected_expiries_deletions_and_jobs_of_another_go_on() {
    let scene = Scene::new();
    let deleted = scene.backup("vault-a", None);
    scene.backup("vault-a", Some(Lifecycle::delete_after(1)));
    let alone = scene.alone("vault-a");

    // An expiry and a deletion in the vault that is being collected …
    scene.advance(Duration::hours(40));
    scene.engine.delete_recovery_point(&scene.caller, "vault-a", &deleted).unwrap();
    let held = scene.points("vault-a");
    assert!(held.iter().all(|(_, status)| status == "DELETING") && held.len() == 2, "{held:?}");
    // … a job that wants into it, its items and a lifecycle …
    let waiting = scene.start("vault-a", None);
    // … and a job in another vault.
    scene.backup("vault-b", None);
    assert_eq!(scene.state(&waiting), JobState::Created);

    // When the collection ends, what waited for it goes on.
    drop(alone);
    scene.engine.jobs.let_deletions_go();
    scene.engine.jobs.wake();
    let made = scene.wait(&waiting);
    let started = Instant::now();
    while scene.points("vault-a").len() > 1 {
        assert!(started.elapsed() < Wall::from_secs(20), "{:?}", scene.points("vault-a"));
        std::thread::sleep(Wall::from_millis(3));
    }
    assert_eq!(scene.points("vault-a"), [(made, "COMPLETED".to_owned())]);
}

#[test]
fn items_and_lifecycles_of_a_vault_that_is_being_collected_answer_at_once() {
    let scene = Scene::new();
    let point = scene.backup("vault-a", None);
    let _alone = scene.engine.vault_store.gate(&scene.vault("vault-a")).try_alone().unwrap();
    let items = scene.engine.recovery_point_items(&scene.caller, &point, "/", &PageRequest::default()).unwrap();
    assert_eq!(items.items.len(), 1);
    let change = Lifecycle::delete_after(3);
    scene.engine.update_recovery_point_lifecycle(&scene.caller, "vault-a", &point, change).unwrap();
}

#[test]
fn a_vault_in_which_somebody_is_at_work_is_not_deleted() {
    let scene = Scene::new();
    let gate = scene.engine.vault_store.gate(&scene.vault("vault-b"));
    for side_by_side in [true, false] {
        let (pass, alone) = if side_by_side { (gate.try_enter(), None) } else { (None, gate.try_alone()) };
        let refused = scene.engine.delete_vault(&scene.caller, "vault-b").unwrap_err();
        assert!(refused.to_string().contains("because it is being checked or cleaned up"), "{refused}");
        scene.engine.describe_vault(&scene.caller, "vault-b").unwrap();
        drop((pass, alone));
    }
    scene.engine.delete_vault(&scene.caller, "vault-b").unwrap();
}

#[test]
fn a_vault_that_is_always_busy_is_next_in_line_after_an_hour() {
    let scene = Scene::new();
    let point = scene.backup("vault-a", None);
    let gate = scene.engine.vault_store.gate(&scene.vault("vault-a"));
    let busy = gate.try_enter().unwrap();
    scene.engine.delete_recovery_point(&scene.caller, "vault-a", &point).unwrap();
    scene.advance(DELAY + Duration::minutes(49));
    assert!(gate.try_enter().is_some(), "for an hour it only looks for a moment");
    scene.advance(Duration::minutes(2));
    assert!(gate.try_enter().is_none(), "then new jobs wait");
    let waiting = scene.start("vault-a", None);
    scene.backup("vault-b", None);
    assert_eq!(scene.state(&waiting), JobState::Created);
    // What was inside ends, and the collection runs before those that wait.
    drop(busy);
    scene.engine.jobs.wake();
    scene.wait(&waiting);
    assert!(scene.due("vault-a").is_none_or(|due| due.at > scene.engine.clock.now()));
}

#[test]
fn the_line_is_given_up_where_a_job_takes_hours() {
    let scene = Scene::new();
    let point = scene.backup("vault-a", None);
    let gate = scene.engine.vault_store.gate(&scene.vault("vault-a"));
    let _busy = gate.try_enter().unwrap();
    scene.engine.delete_recovery_point(&scene.caller, "vault-a", &point).unwrap();
    scene.advance(DELAY + Duration::minutes(52));
    assert!(gate.try_enter().is_none());
    scene.advance(PATIENCE);
    assert!(gate.try_enter().is_some());
    scene.backup("vault-a", None);
}

#[test]
fn what_a_failed_job_stored_is_given_back_after_a_day() {
    let scene = Scene::new();
    let kept = scene.backup("vault-a", None);
    let packs = || scene.engine.vault_store.get(&scene.vault("vault-a")).unwrap().repository.packs().unwrap();
    let before = packs().len();
    // As a job that was stopped leaves it: packs that an index names and no snapshot needs.
    let vault = scene.engine.vault_store.get(&scene.vault("vault-a")).unwrap();
    let key = vault.repository.key();
    let mut builder = crate::repository::PackBuilder::new(Vec::new());
    let content = vec![7; 100_000];
    let id = Id::of(&content);
    builder.add(crate::repository::BlobKind::Data, id, &[&key.seal_message(&content).unwrap()], None);
    vault.repository.add_pack(&builder.finish(key).unwrap()).unwrap();
    vault.repository.flush_index().unwrap();
    scene.engine.jobs.litter(&scene.vault("vault-a"));
    scene.advance(DELAY + Duration::hours(23));
    assert_eq!(packs().len(), before + 1, "it is young: a job that runs again may want it");
    scene.advance(Duration::hours(3));
    assert_eq!(packs().len(), before);
    assert_eq!(scene.points("vault-a"), [(kept, "COMPLETED".to_owned())]);
}

#[test]
fn what_a_point_needs_that_is_being_deleted_is_not_repacked() {
    let scene = Scene::new();
    let point = scene.backup("vault-a", None);
    let vault = scene.vault("vault-a");
    let now = scene.engine.clock.now();
    let eligible = || {
        scene.engine.catalog.read(|connection| packs::eligible(connection, (&vault, StorageClass::Warm), now)).unwrap()
    };
    let referenced = scene.engine.catalog.read(|connection| packs::referenced(connection, &vault)).unwrap();
    assert!(!referenced.is_empty());
    assert_eq!(eligible(), referenced);
    let set = |status: &str| {
        let sql = "UPDATE recovery_points SET status = ?2 WHERE arn = ?1";
        scene.engine.catalog.write(|tx| Ok(tx.execute(sql, [point.as_str(), status])?)).unwrap();
    };
    set("DELETING");
    assert_eq!(eligible(), std::collections::BTreeSet::new(), "its snapshot does not count, its references do");
    set("COMPLETED");
    assert_eq!(eligible(), referenced);
}

#[test]
fn the_references_of_the_points_move_to_the_new_packs() {
    let scene = Scene::new();
    let file = |name: &str| scene.folder.path().join("source").join(name);
    let noise = |seed: u8| -> Vec<u8> {
        let mut state = u64::from(seed) + 1;
        (0..100_000)
            .map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                (state >> 40) as u8
            })
            .collect()
    };
    std::fs::write(file("kept"), noise(1)).unwrap();
    std::fs::write(file("changing"), noise(2)).unwrap();
    let old = scene.backup("vault-a", None);
    std::fs::remove_file(file("changing")).unwrap();
    let kept = scene.backup("vault-a", None);
    let vault = scene.vault("vault-a");
    let open = scene.engine.vault_store.get(&vault).unwrap();
    let table = || {
        let sql = "SELECT pack FROM pack_references WHERE recovery_point_arn = ?1";
        let of = |connection: &Connection| {
            let mut statement = connection.prepare(sql)?;
            let rows = statement.query_map([kept.as_str()], |row| row.get::<_, [u8; 32]>(0))?;
            Ok(rows.map(|row| Id::from_bytes(row.unwrap())).collect::<std::collections::BTreeSet<_>>())
        };
        scene.engine.catalog.read(of).unwrap()
    };
    let before = table();
    scene.engine.delete_recovery_point(&scene.caller, "vault-a", &old).unwrap();

    scene.advance(Duration::hours(30));

    let after = table();
    assert_ne!(after, before);
    let snapshot = open.repository.snapshots().unwrap()[0].0;
    assert_eq!(after, open.repository.packs_of(&snapshot).unwrap(), "no more and no less than it needs");
    let known = scene
        .engine
        .catalog
        .read(|connection| packs::eligible(connection, (&vault, StorageClass::Warm), scene.engine.clock.now()))
        .unwrap();
    assert_eq!(known, open.repository.packs().unwrap().into_iter().map(|(id, _)| id).collect());
}

#[test]
fn what_a_job_that_ended_without_a_point_left_with_its_manifest_is_no_point_and_goes() {
    let scene = Scene::new();
    let left = scene.backup("vault-a", None);
    // As a crash before the catalog's commit leaves it, and the end of the job after that: snapshot and manifest are there.
    scene
        .engine
        .catalog
        .write(|tx| {
            tx.execute("DELETE FROM recovery_points WHERE arn = ?1", [left.as_str()])?;
            tx.execute("UPDATE backup_jobs SET state = 'FAILED'", [])?;
            Ok(())
        })
        .unwrap();
    let vault = scene.engine.vault_store.get(&scene.vault("vault-a")).unwrap();
    assert_eq!(vault.repository.snapshots().unwrap().len(), 1);
    scene.engine.jobs.litter(&scene.vault("vault-a"));
    scene.advance(DELAY + Duration::minutes(10));
    assert!(vault.repository.snapshots().unwrap().is_empty(), "nothing will ever ask for it");
    // Nor does it come back when the job's record is gone.
    scene.engine.catalog.write(|tx| Ok(tx.execute("DELETE FROM backup_jobs", [])?)).unwrap();
    assert!(scene.engine.reconcile(&scene.vault("vault-a"), &vault).unwrap().is_empty());
    assert!(scene.points("vault-a").is_empty());
}

#[test]
fn a_vault_is_collected_in_which_a_job_was_given_up() {
    let scene = Scene::new();
    let alone = scene.alone("vault-a");
    let job = scene.start("vault-a", None);
    let given_up = "UPDATE backup_jobs SET state = 'RUNNING', attempts = 3 WHERE id = ?1";
    assert!(scene.due("vault-a").is_none());
    scene.engine.catalog.write(|tx| Ok(tx.execute(given_up, [job.as_str()])?)).unwrap();
    scene.engine.settle_now().unwrap();
    assert_eq!(scene.state(&job), JobState::Failed);
    assert!(scene.due("vault-a").is_some(), "what its attempts stored is nobody's");
    drop(alone);
}

#[test]
fn a_job_of_which_nothing_can_be_decided_holds_up_no_other() {
    let scene = Scene::new();
    let alone = scene.alone("vault-a");
    let unreadable = scene.start("vault-a", None);
    let lock = "INSERT INTO vault_locks (vault_arn, sequence, state, lock_date) VALUES (?1, 1, 'IMMUTABLE', ?2)";
    let put = |tx: &Connection| Ok(tx.execute(lock, rusqlite::params![scene.vault("vault-a").as_str(), i64::MAX])?);
    scene.engine.catalog.write(|tx| put(tx)).unwrap();
    drop(alone);
    scene.backup("vault-b", None);
    assert_eq!(scene.state(&unreadable), JobState::Created, "it waits until it can be read again");
}

#[test]
fn a_copy_is_tried_again_from_when_it_was_first_tried_in_vain() {
    let scene = Scene::new();
    let point = scene.backup("vault-a", None);
    let alone = scene.alone("vault-b");
    let request = StartCopy {
        recovery_point_arn: point,
        source_vault_name: "vault-a".to_owned(),
        destination_vault_arn: scene.vault("vault-b"),
        iam_role_arn: Arn::default_role(&scene.caller.account),
        idempotency_token: None,
        lifecycle: None,
    };
    let id = scene.engine.start_copy_job(&scene.caller, request).unwrap().id;
    let state = || scene.engine.describe_copy_job(&scene.caller, &id).unwrap().state;
    // It waits for its turn, which is no failure, for longer than a failing one is tried.
    scene.advance(Duration::hours(3));
    let closed = |why: &str| Closed { temporary: true, why: why.to_owned(), ending: Ending::failed(false, why) };
    let close = || {
        let mut turn = scene.engine.jobs.turn();
        turn.closed.insert((scene.vault("vault-b"), Use::Writing), closed("restic holds the vault"));
    };
    close();
    scene.engine.settle_now().unwrap();
    assert!(scene.engine.jobs.setbacks().contains_key(&id));
    scene.engine.settle_now().unwrap();
    assert_eq!(state(), JobState::Created, "it was tried in vain for a moment only");
    // Further failures do not begin the count anew.
    for _ in 0..13 {
        close();
        scene.advance(Duration::minutes(10));
    }
    assert_eq!(state(), JobState::Failed);
    drop(alone);
}

#[test]
fn a_deletion_that_leaves_all_its_data_to_another_point_leaves_nothing_to_collect_and_the_last_one_does() {
    let scene = Scene::new();
    let points = [(); 3].map(|()| scene.backup("vault-a", None));
    scene.advance(YOUNG + Duration::hours(1));
    let (arn, open) = (scene.vault("vault-a"), scene.engine.vault_store.get(&scene.vault("vault-a")).unwrap());
    let is_littered = || scene.engine.catalog.read(packs::vaults_with_garbage).unwrap().contains(&arn);
    let is_planned = || (scene.due("vault-a").is_some(), is_littered());
    let [one, two, three] = &points;
    // A tree goes from the file system's root down: another test that makes a folder beside this one's changes it.
    let trees =
        || -> Vec<Id> { open.repository.snapshots().unwrap().iter().map(|(_, snapshot)| snapshot.tree).collect() };
    let mut litter = false;
    for point in [one, two] {
        let before: BTreeSet<Id> = trees().into_iter().collect();
        scene.engine.delete_recovery_point(&scene.caller, "vault-a", point).unwrap();
        litter |= before != trees().into_iter().collect();
        assert_eq!(is_planned(), (litter, litter));
    }
    assert!(!open.repository.packs().unwrap().is_empty());

    scene.engine.delete_recovery_point(&scene.caller, "vault-a", three).unwrap();

    assert_eq!(is_planned(), (true, true));
    scene.advance(DELAY + Duration::minutes(10));
    assert!(open.repository.packs().unwrap().is_empty(), "nobody needs them any more");
}

#[test]
fn a_snapshot_that_another_program_removed_holds_nothing() {
    let scene = Scene::new();
    let [one, _] = [(); 2].map(|()| scene.backup("vault-a", None));
    let open = scene.engine.vault_store.get(&scene.vault("vault-a")).unwrap();
    for (snapshot, _) in open.repository.snapshots().unwrap() {
        open.repository.storage().remove(FileKind::Snapshot, &snapshot).unwrap();
    }
    scene.engine.delete_recovery_point(&scene.caller, "vault-a", &one).unwrap();
    assert!(scene.due("vault-a").is_some(), "what it held may be needed by nobody");
}
