//! What is known of a vault from which a copy is to be taken: an air gap lets out only what comes into another one.

use super::Subject;
use crate::domain::air_gap::lets_out;
use crate::domain::copies::Obstacle;
use crate::domain::vault::VaultType;
use crate::domain::{Arn, Scope};
use crate::engine::authorize::principal::Belongs;
use crate::engine::error::{Error, Result};

/// A vault from which a copy is to be taken.
#[derive(Debug, Clone, Copy)]
pub struct VaultToLeave<'a> {
    /// Its ARN.
    pub arn: &'a Arn,
    /// Whose it is.
    pub scope: &'a Scope,
    /// Its kind.
    pub vault_type: &'a VaultType,
    /// Its `EncryptionKeyArn`; an air-gapped vault under AWS Backup's own key has none.
    pub key: Option<&'a str>,
    /// The kind of the vault that the copy is to come into, as far as it is known.
    pub into: Option<&'a VaultType>,
}

impl Subject for VaultToLeave<'_> {
    fn name(&self) -> String {
        self.arn.to_string()
    }

    fn owner(&self) -> Option<Belongs<'_>> {
        Some(Belongs::To(self.scope))
    }

    fn missing(&self) -> Error {
        Error::no_such_vault(self.arn)
    }

    fn vault(&self) -> Option<&Arn> {
        Some(self.arn)
    }

    fn protection(&self) -> Result<()> {
        match self.into {
            Some(into) if !lets_out(self.vault_type, self.key, into) => {
                Err(Error::invalid_request(Obstacle::AirGap.to_string()))
            }
            _ => Ok(()),
        }
    }
}
