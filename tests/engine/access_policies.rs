//! Access policies of vaults, below the API: whom they bind, how long they last, and who can do what.

use crate::bench::{Bench, VAULT, assert_completed};
use crate::harness::{Harness, MANAGEMENT, MEMBER, caller, management, member};
use chrono::Duration;
use std::collections::BTreeMap;
use vaultdeck::domain::extension::Standing;
use vaultdeck::domain::vault_lock::LockRequest;
use vaultdeck::domain::{Arn, Lifecycle, ParentId};
use vaultdeck::engine::authorize::Principal;
use vaultdeck::engine::{Caller, Engine, ErrorKind, NewHold, NewVault};

const ROLE: &str = "arn:aws:iam::210987654321:role/OrganizationAccountAccessRole";
const USER: &str = "arn:aws:iam::210987654321:user/vaultdeck";

fn statement(effect: &str, action: &str, rest: &str) -> String {
    format!(r#"{{"Sid":"{effect}","Effect":"{effect}","Action":"{action}","Resource":"*",{rest}}}"#)
}

fn policy(statements: &[String]) -> String {
    format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, statements.join(","))
}

fn deny_all(action: &str) -> String {
    policy(&[statement("Deny", action, r#""Principal":"*""#)])
}

/// Who can, by principal.
fn who_can(engine: &Engine, vault: &Caller, action: &str) -> BTreeMap<String, Standing> {
    let standings = engine.who_can(&vault.scope(), &"Default".parse().unwrap(), action).unwrap().standings;
    standings.into_iter().map(|standing| (standing.principal.clone(), standing)).collect()
}

fn user(account: &str) -> Caller {
    let user_arn = format!("arn:aws:iam::{account}:user/vaultdeck").parse().unwrap();
    Caller { user_arn, ..caller(account, "us-east-1") }
}

#[test]
fn expiry_goes_on_in_a_vault_whose_policy_denies_deletion_to_everybody() {
    let bench = Bench::simulated();
    let resource = bench.resource("projects", &[]);
    let mut request = bench.backup_request(&resource);
    request.lifecycle = Some(Lifecycle::delete_after(1));
    let job = bench.engine().start_backup_job(&bench.caller, request).unwrap();
    assert_completed(&bench.wait(&job.id));
    let point = bench.points()[0].arn.clone();
    bench.engine().put_vault_access_policy(&bench.caller, VAULT, &deny_all("backup:DeleteRecoveryPoint")).unwrap();
    let refused = bench.engine().delete_recovery_point(&bench.caller, VAULT, &point).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::AccessDenied);
    bench.advance(Duration::hours(33));
    assert!(bench.points().is_empty());
}

#[test]
fn a_policy_outlives_a_restart_and_goes_with_its_vault() {
    let harness = Harness::new();
    harness.vault("safe");
    let text = deny_all("backup:DescribeBackupVault");
    harness.engine.put_vault_access_policy(&management(), "safe", &text).unwrap();
    let folder = harness.close();
    let engine = Engine::open(crate::harness::options(folder.path().join("data"))).unwrap();
    assert_eq!(engine.vault_access_policy(&management(), "safe").unwrap().1, text);
    assert_eq!(engine.describe_vault(&management(), "safe").unwrap_err().kind(), ErrorKind::AccessDenied);
    engine.delete_vault(&management(), "safe").unwrap();
    engine.create_vault(&management(), &"safe".parse().unwrap(), NewVault::default()).unwrap();
    assert!(engine.describe_vault(&management(), "safe").is_ok());
}

#[test]
fn a_vault_without_its_key_for_restic_is_refused_one_before_any_key_is_made() {
    let harness = Harness::new();
    harness.vault("safe");
    let keys = harness.folder.path().join("data/vaults/123456789012/us-east-1/safe/keys");
    let count = || std::fs::read_dir(&keys).unwrap().count();
    let before = count();
    let make = || harness.engine.make_recovery_key(&management().scope(), &"safe".parse().unwrap());
    harness.engine.put_vault_access_policy(&management(), "safe", &deny_all("vaultdeck:MakeRecoveryKey")).unwrap();
    assert_eq!(make().err().unwrap().kind(), ErrorKind::AccessDenied);
    assert_eq!(count(), before);
    harness.engine.delete_vault_access_policy(&management(), "safe").unwrap();
    make().unwrap();
    assert_eq!(count(), before + 1);
}

#[test]
fn who_can_names_everybody_who_is_known_and_what_decides() {
    let harness = Harness::with_member();
    let spared = format!(r#""Principal":"*","Condition":{{"ArnNotEquals":{{"aws:PrincipalArn":"{ROLE}"}}}}"#);
    let text = policy(&[statement("Deny", "backup:DeleteRecoveryPoint", &spared)]);
    harness.engine.put_vault_access_policy(&member(), "Default", &text).unwrap();
    let known = who_can(&harness.engine, &member(), "DeleteRecoveryPoint");
    let told: Vec<(&str, bool, &str)> =
        known.values().map(|one| (one.principal.as_str(), one.allowed, one.because.as_str())).collect();
    assert_eq!(
        told,
        [
            ("anybody else", false, "only the accounts of this organization can call this engine"),
            ("arn:aws:iam::123456789012:user/vaultdeck", false, "the vault is of another account"),
            (ROLE, true, "it is of the vault's account, and no statement of the access policy denies it"),
            (USER, false, "statement \"Deny\" of the access policy denies it"),
            ("the engine: expiry by lifecycle", true, "the engine does it by itself; policies do not bind it"),
        ]
    );
    assert!(known.values().all(|one| one.action == "backup:DeleteRecoveryPoint"));
    let unknown = harness.engine.who_can(&member().scope(), &"Default".parse().unwrap(), "Everything").unwrap_err();
    assert_eq!(unknown.kind(), ErrorKind::InvalidParameterValue);
}

#[test]
fn copies_from_another_account_come_in_by_the_policy_alone() {
    let harness = Harness::with_member();
    let role = Arn::default_role(&MANAGEMENT.parse().unwrap()).to_string();
    let standing = || who_can(&harness.engine, &member(), "backup:CopyIntoBackupVault").remove(&role).unwrap();
    let before = standing();
    assert_eq!(before.because, "the vault is of another account, and no statement of its access policy allows it");
    let organization = harness.engine.organization().unwrap().id;
    let condition =
        format!(r#""Principal":"*","Condition":{{"StringEquals":{{"aws:PrincipalOrgID":"{organization}"}}}}"#);
    let text = policy(&[statement("Allow", "backup:CopyIntoBackupVault", &condition)]);
    harness.engine.put_vault_access_policy(&member(), "Default", &text).unwrap();
    assert!(!before.allowed && standing().allowed);
    assert_eq!(standing().because, "statement \"Allow\" of the access policy allows it");
}

#[test]
fn a_policy_asks_in_which_unit_an_account_lies() {
    let harness = Harness::with_member();
    let role = Arn::default_role(&MANAGEMENT.parse().unwrap()).to_string();
    let tree = || harness.engine.tree().unwrap();
    let (organization, root) = (tree().organization, ParentId::Root(tree().root));
    let upper = ParentId::Unit(harness.engine.create_unit(Principal::Owner, &root, "upper").unwrap().id);
    let lower = ParentId::Unit(harness.engine.create_unit(Principal::Owner, &upper, "lower").unwrap().id);
    let may = |key: &str, path: &str| {
        let condition = format!(r#""Principal":"*","Condition":{{"ForAnyValue:StringLike":{{"{key}":"{path}"}}}}"#);
        let text = policy(&[statement("Allow", "backup:CopyIntoBackupVault", &condition)]);
        harness.engine.put_vault_access_policy(&member(), "Default", &text).unwrap();
        who_can(&harness.engine, &member(), "backup:CopyIntoBackupVault").remove(&role).unwrap().allowed
    };
    let above = format!("{organization}/{root}/");
    let [in_upper, in_lower] = [format!("{above}{upper}/"), format!("{above}{upper}/{lower}/")];
    let places = [above.clone(), in_upper.clone(), format!("{in_upper}*"), in_lower.clone()];
    let allowed = |key: &str| places.each_ref().map(|path| may(key, path));
    assert_eq!(allowed("aws:PrincipalOrgPaths"), [true, false, false, false], "the management account is at the root");
    let account = MANAGEMENT.parse().unwrap();
    harness.engine.move_account(Principal::Owner, &account, &root, &lower).unwrap();
    assert_eq!(allowed("aws:PrincipalOrgPaths"), [false, false, true, true]);
    assert_eq!(allowed("aws:ResourceOrgPaths"), [true, false, false, false], "the vault's account is at the root");
    harness.engine.move_account(Principal::Owner, &account, &lower, &upper).unwrap();
    assert_eq!(allowed("aws:PrincipalOrgPaths"), [false, true, true, false]);
    harness.engine.move_account(Principal::Owner, &MEMBER.parse().unwrap(), &root, &lower).unwrap();
    assert_eq!(allowed("aws:ResourceOrgPaths"), [false, false, true, true]);
}

/// What protects from everybody is part of the answer.
#[test]
fn who_can_tells_of_locks_and_holds() {
    let bench = Bench::simulated();
    let resource = bench.resource("projects", &[]);
    assert_completed(&bench.backup(&resource));
    let who = || {
        let told =
            bench.engine().who_can(&bench.caller.scope(), &VAULT.parse().unwrap(), "DeleteRecoveryPoint").unwrap();
        let user = told.standings.into_iter().find(|one| one.principal.ends_with("user/vaultdeck")).unwrap();
        (user.allowed, user.because)
    };
    assert!(who().0);
    let (title, description) = ("case 7".to_owned(), "an inquiry".to_owned());
    let hold =
        bench.engine().create_legal_hold(&bench.caller, NewHold { title, description, ..NewHold::default() }).unwrap();
    assert_eq!(who(), (false, "The recovery point cannot be deleted because it has active legal hold(s).".to_owned()));
    bench.engine().cancel_legal_hold(&bench.caller, &hold.summary.id, "settled", None).unwrap();
    assert!(who().0);
    let lock = LockRequest { min_retention_days: Some(1), max_retention_days: None, changeable_for_days: None };
    bench.engine().put_vault_lock(&bench.caller, VAULT, &lock).unwrap();
    let (allowed, because) = who();
    assert!(!allowed && because.contains("cannot be deleted") && because.contains("governance"), "{because}");
}

/// The answer is no second truth: what it says is what happens to whoever tries.
#[test]
fn what_who_can_says_is_what_happens() {
    let harness = Harness::with_member();
    let session = |who: &Caller| {
        let keys = harness.engine.assume_role(who, &ROLE.parse().unwrap(), "any-session", None).unwrap();
        Caller { user_arn: keys.assumed_role_arn, user_id: Some(keys.assumed_role_id), ..user(MEMBER) }
    };
    let (own, role, foreign) = (user(MEMBER), session(&user(MANAGEMENT)), user(MANAGEMENT));
    let role_id = role.user_id.clone().unwrap();
    let whom = [
        r#""Principal":"*""#.to_owned(),
        format!(r#""Principal":{{"AWS":"{USER}"}}"#),
        format!(r#""Principal":{{"AWS":"{ROLE}"}}"#),
        format!(r#""NotPrincipal":{{"AWS":["{USER}","{MEMBER}"]}}"#),
        format!(r#""Principal":{{"AWS":"{MANAGEMENT}"}}"#),
        format!(r#""Principal":"*","Condition":{{"StringNotEquals":{{"aws:userid":"{role_id}"}}}}"#),
    ];
    for whom in whom {
        let effects: &[&str] = if whom.starts_with(r#""NotPrincipal"#) { &["Deny"] } else { &["Deny", "Allow"] };
        for effect in effects {
            let statements: Vec<String> = ["DescribeBackupVault", "ListTags", "PutBackupVaultAccessPolicy"]
                .into_iter()
                .take(if whom.contains("\"*\"") { 2 } else { 3 })
                .map(|action| statement(effect, &format!("backup:{action}"), &whom).replacen(effect, action, 1))
                .collect();
            let vault = format!("vault{}", uuid::Uuid::new_v4().simple());
            harness.engine.create_vault(&own, &vault.parse().unwrap(), NewVault::default()).unwrap();
            let arn: Arn = format!("arn:aws:backup:us-east-1:{MEMBER}:backup-vault:{vault}").parse().unwrap();
            let text = policy(&statements);
            harness.engine.put_vault_access_policy(&own, &vault, &text).unwrap();
            for (who, principal) in
                [(&own, USER), (&role, ROLE), (&foreign, "arn:aws:iam::123456789012:user/vaultdeck")]
            {
                let says = |action: &str| {
                    let all = harness.engine.who_can(&own.scope(), &vault.parse().unwrap(), action).unwrap().standings;
                    all.into_iter().find(|one| one.principal == principal).unwrap().allowed
                };
                let described = harness.engine.describe_vault(who, vault.as_str()).is_ok();
                assert_eq!(says("DescribeBackupVault"), described, "{text}: {principal}");
                let listed = harness.engine.list_tags(who, &arn, &crate::harness::whole()).is_ok();
                assert_eq!(says("ListTags"), listed, "{text}: {principal}");
                let put = says("PutBackupVaultAccessPolicy");
                assert_eq!(
                    harness.engine.put_vault_access_policy(who, &vault, &text).is_ok(),
                    put,
                    "{text}: {principal}"
                );
            }
        }
    }
}
