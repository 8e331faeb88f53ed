//! How a recovery point is deleted: DELETING in the catalog, the snapshot forgotten, the manifest removed, the row gone.
//!
//! A crash anywhere leaves a point that is still DELETING, and the next turn of the conductor goes on. A point that is
//! being restored stays until that restore has ended, one whose vault is being collected until that has. The data itself
//! is left to the collection.

use crate::domain::recovery_point::{RecoveryPoint, RecoveryPointStatus};
use crate::domain::{Arn, StorageClass, Time};
use crate::engine::authorize::action::{DeleteRecoveryPoint, EraseRecoveryPoint};
use crate::engine::authorize::subject::{Anything, PointNamed, PointToDelete};
use crate::engine::authorize::{Doing, authorize};
use crate::engine::caller::Caller;
use crate::engine::catalog::Transaction;
use crate::engine::error::{Error, Result};
use crate::engine::jobs::turn::{RETRY_AFTER, Turn};
use crate::engine::jobs::uses;
use crate::engine::points::manifest;
use crate::engine::points::ops::point_in;
use crate::engine::points::rows::composite;
use crate::engine::points::rows::deleting::{self, PendingDeletion};
use crate::engine::{Engine, vaults};
use crate::repository::{FileKind, Id, crash_point};
use std::collections::BTreeMap;
use std::sync::Arc;

/// How often a deletion is tried before the point is left as EXPIRED.
const ATTEMPTS: i64 = 3;

/// How many points are deleted together at most.
const TOGETHER: usize = 256;

/// What came of a deletion.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// The point is gone.
    Gone {
        /// Whether a collection may have something to give back by that.
        litter: bool,
    },
    /// A restore or another job, a collection or another program is in the way; when that ends it goes on.
    Waits,
    /// It failed, and is tried again after a while.
    Failed,
}

impl Engine {
    /// DeleteRecoveryPoint. The point is gone when this returns, unless it is being restored or its vault collected: then
    /// it is DELETING, and goes when that has ended. Nothing is waited for.
    pub fn delete_recovery_point(&self, caller: &Caller, vault_name: &str, arn: &Arn) -> Result<()> {
        let now = self.clock.now();
        self.heed_protection(&caller.scope(), vault_name)?;
        self.catalog.write(|tx| mark(tx, caller, vault_name, arn, now))?;
        let doomed = self.catalog.read(deleting::all)?.into_iter().find(|doomed| &doomed.arn == arn);
        if let Some(doomed) = doomed {
            // A vault that is being collected is not even opened.
            let outcome =
                if self.vault_store.gate(&doomed.vault).is_held() { Outcome::Waits } else { self.carry(&doomed)? };
            let mut turn = self.jobs.turn();
            match outcome {
                Outcome::Gone { litter: true } => self.plan_collection(&mut turn, doomed.vault, now),
                Outcome::Gone { litter: false } | Outcome::Waits => {}
                Outcome::Failed => turn.next_deletion = Some(now + RETRY_AFTER),
            }
        }
        self.jobs.wake();
        Ok(())
    }

    /// Goes on with what is being deleted, each vault in a thread of its own: none holds up the others, and no job.
    pub(crate) fn go_on_with_deletions(self: &Arc<Self>, turn: &mut Turn, now: Time) -> Result<()> {
        let may_go = self.jobs.may_deletions_go();
        if turn.next_deletion.is_some_and(|at| at > now) && !may_go {
            return Ok(());
        }
        turn.next_deletion = None;
        let mut vaults: BTreeMap<Arn, Vec<PendingDeletion>> = BTreeMap::new();
        for doomed in self.catalog.read(deleting::all)? {
            vaults.entry(doomed.vault.clone()).or_default().push(doomed);
        }
        for (vault, points) in vaults {
            // What waits for a KMS key goes on when that is enabled.
            if self.waits_for_key(&vault)?
                || self.vault_store.gate(&vault).is_held()
                || !turn.deleting.insert(vault.clone())
            {
                continue;
            }
            let engine = Arc::clone(self);
            self.jobs.in_background("deletion", move || engine.delete_points(vault, &points, now))?;
        }
        Ok(())
    }

    /// Deletes points of one vault, and notes what comes next.
    fn delete_points(&self, vault: Arn, points: &[PendingDeletion], now: Time) {
        let (mut litter, mut left) = (false, false);
        for part in points.chunks(TOGETHER) {
            if self.jobs.is_stopping() {
                break;
            }
            match self.carry_together(part) {
                Ok(outcomes) => {
                    litter |= outcomes.contains(&Outcome::Gone { litter: true });
                    left |= outcomes.iter().any(|outcome| !matches!(outcome, Outcome::Gone { .. }));
                }
                Err(error) => {
                    left = true;
                    tracing::error!(%vault, %error, "a deletion could not be noted");
                }
            }
        }
        let mut turn = self.jobs.turn();
        turn.deleting.remove(&vault);
        if left {
            turn.next_deletion = Some(now + RETRY_AFTER);
        }
        if litter {
            self.plan_collection(&mut turn, vault, now);
        }
    }

    /// Carries deletions in one vault to their end, or as far as they go now. What fails together is tried one by one.
    fn carry_together(&self, points: &[PendingDeletion]) -> Result<Vec<Outcome>> {
        let needed = self.catalog.read(|connection| {
            points.iter().map(|doomed| uses::needs_point(connection, &doomed.arn)).collect::<Result<Vec<bool>>>()
        })?;
        let free: Vec<&PendingDeletion> =
            points.iter().zip(&needed).filter(|(_, held)| !**held).map(|(free, _)| free).collect();
        if free.len() > 1
            && let Ok(litter) = self.erase(&free)
        {
            let outcome = |held| if held { Outcome::Waits } else { Outcome::Gone { litter } };
            return Ok(needed.into_iter().map(outcome).collect());
        }
        points.iter().map(|doomed| self.carry(doomed)).collect()
    }

    /// Carries one deletion to its end, or as far as it goes now.
    fn carry(&self, doomed: &PendingDeletion) -> Result<Outcome> {
        if self.catalog.read(|connection| uses::needs_point(connection, &doomed.arn))? {
            return Ok(Outcome::Waits);
        }
        match self.erase(&[doomed]) {
            Ok(litter) => Ok(Outcome::Gone { litter }),
            Err(error) if error.is_temporary() || error.waits_for_key() => Ok(Outcome::Waits),
            Err(error) => {
                tracing::error!(point = %doomed.arn, %error, "a recovery point could not be deleted");
                let last = doomed.attempts + 1 >= ATTEMPTS;
                let now = self.clock.now();
                self.catalog.write(|tx| {
                    let permit = authorize(tx, Doing::Deletion, EraseRecoveryPoint, &Anything(doomed.arn.as_str()))?;
                    deleting::note_failure(tx, &permit, last, &error.to_string(), now)
                })?;
                Ok(Outcome::Failed)
            }
        }
    }

    /// Forgets the snapshots of points of one vault, then their manifests, then their rows: in that order a crash leaves
    /// points that are still DELETING. Each step is durable for all before the next begins for any. Whether a collection may
    /// have something to give back by that.
    fn erase(&self, points: &[&PendingDeletion]) -> Result<bool> {
        let Some(first) = points.first() else { return Ok(false) };
        let vault = match self.vault_store.get(&first.vault) {
            Err(error) if error.is_stranded() => return self.erase_unread(&first.vault, points).map(|()| true),
            vault => vault?,
        };
        vault.may_remove()?;
        let has_cold = points.iter().any(|doomed| doomed.class == StorageClass::Cold && doomed.snapshot.is_some());
        let cold = has_cold.then(|| self.vault_store.get_class(&first.vault, StorageClass::Cold)).transpose()?;
        cold.as_ref().map_or(Ok(()), |cold| cold.may_remove())?;
        let _pass = vault.reenter()?;
        crash_point::reached("during-delete");
        let mut litter = points.iter().any(|doomed| doomed.snapshot.is_none());
        for open in [Some(&vault), cold.as_ref()].into_iter().flatten() {
            litter |= open.repository.forget_all(&snapshots_in(points, open.class)?)?;
        }
        crash_point::reached("during-delete");
        let ids: Vec<&str> = points.iter().map(|doomed| doomed.point_id.as_str()).collect();
        manifest::remove_all(vault.files(), &ids)?;
        crash_point::reached("during-delete");
        self.forget_rows(&first.vault, points, litter)?;
        Ok(litter)
    }

    /// The same in a vault whose KMS key was deleted: it cannot be opened, and what is in it can be removed.
    fn erase_unread(&self, vault: &Arn, points: &[&PendingDeletion]) -> Result<()> {
        self.data_dir.require_write()?;
        let files = self.vault_store.files_of(vault)?;
        let gate = self.vault_store.gate(vault);
        let _pass = gate.try_reenter().ok_or_else(|| Error::Busy(vault.clone()))?;
        files.remove_all(FileKind::Snapshot, &snapshots_in(points, StorageClass::Warm)?)?;
        let cold = snapshots_in(points, StorageClass::Cold)?;
        if !cold.is_empty() {
            self.vault_store.cold_storage(vault, None)?.remove_all(FileKind::Snapshot, &cold)?;
        }
        let ids: Vec<&str> = points.iter().map(|doomed| doomed.point_id.as_str()).collect();
        manifest::remove_all(files.as_ref(), &ids)?;
        self.forget_rows(vault, points, true)
    }

    /// The rows of points of one vault go, and it is noted when they left something to collect.
    fn forget_rows(&self, vault: &Arn, points: &[&PendingDeletion], litter: bool) -> Result<()> {
        let now = self.clock.now();
        self.catalog.write(|tx| {
            for point in points {
                let permit = authorize(tx, Doing::Deletion, EraseRecoveryPoint, &Anything(point.arn.as_str()))?;
                deleting::remove(tx, &permit)?;
            }
            if litter { vaults::rows::note_litter(tx, vault, now) } else { Ok(()) }
        })
    }
}

/// The snapshots of those points that lie in the repository of a class.
fn snapshots_in(points: &[&PendingDeletion], class: StorageClass) -> Result<Vec<Id>> {
    let id = |text: &String| text.parse().map_err(|_| Error::Internal(format!("{text} is no snapshot's id")));
    let of_class = points.iter().filter(|doomed| doomed.class == class);
    of_class.filter_map(|doomed| doomed.snapshot.as_ref()).map(id).collect()
}

/// From now on the point is being deleted.
fn mark(tx: &Transaction<'_>, caller: &Caller, vault_name: &str, arn: &Arn, now: Time) -> Result<()> {
    let found = point_in(tx, vault_name, arn)?;
    let permit = authorize(tx, caller, DeleteRecoveryPoint, &PointToDelete(PointNamed { arn, found: found.as_ref() }))?;
    let Some(point) = found.filter(|point| point.status != RecoveryPointStatus::Deleting) else { return Ok(()) };
    refuse_parent(tx, &point)?;
    if let Some(parent) = point.nesting.parent() {
        composite::lessen(tx, parent, &format!("Nested recovery point {arn} was deleted."), now)?;
    }
    deleting::mark(tx, &permit, now)
}

/// What is nested in a composite recovery point is deleted before it, or taken out of it, as in AWS.
fn refuse_parent(tx: &Transaction<'_>, point: &RecoveryPoint) -> Result<()> {
    let nested = if point.nesting.is_parent() { composite::nested(tx, &point.arn)? } else { Vec::new() };
    if nested.is_empty() {
        return Ok(());
    }
    let (parent, count) = (&point.arn, nested.len());
    Err(Error::invalid_request(format!(
        "Recovery point {parent} is a composite recovery point with {count} nested ones: delete those first, or disassociate them \
         from it."
    )))
}
