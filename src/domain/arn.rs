//! Amazon Resource Names: `arn:partition:service:region:account:resource`.

use crate::domain::{AccountId, Invalid, Region, Scope, VaultName};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// An ARN of any service; region and account may be empty (S3 buckets, EBS snapshots).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Arn(String);

impl Arn {
    /// The whole text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part at `index` of the six that colons separate; the last keeps its own colons.
    fn part(&self, index: usize) -> &str {
        self.0.splitn(6, ':').nth(index).unwrap_or_default()
    }

    /// `backup`, `elasticfilesystem`, `ec2`, …
    pub fn service(&self) -> &str {
        self.part(2)
    }

    /// The region, or an empty text.
    pub fn region(&self) -> &str {
        self.part(3)
    }

    /// The account, or an empty text.
    pub fn account(&self) -> &str {
        self.part(4)
    }

    /// All behind the account: `backup-vault:Default`, `file-system/fs-…`.
    pub fn resource(&self) -> &str {
        self.part(5)
    }

    /// `arn:aws:backup:R:A:backup-vault:NAME`.
    pub fn vault(scope: &Scope, name: &VaultName) -> Self {
        Self(format!("arn:aws:backup:{}:{}:backup-vault:{name}", scope.region, scope.account))
    }

    /// `arn:aws:backup:R:A:backup-plan:ID`.
    pub fn plan(scope: &Scope, id: &str) -> Self {
        Self(format!("arn:aws:backup:{}:{}:backup-plan:{id}", scope.region, scope.account))
    }

    /// `arn:aws:backup:R:A:recovery-point:UUID`, the form of the fully managed types.
    pub fn recovery_point(scope: &Scope, id: &str) -> Self {
        Self(format!("arn:aws:backup:{}:{}:recovery-point:{id}", scope.region, scope.account))
    }

    /// `arn:aws:elasticfilesystem:R:A:file-system/ID`.
    pub fn file_system(scope: &Scope, id: &str) -> Self {
        Self(format!("arn:aws:elasticfilesystem:{}:{}:file-system/{id}", scope.region, scope.account))
    }

    /// `arn:aws:iam::A:role/PATH`.
    pub fn role(account: &AccountId, path: &str) -> Self {
        Self(format!("arn:aws:iam::{account}:role/{path}"))
    }

    /// The role that AWS Backup's console makes and every account of the engine is born with.
    pub fn default_role(account: &AccountId) -> Self {
        Self::role(account, "service-role/AWSBackupDefaultServiceRole")
    }

    /// Account and region, where the ARN names both.
    pub fn scope(&self) -> Option<Scope> {
        Some(Scope::new(self.account().parse::<AccountId>().ok()?, self.region().parse::<Region>().ok()?))
    }

    /// The vault that this ARN names, if it is a vault's.
    pub fn vault_name(&self) -> Option<&str> {
        self.resource().strip_prefix("backup-vault:")
    }
}

impl FromStr for Arn {
    type Err = Invalid;
    fn from_str(text: &str) -> Result<Self, Invalid> {
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        let shaped = parts.len() == 6
            && parts[0] == "arn"
            && !parts[1].is_empty()
            && !parts[2].is_empty()
            && !parts[5].is_empty()
            && text.len() <= 2048
            && !text.chars().any(|c| c.is_control() || c.is_whitespace());
        if shaped {
            Ok(Self(text.to_owned()))
        } else {
            Err(Invalid::value(
                "Arn",
                format_args!("{text:?} is not of the form arn:partition:service:region:account:resource"),
            ))
        }
    }
}

impl TryFrom<String> for Arn {
    type Error = Invalid;
    fn try_from(text: String) -> Result<Self, Invalid> {
        text.parse()
    }
}

impl From<Arn> for String {
    fn from(arn: Arn) -> String {
        arn.0
    }
}

impl fmt::Display for Arn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}
