//! What each kind is found by, and what it is not found by.

use super::fixture::*;
use super::*;
use crate::domain::job::JobState;
use crate::domain::plan::CopyAction;
use crate::domain::vault::VaultType;
use crate::domain::vault_lock::VaultLock;
use crate::domain::{ResourceType, types};

const NOW: &str = "2026-11-23T12:00:00Z";

fn facts<'a>(jobs: &[&'a BackupJob]) -> Facts<'a> {
    Facts { now: at(NOW), since: at("2026-11-20T12:00:00Z"), backup_jobs: jobs.to_vec(), ..Facts::default() }
}

/// What is found of one kind: title and reason.
fn of(kind: FindingKind, facts: &Facts<'_>) -> Vec<(String, String)> {
    let found = findings(facts).into_iter().filter(|finding| finding.kind == kind);
    found.map(|finding| (finding.title, finding.detail)).collect()
}

/// Completed backups of as many nights, the newest last, with what each moved and how large it found the resource.
fn nights(told: &[(i64, i64)]) -> Vec<BackupJob> {
    let first = at("2026-11-23T05:00:00Z") - Duration::days(told.len() as i64 - 1);
    let night = |(number, (moved, size)): (usize, &(i64, i64))| {
        let created = first + Duration::days(number as i64);
        let mut job = by_rule(job(&format!("n{number}"), JobState::Completed, &created.to_rfc3339()), "nightly");
        job.initiated = Some(created);
        job.completed = Some(created + Duration::minutes(10));
        job.bytes_transferred = Some(moved << 20);
        job.size_bytes = Some(size << 20);
        job.recovery_point_arn = Some(point_arn(number));
        job
    };
    told.iter().enumerate().map(night).collect()
}

fn point_arn(number: usize) -> Arn {
    format!("arn:aws:backup:us-east-1:123456789012:recovery-point:{number}").parse().unwrap()
}

fn unusual(told: &[(i64, i64)]) -> Vec<String> {
    let jobs = nights(told);
    of(FindingKind::UnusualChange, &facts(&jobs.iter().collect::<Vec<_>>())).into_iter().map(|(_, why)| why).collect()
}

#[test]
fn a_backup_that_moved_far_more_than_usual_is_told_with_the_numbers() {
    let mut told = vec![(900, 1000), (20, 1000), (25, 1000), (20, 1010), (20, 1010), (21, 1020)];
    assert!(unusual(&told).is_empty(), "the first of a history moves everything");
    told.push((800, 1020));
    assert_eq!(unusual(&told), ["it moved 800 MiB, where 21 MiB are usual in 6 backups before"]);
    told.last_mut().unwrap().0 = 200;
    assert!(unusual(&told).is_empty(), "nine times the median is not unusual");
}

#[test]
fn a_resource_that_shrank_is_told() {
    let mut told = vec![(20, 1000); 6];
    told.push((20, 400));
    assert_eq!(unusual(&told), ["400 MiB are left of it, where 1.0 GiB are usual in 6 backups before"]);
    told.last_mut().unwrap().1 = 501;
    assert!(unusual(&told).is_empty());
}

#[test]
fn a_short_history_an_old_backup_and_little_data_are_not_unusual() {
    assert!(unusual(&[(20, 1000), (20, 1000), (20, 1000), (20, 1000), (900, 1000)]).is_empty(), "four before it");
    let jobs = nights(&[(1, 9), (1, 9), (1, 9), (1, 9), (1, 9), (90, 9)]);
    let later = Facts { now: at(NOW) + Duration::days(8), ..facts(&jobs.iter().collect::<Vec<_>>()) };
    assert!(of(FindingKind::UnusualChange, &later).is_empty());
    let mut small = nights(&[(0, 0); 6]);
    small[5].bytes_transferred = Some((1 << 20) - 1);
    assert!(of(FindingKind::UnusualChange, &facts(&small.iter().collect::<Vec<_>>())).is_empty(), "less than a MiB");
}

fn copying(into: &str) -> Plan {
    let mut plan = nightly();
    let copy = CopyAction { destination_backup_vault_arn: into.to_owned(), lifecycle: None };
    plan.document.rules[0].copy_actions = vec![copy];
    plan
}

const SAFE: &str = "arn:aws:backup:eu-west-1:123456789012:backup-vault:safe";

fn copy(of: usize, state: JobState, created: &str) -> CopyJob {
    CopyJob {
        id: format!("c{of}").parse().unwrap(),
        scope: scope(),
        source_vault_arn: None,
        source_recovery_point_arn: Some(point_arn(of)),
        destination_vault_arn: Some(SAFE.parse().unwrap()),
        destination_vault_type: None,
        destination_recovery_point_arn: None,
        resource_arn: Some(FILE_SYSTEM.parse().unwrap()),
        resource_name: Some("projects".to_owned()),
        resource_type: types::efs::FACTS.resource_type(),
        created: Some(at(created)),
        completed: None,
        state,
        status_message: Some("Access Denied trying to call AWS Backup service".to_owned()),
        message_category: None,
        size_bytes: None,
        lifecycle: None,
        iam_role_arn: None,
        created_by: None,
        backup_job_id: None,
        is_parent: false,
        member: None,
        parent_job_id: None,
    }
}

#[test]
fn a_copy_that_a_rule_wants_and_that_is_not_there_after_a_day_lags() {
    let (plan, jobs) = (copying(SAFE), nights(&[(1, 9), (1, 9), (1, 9)]));
    let lagging = |copies: Option<&[&CopyJob]>| {
        let facts = Facts {
            plans: vec![(&plan, &[])],
            copy_jobs: copies.map(<[_]>::to_vec),
            ..facts(&jobs.iter().collect::<Vec<_>>())
        };
        of(FindingKind::CopyLags, &facts)
    };
    // The newest that is a day old is that of the 22nd: tonight's may take until tomorrow.
    let told =
        ("Copy lags: projects".to_owned(), "not in safe 1d 6h after its backup: no copy job was made".to_owned());
    let older = copy(0, JobState::Completed, "2026-11-21T06:00:00Z");
    assert_eq!(lagging(Some(&[&older])), [told]);
    let running = copy(1, JobState::Running, "2026-11-22T06:00:00Z");
    assert_eq!(lagging(Some(&[&running]))[0].1, "not in safe 1d 6h after its backup: its copy job has not ended");
    assert!(lagging(Some(&[&copy(1, JobState::Completed, "2026-11-22T06:00:00Z")])).is_empty());
    assert!(lagging(Some(&[&copy(1, JobState::Failed, "2026-11-22T06:00:00Z")])).is_empty(), "told by itself");
    assert!(lagging(None).is_empty(), "copies that are not known are not missing");
    let before = copy(1, JobState::Completed, "2026-11-22T04:00:00Z");
    assert_eq!(
        lagging(Some(&[&before])).len(),
        1,
        "a copy of a continuous point from before this run is not this run's"
    );
    let mut changed = plan.clone();
    changed.created = Some(at("2026-11-22T06:00:00Z"));
    let facts =
        Facts { plans: vec![(&changed, &[])], copy_jobs: Some(Vec::new()), ..facts(&jobs.iter().collect::<Vec<_>>()) };
    assert!(of(FindingKind::CopyLags, &facts).is_empty(), "this version of the plan had promised nothing then");
}

#[test]
fn a_failed_copy_is_told_until_a_later_one_of_the_resource_comes_into_the_vault() {
    let failed = copy(1, JobState::Failed, "2026-11-22T06:00:00Z");
    let later = copy(2, JobState::Completed, "2026-11-23T06:00:00Z");
    let of_copies = |copies: &[&CopyJob]| findings(&Facts { copy_jobs: Some(copies.to_vec()), ..facts(&[]) });
    let found = of_copies(&[&failed]);
    assert_eq!(found[0].title, "Copy failed: projects");
    assert_eq!(found[0].detail, "into safe: Access Denied trying to call AWS Backup service");
    assert!(!found[0].recovered && of_copies(&[&failed, &later])[0].recovered);
}

#[test]
fn a_job_whose_role_cannot_be_assumed_is_told_as_that() {
    let mut failed = job("f", JobState::Failed, "2026-11-23T05:00:00Z");
    failed.status_message =
        Some("IAM Role arn:aws:iam::123456789012:role/b cannot be assumed by AWS Backup".to_owned());
    assert_eq!(findings(&facts(&[&failed]))[0].kind, FindingKind::RoleUnusable);
}

#[test]
fn a_job_that_waits_is_at_risk_when_a_quarter_of_its_start_window_is_left() {
    let waits = |created: &str, start_by: &str| {
        let mut waits = job("w", JobState::Created, created);
        waits.start_by = Some(at(start_by));
        of(FindingKind::WindowAtRisk, &facts(&[&waits])).into_iter().map(|(_, why)| why).collect::<Vec<_>>()
    };
    assert_eq!(
        waits("2026-11-23T08:00:00Z", "2026-11-23T13:00:00Z"),
        ["it waits, and expires unless it starts within 1h"]
    );
    assert!(waits("2026-11-23T11:00:00Z", "2026-11-23T13:00:00Z").is_empty());
}

#[test]
fn a_job_that_runs_is_at_risk_when_jobs_like_it_take_longer_than_its_window_has_left() {
    let mut plan = nightly();
    plan.document.rules[0].completion_window_minutes = Some(8 * 60);
    let risk = |hours: i64| {
        let mut jobs = nights(&[(1, 9); 4]);
        for job in &mut jobs {
            job.completed = Some(job.created + Duration::hours(hours));
        }
        jobs[3].state = JobState::Running;
        jobs[3].completed = None;
        let facts = Facts { plans: vec![(&plan, &[])], ..facts(&jobs.iter().collect::<Vec<_>>()) };
        of(FindingKind::WindowAtRisk, &facts).into_iter().map(|(_, why)| why).collect::<Vec<_>>()
    };
    assert_eq!(risk(9), ["its window ends in 1h; jobs like it take 9h, and this one runs for 7h"]);
    assert!(risk(7).is_empty());
}

fn vault(lock_date: &str) -> Vault {
    Vault {
        arn: Arn::vault(&scope(), &"Default".parse().unwrap()),
        scope: scope(),
        name: "Default".to_owned(),
        vault_type: VaultType::Standard,
        encryption_key_arn: None,
        created: None,
        creator_request_id: None,
        recovery_points: 1,
        lock: Some(VaultLock { lock_date: Some(at(lock_date)), ..VaultLock::default() }),
    }
}

#[test]
fn a_lock_is_told_while_it_cools_off_and_warned_of_on_its_last_day() {
    let severity = |lock_date: &str| {
        let vault = vault(lock_date);
        let found = findings(&Facts { vaults: vec![&vault], ..facts(&[]) });
        found.first().map(|finding| (finding.kind, finding.severity))
    };
    assert_eq!(severity("2026-11-26T12:00:00Z"), Some((FindingKind::LockCoolingOff, Severity::Notice)));
    assert_eq!(severity("2026-11-24T12:00:00Z"), Some((FindingKind::LockCoolingOff, Severity::Warning)));
    assert_eq!(severity("2026-11-23T12:00:00Z"), None);
}

#[test]
fn a_resource_without_a_plan_is_told_with_whether_it_has_a_backup() {
    let (scope, arn): (_, Arn) = (scope(), FILE_SYSTEM.parse().unwrap());
    let uncovered = Uncovered { scope: &scope, arn: &arn, name: Some("projects") };
    let alone = Facts { unprotected: vec![uncovered], ..facts(&[]) };
    let told = of(FindingKind::Unprotected, &alone);
    assert_eq!(
        told[0],
        ("No plan selects it: projects".to_owned(), "no plan selects it, and it was never backed up".to_owned())
    );
    let unproven = Facts { unproven: vec![uncovered], ..facts(&[]) };
    assert_eq!(of(FindingKind::NeverProven, &unproven)[0].0, "Never proven: projects");
}

#[test]
fn a_type_that_is_off_is_told_where_there_are_resources_of_it() {
    let (scope, arn): (_, Arn) = (scope(), FILE_SYSTEM.parse().unwrap());
    let off = BTreeMap::from([("EFS".to_owned(), false), ("S3".to_owned(), false)]);
    let uncovered = Uncovered { scope: &scope, arn: &arn, name: None };
    let told = |settings: &BTreeMap<String, bool>, unprotected: Vec<Uncovered<'_>>| {
        let facts = Facts { settings: vec![(&scope, settings)], unprotected, ..facts(&[]) };
        findings(&facts).into_iter().filter(|finding| finding.kind == FindingKind::OptedOut).collect::<Vec<_>>()
    };
    let found = told(&off, vec![uncovered]);
    assert_eq!(found.len(), 1, "of S3 there is nothing");
    assert_eq!(found[0].subject, Subject::Type(ResourceType::of_arn(&arn).unwrap()));
    assert!(told(&off, Vec::new()).is_empty());
    assert!(told(&BTreeMap::from([("EFS".to_owned(), true)]), vec![uncovered]).is_empty());
}

#[test]
fn each_kind_has_its_rule_in_one_sentence_and_a_name_of_its_own() {
    let names: std::collections::BTreeSet<&str> = FindingKind::ALL.iter().map(|kind| kind.name()).collect();
    assert_eq!(names.len(), FindingKind::ALL.len());
    assert!(names.contains("missing-run") && names.contains("failed"));
    for kind in FindingKind::ALL {
        assert!(kind.rule().ends_with('.') && kind.rule().matches(". ").count() == 0, "{kind:?}");
    }
}

#[test]
fn two_failures_of_one_resource_are_one_thing_and_a_failed_copy_is_another() {
    let failed = |id: &str| job(id, JobState::Failed, "2026-11-23T05:00:00Z");
    let (first, second) = (failed("f"), failed("s"));
    let mut other = failed("o");
    other.resource_arn = format!("{FILE_SYSTEM}2").parse().unwrap();
    let copied = copy(1, JobState::Failed, "2026-11-22T06:00:00Z");
    let found = findings(&Facts { copy_jobs: Some(vec![&copied]), ..facts(&[&first, &second, &other]) });
    let keys: std::collections::BTreeSet<String> = found.iter().map(Finding::key).collect();
    assert_eq!((found.len(), keys.len()), (4, 3), "{keys:?}");
}

#[test]
fn clusters_that_look_alike_are_of_the_type_that_their_backups_tell() {
    let (scope, arn): (_, Arn) = (scope(), "arn:aws:rds:us-east-1:123456789012:cluster:orders".parse().unwrap());
    let cluster = ProtectedResource {
        arn: arn.clone(),
        scope: scope.clone(),
        resource_type: types::documentdb::FACTS.resource_type(),
        name: None,
        last_backup_time: None,
        last_backup_vault_arn: None,
        last_recovery_point_arn: None,
        latest_restore_execution_minutes: crate::domain::Known::Unknown,
        latest_restore_job_creation: crate::domain::Known::Unknown,
        latest_restore_recovery_point_creation: crate::domain::Known::Unknown,
    };
    let uncovered = Uncovered { scope: &scope, arn: &arn, name: None };
    let off = |name: &str, protected: Vec<&ProtectedResource>| {
        let settings = BTreeMap::from([(name.to_owned(), false)]);
        let facts =
            Facts { settings: vec![(&scope, &settings)], protected, unprotected: vec![uncovered], ..facts(&[]) };
        of(FindingKind::OptedOut, &facts).len()
    };
    assert_eq!((off("Aurora", vec![&cluster]), off("DocumentDB", vec![&cluster])), (0, 1));
    assert_eq!((off("Aurora", vec![]), off("DocumentDB", vec![])), (0, 0), "an ARN alone does not tell which");
}
