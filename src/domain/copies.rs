//! Copies of recovery points: how long they live, and what stands in their way.
//!
//! The engine decides by the obstacles and the lifecycle when a copy job begins; the dashboard tells by [`copyable`] and the same
//! lifecycle before it is asked for.

use crate::domain::recovery_point::RecoveryPointStatus;
use crate::domain::{Arn, Invalid, Known, KnownPoint, Lifecycle};

/// The setting of the organization without which nothing is copied to another account.
pub const CROSS_ACCOUNT_SETTING: &str = "isCrossAccountBackupEnabled";

/// The vault that is copied into, as it is named in a request or a plan: in any region and account.
pub fn destination(text: &str) -> Result<Arn, Invalid> {
    const FIELD: &str = "DestinationBackupVaultArn";
    if text.is_empty() {
        return Err(Invalid::missing(FIELD));
    }
    let arn: Option<Arn> = text.parse().ok();
    let is_vault = |arn: &Arn| arn.service() == "backup" && arn.vault_name().is_some() && arn.scope().is_some();
    arn.filter(is_vault).ok_or_else(|| Invalid::value(FIELD, format_args!("{text:?} is not the ARN of a backup vault")))
}

/// How long a copy lives: as it was asked for; and where that says nothing, or never, of the deletion, as long as its source.
/// Days count from the creation of the source.
pub fn lifecycle(asked: Option<Lifecycle>, source: Option<Lifecycle>) -> Option<Lifecycle> {
    let Some(asked) = asked else { return source };
    let delete_after_days = asked.delete_days().or_else(|| source.and_then(|source| source.delete_days()));
    Some(Lifecycle { delete_after_days, ..asked })
}

/// Whether a copy leaves the account of its source.
pub fn is_cross_account(source_vault: &Arn, destination_vault: &Arn) -> bool {
    source_vault.account() != destination_vault.account()
}

/// Whether a recovery point is in a state in which it can be copied, as far as it is known; the error says why not.
pub fn copyable(point: &KnownPoint) -> Result<(), String> {
    match &point.status {
        RecoveryPointStatus::Completed | RecoveryPointStatus::Partial => {}
        RecoveryPointStatus::Available => {
            return Err(
                "a continuous recovery point is not copied on demand: back the resource up, and copy that".to_owned()
            );
        }
        other => return Err(format!("a recovery point that is {} cannot be copied", other.as_str())),
    }
    match point.is_cold() {
        Known::Known(true) => Err("it is in cold storage, from which nothing is copied".to_owned()),
        _ => Ok(()),
    }
}

/// What stands in the way of a copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Obstacle {
    /// It is the vault of the source.
    OwnVault,
    /// There is no such vault.
    NoVault(Arn),
    /// The account of the destination is none of the organization.
    OtherOrganization,
    /// The organization does not allow copies to another account.
    NotEnabled,
    /// The vault's access policy does not let it in; in what words it was refused.
    Policy(String),
    /// The vault's lock allows only other retentions.
    Retention,
    /// The point is in cold storage.
    Cold(Arn),
    /// The vault of the source is logically air-gapped, and that of the copy is not.
    AirGap,
}

impl Obstacle {
    /// Whether rights are missing.
    pub fn is_denied(&self) -> bool {
        matches!(self, Self::Policy(_) | Self::NotEnabled)
    }
}

impl std::fmt::Display for Obstacle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::OwnVault => f.write_str("Copy job failed. Source and destination backup vault must not be the same."),
            Self::NoVault(arn) => write!(f, "Copy job failed because backup vault {arn} does not exist."),
            Self::OtherOrganization => f.write_str(
                "Copy job failed. Both source and destination account must be a member of the same organization.",
            ),
            Self::NotEnabled => write!(
                f,
                "Copy job failed. Cross-account copy is not enabled: {CROSS_ACCOUNT_SETTING} is not true in the global \
                 settings of the management account."
            ),
            Self::Policy(why) => write!(f, "Access Denied trying to call AWS Backup service. {why}"),
            Self::Retention => f.write_str(
                "Copy job failed. The retention specified in the job is not within the range specified for the target \
                 Backup Vault.",
            ),
            Self::AirGap => f.write_str(
                "Copy job failed. A recovery point of a logically air-gapped backup vault that is encrypted with an AWS owned \
                 key can only be copied into another logically air-gapped backup vault.",
            ),
            Self::Cold(arn) => write!(f, "Recovery point {arn} is in cold storage and cannot be copied."),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(delete: Option<i64>) -> Lifecycle {
        Lifecycle { delete_after_days: delete, ..Lifecycle::default() }
    }

    #[test]
    fn a_copy_lives_as_it_was_asked_and_else_as_long_as_its_source() {
        let source = Some(days(Some(35)));
        assert_eq!(lifecycle(None, source), source);
        assert_eq!(lifecycle(None, None), None);
        assert_eq!(lifecycle(Some(days(Some(7))), source), Some(days(Some(7))));
        // Never is no way to outlive the source: that takes many days.
        assert_eq!(lifecycle(Some(days(Some(-1))), source), source);
        assert_eq!(lifecycle(Some(days(None)), source), source);
        assert_eq!(lifecycle(Some(days(Some(36_500))), source), Some(days(Some(36_500))));
    }
}
