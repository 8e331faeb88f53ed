//! Amazon Resource Names: `arn:partition:service:region:account:resource`.

use crate::domain::{AccountId, Invalid, Region, Scope, UnitId, VaultName};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// An ARN of any service; region and account may be empty (S3 buckets, EBS snapshots). Clones share its text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Arn(Arc<str>);

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

    /// What people call the resource by where it has no name: what follows the last colon or slash.
    pub fn last_part(&self) -> &str {
        self.resource().rsplit([':', '/']).next().unwrap_or_default()
    }

    /// `arn:aws:backup:R:A:backup-vault:NAME`.
    pub fn vault(scope: &Scope, name: &VaultName) -> Self {
        Self(format!("arn:aws:backup:{}:{}:backup-vault:{name}", scope.region, scope.account).into())
    }

    /// `arn:aws:backup:R:A:backup-plan:ID`.
    pub fn plan(scope: &Scope, id: &str) -> Self {
        Self(format!("arn:aws:backup:{}:{}:backup-plan:{id}", scope.region, scope.account).into())
    }

    /// `arn:aws:ram:R:A:resource-share/ID`.
    pub fn resource_share(scope: &Scope, id: &str) -> Self {
        Self(format!("arn:aws:ram:{}:{}:resource-share/{id}", scope.region, scope.account).into())
    }

    /// `arn:aws:organizations::MANAGEMENT:organization/o-…`.
    pub fn organization(management: &AccountId, organization: &str) -> Self {
        Self(format!("arn:aws:organizations::{management}:organization/{organization}").into())
    }

    /// `arn:aws:organizations::MANAGEMENT:ou/o-…/ou-…`.
    pub fn unit(management: &AccountId, organization: &str, unit: &UnitId) -> Self {
        Self(format!("arn:aws:organizations::{management}:ou/{organization}/{unit}").into())
    }

    /// `arn:aws:backup:R:A:legal-hold:ID`.
    pub fn legal_hold(scope: &Scope, id: &str) -> Self {
        Self(format!("arn:aws:backup:{}:{}:legal-hold:{id}", scope.region, scope.account).into())
    }

    /// `arn:aws:backup:R:A:recovery-point:ID`; of a snapshot, `snap-…`, `arn:aws:ec2:R::snapshot/ID`, which names no account.
    pub fn recovery_point(scope: &Scope, id: &str) -> Self {
        if is_snapshot(id) {
            return Self(format!("arn:aws:ec2:{}::{SNAPSHOT}{id}", scope.region).into());
        }
        Self(format!("arn:aws:backup:{}:{}:recovery-point:{id}", scope.region, scope.account).into())
    }

    /// The id of a recovery point, by its ARN: what [`Self::recovery_point`] was given.
    pub fn point_id(&self) -> &str {
        let resource = self.resource();
        let id = resource.strip_prefix("recovery-point:");
        id.or_else(|| resource.strip_prefix(SNAPSHOT).filter(|id| is_snapshot(id))).unwrap_or(resource)
    }

    /// `arn:aws:elasticfilesystem:R:A:file-system/ID`.
    pub fn file_system(scope: &Scope, id: &str) -> Self {
        Self(format!("arn:aws:elasticfilesystem:{}:{}:file-system/{id}", scope.region, scope.account).into())
    }

    /// `arn:aws:kms:R:A:RESOURCE`: `key/ID` or `alias/NAME`.
    pub fn kms(scope: &Scope, resource: &str) -> Self {
        Self(format!("arn:aws:kms:{}:{}:{resource}", scope.region, scope.account).into())
    }

    /// `arn:aws:iam::A:role/PATH`.
    pub fn role(account: &AccountId, path: &str) -> Self {
        Self(format!("arn:aws:iam::{account}:role/{path}").into())
    }

    /// The role that AWS Backup's console makes and every account of the engine is born with.
    pub fn default_role(account: &AccountId) -> Self {
        Self::role(account, "service-role/AWSBackupDefaultServiceRole")
    }

    /// What stands for an ARN that a service did not tell.
    pub fn unknown() -> Self {
        Self("arn:aws:unknown:::unknown".into())
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

/// What stands before the id of a snapshot of a volume.
const SNAPSHOT: &str = "snapshot/";

/// Whether this is the id of a snapshot of a volume: no recovery point of another type has one of this form.
fn is_snapshot(id: &str) -> bool {
    let is_digit = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
    id.strip_prefix("snap-").is_some_and(|digits| digits.len() == 17 && digits.chars().all(is_digit))
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
            Ok(Self(text.into()))
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
        String::from(&*arn.0)
    }
}

impl fmt::Display for Arn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_parts_are_read_and_the_last_keeps_its_colons() {
        let arn: Arn = "arn:aws:rds:eu-central-1:123456789012:cluster:a:b".parse().unwrap();
        assert_eq!((arn.service(), arn.region(), arn.account()), ("rds", "eu-central-1", "123456789012"));
        assert_eq!(arn.resource(), "cluster:a:b");
        assert_eq!(arn.scope().unwrap().to_string(), "123456789012/eu-central-1");
    }

    #[test]
    fn region_and_account_may_be_empty() {
        let arn: Arn = "arn:aws:s3:::bucket".parse().unwrap();
        assert_eq!((arn.region(), arn.account(), arn.scope()), ("", "", None));
    }

    #[test]
    fn what_is_no_arn_is_refused_and_shown_harmlessly() {
        for text in ["", "arn", "arn:aws:s3::", "arn:aws:s3:::", "arn::s3:::b", "urn:aws:s3:::b", "arn:aws:s3:::a b"] {
            assert!(text.parse::<Arn>().is_err(), "{text:?}");
        }
        let refused = "arn:aws:s3:::a\u{1b}[2J".parse::<Arn>().unwrap_err();
        assert!(!refused.message.contains('\u{1b}'));
        assert!(format!("arn:aws:s3:::{}", "x".repeat(2048)).parse::<Arn>().is_err());
    }

    #[test]
    fn those_that_are_made_have_awss_form() {
        let scope = Scope::new("123456789012".parse().unwrap(), "us-east-1".parse().unwrap());
        let vault = Arn::vault(&scope, &"Default".parse().unwrap());
        assert_eq!(vault.as_str(), "arn:aws:backup:us-east-1:123456789012:backup-vault:Default");
        assert_eq!(vault.vault_name(), Some("Default"));
        assert_eq!(
            Arn::default_role(&scope.account).as_str(),
            "arn:aws:iam::123456789012:role/service-role/AWSBackupDefaultServiceRole"
        );
    }

    #[test]
    fn the_id_of_a_recovery_point_tells_the_form_of_its_arn() {
        let scope = Scope::new("123456789012".parse().unwrap(), "us-east-1".parse().unwrap());
        for (id, expected) in [
            ("0a1b", "arn:aws:backup:us-east-1:123456789012:recovery-point:0a1b"),
            ("snap-0123456789abcdef0", "arn:aws:ec2:us-east-1::snapshot/snap-0123456789abcdef0"),
            // Of a bucket that is called so.
            (
                "snap-20261126050607-0a1b2c3d",
                "arn:aws:backup:us-east-1:123456789012:recovery-point:snap-20261126050607-0a1b2c3d",
            ),
        ] {
            let arn = Arn::recovery_point(&scope, id);
            assert_eq!((arn.as_str(), arn.point_id()), (expected, id));
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,40}") {
            if let Ok(arn) = text.parse::<Arn>() {
                prop_assert_eq!(arn.as_str(), text);
            }
        }
    }
}
