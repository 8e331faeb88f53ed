//! AWS Backup's own key of an account and region, `alias/aws/backup`. It has no material: the ring's root wraps in its place.
//! So nothing of it lies anywhere, and its id follows from the account and the region.

use crate::domain::kms::{BACKUP_ALIAS, KeyManager, KeyState, KmsKey};
use crate::domain::{Arn, Scope, Time};
use sha2::{Digest, Sha256};

/// Its description, as AWS has it.
const DESCRIPTION: &str = "Default key that protects my Backup data when no other key is defined";

/// Its id.
fn id(scope: &Scope) -> String {
    let digest = Sha256::digest(format!("vaultdeck {BACKUP_ALIAS} {} {}", scope.account, scope.region));
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
}

/// Its ARN.
pub(crate) fn arn(scope: &Scope) -> Arn {
    Arn::kms(scope, &format!("key/{}", id(scope)))
}

/// The ARN of the KMS key of a vault that is under this one, or under AWS Backup's own.
pub(crate) fn or(under: Option<&Arn>, scope: &Scope) -> Arn {
    under.cloned().unwrap_or_else(|| arn(scope))
}

/// The key, in use since `created`.
pub(crate) fn key(scope: &Scope, created: Option<Time>) -> KmsKey {
    KmsKey {
        id: id(scope),
        arn: arn(scope),
        scope: scope.clone(),
        description: DESCRIPTION.to_owned(),
        state: KeyState::Enabled,
        manager: KeyManager::Aws,
        created,
        aliases: vec![BACKUP_ALIAS.to_owned()],
    }
}
