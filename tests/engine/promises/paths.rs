//! What changes or removes files in a vault's folder, and its catalog, against a final lock and a legal hold: a repair, a
//! catalog that is put back, a rescan, the emptying of the trash and of what was set aside, recovery keys and data keys that are
//! replaced, moves to cold storage. The point stays, whole, and protected by each of the two.

use super::{delete, own_file, point};
use crate::bench::{Bench, VAULT};
use crate::checks::{check, files, flip, vault};
use chrono::Duration;
use std::fs;
use vaultdeck::domain::extension::RepairRequest;
use vaultdeck::domain::vault_lock::LockRequest;
use vaultdeck::domain::{Arn, Lifecycle, VaultLock};
use vaultdeck::engine::catalog::copies;
use vaultdeck::engine::{ErrorKind, NewHold, NewVault};

const FINAL: LockRequest =
    LockRequest { min_retention_days: Some(7), max_retention_days: None, changeable_for_days: Some(3) };

/// What keeps the points.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    Lock,
    Hold,
}

/// A vault with a point of the folder `projects`, which something keeps.
struct Kept {
    bench: Bench,
    point: Arn,
    by: By,
    lock: Option<VaultLock>,
}

impl Kept {
    fn by(by: By) -> Self {
        Self::with_life(by, Lifecycle::delete_after(400))
    }

    fn with_life(by: By, life: Lifecycle) -> Self {
        let bench = Bench::simulated();
        let mut request = bench.backup_request(&bench.resource("projects", &[]));
        request.lifecycle = Some(life);
        let job = bench.engine().start_backup_job(&bench.caller, request).unwrap();
        let point = bench.wait(&job.id).recovery_point_arn.unwrap();
        match by {
            By::Lock => {
                bench.engine().put_vault_lock(&bench.caller, VAULT, &FINAL).unwrap();
                bench.advance(Duration::days(4));
            }
            By::Hold => {
                let (title, description) = ("case 7".to_owned(), "an inquiry".to_owned());
                let hold = NewHold { title, description, ..NewHold::default() };
                bench.engine().create_legal_hold(&bench.caller, hold).unwrap();
            }
        }
        let lock = bench.engine().describe_vault(&bench.caller, VAULT).unwrap().lock;
        Self { bench, point, by, lock }
    }

    fn repair(&self) {
        let request = RepairRequest { dry_run: false };
        self.bench.engine().repair_vault(&self.bench.caller.scope(), &VAULT.parse().unwrap(), &request).unwrap();
    }

    fn is_there(&self) -> bool {
        self.bench.points().iter().any(|point| point.arn == self.point)
    }

    /// The point is there and nobody takes it, or its vault, away.
    fn assert_kept(&self, after: &str) {
        let (bench, engine) = (&self.bench, self.bench.engine());
        for refused in [delete(bench, &self.point), engine.delete_vault(&bench.caller, VAULT)] {
            assert_eq!(refused.unwrap_err().kind(), ErrorKind::InvalidRequest, "{:?} {after}", self.by);
        }
        if self.by == By::Lock {
            let off = engine.delete_vault_lock(&bench.caller, VAULT).unwrap_err();
            assert_eq!(off.kind(), ErrorKind::InvalidRequest, "{after}");
            let shorter = Lifecycle::delete_after(1);
            let shorter = engine.update_recovery_point_lifecycle(&bench.caller, VAULT, &self.point, shorter);
            assert_eq!(shorter.unwrap_err().kind(), ErrorKind::InvalidRequest, "{after}");
        }
        assert_eq!(engine.describe_vault(&bench.caller, VAULT).unwrap().lock, self.lock, "{after}");
        assert!(self.is_there(), "{:?} {after}", self.by);
    }

    fn assert_restores(&self, after: &str) {
        let target = tempfile::tempdir_in(self.bench.path("")).unwrap().path().join("restored");
        let metadata = [("newFileSystem", "true"), ("vaultdeck:path", target.to_str().unwrap())];
        let job = self.bench.restore(&self.point, &metadata);
        assert_eq!(job.state.as_str(), "COMPLETED", "{:?} {after}: {:?}", self.by, job.status_message);
        assert_eq!(fs::read_to_string(target.join("hello.txt")).unwrap(), "hello from projects\n");
    }
}

fn each(what: impl Fn(Kept)) {
    for by in [By::Lock, By::Hold] {
        what(Kept::by(by));
    }
}

#[test]
fn a_repair_takes_no_point_away_however_little_is_left_of_it() {
    each(|kept| {
        let snapshot = files(&kept.bench, "snapshots").remove(0);
        let good = fs::read(&snapshot).unwrap();
        flip(&files(&kept.bench, "index")[0]);
        flip(&files(&kept.bench, "data")[0]);
        kept.repair();
        kept.assert_kept("data that is damaged");
        fs::remove_file(&snapshot).unwrap();
        let _ = fs::remove_file(&files(&kept.bench, "vaultdeck/points")[0]);
        kept.repair();
        kept.assert_kept("a snapshot and a manifest that are lost");
        kept.bench.advance(Duration::days(70));
        kept.assert_kept("the days after which what was set aside goes");
        assert_eq!(good.len(), fs::metadata(&snapshot).map_or(good.len(), |facts| facts.len() as usize));
    });
}

#[test]
fn a_catalog_that_is_put_back_and_a_rescan_leave_what_was_promised() {
    each(|mut kept| {
        let catalog = kept.bench.path("data/catalog.sqlite");
        // The copies of the first day tell of neither the lock, nor the hold, nor the point.
        let oldest = copies::list(&catalog).unwrap().into_iter().next();
        let oldest = oldest.unwrap_or_else(|| {
            kept.bench.stop();
            let copy = copies::make(&catalog, chrono::Utc::now()).unwrap();
            kept.bench.start();
            copy
        });
        kept.bench.stop();
        copies::put_back(&catalog, Some(&oldest.path), chrono::Utc::now()).unwrap();
        kept.bench.start();
        kept.bench.engine().rescan(None).unwrap();
        kept.assert_kept("a catalog that was put back");
        let arn = vaultdeck::domain::Arn::vault(&kept.bench.caller.scope(), &VAULT.parse().unwrap());
        kept.bench.engine().rescan(Some(&arn)).unwrap();
        kept.assert_kept("another rescan");
        kept.assert_restores("a rescan");
    });
}

#[test]
fn neither_the_trash_nor_what_was_set_aside_is_emptied_of_what_protects() {
    each(|kept| {
        let record = if kept.by == By::Lock { "lock.json".to_owned() } else { hold_file(&kept.bench) };
        super::put(&own_file(&kept.bench, &record), Some(b"{}"));
        kept.repair();
        assert_eq!(fs::read_dir(own_file(&kept.bench, "damaged")).unwrap().count(), 1);
        let other = kept.bench.engine();
        other.create_vault(&kept.bench.caller, &"gone".parse().unwrap(), NewVault::default()).unwrap();
        other.delete_vault(&kept.bench.caller, "gone").unwrap();
        kept.bench.advance(Duration::days(70));
        assert_eq!(fs::read_dir(kept.bench.path("data/trash")).unwrap().count(), 0);
        assert_eq!(fs::read_dir(own_file(&kept.bench, "damaged")).unwrap().count(), 0);
        assert!(fs::metadata(own_file(&kept.bench, &record)).unwrap().len() > 100, "it is written again");
        kept.assert_kept("all was emptied");
        kept.assert_restores("all was emptied");
    });
}

fn hold_file(bench: &Bench) -> String {
    let name = fs::read_dir(own_file(bench, "holds")).unwrap().next().unwrap().unwrap().file_name();
    format!("holds/{}", name.to_str().unwrap())
}

#[test]
fn another_key_opens_no_vault_and_frees_nothing() {
    each(|mut kept| {
        let engine = kept.bench.engine();
        let (scope, name) = (kept.bench.caller.scope(), VAULT.parse().unwrap());
        for _ in 0..2 {
            engine.make_recovery_key(&scope, &name).unwrap();
            kept.assert_kept("a recovery key that was replaced");
        }
        kept.assert_restores("recovery keys that were replaced");
        engine.create_vault(&kept.bench.caller, &"other".parse().unwrap(), NewVault::default()).unwrap();
        // The key of another vault in the place of this one's: nothing is read with it, and nothing written.
        let places = ["key.json", "copies/key.json"].map(|name| own_file(&kept.bench, name));
        let good = places.clone().map(|path| fs::read(path).unwrap());
        for path in &places {
            let other = path.to_str().unwrap().replace(VAULT, "other");
            fs::copy(other, path).unwrap();
        }
        kept.bench.stop();
        kept.bench.start();
        assert!(delete(&kept.bench, &kept.point).is_err(), "{:?}", kept.by);
        assert!(kept.bench.engine().delete_vault(&kept.bench.caller, VAULT).is_err(), "{:?}", kept.by);
        if kept.by == By::Lock {
            assert!(kept.bench.engine().delete_vault_lock(&kept.bench.caller, VAULT).is_err());
        }
        kept.bench.advance(Duration::days(40));
        assert!(kept.is_there());
        for (path, content) in places.iter().zip(good) {
            fs::write(path, content).unwrap();
        }
        kept.bench.restart();
        kept.assert_kept("its own key came back");
        kept.assert_restores("its own key came back");
    });
}

#[test]
fn a_point_that_moves_to_cold_storage_is_kept_there() {
    for by in [By::Lock, By::Hold] {
        let life = Lifecycle {
            move_to_cold_storage_after_days: Some(10),
            delete_after_days: Some(100),
            ..Lifecycle::default()
        };
        let mut kept = Kept::with_life(by, life);
        kept.bench.advance(Duration::days(12));
        let told = kept.bench.engine().describe_recovery_point(&kept.bench.caller, VAULT, &kept.point).unwrap();
        assert_eq!(told.storage_class.as_deref(), Some("COLD"), "{by:?}");
        kept.assert_kept("the move");
        assert_eq!(check(&kept.bench).problems, []);
        kept.bench.restart();
        kept.assert_kept("a restart");
        kept.assert_restores("the move");
        kept.bench.advance(Duration::days(100));
        // A lock lets a life end on its day; a hold does not.
        assert_eq!(kept.is_there(), by == By::Hold);
    }
}

#[test]
fn a_point_whose_folder_is_gone_is_not_called_deleted() {
    each(|mut kept| {
        let away = kept.bench.path("away");
        fs::rename(vault(&kept.bench), &away).unwrap();
        kept.bench.restart();
        assert!(delete(&kept.bench, &kept.point).is_err(), "{:?}", kept.by);
        let life = Lifecycle::delete_after(1);
        let shorter = kept.bench.engine().update_recovery_point_lifecycle(&kept.bench.caller, VAULT, &kept.point, life);
        assert!(shorter.is_err(), "what protects it cannot be asked");
        kept.bench.advance(Duration::days(40));
        assert!(kept.is_there(), "{:?}", kept.by);
        fs::rename(&away, vault(&kept.bench)).unwrap();
        kept.assert_kept("its folder came back");
        kept.assert_restores("its folder came back");
    });
}

#[test]
fn a_lifecycle_of_a_held_point_may_be_over_and_the_point_stays() {
    let kept = Kept::by(By::Hold);
    let life = Lifecycle::delete_after(1);
    kept.bench.engine().update_recovery_point_lifecycle(&kept.bench.caller, VAULT, &kept.point, life).unwrap();
    kept.bench.advance(Duration::days(30));
    kept.assert_kept("its life is over");
    let other = point(&kept.bench, &kept.bench.resource("later", &[]), Some(1));
    kept.bench.advance(Duration::days(3));
    assert!(!kept.bench.points().iter().any(|point| point.arn == other), "what is not held goes");
}
