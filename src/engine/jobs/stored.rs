//! What a backup job stored, until a commit makes a recovery point of it.

use crate::domain::{Resource, Tags};
use crate::engine::drivers::{Mark, PointFacts};
use crate::engine::error::{Error, Result};
use crate::engine::jobs::rows::store::BackupRecord;
use crate::engine::points;
use crate::engine::points::manifest::Manifest;
use crate::engine::vaults::store::OpenVault;
use crate::repository::{BackupOutcome, Id, Prepared};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

/// A backup whose data lies in its vault and of which no recovery point tells yet.
pub struct Stored {
    pub(super) record: BackupRecord,
    pub(super) vault: Arc<OpenVault>,
    pub(super) made: Made,
}

/// Who made what is stored.
pub(super) enum Made {
    /// This attempt of the job.
    Now(Box<Attempt>),
    /// An earlier one, whose snapshot and manifest are durable.
    Before(Box<Manifest>),
}

/// What an attempt stored.
pub(super) struct Attempt {
    pub(super) plan: Plan,
    /// The path in the snapshot that is the resource's root.
    pub(super) root: PathBuf,
    /// What the driver says of it.
    pub(super) facts: PointFacts,
    pub(super) data: Data,
}

/// How far the data is.
pub(super) enum Data {
    /// All but the snapshot is there.
    Prepared(Prepared),
    /// The snapshot is durable.
    Snapshot(BackupOutcome),
}

impl Data {
    pub(super) fn outcome(&self) -> &BackupOutcome {
        match self {
            Self::Prepared(prepared) => prepared.outcome(),
            Self::Snapshot(outcome) => outcome,
        }
    }
}

/// What is needed from the catalog before the work begins.
pub(super) struct Plan {
    pub(super) resource: Resource,
    /// What its driver remembered of the resource.
    pub(super) mark: Option<Mark>,
    pub(super) tags: Tags,
    pub(super) parent: Option<Id>,
}

impl Stored {
    /// The vault that it lies in.
    pub(super) fn vault(&self) -> &Arc<OpenVault> {
        &self.vault
    }

    /// The backup, if its snapshot is to be written yet.
    pub(super) fn prepared(&self) -> Option<&Prepared> {
        match &self.made {
            Made::Now(attempt) => match &attempt.data {
                Data::Prepared(prepared) => Some(prepared),
                Data::Snapshot(_) => None,
            },
            Made::Before(_) => None,
        }
    }

    pub(super) fn snapshot(&self) -> Result<Id> {
        match &self.made {
            Made::Now(attempt) => Ok(attempt.data.outcome().snapshot),
            Made::Before(manifest) => snapshot_of(manifest),
        }
    }

    /// The packs that it needs.
    pub(super) fn packs(&self) -> Result<Arc<BTreeSet<Id>>> {
        let repository = &self.vault.repository;
        let tree = match &self.made {
            Made::Now(attempt) => attempt.data.outcome().tree,
            Made::Before(manifest) => repository.load_snapshot(&snapshot_of(manifest)?)?.tree,
        };
        Ok(repository.packs_of_tree(&tree)?)
    }
}

/// The id of the point that a job makes.
pub(super) fn point_id(record: &BackupRecord) -> &str {
    record.job.recovery_point_arn.as_ref().map_or(record.job.id.as_str(), |arn| points::rows::point_id(arn))
}

/// The snapshot that a manifest names.
pub(super) fn snapshot_of(manifest: &Manifest) -> Result<Id> {
    manifest.snapshot.parse().map_err(|_| Error::Internal("a manifest names no snapshot".to_owned()))
}
