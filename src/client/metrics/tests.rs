use super::text::text;
use super::*;
use crate::client::query::rows;
use crate::client::survey::fixture;
use crate::client::survey::fixture::{point, resource, vault};
use crate::client::{Answer, Fault, FaultKind, Query};
use crate::domain::finding::fixture::{FILE_SYSTEM, at, job};
use std::collections::BTreeMap;

const EARLY: &str = "2026-11-23T05:00:00Z";

fn now() -> Time {
    at("2026-11-23T12:00:00Z")
}

fn survey(more: impl IntoIterator<Item = (Query, Answer)>) -> Survey {
    let mut old = job("old", JobState::Failed, "2026-11-20T05:00:00Z");
    old.completed = Some(at("2026-11-20T05:01:00Z"));
    let jobs = [
        job("good", JobState::Completed, "2026-11-23T05:00:00Z"),
        job("bad", JobState::Failed, "2026-11-23T11:00:00Z"),
        job("slow", JobState::Running, "2026-11-20T05:00:00Z"),
        old,
    ];
    let mut answers = BTreeMap::from([
        (Query::BackupJobs, Answer::BackupJobs(rows(jobs))),
        (Query::Vaults, Answer::Vaults(rows([vault(2)]))),
        (Query::Resources, Answer::Resources(rows([resource(FILE_SYSTEM, "pro\"jects")]))),
        (
            Query::RecoveryPoints { vault: "Default".into() },
            Answer::RecoveryPoints(rows([point("a", 3, EARLY), point("b", 4, EARLY)])),
        ),
    ]);
    answers.extend(more);
    fixture::survey(answers, now())
}

fn told(survey: &Survey, mutes: &Mutes) -> String {
    let facts = survey.facts();
    text(&metrics(survey, &Around { facts: &facts, findings: &survey.findings(), mutes, refreshes: 3, now: now() }))
}

#[test]
fn jobs_of_a_day_ages_sizes_and_findings_are_told() {
    let text = told(&survey([]), &Mutes::default());
    let place = "account=\"123456789012\",region=\"us-east-1\"";
    for line in [
        format!("vaultdeck_scope_up{{{place}}} 1"),
        format!("vaultdeck_recent_jobs{{{place},kind=\"backup\",resource_type=\"EFS\",state=\"COMPLETED\"}} 1"),
        // The one of three days ago is not recent; one that has not ended is.
        format!("vaultdeck_recent_jobs{{{place},kind=\"backup\",resource_type=\"EFS\",state=\"FAILED\"}} 1"),
        format!("vaultdeck_recent_jobs{{{place},kind=\"backup\",resource_type=\"EFS\",state=\"RUNNING\"}} 1"),
        format!(
            "vaultdeck_resource_newest_recovery_point_age_seconds{{{place},resource_type=\"EFS\",name=\"pro\\\"jects\",\
             resource=\"{FILE_SYSTEM}\"}} {}",
            7 * 3600
        ),
        format!("vaultdeck_vault_recovery_points{{{place},vault=\"Default\"}} 2"),
        format!("vaultdeck_vault_recovery_points_size_bytes{{{place},vault=\"Default\"}} 7"),
        format!("vaultdeck_findings{{{place},kind=\"failed\",severity=\"critical\",muted=\"false\"}} 1"),
        "vaultdeck_refreshes_total 3".to_owned(),
    ] {
        assert!(text.contains(&format!("\n{line}\n")), "{line} is not in\n{text}");
    }
    assert!(text.ends_with("# EOF\n"));
}

#[test]
fn a_muted_finding_counts_apart() {
    let survey = survey([]);
    let key = survey.findings().iter().find(|finding| finding.kind.name() == "failed").unwrap().key();
    let mutes = serde_json::json!({ key: { "note": "seen", "at": "2026-11-23T03:00:00Z", "who": "ada" } });
    let text = told(&survey, &serde_json::from_value(mutes).unwrap());
    assert!(text.contains("kind=\"failed\",severity=\"critical\",muted=\"true\"} 1"), "{text}");
    assert!(!text.contains("kind=\"failed\",severity=\"critical\",muted=\"false\""), "{text}");
}

#[test]
fn a_place_that_does_not_answer_is_down_and_hides_no_other() {
    let mut survey = survey([]);
    let other = Scope::new("111122223333".parse().unwrap(), "us-east-1".parse().unwrap());
    survey.faults.push((other, Fault::new(FaultKind::Denied, "no")));
    let text = told(&survey, &Mutes::default());
    assert!(text.contains("vaultdeck_scope_up{account=\"111122223333\",region=\"us-east-1\"} 0"), "{text}");
    assert!(text.contains("vaultdeck_scope_up{account=\"123456789012\",region=\"us-east-1\"} 1"), "{text}");
    assert!(text.contains("vaultdeck_vault_recovery_points{account=\"123456789012\""), "{text}");
}

#[test]
fn where_points_were_not_told_their_number_is_the_vaults_and_no_size_is_made_up() {
    let unknown = survey([(Query::RecoveryPoints { vault: "Default".into() }, Answer::Vaults(rows([])))]);
    let text = told(&unknown, &Mutes::default());
    assert!(text.contains("vault=\"Default\"} 2\n"), "{text}");
    assert!(!text.contains("vaultdeck_vault_recovery_points_size_bytes{"), "{text}");
}

#[test]
fn what_users_register_without_end_ends_at_a_number_and_the_rest_is_told() {
    let name = |n: usize| format!("arn:aws:elasticfilesystem:us-east-1:123456789012:file-system/fs-{n:06}");
    let many: Vec<_> = (0..MOST_SERIES + 5).map(|n| resource(&name(n), "x")).collect();
    let jobs = (0..MOST_SERIES + 5).map(|n| {
        let mut job = job(&n.to_string(), JobState::Completed, "2026-11-23T05:00:00Z");
        job.resource_arn = name(n).parse().unwrap();
        job
    });
    let jobs: Vec<_> = jobs.collect();
    let survey = survey([
        (Query::BackupJobs, Answer::BackupJobs(rows(jobs))),
        (Query::Resources, Answer::Resources(rows(many))),
    ]);
    let text = told(&survey, &Mutes::default());
    assert_eq!(text.matches("\nvaultdeck_resource_newest_recovery_point_age_seconds{").count(), MOST_SERIES);
    let left = "vaultdeck_series_left_out{family=\"vaultdeck_resource_newest_recovery_point_age_seconds\"} 5";
    assert!(text.contains(left), "{}", &text[text.len() - 1000..]);
    assert_eq!(text, told(&survey, &Mutes::default()), "the order is stable");
}
