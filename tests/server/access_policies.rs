//! Access policies over the wire: no operation that names a vault, or a recovery point in it, forgets to ask.

use crate::harness::encoded;
use crate::scene::{Scene, VAULT, deny};
use serde_json::{Value, json};
use vaultdeck::domain::policy::{Target, target_of};

const OPERATIONS: &str = include_str!("operations.txt");

fn explicit(who: &str, action: &str, resource: &str) -> (u16, String, String) {
    let message = format!(
        "User: {who} is not authorized to perform: {action} on resource: {resource} with an explicit deny in a \
         resource-based policy"
    );
    (403, "AccessDeniedException".to_owned(), message)
}

/// Those that make a vault: it has no policy before it is there.
const MAKING: [&str; 3] =
    ["CreateBackupVault", "CreateLogicallyAirGappedBackupVault", "CreateRestoreAccessBackupVault"];

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_on_a_vault_or_its_points_is_refused_to_whom_the_policy_denies_it() {
    let scene = Scene::new().await;
    let mut asked = 0;
    for line in OPERATIONS.lines() {
        let fields: Vec<&str> = line.split(' ').collect();
        let [operation, method, path, _, what, _] = fields[..] else { panic!("{line}") };
        let action = format!("backup:{operation}");
        let names_vault = ["{backupVaultName}", "{recoveryPointArn}"].iter().any(|variable| path.contains(variable));
        assert!(!names_vault || target_of(&action).is_some(), "no policy can speak of {operation}");
        let Some(target) =
            target_of(&action).filter(|_| !MAKING.contains(&operation) && what != "refused" && what != "approval")
        else {
            continue;
        };
        let (path, body) = scene.request(operation, path);
        let resource = if target == Target::RecoveryPoint { scene.point.as_str() } else { VAULT };
        let before = scene.call(&scene.stranger, method, &path, &body).await.error();
        scene.put(&deny(&action)).await;
        for (keys, who) in [
            (&scene.user, "arn:aws:iam::210987654321:user/vaultdeck"),
            (&scene.session, "arn:aws:sts::210987654321:assumed-role/OrganizationAccountAccessRole/oncall"),
        ] {
            let answer = scene.call(keys, method, &path, &body).await;
            assert_eq!(answer.error(), explicit(who, &action, resource), "{operation}");
        }
        let after = scene.call(&scene.stranger, method, &path, &body).await.error();
        assert_eq!(after, before, "{operation}: another account learns nothing of the policy");
        if operation == "DeleteBackupVaultAccessPolicy" {
            scene.put(&deny("backup:ListTags")).await;
        }
        scene.take_away().await;
        asked += 1;
    }
    assert!(asked >= 18, "only {asked} operations were asked");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_files_of_a_point_are_not_listed_to_whom_the_policy_denies_it() {
    let scene = Scene::new().await;
    let path = format!("/_vaultdeck/recovery-points/{}/items", encoded(&scene.point));
    assert_eq!(scene.call(&scene.user, "GET", &path, "").await.status(), 200);
    scene.put(&deny("vaultdeck:ListRecoveryPointItems")).await;
    let who = "arn:aws:iam::210987654321:user/vaultdeck";
    let expected = explicit(who, "vaultdeck:ListRecoveryPointItems", &scene.point);
    assert_eq!(scene.call(&scene.user, "GET", &path, "").await.error(), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_may_be_spared_and_an_allow_gives_other_accounts_nothing_but_copies() {
    let scene = Scene::new().await;
    let spared = "arn:aws:iam::210987654321:role/OrganizationAccountAccessRole";
    scene
        .put(&json!({ "Version": "2012-10-17", "Statement": [
            { "Effect": "Deny", "Principal": "*", "Action": "backup:DeleteRecoveryPoint", "Resource": "*",
              "Condition": { "ArnNotEquals": { "aws:PrincipalArn": spared } } },
            { "Effect": "Allow", "Principal": "*", "Resource": "*",
              "Action": ["backup:DescribeBackupVault", "backup:DeleteRecoveryPoint", "backup:CopyIntoBackupVault"] },
        ] }))
        .await;
    let path = format!("/backup-vaults/guarded/recovery-points/{}", encoded(&scene.point));
    assert_eq!(scene.call(&scene.user, "DELETE", &path, "").await.status(), 403);
    assert_eq!(
        scene.call(&scene.stranger, "DELETE", &path, "").await.status(),
        400,
        "no such point, to another account"
    );
    assert_eq!(scene.call(&scene.stranger, "GET", "/backup-vaults/guarded", "").await.status(), 403);
    assert_eq!(scene.call(&scene.session, "DELETE", &path, "").await.status(), 200);
    assert_eq!(scene.call(&scene.session, "GET", &path, "").await.status(), 400, "it is gone");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_is_given_back_as_it_was_put_and_a_bad_one_changes_nothing() {
    let scene = Scene::new().await;
    let path = "/backup-vaults/guarded/access-policy";
    let get = async || scene.call(&scene.user, "GET", path, "").await;
    let none = format!("Backup Vault {VAULT} has no associated POLICY");
    assert_eq!(get().await.error(), (400, "ResourceNotFoundException".to_owned(), none));
    let text = "{ \"Statement\" :\n {\"Resource\":\"*\",\"Effect\":\"Deny\", \"Principal\":\"*\",\t\"Action\":\"backup:listtags\"}}\n";
    let put = async |text: &str| scene.call(&scene.user, "PUT", path, &json!({ "Policy": text }).to_string()).await;
    assert_eq!(put(text).await.status(), 200);
    let got = get().await.json();
    assert_eq!(got, json!({ "BackupVaultName": "guarded", "BackupVaultArn": VAULT, "Policy": text }));
    let statement = |element: &str, value: Value| {
        let mut policy = deny("backup:ListTags");
        policy["Statement"][0][element] = value;
        policy.to_string()
    };
    for (bad, expected) in [
        (statement("Action", json!("backup:Nothing")), "Invalid Policy.Statement[0].Action: backup:Nothing: it is not"),
        (statement("Action", json!("backup:*")), "wildcards are not supported in actions"),
        (statement("Principal", json!({})), "Invalid Policy.Statement[0].Principal: it must name"),
        (statement("Principal", json!({ "AWS": "999999999999" })), "there is no account 999999999999"),
        (
            statement("Principal", json!({ "AWS": "arn:aws:iam::210987654321:role/Nobody" })),
            "Invalid Policy.Statement[0].Principal: invalid principal in policy: there is no arn:aws:iam",
        ),
        (
            statement("Condition", json!({ "IpAddress": { "aws:SourceIp": "10.0.0.0/8" } })),
            "Invalid Policy.Statement[0].Condition: this engine does not know aws:SourceIp",
        ),
        ("x".repeat(40 * 1024), "Invalid Policy: a policy has at most 20480 bytes"),
        (r#"{"Statement":{},"Statement":{}}"#.to_owned(), "the key \"Statement\" is there twice"),
    ] {
        let (status, code, message) = put(&bad).await.error();
        assert_eq!((status, code.as_str()), (400, "InvalidParameterValueException"), "{message}");
        assert!(message.contains(expected), "{message}");
    }
    assert_eq!(get().await.json(), got);
    let missing = scene.call(&scene.user, "PUT", path, "{}").await.error();
    assert_eq!((missing.1.as_str(), missing.2.as_str()), ("MissingParameterValueException", "Policy is required"));
    for method in ["PUT", "GET", "DELETE"] {
        let body = if method == "PUT" { json!({ "Policy": text }).to_string() } else { String::new() };
        let answer = scene.call(&scene.user, method, "/backup-vaults/nope/access-policy", &body).await;
        let expected = "Insufficient privileges to perform this action.".to_owned();
        assert_eq!(answer.error(), (403, "AccessDeniedException".to_owned(), expected), "{method}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_that_nobody_can_change_again_is_taken_and_stays() {
    let scene = Scene::new().await;
    let mut locked = deny("backup:PutBackupVaultAccessPolicy");
    locked["Statement"][0]["Action"] =
        json!(["backup:PutBackupVaultAccessPolicy", "backup:DeleteBackupVaultAccessPolicy"]);
    scene.put(&locked).await;
    let path = "/backup-vaults/guarded/access-policy";
    let body = json!({ "Policy": deny("backup:ListTags").to_string() }).to_string();
    for keys in [&scene.user, &scene.session] {
        assert_eq!(scene.call(keys, "PUT", path, &body).await.status(), 403);
        assert_eq!(scene.call(keys, "DELETE", path, "").await.status(), 403);
    }
    assert_eq!(scene.call(&scene.user, "GET", path, "").await.json()["Policy"], locked.to_string());
}
