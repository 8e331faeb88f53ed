use super::*;
use crate::domain::plan::{PlanDocument, Rule};
use crate::domain::selection::SelectionDocument;
use crate::domain::{Arn, Scope};

fn at(text: &str) -> Time {
    format!("2026-11-{text}:00Z").parse().unwrap()
}

fn plan(rules: &[(&str, i64, i64)], created: &str) -> Plan {
    let scope = Scope::new("123456789012".parse().unwrap(), "us-east-1".parse().unwrap());
    let rules = rules.iter().enumerate().map(|(nth, (cron, start, completion))| Rule {
        rule_name: format!("rule-{nth}"),
        target_backup_vault_name: "v".to_owned(),
        schedule_expression: Some((*cron).to_owned()),
        start_window_minutes: Some(*start),
        completion_window_minutes: Some(*completion),
        ..Rule::default()
    });
    Plan {
        id: "p".parse().unwrap(),
        arn: Arn::plan(&scope, "p"),
        scope,
        version_id: "v1".to_owned(),
        document: PlanDocument {
            backup_plan_name: "nightly".to_owned(),
            rules: rules.collect(),
            ..PlanDocument::default()
        },
        creator_request_id: None,
        created: Some(at(created)),
        deleted: None,
        last_execution: None,
    }
}

fn selected(created: &str) -> Vec<Selection> {
    vec![Selection {
        id: "s".parse().unwrap(),
        plan_id: "p".parse().unwrap(),
        document: SelectionDocument::default(),
        created: Some(at(created)),
        creator_request_id: None,
    }]
}

const DAILY: (&str, i64, i64) = ("cron(0 5 ? * * *)", 60, 10_080);

#[test]
fn runs_are_due_from_the_first_selection_on_and_never_without_one() {
    let plan = plan(&[DAILY], "01T00:00");
    let due = |selections: &[Selection]| {
        let due = due_runs(&plan, selections, at("02T00:00"), at("12T04:00")).unwrap();
        due.iter().map(|due| due.at).collect::<Vec<_>>()
    };
    assert_eq!(due(&selected("10T00:00")), [at("10T05:00"), at("11T05:00")]);
    assert_eq!(due(&selected("01T00:00")).first(), Some(&at("02T05:00")));
    assert!(due(&[]).is_empty());
}

#[test]
fn a_run_has_until_its_window_ends_or_the_next_one_is_due() {
    let due = due_runs(&plan(&[DAILY], "01T00:00"), &selected("01T00:00"), at("10T00:00"), at("11T06:00")).unwrap();
    assert_eq!((due[0].until, due[0].done_by), (at("10T06:00"), at("11T05:00")));
    assert_eq!((due[1].until, due[1].done_by), (at("11T06:00"), at("12T05:00")));
    let hourly = plan(&[("cron(0 * ? * * *)", 480, 120)], "01T00:00");
    let due = due_runs(&hourly, &selected("01T00:00"), at("10T00:30"), at("10T02:10")).unwrap();
    assert_eq!((due[0].until, due[0].done_by), (at("10T02:00"), at("10T02:00")));
    assert_eq!((due[1].at, due[1].done_by), (at("10T02:00"), at("10T03:00")));
}

#[test]
fn a_job_answers_the_run_of_its_rule_within_the_window() {
    let due = due_runs(&plan(&[DAILY], "01T00:00"), &selected("01T00:00"), at("10T00:00"), at("10T06:00")).unwrap()[0];
    assert!(due.is_answered_by("rule-0", "rule-0", at("10T05:00")));
    assert!(due.is_answered_by("rule-0", "", at("10T05:50")));
    assert!(!due.is_answered_by("rule-0", "other", at("10T05:00")));
    assert!(!due.is_answered_by("rule-0", "rule-0", at("10T06:10")));
    assert!(!due.is_over(at("10T05:15")) && due.is_over(at("10T05:16")));
}

#[test]
fn a_resource_is_late_when_a_newer_run_had_to_be_done() {
    let due = due_runs(&plan(&[DAILY], "01T00:00"), &selected("01T00:00"), at("05T00:00"), at("12T04:00")).unwrap();
    let stands = |newest: Option<&str>, now: &str| standing(newest.map(at), &due, at(now));
    // The run of the 11th has until the 12th, 05:00; that of the 10th is what counts before.
    assert_eq!(stands(Some("10T05:00"), "12T04:00"), Standing::Within);
    assert_eq!(stands(Some("10T05:00"), "12T05:00"), Standing::Late(at("11T05:00")));
    assert_eq!(stands(Some("11T05:02"), "12T05:00"), Standing::Within);
    assert_eq!(stands(None, "12T05:00"), Standing::Never(at("11T05:00")));
    assert_eq!(standing(Some(at("01T00:00")), &[], at("12T05:00")), Standing::Within);
    assert_eq!(standing(None, &[], at("12T05:00")), Standing::Unknown);
}

#[test]
fn the_strictest_of_two_rules_is_the_objective() {
    let both = plan(&[("cron(0 1 1 * ? *)", 60, 10_080), ("cron(0 */6 ? * * *)", 60, 60)], "01T00:00");
    let due = due_runs(&both, &selected("01T00:00"), at("01T00:00"), at("10T13:30")).unwrap();
    assert_eq!(standing(Some(at("10T06:00")), &due, at("10T13:30")), Standing::Late(at("10T12:00")));
}

#[test]
fn a_window_that_no_calendar_has_the_end_of_ends_with_the_next_run() {
    for minutes in [i64::MAX, i64::MAX / 60_000, 1_000_000_000_000] {
        let plan = plan(&[("cron(0 5 ? * * *)", minutes, minutes)], "01T00:00");
        let due = due_runs(&plan, &selected("01T00:00"), at("10T00:00"), at("11T00:00")).unwrap();
        let ends: Vec<(Time, Time)> = due.iter().map(|due| (due.until, due.done_by)).collect();
        let next = if minutes == i64::MAX { at("10T05:15") } else { at("11T05:00") };
        assert_eq!(ends, [(next, next)], "{minutes}");
    }
}
