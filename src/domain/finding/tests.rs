use super::fixture::*;
use super::*;
use crate::domain::job::JobState;
use crate::domain::recovery_point::RecoveryPointStatus;
use crate::domain::{Known, types};
use std::sync::Arc;

fn of_jobs(jobs: &[&BackupJob]) -> Vec<Finding> {
    findings(&Facts { now: at("2026-11-23T12:00:00Z"), backup_jobs: jobs.to_vec(), ..Facts::default() })
}

fn missing(plan: &Plan, selections: &[Selection], jobs: &[&BackupJob], since: &str) -> Vec<Finding> {
    findings(&Facts {
        now: at("2026-11-23T12:00:00Z"),
        since: at(since),
        plans: vec![(plan, selections)],
        backup_jobs: jobs.to_vec(),
        ..Facts::default()
    })
}

#[test]
fn what_went_well_or_still_runs_is_no_finding() {
    let jobs = [JobState::Completed, JobState::Running, JobState::Created].map(|s| job("j", s, "2026-11-23T05:00:00Z"));
    assert!(of_jobs(&jobs.iter().collect::<Vec<_>>()).is_empty());
}

#[test]
fn each_bad_end_is_told_in_its_own_words() {
    let mut issues = job("i", JobState::Completed, "2026-11-23T05:00:00Z");
    issues.message_category = Some("AccessDenied".to_owned());
    issues.status_message = Some("Completed with issues: 1 items not read: /a".to_owned());
    let mut late = job("l", JobState::Expired, "2026-11-23T05:00:00Z");
    late.initiated = Some(at("2026-11-23T06:00:00Z"));
    let never = job("n", JobState::Expired, "2026-11-23T05:00:00Z");
    let failed = job("f", JobState::Failed, "2026-11-23T05:00:00Z");
    let stopped = job("s", JobState::Aborted, "2026-11-23T05:00:00Z");
    let found = of_jobs(&[&stopped, &issues, &late, &never, &failed]);
    let titles: Vec<&str> = found.iter().map(|finding| finding.title.as_str()).collect();
    assert_eq!(
        titles,
        [
            "Backup failed: projects",
            "Backup never started in its window: projects",
            "Backup ran out of its completion window: projects",
            "Backup completed with issues: projects",
            "Backup was stopped: projects",
        ]
    );
    assert_eq!(found[3].detail, "Completed with issues: 1 items not read: /a");
}

#[test]
fn a_failure_is_recovered_by_a_later_success_of_the_same_resource_and_rule() {
    let failed = by_rule(job("f", JobState::Failed, "2026-11-22T05:00:00Z"), "nightly");
    let other_rule = by_rule(job("o", JobState::Completed, "2026-11-23T05:00:00Z"), "weekly");
    assert!(!of_jobs(&[&failed, &other_rule])[0].recovered);
    let same_rule = by_rule(job("s", JobState::Completed, "2026-11-23T05:00:00Z"), "nightly");
    assert!(of_jobs(&[&failed, &same_rule])[0].recovered);
    let earlier = by_rule(job("e", JobState::Completed, "2026-11-21T05:00:00Z"), "nightly");
    assert!(!of_jobs(&[&failed, &earlier])[0].recovered);
}

#[test]
fn the_unrecovered_come_first() {
    let old = by_rule(job("a", JobState::Failed, "2026-11-20T05:00:00Z"), "weekly");
    let new = by_rule(job("b", JobState::Failed, "2026-11-22T05:00:00Z"), "nightly");
    let success = by_rule(job("c", JobState::Completed, "2026-11-23T05:00:00Z"), "nightly");
    let found = of_jobs(&[&new, &old, &success]);
    assert_eq!(found.iter().map(|finding| finding.recovered).collect::<Vec<_>>(), [false, true]);
}

#[test]
fn a_due_run_without_a_job_is_missing() {
    let (plan, selections) = (nightly(), [selection("2026-11-01T00:00:00Z")]);
    let made = by_rule(job("j", JobState::Completed, "2026-11-22T05:00:00Z"), "nightly");
    let found = missing(&plan, &selections, &[&made], "2026-11-21T12:00:00Z");
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].kind, found[0].at), (FindingKind::MissingRun, at("2026-11-23T05:00:00Z")));
    assert_eq!(found[0].title, "Missing run: main / nightly");
}

#[test]
fn a_job_of_another_plan_or_rule_does_not_count() {
    let (plan, selections) = (nightly(), [selection("2026-11-01T00:00:00Z")]);
    let other_rule = by_rule(job("j", JobState::Completed, "2026-11-23T05:00:00Z"), "weekly");
    assert_eq!(missing(&plan, &selections, &[&other_rule], "2026-11-23T00:00:00Z").len(), 1);
    let mut other_plan = by_rule(job("j", JobState::Completed, "2026-11-23T05:00:00Z"), "nightly");
    Arc::make_mut(other_plan.created_by.as_mut().unwrap()).backup_plan_id = "another".to_owned();
    assert_eq!(missing(&plan, &selections, &[&other_plan], "2026-11-23T00:00:00Z").len(), 1);
}

#[test]
fn nothing_is_missing_before_plan_and_selection_were_there_or_the_lists_begin() {
    let plan = nightly();
    assert!(missing(&plan, &[], &[], "2026-11-01T00:00:00Z").is_empty());
    let young = [selection("2026-11-23T06:00:00Z")];
    assert!(missing(&plan, &young, &[], "2026-11-01T00:00:00Z").is_empty());
    let old = [selection("2026-11-01T00:00:00Z")];
    assert!(missing(&plan, &old, &[], "2026-11-23T06:00:00Z").is_empty());
    let deleted = Plan { deleted: Some(at("2026-11-10T00:00:00Z")), ..nightly() };
    assert!(missing(&deleted, &old, &[], "2026-11-01T00:00:00Z").is_empty());
}

#[test]
fn many_missing_runs_are_told_by_the_latest_three() {
    let (plan, selections) = (nightly(), [selection("2026-11-01T00:00:00Z")]);
    let found = missing(&plan, &selections, &[], "2026-11-13T12:00:00Z");
    assert_eq!(found.len(), 3);
    assert!(found[0].detail.contains("7 runs before"), "{}", found[0].detail);
}

#[test]
fn a_resource_whose_last_backup_is_too_old_misses_its_objective() {
    let resource = ProtectedResource {
        arn: FILE_SYSTEM.parse().unwrap(),
        scope: scope(),
        resource_type: types::efs::FACTS.resource_type(),
        name: None,
        last_backup_time: Some(at("2026-11-20T12:00:00Z")),
        last_backup_vault_arn: None,
        last_recovery_point_arn: None,
        latest_restore_execution_minutes: Known::Unknown,
        latest_restore_job_creation: Known::Unknown,
        latest_restore_recovery_point_creation: Known::Unknown,
    };
    let with = |objective| {
        findings(&Facts {
            now: at("2026-11-23T12:00:00Z"),
            protected: vec![&resource],
            recovery_point_objective: objective,
            ..Facts::default()
        })
    };
    assert!(with(None).is_empty());
    assert!(with(Some(Duration::days(4))).is_empty());
    let found = with(Some(Duration::days(1)));
    assert_eq!(found[0].title, "No recent backup: fs-1");
    assert_eq!(found[0].detail, "the last one is 72 hours old, the objective is 24");
}

#[test]
fn a_recovery_point_that_could_not_be_deleted_is_told() {
    let point = KnownPoint {
        status: RecoveryPointStatus::Expired,
        status_message: Some("access denied".to_owned()),
        ..point(Arn::recovery_point(&scope(), "p"))
    };
    let found = findings(&Facts { recovery_points: vec![&point], ..Facts::default() });
    assert_eq!((found[0].kind, found[0].detail.as_str()), (FindingKind::StuckRecoveryPoint, "access denied"));
    let whole = KnownPoint { status: RecoveryPointStatus::Completed, ..point };
    assert!(findings(&Facts { recovery_points: vec![&whole], ..Facts::default() }).is_empty());
    let lost = "Damaged: 2 items cannot be restored: /a, /b";
    let damaged = KnownPoint { status_message: Some(lost.to_owned()), ..whole };
    let found = findings(&Facts { recovery_points: vec![&damaged], ..Facts::default() });
    let told = (found[0].kind, found[0].severity, found[0].detail.as_str());
    assert_eq!(told, (FindingKind::DamagedRecoveryPoint, Severity::Critical, lost));
}

#[test]
fn what_the_engine_says_of_itself_is_a_finding_and_an_error_comes_first() {
    let scope = Scope::new("123456789012".parse().unwrap(), "us-east-1".parse().unwrap());
    let problem = |code: &str, severity| Problem { code: code.to_owned(), severity, message: format!("{code}!") };
    let problems =
        [problem("ClockDoubted", ProblemSeverity::Warning), problem("ConductorBlocked", ProblemSeverity::Error)];
    let found = findings(&Facts { engine: Some((&scope, &problems)), ..Facts::default() });
    let told: Vec<(Severity, Subject, &str)> =
        found.iter().map(|finding| (finding.severity, finding.subject.clone(), finding.detail.as_str())).collect();
    assert_eq!(
        told,
        [
            (Severity::Critical, Subject::Engine("ConductorBlocked".to_owned()), "ConductorBlocked!"),
            (Severity::Warning, Subject::Engine("ClockDoubted".to_owned()), "ClockDoubted!"),
        ]
    );
    assert!(found.iter().all(|finding| finding.kind == FindingKind::Engine && finding.scope == scope));
}

#[test]
fn another_rule_that_fails_is_told_by_itself_and_muted_with_the_first() {
    let failed = |rule: Option<&str>| {
        let failed = job("f", JobState::Failed, "2026-11-23T05:00:00Z");
        of_jobs(&[&rule.map_or_else(|| failed.clone(), |rule| by_rule(failed.clone(), rule))]).remove(0)
    };
    let found = [failed(Some("nightly")), failed(Some("weekly")), failed(None)];
    assert!(found.iter().all(|finding| finding.key() == found[0].key()));
    let telling: std::collections::BTreeSet<String> = found.iter().map(Finding::telling_key).collect();
    assert_eq!(telling.len(), 3, "{telling:?}");
    assert!(found[2].telling_key().ends_with(" on demand"));
}

#[test]
fn something_fails_since_the_first_failure_after_the_last_success() {
    let night = |day: u32, state, rule: &str| {
        by_rule(job(&format!("{rule}-{day}"), state, &format!("2026-11-{day:02}T01:00:00Z")), rule)
    };
    let jobs = [
        night(23, JobState::Failed, "a"),
        night(22, JobState::Aborted, "a"),
        night(21, JobState::Expired, "a"),
        night(20, JobState::Completed, "a"),
        night(19, JobState::Failed, "a"),
        night(22, JobState::Completed, "b"),
        night(21, JobState::Failed, "b"),
        night(18, JobState::Failed, "c"),
    ];
    for order in [jobs.iter().collect::<Vec<_>>(), jobs.iter().rev().collect()] {
        let failing = super::Failing::of(&order);
        assert_eq!(failing.since(&jobs[0]), Some(at("2026-11-21T01:00:00Z")));
        assert_eq!(failing.since(&jobs[5]), None, "it went well since");
        assert_eq!(failing.since(&jobs[7]), Some(at("2026-11-18T01:00:00Z")));
    }
}
