//! What is known of a thing, where not every answer tells all of it.

use crate::domain::damage::Damage;
use crate::domain::recovery_point::{Creator, RecoveryPointStatus};
use crate::domain::{Arn, CalculatedLifecycle, Lifecycle, ResourceType, Scope, Time};

/// A member of a record that some operations' answers have and others lack. That it is not known is another thing than
/// that there is none: "never deleted" is `Known(None)`, and nobody may conclude it from `Unknown`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Known<T> {
    /// It was told.
    Known(T),
    /// The answer has no such member.
    #[default]
    Unknown,
}

impl<T> Known<T> {
    /// The value, where it is known.
    pub fn known(self) -> Option<T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Unknown => None,
        }
    }

    /// The same of a reference.
    pub fn as_ref(&self) -> Known<&T> {
        match self {
            Self::Known(value) => Known::Known(value),
            Self::Unknown => Known::Unknown,
        }
    }

    /// What follows from the value, where it is known.
    pub fn map<U>(self, follows: impl FnOnce(T) -> U) -> Known<U> {
        match self {
            Self::Known(value) => Known::Known(follows(value)),
            Self::Unknown => Known::Unknown,
        }
    }

    /// Whether it is known.
    pub fn is_known(&self) -> bool {
        matches!(self, Self::Known(_))
    }
}

impl<T> Known<Option<T>> {
    /// The value, where it is known that there is one.
    pub fn told(self) -> Option<T> {
        self.known().flatten()
    }
}

/// A recovery point as far as an answer tells of it. ListRecoveryPointsByResource tells least, DescribeRecoveryPoint all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownPoint {
    /// Its ARN.
    pub arn: Arn,
    /// Where its vault lives.
    pub scope: Scope,
    /// Its vault's name.
    pub vault_name: String,
    /// Its vault's ARN.
    pub vault_arn: Arn,
    /// What was backed up.
    pub resource_arn: Arn,
    /// The resource's name, where it has one.
    pub resource_name: Option<String>,
    /// The resource's type.
    pub resource_type: ResourceType,
    /// Its state.
    pub status: RecoveryPointStatus,
    /// Why it is in this state, or what is wrong with it.
    pub status_message: Option<String>,
    /// The start of its backup job: retention counts from here.
    pub created: Time,
    /// Its size in bytes.
    pub size_bytes: Option<i64>,
    /// The vault's key.
    pub encryption_key_arn: Option<String>,
    /// The plan and rule behind it; none made it when it was made on demand.
    pub created_by: Known<Option<Creator>>,
    /// The role that made it.
    pub iam_role_arn: Known<Option<Arn>>,
    /// When data began to flow.
    pub initiated: Known<Option<Time>>,
    /// When it was whole.
    pub completed: Known<Option<Time>>,
    /// How long it lives; for ever when it has no lifecycle.
    pub lifecycle: Known<Option<Lifecycle>>,
    /// When that acts.
    pub calculated_lifecycle: Known<CalculatedLifecycle>,
    /// Whether it is encrypted.
    pub encrypted: Known<bool>,
    /// When it was last restored.
    pub last_restore: Known<Option<Time>>,
    /// `WARM`, `COLD` or `DELETED`.
    pub storage_class: Known<Option<String>>,
}

impl KnownPoint {
    /// Whether something in it cannot be restored any more.
    pub fn is_damaged(&self) -> bool {
        Damage::is_told_by(self.status_message.as_deref())
    }

    /// When it is deleted: never is `Known(None)`.
    pub fn delete_at(&self) -> Known<Option<Time>> {
        self.calculated_lifecycle.map(|lifecycle| lifecycle.delete_at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_is_not_none() {
        let never: Known<Option<i64>> = Known::Known(None);
        assert_ne!(never, Known::Unknown);
        assert_eq!((never.told(), Known::<Option<i64>>::Unknown.told()), (None, None));
        assert_eq!((never.known(), Known::<Option<i64>>::Unknown.known()), (Some(None), None));
        assert_eq!(Known::Known(2).map(|two| two + 1), Known::Known(3));
        assert!(!Known::<i64>::default().is_known());
    }
}
