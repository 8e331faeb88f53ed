//! From what jobs stored to recovery points, one or many of a vault together.
//!
//! The order of the commit makes a crash harmless anywhere: packs are durable when a job hands its work over; then come the
//! index and the snapshots, then the manifests, then one catalog transaction that completes the jobs, makes the recovery
//! points and notes their packs. Each step is durable for all before the next begins for any, and waits for the disk once.

use crate::engine::Engine;
use crate::engine::error::Result;
use crate::engine::jobs::finish::{NewManifest, Stored, Verdict};
use crate::engine::jobs::work::Failure;
use crate::engine::points::manifest::{self, Manifest};
use crate::engine::vaults::store::OpenVault;
use crate::repository::{Id, NewSnapshot, crash_point};
use chrono::Duration;
use std::collections::BTreeSet;
use std::sync::Arc;

/// A recovery point that is about to be.
struct Point<'a> {
    stored: &'a dyn Stored,
    manifest: NewManifest,
    packs: Arc<BTreeSet<Id>>,
}

impl Point<'_> {
    fn manifest(&self) -> &Manifest {
        match &self.manifest {
            NewManifest::ToWrite(manifest) | NewManifest::Written(manifest) => manifest,
        }
    }
}

/// Makes the recovery points of what jobs stored in one vault, and completes the jobs. What came of each is answered in
/// their order: `true` when the job has ended, without its point if it was stopped meanwhile; `false` when packs that it
/// counts on changed under it, so that it must look through its source once more.
///
/// As a whole this fails before any job is completed. Then it is safe to commit the same ones again, all or some.
pub(in crate::engine::jobs) fn commit(
    engine: &Engine,
    vault: &OpenVault,
    stored: &[&dyn Stored],
) -> Result<Vec<Result<bool>>> {
    let _pass = vault.reenter()?;
    let standing = commit_snapshots(vault, stored)?;
    crash_point::reached("before-manifests");
    let whole = stored.iter().zip(&standing).filter(|(_, stands)| **stands).map(|(stored, _)| *stored);
    let mut points = engine.catalog.read(|connection| {
        whole
            .map(|stored| Ok(Point { stored, manifest: stored.point(engine, connection)?, packs: Arc::default() }))
            .collect::<Result<Vec<Point<'_>>>>()
    })?;
    let new = points.iter().filter_map(|point| match &point.manifest {
        NewManifest::ToWrite(manifest) => Some(manifest),
        NewManifest::Written(_) => None,
    });
    manifest::write_all(vault.files(), vault.key(), &new.collect::<Vec<&Manifest>>())?;
    for point in &mut points {
        point.packs = point.stored.packs()?;
    }
    // What was stored may be what older points lack: they say so no later than these jobs say that they are done.
    if let Some(first) = points.first() {
        engine.look_again(first.stored.vault_arn(), vault);
    }
    // What was written since the commit began is in a vault only if the folder still is that vault's.
    vault.confirm_place()?;
    let now = engine.clock.now();
    crash_point::reached("before-catalog-commit");
    let completed = engine.catalog.write(|tx| {
        let complete = |point: &Point<'_>| point.stored.complete(tx, point.manifest(), &point.packs, now);
        let completed = points.iter().map(complete).collect::<Result<Vec<bool>>>()?;
        engine.clock.save_in(tx)?;
        Ok(completed)
    })?;
    let mut ends = points.iter().zip(completed).map(|(point, completed)| {
        if completed { Ok(true) } else { point.stored.discard(engine, Verdict::Stopped).map(|()| true) }
    });
    Ok(standing.into_iter().map(|stands| if stands { ends.next().unwrap_or(Ok(false)) } else { Ok(false) }).collect())
}

/// A job that may be held leaves its vault until its end, and meanwhile only a snapshot keeps its data from a collection: makes
/// that of such a job durable at once. Whether it was.
pub(in crate::engine::jobs) fn keep_if_held(
    engine: &Engine,
    vault: &OpenVault,
    new: &impl AsRef<NewSnapshot>,
) -> std::result::Result<bool, Failure> {
    if !engine.may_hold() {
        return Ok(false);
    }
    if vault.repository.commit(&[new])?.contains(&true) {
        return Ok(true);
    }
    let why = "Packs changed while the job counted on them.".to_owned();
    Err(Failure::Later { why, after: Duration::zero() })
}

/// Makes the snapshots durable that are not yet; which of what was stored stands.
fn commit_snapshots(vault: &OpenVault, stored: &[&dyn Stored]) -> Result<Vec<bool>> {
    let new: Vec<&NewSnapshot> = stored.iter().filter_map(|stored| stored.new_snapshot()).collect();
    let committed = if new.is_empty() { Vec::new() } else { vault.repository.commit(&new)? };
    let mut committed = committed.into_iter();
    Ok(stored.iter().map(|stored| stored.new_snapshot().is_none() || committed.next() == Some(true)).collect())
}
