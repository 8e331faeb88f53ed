//! Policies that most vaults need, to begin with.

use serde_json::json;

/// A policy to begin with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Template {
    /// Nobody deletes recovery points, changes how long they are kept, or deletes the vault. The policy itself can be changed.
    DenyDeletes,
    /// Only a role that is entered in an emergency does, and changes the policy.
    BreakGlass {
        /// The role's ARN.
        role: String,
    },
    /// Accounts of an organization copy into the vault.
    CopiesFromOrganization {
        /// The organization's id.
        organization: String,
    },
}

/// What would lose backups, or let somebody lose them.
const DELETES: [&str; 5] = [
    "backup:DeleteBackupVault",
    "backup:DeleteBackupVaultAccessPolicy",
    "backup:DeleteRecoveryPoint",
    "backup:PutBackupVaultAccessPolicy",
    "backup:UpdateRecoveryPointLifecycle",
];

impl Template {
    /// The policy, in one line.
    pub fn text(&self) -> String {
        let statement = match self {
            Self::DenyDeletes => {
                let kept = |action: &&&str| !action.contains("AccessPolicy");
                let actions: Vec<&str> = DELETES.iter().filter(kept).copied().collect();
                json!({ "Sid": "DenyDeletes", "Effect": "Deny", "Principal": "*", "Action": actions, "Resource": "*" })
            }
            Self::BreakGlass { role } => json!({
                "Sid": "DenyDeletesButBreakGlass", "Effect": "Deny", "Principal": "*", "Action": DELETES, "Resource": "*",
                "Condition": { "ArnNotEquals": { "aws:PrincipalArn": role } }
            }),
            Self::CopiesFromOrganization { organization } => json!({
                "Sid": "CopiesFromOrganization", "Effect": "Allow", "Principal": "*",
                "Action": super::COPY_INTO_VAULT, "Resource": "*",
                "Condition": { "StringEquals": { "aws:PrincipalOrgID": organization } }
            }),
        };
        json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string()
    }
}
