//! What is known of a resource share, and of a vault that is to be shared.

use super::Subject;
use crate::domain::sharing::ResourceShare;
use crate::domain::vault::Vault;
use crate::domain::{Arn, Invalid};
use crate::engine::authorize::principal::Belongs;
use crate::engine::error::{Error, Result};

/// A resource share that is to change.
#[derive(Debug, Clone, Copy)]
pub struct ShareNamed<'a> {
    /// The ARN that was asked for.
    pub arn: &'a Arn,
    /// The share, where it is there.
    pub found: Option<&'a ResourceShare>,
}

impl Subject for ShareNamed<'_> {
    fn name(&self) -> String {
        self.arn.to_string()
    }

    fn owner(&self) -> Option<Belongs<'_>> {
        self.found.map(|share| Belongs::To(&share.scope))
    }

    fn missing(&self) -> Error {
        Error::not_found(format!("ResourceShare {} could not be found.", self.arn))
    }

    fn vault(&self) -> Option<&Arn> {
        None
    }
}

/// A vault that is to be shared: only a logically air-gapped one.
#[derive(Debug, Clone, Copy)]
pub struct VaultToShare<'a> {
    /// The ARN that was asked for.
    pub arn: &'a Arn,
    /// The vault, where it is there.
    pub found: Option<&'a Vault>,
}

impl Subject for VaultToShare<'_> {
    fn name(&self) -> String {
        self.arn.to_string()
    }

    fn owner(&self) -> Option<Belongs<'_>> {
        self.found.map(|vault| Belongs::To(&vault.scope))
    }

    fn missing(&self) -> Error {
        Error::not_found(format!("Resource {} could not be found.", self.arn))
    }

    fn vault(&self) -> Option<&Arn> {
        None
    }

    fn protection(&self) -> Result<()> {
        match self.found {
            Some(vault) if !vault.vault_type.is_air_gapped() => {
                let rule = format!("{} cannot be shared: only logically air-gapped backup vaults can", vault.arn);
                Err(Invalid::value("resourceArns", rule).into())
            }
            _ => Ok(()),
        }
    }
}
