//! A vault of a member account with a recovery point, and those who call.

use crate::harness::{Answer, REGION, Server, encoded, sign};
use aws_credential_types::Credentials;
use serde_json::{Value, json};
use std::time::{Duration, Instant, SystemTime};
use vaultdeck::domain::extension::{AddAccount, AddResource, CredentialsRequest};
use vaultdeck::domain::{Arn, Tags};
use vaultdeck::engine::authorize::Principal;
use vaultdeck::engine::{Caller, ClockKind, NewVault, RestoreRoots, StartBackup};

/// The account of the vault.
pub const MEMBER: &str = "210987654321";
/// The account that is delegated administrator of AWS Backup.
const DELEGATE: &str = "310987654321";
/// The vault.
pub const VAULT: &str = "arn:aws:backup:us-east-1:210987654321:backup-vault:guarded";
/// The role of its account's backups.
pub const ROLE: &str = "arn:aws:iam::210987654321:role/service-role/AWSBackupDefaultServiceRole";

/// A vault of a member account, with a recovery point, and those who call.
pub struct Scene {
    pub server: Server,
    pub point: String,
    pub resource: String,
    pub user: Credentials,
    pub session: Credentials,
    pub stranger: Credentials,
    pub delegate: Credentials,
}

/// The user of an account.
pub fn caller(server: &Server, account: &str) -> Caller {
    let request = CredentialsRequest { account_id: Some(account.to_owned()), region: None };
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
    pub async fn new() -> Self {
        Self::with_clock(ClockKind::System).await
    }

    pub async fn with_clock(clock: ClockKind) -> Self {
        Self::with_vault(clock, |_, _| NewVault::default()).await
    }

    /// With a vault that is made as `new` says.
    pub async fn with_vault(clock: ClockKind, new: impl FnOnce(&Server, &Caller) -> NewVault) -> Self {
        let server = Server::with_clock(clock).await;
        let engine = &server.engine;
        let member = AddAccount { account_id: Some(MEMBER.to_owned()), name: "member".to_owned(), email: None };
        engine.add_account(member).unwrap();
        let delegate = AddAccount { account_id: Some(DELEGATE.to_owned()), name: "delegate".to_owned(), email: None };
        engine.add_account(delegate).unwrap();
        engine.register_delegated_administrator(Principal::Owner, &DELEGATE.parse().unwrap()).unwrap();
        let owner = caller(&server, MEMBER);
        let vault = new(&server, &owner);
        engine.create_vault(&owner, &"guarded".parse().unwrap(), vault).unwrap();
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
            air_gapped_vault: None,
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
        let delegate = server.keys_of(Some(DELEGATE));
        let point = job.recovery_point_arn.unwrap().to_string();
        Self { server, point, resource, user, session, stranger, delegate }
    }

    /// Signs and sends a call.
    pub async fn call(&self, who: &Credentials, method: &str, path: &str, body: &str) -> Answer {
        let mut request = http::Request::builder().method(method).uri(format!("{}{path}", self.server.url));
        if !body.is_empty() {
            request = request.header("content-type", "application/json");
        }
        let request = request.body(bytes::Bytes::copy_from_slice(body.as_bytes())).unwrap();
        self.server.send(sign(request, who, "backup", SystemTime::now())).await
    }

    /// Gives the vault a policy.
    pub async fn put(&self, policy: &Value) {
        let body = json!({ "Policy": policy.to_string() }).to_string();
        let answer = self.call(&self.user, "PUT", "/backup-vaults/guarded/access-policy", &body).await;
        assert_eq!(answer.status(), 200, "{answer:?}");
    }

    /// Takes the vault's policy away.
    pub async fn take_away(&self) {
        let answer = self.call(&self.user, "DELETE", "/backup-vaults/guarded/access-policy", "").await;
        assert_eq!(answer.status(), 200, "{answer:?}");
    }

    /// A request of an operation that would be carried out, but for a policy.
    pub fn request(&self, operation: &str, path: &str) -> (String, String) {
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

/// A policy that denies everybody an action.
pub fn deny(action: &str) -> Value {
    json!({ "Version": "2012-10-17", "Statement": [
        { "Sid": "none", "Effect": "Deny", "Principal": "*", "Action": action, "Resource": "*" }
    ] })
}
