//! AWS Organizations: the tree of units and accounts, and who administers AWS Backup for it.

use crate::harness::{ACCOUNT, REGION, Server};
use aws_sdk_organizations::Client;
use aws_sdk_organizations::config::{BehaviorVersion, Region};
use aws_sdk_organizations::error::ProvideErrorMetadata;
use aws_sdk_organizations::types::{
    ChildType, ConstraintViolationExceptionReason, CreateAccountFailureReason, CreateAccountState, ParentType,
};

const BACKUP: &str = "backup.amazonaws.com";

fn client(server: &Server, account: &str) -> Client {
    let config = aws_sdk_organizations::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(REGION))
        .credentials_provider(server.keys_of(Some(account)))
        .endpoint_url(&server.url)
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build();
    Client::from_conf(config)
}

/// The exception of a call that fails, and its message.
macro_rules! refused {
    ($call:expr) => {{
        let error = $call.send().await.unwrap_err();
        (error.code().unwrap().to_owned(), error.message().unwrap().to_owned())
    }};
}

async fn root(client: &Client) -> String {
    let roots = client.list_roots().send().await.unwrap();
    let [root] = roots.roots() else { panic!("{roots:?}") };
    root.id().unwrap().to_owned()
}

async fn unit(client: &Client, parent: &str, name: &str) -> String {
    let made = client.create_organizational_unit().parent_id(parent).name(name).send().await.unwrap();
    made.organizational_unit().unwrap().id().unwrap().to_owned()
}

async fn account(client: &Client, name: &str) -> String {
    let email = format!("{name}@example.com");
    let asked = client.create_account().account_name(name).email(email).send().await.unwrap();
    let status = asked.create_account_status().unwrap();
    let status = client.describe_create_account_status().create_account_request_id(status.id().unwrap());
    let status = status.send().await.unwrap().create_account_status.unwrap();
    assert_eq!(status.state(), Some(&CreateAccountState::Succeeded));
    status.account_id.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_are_made_put_into_units_and_found_there() {
    let server = Server::start().await;
    let client = client(&server, ACCOUNT);
    let organization = client.describe_organization().send().await.unwrap().organization.unwrap();
    let root = root(&client).await;
    let workloads = unit(&client, &root, "Workloads").await;
    let production = unit(&client, &workloads, "Production").await;
    let shop = account(&client, "shop").await;

    let parents = client.list_parents().child_id(&shop).send().await.unwrap().parents.unwrap();
    assert_eq!((parents[0].id(), parents[0].r#type()), (Some(root.as_str()), Some(&ParentType::Root)));
    let moved = client.move_account().account_id(&shop).source_parent_id(&root).destination_parent_id(&production);
    moved.send().await.unwrap();

    let parents = client.list_parents().child_id(&shop).send().await.unwrap().parents.unwrap();
    assert_eq!(parents[0].id(), Some(production.as_str()));
    let parents = client.list_parents().child_id(&production).send().await.unwrap().parents.unwrap();
    assert_eq!(
        (parents[0].id(), parents[0].r#type()),
        (Some(workloads.as_str()), Some(&ParentType::OrganizationalUnit))
    );
    let found = client.describe_account().account_id(&shop).send().await.unwrap().account.unwrap();
    let path = format!("{}/{root}/{workloads}/{production}/{shop}/", organization.id().unwrap());
    assert_eq!((found.name(), found.email(), found.paths()), (Some("shop"), Some("shop@example.com"), &[path][..]));
    let arn = format!("arn:aws:organizations::{ACCOUNT}:account/{}/{shop}", organization.id().unwrap());
    assert_eq!(found.arn(), Some(arn.as_str()));

    let at_root = client.list_accounts_for_parent().parent_id(&root).send().await.unwrap();
    assert_eq!(at_root.accounts().iter().filter_map(|a| a.id()).collect::<Vec<_>>(), [ACCOUNT]);
    let children = client.list_children().parent_id(&production).child_type(ChildType::Account).send().await.unwrap();
    assert_eq!(children.children()[0].id(), Some(shop.as_str()));
    let children =
        client.list_children().parent_id(&root).child_type(ChildType::OrganizationalUnit).send().await.unwrap();
    assert_eq!(children.children()[0].id(), Some(workloads.as_str()));
}

#[tokio::test(flavor = "multi_thread")]
async fn units_are_listed_page_by_page_renamed_and_deleted_when_they_are_empty() {
    let server = Server::start().await;
    let client = client(&server, ACCOUNT);
    let root = root(&client).await;
    let mut made = Vec::new();
    for name in ["a", "b", "c", "d", "e"] {
        made.push(unit(&client, &root, name).await);
    }
    let pages: Vec<_> = client
        .list_organizational_units_for_parent()
        .parent_id(&root)
        .max_results(2)
        .into_paginator()
        .send()
        .collect::<Result<_, _>>()
        .await
        .unwrap();
    assert_eq!(pages.iter().map(|page| page.organizational_units().len()).collect::<Vec<_>>(), [2, 2, 1]);
    let mut listed: Vec<&str> =
        pages.iter().flat_map(|page| page.organizational_units()).filter_map(|unit| unit.id()).collect();
    listed.sort_unstable();
    made.sort_unstable();
    assert_eq!(listed, made);

    let [upper, other, ..] = &made[..] else { panic!("{made:?}") };
    let lower = unit(&client, upper, "lower").await;
    let renamed =
        client.update_organizational_unit().organizational_unit_id(&lower).name("below").send().await.unwrap();
    assert_eq!(renamed.organizational_unit().unwrap().name(), Some("below"));
    let (code, message) = refused!(client.delete_organizational_unit().organizational_unit_id(upper));
    assert_eq!(code, "OrganizationalUnitNotEmptyException");
    assert!(message.contains(upper.as_str()), "{message}");
    let shop = account(&client, "shop").await;
    client.move_account().account_id(&shop).source_parent_id(&root).destination_parent_id(other).send().await.unwrap();
    assert_eq!(
        refused!(client.delete_organizational_unit().organizational_unit_id(other)).0,
        "OrganizationalUnitNotEmptyException"
    );
    for id in [&lower, upper] {
        client.delete_organizational_unit().organizational_unit_id(id).send().await.unwrap();
    }
    let gone = refused!(client.describe_organizational_unit().organizational_unit_id(upper));
    assert_eq!(gone.0, "OrganizationalUnitNotFoundException");
    let still = client.describe_organizational_unit().organizational_unit_id(other).send().await.unwrap();
    assert_eq!(still.organizational_unit().unwrap().id(), Some(other.as_str()));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_breaks_a_rule_gets_the_exception_of_the_service_and_changes_nothing() {
    let server = Server::start().await;
    let client = client(&server, ACCOUNT);
    let root = root(&client).await;
    let shop = account(&client, "shop").await;
    let nowhere = "ou-aaaa-11111111";
    let mut deepest = unit(&client, &root, "one").await;
    for name in ["two", "three", "four", "five"] {
        deepest = unit(&client, &deepest, name).await;
    }
    let before = server.engine.tree().unwrap();

    let too_deep = client.create_organizational_unit().parent_id(&deepest).name("six").send().await.unwrap_err();
    let too_deep = too_deep.into_service_error();
    assert!(too_deep.is_constraint_violation_exception(), "{too_deep:?}");
    if let aws_sdk_organizations::operation::create_organizational_unit::CreateOrganizationalUnitError::ConstraintViolationException(why) = &too_deep {
        assert_eq!(why.reason(), Some(&ConstraintViolationExceptionReason::OuDepthLimitExceeded));
    }
    let twin = refused!(client.create_organizational_unit().parent_id(&root).name("one"));
    assert_eq!(twin.0, "DuplicateOrganizationalUnitException");
    assert_eq!(refused!(client.create_organizational_unit().parent_id(nowhere).name("x")).0, "ParentNotFoundException");
    let long = "x".repeat(129);
    let (code, message) = refused!(client.create_organizational_unit().parent_id(&root).name(&long));
    assert_eq!(code, "InvalidInputException");
    assert!(message.starts_with("Invalid Name"), "{message}");
    let move_to =
        |from: &str, to: &str| client.move_account().account_id(&shop).source_parent_id(from).destination_parent_id(to);
    assert_eq!(refused!(move_to(&root, &root)).0, "DuplicateAccountException");
    assert_eq!(refused!(move_to(&root, nowhere)).0, "DestinationParentNotFoundException");
    assert_eq!(refused!(move_to(nowhere, &deepest)).0, "SourceParentNotFoundException");
    assert_eq!(refused!(move_to(&deepest, &before.units[0].id.to_string())).0, "SourceParentNotFoundException");
    let (code, message) = refused!(move_to("nonsense", &root));
    assert_eq!(code, "InvalidInputException");
    assert!(message.starts_with("Invalid SourceParentId: must be the id of a root"), "{message}");
    let unknown =
        client.move_account().account_id("999999999999").source_parent_id(&root).destination_parent_id(&deepest);
    assert_eq!(refused!(unknown).0, "AccountNotFoundException");
    assert_eq!(refused!(client.describe_account().account_id("999999999999")).0, "AccountNotFoundException");
    assert_eq!(refused!(client.list_parents().child_id(nowhere)).0, "ChildNotFoundException");
    assert_eq!(refused!(client.list_accounts_for_parent().parent_id(nowhere)).0, "ParentNotFoundException");
    let (code, message) = refused!(client.list_accounts().max_results(21));
    assert_eq!(
        (code.as_str(), message.as_str()),
        ("InvalidInputException", "Invalid MaxResults: 21 is not between 1 and 20")
    );
    let status = client.describe_create_account_status().create_account_request_id("car-00000000");
    assert_eq!(refused!(status).0, "CreateAccountStatusNotFoundException");
    for (name, email, field) in [("", "a@example.com", "AccountName"), ("a", "nowhere", "Invalid Email")] {
        let (code, message) = refused!(client.create_account().account_name(name).email(email));
        assert_eq!(code, "InvalidInputException");
        assert!(message.starts_with(field), "{message}");
    }
    assert_eq!(server.engine.tree().unwrap(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_is_taken_makes_a_request_fail_and_no_account() {
    let server = Server::start().await;
    let client = client(&server, ACCOUNT);
    account(&client, "shop").await;
    let asked = client.create_account().account_name("other").email("SHOP@example.com").send().await.unwrap();
    let status = asked.create_account_status().unwrap();
    assert_eq!(status.state(), Some(&CreateAccountState::Failed));
    assert_eq!(status.failure_reason(), Some(&CreateAccountFailureReason::EmailAlreadyExists));
    assert_eq!(status.account_id(), None);
    assert_eq!(client.list_accounts().send().await.unwrap().accounts().len(), 2);
    let failed = client.list_create_account_status().states(CreateAccountState::Failed).send().await.unwrap();
    let names: Vec<_> = failed.create_account_statuses().iter().filter_map(|status| status.account_name()).collect();
    assert_eq!(names, ["other"]);
    assert_eq!(client.list_create_account_status().send().await.unwrap().create_account_statuses().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_role_that_is_asked_for_is_the_one_by_which_the_management_account_enters() {
    let server = Server::start().await;
    let client = client(&server, ACCOUNT);
    let asked = client.create_account().account_name("shop").email("shop@example.com").role_name("Entrance");
    let asked = asked.send().await.unwrap();
    let account = asked.create_account_status().unwrap().account_id().unwrap();
    let caller = vaultdeck::engine::Caller {
        account: ACCOUNT.parse().unwrap(),
        region: REGION.parse().unwrap(),
        user_arn: format!("arn:aws:iam::{ACCOUNT}:user/test").parse().unwrap(),
        user_id: None,
        restore_roots: vaultdeck::engine::RestoreRoots::Any,
    };
    let role = |name: &str| format!("arn:aws:iam::{account}:role/{name}").parse().unwrap();
    assert!(server.engine.assume_role(&caller, &role("Entrance"), "test", None).is_ok());
    assert!(server.engine.assume_role(&caller, &role("OrganizationAccountAccessRole"), "test", None).is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_management_account_changes_the_organization_and_delegated_administrators_read_it() {
    let server = Server::start().await;
    let management = client(&server, ACCOUNT);
    let root = root(&management).await;
    let shop = account(&management, "shop").await;
    let backup = account(&management, "backup").await;
    let empty = unit(&management, &root, "empty").await;
    let member = client(&server, &shop);
    let denied = ("AccessDeniedException".to_owned(), "You don't have permissions to access this resource.".to_owned());
    assert_eq!(refused!(member.list_roots()), denied);
    assert_eq!(refused!(member.list_accounts()), denied);
    assert_eq!(refused!(member.describe_account().account_id(&shop)), denied);
    assert_eq!(refused!(member.list_delegated_administrators()), denied);
    assert_eq!(
        member.describe_organization().send().await.unwrap().organization().unwrap().master_account_id(),
        Some(ACCOUNT)
    );

    management.register_delegated_administrator().account_id(&backup).service_principal(BACKUP).send().await.unwrap();
    let delegated = client(&server, &backup);
    assert_eq!(delegated.list_accounts().send().await.unwrap().accounts().len(), 3);
    let listed = delegated.list_delegated_administrators().service_principal(BACKUP).send().await.unwrap();
    let [administrator] = listed.delegated_administrators() else { panic!("{listed:?}") };
    assert_eq!(administrator.id(), Some(backup.as_str()));
    assert!(administrator.delegation_enabled_date().is_some());
    let services = delegated.list_delegated_services_for_account().account_id(&backup).send().await.unwrap();
    assert_eq!(services.delegated_services()[0].service_principal(), Some(BACKUP));
    let services = delegated.list_aws_service_access_for_organization().send().await.unwrap();
    assert_eq!(services.enabled_service_principals()[0].service_principal(), Some(BACKUP));

    let before = server.engine.tree().unwrap();
    for other in [&member, &delegated] {
        assert_eq!(refused!(other.create_account().account_name("x").email("x@example.com")), denied);
        assert_eq!(refused!(other.create_organizational_unit().parent_id(&root).name("x")), denied);
        assert_eq!(refused!(other.update_organizational_unit().organizational_unit_id(&empty).name("x")), denied);
        assert_eq!(refused!(other.delete_organizational_unit().organizational_unit_id(&empty)), denied);
        let moved = other.move_account().account_id(&shop).source_parent_id(&root).destination_parent_id(&empty);
        assert_eq!(refused!(moved), denied);
        let registered = other.register_delegated_administrator().account_id(&shop).service_principal(BACKUP);
        assert_eq!(refused!(registered), denied);
        let deregistered = other.deregister_delegated_administrator().account_id(&backup).service_principal(BACKUP);
        assert_eq!(refused!(deregistered), denied);
    }
    assert_eq!(server.engine.tree().unwrap(), before);

    management.deregister_delegated_administrator().account_id(&backup).service_principal(BACKUP).send().await.unwrap();
    assert_eq!(refused!(delegated.list_accounts()), denied);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_can_administer_aws_backup_is_bounded() {
    let server = Server::start().await;
    let client = client(&server, ACCOUNT);
    let register = |account: &str, service: &str| {
        client.register_delegated_administrator().account_id(account).service_principal(service)
    };
    let mut members = Vec::new();
    for index in 0..6 {
        members.push(account(&client, &format!("member-{index}")).await);
    }
    assert_eq!(refused!(register(ACCOUNT, BACKUP)).0, "ConstraintViolationException");
    assert_eq!(refused!(register("999999999999", BACKUP)).0, "AccountNotFoundException");
    let (code, message) = refused!(register(&members[0], "config.amazonaws.com"));
    assert_eq!(code, "InvalidInputException");
    assert!(message.starts_with("Invalid ServicePrincipal"), "{message}");
    for member in &members[..5] {
        register(member, BACKUP).send().await.unwrap();
    }
    assert_eq!(refused!(register(&members[0], BACKUP)).0, "AccountAlreadyRegisteredException");
    assert_eq!(refused!(register(&members[5], BACKUP)).0, "ConstraintViolationException");
    let deregister = client.deregister_delegated_administrator().account_id(&members[5]).service_principal(BACKUP);
    assert_eq!(refused!(deregister).0, "AccountNotRegisteredException");
}
