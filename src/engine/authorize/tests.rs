use super::action::{self, *};
use super::subject::*;
use super::*;
use crate::domain::legal_hold::{HoldSelection, HoldStatus, HoldSummary, LegalHold};
use crate::domain::policy::Identity;
use crate::domain::recovery_point::{RecoveryPoint, RecoveryPointStatus};
use crate::domain::vault::Vault;
use crate::domain::{AccountId, Arn, CalculatedLifecycle, Scope};
use crate::engine::caller::{Caller, RestoreRoots};
use crate::engine::catalog::{migrations, state};
use std::collections::BTreeSet;

pub(super) const MANAGEMENT: &str = "123456789012";
pub(super) const MEMBER: &str = "210987654321";

pub(super) fn scope(account: &str, region: &str) -> Scope {
    Scope::new(account.parse().unwrap(), region.parse().unwrap())
}

pub(super) fn caller(account: &str, region: &str) -> Caller {
    let Scope { account, region } = scope(account, region);
    let user_arn = format!("arn:aws:iam::{account}:user/test").parse().unwrap();
    Caller { account, region, user_arn, user_id: None, restore_roots: RestoreRoots::Any }
}

fn asked<A: Action>(principal: Principal<'_>, action: A, on: &A::On<'_>) -> std::result::Result<String, String> {
    asked_under(None, principal, action, on)
}

/// A catalog in which a row needs no other.
pub(super) fn empty_catalog() -> Connection {
    let mut connection = Connection::open_in_memory().unwrap();
    migrations::run(&mut connection, std::path::Path::new("c"), &migrations::ALL).unwrap();
    connection.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
    state::set(&connection, state::ORGANIZATION_ID, "o-abcdefghij").unwrap();
    connection
}

/// The same where the vault `safe` of `scope(MEMBER, "us-east-1")` has an access policy.
fn asked_under<A: Action>(
    policy: Option<&str>,
    principal: Principal<'_>,
    action: A,
    on: &A::On<'_>,
) -> std::result::Result<String, String> {
    let connection = empty_catalog();
    let vault = vault(&scope(MEMBER, "us-east-1"), "safe", 0).arn;
    if let Some(policy) = policy {
        connection.execute("INSERT INTO vault_access_policies VALUES (?1, 1, ?2)", [vault.as_str(), policy]).unwrap();
    }
    let permit = authorize(&connection, principal, action, on).map_err(|refused| refused.to_string())?;
    Ok(permit.on().to_owned())
}

pub(super) fn vault(scope: &Scope, name: &str, recovery_points: i64) -> Vault {
    Vault {
        arn: Arn::vault(scope, &name.parse().unwrap()),
        scope: scope.clone(),
        name: name.to_owned(),
        vault_type: crate::domain::vault::VaultType::Standard,
        encryption_key_arn: None,
        created: None,
        creator_request_id: None,
        recovery_points,
        lock: None,
    }
}

pub(super) fn point(scope: &Scope, status: RecoveryPointStatus) -> RecoveryPoint {
    let vault = vault(scope, "safe", 1);
    RecoveryPoint {
        arn: Arn::recovery_point(scope, "p"),
        scope: scope.clone(),
        vault_name: vault.name,
        vault_arn: vault.arn,
        vault_type: crate::domain::vault::VaultType::Standard,
        source_vault_arn: None,
        resource_arn: Arn::file_system(scope, "fs-1"),
        resource_name: None,
        resource_type: crate::domain::types::efs::FACTS.resource_type(),
        created_by: None,
        iam_role_arn: None,
        status,
        status_message: None,
        created: "2026-11-23T05:00:00Z".parse().unwrap(),
        initiated: None,
        completed: None,
        size_bytes: None,
        lifecycle: None,
        calculated_lifecycle: CalculatedLifecycle::default(),
        encryption_key_arn: None,
        encrypted: true,
        last_restore: None,
        storage_class: None,
        held: false,
        nesting: crate::domain::Nesting::Alone,
    }
}

fn hold(scope: &Scope, status: HoldStatus) -> LegalHold {
    LegalHold {
        summary: HoldSummary {
            id: "h".to_owned(),
            arn: Arn::legal_hold(scope, "h"),
            scope: scope.clone(),
            title: "title".to_owned(),
            description: "description".to_owned(),
            status,
            created: None,
            cancelled: None,
        },
        selection: HoldSelection::default(),
        cancel_description: None,
        retain_record_until: None,
    }
}

/// Everybody who can ask, with whether the boundary of `scope(MEMBER, "us-east-1")` lets them through.
fn everybody() -> Vec<(Caller, bool)> {
    vec![
        (caller(MEMBER, "us-east-1"), true),
        (caller(MEMBER, "eu-central-1"), false),
        // The management account sees a member's jobs and yet changes nothing in it but by a role.
        (caller(MANAGEMENT, "us-east-1"), false),
    ]
}

#[test]
fn only_who_owns_a_thing_in_its_region_acts_on_it_and_nobody_else_learns_that_it_is_there() {
    let own = scope(MEMBER, "us-east-1");
    let full = vault(&own, "safe", 0);
    let whole = point(&own, RecoveryPointStatus::Completed);
    for (caller, own) in everybody() {
        let missing = VaultToDelete { name: "safe", found: None, is_written_into: false };
        let there = VaultToDelete { name: "safe", found: Some(&full), is_written_into: false };
        let answer = asked((&caller).into(), DeleteBackupVault, &there);
        if own {
            assert_eq!(answer.unwrap(), full.arn.to_string());
        } else {
            assert_eq!(answer, asked((&caller).into(), DeleteBackupVault, &missing));
        }
        let there = PointNamed { arn: &whole.arn, found: Some(&whole) };
        let gone = PointNamed { found: None, ..there };
        let answer = asked((&caller).into(), DeleteRecoveryPoint, &PointToDelete(there));
        if own {
            assert_eq!(answer.unwrap(), whole.arn.to_string());
        } else {
            assert_eq!(answer, asked((&caller).into(), DeleteRecoveryPoint, &PointToDelete(gone)));
        }
    }
}

#[test]
fn no_caller_acts_on_what_is_the_data_directorys() {
    for account in [MANAGEMENT, MEMBER] {
        let caller = caller(account, "us-east-1");
        assert!(asked((&caller).into(), action::AddAccount, &Anything("1")).is_err());
        assert!(asked((&caller).into(), EraseRecoveryPoint, &Anything("1")).is_err());
    }
    assert!(asked(Principal::Owner, action::AddAccount, &Anything("1")).is_ok());
    assert!(asked(Doing::Deletion.into(), EraseRecoveryPoint, &Anything("1")).is_ok());
}

#[test]
fn what_protects_a_thing_binds_everybody_the_engine_as_well() {
    let own = scope(MEMBER, "us-east-1");
    let caller = caller(MEMBER, "us-east-1");
    let everybody = [Principal::Caller(&caller), Principal::Owner, Doing::Expiry.into()];
    let making = point(&own, RecoveryPointStatus::Creating);
    let full = vault(&own, "safe", 1);
    let empty = vault(&own, "safe", 0);
    let default = vault(&own, "Default", 0);
    for principal in everybody {
        let named = PointNamed { arn: &making.arn, found: Some(&making) };
        assert!(asked(principal, DeleteRecoveryPoint, &PointToDelete(named)).unwrap_err().contains("state CREATING"));
        let refused = |name, found, is_written_into| {
            asked(principal, DeleteBackupVault, &VaultToDelete { name, found: Some(found), is_written_into })
        };
        assert!(refused("safe", &full, false).unwrap_err().contains("contains recovery points"));
        assert!(refused("safe", &empty, true).unwrap_err().contains("a backup job is writing into it"));
        assert!(refused("Default", &default, false).unwrap_err().contains("The default backup vault"));
        assert!(refused("safe", &empty, false).is_ok());
    }
}

#[test]
fn a_point_is_deleted_changed_and_restored_in_just_the_states_that_allow_it() {
    use RecoveryPointStatus as Status;
    let own = scope(MEMBER, "us-east-1");
    for (status, deletes, is_whole) in [
        (Status::Completed, true, true),
        (Status::Partial, true, true),
        (Status::Deleting, true, false),
        (Status::Expired, true, false),
        (Status::Creating, false, false),
    ] {
        let point = point(&own, status);
        let named = PointNamed { arn: &point.arn, found: Some(&point) };
        assert_eq!(asked(Principal::Owner, DeleteRecoveryPoint, &PointToDelete(named)).is_ok(), deletes, "{point:?}");
        let change = asked(Principal::Owner, UpdateRecoveryPointLifecycle, &PointToChange(named));
        assert_eq!(change.is_ok(), is_whole, "{point:?}");
        assert_eq!(asked(Principal::Owner, StartRestoreJob, &PointToRestore(named)).is_ok(), is_whole, "{point:?}");
    }
}

#[test]
fn a_held_point_is_deleted_by_nobody_and_a_hold_is_released_once_by_its_own_account() {
    let own = scope(MEMBER, "us-east-1");
    let caller = caller(MEMBER, "us-east-1");
    for held in [true, false] {
        let point = RecoveryPoint { held, ..point(&own, RecoveryPointStatus::Completed) };
        let named = PointNamed { arn: &point.arn, found: Some(&point) };
        for principal in [Principal::Caller(&caller), Principal::Owner, Doing::Expiry.into()] {
            let answer = asked(principal, DeleteRecoveryPoint, &PointToDelete(named));
            assert_eq!(answer.as_ref().is_err_and(|refused| refused.contains("active legal hold")), held, "{answer:?}");
            assert!(asked(principal, UpdateRecoveryPointLifecycle, &PointToChange(named)).is_ok());
        }
    }
    for (status, told) in [(HoldStatus::Active, None), (HoldStatus::Canceled, Some("state CANCELED"))] {
        let hold = hold(&own, status);
        for (caller, own) in everybody() {
            let answer = asked((&caller).into(), CancelLegalHold, &HoldToCancel { id: "h", found: Some(&hold) });
            let missing = asked((&caller).into(), CancelLegalHold, &HoldToCancel { id: "h", found: None });
            match (own, told) {
                (true, None) => assert_eq!(answer.unwrap(), hold.summary.arn.to_string()),
                (true, Some(told)) => assert!(answer.unwrap_err().contains(told)),
                (false, _) => assert_eq!(answer, missing),
            }
        }
    }
}

#[test]
fn a_role_is_passed_by_its_own_account_and_assumed_by_the_management_account() {
    let account: AccountId = MEMBER.parse().unwrap();
    let role: Arn = format!("arn:aws:iam::{MEMBER}:role/r").parse().unwrap();
    for (from, trusts, passes, assumes) in
        [(MEMBER, true, true, false), (MANAGEMENT, true, false, true), (MEMBER, false, false, false)]
    {
        let caller = caller(from, "us-east-1");
        let to_pass = RoleToPass { arn: role.as_str(), account: &account, trusts_backup: trusts };
        assert_eq!(asked((&caller).into(), PassRole, &to_pass).is_ok(), passes);
        let to_assume = RoleToAssume { arn: &role, user: &caller.user_arn, trusts_management: trusts };
        let answer = asked((&caller).into(), AssumeRole, &to_assume);
        assert_eq!(answer.is_ok(), assumes);
        assert!(answer.is_ok() || answer.unwrap_err().contains("is not authorized to perform: sts:AssumeRole"));
    }
    // The engine's own jobs too run under a role of the account that they are of.
    let other: AccountId = MANAGEMENT.parse().unwrap();
    let foreign = RoleToPass { arn: role.as_str(), account: &other, trusts_backup: true };
    assert!(asked(Doing::Schedule.into(), PassRole, &foreign).is_err());
}

#[test]
fn actions_have_the_names_that_policies_use_each_its_own() {
    let services = ["backup", "iam", "kms", "organizations", "ram", "sts", "vaultdeck"];
    for name in action::NAMES {
        let (service, operation) = name.split_once(':').unwrap();
        assert!(services.contains(&service) && operation.chars().all(|c| c.is_ascii_alphabetic()), "{name}");
    }
    assert_eq!(action::NAMES.iter().collect::<BTreeSet<_>>().len(), action::NAMES.len());
}

fn policy(effect: &str, action: &str, rest: &str) -> String {
    format!(r#"{{"Statement":{{"Effect":"{effect}","Action":"{action}","Resource":"*",{rest}}}}}"#)
}

#[test]
fn a_vaults_policy_binds_callers_and_the_directorys_owner_but_not_what_the_engine_does_by_itself() {
    let own = scope(MEMBER, "us-east-1");
    let caller = caller(MEMBER, "us-east-1");
    let whole = point(&own, RecoveryPointStatus::Completed);
    let to_delete = PointToDelete(PointNamed { arn: &whole.arn, found: Some(&whole) });
    let denies = policy("Deny", "backup:DeleteRecoveryPoint", r#""Principal":"*""#);
    let refused = asked_under(Some(&denies), (&caller).into(), DeleteRecoveryPoint, &to_delete).unwrap_err();
    let expected = format!(
        "User: arn:aws:iam::{MEMBER}:user/test is not authorized to perform: backup:DeleteRecoveryPoint on resource: {} \
         with an explicit deny in a resource-based policy",
        whole.arn
    );
    assert_eq!(refused, expected);
    assert!(asked_under(Some(&denies), Doing::Expiry.into(), DeleteRecoveryPoint, &to_delete).is_ok());
    assert!(asked_under(Some(&denies), (&caller).into(), DescribeRecoveryPoint, &PointToRead(to_delete.0)).is_ok());

    let arn = vault(&own, "safe", 0).arn;
    let denies = policy("Deny", "vaultdeck:MakeRecoveryKey", &format!(r#""Principal":{{"AWS":"{MEMBER}"}}"#));
    let refused = asked_under(Some(&denies), Principal::Owner, MakeRecoveryKey, &VaultKey(&arn)).unwrap_err();
    assert!(refused.contains(&format!("arn:aws:iam::{MEMBER}:root is not authorized")), "{refused}");
    assert!(asked(Principal::Owner, MakeRecoveryKey, &VaultKey(&arn)).is_ok());
}

#[test]
fn across_accounts_nothing_is_allowed_but_copies_into_the_vault_and_those_by_its_policy_alone() {
    let own = scope(MEMBER, "us-east-1");
    let safe = vault(&own, "safe", 0);
    let into = VaultNamed { arn: &safe.arn, scope: Some(&own) };
    let role = Arn::default_role(&MANAGEMENT.parse().unwrap());
    let stranger = Principal::Role(&role);
    let refused = asked(stranger, CopyIntoBackupVault, &into).unwrap_err();
    assert!(
        refused.ends_with("because no resource-based policy allows the backup:CopyIntoBackupVault action"),
        "{refused}"
    );
    let to_all = r#""Principal":"*""#;
    let allows = policy("Allow", "backup:CopyIntoBackupVault", to_all);
    assert!(asked_under(Some(&allows), stranger, CopyIntoBackupVault, &into).is_ok());
    let denies = policy("Deny", "backup:CopyIntoBackupVault", to_all);
    assert!(asked_under(Some(&denies), stranger, CopyIntoBackupVault, &into).unwrap_err().contains("explicit deny"));
    let others = policy("Allow", "backup:StartBackupJob", to_all);
    let expected = asked(stranger, StartBackupJob, &VaultNamed { scope: None, ..into }).unwrap_err();
    assert_eq!(asked_under(Some(&others), stranger, StartBackupJob, &into).unwrap_err(), expected);
    // Within the account no policy is needed, from whatever region.
    let role = Arn::default_role(&MEMBER.parse().unwrap());
    assert!(asked(Principal::Role(&role), CopyIntoBackupVault, &into).is_ok());
    let foreign = policy("Allow", "backup:CopyIntoBackupVault", r#""Principal":{"AWS":"999999999999"}"#);
    assert!(asked_under(Some(&foreign), stranger, CopyIntoBackupVault, &into).is_err());
}

#[test]
fn what_a_policy_asks_of_whoever_asks_is_known() {
    let own = scope(MEMBER, "us-east-1");
    let safe = vault(&own, "safe", 0);
    let session: Arn = format!("arn:aws:sts::{MEMBER}:assumed-role/Oncall/night").parse().unwrap();
    let user = caller(MEMBER, "us-east-1");
    let user = Caller { user_id: Some("AIDA1".to_owned()), ..user };
    let night = Caller { user_arn: session, user_id: Some("AROA1:night".to_owned()), ..user.clone() };
    for (condition, of_user, of_session) in [
        (format!(r#"{{"ArnEquals":{{"aws:PrincipalArn":"arn:aws:iam::{MEMBER}:role/Oncall"}}}}"#), false, true),
        (r#"{"StringLike":{"aws:userId":"AROA1:*"}}"#.to_owned(), false, true),
        (r#"{"StringEquals":{"aws:username":"test"}}"#.to_owned(), true, false),
        (r#"{"StringEquals":{"aws:PrincipalType":"AssumedRole"}}"#.to_owned(), false, true),
        (r#"{"StringEquals":{"aws:ResourceAccount":"${aws:PrincipalAccount}"}}"#.to_owned(), true, true),
        (r#"{"Bool":{"aws:PrincipalIsAWSService":"true"}}"#.to_owned(), false, false),
        (r#"{"Null":{"backup:MinRetentionDays":"false"}}"#.to_owned(), false, false),
    ] {
        let denies =
            policy("Deny", "backup:DescribeBackupVault", &format!(r#""Principal":"*","Condition":{condition}"#));
        let denies = denies.replacen('{', r#"{"Version":"2012-10-17","#, 1);
        for (who, denied) in [(&user, of_user), (&night, of_session)] {
            let answer =
                asked_under(Some(&denies), who.into(), DescribeBackupVault, &VaultFound { found: Some(&safe) });
            assert_eq!(answer.is_err(), denied, "{condition}: {answer:?}");
        }
    }
}

#[test]
fn a_policy_that_cannot_be_read_lets_nobody_through() {
    let own = scope(MEMBER, "us-east-1");
    let safe = vault(&own, "safe", 0);
    let caller = caller(MEMBER, "us-east-1");
    let answer = asked_under(Some("{"), (&caller).into(), DescribeBackupVault, &VaultFound { found: Some(&safe) });
    assert!(answer.unwrap_err().contains("cannot be read any more"));
}

#[test]
fn a_role_that_cannot_be_read_is_its_own_accounts_root_and_not_the_vaults() {
    let role: Arn = format!("arn:aws:iam::{MEMBER}:group/odd").parse().unwrap();
    let (own, vaults): (AccountId, AccountId) = (MEMBER.parse().unwrap(), MANAGEMENT.parse().unwrap());
    assert_eq!(Principal::Role(&role).identity(&vaults), Some(Identity::root(&own)));
}
