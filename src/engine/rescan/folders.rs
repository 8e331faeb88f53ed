//! The vaults' folders as they lie in the data directory.

use crate::domain::{AccountId, Arn, Region, Scope, Time, VaultName};
use crate::engine::error::Result;
use crate::engine::points::manifest;
use crate::engine::vaults;
use crate::repository::{FileKind, Storage};
use crate::storage::{Place, Places};
use serde::Deserialize;
use std::collections::BTreeSet;
use std::sync::Arc;

/// A vault's folder.
pub(super) struct VaultFolder {
    pub(super) arn: Arn,
    pub(super) scope: Scope,
    pub(super) name: VaultName,
    /// When the vault was made, if its folder still says so.
    pub(super) created: Option<Time>,
    files: Arc<dyn Storage>,
    /// Whether it has cold storage that can be reached.
    has_cold: bool,
}

/// What lies in a vault's folder, by names alone.
pub(super) struct Listing {
    /// The ids of the points that left a manifest.
    pub(super) manifests: BTreeSet<String>,
    /// The snapshots; `None` when the vault has no folder of snapshots at all, which no deletion does.
    pub(super) snapshots: Option<BTreeSet<String>>,
}

/// What `key.json` and `vault.json` say in the clear.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Facts {
    vault_arn: Arn,
    #[serde(default)]
    created: Option<Time>,
}

/// All vaults' folders, or the one at a place, and what is wrong with those that are none. Whoever asks about one vault learns
/// nothing of the others.
pub(super) fn all(places: &dyn Places, only: Option<&Place>) -> Result<(Vec<VaultFolder>, Vec<String>)> {
    let (mut found, mut problems) = (Vec::new(), Vec::new());
    for place in places.all()?.into_iter().filter(|place| only.is_none_or(|only| place == only)) {
        match VaultFolder::of(places, &place) {
            Ok(Some(vault)) => found.push(vault),
            // It went while this looked.
            Ok(None) => {}
            Err(why) => problems.push(format!("{}: {why}", places.location(&place))),
        }
    }
    Ok((found, problems))
}

/// The vaults by their folders alone.
pub(crate) fn vaults_on_disk(places: &dyn Places) -> Result<Vec<(Scope, VaultName)>> {
    Ok(all(places, None)?.0.into_iter().map(|vault| (vault.scope, vault.name)).collect())
}

impl VaultFolder {
    fn of(places: &dyn Places, place: &Place) -> std::result::Result<Option<Self>, String> {
        let account: AccountId =
            place.account.parse().map_err(|_| format!("{} is no account's number", place.account))?;
        let region: Region = place.region.parse().map_err(|_| format!("{} is no region", place.region))?;
        let name: VaultName = place.name.parse().map_err(|_| "this is no vault's name".to_owned())?;
        let scope = Scope::new(account, region);
        let arn = Arn::vault(&scope, &name);
        let Some(files) = places.find(place).map_err(|error| error.to_string())? else { return Ok(None) };
        // The key is bound to the ARN: a folder that was moved to another place does not open there.
        match facts(files.as_ref(), "key.json") {
            Some(facts) if facts.vault_arn != arn => {
                return Err(format!(
                    "its vaultdeck/key.json belongs to {}; move the folder to that vault's place",
                    facts.vault_arn
                ));
            }
            _ => {}
        }
        let created = facts(files.as_ref(), "vault.json").and_then(|facts| facts.created);
        let has_cold = places.find_cold(place).is_ok_and(|cold| cold.is_some());
        Ok(Some(Self { arn, scope, name, created, files, has_cold }))
    }

    /// Whether it holds anything of which a recovery point could be made.
    pub(super) fn holds_points(&self) -> Result<bool> {
        let listing = self.listing()?;
        let has_snapshots = listing.snapshots.is_some_and(|snapshots| !snapshots.is_empty());
        Ok(!listing.manifests.is_empty() && (has_snapshots || self.has_cold))
    }

    /// What lies in it now.
    pub(super) fn listing(&self) -> Result<Listing> {
        let manifests = manifest::ids(self.files.as_ref())?.into_iter().collect();
        let snapshots = if self.files.has_folder(FileKind::Snapshot)? {
            Some(self.files.list(FileKind::Snapshot)?.into_iter().map(|(id, _)| id.to_hex()).collect())
        } else {
            None
        };
        Ok(Listing { manifests, snapshots })
    }
}

/// What a file of the engine's own says, or its second copy when it is damaged.
fn facts(files: &dyn Storage, name: &str) -> Option<Facts> {
    vaults::copies::candidates(files, name).iter().find_map(|bytes| serde_json::from_slice(bytes).ok())
}
