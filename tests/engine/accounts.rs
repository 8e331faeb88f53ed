//! Accounts, roles, access keys and sessions: who may do what, as whom.

use crate::harness::{Harness, MANAGEMENT, MEMBER, add_request, caller, management, member, walk, whole};
use std::collections::BTreeSet;
use vaultdeck::domain::extension::{AddAccount, AddResource, AddRole, CredentialsRequest};
use vaultdeck::domain::names::JobId;
use vaultdeck::domain::{Arn, Tags};
use vaultdeck::engine::authorize::Principal;
use vaultdeck::engine::{BackupJobFilter, Caller, Engine, ErrorKind, Identity, Result, StartBackup, SummaryFilter};

fn role(account: &str, name: &str) -> Arn {
    format!("arn:aws:iam::{account}:role/{name}").parse().unwrap()
}

fn refusal(result: Result<Identity>) -> ErrorKind {
    match result {
        Ok(identity) => panic!("{} was let in", identity.user_arn),
        Err(error) => error.kind(),
    }
}

#[test]
fn an_account_is_born_with_its_vault_and_its_roles() {
    let harness = Harness::with_member();
    assert_eq!(harness.engine.describe_vault(&member(), "Default").unwrap().scope.account.as_str(), MEMBER);
    let roles = harness.engine.roles().unwrap().role_arns;
    assert!(roles.contains(&format!("arn:aws:iam::{MEMBER}:role/service-role/AWSBackupDefaultServiceRole")));
    let accounts = walk(1, |page| harness.engine.list_accounts(&management(), page));
    assert_eq!(accounts.iter().map(|account| account.id.as_str()).collect::<Vec<_>>(), [MANAGEMENT, MEMBER]);
}

#[test]
fn accounts_that_cannot_be_are_refused() {
    let harness = Harness::with_member();
    let add = |id: Option<&str>, name: &str, email: Option<&str>| {
        harness.engine.add_account(AddAccount {
            account_id: id.map(str::to_owned),
            name: name.to_owned(),
            email: email.map(str::to_owned),
        })
    };
    assert!(matches!(add(Some(MEMBER), "again", None).unwrap_err().kind(), ErrorKind::AlreadyExists { .. }));
    assert_eq!(add(Some("12"), "short", None).unwrap_err().to_string(), "Invalid AccountId: must be 12 digits");
    assert!(add(None, "", None).unwrap_err().to_string().starts_with("Invalid Name"));
    assert!(add(None, "fine", Some("nobody")).unwrap_err().to_string().starts_with("Invalid Email"));
    let drawn = add(None, "drawn", None).unwrap();
    assert_eq!((drawn.account_id.len(), drawn.email.as_str()), (12, "drawn@accounts.invalid"));
}

#[test]
fn only_the_management_account_lists_the_organization() {
    let harness = Harness::with_member();
    assert_eq!(harness.engine.list_accounts(&member(), &whole()).unwrap_err().kind(), ErrorKind::AccessDenied);
    let organization = harness.engine.organization().unwrap();
    assert_eq!(organization.management.id.as_str(), MANAGEMENT);
    assert!(organization.id.starts_with("o-") && organization.id.len() == 12, "{}", organization.id);
}

/// A backup job of an account, which waits for ever.
fn job_of(harness: &Harness, account: &str) -> JobId {
    let path = harness.folder.path().join(account);
    std::fs::create_dir_all(&path).unwrap();
    let request =
        AddResource { account_id: Some(account.to_owned()), ..add_request("projects", path.to_str().unwrap(), &[]) };
    let resource_arn: Arn = harness.engine.add_resource(request).unwrap().resource_arn.parse().unwrap();
    let request = StartBackup {
        vault_name: "Default".to_owned(),
        resource_arn,
        iam_role_arn: Arn::default_role(&account.parse().unwrap()),
        idempotency_token: None,
        start_window_minutes: None,
        complete_window_minutes: None,
        lifecycle: None,
        recovery_point_tags: Tags::new(),
        backup_options: [].into(),
        air_gapped_vault: None,
    };
    harness.engine.start_backup_job(&caller(account, "us-east-1"), request).unwrap().id
}

#[test]
fn the_management_account_and_delegated_administrators_see_the_jobs_of_all_and_a_member_only_its_own() {
    const OTHER: &str = "310987654321";
    let harness = Harness::with_member();
    let engine = &harness.engine;
    let request = AddAccount { account_id: Some(OTHER.to_owned()), name: "other".to_owned(), email: None };
    engine.add_account(request).unwrap();
    let jobs = [MANAGEMENT, MEMBER, OTHER].map(|account| job_of(&harness, account));
    let listed = |who: &Caller, account: Option<&str>| {
        let filter = BackupJobFilter { account_id: account.map(str::to_owned), ..BackupJobFilter::default() };
        let page = engine.list_backup_jobs(who, &filter, &whole()).map_err(|error| error.kind())?;
        let mut owners: Vec<String> = page.items.into_iter().map(|job| job.scope.account.into()).collect();
        owners.sort_unstable();
        Ok(owners)
    };
    let counted = |who: &Caller| {
        let filter = SummaryFilter { account_id: Some("ANY".to_owned()), ..SummaryFilter::default() };
        let page = engine.backup_job_summaries(who, &filter, &whole()).unwrap();
        let owners: BTreeSet<String> = page.items.into_iter().map(|row| row.account_id).collect();
        owners.len()
    };
    let described = |who: &Caller| jobs.each_ref().map(|id| engine.describe_backup_job(who, id).is_ok());
    let all = || Ok([MANAGEMENT, MEMBER, OTHER].map(str::to_owned).to_vec());
    let denied = || Err(ErrorKind::AccessDenied);

    assert_eq!(listed(&management(), None), Ok(vec![MANAGEMENT.to_owned()]));
    assert_eq!(listed(&management(), Some("*")), all());
    assert_eq!(listed(&management(), Some(MEMBER)), Ok(vec![MEMBER.to_owned()]));
    assert_eq!(listed(&management(), Some("12")), Err(ErrorKind::InvalidParameterValue));
    assert_eq!((counted(&management()), described(&management())), (3, [true; 3]));
    assert_eq!(listed(&member(), Some("*")), Ok(vec![MEMBER.to_owned()]));
    assert_eq!(listed(&member(), Some(OTHER)), denied());
    assert_eq!((counted(&member()), described(&member())), (1, [false, true, false]));

    let id = MEMBER.parse().unwrap();
    engine.register_delegated_administrator(Principal::Owner, &id).unwrap();
    assert_eq!(listed(&member(), None), Ok(vec![MEMBER.to_owned()]));
    assert_eq!(listed(&member(), Some("*")), all());
    assert_eq!(listed(&member(), Some(OTHER)), Ok(vec![OTHER.to_owned()]));
    assert_eq!((counted(&member()), described(&member())), (3, [true; 3]));
    let elsewhere = caller(MEMBER, "eu-west-1");
    assert_eq!(
        (listed(&elsewhere, Some("*")), described(&elsewhere)),
        (Ok(Vec::new()), [false; 3]),
        "region by region"
    );

    // To see is not to touch.
    let setting = [("isCrossAccountBackupEnabled".to_owned(), "true".to_owned())].into();
    assert_eq!(engine.update_global_settings(&member(), &setting).unwrap_err().kind(), ErrorKind::InvalidRequest);
    assert_eq!(engine.stop_backup_job(&member(), &jobs[2]).unwrap_err().kind(), ErrorKind::ResourceNotFound);

    engine.deregister_delegated_administrator(Principal::Owner, &id).unwrap();
    assert_eq!(listed(&member(), Some("*")), Ok(vec![MEMBER.to_owned()]));
    assert_eq!(listed(&member(), Some(OTHER)), denied());
}

#[test]
fn an_access_key_is_the_same_each_time_and_opens_its_account() {
    let harness = Harness::with_member();
    let request = CredentialsRequest { account_id: Some(MEMBER.to_owned()), region: Some("eu-west-1".to_owned()) };
    let first = harness.engine.credentials(request.clone()).unwrap();
    let again = harness.engine.credentials(request).unwrap();
    assert!(first == again, "the key changed");
    assert_eq!((first.account_id.as_str(), first.region.as_str()), (MEMBER, "eu-west-1"));
    assert_eq!((first.access_key_id.len(), first.secret_access_key.len()), (20, 40));
    let identity = harness.engine.authenticate(&first.access_key_id, None).unwrap();
    assert_eq!(identity.account.as_str(), MEMBER);
    assert_eq!(*identity.secret, first.secret_access_key);
    assert!(identity.user_id.starts_with("AIDA"));
}

#[test]
fn a_secret_is_not_in_the_catalog_in_the_clear() {
    let harness = Harness::new();
    let credentials = harness.engine.credentials(CredentialsRequest::default()).unwrap();
    let data = harness.folder.path().join("data");
    let _folder = harness.close();
    for name in ["catalog.sqlite", "catalog.sqlite-wal"] {
        let bytes = std::fs::read(data.join(name)).unwrap_or_default();
        let secret = credentials.secret_access_key.as_bytes();
        assert!(!bytes.windows(secret.len()).any(|window| window == secret), "{name}");
    }
}

#[test]
fn unknown_keys_and_tokens_that_are_not_theirs_are_not_recognized() {
    let harness = Harness::new();
    let key = harness.engine.credentials(CredentialsRequest::default()).unwrap().access_key_id;
    let kind = ErrorKind::UnrecognizedClient;
    assert_eq!(refusal(harness.engine.authenticate("AKIAAAAAAAAAAAAAAAAA", None)), kind);
    assert_eq!(refusal(harness.engine.authenticate(&key, Some("token"))), kind);
    let no_account = CredentialsRequest { account_id: Some("999999999999".to_owned()), region: None };
    let error = harness.engine.credentials(no_account).unwrap_err();
    assert!(error.to_string().contains("no account 999999999999"), "{error}");
}

#[test]
fn the_management_account_enters_a_member_by_its_access_role() {
    let harness = Harness::with_member();
    let access = role(MEMBER, "OrganizationAccountAccessRole");
    let session = harness.engine.assume_role(&management(), &access, "on-call", Some(900)).unwrap();
    assert!(session.access_key_id.starts_with("ASIA"));
    assert_eq!(
        session.assumed_role_arn.as_str(),
        format!("arn:aws:sts::{MEMBER}:assumed-role/OrganizationAccountAccessRole/on-call")
    );
    let left = (session.expiration - chrono::Utc::now()).num_seconds();
    assert!((890..=900).contains(&left), "{left}");
    let identity = harness.engine.authenticate(&session.access_key_id, Some(&session.session_token)).unwrap();
    assert_eq!(identity.account.as_str(), MEMBER);
    assert_eq!(*identity.secret, *session.secret_access_key);
    let kind = ErrorKind::UnrecognizedClient;
    assert_eq!(refusal(harness.engine.authenticate(&session.access_key_id, None)), kind);
    assert_eq!(refusal(harness.engine.authenticate(&session.access_key_id, Some("another"))), kind);
}

#[test]
fn nobody_else_assumes_a_role_and_no_role_that_trusts_aws_backup_is_entered() {
    let harness = Harness::with_member();
    let access = role(MEMBER, "OrganizationAccountAccessRole");
    let service = role(MEMBER, "service-role/AWSBackupDefaultServiceRole");
    for (who, role) in [(member(), &access), (management(), &service), (management(), &role(MEMBER, "none"))] {
        let Err(error) = harness.engine.assume_role(&who, role, "session", None) else { panic!("assumed {role}") };
        assert_eq!(error.kind(), ErrorKind::AccessDenied);
        assert_eq!(
            error.to_string(),
            format!("User: {} is not authorized to perform: sts:AssumeRole on resource: {role}", who.user_arn)
        );
    }
    for (name, duration, field) in
        [("x", None, "RoleSessionName"), ("a b", None, "RoleSessionName"), ("fine", Some(899), "DurationSeconds")]
    {
        let Err(error) = harness.engine.assume_role(&management(), &access, name, duration) else { panic!("{name}") };
        assert!(error.to_string().starts_with(&format!("Invalid {field}")), "{error}");
    }
}

#[test]
fn a_session_that_is_over_is_told_to_be_expired() {
    let harness = Harness::with_member();
    let access = role(MEMBER, "OrganizationAccountAccessRole");
    let session = harness.engine.assume_role(&management(), &access, "session", None).unwrap();
    let data = harness.folder.path().join("data");
    let _folder = harness.close();
    let connection = rusqlite::Connection::open(data.join("catalog.sqlite")).unwrap();
    connection.execute("UPDATE sessions SET expires = 0", []).unwrap();
    drop(connection);
    let engine = Engine::open(crate::harness::options(data)).unwrap();
    let kind = refusal(engine.authenticate(&session.access_key_id, Some(&session.session_token)));
    assert_eq!(kind, ErrorKind::ExpiredToken);
}

#[test]
fn roles_come_and_go() {
    let harness = Harness::with_member();
    let add = |arn: &str| harness.engine.add_role(AddRole { role_arn: arn.to_owned() });
    let mine = role(MEMBER, "backup/Nightly");
    add(mine.as_str()).unwrap();
    add(mine.as_str()).unwrap();
    assert!(harness.engine.roles().unwrap().role_arns.contains(&mine.to_string()));
    harness.engine.remove_role(&mine).unwrap();
    assert_eq!(harness.engine.remove_role(&mine).unwrap_err().kind(), ErrorKind::ResourceNotFound);
    for wrong in
        ["role", "arn:aws:iam::12:role/x", "arn:aws:iam::123456789012:user/x", "arn:aws:iam::123456789012:role/"]
    {
        assert!(add(wrong).unwrap_err().to_string().starts_with("Invalid RoleArn"), "{wrong}");
    }
    assert_eq!(add("arn:aws:iam::999999999999:role/x").unwrap_err().kind(), ErrorKind::ResourceNotFound);
    let entry = role(MEMBER, "OrganizationAccountAccessRole");
    assert_eq!(add(entry.as_str()).unwrap_err().kind(), ErrorKind::InvalidRequest);
}

#[test]
fn region_settings_are_all_on_until_turned_off_and_live_in_their_region() {
    let harness = Harness::new();
    let here = management();
    let one = |name: &str, value| [(name.to_owned(), value)].into();
    assert!(harness.engine.region_settings(&here).unwrap().opt_in.values().all(|on| *on));
    harness.engine.update_region_settings(&here, one("EFS", false), one("DynamoDB", true)).unwrap();
    let settings = harness.engine.region_settings(&here).unwrap();
    assert_eq!((settings.opt_in["EFS"], settings.opt_in["S3"]), (false, true));
    assert!(settings.management["DynamoDB"] && settings.management["EFS"]);
    for name in ["DynamoDB", "EFS"] {
        let error = harness.engine.update_region_settings(&here, [].into(), one(name, false)).unwrap_err();
        let expected = format!("ResourceTypeManagementPreference {name}=false is not supported by this engine yet");
        assert_eq!(error.to_string(), expected);
    }
    harness.engine.update_region_settings(&here, [].into(), one("EFS", true)).unwrap();
    assert!(harness.engine.region_settings(&caller(MANAGEMENT, "eu-west-1")).unwrap().opt_in["EFS"]);
    let error = harness.engine.update_region_settings(&here, one("EFSS", true), [].into()).unwrap_err();
    assert!(error.to_string().starts_with("Invalid ResourceTypeOptInPreference: \"EFSS\""), "{error}");
    let global = harness.engine.global_settings(&here).unwrap().settings;
    assert_eq!(global["isCrossAccountBackupEnabled"], "false");
}
