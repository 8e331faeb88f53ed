//! What a copy job stored, and the recovery point that a commit makes of it.

use crate::domain::job::JobState;
use crate::domain::{Arn, Time};
use crate::engine::Engine;
use crate::engine::authorize::action::AddRecoveryPoint;
use crate::engine::authorize::subject::Anything;
use crate::engine::authorize::{Doing, authorize};
use crate::engine::catalog::Connection;
use crate::engine::error::Result;
use crate::engine::jobs::composite::conclude;
use crate::engine::jobs::copy::rows::{self, CopyRecord};
use crate::engine::jobs::finish::{NewManifest, Stored, Verdict};
use crate::engine::jobs::outcome::{Ending, SUCCESS};
use crate::engine::points::insert::insert_point;
use crate::engine::points::manifest::{self, Manifest};
use crate::engine::points::rows::owed_manifests;
use crate::engine::vaults::store::OpenVault;
use crate::repository::{Id, NewSnapshot};
use std::collections::BTreeSet;
use std::sync::Arc;

/// A copy whose data lies in its vault and of which no recovery point tells yet.
pub(super) struct StoredCopy {
    pub(super) record: CopyRecord,
    pub(super) vault: Arc<OpenVault>,
    pub(super) made: Made,
}

/// Who made what is stored.
pub(super) enum Made {
    /// This attempt of the job.
    Now { data: Data, manifest: Box<Manifest> },
    /// An earlier one, whose snapshot and manifest are durable.
    Before(Box<Manifest>),
}

/// How far the data is.
pub(super) enum Data {
    /// All but the snapshot of this tree is there.
    New(Box<dyn AsRef<NewSnapshot> + Send>, Id),
    /// The snapshot of this tree is durable.
    Snapshot(Id),
}

impl StoredCopy {
    fn manifest(&self) -> &Manifest {
        match &self.made {
            Made::Now { manifest, .. } | Made::Before(manifest) => manifest,
        }
    }

    fn snapshot(&self) -> Result<Id> {
        self.manifest().snapshot_id()
    }
}

impl Stored for StoredCopy {
    fn vault(&self) -> &Arc<OpenVault> {
        &self.vault
    }

    fn vault_arn(&self) -> &Arn {
        &self.record.destination
    }

    fn new_snapshot(&self) -> Option<&NewSnapshot> {
        match &self.made {
            Made::Now { data: Data::New(new, _), .. } => Some((**new).as_ref()),
            Made::Now { data: Data::Snapshot(_), .. } | Made::Before(_) => None,
        }
    }

    fn point(&self, engine: &Engine, _connection: &Connection) -> Result<NewManifest> {
        Ok(match &self.made {
            Made::Before(manifest) => NewManifest::Written(Manifest::clone(manifest)),
            Made::Now { manifest, .. } => {
                NewManifest::ToWrite(Manifest { completed: engine.clock.now(), ..Manifest::clone(manifest) })
            }
        })
    }

    fn packs(&self) -> Result<Arc<BTreeSet<Id>>> {
        let repository = &self.vault.repository;
        let tree = match &self.made {
            Made::Now { data: Data::New(_, tree) | Data::Snapshot(tree), .. } => *tree,
            Made::Before(_) => repository.load_snapshot(&self.snapshot()?)?.tree,
        };
        Ok(repository.packs_of_tree(&tree)?)
    }

    fn complete(&self, connection: &Connection, manifest: &Manifest, packs: &BTreeSet<Id>, now: Time) -> Result<bool> {
        let parent = self.record.as_parent();
        let seen = parent.map(|parent| conclude::seen_now(connection, &parent, manifest)).transpose()?.flatten();
        let (manifest, is_owed) = (seen.as_ref().unwrap_or(manifest), seen.is_some());
        let ending = match &manifest.status_message {
            Some(why) if manifest.partial => Ending::partial(why.clone()),
            _ => Ending { state: JobState::Completed, category: SUCCESS, message: None },
        };
        if !rows::end(connection, &self.record.job.id, &ending, now)? {
            return Ok(false);
        }
        let vault = Anything(manifest.vault_arn.as_str());
        let permit = authorize(connection, Doing::Outcome, AddRecoveryPoint, &vault)?;
        insert_point(connection, &permit, manifest, packs, now)?;
        if is_owed {
            let point = Arn::recovery_point(&self.record.destination_scope, &self.record.point_id);
            owed_manifests::owe(connection, &point)?;
        }
        Ok(true)
    }

    /// Nothing stops a copy job, and it has no window; a job that is over all the same leaves nothing.
    fn discard(&self, engine: &Engine, _verdict: Verdict) -> Result<()> {
        let _pass = self.vault.reenter()?;
        self.vault.repository.forget(&self.snapshot()?)?;
        manifest::remove(self.vault.files(), &self.record.point_id)?;
        engine.jobs.litter(&self.record.destination);
        let ending = Ending::failed(false, "What was copied was thrown away, since the job was over.");
        let now = engine.clock.now();
        engine.catalog.write(|tx| rows::end(tx, &self.record.job.id, &ending, now))?;
        Ok(())
    }
}
