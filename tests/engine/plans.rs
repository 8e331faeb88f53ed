//! Plans, their versions and their rules' ids.

use crate::harness::{Harness, MANAGEMENT, caller, management, member, plan, rule, selection, walk, whole};
use vaultdeck::domain::plan::{Plan, PlanDocument};
use vaultdeck::domain::{Lifecycle, Tags};
use vaultdeck::engine::{ErrorKind, Result};

fn create(harness: &Harness, document: PlanDocument) -> Result<Plan> {
    harness.engine.create_plan(&management(), document, Tags::new(), None)
}

fn rule_id(plan: &Plan, name: &str) -> String {
    plan.document.rules.iter().find(|rule| rule.rule_name == name).unwrap().rule_id.clone().unwrap()
}

#[test]
fn a_new_plan_is_told_with_aws_defaults_and_ids() {
    let harness = Harness::new();
    let made = create(&harness, plan("nightly", &["daily"])).unwrap();
    assert_eq!(made.version_id.len(), 48);
    assert_eq!(made.arn.as_str(), format!("arn:aws:backup:us-east-1:123456789012:backup-plan:{}", made.id));
    let rule = &made.document.rules[0];
    assert_eq!(rule.schedule_expression.as_deref(), Some("cron(0 5 ? * * *)"));
    assert_eq!(rule.schedule_expression_timezone.as_deref(), Some("Etc/UTC"));
    assert_eq!((rule.start_window_minutes, rule.completion_window_minutes), (Some(480), Some(10_080)));
    assert_eq!(rule.rule_id.as_ref().unwrap().len(), 36);
    assert_eq!(harness.engine.get_plan(&management(), &made.id, None).unwrap(), made);
    assert_eq!(harness.engine.get_plan(&management(), &made.id, Some(&made.version_id)).unwrap(), made);
}

#[test]
fn the_same_document_exists_already_and_another_with_the_same_name_does_not() {
    let harness = Harness::new();
    let first = create(&harness, plan("nightly", &["daily"])).unwrap();
    let error = create(&harness, plan("nightly", &["daily"]).with_defaults()).unwrap_err();
    assert_eq!(error.to_string(), "Backup plan with the same plan document already exists");
    let kind = ErrorKind::AlreadyExists { arn: Some(first.arn.to_string()), creator_request_id: None };
    assert_eq!(error.kind(), kind);
    let other = create(&harness, plan("nightly", &["weekly"])).unwrap();
    assert_ne!(other.id, first.id);
}

#[test]
fn the_same_token_gives_the_same_plan() {
    let harness = Harness::new();
    let create = |rules: &[&str]| {
        harness.engine.create_plan(&management(), plan("nightly", rules), Tags::new(), Some("token".to_owned()))
    };
    let first = create(&["daily"]).unwrap();
    assert_eq!(create(&["daily"]).unwrap().id, first.id);
    assert!(matches!(create(&["weekly"]).unwrap_err().kind(), ErrorKind::AlreadyExists { .. }));
}

#[test]
fn an_update_makes_a_version_and_a_rule_keeps_its_id_by_its_name() {
    let harness = Harness::new();
    let first = create(&harness, plan("nightly", &["daily", "weekly"])).unwrap();
    let update = |rules: &[&str]| harness.engine.update_plan(&management(), &first.id, plan("nightly", rules)).unwrap();
    let second = update(&["weekly", "monthly"]);
    assert_ne!(second.version_id, first.version_id);
    assert_eq!(rule_id(&second, "weekly"), rule_id(&first, "weekly"));
    let third = update(&["daily"]);
    assert_eq!(rule_id(&third, "daily"), rule_id(&first, "daily"));

    let versions = walk(2, |page| harness.engine.list_plan_versions(&management(), &first.id, page));
    let ids: Vec<&str> = versions.iter().map(|version| version.version_id.as_str()).collect();
    assert_eq!(ids, [&third.version_id, &second.version_id, &first.version_id]);
    let old = harness.engine.get_plan(&management(), &first.id, Some(&first.version_id)).unwrap();
    assert_eq!(old.document, first.document);
    assert_eq!(harness.engine.get_plan(&management(), &first.id, None).unwrap().version_id, third.version_id);
}

#[test]
fn a_given_rule_id_is_not_taken_over() {
    let harness = Harness::new();
    let mut document = plan("nightly", &["daily"]);
    document.rules[0].rule_id = Some("chosen".to_owned());
    assert_ne!(rule_id(&create(&harness, document).unwrap(), "daily"), "chosen");
}

#[test]
fn what_the_engine_does_not_carry_out_is_refused_by_name() {
    let harness = Harness::new();
    let refused = |change: fn(&mut PlanDocument)| {
        let mut document = plan("nightly", &["daily"]);
        change(&mut document);
        let error = create(&harness, document).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidParameterValue);
        error.to_string()
    };
    let cold = refused(|plan| {
        plan.rules[0].lifecycle = Some(Lifecycle {
            move_to_cold_storage_after_days: Some(8),
            delete_after_days: Some(97),
            ..Lifecycle::default()
        });
    });
    assert!(cold.contains("less than 90 days apart from MoveToColdStorageAfterDays"), "{cold}");
    let continuous = refused(|plan| {
        plan.rules[0].enable_continuous_backup = Some(true);
        plan.rules[0].lifecycle = Some(Lifecycle::delete_after(36));
    });
    assert!(continuous.contains("DeleteAfterDays cannot be less than 1 or more than 35 days"), "{continuous}");
    let range = refused(|plan| plan.rules[0].lifecycle = Some(Lifecycle::delete_after(0)));
    assert_eq!(
        range,
        "Error in rule daily : Invalid lifecycle. DeleteAfterDays cannot be less than 1 or more than 36500 days"
    );
    let cron = refused(|plan| plan.rules[0].schedule_expression = Some("rate(1 day)".to_owned()));
    assert!(cron.contains("ScheduleExpression"), "{cron}");
}

#[test]
fn a_missing_plan_is_told_in_the_words_of_aws() {
    let harness = Harness::with_member();
    let made = create(&harness, plan("nightly", &["daily"])).unwrap();
    let unknown = "no-such-plan".parse().unwrap();
    let elsewhere = caller(MANAGEMENT, "eu-west-1");
    let engine = &harness.engine;
    let errors = [
        engine.get_plan(&management(), &unknown, None).unwrap_err(),
        engine.get_plan(&management(), &made.id, Some("x")).unwrap_err(),
        engine.get_plan(&member(), &made.id, None).unwrap_err(),
        engine.get_plan(&elsewhere, &made.id, None).unwrap_err(),
        engine.update_plan(&member(), &made.id, plan("x", &["a"])).unwrap_err(),
        engine.delete_plan(&member(), &made.id).unwrap_err(),
        engine.list_plan_versions(&member(), &made.id, &whole()).unwrap_err(),
    ];
    for error in errors {
        assert_eq!(error.kind(), ErrorKind::ResourceNotFound);
        assert_eq!(error.to_string(), "Failed reading Backup plan with provided version");
    }
}

#[test]
fn a_plan_is_deleted_only_without_selections_and_stays_listed_as_deleted() {
    let harness = Harness::new();
    let made = create(&harness, plan("nightly", &["daily"])).unwrap();
    let chosen = harness.engine.create_selection(&management(), &made.id, selection("all"), None).unwrap();
    let error = harness.engine.delete_plan(&management(), &made.id).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidRequest);
    assert_eq!(error.to_string(), "Related backup plan selections must be deleted prior to backup plan deletion");

    harness.engine.delete_selection(&management(), &made.id, &chosen.id).unwrap();
    let deleted = harness.engine.delete_plan(&management(), &made.id).unwrap();
    assert_eq!((deleted.version_id, deleted.deleted.is_some()), (made.version_id.clone(), true));
    let listed = |deleted| harness.engine.list_plans(&management(), deleted, &whole()).unwrap().items.len();
    assert_eq!((listed(false), listed(true)), (0, 1));
    let gone = |version| harness.engine.get_plan(&management(), &made.id, version).unwrap_err().kind();
    assert_eq!(gone(None), ErrorKind::ResourceNotFound);
    assert_eq!(gone(Some(made.version_id.as_str())), ErrorKind::ResourceNotFound);
    let versions = harness.engine.list_plan_versions(&management(), &made.id, &whole());
    assert_eq!(versions.unwrap_err().kind(), ErrorKind::ResourceNotFound);
    assert_eq!(harness.engine.delete_plan(&management(), &made.id).unwrap_err().kind(), ErrorKind::ResourceNotFound);
    create(&harness, plan("nightly", &["daily"])).unwrap();
}

#[test]
fn plans_are_listed_in_pages_and_only_the_callers() {
    let harness = Harness::with_member();
    let made: Vec<_> = (0..5).map(|n| create(&harness, plan(&format!("plan-{n}"), &["daily"])).unwrap().id).collect();
    let mut listed: Vec<_> =
        walk(2, |page| harness.engine.list_plans(&management(), false, page)).into_iter().map(|p| p.id).collect();
    let mut expected = made;
    listed.sort();
    expected.sort();
    assert_eq!(listed, expected);
    assert!(harness.engine.list_plans(&member(), true, &whole()).unwrap().items.is_empty());
}

#[test]
fn the_preview_tells_the_next_runs() {
    let harness = Harness::new();
    let made = create(&harness, plan("nightly", &["daily"])).unwrap();
    let runs = harness.engine.preview_plan(&management(), &made, 10).unwrap();
    assert_eq!(runs.len(), 10);
    assert!(runs.iter().all(|run| run.rule_id == rule_id(&made, "daily") && run.execution_type == "SNAPSHOTS"));
    assert!(runs.windows(2).all(|pair| (pair[1].at - pair[0].at).num_hours() == 24));
    assert!(harness.engine.preview_plan(&management(), &made, 0).unwrap().is_empty());
    let error = harness.engine.preview_plan(&management(), &made, 11).unwrap_err();
    assert!(error.to_string().starts_with("Invalid MaxScheduledRunsPreview"), "{error}");
}

#[test]
fn a_plan_may_name_a_vault_that_is_not_there_yet() {
    let harness = Harness::new();
    let mut document = plan("nightly", &[]);
    document
        .rules
        .push(vaultdeck::domain::plan::Rule { target_backup_vault_name: "later".to_owned(), ..rule("daily") });
    create(&harness, document).unwrap();
}
