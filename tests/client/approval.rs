//! What is shown before a mutation, and what must be typed.

use crate::recorder::scope;
use std::collections::BTreeMap;
use vaultdeck::client::approve::{NotApproved, approve};
use vaultdeck::client::change::{
    CreatePlan, CreateSelection, CreateVault, DeletePlan, DeleteRecoveryPoint, DeleteSelection, DeleteVault,
    StartBackup, StartRestore, StopBackup, TagResource, UntagResource, UpdateLifecycle, UpdatePlan,
};
use vaultdeck::client::{Ask, Capabilities, CommandLine, Danger, Mutation, Pending, SelectionRef};
use vaultdeck::domain::plan::{PlanDocument, Rule};
use vaultdeck::domain::selection::SelectionDocument;

fn writable() -> Capabilities {
    Capabilities { engine: Some("1".to_owned()), control: true, write: true }
}

fn pending(mutation: impl Into<Mutation>) -> Pending {
    Pending::new(scope(), mutation, &writable(), &CommandLine::default()).unwrap()
}

pub fn every_mutation() -> Vec<Mutation> {
    let tags = BTreeMap::from([("env".to_owned(), "it's prod".to_owned())]);
    let point: vaultdeck::domain::Arn =
        "arn:aws:backup:us-east-1:123456789012:recovery-point:1eb3b5e7-9eb0-435a-a80b-108b488b0d45".parse().unwrap();
    let rule = Rule {
        rule_name: "Daily".to_owned(),
        rule_id: Some("set-by-the-service".to_owned()),
        target_backup_vault_name: "Default".to_owned(),
        schedule_expression: Some("cron(0 5 ? * * *)".to_owned()),
        schedule_expression_timezone: Some("Europe/Berlin".to_owned()),
        start_window_minutes: Some(60),
        completion_window_minutes: Some(180),
        lifecycle: Some(serde_json::from_str(r#"{"DeleteAfterDays": 35}"#).unwrap()),
        recovery_point_tags: tags.clone(),
        ..Rule::default()
    };
    let document =
        PlanDocument { backup_plan_name: "nightly".to_owned(), rules: vec![rule], ..PlanDocument::default() };
    let selection: SelectionDocument = serde_json::from_value(serde_json::json!({
        "SelectionName": "by-tag",
        "IamRoleArn": "arn:aws:iam::123456789012:role/service-role/AWSBackupDefaultServiceRole",
        "Resources": ["*"],
        "NotResources": ["arn:aws:elasticfilesystem:us-east-1:123456789012:file-system/fs-0"],
        "ListOfTags": [{"ConditionType": "STRINGEQUALS", "ConditionKey": "env", "ConditionValue": "prod"}],
        "Conditions": {"StringLike": [{"ConditionKey": "aws:ResourceTag/team", "ConditionValue": "a*"}]}
    }))
    .unwrap();
    let reference = SelectionRef { id: "selection-9".parse().unwrap(), name: "old".to_owned() };
    vec![
        CreateVault { name: "nightly".to_owned(), tags: tags.clone(), encryption_key_arn: None }.into(),
        DeleteVault { name: "nightly".to_owned() }.into(),
        CreatePlan { document: document.clone(), selections: vec![selection.clone()], tags: tags.clone() }.into(),
        UpdatePlan {
            id: "plan-1".parse().unwrap(),
            document,
            delete: vec![reference.clone()],
            create: vec![selection.clone()],
        }
        .into(),
        DeletePlan { id: "plan-1".parse().unwrap(), name: "nightly".to_owned(), selections: vec![reference.clone()] }
            .into(),
        CreateSelection { plan: "plan-1".parse().unwrap(), document: selection }.into(),
        DeleteSelection { plan: "plan-1".parse().unwrap(), selection: reference }.into(),
        StartBackup {
            vault: "Default".to_owned(),
            air_gapped_vault: None,
            resource: "arn:aws:elasticfilesystem:us-east-1:123456789012:file-system/fs-1".parse().unwrap(),
            role: "arn:aws:iam::123456789012:role/r".parse().unwrap(),
            lifecycle: Some(serde_json::from_str(r#"{"DeleteAfterDays": 7}"#).unwrap()),
            start_window_minutes: Some(60),
            complete_window_minutes: None,
            tags: tags.clone(),
            options: BTreeMap::new(),
            idempotency_token: "token-1".to_owned(),
        }
        .into(),
        StopBackup { id: "job-1".parse().unwrap() }.into(),
        StartRestore {
            recovery_point: point.clone(),
            metadata: BTreeMap::from([
                ("file-system-id".to_owned(), "fs-1".to_owned()),
                ("newFileSystem".to_owned(), "true".to_owned()),
                ("vaultdeck:path".to_owned(), "/srv/a b\nc".to_owned()),
            ]),
            role: Some("arn:aws:iam::123456789012:role/r".parse().unwrap()),
            resource_type: Some("EFS".to_owned().into()),
            copy_source_tags: true,
            idempotency_token: "token-2".to_owned(),
        }
        .into(),
        DeleteRecoveryPoint { vault: "Default".to_owned(), recovery_point: point.clone() }.into(),
        UpdateLifecycle {
            vault: "Default".to_owned(),
            recovery_point: point.clone(),
            lifecycle: serde_json::from_str(r#"{"DeleteAfterDays": 90}"#).unwrap(),
            ends: false,
        }
        .into(),
        TagResource { arn: point.clone(), tags }.into(),
        UntagResource { arn: point, keys: vec!["env".to_owned()] }.into(),
    ]
}

#[test]
fn a_harmless_mutation_asks_for_a_plain_yes() {
    let create = || pending(CreateVault { name: "a1".to_owned(), tags: BTreeMap::new(), encryption_key_arn: None });
    assert_eq!((create().danger, create().ask), (Danger::Low, Ask::Yes));
    assert_eq!(approve(create(), "").unwrap_err(), NotApproved::Yes);
    assert_eq!(approve(create(), "n").unwrap_err(), NotApproved::Yes);
    assert!(approve(create(), "y").is_ok());
}

#[test]
fn what_destroys_must_be_named() {
    let delete = || pending(DeleteVault { name: "nightly".to_owned() });
    assert_eq!((delete().danger, delete().ask), (Danger::High, Ask::Type("nightly".to_owned())));
    for wrong in ["y", "yes", "Nightly", "nightl", ""] {
        assert_eq!(approve(delete(), wrong).unwrap_err(), NotApproved::Type("nightly".to_owned()), "{wrong:?}");
    }
    assert!(approve(delete(), "nightly").is_ok());
}

#[test]
fn a_recovery_point_is_named_by_the_start_of_its_id() {
    let point = every_mutation().into_iter().find(|m| matches!(m, Mutation::DeleteRecoveryPoint { .. })).unwrap();
    assert_eq!(pending(point).ask, Ask::Type("1eb3b5e7".to_owned()));
}

#[test]
fn restoring_into_the_source_is_more_dangerous_than_into_a_new_place() {
    let Some(Mutation::StartRestore(fresh)) =
        every_mutation().into_iter().find(|m| matches!(m, Mutation::StartRestore(_)))
    else {
        panic!("there is one")
    };
    let mut into_source = fresh.clone();
    into_source.metadata.insert("newFileSystem".to_owned(), "false".to_owned());
    let (fresh, into_source) = (pending(fresh), pending(into_source));
    assert!(into_source.danger > fresh.danger);
    assert!(into_source.consequence.contains("aws-backup-restore_"));
}

#[test]
fn a_read_only_context_prepares_nothing() {
    let read_only = Capabilities { engine: None, control: false, write: false };
    for mutation in every_mutation() {
        let reason = Pending::new(scope(), mutation, &read_only, &CommandLine::default()).unwrap_err();
        assert!(reason.contains("--write"), "{reason}");
    }
}

#[test]
fn what_is_shown_acts_on_no_terminal() {
    for mutation in every_mutation() {
        let pending = pending(mutation);
        for request in &pending.requests {
            assert!(!request.json.chars().any(|c| c.is_control() && c != '\n'), "{}", request.json);
            assert!(!request.command.chars().any(char::is_control), "{}", request.command);
        }
    }
}

#[test]
fn a_plan_and_its_selections_are_shown_as_the_requests_that_they_are() {
    let plan = every_mutation().into_iter().find(|m| matches!(m, Mutation::CreatePlan { .. })).unwrap();
    let pending = pending(plan);
    let operations: Vec<_> = pending.requests.iter().map(|request| request.operation).collect();
    assert_eq!(operations, ["CreateBackupPlan", "CreateBackupSelection"]);
    assert!(!pending.requests[0].json.contains("set-by-the-service"), "a RuleId is not sent");
    assert!(pending.requests[1].command.contains("--backup-plan-id \"$PLAN_ID\""));
    assert_eq!(pending.summary, "Create plan nightly with 1 selection");
}

#[test]
fn the_command_line_names_profile_endpoint_and_region() {
    let line =
        CommandLine { profile: Some("prod eu".to_owned()), endpoint_url: Some("http://127.0.0.1:9860".to_owned()) };
    let mutation = DeleteVault { name: "nightly".to_owned() };
    let pending = Pending::new(scope(), mutation, &writable(), &line).unwrap();
    assert_eq!(
        pending.requests[0].command,
        "aws --profile 'prod eu' --endpoint-url http://127.0.0.1:9860 --region us-east-1 backup delete-backup-vault \
         --backup-vault-name nightly"
    );
}

#[test]
fn the_aws_command_line_understands_every_command() {
    // Judged by the aws program itself, where the tests' Python environment has it: it parses and validates the whole line
    // and prints the request's skeleton without sending anything.
    let Some(python) = std::env::var_os("VAULTDECK_PYTHON") else {
        eprintln!("VAULTDECK_PYTHON is not set: tests/run sets it");
        return;
    };
    let bin = std::path::Path::new(&python).parent().unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap_or_default());
    for mutation in every_mutation() {
        for request in pending(mutation).requests {
            let line = format!("{} --generate-cli-skeleton output", request.command);
            let output = std::process::Command::new("bash")
                .args(["-c", &line])
                .env("PATH", &path)
                .env("PLAN_ID", "plan-1")
                .env("AWS_CONFIG_FILE", "/dev/null")
                .env("AWS_EC2_METADATA_DISABLED", "true")
                .output()
                .unwrap();
            assert!(output.status.success(), "{line}\n{}", String::from_utf8_lossy(&output.stderr));
        }
    }
}
