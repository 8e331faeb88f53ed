//! The work of a backup job: open the source, store it, and commit.
//!
//! The order of the commit makes a crash harmless anywhere: packs, then index, then snapshot and manifest, then one catalog
//! transaction that completes the job, makes the recovery point and notes its packs.

use crate::domain::extension::MissingItem;
use crate::domain::job::JobState;
use crate::domain::recovery_point::{RecoveryPoint, RecoveryPointStatus};
use crate::domain::{Arn, Resource, Tags, Time, tags::MAX_TAGS};
use crate::engine::Engine;
use crate::engine::catalog::values::{millis, to_json};
use crate::engine::catalog::{creating, manifests, recovery_points, tags};
use crate::engine::error::{Error, Result};
use crate::engine::jobs::create::vault_key;
use crate::engine::jobs::live::{Finish, LiveJob, Verdict};
use crate::engine::jobs::outcome::Ending;
use crate::engine::jobs::readiness::Entered;
use crate::engine::jobs::store::{self, BackupRecord, Moved};
use crate::engine::jobs::worker::{self, Failure, Worked};
use crate::engine::source_root::{self, SourceRoot};
use crate::engine::vault_store::OpenVault;
use crate::engine::{collection, drivers, lifecycle, manifest, resources};
use crate::repository::{BackupOutcome, BackupRequest, FileKind, Id, Identity, IssueKind, ItemPath, crash_point};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use rusqlite::{Connection, OptionalExtension as _, params};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

/// What the tag of a snapshot begins with; the id of its recovery point follows.
pub const TAG: &str = "vaultdeck:";

/// Starts the thread of a backup job whose row says RUNNING.
pub(crate) fn spawn(engine: &Arc<Engine>, live: LiveJob, record: BackupRecord, entered: Entered) -> Result<()> {
    let work = move |engine: &Arc<Engine>, live: &LiveJob| {
        // What it stored until it failed or was stopped is nobody's: the collection looks for it.
        run(engine, live, &record, entered).inspect_err(|_| engine.jobs.litter(&record.job.vault_arn))
    };
    worker::spawn(engine, live, work, end)
}

/// Writes down how a backup job ended without a result.
fn end(engine: &Arc<Engine>, live: &LiveJob, ending: &Ending) -> Result<()> {
    let moved =
        Moved { size: 0, bytes: live.control.progress.bytes_done.load(std::sync::atomic::Ordering::Relaxed) as i64 };
    let now = engine.clock.now();
    engine.catalog.write(|tx| store::end_backup(tx, &live.id, ending, moved, now))?;
    Ok(())
}

/// What is needed from the catalog before the work begins.
struct Plan {
    resource: Resource,
    /// What was seen of the resource's root before.
    root: SourceRoot,
    tags: Tags,
    parent: Option<Id>,
}

/// A backup that lies whole in the repository and that no recovery point tells of yet.
struct Stored {
    record: BackupRecord,
    vault: Arc<OpenVault>,
    plan: Plan,
    /// The root that was read.
    identity: Identity,
    outcome: BackupOutcome,
}

fn run(
    engine: &Arc<Engine>,
    live: &LiveJob,
    record: &BackupRecord,
    entered: Entered,
) -> std::result::Result<Worked, Failure> {
    let job = &record.job;
    let Entered { vault, pass } = entered;
    if record.was_begun
        && let Some(finish) = adopt(record, &vault)?
    {
        return Ok(Worked { bytes: 0, finish, pass });
    }
    let plan = engine.catalog.read(|connection| plan(connection, record))??;
    let driver = drivers::of(&plan.resource.resource_type)
        .ok_or_else(|| Ending::failed(false, format!("Unsupported resource type: {}", plan.resource.resource_type)))?;
    let source = driver.open(&plan.resource).map_err(|e| unreadable(&plan.resource.path, &e))?;
    plan.root.expect(&plan.resource, source.identity).map_err(|why| Ending::failed(false, why))?;
    let request = BackupRequest {
        paths: vec![source.root.clone()],
        parent: plan.parent,
        time: job.created.fixed_offset(),
        started: SystemTime::now(),
        hostname: plan.resource.name.clone(),
        username: "vaultdeck".to_owned(),
        tags: vec![format!("{TAG}{}", point_id(record))],
        chunker: vault.chunker,
    };
    let outcome = vault.repository.backup(source.tree.as_ref(), &request, &live.control)?;
    let bytes = outcome.bytes_read;
    let stored = Stored { record: record.clone(), vault: Arc::clone(&vault), plan, identity: source.identity, outcome };
    Ok(Worked { bytes, finish: Box::new(move |engine, verdict| stored.finish(engine, verdict)), pass })
}

fn point_id(record: &BackupRecord) -> &str {
    record.job.recovery_point_arn.as_ref().map_or(record.job.id.as_str(), |arn| store::point_id(arn))
}

fn unreadable(path: &str, error: &std::io::Error) -> Ending {
    let denied = error.kind() == std::io::ErrorKind::PermissionDenied;
    Ending::failed(denied, format!("The file system cannot be read at {path}: {error}"))
}

/// Looks up the resource, its tags and the parent of the new snapshot.
fn plan(connection: &Connection, record: &BackupRecord) -> Result<std::result::Result<Plan, Ending>> {
    let job = &record.job;
    let Some(resource) = resources::get(connection, &job.resource_arn)? else {
        return Ok(Err(Ending::failed(false, format!("Resource {} does not exist.", job.resource_arn))));
    };
    let mut all = resource.tags.clone();
    all.extend(record.recovery_point_tags.clone());
    if all.len() > MAX_TAGS {
        let message =
            format!("The recovery point would have {} tags, and More than 50 tags are not allowed.", all.len());
        return Ok(Err(Ending::failed(false, message)));
    }
    let parent: Option<String> = connection
        .prepare_cached(
            "SELECT snapshot_id FROM recovery_points WHERE vault_arn = ?1 AND resource_arn = ?2 AND status = 'COMPLETED'
             ORDER BY created DESC LIMIT 1",
        )?
        .query_row(params![job.vault_arn.as_str(), job.resource_arn.as_str()], |row| row.get(0))
        .optional()?
        .flatten();
    let root = source_root::get(connection, &resource.arn)?;
    Ok(Ok(Plan { resource, root, tags: all, parent: parent.and_then(|text| text.parse().ok()) }))
}

/// What an earlier attempt of this job left whole: its snapshot and manifest, of which the catalog does not know.
fn adopt(record: &BackupRecord, vault: &Arc<OpenVault>) -> Result<Option<Finish>> {
    let manifest = match manifest::read(&vault.points, vault.repository.key(), point_id(record)) {
        Ok(Some(manifest)) => manifest,
        Ok(None) => return Ok(None),
        Err(error @ Error::Damaged { .. }) => {
            tracing::warn!(job = %record.job.id, %error, "what an earlier attempt of this job left is not used");
            manifest::set_aside(&vault.points, point_id(record))?;
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    let snapshot: Id =
        manifest.snapshot.parse().map_err(|_| Error::Internal("a manifest names no snapshot".to_owned()))?;
    if vault.repository.load_snapshot(&snapshot).is_err() {
        manifest::remove(&vault.points, point_id(record))?;
        return Ok(None);
    }
    tracing::info!(job = %record.job.id, "an earlier attempt of this job was whole: it is adopted");
    let (record, vault) = (record.clone(), Arc::clone(vault));
    Ok(Some(Box::new(move |engine, verdict| match verdict {
        Verdict::Complete => commit(engine, &record, &vault, &manifest, &snapshot, None),
        Verdict::Expired | Verdict::Stopped => discard(engine, &record, &vault, &snapshot, verdict),
    })))
}

impl Stored {
    /// Makes the recovery point, or throws away what was stored.
    fn finish(self, engine: &Arc<Engine>, verdict: Verdict) -> Result<()> {
        let _pass = self.vault.reenter()?;
        if verdict != Verdict::Complete {
            return discard(engine, &self.record, &self.vault, &self.outcome.snapshot, verdict);
        }
        let arn = self.record.job.recovery_point_arn.clone();
        let given = engine.catalog.read(|c| arn.map_or(Ok(None), |arn| creating::tags_of(c, &arn)))?;
        let manifest = self.manifest(engine.clock.now(), given.unwrap_or_else(|| self.plan.tags.clone()));
        manifest::write(&self.vault.points, self.vault.repository.key(), &manifest)?;
        let root = self.plan.root.after(self.identity, &self.outcome);
        commit(engine, &self.record, &self.vault, &manifest, &self.outcome.snapshot, Some(root))
    }

    /// The snapshot's file. Without it the point is as whole as with it; it only could not be written again.
    fn snapshot_file(&self) -> Option<String> {
        let file = self.vault.repository.storage().read(FileKind::Snapshot, &self.outcome.snapshot);
        file.ok().map(|bytes| BASE64.encode(bytes))
    }

    fn manifest(&self, now: Time, tags: Tags) -> manifest::Manifest {
        let job = &self.record.job;
        let shrunk = self.plan.root.shrunk(&self.outcome);
        let read: Vec<MissingItem> = self
            .outcome
            .issues
            .iter()
            .map(|issue| MissingItem {
                path: from_root(&issue.path, Path::new(&self.plan.resource.path)),
                reason: issue.reason.clone(),
            })
            .collect();
        let all = shrunk.map(|reason| MissingItem { path: "/".to_owned(), reason: reason.to_owned() });
        let missing: Vec<MissingItem> = all.into_iter().chain(read).collect();
        let denied = shrunk.is_none() && self.outcome.issues.iter().all(|issue| issue.kind == IssueKind::AccessDenied);
        let ending = Ending::completed(&missing, denied);
        manifest::Manifest {
            recovery_point_id: point_id(&self.record).to_owned(),
            job_id: job.id.to_string(),
            vault_arn: job.vault_arn.clone(),
            snapshot: self.outcome.snapshot.to_hex(),
            snapshot_file: self.snapshot_file(),
            root: self.plan.resource.path.clone().into(),
            resource_arn: job.resource_arn.clone(),
            resource_name: job.resource_name.clone(),
            resource_type: job.resource_type.clone(),
            iam_role_arn: job.iam_role_arn.clone(),
            created_by: job.created_by.clone(),
            created: job.created,
            initiated: job.initiated.or(Some(now)),
            completed: now,
            bytes_read: self.outcome.bytes_read,
            size_bytes: self.outcome.bytes_total,
            lifecycle: job.lifecycle,
            tags,
            missing,
            notes: self.outcome.notes.len() as u64,
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

/// The one transaction: the job is COMPLETED, the recovery point is there, its packs are noted.
fn commit(
    engine: &Arc<Engine>,
    record: &BackupRecord,
    vault: &OpenVault,
    manifest: &manifest::Manifest,
    snapshot: &Id,
    root: Option<SourceRoot>,
) -> Result<()> {
    let packs = vault.repository.packs_of(snapshot)?;
    // What was stored may be what older points lack: they say so no later than this job says that it is done.
    engine.look_again(&manifest.vault_arn, vault);
    let now = engine.clock.now();
    crash_point::reached("before-catalog-commit");
    let ending = Ending {
        state: JobState::Completed,
        category: category(&manifest.message_category),
        message: manifest.status_message.clone(),
    };
    let moved = Moved { size: manifest.bytes_read as i64, bytes: manifest.bytes_read as i64 };
    let done = engine.catalog.write(|tx| {
        // Whoever tagged the point while it was being made finds these tags on it.
        let arn = record.job.recovery_point_arn.as_ref();
        let given = arn.map_or(Ok(None), |arn| creating::tags_of(tx, arn))?;
        if !store::end_backup(tx, &record.job.id, &ending, moved, now)? {
            return Ok(false);
        }
        insert_point(tx, manifest, &packs, now)?;
        if let Some((arn, tags)) = arn.zip(given) {
            tags::replace(tx, arn.as_str(), &tags)?;
        }
        if let Some(root) = root {
            source_root::remember(tx, &manifest.resource_arn, root)?;
        }
        engine.clock.save_in(tx)?;
        Ok(true)
    })?;
    if done { Ok(()) } else { discard(engine, record, vault, snapshot, Verdict::Stopped) }
}

fn category(text: &str) -> &'static str {
    use crate::engine::jobs::outcome::{ACCESS_DENIED, MISCELLANEOUS, SUCCESS};
    [SUCCESS, ACCESS_DENIED].into_iter().find(|known| *known == text).unwrap_or(MISCELLANEOUS)
}

/// Removes what was stored and ends the job without it.
fn discard(
    engine: &Arc<Engine>,
    record: &BackupRecord,
    vault: &OpenVault,
    snapshot: &Id,
    verdict: Verdict,
) -> Result<()> {
    vault.repository.forget(snapshot)?;
    manifest::remove(&vault.points, point_id(record))?;
    engine.jobs.litter(&record.job.vault_arn);
    let ending = if verdict == Verdict::Expired { Ending::past_deadline(None) } else { Ending::stopped() };
    let now = engine.clock.now();
    engine.catalog.write(|tx| store::end_backup(tx, &record.job.id, &ending, Moved::default(), now))?;
    Ok(())
}

/// Adds the recovery point that a manifest tells of, with its tags and packs.
pub(crate) fn insert_point(
    connection: &Connection,
    manifest: &manifest::Manifest,
    packs: &BTreeSet<Id>,
    now: Time,
) -> Result<()> {
    let key = vault_key(connection, &manifest.vault_arn)?.flatten();
    let point = recovery_point(manifest, key)?;
    let id = &manifest.recovery_point_id;
    let delete_at = point.calculated_lifecycle.delete_at;
    let due = match delete_at {
        Some(at) => Some(lifecycle::delete_due(at, &lifecycle::seed(connection)?, id)),
        None => None,
    };
    connection
        .prepare_cached(
            "INSERT INTO recovery_points (arn, account, region, vault_arn, vault_name, resource_arn, resource_name,
                 resource_type, plan_id, created_by, iam_role_arn, status, status_message, created, initiated, completed,
                 size_bytes, lifecycle, delete_at, encryption_key_arn, storage_class, point_id, snapshot_id, source_path,
                 missing_items, backup_job_id, delete_due)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, 'COMPLETED', ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19,
                 'WARM', ?20, ?21, ?22, ?23, ?24, ?25)",
        )?
        .execute(params![
            point.arn.as_str(),
            point.scope.account.as_str(),
            point.scope.region.as_str(),
            point.vault_arn.as_str(),
            point.vault_name,
            point.resource_arn.as_str(),
            point.resource_name,
            point.resource_type.as_str(),
            point.created_by.as_ref().map(|creator| creator.backup_plan_id.as_str()),
            point.created_by.as_ref().map(to_json).transpose()?,
            point.iam_role_arn.as_ref().map(|arn| arn.as_str()),
            point.status_message,
            millis(point.created),
            point.initiated.map(millis),
            point.completed.map(millis),
            point.size_bytes,
            point.lifecycle.as_ref().map(to_json).transpose()?,
            delete_at.map(millis),
            point.encryption_key_arn,
            id,
            manifest.snapshot,
            manifest.root.to_string_lossy(),
            manifest.missing.len() as i64,
            manifest.job_id,
            due.map(millis),
        ])?;
    tags::put(connection, point.arn.as_str(), &manifest.tags)?;
    manifests::keep(connection, &point.arn, manifest)?;
    recovery_points::remember_protected(connection, &point)?;
    collection::remember_packs(connection, &point.vault_arn, packs, now)?;
    refer(connection, &point.vault_arn, &point.arn, packs)
}

/// The record of the point that a manifest tells of.
fn recovery_point(manifest: &manifest::Manifest, encryption_key_arn: Option<String>) -> Result<RecoveryPoint> {
    let vault = &manifest.vault_arn;
    let (Some(scope), Some(vault_name)) = (vault.scope(), vault.vault_name()) else {
        return Err(Error::Internal(format!("{vault} is not a vault's")));
    };
    Ok(RecoveryPoint {
        arn: Arn::recovery_point(&scope, &manifest.recovery_point_id),
        vault_name: vault_name.to_owned(),
        scope,
        vault_arn: vault.clone(),
        resource_arn: manifest.resource_arn.clone(),
        resource_name: manifest.resource_name.clone(),
        resource_type: manifest.resource_type.clone(),
        created_by: manifest.created_by.clone(),
        iam_role_arn: manifest.iam_role_arn.clone(),
        status: RecoveryPointStatus::Completed,
        status_message: manifest.status_message.clone(),
        created: manifest.created,
        initiated: manifest.initiated,
        completed: Some(manifest.completed),
        size_bytes: Some(manifest.size_bytes as i64),
        lifecycle: manifest.lifecycle,
        calculated_lifecycle: manifest.lifecycle.map(|l| l.calculate(manifest.created)).unwrap_or_default(),
        encryption_key_arn,
        encrypted: true,
        last_restore: None,
        storage_class: Some("WARM".to_owned()),
    })
}

/// Notes the packs that a point needs: the first of the two proofs that a collection asks for.
pub(crate) fn refer(connection: &Connection, vault: &Arn, point: &Arn, packs: &BTreeSet<Id>) -> Result<()> {
    let mut statement = connection.prepare_cached(
        "INSERT OR IGNORE INTO pack_references (vault_arn, pack, recovery_point_arn) VALUES (?1, ?2, ?3)",
    )?;
    for pack in packs {
        statement.execute(params![vault.as_str(), pack.as_bytes().as_slice(), point.as_str()])?;
    }
    Ok(())
}
