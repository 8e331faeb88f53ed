//! How long a continuous recovery point lasts, and what it outlasts: a lost catalog, an older one, a vault that is away.

use super::*;
use crate::domain::vault_lock::LockRequest;
use crate::engine::points::rows::owed_manifests;

#[test]
fn a_point_that_the_catalog_lost_lives_on_from_its_latest_moment_not_its_first() {
    let house = House::new();
    house.plan("daily", "Default", 2);
    let point = house.run();
    for day in 1..5 {
        house.put(day * DAY, "day", &day.to_string());
        house.until_restorable(&point, day * DAY);
        house.run();
    }
    let latest = house.chain(&point).latest;
    let vault = Arn::vault(&house.caller.scope(), &"Default".parse().unwrap());
    let lose_and_find = || {
        house.engine().write_owed_manifests(&vault);
        let lost = house.engine().catalog.write(|tx| {
            tx.execute("DELETE FROM chains", [])?;
            Ok(tx.execute("DELETE FROM recovery_points", [])?)
        });
        assert_eq!(lost.unwrap(), 1);
        assert_eq!(house.engine().rescan(Some(&vault)).unwrap().recovery_points, [point.to_string()]);
        house.point(&point)
    };
    let found = lose_and_find();
    assert_eq!(found.status, RecoveryPointStatus::Available);
    assert_eq!(found.calculated_lifecycle.delete_at, Some(latest + chrono::Duration::days(2)));
    // So does one that nobody follows any more.
    house.engine().disassociate_recovery_point(&house.caller, "Default", &point).unwrap();
    let found = lose_and_find();
    assert_eq!(found.status, RecoveryPointStatus::Stopped);
    assert_eq!(found.calculated_lifecycle.delete_at, Some(latest + chrono::Duration::days(2)));
}

#[test]
fn a_live_point_stays_as_long_as_its_rule_however_rarely_that_runs() {
    let house = House::new();
    let plan = house.plan_at("monthly", "Default", 7, Some("cron(0 5 16 * ? *)"));
    let point = house.run();
    let days = |days| house.engine().advance(AdvanceTo::By(chrono::Duration::days(days))).unwrap();
    days(20);
    assert_eq!((house.point(&point).status, house.jobs().len()), (RecoveryPointStatus::Available, 1));
    let left = house.point(&point).calculated_lifecycle.delete_at.unwrap() - house.engine().now();
    assert!((0..=7).contains(&left.num_days()), "{left}");
    // What nothing chooses any more outlives its days like any other.
    for selection in house.engine().list_selections(&house.caller, &plan.id, &PageRequest::default()).unwrap().items {
        house.engine().delete_selection(&house.caller, &plan.id, &selection.id).unwrap();
    }
    days(8);
    let found = house.engine().describe_recovery_point(&house.caller, "Default", &point);
    assert!(found.is_err_and(|error| error.to_string().contains("Cannot find")));
}

#[test]
fn in_a_locked_vault_a_rule_that_is_shortened_shortens_nothing_that_is_there() {
    let house = House::new();
    let plan = house.plan_at("daily", "Default", 7, None);
    let point = house.run();
    let shorten = |days| {
        let mut document = plan.document.clone();
        document.rules[0].lifecycle = Some(Lifecycle::delete_after(days));
        house.engine().update_plan(&house.caller, &plan.id, document).unwrap();
        assert_eq!(house.run(), point);
        house.point(&point).lifecycle
    };
    assert_eq!(shorten(5), Some(Lifecycle::delete_after(5)));
    let lock = LockRequest { min_retention_days: Some(1), max_retention_days: None, changeable_for_days: None };
    house.engine().put_vault_lock(&house.caller, "Default", &lock).unwrap();
    assert_eq!(shorten(2), Some(Lifecycle::delete_after(5)));
    assert_eq!(shorten(9), Some(Lifecycle::delete_after(9)));
}

#[test]
fn an_older_copy_of_the_catalog_learns_from_the_vault_what_a_point_holds() {
    let mut house = House::new();
    house.put(0, "a", "0");
    house.plan("daily", "Default", 7);
    let point = house.run();
    house.put(10, "a", "10");
    house.until_restorable(&point, 10);
    wait(|| house.engine().catalog.read(owed_manifests::vaults_that_owe).unwrap().is_empty().then_some(()));
    house.copy_catalog();
    house.put(20, "a", "20");
    house.until_restorable(&point, 20);
    house.run();
    house.put(30, "a", "30");
    house.until_restorable(&point, 30);
    let bases = house.chain(&point).bases;
    house.restart_with_copied_catalog();
    house.until_restorable(&point, 30);
    assert_eq!(house.chain(&point).bases, bases);
    house.put(40, "a", "40");
    house.at(50);
    house.until_restorable(&point, 50);
    for (second, there) in [(10, "10"), (20, "20"), (30, "30"), (50, "40")] {
        assert_eq!(house.restore(&point, second), Ok(content(&[("a", there)])), "{second}");
    }
    assert_eq!(house.point(&point).status, RecoveryPointStatus::Available);
}

#[test]
fn what_cannot_be_stored_stays_with_the_service_and_the_point_says_why() {
    let mut house = House::new();
    house.plan("daily", "Default", 7);
    let point = house.run();
    house.put(10, "a", "10");
    house.until_restorable(&point, 10);
    let vault = house.folder.path().join("data/vaults/123456789012/us-east-1/Default");
    let away = house.folder.path().join("away");
    std::fs::rename(&vault, &away).unwrap();
    house.put(20, "a", "20");
    let told = wait(|| house.point(&point).status_message);
    assert!(told.starts_with("The log cannot be followed for now"), "{told}");
    // What was said before the engine ended is taken back by the next one.
    let back = away.clone();
    house.restart_after(|_| std::fs::rename(&back, &vault).unwrap());
    house.until_restorable(&point, 20);
    wait(|| house.point(&point).status_message.is_none().then_some(()));
    assert_eq!(house.restore(&point, 20), Ok(content(&[("a", "20")])));
}
