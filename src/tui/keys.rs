//! The KMS keys of vaults: which cannot be used, as far as it is known.

use crate::client::{Key, survey};
use crate::domain::kms::{KeyState, KmsKey};
use crate::domain::vault::Vault;
use crate::tui::fmt;
use crate::tui::world::World;
use std::sync::Arc;

/// What is asked of every scope that is shown.
pub fn keys_of_shown(world: &World) -> Vec<Key> {
    world.shown.iter().flat_map(|scope| survey::kms_keys(world, scope)).collect()
}

/// What is known of a vault's key: the inner none is a key that is not there any more.
pub fn of<'a>(vault: &Vault, world: &'a World) -> Option<&'a Option<KmsKey>> {
    let known: &Arc<Option<KmsKey>> = world.store.kms_key(&vault.scope, vault.encryption_key_arn.as_deref()?)?;
    Some(known.as_ref())
}

/// Why a vault's key cannot be used, in a few words; none where it can, or is not known.
pub fn trouble(vault: &Vault, world: &World) -> Option<String> {
    match of(vault, world)?.as_ref().map(|key| &key.state) {
        Some(KeyState::Enabled) => None,
        None => Some("key deleted".to_owned()),
        Some(KeyState::Disabled) => Some("key disabled".to_owned()),
        Some(KeyState::PendingDeletion(at)) => Some(format!("key deleted {}", fmt::relative(world.now(), *at))),
        Some(KeyState::Other(state)) => Some(format!("key {state}")),
    }
}
