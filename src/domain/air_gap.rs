//! Logically air-gapped vaults: how they are locked, what comes into them, and what leaves them.
//!
//! Such a vault is locked in compliance mode from the moment it is made, so that nobody ever deletes from it before the time, and
//! what lies in it is shared with other accounts for restores alone. See AWS's
//! [Logically air-gapped vault](https://docs.aws.amazon.com/aws-backup/latest/devguide/logicallyairgappedvault.html).

use crate::domain::vault::VaultType;
use crate::domain::vault_lock::LockRequest;
use crate::domain::{Arn, Invalid, ResourceType, Scope, Time, VaultLock};

/// The shortest `MinRetentionDays` of such a vault.
pub const LEAST_RETENTION_DAYS: i64 = 7;

/// The retentions that such a vault lets in, in days. Both are asked for when it is made, and nobody changes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetentionBounds {
    /// The shortest one.
    pub min_days: i64,
    /// The longest one.
    pub max_days: i64,
}

impl RetentionBounds {
    /// Checks the rules of CreateLogicallyAirGappedBackupVault.
    pub fn validate(&self) -> Result<(), Invalid> {
        LockRequest {
            min_retention_days: Some(self.min_days),
            max_retention_days: Some(self.max_days),
            changeable_for_days: None,
        }
        .validate()?;
        if self.min_days < LEAST_RETENTION_DAYS {
            return Err(Invalid::value(
                "MinRetentionDays",
                format_args!(
                    "it is {} and must be at least {LEAST_RETENTION_DAYS} days for a logically air-gapped vault",
                    self.min_days
                ),
            ));
        }
        Ok(())
    }

    /// The lock of a vault that is made at `now`: final from then on.
    pub fn lock(&self, now: Time) -> VaultLock {
        VaultLock {
            min_retention_days: Some(self.min_days),
            max_retention_days: Some(self.max_days),
            lock_date: Some(now),
        }
    }
}

/// The air-gapped vault that backups are to be written into, as the member `field` of a request or a rule names it: one of the
/// same account and region.
pub fn target(field: &str, text: &str, scope: &Scope) -> Result<Arn, Invalid> {
    let arn: Option<Arn> = text.parse().ok();
    let arn = arn.filter(|arn| arn.service() == "backup" && arn.vault_name().is_some());
    let arn = arn.ok_or_else(|| Invalid::value(field, format_args!("{text:?} is not the ARN of a backup vault")))?;
    if arn.scope().as_ref() != Some(scope) {
        let rule = format_args!("{arn} is not in account {} and region {}, as it must be", scope.account, scope.region);
        return Err(Invalid::value(field, rule));
    }
    Ok(arn)
}

/// Whether backups of a type are written into an air-gapped vault at once. AWS brings those of the other types there by a copy.
pub fn takes_directly(resource_type: &ResourceType) -> bool {
    resource_type.facts().is_some_and(|facts| facts.is_fully_managed)
}

/// Whether a copy may leave a vault for one of the kind `into`. From an air-gapped vault whose key is AWS Backup's own it goes
/// into another air-gapped one alone; from one whose key is the account's, into any.
pub fn lets_out(from: &VaultType, key: Option<&str>, into: &VaultType) -> bool {
    !from.is_air_gapped() || into.is_air_gapped() || key.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_days_are_bounded_below_by_seven_and_named_where_they_break_a_rule() {
        for (min_days, max_days, member) in [
            (6, 30, "MinRetentionDays"),
            (0, 30, "MinRetentionDays"),
            (31, 30, "MinRetentionDays"),
            (7, 36_501, "MaxRetentionDays"),
            (7, 0, "MaxRetentionDays"),
        ] {
            let refused = RetentionBounds { min_days, max_days }.validate().unwrap_err();
            assert_eq!(refused.field, member, "{min_days} to {max_days}");
        }
        for (min_days, max_days) in [(7, 7), (7, 36_500), (36_500, 36_500)] {
            assert_eq!(RetentionBounds { min_days, max_days }.validate(), Ok(()));
        }
    }

    #[test]
    fn copies_leave_it_for_another_one_and_with_a_key_of_its_account_for_any() {
        let (standard, gapped) = (VaultType::Standard, VaultType::AirGapped);
        for (from, key, into, may) in [
            (&standard, None, &standard, true),
            (&standard, None, &gapped, true),
            (&gapped, None, &gapped, true),
            (&gapped, None, &standard, false),
            (&gapped, Some("arn:aws:kms:r:1:key/k"), &standard, true),
        ] {
            assert_eq!(lets_out(from, key, into), may, "{from} with {key:?} into {into}");
        }
    }

    #[test]
    fn a_target_is_a_vault_of_the_same_account_and_region() {
        let scope = Scope::new("123456789012".parse().unwrap(), "us-east-1".parse().unwrap());
        let of = |text: &str| target("LogicallyAirGappedBackupVaultArn", text, &scope);
        assert!(of("arn:aws:backup:us-east-1:123456789012:backup-vault:safe").is_ok());
        for bad in [
            "safe",
            "arn:aws:backup:us-east-1:123456789012:recovery-point:x",
            "arn:aws:s3:us-east-1:123456789012:backup-vault:safe",
            "arn:aws:backup:eu-west-1:123456789012:backup-vault:safe",
            "arn:aws:backup:us-east-1:210987654321:backup-vault:safe",
        ] {
            assert_eq!(of(bad).unwrap_err().field, "LogicallyAirGappedBackupVaultArn", "{bad}");
        }
    }

    #[test]
    fn file_systems_are_written_into_it_at_once_and_volumes_are_not() {
        assert!(takes_directly(&"EFS".to_owned().into()) && takes_directly(&"S3".to_owned().into()));
        assert!(!takes_directly(&"EBS".to_owned().into()) && !takes_directly(&"unknown".to_owned().into()));
    }
}
