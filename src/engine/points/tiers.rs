//! The repositories in which a vault keeps its recovery points: the warm one, and a cold one from the first move on.

use crate::domain::{Arn, StorageClass};
use crate::engine::Engine;
use crate::engine::error::{Error, Result};
use crate::engine::points::rows::packs;
use crate::engine::vaults::store::OpenVault;
use std::sync::Arc;

/// The repositories of a vault.
pub(crate) struct Tiers {
    /// The warm one, and the cold one if anything lies there.
    pub(crate) open: Vec<Arc<OpenVault>>,
    /// Why the cold one cannot be opened.
    pub(crate) away: Option<Error>,
}

impl Tiers {
    /// Whether anything is known to be lost in them, or one of them cannot be looked at.
    pub(crate) fn is_wounded(&self) -> bool {
        self.away.is_some() || self.open.iter().any(|vault| !vault.repository.wounded_packs().0.is_empty())
    }
}

impl Engine {
    /// The repositories of a vault of which the catalog knows.
    pub(crate) fn tiers(&self, arn: &Arn) -> Result<Tiers> {
        let mut tiers = Tiers { open: vec![self.vault_store.get(arn)?], away: None };
        if self.catalog.read(|connection| packs::has_cold(connection, arn))? {
            match self.vault_store.get_class(arn, StorageClass::Cold) {
                Ok(cold) => tiers.open.push(cold),
                Err(error) => tiers.away = Some(error),
            }
        }
        Ok(tiers)
    }
}
