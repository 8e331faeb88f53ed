//! What a recovery point leaves beside its vault's repository, so that the catalog can be rebuilt from the vaults alone.
//!
//! `vaultdeck/points/ID.json` is sealed for the point's id: a manifest that was renamed to another point's does
//! not open.

use crate::domain::continuous::{Chain, Moment};
use crate::domain::extension::MissingItem;
use crate::domain::recovery_point::Creator;
use crate::domain::{Arn, Lifecycle, Nesting, PointDetails, ResourceType, StorageClass, Tags, Time};
use crate::engine::error::{Error, Result};
use crate::engine::keys::sealed_file::{self, Form};
use crate::engine::vaults::store::POINTS;
use crate::repository::{Id, MasterKey, Storage};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// The version that this program writes, and the newest that it reads.
const VERSION: u32 = 1;

/// All that is known of one recovery point.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Manifest {
    /// The recovery point's id, the last part of its ARN.
    pub recovery_point_id: String,
    /// The job that made it.
    pub job_id: String,
    /// Its vault.
    pub vault_arn: Arn,
    /// The vault that it was copied from, if it is a copy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_vault_arn: Option<Arn>,
    /// The snapshot, in the vault's repository of its class.
    pub snapshot: String,
    /// The class, where it is not warm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storage_class: Option<String>,
    /// The snapshot's file as it lies there, sealed, in base64: should it be lost, it is written again under its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot_file: Option<String>,
    /// The folder inside the snapshot that is the resource's root.
    pub root: PathBuf,
    /// What was backed up.
    pub resource_arn: Arn,
    /// Its name.
    pub resource_name: Option<String>,
    /// Its type.
    pub resource_type: ResourceType,
    /// The role that made it.
    pub iam_role_arn: Option<Arn>,
    /// The plan and rule behind it.
    pub created_by: Option<Creator>,
    /// The start of its job.
    pub created: Time,
    /// When data began to flow.
    pub initiated: Option<Time>,
    /// When it was whole.
    pub completed: Time,
    /// Bytes that were read from the source.
    pub bytes_read: u64,
    /// The size of the whole tree.
    pub size_bytes: u64,
    /// How long it was to live when it was made.
    pub lifecycle: Option<Lifecycle>,
    /// Its tags when it was made.
    pub tags: Tags,
    /// What could not be read, all of it.
    pub missing: Vec<MissingItem>,
    /// How many items vanished or changed while they were read.
    pub notes: u64,
    /// What the driver said of it.
    #[serde(default, skip_serializing_if = "PointDetails::is_empty")]
    pub details: PointDetails,
    /// What it holds, if it is a continuous one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub continuous: Option<Chain>,
    /// The only moment that it is restored to, if it is a snapshot of a continuous one: it has a base and the log up to there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moment: Option<Moment>,
    /// How it stands to composite ones.
    #[serde(default, skip_serializing_if = "Nesting::is_alone")]
    pub nesting: Nesting,
    /// Whether it is a composite one that lacks something.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub partial: bool,
    /// What the job says of itself.
    pub status_message: Option<String>,
    /// The category of that.
    pub message_category: String,
}

impl Manifest {
    /// The id of the snapshot.
    pub fn snapshot_id(&self) -> Result<Id> {
        self.snapshot.parse().map_err(|_| Error::Internal("a manifest names no snapshot".to_owned()))
    }

    /// In which of its vault's repositories the snapshot lies.
    pub fn class(&self) -> StorageClass {
        self.storage_class.as_deref().map_or(StorageClass::Warm, StorageClass::of)
    }
}

/// What the manifest of a point is called among the side files of its vault.
fn name(id: &str) -> String {
    format!("{POINTS}/{id}.json")
}

/// What is known of the manifest of a point before it is read.
fn form(files: &dyn Storage, id: &str) -> Form {
    Form {
        what: format!("the manifest {}", files.side_location(&name(id))),
        context: format!("vaultdeck manifest {VERSION} {id}"),
        version: VERSION,
        advice: "The data is still in the vault's repository: restic reads it with the recovery key; nothing was deleted",
    }
}

/// Writes a manifest so that it survives a crash.
pub fn write(files: &dyn Storage, vault: &MasterKey, manifest: &Manifest) -> Result<()> {
    write_all(files, vault, &[manifest])
}

/// Writes manifests so that they survive a crash; they wait for the disk together. On a failure each is there whole or not
/// at all.
pub fn write_all(files: &dyn Storage, vault: &MasterKey, manifests: &[&Manifest]) -> Result<()> {
    let sealed = manifests.iter().map(|manifest| {
        let id = &manifest.recovery_point_id;
        Ok((name(id), sealed_file::seal(vault.to_bytes().as_slice(), &form(files, id), manifest)?))
    });
    Ok(files.write_side_all(&sealed.collect::<Result<Vec<_>>>()?)?)
}

/// Reads a manifest; `None` when there is none.
pub fn read(files: &dyn Storage, vault: &MasterKey, id: &str) -> Result<Option<Manifest>> {
    let Some(bytes) = files.read_side(&name(id))? else { return Ok(None) };
    sealed_file::open(vault.to_bytes().as_slice(), &form(files, id), &bytes).map(Some)
}

/// Moves a manifest that cannot be used out of the way, to the vault's other damaged files. One that is not there is fine.
pub fn set_aside(files: &dyn Storage, id: &str) -> Result<()> {
    files.set_side_aside(&name(id))?;
    Ok(())
}

/// Removes a manifest; one that is not there is fine.
pub fn remove(files: &dyn Storage, id: &str) -> Result<()> {
    remove_all(files, &[id])
}

/// Removes manifests, and waits for the disk once for all of them. Those that are not there are fine.
pub fn remove_all(files: &dyn Storage, ids: &[&str]) -> Result<()> {
    let names: Vec<String> = ids.iter().map(|id| name(id)).collect();
    Ok(files.remove_side_all(&names)?)
}

/// The ids of all points that left a manifest.
pub fn ids(files: &dyn Storage) -> Result<Vec<String>> {
    let names = files.list_side(POINTS)?.unwrap_or_default();
    let mut ids: Vec<String> = names.iter().filter_map(|name| name.strip_suffix(".json")).map(str::to_owned).collect();
    ids.sort();
    Ok(ids)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::error::Error;
    use crate::repository::LocalStorage;

    fn manifest(id: &str) -> Manifest {
        serde_json::from_value(serde_json::json!({
            "RecoveryPointId": id,
            "JobId": "job",
            "VaultArn": "arn:aws:backup:us-east-1:123456789012:backup-vault:Default",
            "Snapshot": "00",
            "Root": "/srv",
            "ResourceArn": "arn:aws:elasticfilesystem:us-east-1:123456789012:file-system/fs-1",
            "ResourceName": null,
            "ResourceType": "EFS",
            "IamRoleArn": null,
            "CreatedBy": null,
            "Created": "2026-11-23T05:00:00Z",
            "Initiated": null,
            "Completed": "2026-11-23T05:00:00Z",
            "BytesRead": 0,
            "SizeBytes": 0,
            "Lifecycle": null,
            "Tags": {},
            "Missing": [],
            "Notes": 0,
            "StatusMessage": null,
            "MessageCategory": "SUCCESS",
        }))
        .unwrap()
    }

    fn vault(folder: &tempfile::TempDir) -> LocalStorage {
        let files = LocalStorage::new(folder.path());
        files.prepare_side(POINTS).unwrap();
        files
    }

    fn path(files: &LocalStorage, id: &str) -> PathBuf {
        files.root().join("vaultdeck").join(name(id))
    }

    #[test]
    fn one_bit_makes_no_newer_version() {
        let folder = tempfile::tempdir().unwrap();
        let key = MasterKey::generate().unwrap();
        let files = vault(&folder);
        write(&files, &key, &manifest("a")).unwrap();
        let file = path(&files, "a");
        let text = std::fs::read_to_string(&file).unwrap();
        for (version, sealed) in [(3, "as it is"), (0, "as it is"), (3, "another")] {
            let text = text.replacen("\"Version\":1", &format!("\"Version\":{version}"), 1);
            let newer = text.replacen("\"Sealed\":\"", "\"Sealed\":\"AAAA", 1);
            std::fs::write(&file, if sealed == "another" { newer } else { text }).unwrap();
            let error = read(&files, &key, "a").unwrap_err();
            assert_eq!(matches!(error, Error::Newer { .. }), sealed == "another", "{version} {sealed}: {error}");
        }
    }

    #[test]
    fn a_manifest_that_was_renamed_to_another_points_does_not_open() {
        let folder = tempfile::tempdir().unwrap();
        let key = MasterKey::generate().unwrap();
        let files = vault(&folder);
        write(&files, &key, &manifest("a")).unwrap();
        assert_eq!(read(&files, &key, "a").unwrap().unwrap().recovery_point_id, "a");
        std::fs::rename(path(&files, "a"), path(&files, "b")).unwrap();
        assert!(matches!(read(&files, &key, "b"), Err(Error::Damaged { .. })));
        assert!(read(&files, &key, "a").unwrap().is_none());
    }
}
