//! Continuous recovery points of a service that lives in memory, whose history is known to the second.

#[path = "copies_tests.rs"]
mod copies_tests;
#[path = "lasting_tests.rs"]
mod lasting_tests;
#[path = "sight_tests.rs"]
mod sight_tests;

use super::{Due, due};
use crate::domain::continuous::Chain;
use crate::domain::extension::AddResource;
use crate::domain::job::{BackupJob, JobState, RestoreJob};
use crate::domain::plan::{Plan, PlanDocument, Rule};
use crate::domain::recovery_point::{RecoveryPoint, RecoveryPointStatus};
use crate::domain::selection::SelectionDocument;
use crate::domain::types::Location;
use crate::domain::types::location::Part;
use crate::domain::{Arn, Lifecycle, Tags, Time};
use crate::engine::caller::{Caller, RestoreRoots};
use crate::engine::drivers::conformance::World as _;
use crate::engine::drivers::conformance::memory::Store;
use crate::engine::drivers::{Broken, Driver, Drivers, Fault};
use crate::engine::jobs::restore::ops::StartRestore;
use crate::engine::points::rows::chains;
use crate::engine::{
    AdvanceTo, BackupJobFilter, ClockKind, Engine, EngineOptions, Error, MachineClocks, NewVault, PageRequest,
};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Seconds of a day.
const DAY: i64 = 86_400;

/// When the service's history begins.
const BEGIN: i64 = 1_800_000_000;

struct House {
    engine: Option<Arc<Engine>>,
    drivers: Drivers,
    store: Store,
    caller: Caller,
    resource: Arn,
    folder: tempfile::TempDir,
}

fn open(folder: &tempfile::TempDir, drivers: Drivers) -> Arc<Engine> {
    let options = EngineOptions {
        data_dir: folder.path().join("data"),
        clock: ClockKind::Simulated,
        scheduler: true,
        simulated_rate: None,
        cold: BTreeMap::new(),
    };
    let start = Time::from_timestamp(BEGIN, 0);
    Engine::open_driving(options, start, Arc::new(MachineClocks), drivers).unwrap()
}

impl House {
    fn new() -> Self {
        let (folder, store) = (tempfile::tempdir().unwrap(), Store::world());
        store.0.lock().second = BEGIN;
        // An engine lives as long as its process, and so do its drivers.
        let driver: &'static dyn Driver = Box::leak(Box::new(store.clone()));
        let drivers = Drivers(Box::leak(Box::new([driver])));
        let engine = open(&folder, drivers);
        let scope = Engine::first_scope().unwrap();
        let caller = Caller {
            user_arn: Arn::role(&scope.account, "test"),
            account: scope.account,
            region: scope.region,
            user_id: None,
            restore_roots: RestoreRoots::Any,
        };
        let added = engine.add_resource(AddResource {
            resource_type: "Memory".to_owned(),
            name: "source".to_owned(),
            location: store.resource().location,
            secret: store.secret(),
            tags: Tags::new(),
            account_id: None,
            region: None,
        });
        let resource = added.unwrap().resource_arn.parse().unwrap();
        Self { engine: Some(engine), drivers, store, caller, resource, folder }
    }

    fn engine(&self) -> &Arc<Engine> {
        self.engine.as_ref().unwrap()
    }

    /// A plan with a continuous rule that runs each day.
    fn plan(&self, name: &str, vault: &str, days: i64) {
        self.plan_at(name, vault, days, None);
    }

    fn plan_at(&self, name: &str, vault: &str, days: i64, cron: Option<&str>) -> Plan {
        let rule = Rule {
            rule_name: name.to_owned(),
            schedule_expression: cron.map(str::to_owned),
            target_backup_vault_name: vault.to_owned(),
            enable_continuous_backup: Some(true),
            lifecycle: Some(Lifecycle::delete_after(days)),
            ..Rule::default()
        };
        self.plan_of(rule)
    }

    /// A plan of this rule, called like it.
    fn plan_of(&self, rule: Rule) -> Plan {
        let name = rule.rule_name.parse().unwrap();
        let document = PlanDocument { backup_plan_name: name, rules: vec![rule], ..PlanDocument::default() };
        let plan = self.engine().create_plan(&self.caller, document, Tags::new(), None).unwrap();
        let selection = SelectionDocument {
            selection_name: "it".parse().unwrap(),
            iam_role_arn: Arn::default_role(&self.caller.account).to_string(),
            resources: vec![self.resource.to_string()],
            ..SelectionDocument::default()
        };
        self.engine().create_selection(&self.caller, &plan.id, selection, None).unwrap();
        plan
    }

    /// A day goes by; the jobs of its runs.
    fn day(&self) -> Vec<BackupJob> {
        let before = self.jobs().len();
        self.engine().advance(AdvanceTo::By(chrono::Duration::days(1))).unwrap();
        let jobs = self.jobs();
        jobs[..jobs.len() - before].to_vec()
    }

    /// The newest first.
    fn jobs(&self) -> Vec<BackupJob> {
        self.engine()
            .list_backup_jobs(&self.caller, &BackupJobFilter::default(), &PageRequest::default())
            .unwrap()
            .items
    }

    /// A day with one run, which makes or renews the point.
    fn run(&self) -> Arn {
        let jobs = self.day();
        assert_eq!(jobs.len(), 1, "{jobs:?}");
        assert_eq!((&jobs[0].state, &jobs[0].status_message), (&JobState::Completed, &None));
        jobs[0].recovery_point_arn.clone().unwrap()
    }

    /// In this second of the history a key gets a content.
    fn put(&self, second: i64, key: &str, content: &str) {
        self.at(second);
        self.store.put(key.as_bytes(), content.as_bytes());
    }

    fn at(&self, second: i64) {
        self.store.0.lock().second = BEGIN + second;
    }

    fn chain(&self, point: &Arn) -> Chain {
        self.engine().catalog.read(|c| chains::get(c, point)).unwrap().unwrap().chain.unwrap()
    }

    fn point(&self, point: &Arn) -> RecoveryPoint {
        self.engine().describe_recovery_point(&self.caller, "Default", point).unwrap()
    }

    /// Until the point can be restored to there, and the snapshot that it had before is gone: whoever reads the point keeps that.
    fn until_restorable(&self, point: &Arn, second: i64) {
        wait(|| (self.chain(point).latest.timestamp() >= BEGIN + second).then_some(()));
        drop(self.engine().chains.of(point).lock());
    }

    fn restore(&self, point: &Arn, second: i64) -> Result<BTreeMap<Vec<u8>, Vec<u8>>, String> {
        self.restore_by(point, Some(Time::from_timestamp(BEGIN + second, 0).unwrap()))
    }

    /// Restores what has one moment only.
    fn restore_whole(&self, point: &Arn) -> Result<BTreeMap<Vec<u8>, Vec<u8>>, String> {
        self.restore_by(point, None)
    }

    fn restore_by(&self, point: &Arn, time: Option<Time>) -> Result<BTreeMap<Vec<u8>, Vec<u8>>, String> {
        let name = format!("to-{}", uuid::Uuid::new_v4());
        let time = time.map(|time| ("RestoreTime".to_owned(), time.to_rfc3339()));
        let metadata = [("Bucket".to_owned(), name.clone())].into_iter().chain(time).collect();
        let id = self.engine().start_restore_job(
            &self.caller,
            StartRestore {
                recovery_point_arn: point.clone(),
                metadata,
                iam_role_arn: None,
                idempotency_token: None,
                resource_type: None,
                copy_source_tags: false,
            },
        );
        let id = id.map_err(|error: Error| error.to_string())?;
        let over = |job: RestoreJob| Some(job).filter(|job| job.state.is_final());
        let job = wait(|| over(self.engine().describe_restore_job(&self.caller, &id).unwrap()));
        if job.state != JobState::Completed {
            return Err(job.status_message.unwrap_or_default());
        }
        Ok(self.store.content(&Location::of([(Part::Bucket, name)])))
    }

    fn holds(&self) -> usize {
        self.store.0.lock().holds.len()
    }

    /// The engine ends, and another one takes up its directory.
    fn restart(&mut self) {
        self.restart_after(|_| ());
    }

    fn copy_catalog(&self) {
        let catalog = rusqlite::Connection::open(self.folder.path().join("data/catalog.sqlite")).unwrap();
        catalog.execute("VACUUM INTO ?1", [self.folder.path().join("copy").to_str()]).unwrap();
    }

    /// Another engine takes up the directory with the catalog as it was when it was copied.
    fn restart_with_copied_catalog(&mut self) {
        let copy = self.folder.path().join("copy");
        self.restart_after(|data| {
            for end in ["-wal", "-shm"] {
                let _ = std::fs::remove_file(data.join(format!("catalog.sqlite{end}")));
            }
            std::fs::copy(&copy, data.join("catalog.sqlite")).unwrap();
        });
    }

    /// The same, with something done to the directory in between.
    fn restart_after(&mut self, meanwhile: impl FnOnce(&std::path::Path)) {
        assert!(self.engine().shutdown(Duration::from_secs(10)));
        wait(|| (Arc::strong_count(self.engine()) == 1).then_some(()));
        // Its lock is given back only when it is dropped.
        self.engine = None;
        meanwhile(&self.folder.path().join("data"));
        self.engine = Some(open(&self.folder, self.drivers));
    }
}

fn wait<T>(mut look: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + Duration::from_secs(60);
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < until, "it takes too long");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn content(pairs: &[(&str, &str)]) -> BTreeMap<Vec<u8>, Vec<u8>> {
    pairs.iter().map(|(key, content)| (key.as_bytes().to_vec(), content.as_bytes().to_vec())).collect()
}

#[test]
fn any_second_comes_back_across_bases_and_a_restart() {
    let mut house = House::new();
    house.put(0, "a", "0");
    house.plan("daily", "Default", 7);
    let point = house.run();
    assert!(point.as_str().contains(":recovery-point:continuous:"), "{point}");
    assert_eq!((house.point(&point).status, house.holds()), (RecoveryPointStatus::Available, 1));
    for second in [10, 20, 30] {
        house.put(second, "a", &second.to_string());
    }
    house.until_restorable(&point, 30);
    house.restart();
    house.put(40, "b", "40");
    let newest = Time::from_timestamp(BEGIN + 40, 0);
    wait(|| (house.chain(&point).newest_change == newest).then_some(()));
    assert_eq!(house.run(), point, "a later run renews it");
    house.put(50, "b", "50");
    house.at(60);
    house.until_restorable(&point, 60);
    for (second, there) in [
        (0, &[("a", "0")][..]),
        (10, &[("a", "10")]),
        (29, &[("a", "20")]),
        (39, &[("a", "30")]),
        (40, &[("a", "30"), ("b", "40")]),
        (49, &[("a", "30"), ("b", "40")]),
        (60, &[("a", "30"), ("b", "50")]),
    ] {
        assert_eq!(house.restore(&point, second), Ok(content(there)), "{second}");
    }
    for outside in [-1, 61] {
        let refused = house.restore(&point, outside).unwrap_err();
        assert!(refused.contains("2027-01-15T08:00:00Z to 2027-01-15T08:01:00Z"), "{refused}");
    }
    // The log of the first base ends where the second has it.
    let ends: Vec<_> = house.chain(&point).bases.iter().map(|base| base.newest_change).collect();
    assert_eq!(ends, [newest, None]);
    // It has one snapshot, and a check finds nothing that should not be there.
    let report = house.engine().check_vault(&house.caller.scope(), &"Default".parse().unwrap()).unwrap();
    assert_eq!((report.problems, report.snapshots), (Vec::new(), 1));
}

#[test]
fn what_the_oldest_second_does_not_need_is_trimmed() {
    let house = House::new();
    house.plan("daily", "Default", 2);
    let point = house.run();
    for day in 1..6 {
        house.put(day * DAY, "day", &day.to_string());
        house.until_restorable(&point, day * DAY);
        house.run();
    }
    let chain = house.chain(&point);
    let from: Vec<i64> = chain.bases.iter().map(|base| (base.from.timestamp() - BEGIN) / DAY).collect();
    assert_eq!(from, [3, 4, 5]);
    assert_eq!(house.restore(&point, 3 * DAY), Ok(content(&[("day", "3")])));
    assert!(house.restore(&point, 2 * DAY).is_err());
    // Each run puts its end off.
    let left = house.point(&point).calculated_lifecycle.delete_at.unwrap() - house.engine().now();
    assert!((1..=2).contains(&left.num_days()), "{left}");
}

#[test]
fn a_gap_stops_the_point_with_the_reason_and_the_next_run_opens_a_new_one() {
    let house = House::new();
    house.plan("daily", "Default", 7);
    let first = house.run();
    house.put(10, "a", "10");
    house.until_restorable(&first, 10);
    house.store.0.lock().unfollowed = Some(Broken::Gap("the log was thrown away".to_owned()));
    let stopped = wait(|| Some(house.point(&first)).filter(|point| point.status == RecoveryPointStatus::Stopped));
    let message = stopped.status_message.unwrap();
    assert_eq!(message, "Continuous backup was interrupted: the log was thrown away.");
    wait(|| (house.holds() == 0).then_some(()));
    house.store.0.lock().unfollowed = None;
    house.put(20, "a", "20");
    let second = house.run();
    assert_ne!(first, second);
    assert_eq!(house.restore(&first, 10), Ok(content(&[("a", "10")])));
    assert!(house.restore(&first, 20).is_err());
    house.at(30);
    house.until_restorable(&second, 30);
    assert_eq!(house.restore(&second, 20), Ok(content(&[("a", "20")])));
}

#[test]
fn what_cannot_be_reached_is_followed_again_later_and_says_so_meanwhile() {
    let house = House::new();
    house.plan("daily", "Default", 7);
    let point = house.run();
    let away = Fault::Temporary { why: "The service restarts.".to_owned(), after: chrono::Duration::seconds(1) };
    house.store.0.lock().unfollowed = Some(Broken::For(away));
    let told = wait(|| house.point(&point).status_message);
    assert!(told.contains("cannot be followed for now") && told.contains("restarts"), "{told}");
    house.put(10, "a", "10");
    house.store.0.lock().unfollowed = None;
    house.until_restorable(&point, 10);
    wait(|| house.point(&point).status_message.is_none().then_some(()));
    assert_eq!(house.restore(&point, 10), Ok(content(&[("a", "10")])));
}

#[test]
fn a_resource_has_one_continuous_point_and_a_rule_for_another_vault_makes_snapshots() {
    let house = House::new();
    house.engine().create_vault(&house.caller, &"other".parse().unwrap(), NewVault::default()).unwrap();
    house.plan("week", "Default", 7);
    let point = house.run();
    house.plan("fortnight", "Default", 14);
    house.plan("elsewhere", "other", 7);
    let jobs = house.day();
    let of = |vault: &str| jobs.iter().filter(|job| job.vault_name == vault).collect::<Vec<_>>();
    for job in of("Default") {
        assert_eq!((&job.state, &job.status_message), (&JobState::Completed, &None));
        assert_eq!(job.recovery_point_arn.as_ref(), Some(&point));
    }
    let elsewhere = of("other")[0];
    let told = elsewhere.status_message.clone().unwrap_or_default();
    assert_eq!(elsewhere.state, JobState::Completed);
    assert!(told.contains("PITR already configured in backup plan: [arn:aws:backup:"), "{told}");
    assert!(!elsewhere.recovery_point_arn.as_ref().unwrap().as_str().contains("continuous"));
    // The one that reaches back the farthest wins.
    assert_eq!(house.point(&point).lifecycle, Some(Lifecycle::delete_after(14)));
    assert_eq!(house.holds(), 1);
}

#[test]
fn once_it_is_let_go_of_or_deleted_the_service_keeps_nothing_for_it() {
    let house = House::new();
    house.plan("daily", "Default", 7);
    let first = house.run();
    let removed = house.engine().remove_resource(&house.resource).unwrap_err().to_string();
    assert!(removed.contains("is backed up continuously"), "{removed}");
    house.engine().disassociate_recovery_point(&house.caller, "Default", &first).unwrap();
    assert_eq!(house.point(&first).status, RecoveryPointStatus::Stopped);
    wait(|| (house.holds() == 0).then_some(()));
    let spools = house.folder.path().join("data/continuous");
    wait(|| std::fs::read_dir(&spools).map_or(true, |mut inside| inside.next().is_none()).then_some(()));
    let again = house.engine().disassociate_recovery_point(&house.caller, "Default", &first).unwrap_err();
    assert!(again.to_string().contains("already"), "{again}");
    // As long as the service does not know, the resource stays: without it nobody could tell it.
    wait(|| house.engine().catalog.read(chains::all).unwrap()[0].released.then_some(()));
    let say = |released: bool| {
        let sql = "UPDATE chains SET released = ?1";
        assert_eq!(house.engine().catalog.write(|tx| Ok(tx.execute(sql, [released])?)).unwrap(), 1);
    };
    say(false);
    let removed = house.engine().remove_resource(&house.resource).unwrap_err().to_string();
    assert!(removed.contains("still keeps its log, under the name vaultdeck_"), "{removed}");
    assert!(removed.contains("--force"), "{removed}");
    say(true);
    let second = house.run();
    assert_eq!(house.holds(), 1);
    house.engine().delete_recovery_point(&house.caller, "Default", &second).unwrap();
    wait(|| (house.holds() == 0).then_some(()));
    assert_eq!(house.restore(&first, 0), Ok(content(&[])));
    house.engine().delete_recovery_point(&house.caller, "Default", &first).unwrap();
    wait(|| {
        house.engine().settle_now().unwrap();
        house.engine().catalog.read(chains::all).unwrap().is_empty().then_some(())
    });
    assert!(std::fs::read_dir(house.folder.path().join("data/continuous")).unwrap().next().is_none());
}

#[test]
fn a_resource_whose_service_is_gone_for_good_is_removed_by_force_alone() {
    let house = House::new();
    house.plan("daily", "Default", 7);
    let point = house.run();
    let live = house.engine().remove_lost_resource(&house.resource).unwrap_err().to_string();
    assert!(live.contains("is backed up continuously"), "{live}");
    house.store.0.lock().unfollowed = Some(Broken::For(Fault::Failed("There is no such host.".to_owned())));
    house.engine().disassociate_recovery_point(&house.caller, "Default", &point).unwrap();
    let removed = house.engine().remove_resource(&house.resource).unwrap_err().to_string();
    assert!(removed.contains("still keeps its log"), "{removed}");
    house.engine().remove_lost_resource(&house.resource).unwrap();
    // Nobody is asked any more, and the point goes as any other does.
    let row = house.engine().catalog.read(|c| chains::get(c, &point)).unwrap().unwrap();
    house.engine().release(&row).unwrap();
    assert_eq!(house.holds(), 1);
    house.engine().delete_recovery_point(&house.caller, "Default", &point).unwrap();
    wait(|| {
        house.engine().settle_now().unwrap();
        house.engine().catalog.read(chains::all).unwrap().is_empty().then_some(())
    });
}

#[test]
fn a_service_of_which_something_is_gone_is_told_again_to_keep_its_log_no_more() {
    let house = House::new();
    house.plan("daily", "Default", 7);
    let point = house.run();
    let gone = Fault::Gone("There is no such user.".to_owned());
    house.store.0.lock().unfollowed = Some(Broken::For(gone));
    house.engine().disassociate_recovery_point(&house.caller, "Default", &point).unwrap();
    let row = || house.engine().catalog.read(|c| chains::get(c, &point)).unwrap().unwrap();
    assert!(house.engine().release(&row()).is_err());
    assert_eq!((row().released, house.holds()), (false, 1));
    house.store.0.lock().unfollowed = None;
    house.engine().release(&row()).unwrap();
    assert_eq!((row().released, house.holds()), (true, 0));
}

#[test]
fn a_chain_is_followed_while_its_point_is_live_and_let_go_of_then() {
    use RecoveryPointStatus::{Available, Creating, Deleting, Stopped};
    let row = |status, released| chains::ChainRow {
        point: Arn::unknown(),
        resource: Arn::unknown(),
        vault: Arn::unknown(),
        hold: String::new(),
        released,
        chain: None,
        status,
    };
    for (status, released, is_made, expected) in [
        (Some(Creating), false, true, Due::Nothing),
        (Some(Available), false, false, Due::Follow),
        (Some(Available), false, true, Due::Follow),
        (Some(Stopped), false, false, Due::Release),
        (Some(Deleting), false, false, Due::Release),
        (None, false, true, Due::Nothing),
        (None, false, false, Due::Release),
        (Some(Stopped), true, false, Due::Nothing),
        (None, true, false, Due::Forget),
    ] {
        assert_eq!(due(&row(status.clone(), released), is_made), expected, "{status:?} {released} {is_made}");
    }
}
