use super::action::*;
use super::subject::{PointNamed, PointToChange, PointToDelete, PointToRestore, VaultToLock};
use super::tests::{MANAGEMENT, MEMBER, caller, empty_catalog, point, scope, vault};
use super::*;
use crate::domain::Time;
use crate::domain::recovery_point::{RecoveryPoint, RecoveryPointStatus};
use crate::engine::error::ErrorKind;
use chrono::Duration;

/// The lock date of the locks that have one.
fn date() -> Time {
    "2027-01-01T00:00:00Z".parse().unwrap()
}

/// A catalog that has believed `now`, in which the vault `safe` of `scope(MEMBER, "us-east-1")` has a lock.
fn locked(state: &str, date: Option<Time>, now: Time) -> Connection {
    let catalog = empty_catalog();
    let vault = vault(&scope(MEMBER, "us-east-1"), "safe", 0).arn;
    let date = date.map(|date| date.timestamp_millis());
    let sql = "INSERT INTO vault_locks (vault_arn, sequence, state, lock_date) VALUES (?1, 1, ?2, ?3)";
    catalog.execute(sql, rusqlite::params![vault.as_str(), state, date]).unwrap();
    let sql = "INSERT INTO engine_state (name, value) VALUES ('clock-seen', ?1)";
    catalog.execute(sql, [now.timestamp_millis().to_string()]).unwrap();
    catalog
}

fn outcome<T>(answer: Result<T>) -> std::result::Result<(), String> {
    answer.map(drop).map_err(|error| {
        assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{error}");
        error.to_string()
    })
}

fn living_until(end: Time, status: RecoveryPointStatus) -> RecoveryPoint {
    let mut point = point(&scope(MEMBER, "us-east-1"), status);
    point.calculated_lifecycle.delete_at = Some(end);
    point
}

#[test]
fn a_lock_forbids_everybody_to_delete_or_change_a_point_and_lets_a_life_end_as_it_was_set() {
    let caller = caller(MEMBER, "us-east-1");
    let point = living_until(date(), RecoveryPointStatus::Completed);
    let named = PointNamed { arn: &point.arn, found: Some(&point) };
    let before = date() - Duration::milliseconds(1);
    for (state, lock_date) in [("CHANGEABLE", None), ("CHANGEABLE", Some(date())), ("IMMUTABLE", Some(date()))] {
        for (principal, now, deletes) in [
            (Principal::Caller(&caller), before, false),
            (Principal::Caller(&caller), date(), false),
            (Principal::Owner, date(), false),
            (Doing::Deletion.into(), date(), false),
            (Doing::Expiry.into(), before, false),
            (Doing::Expiry.into(), date(), true),
        ] {
            let tx = locked(state, lock_date, now);
            let deletion = authorize(&tx, principal, DeleteRecoveryPoint, &PointToDelete(named));
            assert_eq!(outcome(deletion).is_ok(), deletes, "{principal:?} {now} {state}");
            let change = authorize(&tx, principal, UpdateRecoveryPointLifecycle, &PointToChange(named));
            assert!(outcome(change).unwrap_err().contains("its lifecycle cannot be changed"));
            assert!(authorize(&tx, principal, StartRestoreJob, &PointToRestore(named)).is_ok(), "anybody may restore");
        }
    }
    let unlocked = locked("UNLOCKED", None, before);
    assert!(authorize(&unlocked, &caller, DeleteRecoveryPoint, &PointToDelete(named)).is_ok());
}

#[test]
fn what_is_left_over_of_an_ended_life_goes_in_a_locked_vault_too() {
    let caller = caller(MEMBER, "us-east-1");
    let left = living_until(date(), RecoveryPointStatus::Expired);
    let named = PointNamed { arn: &left.arn, found: Some(&left) };
    for (now, deletes) in [(date(), true), (date() - Duration::milliseconds(1), false)] {
        let tx = locked("IMMUTABLE", Some(date()), now);
        let answer = authorize(&tx, &caller, DeleteRecoveryPoint, &PointToDelete(named));
        assert_eq!(outcome(answer).is_ok(), deletes, "{now}");
    }
}

#[test]
fn from_its_date_on_nobody_changes_a_lock_and_a_date_that_was_seen_to_pass_is_not_asked_of_a_clock_again() {
    let (caller, other) = (caller(MEMBER, "us-east-1"), caller(MANAGEMENT, "us-east-1"));
    let vault = vault(&scope(MEMBER, "us-east-1"), "safe", 0);
    let before = date() - Duration::milliseconds(1);
    for (state, lock_date, now, may) in [
        ("UNLOCKED", None, date(), true),
        ("CHANGEABLE", None, date(), true),
        ("CHANGEABLE", Some(date()), before, true),
        ("CHANGEABLE", Some(date()), date(), false),
        ("IMMUTABLE", Some(date()), before, false),
        ("IMMUTABLE", Some(date()), date(), false),
    ] {
        let tx = locked(state, lock_date, now);
        let subject = VaultToLock { name: "safe", found: Some(&vault), request: None, now };
        for principal in [Principal::Caller(&caller), Principal::Owner, Doing::Rescan.into()] {
            let put = authorize(&tx, principal, PutBackupVaultLockConfiguration, &subject);
            assert_eq!(outcome(put).is_ok(), may, "{principal:?} {state} {now}");
            let taken_off = authorize(&tx, principal, DeleteBackupVaultLockConfiguration, &subject);
            assert_eq!(outcome(taken_off).is_ok(), may, "{principal:?} {state} {now}");
        }
        let stranger = authorize(&tx, &other, DeleteBackupVaultLockConfiguration, &subject).unwrap_err();
        assert_eq!(stranger.kind(), ErrorKind::ResourceNotFound, "another account learns nothing of the lock");
    }
}
