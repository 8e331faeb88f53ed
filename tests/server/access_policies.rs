//! Access policies over the wire: no operation that names a vault, or a recovery point in it, forgets to ask.

use crate::harness::{Answer, REGION, Server, encoded, sign};
use aws_credential_types::Credentials;
use serde_json::{Value, json};
use std::time::{Duration, Instant, SystemTime};
use vaultdeck::domain::extension::{AddAccount, AddResource};
use vaultdeck::domain::policy::{Target, target_of};
use vaultdeck::domain::{Arn, Tags};
use vaultdeck::engine::{Caller, NewVault, RestoreRoots, StartBackup};

const OPERATIONS: &str = include_str!("operations.txt");
const MEMBER: &str = "210987654321";
const VAULT: &str = "arn:aws:backup:us-east-1:210987654321:backup-vault:guarded";
const ROLE: &str = "arn:aws:iam::210987654321:role/service-role/AWSBackupDefaultServiceRole";

/// A vault of a member account, with a recovery point, and three who call.
struct Scene {
    server: Server,
    point: String,
    resource: String,
    user: Credentials,
    session: Credentials,
    stranger: Credentials,
}

fn caller(server: &Server, account: &str) -> Caller {
    let request =
        vaultdeck::domain::extension::CredentialsRequest { account_id: Some(account.to_owned()), region: None };
    server.engine.credentials(request).unwrap();
    Caller {
        account: account.parse().unwrap(),
        region: REGION.parse().unwrap(),
        user_arn: format!("arn:aws:iam::{account}:user/vaultdeck").parse().unwrap(),
        user_id: None,
        restore_roots: RestoreRoots::Any,
    }
}

impl Scene {
    async fn new() -> Self {
        let server = Server::start().await;
        let engine = &server.engine;
        let member = AddAccount { account_id: Some(MEMBER.to_owned()), name: "member".to_owned(), email: None };
        engine.add_account(member).unwrap();
        let owner = caller(&server, MEMBER);
        engine.create_vault(&owner, &"guarded".parse().unwrap(), NewVault::default()).unwrap();
        let (_, path) = server.file_system("source", &[]);
        let resource = AddResource {
            resource_type: "EFS".to_owned(),
            name: "members".to_owned(),
            location: vaultdeck::domain::types::Location::at_path(path.to_str().unwrap()),
            secret: None,
            tags: Tags::new(),
            account_id: Some(MEMBER.to_owned()),
            region: None,
        };
        let resource = engine.add_resource(resource).unwrap().resource_arn;
        let request = StartBackup {
            vault_name: "guarded".to_owned(),
            resource_arn: resource.parse().unwrap(),
            iam_role_arn: ROLE.parse().unwrap(),
            idempotency_token: None,
            start_window_minutes: None,
            complete_window_minutes: None,
            lifecycle: None,
            recovery_point_tags: Tags::new(),
            backup_options: std::collections::BTreeMap::new(),
        };
        let job = engine.start_backup_job(&owner, request).unwrap();
        let begun = Instant::now();
        while !engine.describe_backup_job(&owner, &job.id).unwrap().state.is_final() {
            assert!(begun.elapsed() < Duration::from_secs(60), "the backup does not end");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let role: Arn = format!("arn:aws:iam::{MEMBER}:role/OrganizationAccountAccessRole").parse().unwrap();
        let keys = engine.assume_role(&caller(&server, "123456789012"), &role, "oncall", None).unwrap();
        let session = Credentials::new(
            keys.access_key_id,
            keys.secret_access_key.as_str(),
            Some(keys.session_token.to_string()),
            None,
            "session",
        );
        let (user, stranger) = (server.keys_of(Some(MEMBER)), server.keys());
        let point = job.recovery_point_arn.unwrap().to_string();
        Self { server, point, resource, user, session, stranger }
    }

    async fn call(&self, who: &Credentials, method: &str, path: &str, body: &str) -> Answer {
        let mut request = http::Request::builder().method(method).uri(format!("{}{path}", self.server.url));
        if !body.is_empty() {
            request = request.header("content-type", "application/json");
        }
        let request = request.body(bytes::Bytes::copy_from_slice(body.as_bytes())).unwrap();
        self.server.send(sign(request, who, "backup", SystemTime::now())).await
    }

    async fn put(&self, policy: &Value) {
        let body = json!({ "Policy": policy.to_string() }).to_string();
        let answer = self.call(&self.user, "PUT", "/backup-vaults/guarded/access-policy", &body).await;
        assert_eq!(answer.status(), 200, "{answer:?}");
    }

    async fn take_away(&self) {
        let answer = self.call(&self.user, "DELETE", "/backup-vaults/guarded/access-policy", "").await;
        assert_eq!(answer.status(), 200, "{answer:?}");
    }

    /// A request of an operation that would be carried out, but for a policy.
    fn request(&self, operation: &str, path: &str) -> (String, String) {
        let point = encoded(&self.point);
        let path = path
            .replace("{backupVaultName}", "guarded")
            .replace("{recoveryPointArn}", &point)
            .replace("{resourceArn}", &encoded(VAULT))
            .replace("{restoreAccessBackupVaultArn}", &encoded(VAULT));
        let of_point = format!("RecoveryPointArn={point}&BackupVaultName=guarded");
        let (query, body) = match operation {
            "GetRestoreTestingInferredMetadata" | "GetPITRMalwareScanResults" => (format!("?{of_point}"), Value::Null),
            "PutBackupVaultAccessPolicy" => (String::new(), json!({ "Policy": deny("backup:ListTags").to_string() })),
            "PutBackupVaultLockConfiguration" => (String::new(), json!({ "MinRetentionDays": 1 })),
            "PutBackupVaultNotifications" => (
                String::new(),
                json!({ "SNSTopicArn": "arn:aws:sns:us-east-1:210987654321:t", "BackupVaultEvents": ["BACKUP_JOB_COMPLETED"] }),
            ),
            "StartBackupJob" => (
                String::new(),
                json!({ "BackupVaultName": "guarded", "ResourceArn": self.resource, "IamRoleArn": ROLE }),
            ),
            "StartRestoreJob" => (
                String::new(),
                json!({ "RecoveryPointArn": self.point, "IamRoleArn": ROLE,
                        "Metadata": { "file-system-id": "fs-1", "newFileSystem": "true", "Encrypted": "false",
                                      "PerformanceMode": "generalPurpose", "CreationToken": "t" } }),
            ),
            "StartCopyJob" => (
                String::new(),
                json!({ "RecoveryPointArn": self.point, "SourceBackupVaultName": "guarded", "IamRoleArn": ROLE,
                        "DestinationBackupVaultArn": "arn:aws:backup:us-east-1:210987654321:backup-vault:Default" }),
            ),
            "TagResource" => (String::new(), json!({ "Tags": { "a": "b" } })),
            "UntagResource" => (String::new(), json!({ "TagKeyList": ["a"] })),
            "UpdateRecoveryPointLifecycle" => (String::new(), json!({ "Lifecycle": { "DeleteAfterDays": 400 } })),
            _ => (String::new(), Value::Null),
        };
        (format!("{path}{query}"), if body.is_null() { String::new() } else { body.to_string() })
    }
}

fn deny(action: &str) -> Value {
    json!({ "Version": "2012-10-17", "Statement": [
        { "Sid": "none", "Effect": "Deny", "Principal": "*", "Action": action, "Resource": "*" }
    ] })
}

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
        let Some(target) = target_of(&action).filter(|_| !MAKING.contains(&operation) && what != "refused") else {
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
