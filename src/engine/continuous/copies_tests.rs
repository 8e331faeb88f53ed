//! The copies of continuous rules: snapshots, each of the last moment that could be restored to when it was made.

use super::*;
use crate::domain::continuous::TAKEN;
use crate::domain::job::CopyJob;
use crate::domain::plan::CopyAction;
use crate::engine::jobs::copy::create::scheduled;
use crate::engine::{CopyJobFilter, StartCopy};

impl House {
    /// A continuous rule that runs each day, and has a copy kept for 30 days in another vault.
    fn plan_with_copy(&self, far: &Arn) {
        let rule = Rule {
            rule_name: "daily".to_owned(),
            target_backup_vault_name: "Default".to_owned(),
            enable_continuous_backup: Some(true),
            lifecycle: Some(Lifecycle::delete_after(7)),
            copy_actions: vec![CopyAction {
                destination_backup_vault_arn: far.to_string(),
                lifecycle: Some(Lifecycle::delete_after(30)),
            }],
            ..Rule::default()
        };
        self.plan_of(rule);
    }

    fn far(&self) -> Arn {
        self.engine().create_vault(&self.caller, &"far".parse().unwrap(), NewVault::default()).unwrap().arn
    }

    /// The newest first.
    fn copies(&self) -> Vec<CopyJob> {
        let filter = CopyJobFilter::default();
        self.engine().list_copy_jobs(&self.caller, &filter, &PageRequest::default()).unwrap().items
    }

    /// The point that the newest copy job made.
    fn copied(&self) -> RecoveryPoint {
        let over = |job: CopyJob| Some(job).filter(|job| job.state.is_final());
        let job = wait(|| over(self.copies().first().unwrap().clone()));
        assert_eq!((&job.state, &job.status_message), (&JobState::Completed, &None));
        let arn = job.destination_recovery_point_arn.unwrap();
        self.engine().describe_recovery_point(&self.caller, "far", &arn).unwrap()
    }

    fn taken(&self, point: &Arn) -> i64 {
        let details = self.engine().recovery_point_details(&self.caller, point).unwrap();
        details[TAKEN].parse::<Time>().unwrap().timestamp() - BEGIN
    }
}

#[test]
fn each_run_of_a_continuous_rule_has_a_snapshot_copied() {
    let mut house = House::new();
    let far = house.far();
    house.put(0, "a", "0");
    house.plan_with_copy(&far);
    house.copy_catalog();
    let point = house.run();
    let first = house.copied();
    assert_eq!((&first.status, first.completed.is_some()), (&RecoveryPointStatus::Completed, true));
    assert_eq!(first.source_vault_arn, Some(house.point(&point).vault_arn));
    house.put(10, "a", "10");
    house.put(20, "b", "20");
    house.at(30);
    house.until_restorable(&point, 30);
    assert_eq!(house.run(), point);
    let second = house.copied();
    assert_ne!(first.arn, second.arn);
    assert_eq!((house.taken(&first.arn), house.taken(&second.arn)), (0, 30));
    // It is as old as it is, however long ago the continuous one was begun.
    assert_eq!((second.created - first.created).num_days(), 1);

    // Nothing of it lies with what it was copied of, and what the vaults tell of it is enough.
    house.engine().disassociate_recovery_point(&house.caller, "Default", &point).unwrap();
    house.engine().delete_recovery_point(&house.caller, "Default", &point).unwrap();
    house.restart_with_copied_catalog();
    house.engine().rescan(None).unwrap();
    assert_eq!(house.restore_whole(&first.arn), Ok(content(&[("a", "0")])));
    assert_eq!(house.restore_whole(&second.arn), Ok(content(&[("a", "10"), ("b", "20")])));
    let refused = house.restore(&second.arn, 10).unwrap_err();
    assert!(refused.contains("RestoreTime is for continuous backups"), "{refused}");
    let name = "far".parse().unwrap();
    let report = house.engine().check_vault(&house.caller.scope(), &name).unwrap();
    assert_eq!((report.problems, report.snapshots), (Vec::new(), 2));
}

/// As long as a service is out of reach the copy of its first base is not begun.
#[test]
fn a_copy_waits_for_the_log_that_its_base_needs() {
    let house = House::new();
    let far = house.far();
    house.put(0, "a", "0");
    let away = Fault::Temporary { why: "The service restarts.".to_owned(), after: chrono::Duration::seconds(1) };
    house.store.0.lock().unfollowed = Some(Broken::For(away));
    house.plan_with_copy(&far);
    let point = house.run();
    wait(|| house.point(&point).status_message);
    house.engine().advance(AdvanceTo::By(chrono::Duration::hours(3))).unwrap();
    assert_eq!(house.copies()[0].state, JobState::Created);
    house.store.0.lock().unfollowed = None;
    let copy = house.copied();
    assert_eq!((house.taken(&copy.arn), house.restore_whole(&copy.arn)), (0, Ok(content(&[("a", "0")]))));
}

/// The log may have come on between the run and its copy, which has that too.
#[test]
fn a_copy_has_the_log_up_to_the_moment_that_it_is_of() {
    let house = House::new();
    let far = house.far();
    house.put(0, "a", "0");
    house.plan_with_copy(&far);
    let point = house.run();
    house.copied();
    house.put(10, "a", "10");
    house.at(20);
    house.until_restorable(&point, 20);
    // What a rule has copied is drawn up when its run is over: so is this one, of now.
    let job = house.jobs()[0].clone();
    let far = CopyAction { destination_backup_vault_arn: far.to_string(), lifecycle: None };
    let engine = house.engine();
    engine.catalog.write(|tx| scheduled(tx, &job, &[far], engine.now())).unwrap();
    engine.jobs.resume();
    engine.jobs.wake();
    wait(|| (house.copies().len() == 2).then_some(()));
    let copy = house.copied();
    assert_eq!(house.taken(&copy.arn), 20);
    assert_eq!(house.restore_whole(&copy.arn), Ok(content(&[("a", "10")])));
}

#[test]
fn a_continuous_point_is_not_copied_on_demand() {
    let house = House::new();
    let far = house.far();
    house.plan("daily", "Default", 7);
    let point = house.run();
    let refused = house.engine().start_copy_job(
        &house.caller,
        StartCopy {
            recovery_point_arn: point,
            source_vault_name: "Default".to_owned(),
            destination_vault_arn: far,
            iam_role_arn: Arn::default_role(&house.caller.account),
            idempotency_token: None,
            lifecycle: None,
        },
    );
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("is in state AVAILABLE and cannot be copied on demand"), "{refused}");
    assert_eq!(house.copies().len(), 0);
}
