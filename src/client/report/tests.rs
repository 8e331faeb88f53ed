use super::*;
use crate::client::query::{PlanDetail, rows};
use crate::client::survey::fixture::{point, resource, survey, vault};
use crate::client::{Answer, Query};
use crate::domain::finding::fixture::{FILE_SYSTEM, at, by_rule, job, nightly, scope, selection};
use crate::domain::job::{BackupJob, JobState, RestoreJob, Validation};
use crate::domain::plan::PlanSummary;
use crate::domain::{CalculatedLifecycle, Known, KnownPoint};
use std::sync::Arc;

const NOW: &str = "2026-11-24T12:00:00Z";

fn daily(to: &str) -> Period {
    Period::ending(Span::Daily, at(to))
}

/// A job of the nightly rule that ended.
fn ended(id: &str, state: JobState, created: &str, completed: &str) -> BackupJob {
    let mut job = by_rule(job(id, state, created), "nightly");
    (job.initiated, job.completed, job.size_bytes) = (Some(at(created)), Some(at(completed)), Some(1000));
    job
}

fn until(mut point: KnownPoint, delete_at: &str) -> KnownPoint {
    let end = CalculatedLifecycle { delete_at: Some(at(delete_at)), move_to_cold_storage_at: None };
    point.calculated_lifecycle = Known::Known(end);
    point
}

fn restore(id: &str, created: &str, completed: &str, validation: Option<&str>) -> RestoreJob {
    RestoreJob {
        id: id.parse().unwrap(),
        scope: scope(),
        recovery_point_arn: Some(Arn::recovery_point(&scope(), "p")),
        recovery_point_created: Some(at("2026-11-20T05:00:00Z")),
        source_resource_arn: Some(FILE_SYSTEM.parse().unwrap()),
        vault_arn: None,
        created: at(created),
        completed: Some(at(completed)),
        state: JobState::Completed,
        status_message: None,
        percent_done: None,
        size_bytes: Some(5),
        iam_role_arn: None,
        expected_minutes: None,
        created_resource_arn: None,
        resource_type: None,
        validation: validation.map(|status| Validation {
            status: status.to_owned(),
            message: None,
            deletion: None,
            deletion_message: None,
        }),
    }
}

/// Four days of a plan that runs at five: the second failed, of the third nothing came, the fourth goes on beyond midnight.
fn history() -> Survey {
    let plan = nightly();
    let summary = PlanSummary {
        id: plan.id.clone(),
        arn: plan.arn.clone(),
        scope: scope(),
        name: "main".to_owned(),
        version_id: "v".to_owned(),
        created: None,
        last_execution: None,
        creator_request_id: None,
        deleted: None,
        advanced_backup_settings: Vec::new(),
    };
    let mut taking = selection("2026-11-01T00:00:00Z");
    taking.document.resources = vec![FILE_SYSTEM.to_owned()];
    let detail = PlanDetail { plan: plan.clone(), selections: Ok(vec![taking]), next_runs: Vec::new() };
    let mut failed = ended("b", JobState::Failed, "2026-11-21T05:00:00Z", "2026-11-21T05:00:30Z");
    failed.status_message = Some("the disk is | gone".to_owned());
    let jobs = [
        ended("d", JobState::Completed, "2026-11-23T05:00:00Z", "2026-11-24T01:00:00Z"),
        failed,
        ended("a", JobState::Completed, "2026-11-20T05:00:00Z", "2026-11-20T06:00:00Z"),
    ];
    let points = [
        until(point("new", 70, "2026-11-23T05:00:00Z"), "2026-11-30T05:00:00Z"),
        until(point("old", 30, "2026-11-20T05:00:00Z"), "2026-11-24T05:00:00Z"),
    ];
    let restores = [
        restore("r", "2026-11-23T10:00:00Z", "2026-11-23T10:05:00Z", None),
        restore("t", "2026-11-23T11:00:00Z", "2026-11-23T11:01:00Z", Some("SUCCESSFUL")),
        restore("f", "2026-11-23T12:00:00Z", "2026-11-23T12:01:00Z", Some("FAILED")),
    ];
    let alone = "arn:aws:elasticfilesystem:us-east-1:123456789012:file-system/fs-alone";
    survey(
        [
            (Query::BackupJobs, Answer::BackupJobs(rows(jobs))),
            (Query::RestoreJobs, Answer::RestoreJobs(rows(restores))),
            (Query::Plans, Answer::Plans(rows([summary]))),
            (Query::Plan { id: plan.id }, Answer::Plan(Arc::new(detail))),
            (Query::Vaults, Answer::Vaults(rows([vault(2)]))),
            (Query::RecoveryPoints { vault: "Default".into() }, Answer::RecoveryPoints(rows(points))),
            (Query::Resources, Answer::Resources(rows([resource(FILE_SYSTEM, "projects"), resource(alone, "=alone")]))),
        ],
        at(NOW),
    )
}

fn told_of(survey: &Survey, period: Period) -> Report {
    report(survey, period, &Muted { mutes: &Mutes::default(), now: at(NOW) })
}

fn told(to: &str) -> Report {
    told_of(&history(), daily(to))
}

#[test]
fn a_day_has_the_jobs_that_ended_in_it_and_those_that_had_not() {
    let failed = told("2026-11-22T00:00:00Z");
    let sum = &failed.jobs[0];
    assert_eq!((failed.jobs.len(), sum.ran, sum.failed, sum.completed, sum.missing), (1, 1, 1, 0, 0));
    assert_eq!(failed.troubles[0].message, "the disk is | gone");
    let running = told("2026-11-24T00:00:00Z");
    let backups = running.jobs.iter().find(|sum| sum.kind == "backup").unwrap();
    assert_eq!((backups.ran, backups.not_ended, backups.completed), (1, 1, 0), "it ended an hour later");
    let completed = told("2026-11-24T12:00:00Z");
    let backups = completed.jobs.iter().find(|sum| sum.kind == "backup").unwrap();
    assert_eq!((backups.completed, backups.bytes), (1, 1000));
    assert_eq!(completed.longest[0].seconds, Some(20 * 3600));
}

#[test]
fn a_run_of_which_no_job_came_is_missing_on_its_day_and_no_other() {
    let silent = told("2026-11-23T00:00:00Z");
    assert_eq!(silent.missing.len(), 1);
    assert_eq!(silent.missing[0].due, at("2026-11-22T05:00:00Z"));
    assert_eq!((silent.missing[0].resource.name.as_str(), silent.jobs[0].missing), ("projects", 1));
    assert!(told("2026-11-22T00:00:00Z").missing.is_empty());
}

#[test]
fn what_was_found_at_both_ends_is_neither_new_nor_gone() {
    let kinds = |lines: &[FindingLine]| lines.iter().map(|line| line.kind).collect::<Vec<_>>();
    assert_eq!(kinds(&told("2026-11-22T00:00:00Z").new_findings), ["failed"]);
    let silent = told("2026-11-23T00:00:00Z");
    assert_eq!(kinds(&silent.new_findings), ["missing-run"], "the failure was there before");
    assert!(silent.gone_findings.is_empty());
    // The next backup completed, and makes the failure good.
    assert!(kinds(&told("2026-11-24T12:00:00Z").gone_findings).contains(&"failed"));
}

#[test]
fn vaults_grow_by_what_came_and_lose_what_is_next() {
    let report = told("2026-11-24T00:00:00Z");
    let growth = &report.growth[0];
    assert_eq!((growth.points, growth.bytes, growth.added_points, growth.added_bytes), (2, 100, 1, 70));
    let ends: Vec<_> = report.deletions.iter().map(|line| line.delete_at).collect();
    assert_eq!(ends, [at("2026-11-24T05:00:00Z")], "the other one lives longer than a day");
    let before = told("2026-11-22T00:00:00Z");
    assert_eq!((before.growth[0].points, before.growth[0].added_points), (1, 0), "one was not there yet");
    let weekly = report_of_a_week();
    assert_eq!(weekly.deletions.len(), 2);
}

fn report_of_a_week() -> Report {
    told_of(&history(), Period::ending(Span::Weekly, at("2026-11-24T00:00:00Z")))
}

#[test]
fn a_restore_test_is_proven_or_not_and_a_restore_neither() {
    let report = told("2026-11-24T00:00:00Z");
    let verdicts: Vec<_> = report.restores.iter().map(|line| (line.job.job_id.as_str(), line.verdict)).collect();
    assert_eq!(verdicts, [("r", "restored"), ("t", "proven"), ("f", "not proven")]);
    assert_eq!(report.restores[0].job.resource.name, "projects");
}

#[test]
fn what_no_plan_selects_and_what_could_not_be_read_is_told() {
    let mut survey = history();
    survey.faults.push((scope(), crate::client::Fault::new(crate::client::FaultKind::Denied, "no")));
    let report = told_of(&survey, daily(NOW));
    assert_eq!(report.unprotected.iter().map(|line| line.resource.name.as_str()).collect::<Vec<_>>(), ["=alone"]);
    assert_eq!(report.unread.len(), 1);
    assert_eq!(report.notes.len(), 2, "it ends now");
    assert_eq!(told("2026-11-22T00:00:00Z").notes.len(), 3, "plans were others then, perhaps");
}

#[test]
fn a_resource_that_failed_again_and_again_is_one_new_finding() {
    let failed = |id: &str, created: &str| ended(id, JobState::Failed, created, created);
    let jobs = ["2026-11-24T02:00:00Z", "2026-11-24T04:00:00Z", "2026-11-24T06:00:00Z"];
    let jobs = jobs.iter().enumerate().map(|(number, created)| failed(&format!("job-{number}"), created));
    let survey = survey([(Query::BackupJobs, Answer::BackupJobs(rows(jobs)))], at(NOW));
    let report = told_of(&survey, daily(NOW));
    assert_eq!(report.troubles.len(), 3);
    let times: Vec<Time> = report.new_findings.iter().map(|line| line.time).collect();
    assert_eq!(times, [at("2026-11-24T06:00:00Z")], "the newest speaks for all");
}

#[test]
fn what_is_muted_is_said_by_the_clock_of_whoever_muted_it() {
    let key = open(&history().as_of(at("2026-11-22T00:00:00Z")).facts())[0].key();
    let mute = serde_json::json!({ key: { "note": "n", "until": "2026-11-24T12:00:00Z", "at": "2026-11-01T00:00:00Z", "who": "w" } });
    let mutes: Mutes = serde_json::from_value(mute).unwrap();
    let muted = |now: &str| {
        let report = report(&history(), daily("2026-11-22T00:00:00Z"), &Muted { mutes: &mutes, now: at(now) });
        report.new_findings[0].muted
    };
    // The service's clock shows the same both times.
    assert!(muted("2026-11-24T11:59:59Z") && !muted("2030-01-01T00:00:00Z"));
}

#[test]
fn restores_of_one_resource_that_fail_are_one_line_though_each_is_told_when_it_happens() {
    let failed = |id: &str, at: &str| RestoreJob { state: JobState::Failed, ..restore(id, at, at, None) };
    let jobs = [failed("one", "2026-11-24T02:00:00Z"), failed("two", "2026-11-24T03:00:00Z")];
    let answers =
        [(Query::BackupJobs, Answer::BackupJobs(rows([]))), (Query::RestoreJobs, Answer::RestoreJobs(rows(jobs)))];
    let survey = survey(answers, at(NOW));
    assert_eq!(told_of(&survey, daily(NOW)).new_findings.len(), 1);
    let telling: BTreeSet<String> = open(&survey.facts()).iter().map(Finding::telling_key).collect();
    assert_eq!(telling.len(), 2, "{telling:?}");
}
