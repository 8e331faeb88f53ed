//! What is known of a KMS key.

use super::Subject;
use crate::domain::Arn;
use crate::domain::kms::{KeyManager, KeyState, KmsKey};
use crate::engine::authorize::principal::Belongs;
use crate::engine::error::{Error, Result};

/// A KMS key that was asked for.
#[derive(Debug, Clone, Copy)]
pub struct KeyNamed<'a> {
    /// How it was called.
    pub name: &'a str,
    /// The key, where it is there.
    pub found: Option<&'a KmsKey>,
}

impl<'a> KeyNamed<'a> {
    fn owner(&self) -> Option<Belongs<'a>> {
        self.found.map(|key| Belongs::To(&key.scope))
    }

    fn arn(&self) -> String {
        self.found.map_or_else(String::new, |key| key.arn.to_string())
    }

    fn missing(&self) -> Error {
        let what = if self.name.contains("alias/") { "Alias" } else { "Key" };
        Error::not_found(format!("{what} '{}' does not exist", self.name))
    }

    /// AWS's own keys are nobody's to change.
    fn require_own(&self) -> Result<()> {
        match self.found {
            Some(key) if key.manager == KeyManager::Aws => Err(Error::access_denied(format!(
                "{} is an AWS managed key: it is not disabled, deleted or named otherwise by anybody",
                key.arn
            ))),
            _ => Ok(()),
        }
    }

    fn refuse_pending(&self) -> Result<()> {
        match self.found {
            Some(KmsKey { arn, state: KeyState::PendingDeletion(_), .. }) => {
                Err(Error::invalid_state(format!("{arn} is pending deletion.")))
            }
            _ => Ok(()),
        }
    }
}

macro_rules! keys {
    ($($(#[$doc:meta])* $subject:ident { $($(#[$guard_doc:meta])* $guard:ident: $guard_type:ty)? }, $protection:expr;)+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy)]
        pub struct $subject<'a> {
            /// The key.
            pub key: KeyNamed<'a>,
            $($(#[$guard_doc])* pub $guard: $guard_type,)?
        }

        impl Subject for $subject<'_> {
            fn name(&self) -> String {
                self.key.arn()
            }

            fn owner(&self) -> Option<Belongs<'_>> {
                self.key.owner()
            }

            fn missing(&self) -> Error {
                self.key.missing()
            }

            fn vault(&self) -> Option<&Arn> {
                None
            }

            fn protection(&self) -> Result<()> {
                let protection: fn(&Self) -> Result<()> = $protection;
                protection(self)
            }
        }
    )+};
}

/// Refuses what would end in the loss of what a lock or a legal hold protects. AWS KMS knows nothing of either and deletes;
/// this engine promises of both that nobody deletes what they protect, and without its key a recovery point is deleted.
fn refuse_needed(key: &KeyNamed<'_>, needed_by: Option<&str>) -> Result<()> {
    match (key.found, needed_by) {
        (Some(found), Some(why)) => Err(Error::invalid_state(format!(
            "{} cannot be deleted, since what needs it is protected: {why}",
            found.arn
        ))),
        _ => Ok(()),
    }
}

keys! {
    /// A key of which something is read, in whatever state.
    KeyToRead {}, |_| Ok(());
    /// A key that is enabled, disabled or named: a customer's, and not one that is pending deletion.
    KeyToChange {}, |this| {
        this.key.require_own()?;
        this.key.refuse_pending()
    };
    /// A key whose deletion is to be scheduled: a customer's, not yet pending, and none that a protected vault needs.
    KeyToDelete {
        /// What is protected and would be lost with the key, where something is.
        needed_by: Option<&'a str>
    }, |this| {
        this.key.require_own()?;
        this.key.refuse_pending()?;
        refuse_needed(&this.key, this.needed_by)
    };
    /// A key whose deletion is to be cancelled: one that is pending.
    KeyToKeep {}, |this| {
        this.key.require_own()?;
        match this.key.found {
            Some(KmsKey { state: KeyState::PendingDeletion(_), .. }) | None => Ok(()),
            Some(key) => Err(Error::invalid_state(format!("{} is not pending deletion.", key.arn))),
        }
    };
    /// A key whose material is to be destroyed now: one that is pending, and none that a protected vault needs. A lock or a hold
    /// may have come since its deletion was scheduled.
    KeyToDestroy {
        /// What is protected and would be lost with the key, where something is.
        needed_by: Option<&'a str>
    }, |this| {
        this.key.require_own()?;
        match this.key.found {
            Some(KmsKey { state: KeyState::PendingDeletion(_), .. }) => refuse_needed(&this.key, this.needed_by),
            _ => Err(Error::Internal("a key that is not pending deletion was to be destroyed".to_owned())),
        }
    };
}
