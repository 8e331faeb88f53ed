//! After a crash: what lies in a vault and the catalog does not know of is taken up or put away.
//!
//! Only snapshots that carry this engine's mark are judged; what other programs put into the repository is theirs. A
//! snapshot whose job ended otherwise, or which another attempt of its job replaced, is forgotten. One whose job the
//! catalog has never heard of comes from a catalog that is newer than this one: with its manifest it becomes a recovery
//! point again, without it stays as it is.

use crate::domain::job::JobState;
use crate::domain::{Arn, Time};
use crate::engine::Engine;
use crate::engine::authorize::action::{AddRecoveryPoint, MoveToColdStorage};
use crate::engine::authorize::subject::Anything;
use crate::engine::authorize::{Doing, authorize};
use crate::engine::catalog::Connection;
use crate::engine::error::{Error, Result};
use crate::engine::jobs::KINDS;
use crate::engine::jobs::finish::TAG;
use crate::engine::jobs::uses;
use crate::engine::points::insert::insert_point;
use crate::engine::points::rows::cold::NewHome;
use crate::engine::points::{self, manifest};
use crate::engine::vaults::store::OpenVault;
use crate::repository::Id;
use std::collections::BTreeSet;
use std::sync::Arc;

/// What the catalog says of a snapshot with this engine's mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It is a recovery point's, or its job is not over.
    Needed,
    /// Nothing will ever ask for it.
    Orphan,
    /// Neither point nor job is known.
    Unknown,
}

impl Engine {
    /// Looks after the vaults of jobs that an earlier process left running, in the background.
    pub(crate) fn reconcile_interrupted(self: &Arc<Self>) -> Result<()> {
        let open = KINDS.iter().map(|kind| kind.open(self)).collect::<Result<Vec<_>>>()?;
        let vaults: BTreeSet<Arn> = open.iter().flatten().filter_map(|job| job.left_in()).cloned().collect();
        if vaults.is_empty() {
            return Ok(());
        }
        let engine = Arc::clone(self);
        self.jobs.in_background("recovery", move || {
            for vault in vaults {
                let result = engine.vault_store.get(&vault).and_then(|open| {
                    let _pass = open.reenter()?;
                    engine.reconcile(&vault, &open)
                });
                if let Err(error) = result {
                    tracing::warn!(%vault, %error, "the vault could not be looked through after the last run");
                }
            }
        })
    }

    /// Judges every snapshot of a vault that is no recovery point's and carries this engine's mark; the recovery points that this brought back.
    pub(crate) fn reconcile(&self, arn: &Arn, vault: &OpenVault) -> Result<Vec<Arn>> {
        // Those of its points are needed, and most are. They are not even read: a vault has very many.
        let tier = (arn, vault.class);
        let held = self.catalog.read(|connection| points::rows::packs::held(connection, tier))?;
        let snapshots = vault.repository.find_snapshots_except(&held)?;
        for (id, error) in &snapshots.unreadable {
            tracing::warn!(vault = %arn, snapshot = %id, %error, "a snapshot cannot be read; it stays as it is");
        }
        let mut found = Vec::new();
        for (id, snapshot) in snapshots.readable {
            let marks = snapshot.tags.unwrap_or_default();
            let Some(point) = marks.iter().find_map(|mark| mark.strip_prefix(TAG)) else { continue };
            let of = arn.scope().map(|scope| Arn::recovery_point(&scope, point));
            // Its move is not noted yet.
            if of.is_some_and(|point| self.upkeep.is_moving(&point)) {
                continue;
            }
            match self.catalog.read(|connection| standing(connection, arn, point, &id))? {
                Standing::Needed => {}
                Standing::Orphan if self.follow_manifest(arn, vault, point, &id)? => {}
                Standing::Orphan => {
                    tracing::info!(vault = %arn, snapshot = %id, "a snapshot that no recovery point needs is forgotten");
                    vault.may_remove()?;
                    vault.repository.forget(&id)?;
                }
                Standing::Unknown => found.extend(self.readopt(arn, vault, point, &id)?),
            }
        }
        Ok(found)
    }

    /// A point of which the manifest tells another snapshot than the catalog was moved after this catalog was copied: it lies
    /// where its manifest says. Whether that is this snapshot. What has a manifest and no point is of a job that ended between
    /// the two: it moves nowhere.
    fn follow_manifest(&self, arn: &Arn, vault: &OpenVault, point: &str, id: &Id) -> Result<bool> {
        let manifest = manifest::read(vault.files(), vault.key(), point).ok().flatten();
        let tells = |manifest: &manifest::Manifest| manifest.snapshot == id.to_hex() && manifest.class() == vault.class;
        let Some(manifest) = manifest.filter(tells) else { return Ok(false) };
        let Some(of) = arn.scope().map(|scope| Arn::recovery_point(&scope, point)) else { return Ok(false) };
        if self.catalog.read(|connection| points::rows::snapshot_in(connection, arn, Some(&of)))?.is_none() {
            return Ok(false);
        }
        let packs = vault.repository.packs_of(id)?;
        let now = self.clock.now();
        self.catalog.write(|tx| {
            // It may have moved since the manifest was read.
            if standing(tx, arn, point, id)? != Standing::Orphan {
                return Ok(());
            }
            let permit = authorize(tx, Doing::Rescan, MoveToColdStorage, &Anything(of.as_str()))?;
            let home = NewHome {
                snapshot: *id,
                snapshot_file: manifest.snapshot_file.clone(),
                packs: &packs,
                class: vault.class,
            };
            points::rows::cold::move_home(tx, &permit, arn, &home, now)?;
            points::rows::chains::follow_manifest(tx, &of, &manifest, now)
        })?;
        tracing::warn!(
            point,
            class = vault.class.as_str(),
            "a recovery point lies where its manifest says, not the catalog"
        );
        Ok(true)
    }

    /// Makes a recovery point of a snapshot whose manifest tells all about it, marked as found.
    fn readopt(&self, arn: &Arn, vault: &OpenVault, point: &str, id: &Id) -> Result<Option<Arn>> {
        let manifest = match manifest::read(vault.files(), vault.key(), point) {
            // Whoever wants to know what is damaged asks for a check; the other snapshots are not held up by it.
            Err(error @ Error::Damaged { .. }) => {
                tracing::warn!(%error, "a manifest that a snapshot needs cannot be read");
                None
            }
            other => other?,
        };
        let Some(manifest) = manifest.filter(|manifest| manifest.snapshot == id.to_hex()) else {
            tracing::warn!(snapshot = %id, "a snapshot is in the vault of which neither catalog nor manifest tells; it stays");
            return Ok(None);
        };
        let packs = vault.repository.packs_of(id)?;
        let now = self.clock.now();
        let back = self.catalog.write(|tx| {
            // Its job may have ended meanwhile.
            if standing(tx, arn, point, id)? != Standing::Unknown {
                return Ok(false);
            }
            let permit = authorize(tx, Doing::Rescan, AddRecoveryPoint, &Anything(manifest.vault_arn.as_str()))?;
            insert_point(tx, &permit, &manifest, &packs, now)?;
            // On the row alone: the manifest stays as the backup left it.
            let message = found_message(manifest.status_message.as_deref(), now);
            points::rows::set_message(tx, arn, point, &message)?;
            Ok(true)
        })?;
        if !back {
            return Ok(None);
        }
        tracing::warn!(point, "a recovery point that the catalog did not know was found in its vault: it is back");
        Ok(arn.scope().map(|scope| Arn::recovery_point(&scope, point)))
    }
}

/// What a recovery point says of itself that the catalog did not know.
fn found_message(before: Option<&str>, now: Time) -> String {
    let found = format!("Found in its vault at {}: the catalog did not know it.", now.format("%Y-%m-%d %H:%M UTC"));
    before.map_or_else(|| found.clone(), |before| format!("{}. {found}", before.trim_end_matches('.')))
}

pub(crate) fn standing(connection: &Connection, vault: &Arn, point: &str, snapshot: &Id) -> Result<Standing> {
    // By its ARN, which the vault and its id make: a vault has many points, and each of its snapshots asks.
    let arn = vault.scope().map(|scope| Arn::recovery_point(&scope, point));
    let held = points::rows::snapshot_in(connection, vault, arn.as_ref())?;
    if let Some((held, manifest_is_owed)) = held {
        // As long as the manifest tells of it, it is what the point would be made of without this catalog.
        let needed = manifest_is_owed || held.as_deref() == Some(snapshot.to_hex().as_str());
        return Ok(if needed { Standing::Needed } else { Standing::Orphan });
    }
    let state = uses::state_of_maker(connection, vault, point)?;
    Ok(match state {
        // A deletion takes the snapshot before the row: a job that made a point, and no row, is a row that the catalog lost.
        None | Some(JobState::Completed | JobState::Partial) => Standing::Unknown,
        Some(state) if state.is_final() => Standing::Orphan,
        Some(_) => Standing::Needed,
    })
}
