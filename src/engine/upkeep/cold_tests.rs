//! A move step by step, with what comes between the steps: damage, another mind, a collection that looks around, a manifest that
//! cannot be written.

use super::*;
use crate::domain::extension::AddResource;
use crate::domain::{Lifecycle, Tags};
use crate::engine::{AdvanceTo, Caller, ClockKind, EngineOptions, RestoreRoots, StartBackup};
use chrono::Duration;
use std::path::PathBuf;

/// A vault with a point whose day has not come yet, and what is copied of it.
struct Scene {
    folder: tempfile::TempDir,
    engine: Arc<Engine>,
    vault: Arn,
    point: Candidate,
    warm: Arc<OpenVault>,
    cold: Arc<OpenVault>,
}

impl Scene {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = EngineOptions {
            data_dir: folder.path().join("data"),
            clock: ClockKind::Simulated,
            scheduler: true,
            simulated_rate: None,
            cold: BTreeMap::new(),
        };
        let engine = Engine::open(options).unwrap();
        let scope = Engine::first_scope().unwrap();
        let vault = Arn::vault(&scope, &"Default".parse().unwrap());
        let caller = Caller {
            user_arn: format!("arn:aws:iam::{}:user/test", scope.account).parse().unwrap(),
            account: scope.account,
            region: scope.region,
            user_id: None,
            restore_roots: RestoreRoots::Any,
        };
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
        let request = StartBackup {
            vault_name: "Default".to_owned(),
            air_gapped_vault: None,
            resource_arn: engine.add_resource(resource).unwrap().resource_arn.parse().unwrap(),
            iam_role_arn: Arn::default_role(&caller.account),
            idempotency_token: None,
            start_window_minutes: None,
            complete_window_minutes: None,
            lifecycle: Some(Lifecycle { move_to_cold_storage_after_days: Some(10), ..Lifecycle::default() }),
            recovery_point_tags: Tags::new(),
            backup_options: BTreeMap::new(),
        };
        engine.start_backup_job(&caller, request).unwrap();
        engine.advance(AdvanceTo::By(Duration::minutes(1))).unwrap();
        let warm = engine.vault_store.get(&vault).unwrap();
        let cold = engine.vault_store.make_cold(&vault, false, engine.now()).unwrap();
        cold.may_write().unwrap();
        let day = engine.now() + Duration::days(11);
        let point = engine.catalog.read(|connection| cold::due(connection, &[], day)).unwrap().remove(0);
        Self { folder, engine, vault, point, warm, cold }
    }

    fn day(&self) -> Time {
        self.engine.now() + Duration::days(11)
    }

    fn copy(&self) -> Vec<Copied<'_>> {
        let stored = store(&self.warm, &self.cold, &self.point, &self.engine).unwrap();
        commit(&self.cold, vec![(&self.point, stored)]).unwrap()
    }

    fn folder(&self) -> PathBuf {
        self.folder.path().join("data/vaults/123456789012/us-east-1/Default/vaultdeck")
    }

    fn class(&self) -> String {
        let sql = "SELECT storage_class FROM recovery_points";
        self.engine.catalog.read(|connection| Ok(connection.query_row(sql, [], |row| row.get(0))?)).unwrap()
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        self.engine.shutdown(std::time::Duration::from_secs(5));
    }
}

#[test]
fn what_does_not_come_back_as_it_was_written_is_no_cold_storage() {
    let scene = Scene::new();
    let copied = scene.copy();
    scene.engine.prove_written(&scene.vault, &scene.cold, &copied).unwrap();
    let packs = std::fs::read_dir(scene.folder().join("cold/data")).unwrap().map(|entry| entry.unwrap().path());
    let packs: Vec<PathBuf> =
        packs.flat_map(|folder| std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path())).collect();
    assert!(!packs.is_empty());
    for pack in packs {
        let mut content = std::fs::read(&pack).unwrap();
        content[0] ^= 1;
        std::fs::remove_file(&pack).unwrap();
        std::fs::write(&pack, content).unwrap();
    }
    let refused = scene.engine.prove_written(&scene.vault, &scene.cold, &copied).unwrap_err();
    assert!(refused.to_string().contains("did not come back as it was written"), "{refused}");
}

#[test]
fn a_point_that_is_to_stay_by_now_stays() {
    let scene = Scene::new();
    let copied = scene.copy();
    let forget = |tx: &crate::engine::catalog::Transaction<'_>| {
        Ok::<_, Error>(tx.execute("UPDATE recovery_points SET cold_due = NULL", [])?)
    };
    scene.engine.catalog.write(forget).unwrap();
    assert_eq!(scene.engine.switch(&scene.vault, &copied, scene.day()).unwrap(), [false]);
    assert_eq!(scene.class(), "WARM");
}

#[test]
fn a_snapshot_of_which_the_catalog_does_not_know_yet_is_nobodys_only_when_its_move_is_over() {
    let scene = Scene::new();
    let copied = scene.copy();
    let snapshot = copied[0].stored.outcome().snapshot;
    let is_there = || scene.cold.repository.load_snapshot(&snapshot).is_ok();
    let under_way = scene.engine.upkeep.moves.begin(vec![scene.point.arn.clone()]);
    scene.engine.reconcile(&scene.vault, &scene.cold).unwrap();
    assert!(is_there());
    drop(under_way);
    scene.engine.reconcile(&scene.vault, &scene.cold).unwrap();
    assert!(!is_there());
}

#[test]
fn a_warm_snapshot_stays_until_the_manifest_tells_of_the_cold_one() {
    let scene = Scene::new();
    let copied = scene.copy();
    let (points, away) = (scene.folder().join("points"), scene.folder().join("away"));
    std::fs::rename(&points, &away).unwrap();
    assert_eq!(scene.engine.switch(&scene.vault, &copied, scene.day()).unwrap(), [true]);
    let snapshot = snapshot_of(&scene.point).unwrap();
    let drop_warm = || scene.engine.drop_warm(&scene.vault, &scene.warm, &[&scene.point]).unwrap();
    assert_eq!((drop_warm(), scene.class().as_str()), (1, "COLD"));
    assert!(scene.warm.repository.load_snapshot(&snapshot).is_ok());
    std::fs::rename(&away, &points).unwrap();
    assert_eq!(drop_warm(), 1);
    assert!(scene.warm.repository.load_snapshot(&snapshot).is_err());
}
