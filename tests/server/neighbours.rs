//! STS, Organizations and Resource Groups Tagging.

use crate::harness::{ACCOUNT, REGION, Server};
use aws_credential_types::Credentials;
use aws_sdk_backup::config::{BehaviorVersion, Region};
use aws_sdk_organizations::error::ProvideErrorMetadata;
use vaultdeck::domain::extension::AddAccount;

/// A client of another service, configured as that of AWS Backup.
macro_rules! client {
    ($sdk:ident, $server:expr, $keys:expr) => {
        $sdk::Client::from_conf(
            $sdk::Config::builder()
                .behavior_version(BehaviorVersion::latest())
                .region(Region::new(REGION))
                .credentials_provider($keys)
                .endpoint_url(&$server.url)
                .http_client(aws_smithy_http_client::Builder::new().build_http())
                .build(),
        )
    };
}

fn add_member(server: &Server, id: &str) {
    let request = AddAccount { account_id: Some(id.to_owned()), name: format!("member-{id}"), email: None };
    server.engine.add_account(request).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn sts_says_who_calls() {
    let server = Server::start().await;
    let identity = client!(aws_sdk_sts, server, server.keys()).get_caller_identity().send().await.unwrap();
    assert_eq!(identity.account(), Some(ACCOUNT));
    assert!(identity.arn().unwrap().starts_with(&format!("arn:aws:iam::{ACCOUNT}:")), "{identity:?}");
    assert!(!identity.user_id().unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_management_account_assumes_a_role_in_a_member() {
    let server = Server::start().await;
    add_member(&server, "210987654321");
    let sts = client!(aws_sdk_sts, server, server.keys());
    let role = "arn:aws:iam::210987654321:role/OrganizationAccountAccessRole";
    let assumed = sts.assume_role().role_arn(role).role_session_name("oncall").send().await.unwrap();
    let user = assumed.assumed_role_user().unwrap();
    assert_eq!(user.arn(), "arn:aws:sts::210987654321:assumed-role/OrganizationAccountAccessRole/oncall");
    let keys = assumed.credentials().unwrap();
    let hours = (keys.expiration().secs() - chrono::Utc::now().timestamp()) as f64 / 3600.0;
    assert!((0.9..=1.01).contains(&hours), "{hours} hours");
    let keys = Credentials::new(
        keys.access_key_id(),
        keys.secret_access_key(),
        Some(keys.session_token().to_owned()),
        None,
        "assumed",
    );
    let vaults = server.backup_with(keys).list_backup_vaults().send().await.unwrap();
    assert!(vaults.backup_vault_list()[0].backup_vault_arn().unwrap().contains(":210987654321:"));
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_that_nobody_has_and_strange_durations_are_refused() {
    let server = Server::start().await;
    add_member(&server, "210987654321");
    let sts = client!(aws_sdk_sts, server, server.keys());
    let refused =
        sts.assume_role().role_arn("arn:aws:iam::210987654321:role/Nobody").role_session_name("oncall").send().await;
    assert_eq!(refused.unwrap_err().code(), Some("AccessDenied"));
    let role = "arn:aws:iam::210987654321:role/OrganizationAccountAccessRole";
    let refused = sts.assume_role().role_arn(role).role_session_name("oncall").duration_seconds(5).send().await;
    assert_eq!(refused.unwrap_err().code(), Some("ValidationError"));
    let refused = sts.assume_role().role_arn(role).role_session_name("oncall").policy("{}").send().await;
    assert!(refused.unwrap_err().message().unwrap().contains("Policy is not supported"));
    let refused = sts.get_session_token().send().await;
    assert_eq!(refused.unwrap_err().code(), Some("InvalidAction"));
}

#[tokio::test(flavor = "multi_thread")]
async fn organizations_tells_of_the_accounts_page_by_page() {
    let server = Server::start().await;
    for id in ["210987654321", "310987654321", "410987654321"] {
        add_member(&server, id);
    }
    let organizations = client!(aws_sdk_organizations, server, server.keys());
    let organization = organizations.describe_organization().send().await.unwrap();
    assert_eq!(organization.organization().unwrap().master_account_id(), Some(ACCOUNT));
    let pages: Vec<_> =
        organizations.list_accounts().max_results(2).into_paginator().send().collect::<Result<_, _>>().await.unwrap();
    let accounts: Vec<_> = pages.iter().flat_map(|page| page.accounts()).collect();
    let ids: Vec<&str> = accounts.iter().filter_map(|account| account.id()).collect();
    assert_eq!(ids.len(), 4);
    assert!(ids.contains(&ACCOUNT) && ids.contains(&"410987654321"), "{ids:?}");
    assert!(accounts.iter().all(|account| account.joined_timestamp().is_some()));
    let refused = organizations.list_handshakes_for_account().send().await.unwrap_err();
    assert_eq!(refused.code(), Some("UnknownOperationException"));
    assert!(refused.message().unwrap().contains("ListHandshakesForAccount"));
}

#[tokio::test(flavor = "multi_thread")]
async fn tagging_finds_resources_by_tag() {
    let server = Server::start().await;
    let (production, _) = server.file_system("production", &[("env", "prod"), ("team", "a")]);
    let (test, _) = server.file_system("test", &[("env", "test")]);
    let tagging = client!(aws_sdk_resourcegroupstagging, server, server.keys());
    let filter = aws_sdk_resourcegroupstagging::types::TagFilter::builder().key("env").values("prod").build();
    let found =
        tagging.get_resources().tag_filters(filter).resource_type_filters("elasticfilesystem").send().await.unwrap();
    let arns: Vec<&str> = found.resource_tag_mapping_list().iter().filter_map(|row| row.resource_arn()).collect();
    assert_eq!(arns, [production.as_str()]);
    assert_eq!(found.resource_tag_mapping_list()[0].tags().len(), 2);
    let pages: Vec<_> = tagging
        .get_resources()
        .resource_type_filters("elasticfilesystem:file-system")
        .resources_per_page(1)
        .into_paginator()
        .items()
        .send()
        .collect::<Result<_, _>>()
        .await
        .unwrap();
    let mut arns: Vec<&str> = pages.iter().filter_map(|row| row.resource_arn()).collect();
    arns.sort_unstable();
    let mut expected = [production.as_str(), test.as_str()];
    expected.sort_unstable();
    assert_eq!(arns, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn tagging_tags_many_and_tells_of_each_that_it_could_not() {
    let server = Server::start().await;
    let (first, _) = server.file_system("first", &[("env", "prod")]);
    let (second, _) = server.file_system("second", &[("env", "test")]);
    let tagging = client!(aws_sdk_resourcegroupstagging, server, server.keys());
    let missing = "arn:aws:elasticfilesystem:us-east-1:123456789012:file-system/fs-00000000000000000";
    let answer = tagging
        .tag_resources()
        .set_resource_arn_list(Some(vec![first.clone(), missing.to_owned(), "no ARN".to_owned(), second.clone()]))
        .tags("owner", "ops")
        .send()
        .await
        .unwrap();
    let failed = answer.failed_resources_map().unwrap();
    assert_eq!(failed.len(), 2, "{failed:?}");
    for arn in [missing, "no ARN"] {
        assert_eq!(failed[arn].status_code(), 400);
        assert_eq!(failed[arn].error_code().unwrap().as_str(), "InvalidParameterException");
        assert!(!failed[arn].error_message().unwrap().is_empty());
    }
    let keys = tagging.get_tag_keys().into_paginator().items().send().collect::<Result<Vec<_>, _>>().await.unwrap();
    assert_eq!(keys, ["env", "owner"]);
    let values = tagging.get_tag_values().key("env").into_paginator().items().send();
    assert_eq!(values.collect::<Result<Vec<_>, _>>().await.unwrap(), ["prod", "test"]);
    let owned = || async {
        let filter = aws_sdk_resourcegroupstagging::types::TagFilter::builder().key("owner").build();
        let found = tagging.get_resources().tag_filters(filter).send().await.unwrap();
        found.resource_tag_mapping_list().len()
    };
    assert_eq!(owned().await, 2);
    let answer = tagging.untag_resources().resource_arn_list(&first).tag_keys("owner").send().await.unwrap();
    assert_eq!(answer.failed_resources_map().map_or(0, std::collections::HashMap::len), 0);
    assert_eq!(owned().await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn tagging_shows_nothing_of_other_accounts_and_regions() {
    let server = Server::start().await;
    server.file_system("ours", &[("secret", "s")]);
    add_member(&server, "210987654321");
    let tagging = client!(aws_sdk_resourcegroupstagging, server, server.keys_of(Some("210987654321")));
    assert_eq!(tagging.get_tag_keys().send().await.unwrap().tag_keys(), [] as [&str; 0]);
    assert_eq!(tagging.get_tag_values().key("secret").send().await.unwrap().tag_values(), [] as [&str; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn tagging_refuses_what_breaks_a_rule_and_changes_nothing() {
    let server = Server::start().await;
    let (arn, _) = server.file_system("first", &[("env", "prod")]);
    let tagging = client!(aws_sdk_resourcegroupstagging, server, server.keys());
    let many: Vec<String> = (0..21).map(|_| arn.clone()).collect();
    let refused = tagging.tag_resources().set_resource_arn_list(Some(many)).tags("a", "b").send().await.unwrap_err();
    assert_eq!(refused.code(), Some("InvalidParameterException"));
    assert!(refused.message().unwrap().contains("ResourceARNList"));
    let answer = tagging.tag_resources().resource_arn_list(&arn).tags("aws:x", "b").send().await.unwrap();
    let failed = answer.failed_resources_map().unwrap();
    assert!(failed[&arn].error_message().unwrap().contains("aws:"), "{failed:?}");
    assert_eq!(tagging.get_tag_keys().send().await.unwrap().tag_keys(), ["env"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn tagging_speaks_cbor_too() {
    let server = Server::start().await;
    let (arn, _) = server.file_system("production", &[("env", "prod")]);
    let path = "/service/ResourceGroupsTaggingAPI_20170126/operation/GetResources";
    let headers =
        [("content-type", "application/cbor"), ("smithy-protocol", "rpc-v2-cbor"), ("accept", "application/cbor")];
    // {"ResourcesPerPage": 10, "ResourceTypeFilters": ["elasticfilesystem"]}, the list of unknown length.
    let body = b"\xa2\x70ResourcesPerPage\x0a\x73ResourceTypeFilters\x9f\x71elasticfilesystem\xff";
    let answer = server.send(server.signed("tagging", "POST", path, &headers, body)).await;
    assert_eq!(answer.status(), 200, "{answer:?}");
    assert_eq!(answer.header("smithy-protocol"), "rpc-v2-cbor");
    let found = answer.0.body().windows(arn.len()).any(|window| window == arn.as_bytes());
    assert!(found, "{answer:?}");
    let answer = server.send(server.signed("tagging", "POST", path, &headers, b"\x9f")).await;
    assert_eq!((answer.status(), answer.header("x-amzn-errortype")), (400, "SerializationException"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_this_engine_did_not_encode_is_none() {
    let server = Server::start().await;
    let sts = client!(aws_sdk_sts, server, server.keys());
    let decode = |message: String| sts.decode_authorization_message().encoded_message(message).send();
    let refused = decode("oGsbAaIV7wlfj8zUqebHUANHzFbmkzILlxyj".to_owned()).await.unwrap_err();
    assert_eq!(refused.code(), Some("InvalidAuthorizationMessageException"));
    assert!(refused.into_service_error().is_invalid_authorization_message_exception());
    let long = decode("x".repeat(10_241)).await.unwrap_err();
    assert_eq!(long.code(), Some("ValidationError"));
}
