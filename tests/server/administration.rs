//! Vaults, plans, selections, tags and settings through the AWS SDK for Rust.

use crate::harness::{ACCOUNT, ROLE, Server};
use aws_sdk_backup::error::ProvideErrorMetadata;
use aws_sdk_backup::types::{
    BackupPlanInput, BackupRuleInput, BackupSelection, Condition, ConditionType, Lifecycle, RuleExecutionType,
};
use std::collections::BTreeSet;

fn rule(name: &str, days: i64) -> BackupRuleInput {
    BackupRuleInput::builder()
        .rule_name(name)
        .target_backup_vault_name("Default")
        .schedule_expression("cron(0 5 ? * * *)")
        .lifecycle(Lifecycle::builder().delete_after_days(days).build())
        .recovery_point_tags("made-by", name)
        .build()
        .unwrap()
}

fn plan(name: &str, rules: impl IntoIterator<Item = BackupRuleInput>) -> BackupPlanInput {
    BackupPlanInput::builder().backup_plan_name(name).set_rules(Some(rules.into_iter().collect())).build().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vault_is_created_described_listed_and_deleted() {
    let server = Server::start().await;
    let backup = server.backup();
    let created = backup
        .create_backup_vault()
        .backup_vault_name("nightly")
        .backup_vault_tags("env", "prod")
        .send()
        .await
        .unwrap();
    let arn = format!("arn:aws:backup:us-east-1:{ACCOUNT}:backup-vault:nightly");
    assert_eq!(created.backup_vault_arn(), Some(arn.as_str()));
    let described = backup.describe_backup_vault().backup_vault_name("nightly").send().await.unwrap();
    assert_eq!(described.creation_date(), created.creation_date());
    assert_eq!((described.number_of_recovery_points(), described.locked()), (0, Some(false)));
    assert_eq!(described.vault_type().unwrap().as_str(), "BACKUP_VAULT");
    assert_eq!(described.vault_state().unwrap().as_str(), "AVAILABLE");
    let tags = backup.list_tags().resource_arn(&arn).send().await.unwrap();
    assert_eq!(tags.tags().unwrap()["env"], "prod");
    backup.delete_backup_vault().backup_vault_name("nightly").send().await.unwrap();
    let left = backup.list_backup_vaults().send().await.unwrap();
    let names: Vec<&str> = left.backup_vault_list().iter().filter_map(|vault| vault.backup_vault_name()).collect();
    assert_eq!(names, ["Default"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_hold_every_vault_exactly_once() {
    let server = Server::start().await;
    let backup = server.backup();
    let mut expected = BTreeSet::from(["Default".to_owned()]);
    for number in 0..23 {
        let name = format!("vault-{number:02}");
        backup.create_backup_vault().backup_vault_name(&name).send().await.unwrap();
        expected.insert(name);
    }
    let listed: Vec<_> = backup
        .list_backup_vaults()
        .max_results(5)
        .into_paginator()
        .items()
        .send()
        .collect::<Result<_, _>>()
        .await
        .unwrap();
    assert_eq!(listed.len(), expected.len());
    assert_eq!(listed.iter().filter_map(|vault| vault.backup_vault_name.clone()).collect::<BTreeSet<_>>(), expected);
    let first = backup.list_backup_vaults().max_results(5).send().await.unwrap();
    assert_eq!(first.backup_vault_list().len(), 5);
    let foreign = backup.list_backup_plans().next_token(first.next_token().unwrap()).send().await;
    assert_eq!(foreign.unwrap_err().code(), Some("InvalidParameterValueException"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_lives_through_its_versions() {
    let server = Server::start().await;
    let backup = server.backup();
    let created = backup
        .create_backup_plan()
        .backup_plan(plan("nightly", [rule("keep", 35)]))
        .backup_plan_tags("team", "storage")
        .creator_request_id("token-1")
        .send()
        .await
        .unwrap();
    let id = created.backup_plan_id().unwrap();
    let got = backup.get_backup_plan().backup_plan_id(id).max_scheduled_runs_preview(3).send().await.unwrap();
    assert_eq!((got.version_id(), got.creator_request_id()), (created.version_id(), Some("token-1")));
    let found = &got.backup_plan().unwrap().rules()[0];
    assert_eq!((found.start_window_minutes(), found.completion_window_minutes()), (Some(480), Some(10080)));
    assert_eq!(found.schedule_expression_timezone(), Some("Etc/UTC"));
    assert_eq!(found.recovery_point_tags().unwrap()["made-by"], "keep");
    let runs = got.scheduled_runs_preview();
    assert_eq!(runs.len(), 3);
    assert_eq!(runs[0].rule_id(), found.rule_id());
    assert_eq!(runs[0].rule_execution_type(), Some(&RuleExecutionType::Snapshots));
    let seconds: Vec<i64> = runs.iter().map(|run| run.execution_time().unwrap().secs()).collect();
    assert_eq!((seconds[1] - seconds[0], seconds[0] % 86_400), (86_400, 5 * 3600));

    let updated = backup
        .update_backup_plan()
        .backup_plan_id(id)
        .backup_plan(plan("nightly", [rule("keep", 7), rule("other", 1)]))
        .send()
        .await
        .unwrap();
    assert_ne!(updated.version_id(), created.version_id());
    let now = backup.get_backup_plan().backup_plan_id(id).send().await.unwrap();
    assert_eq!(now.version_id(), updated.version_id());
    assert_eq!(now.backup_plan().unwrap().rules()[0].rule_id(), found.rule_id(), "a rule keeps its id by its name");
    let then =
        backup.get_backup_plan().backup_plan_id(id).version_id(created.version_id().unwrap()).send().await.unwrap();
    assert_eq!(then.backup_plan().unwrap().rules().len(), 1);
    let versions = backup.list_backup_plan_versions().backup_plan_id(id).send().await.unwrap();
    assert_eq!(versions.backup_plan_versions_list().len(), 2);

    let deleted = backup.delete_backup_plan().backup_plan_id(id).send().await.unwrap();
    assert!(deleted.deletion_date().is_some());
    assert_eq!(backup.list_backup_plans().send().await.unwrap().backup_plans_list().len(), 0);
    let with_deleted = backup.list_backup_plans().include_deleted(true).send().await.unwrap();
    assert!(with_deleted.backup_plans_list()[0].deletion_date().is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_plan_twice_exists_already_and_the_same_token_gives_the_same_plan() {
    let server = Server::start().await;
    let backup = server.backup();
    let create = |token: &'static str| {
        backup.create_backup_plan().backup_plan(plan("p", [rule("r", 3)])).creator_request_id(token).send()
    };
    let first = create("one").await.unwrap();
    assert_eq!(create("one").await.unwrap().backup_plan_id(), first.backup_plan_id());
    let error = create("two").await.unwrap_err().into_service_error();
    let aws_sdk_backup::operation::create_backup_plan::CreateBackupPlanError::AlreadyExistsException(error) = error
    else {
        panic!("{error:?}");
    };
    assert_eq!(error.message(), Some("Backup plan with the same plan document already exists"));
    assert_eq!((error.arn(), error.creator_request_id()), (first.backup_plan_arn(), Some("one")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_with_selections_is_not_deleted() {
    let server = Server::start().await;
    let backup = server.backup();
    let plan = backup.create_backup_plan().backup_plan(plan("p", [rule("r", 3)])).send().await.unwrap();
    let id = plan.backup_plan_id().unwrap();
    let tag = Condition::builder()
        .condition_type(ConditionType::Stringequals)
        .condition_key("env")
        .condition_value("prod")
        .build()
        .unwrap();
    let selection =
        BackupSelection::builder().selection_name("production").iam_role_arn(ROLE).list_of_tags(tag).build().unwrap();
    let created = backup.create_backup_selection().backup_plan_id(id).backup_selection(selection).send().await.unwrap();
    let selection_id = created.selection_id().unwrap();
    let listed = backup.list_backup_selections().backup_plan_id(id).send().await.unwrap();
    let row = &listed.backup_selections_list()[0];
    assert_eq!((row.selection_name(), row.iam_role_arn()), (Some("production"), Some(ROLE)));
    let got = backup.get_backup_selection().backup_plan_id(id).selection_id(selection_id).send().await.unwrap();
    assert_eq!(got.backup_selection().unwrap().list_of_tags()[0].condition_value(), "prod");
    let error = backup.delete_backup_plan().backup_plan_id(id).send().await.unwrap_err();
    let expected = "Related backup plan selections must be deleted prior to backup plan deletion";
    assert_eq!((error.code(), error.message()), (Some("InvalidRequestException"), Some(expected)));
    backup.delete_backup_selection().backup_plan_id(id).selection_id(selection_id).send().await.unwrap();
    backup.delete_backup_plan().backup_plan_id(id).send().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_selection_whose_role_cannot_be_assumed_is_refused() {
    let server = Server::start().await;
    let backup = server.backup();
    let plan = backup.create_backup_plan().backup_plan(plan("p", [rule("r", 3)])).send().await.unwrap();
    let selection = BackupSelection::builder()
        .selection_name("all")
        .iam_role_arn("arn:aws:iam::123456789012:role/stranger")
        .resources("*")
        .build()
        .unwrap();
    let refused = backup
        .create_backup_selection()
        .backup_plan_id(plan.backup_plan_id().unwrap())
        .backup_selection(selection)
        .send()
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Some("InvalidParameterValueException"));
    assert!(refused.message().unwrap().contains("cannot be assumed by AWS Backup"), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn tags_come_and_go() {
    let server = Server::start().await;
    let backup = server.backup();
    let arn = format!("arn:aws:backup:us-east-1:{ACCOUNT}:backup-vault:Default");
    backup.tag_resource().resource_arn(&arn).tags("a", "1").tags("b", "2").send().await.unwrap();
    backup.untag_resource().resource_arn(&arn).tag_key_list("a").send().await.unwrap();
    let tags = backup.list_tags().resource_arn(&arn).send().await.unwrap();
    assert_eq!(tags.tags().unwrap().clone().into_iter().collect::<Vec<_>>(), [("b".to_owned(), "2".to_owned())]);
    let unknown = format!("arn:aws:backup:us-east-1:{ACCOUNT}:backup-vault:unknown");
    let refused = backup.tag_resource().resource_arn(unknown).tags("a", "1").send().await.unwrap_err();
    assert_eq!(refused.code(), Some("ResourceNotFoundException"));
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_and_types_are_told_and_kept() {
    let server = Server::start().await;
    let backup = server.backup();
    let settings = backup.describe_region_settings().send().await.unwrap();
    assert_eq!(settings.resource_type_opt_in_preference().unwrap().get("EFS"), Some(&true));
    backup.update_region_settings().resource_type_opt_in_preference("EFS", false).send().await.unwrap();
    let settings = backup.describe_region_settings().send().await.unwrap();
    assert_eq!(settings.resource_type_opt_in_preference().unwrap().get("EFS"), Some(&false));
    let refused = backup.update_region_settings().resource_type_opt_in_preference("Floppy", true).send().await;
    assert_eq!(refused.unwrap_err().code(), Some("InvalidParameterValueException"));
    assert!(backup.describe_global_settings().send().await.unwrap().global_settings().is_some());
    let types = backup.get_supported_resource_types().send().await.unwrap();
    assert!(types.resource_types().contains(&"EFS".to_owned()));
}
