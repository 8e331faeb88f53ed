//! The cold tier: recovery points move there when their lifecycle's day has come.
//!
//! A move copies into the vault's cold repository, reads back what it wrote there, lets the catalog and then the manifest tell
//! of the new place, and only then forgets the warm snapshot; a collection gives its space back. Killed anywhere, the point is
//! whole in the repository that the catalog names, and a snapshot that is one too many is an orphan of the other one.
//!
//! A point that a job reads stays until that is done, and one that cannot be read whole stays where it is.

use crate::domain::{Arn, StorageClass, Time};
use crate::engine::Engine;
use crate::engine::authorize::action::MoveToColdStorage;
use crate::engine::authorize::subject::Anything;
use crate::engine::authorize::{Doing, authorize};
use crate::engine::check::damage::Look;
use crate::engine::error::{Error, Result};
use crate::engine::jobs::finish::TAG;
use crate::engine::jobs::uses;
use crate::engine::points::rows::cold::{self, Candidate, NewHome};
use crate::engine::points::rows::{self as points, packs};
use crate::engine::upkeep::AGAIN;
use crate::engine::vaults;
use crate::engine::vaults::store::OpenVault;
use crate::repository::{self, Examined, FileKind, Id, TransferRequest, Transferred, crash_point};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use parking_lot::Mutex;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// How many points of a vault move together.
const TOGETHER: usize = 64;

/// What is moving, and when it is tried again.
#[derive(Default)]
pub(super) struct Moves {
    /// The points whose new snapshots the catalog does not know of yet.
    under_way: Mutex<BTreeSet<Arn>>,
    /// What could not move is not tried before.
    not_before: Mutex<Option<Time>>,
}

/// Points that get another snapshot, until this is dropped.
pub(crate) struct UnderWay<'a>(&'a Moves, Vec<Arn>);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        let mut under_way = self.0.under_way.lock();
        for arn in &self.1 {
            under_way.remove(arn);
        }
    }
}

impl Moves {
    pub(super) fn begin(&self, arns: Vec<Arn>) -> UnderWay<'_> {
        self.under_way.lock().extend(arns.iter().cloned());
        UnderWay(self, arns)
    }

    /// Whether a point gets another snapshot right now.
    pub(super) fn has(&self, point: &Arn) -> bool {
        self.under_way.lock().contains(point)
    }
}

/// A point of which all is in the cold repository, but for the snapshot.
struct Copied<'p> {
    point: &'p Candidate,
    stored: Transferred,
    packs: Arc<BTreeSet<Id>>,
}

impl Engine {
    /// The next moment at which a recovery point moves to cold storage; none while nothing may happen by the clock.
    pub(crate) fn next_move(&self) -> Result<Option<Time>> {
        if !self.options.scheduler || !self.clock.is_trusted() {
            return Ok(None);
        }
        let due = self.catalog.read(|connection| cold::next_due(connection, &self.keys.customer().unusable()))?;
        let not_before = *self.upkeep.moves.not_before.lock();
        Ok(due.map(|due| not_before.map_or(due, |at| at.max(due))))
    }

    /// Moves what is due. What fails is told in the log, and tried again after a while.
    pub(super) fn move_due(&self, now: Time) {
        let moved = (|| {
            if self.next_move()?.is_none_or(|at| at > now) {
                return Ok(());
            }
            let mut vaults: BTreeMap<Arn, Vec<Candidate>> = BTreeMap::new();
            let unusable = self.keys.customer().unusable();
            for point in self.catalog.read(|connection| cold::due(connection, &unusable, now))? {
                vaults.entry(point.vault.clone()).or_default().push(point);
            }
            let mut left = false;
            for (vault, points) in vaults {
                left |= self.move_points(&vault, &points, now);
            }
            *self.upkeep.moves.not_before.lock() = left.then(|| now + AGAIN);
            Ok(())
        })();
        if let Err(error) = moved {
            let error: Error = error;
            tracing::warn!(%error, "what is to move to cold storage could not be found out");
            *self.upkeep.moves.not_before.lock() = Some(now + AGAIN);
        }
    }

    /// Moves points of one vault; whether any is left that was to move.
    fn move_points(&self, vault: &Arn, points: &[Candidate], now: Time) -> bool {
        let mut moved = 0;
        for part in points.chunks(TOGETHER) {
            if self.jobs.is_stopping() {
                break;
            }
            match self.move_together(vault, part, now) {
                Ok(count) => moved += count,
                Err(error) if error.is_temporary() => {}
                Err(error) => {
                    tracing::warn!(%vault, %error, "recovery points stay in warm storage for now");
                    break;
                }
            }
        }
        if moved > 0 {
            tracing::info!(%vault, points = moved, "recovery points were moved to cold storage");
            self.plan_collection(&mut self.jobs.turn(), vault.clone(), now);
        }
        moved < points.len()
    }

    /// Moves points of one vault together; how many.
    fn move_together(&self, arn: &Arn, points: &[Candidate], now: Time) -> Result<usize> {
        let warm = self.vault_store.get(arn)?;
        warm.may_write()?;
        let _pass = warm.enter()?;
        let is_missed = self.catalog.read(|connection| packs::has_cold(connection, arn))?;
        let cold = self.vault_store.make_cold(arn, is_missed, now)?;
        cold.may_write()?;
        let _under_way = self.upkeep.moves.begin(points.iter().map(|point| point.arn.clone()).collect());
        let mut copied = Vec::new();
        for point in points {
            if !self.catalog.read(|connection| may_move(connection, point, now))? {
                continue;
            }
            match store(&warm, &cold, point, self) {
                Ok(stored) => copied.push((point, stored)),
                Err(Error::Repository(error)) if is_loss(&error) => {
                    tracing::warn!(point = %point.arn, %error, "a recovery point stays in warm storage: it is not whole");
                    self.note_loss(arn, &warm, now)?;
                }
                Err(error) => return Err(error),
            }
        }
        if copied.is_empty() {
            return Ok(0);
        }
        let copied = commit(&cold, copied)?;
        self.prove_written(arn, &cold, &copied)?;
        crash_point::reached("before-cold-switch");
        let switched = self.switch(arn, &copied, now)?;
        crash_point::reached("before-cold-manifests");
        let (moved, stayed): (Vec<_>, Vec<_>) = copied.into_iter().zip(switched).partition(|(_, switched)| *switched);
        let snapshots: Vec<Id> = stayed.iter().map(|(copied, _)| copied.stored.outcome().snapshot).collect();
        drop(stayed);
        cold.repository.forget_all(&snapshots)?;
        self.drop_warm(arn, &warm, &moved.into_iter().map(|(copied, _)| copied.point).collect::<Vec<_>>())
    }

    /// Notes which points are not whole, and that what was copied of them is of no use. Looked for also where no loss of data is
    /// known: a snapshot may be gone. A failure of that is no reason to hold up the other points.
    fn note_loss(&self, arn: &Arn, warm: &OpenVault, now: Time) -> Result<()> {
        if let Err(error) = self.look_for_damage(arn, warm, Look::AtSuspects) {
            tracing::warn!(vault = %arn, %error, "what cannot be restored could not be found out");
        }
        self.catalog.write(|tx| vaults::rows::note_litter(tx, arn, now))
    }

    /// Reads every pack that the points need there and that the catalog does not know yet.
    fn prove_written(&self, arn: &Arn, cold: &OpenVault, copied: &[Copied<'_>]) -> Result<()> {
        let known = self.catalog.read(|connection| packs::known(connection, (arn, StorageClass::Cold)))?;
        let new: BTreeSet<Id> = copied
            .iter()
            .flat_map(|copied| copied.packs.iter())
            .filter(|pack| !known.contains(pack))
            .copied()
            .collect();
        for pack in new {
            if !matches!(cold.repository.examine_pack(&pack)?, Examined::Sound { .. }) {
                let what = format!("pack {pack} of the cold storage of {arn}");
                return Err(repository::Error::damaged(what, "it did not come back as it was written").into());
            }
        }
        Ok(())
    }

    /// From now on the catalog says that the points lie in cold storage; of which it does. Not of those that a job reads by now,
    /// or that are to go, or to stay.
    fn switch(&self, arn: &Arn, copied: &[Copied<'_>], now: Time) -> Result<Vec<bool>> {
        self.catalog.write(|tx| {
            let switch = |copied: &Copied<'_>| {
                if !may_move(tx, copied.point, now)? {
                    return Ok(false);
                }
                let on = Anything(copied.point.arn.as_str());
                let permit = authorize(tx, Doing::Transition, MoveToColdStorage, &on)?;
                let home = NewHome {
                    snapshot: copied.stored.outcome().snapshot,
                    snapshot_file: Some(BASE64.encode(copied.stored.snapshot_file())),
                    packs: &copied.packs,
                    class: StorageClass::Cold,
                };
                cold::move_home(tx, &permit, arn, &home, now)?;
                points::tell(tx, &copied.point.arn, now)?;
                Ok(true)
            };
            let switched = copied.iter().map(switch).collect::<Result<Vec<bool>>>()?;
            vaults::rows::note_litter(tx, arn, now)?;
            Ok(switched)
        })
    }

    /// Forgets the warm snapshots of points that lie in cold storage now, once their manifests say so too; how many.
    fn drop_warm(&self, arn: &Arn, warm: &OpenVault, points: &[&Candidate]) -> Result<usize> {
        if points.is_empty() {
            return Ok(0);
        }
        if !self.wrote_owed_manifests(arn) {
            // The snapshots are orphans of the next collection, when the manifests are written.
            self.upkeep.poke();
            return Ok(points.len());
        }
        crash_point::reached("before-warm-snapshot-goes");
        warm.may_remove()?;
        warm.repository.forget_all(&points.iter().map(|point| snapshot_of(point)).collect::<Result<Vec<Id>>>()?)?;
        Ok(points.len())
    }
}

/// Whether it says that a point cannot be read whole: that stops no other.
fn is_loss(error: &repository::Error) -> bool {
    matches!(
        error,
        repository::Error::Damaged { .. }
            | repository::Error::BlobMissing { .. }
            | repository::Error::NotFound { kind: FileKind::Snapshot, .. }
    )
}

/// Whether a point is still to move, and no job reads it.
fn may_move(connection: &crate::engine::catalog::Connection, point: &Candidate, now: Time) -> Result<bool> {
    Ok(cold::is_due(connection, point, now)? && !uses::needs_point(connection, &point.arn)?)
}

fn snapshot_of(point: &Candidate) -> Result<Id> {
    point.snapshot.parse().map_err(|_| Error::Internal(format!("{} is no snapshot's id", point.snapshot)))
}

/// Stores in the cold repository what a point holds.
fn store(warm: &OpenVault, cold: &OpenVault, point: &Candidate, engine: &Engine) -> Result<Transferred> {
    let request =
        TransferRequest { snapshot: snapshot_of(point)?, only: None, tags: vec![format!("{TAG}{}", point.point_id)] };
    Ok(cold.repository.transfer(&warm.repository, &request, &engine.jobs.housekeeping)?)
}

/// Commits what was stored, and tells the packs of each point. What could not be committed is left for another time.
fn commit<'p>(cold: &OpenVault, stored: Vec<(&'p Candidate, Transferred)>) -> Result<Vec<Copied<'p>>> {
    let together: Vec<&Transferred> = stored.iter().map(|(_, stored)| stored).collect();
    let committed = cold.repository.commit(&together)?;
    let stands = stored.into_iter().zip(committed).filter(|(_, committed)| *committed);
    stands
        .map(|((point, stored), _)| {
            cold.repository.storage().make_durable(FileKind::Snapshot, &stored.outcome().snapshot)?;
            let packs = cold.repository.packs_of_tree(&stored.outcome().tree)?;
            Ok(Copied { point, stored, packs })
        })
        .collect()
}

#[cfg(test)]
#[path = "cold_tests.rs"]
mod tests;
