//! From stored backups to recovery points, one or many of a vault together.
//!
//! The order of the commit makes a crash harmless anywhere: packs are durable when a job hands its work over; then come the
//! index and the snapshots, then the manifests, then one catalog transaction that completes the jobs, makes the recovery
//! points and notes their packs. Each step is durable for all before the next begins for any, and waits for the disk once.

use crate::domain::extension::MissingItem;
use crate::domain::job::JobState;
use crate::domain::{Tags, Time};
use crate::engine::Engine;
use crate::engine::authorize::action::AddRecoveryPoint;
use crate::engine::authorize::subject::Anything;
use crate::engine::authorize::{Doing, authorize};
use crate::engine::catalog::Connection;
use crate::engine::drivers::Mark;
use crate::engine::error::Result;
use crate::engine::jobs::live::Verdict;
use crate::engine::jobs::outcome::{ACCESS_DENIED, Ending, MISCELLANEOUS, SUCCESS};
use crate::engine::jobs::rows::store::{self, BackupRecord, Moved};
use crate::engine::jobs::stored::{Attempt, Data, Made, Stored, point_id};
use crate::engine::points::insert::complete_point;
use crate::engine::points::manifest::{self, Manifest};
use crate::engine::points::rows::creating;
use crate::engine::resources::rows::marks;
use crate::engine::vaults::store::OpenVault;
use crate::repository::{FileKind, Id, IssueKind, ItemPath, Prepared, crash_point};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

/// A recovery point that is about to be.
struct Point<'a> {
    stored: &'a Stored,
    manifest: Manifest,
    packs: Arc<BTreeSet<Id>>,
    /// What the driver remembers of the resource from now on.
    mark: Option<Mark>,
}

impl Stored {
    /// Throws away what was stored, and ends the job without it.
    pub(in crate::engine::jobs) fn discard(&self, engine: &Engine, verdict: Verdict) -> Result<()> {
        let _pass = self.vault.reenter()?;
        self.vault.repository.forget(&self.snapshot()?)?;
        manifest::remove(self.vault.files(), point_id(&self.record))?;
        engine.jobs.litter(&self.record.job.vault_arn);
        let ending = if verdict == Verdict::Expired { Ending::past_deadline(None) } else { Ending::stopped() };
        let now = engine.clock.now();
        engine.catalog.write(|tx| store::end_backup(tx, &self.record.job.id, &ending, Moved::default(), now))?;
        Ok(())
    }
}

/// Makes the recovery points of stored backups of one vault, and completes their jobs. What came of each is answered in
/// their order: `true` when the job has ended, without its point if it was stopped meanwhile; `false` when packs that it
/// counts on changed under it, so that it must look through its source once more.
///
/// As a whole this fails before any job is completed. Then it is safe to commit the same ones again, all or some.
pub(in crate::engine::jobs) fn commit(
    engine: &Engine,
    vault: &OpenVault,
    backups: &[&Stored],
) -> Result<Vec<Result<bool>>> {
    let _pass = vault.reenter()?;
    let standing = commit_snapshots(vault, backups)?;
    crash_point::reached("before-manifests");
    let stored = backups.iter().zip(&standing).filter(|(_, stands)| **stands).map(|(stored, _)| *stored);
    let mut points = engine.catalog.read(|connection| {
        stored.map(|stored| point(engine, connection, stored)).collect::<Result<Vec<Point<'_>>>>()
    })?;
    let new = points.iter().filter(|point| matches!(point.stored.made, Made::Now(_)));
    let new: Vec<&Manifest> = new.map(|point| &point.manifest).collect();
    manifest::write_all(vault.files(), vault.key(), &new)?;
    for point in &mut points {
        point.packs = point.stored.packs()?;
    }
    // What was stored may be what older points lack: they say so no later than these jobs say that they are done.
    if let Some(first) = points.first() {
        engine.look_again(&first.manifest.vault_arn, vault);
    }
    // What was written since the commit began is in a vault only if the folder still is that vault's.
    vault.confirm_place()?;
    let now = engine.clock.now();
    crash_point::reached("before-catalog-commit");
    let completed = engine.catalog.write(|tx| {
        let completed = points.iter().map(|point| complete(tx, point, now)).collect::<Result<Vec<bool>>>()?;
        engine.clock.save_in(tx)?;
        Ok(completed)
    })?;
    let mut ends = points.iter().zip(completed).map(|(point, completed)| {
        if completed { Ok(true) } else { point.stored.discard(engine, Verdict::Stopped).map(|()| true) }
    });
    Ok(standing.into_iter().map(|stands| if stands { ends.next().unwrap_or(Ok(false)) } else { Ok(false) }).collect())
}

/// Makes the snapshots durable that are not yet; which backups stand.
fn commit_snapshots(vault: &OpenVault, backups: &[&Stored]) -> Result<Vec<bool>> {
    let prepared: Vec<&Prepared> = backups.iter().filter_map(|stored| stored.prepared()).collect();
    let committed = if prepared.is_empty() { Vec::new() } else { vault.repository.commit(&prepared)? };
    let mut committed = committed.into_iter();
    Ok(backups.iter().map(|stored| stored.prepared().is_none() || committed.next() == Some(true)).collect())
}

/// The point of a backup whose snapshot is durable. Its packs are not looked up yet.
fn point<'a>(engine: &Engine, connection: &Connection, stored: &'a Stored) -> Result<Point<'a>> {
    let (manifest, mark) = match &stored.made {
        Made::Before(manifest) => (Manifest::clone(manifest), None),
        Made::Now(attempt) => {
            let arn = stored.record.job.recovery_point_arn.as_ref();
            // Whoever tagged the point while it was being made finds these tags on it.
            let given = arn.map_or(Ok(None), |arn| creating::tags_of(connection, arn))?;
            let tags = given.unwrap_or_else(|| attempt.plan.tags.clone());
            let manifest =
                attempt.manifest(&stored.record, snapshot_file(attempt, &stored.vault), engine.clock.now(), tags);
            (manifest, attempt.facts.mark.clone())
        }
    };
    Ok(Point { stored, manifest, packs: Arc::default(), mark })
}

/// The snapshot's file. Without it the point is as whole as with it; it only could not be written again.
fn snapshot_file(attempt: &Attempt, vault: &OpenVault) -> Option<String> {
    match &attempt.data {
        Data::Prepared(prepared) => Some(BASE64.encode(prepared.snapshot_file())),
        Data::Snapshot(outcome) => {
            let file = vault.repository.storage().read(FileKind::Snapshot, &outcome.snapshot);
            file.ok().map(|bytes| BASE64.encode(bytes))
        }
    }
}

impl Attempt {
    fn manifest(&self, record: &BackupRecord, snapshot_file: Option<String>, now: Time, tags: Tags) -> Manifest {
        let (job, outcome) = (&record.job, self.data.outcome());
        let read = outcome
            .issues
            .iter()
            .map(|issue| MissingItem { path: from_root(&issue.path, &self.root), reason: issue.reason.clone() });
        let all = self.facts.lacks.map(|reason| MissingItem { path: "/".to_owned(), reason: reason.to_owned() });
        let missing: Vec<MissingItem> = all.into_iter().chain(read).collect();
        let denied =
            self.facts.lacks.is_none() && outcome.issues.iter().all(|issue| issue.kind == IssueKind::AccessDenied);
        let ending = Ending::completed(&missing, denied);
        Manifest {
            recovery_point_id: point_id(record).to_owned(),
            job_id: job.id.to_string(),
            vault_arn: job.vault_arn.clone(),
            snapshot: outcome.snapshot.to_hex(),
            snapshot_file,
            root: self.root.clone(),
            resource_arn: job.resource_arn.clone(),
            resource_name: job.resource_name.clone(),
            resource_type: job.resource_type.clone(),
            iam_role_arn: job.iam_role_arn.clone(),
            created_by: job.created_by.clone(),
            created: job.created,
            initiated: job.initiated.or(Some(now)),
            completed: now,
            bytes_read: outcome.bytes_read,
            size_bytes: outcome.bytes_total,
            lifecycle: job.lifecycle,
            tags,
            missing,
            notes: outcome.notes.len() as u64,
            status_message: ending.message,
            message_category: ending.category.to_owned(),
        }
    }
}

/// A path of the source from the resource's root, as the items of a recovery point are written.
fn from_root(path: &Path, root: &Path) -> String {
    let below = path.strip_prefix(root).unwrap_or(path);
    ItemPath::from_path(below).map_or_else(|_| below.display().to_string(), |path| path.to_string())
}

/// Completes the job of a point, and adds the point with its packs. Whether the job was still open.
fn complete(connection: &Connection, point: &Point<'_>, now: Time) -> Result<bool> {
    let Point { stored, manifest, packs, mark } = point;
    let job = &stored.record.job;
    let ending = Ending {
        state: JobState::Completed,
        category: category(&manifest.message_category),
        message: manifest.status_message.clone(),
    };
    let moved = Moved { size: manifest.bytes_read as i64, bytes: manifest.bytes_read as i64 };
    if !store::end_backup(connection, &job.id, &ending, moved, now)? {
        return Ok(false);
    }
    let vault = Anything(manifest.vault_arn.as_str());
    let permit = authorize(connection, Doing::Outcome, AddRecoveryPoint, &vault)?;
    complete_point(connection, &permit, manifest, packs, now)?;
    if let Some(mark) = mark {
        marks::remember(connection, &manifest.resource_arn, mark)?;
    }
    Ok(true)
}

fn category(text: &str) -> &'static str {
    [SUCCESS, ACCESS_DENIED].into_iter().find(|known| *known == text).unwrap_or(MISCELLANEOUS)
}
