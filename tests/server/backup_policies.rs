//! Backup policies by the API of Organizations, and their plans by that of AWS Backup.

use crate::harness::{Server, encoded};
use aws_sdk_backup::config::{BehaviorVersion, Region};
use aws_sdk_organizations::Client;
use aws_sdk_organizations::error::ProvideErrorMetadata;
use aws_sdk_organizations::types::{EffectivePolicyType, PolicyType, PolicyTypeStatus, TargetType};
use serde_json::{Value, json};
use vaultdeck::domain::extension::AddAccount;

const MEMBER: &str = "210987654321";

fn organizations(server: &Server, account: Option<&str>) -> Client {
    Client::from_conf(
        aws_sdk_organizations::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .credentials_provider(server.keys_of(account))
            .endpoint_url(&server.url)
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .build(),
    )
}

fn content() -> String {
    json!({ "plans": { "Nightly": {
        "regions": { "@@assign": ["us-east-1"] },
        "rules": { "Daily": {
            "schedule_expression": { "@@assign": "cron(0 5 ? * * *)" },
            "target_backup_vault_name": { "@@assign": "Default" },
        } },
        "selections": { "tags": { "Tagged": {
            "iam_role_arn": { "@@assign": "arn:aws:iam::$account:role/service-role/AWSBackupDefaultServiceRole" },
            "tag_key": { "@@assign": "backup" },
            "tag_value": { "@@assign": ["daily"] },
        } } },
    } } })
    .to_string()
}

async fn with_member() -> (Server, Client, String) {
    let server = Server::start().await;
    let request = AddAccount { account_id: Some(MEMBER.to_owned()), name: "member".to_owned(), email: None };
    server.engine.add_account(request).unwrap();
    let client = organizations(&server, None);
    let root = client.list_roots().send().await.unwrap().roots()[0].id().unwrap().to_owned();
    (server, client, root)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_goes_its_way_from_creation_to_deletion() {
    let (server, client, root) = with_member().await;
    let organization = client.describe_organization().send().await.unwrap();
    let available = organization.organization().unwrap().available_policy_types();
    assert_eq!(available.iter().map(|one| one.r#type().unwrap().as_str()).collect::<Vec<_>>(), ["BACKUP_POLICY"]);
    let types =
        |roots: aws_sdk_organizations::operation::list_roots::ListRootsOutput| roots.roots()[0].policy_types().len();
    assert_eq!(types(client.list_roots().send().await.unwrap()), 0);
    let kind = PolicyType::BackupPolicy;
    let enabled = client.enable_policy_type().root_id(&root).policy_type(kind.clone()).send().await.unwrap();
    assert_eq!(enabled.root().unwrap().policy_types()[0].status(), Some(&PolicyTypeStatus::Enabled));
    assert_eq!(types(client.list_roots().send().await.unwrap()), 1);

    let create = client.create_policy().name("nightly").description("").r#type(kind.clone()).content(content());
    let created = create.send().await.unwrap().policy.unwrap();
    assert_eq!(created.content(), Some(content().as_str()));
    let summary = created.policy_summary().unwrap();
    let id = summary.id().unwrap();
    assert!(!summary.aws_managed() && summary.arn().unwrap().ends_with(&format!("/backup_policy/{id}")), "{summary:?}");
    assert_eq!((summary.name(), summary.description(), summary.r#type()), (Some("nightly"), Some(""), Some(&kind)));

    client.attach_policy().policy_id(id).target_id(MEMBER).send().await.unwrap();
    client.attach_policy().policy_id(id).target_id(&root).send().await.unwrap();
    let targets = client.list_targets_for_policy().policy_id(id).send().await.unwrap();
    let told: Vec<_> =
        targets.targets().iter().map(|one| (one.r#type().unwrap().clone(), one.name().unwrap())).collect();
    assert_eq!(told, [(TargetType::Account, "member"), (TargetType::Root, "Root")]);
    let of_target = client.list_policies_for_target().target_id(MEMBER).filter(kind.clone()).send().await.unwrap();
    assert_eq!(of_target.policies()[0].id(), Some(id));
    assert_eq!(client.list_policies().filter(kind.clone()).send().await.unwrap().policies().len(), 1);
    let others = client.list_policies().filter(PolicyType::TagPolicy).send().await.unwrap();
    assert_eq!(others.policies().len(), 0);

    let member = organizations(&server, Some(MEMBER));
    let effective =
        member.describe_effective_policy().policy_type(EffectivePolicyType::BackupPolicy).send().await.unwrap();
    let effective = effective.effective_policy.unwrap();
    assert_eq!(effective.target_id(), Some(MEMBER));
    assert!(effective.last_updated_timestamp().is_some());
    let document: Value = serde_json::from_str(effective.policy_content().unwrap()).unwrap();
    assert_eq!(document["plans"]["Nightly"]["rules"]["daily"]["target_backup_vault_name"], "Default");

    let update = client.update_policy().policy_id(id).description("every night");
    assert_eq!(update.send().await.unwrap().policy.unwrap().policy_summary.unwrap().description(), Some("every night"));
    for target in [MEMBER, root.as_str()] {
        client.detach_policy().policy_id(id).target_id(target).send().await.unwrap();
    }
    let gone = member.describe_effective_policy().policy_type(EffectivePolicyType::BackupPolicy).send().await;
    assert_eq!(gone.unwrap_err().code(), Some("EffectivePolicyNotFoundException"));
    client.delete_policy().policy_id(id).send().await.unwrap();
    let gone = client.describe_policy().policy_id(id).send().await.unwrap_err();
    assert_eq!(gone.code(), Some("PolicyNotFoundException"));
    let disabled = client.disable_policy_type().root_id(&root).policy_type(kind).send().await.unwrap();
    assert_eq!(disabled.root().unwrap().policy_types().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_reads_the_plan_of_a_policy_by_its_id_and_cannot_change_it() {
    let (server, client, root) = with_member().await;
    client.enable_policy_type().root_id(&root).policy_type(PolicyType::BackupPolicy).send().await.unwrap();
    let create =
        client.create_policy().name("nightly").description("").r#type(PolicyType::BackupPolicy).content(content());
    let id = create.send().await.unwrap().policy.unwrap().policy_summary.unwrap().id.unwrap();
    client.attach_policy().policy_id(&id).target_id(&root).send().await.unwrap();

    let backup = server.backup_with(server.keys_of(Some(MEMBER)));
    let plans = backup.list_backup_plans().send().await.unwrap();
    let row = &plans.backup_plans_list()[0];
    let plan_id = row.backup_plan_id().unwrap();
    assert!(plan_id.starts_with("orgs/"), "{plan_id}");
    assert!(row.backup_plan_arn().unwrap().ends_with(&format!(":backup-plan:{plan_id}")));
    let plan = backup.get_backup_plan().backup_plan_id(plan_id).send().await.unwrap();
    assert_eq!(plan.backup_plan().unwrap().backup_plan_name(), "Nightly");
    let selections = backup.list_backup_selections().backup_plan_id(plan_id).send().await.unwrap();
    let selection_id = selections.backup_selections_list()[0].selection_id().unwrap();
    let get = backup.get_backup_selection().backup_plan_id(plan_id).selection_id(selection_id);
    assert_eq!(get.send().await.unwrap().backup_selection().unwrap().selection_name(), "tagged");

    let deleted = backup.delete_backup_plan().backup_plan_id(plan_id).send().await.unwrap_err();
    let error = deleted.into_service_error();
    assert!(error.is_invalid_request_exception(), "{error:?}");
    let selection = backup.delete_backup_selection().backup_plan_id(plan_id).selection_id(selection_id).send().await;
    assert!(selection.unwrap_err().to_string().contains("service error"));
    assert_eq!(backup.list_backup_plans().send().await.unwrap().backup_plans_list().len(), 1);
    // The id is one segment of the path, whose slash is encoded; the management account's plan of it is another.
    let other = server.call("GET", &format!("/backup/plans/{}", encoded(plan_id)), "").await;
    assert_eq!(other.status(), 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_have_the_form_of_organizations() {
    let (server, client, root) = with_member().await;
    let create = |content: &str| {
        client.create_policy().name("wrong").description("").r#type(PolicyType::BackupPolicy).content(content)
    };
    let error = create("{\"plans\": {\"A\": {\"rule\": {}}}}").send().await.unwrap_err().into_service_error();
    assert!(error.is_malformed_policy_document_exception(), "{error:?}");
    assert!(error.message().unwrap().starts_with("Invalid plans.A.rule: it is not known"), "{error:?}");
    let error = create(&" ".repeat(10_001)).send().await.unwrap_err().into_service_error();
    assert!(error.is_constraint_violation_exception(), "{error:?}");
    let error = client.describe_policy().policy_id("p-1").send().await.unwrap_err();
    assert_eq!(
        (error.code(), error.message()),
        (
            Some("InvalidInputException"),
            Some("Invalid PolicyId: must be p- and 8 to 128 letters, digits or underscores")
        )
    );
    let error = client.list_policies().filter("NO_POLICY".into()).send().await.unwrap_err();
    assert_eq!(error.code(), Some("InvalidInputException"));
    let error = organizations(&server, Some(MEMBER)).list_policies().filter(PolicyType::BackupPolicy).send().await;
    assert_eq!(error.unwrap_err().code(), Some("AccessDeniedException"));
    let errors = client
        .list_effective_policy_validation_errors()
        .account_id(MEMBER)
        .policy_type(EffectivePolicyType::BackupPolicy);
    assert_eq!(errors.send().await.unwrap_err().code(), Some("EffectivePolicyNotFoundException"));

    client.enable_policy_type().root_id(&root).policy_type(PolicyType::BackupPolicy).send().await.unwrap();
    let id = create("{\"plans\": {\"A\": {\"rules\": {}}}}").name("lacking").send().await.unwrap();
    let id = id.policy.unwrap().policy_summary.unwrap().id.unwrap();
    client.attach_policy().policy_id(&id).target_id(MEMBER).send().await.unwrap();
    let errors = client
        .list_effective_policy_validation_errors()
        .account_id(MEMBER)
        .policy_type(EffectivePolicyType::BackupPolicy);
    let answer = errors.send().await.unwrap();
    assert_eq!(answer.effective_policy_validation_errors().len(), 0, "an empty plan is none");
    assert!(answer.path().unwrap().ends_with(&format!("/{root}/{MEMBER}/")), "{:?}", answer.path());
}
