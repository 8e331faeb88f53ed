//! The vaults' folders as they lie in the data directory.

use crate::domain::{AccountId, Arn, Region, Scope, Time, VaultName};
use crate::engine::data_dir::entries;
use crate::engine::error::{Error, Result};
use crate::engine::points::manifest;
use crate::engine::vaults;
use serde::Deserialize;
use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// A vault's folder.
pub(super) struct VaultFolder {
    pub(super) arn: Arn,
    pub(super) scope: Scope,
    pub(super) name: VaultName,
    /// When the vault was made, if its folder still says so.
    pub(super) created: Option<Time>,
    path: PathBuf,
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

/// All vaults' folders, and what is wrong with those that are none.
pub(super) fn all(vaults: &Path) -> Result<(Vec<VaultFolder>, Vec<String>)> {
    let (mut found, mut problems) = (Vec::new(), Vec::new());
    for account in folders_in(vaults)? {
        for region in folders_in(&account)? {
            for folder in folders_in(&region)? {
                // A name with a dot in front is that of a vault in the making.
                if last(&folder).starts_with('.') {
                    continue;
                }
                match VaultFolder::of(last(&account), last(&region), &folder) {
                    Ok(vault) => found.push(vault),
                    Err(why) => problems.push(format!("{}: {why}", folder.display())),
                }
            }
        }
    }
    Ok((found, problems))
}

/// The vaults by their folders alone.
pub(crate) fn vaults_on_disk(vaults: &Path) -> Result<Vec<(Scope, VaultName)>> {
    Ok(all(vaults)?.0.into_iter().map(|vault| (vault.scope, vault.name)).collect())
}

impl VaultFolder {
    fn of(account: &str, region: &str, path: &Path) -> std::result::Result<Self, String> {
        let account: AccountId = account.parse().map_err(|_| format!("{account} is no account's number"))?;
        let region: Region = region.parse().map_err(|_| format!("{region} is no region"))?;
        let name: VaultName = last(path).parse().map_err(|_| "this is no vault's name".to_owned())?;
        let scope = Scope::new(account, region);
        let arn = Arn::vault(&scope, &name);
        // The key is bound to the ARN: a folder that was moved to another place does not open there.
        match facts(path, "key.json") {
            Some(facts) if facts.vault_arn != arn => {
                return Err(format!(
                    "its vaultdeck/key.json belongs to {}; move the folder to that vault's place",
                    facts.vault_arn
                ));
            }
            _ => {}
        }
        let created = facts(path, "vault.json").and_then(|facts| facts.created);
        Ok(Self { arn, scope, name, created, path: path.to_owned() })
    }

    /// Whether it holds anything of which a recovery point could be made.
    pub(super) fn holds_points(&self) -> Result<bool> {
        let listing = self.listing()?;
        Ok(!listing.manifests.is_empty() && listing.snapshots.is_some_and(|snapshots| !snapshots.is_empty()))
    }

    /// What lies in it now.
    pub(super) fn listing(&self) -> Result<Listing> {
        let manifests = manifest::ids(&self.path.join("vaultdeck/points"))?.into_iter().collect();
        let folder = self.path.join("snapshots");
        let failed = |e| Error::io(format!("list {}", folder.display()), e);
        let snapshots = match fs::read_dir(&folder) {
            Err(e) if e.kind() == ErrorKind::NotFound => None,
            entries => {
                let names =
                    entries.map_err(failed)?.map(|entry| entry.map(|e| e.file_name().to_string_lossy().into_owned()));
                Some(names.collect::<std::io::Result<_>>().map_err(failed)?)
            }
        };
        Ok(Listing { manifests, snapshots })
    }
}

/// What a file of the engine's own says, or its second copy when it is damaged.
fn facts(vault: &Path, name: &str) -> Option<Facts> {
    vaults::copies::candidates(vault, name).iter().find_map(|bytes| serde_json::from_slice(bytes).ok())
}

fn last(path: &Path) -> &str {
    path.file_name().and_then(|name| name.to_str()).unwrap_or_default()
}

/// The folders in a folder, sorted; a link is none of them.
fn folders_in(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut folders = Vec::new();
    for entry in entries(folder)? {
        if entry.file_type().map_err(|e| Error::io(format!("read {}", entry.path().display()), e))?.is_dir() {
            folders.push(entry.path());
        }
    }
    folders.sort();
    Ok(folders)
}
