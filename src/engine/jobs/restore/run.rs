//! The work of a restore job: see that there is room, write, and register what was made.

use crate::domain::extension::MissingItem;
use crate::domain::job::JobState;
use crate::domain::recovery_point::{RecoveryPoint, RecoveryPointStatus};
use crate::domain::restore::EfsRestore;
use crate::domain::{Arn, Resource, Tags};
use crate::engine::authorize::action::AddResource;
use crate::engine::authorize::subject::Anything;
use crate::engine::authorize::{Doing, authorize};
use crate::engine::catalog::Connection;
use crate::engine::error::{Error, Result};
use crate::engine::jobs::live::{Finish, LiveJob, Verdict};
use crate::engine::jobs::outcome::{Ending, SUCCESS};
use crate::engine::jobs::readiness::Entered;
use crate::engine::jobs::restore;
use crate::engine::jobs::rows::restores;
use crate::engine::jobs::rows::store::{self, RestoreRecord};
use crate::engine::jobs::worker::{Failure, Worked};
use crate::engine::resources;
use crate::engine::resources::rows::source_roots;
use crate::engine::{Engine, points, tags};
use crate::repository::{Id, ItemPath, OpenFolder, RestoreOutcome, RestoreRequest, crash_point};
use std::path::Path;
use std::sync::Arc;

/// What is restored.
struct Origin {
    point: RecoveryPoint,
    snapshot: Id,
    root: ItemPath,
    tags: Tags,
}

/// Does the work of a job.
pub(super) fn run(
    engine: &Arc<Engine>,
    live: &LiveJob,
    record: &RestoreRecord,
    entered: Entered,
) -> std::result::Result<Worked, Failure> {
    let origin = engine.catalog.read(|connection| origin(connection, record))??;
    let Entered { vault, pass } = entered;
    let items = EfsRestore::read(&record.metadata).map_err(Error::from)?.items;
    let request = RestoreRequest {
        snapshot: origin.snapshot,
        strip: origin.root.clone(),
        items: items
            .iter()
            .map(|item| ItemPath::parse(item))
            .collect::<std::result::Result<_, _>>()
            .map_err(|e| Ending::failed(false, format!("Invalid ItemsToRestore: {e}")))?,
        target: record.target.clone(),
        // What an earlier attempt wrote is written over.
        merge: record.opened.is_some(),
    };
    // What it cannot read, its recovery point and others lack.
    let look = || engine.look_again(&origin.point.vault_arn, &vault);
    if record.new_resource_id.is_none() {
        check_source(engine, &origin.point.resource_arn)?;
    }
    crash_point::reached("before-restore-opens");
    let into = match record.opened {
        Some(before) => restore::target::open_again(&record.target, before)?,
        None => {
            let size = vault.repository.measure(&request, &live.control).inspect_err(|_| look())?;
            let lend = |folder: &OpenFolder, bytes| engine.data_dir.reserve().lend(folder.identity().device, bytes);
            let (target, needed) = (&record.target, size.required_bytes);
            let into = restore::target::open_vacant(target, needed, &OpenFolder::free_space, &lend)?;
            engine.catalog.note(|tx| store::remember_target(tx, &record.job.id, into.identity()))?;
            into
        }
    };
    crash_point::reached("before-restore-writes");
    let outcome = vault.repository.restore_into(&request, into, &live.control).inspect_err(|_| look())?;
    if outcome.failed > 0 {
        look();
        return Err(incomplete(&outcome).into());
    }
    let record = record.clone();
    Ok(Worked {
        bytes: outcome.bytes,
        finish: Finish::Alone(Box::new(move |engine, verdict| match verdict {
            Verdict::Complete => complete(engine, &record, &origin, &outcome),
            Verdict::Expired | Verdict::Stopped => Ok(()),
        })),
        pass,
    })
}

/// Looks up what is restored.
fn origin(connection: &Connection, record: &RestoreRecord) -> Result<std::result::Result<Origin, Ending>> {
    let Some(arn) = &record.job.recovery_point_arn else {
        return Ok(Err(Ending::failed(false, "The job names no recovery point.")));
    };
    let gone = || Ending::failed(false, format!("Cannot find recovery point {arn}."));
    let Some(point) = points::rows::get(connection, arn)? else { return Ok(Err(gone())) };
    if !matches!(
        point.status,
        RecoveryPointStatus::Completed | RecoveryPointStatus::Partial | RecoveryPointStatus::Deleting
    ) {
        return Ok(Err(Ending::failed(false, format!("Recovery point {arn} is in state {}.", point.status.as_str()))));
    }
    let Some((snapshot, path)) = points::rows::content(connection, arn)? else { return Ok(Err(gone())) };
    let Ok(snapshot) = snapshot.parse::<Id>() else { return Ok(Err(gone())) };
    let root = ItemPath::from_path(Path::new(&path)).map_err(|e| Error::Internal(e.to_string()))?;
    Ok(Ok(Origin { snapshot, root, tags: tags::rows::get(connection, arn.as_str())?, point }))
}

/// A restore into the source writes into a new folder of it: that must still be the folder that was registered.
fn check_source(engine: &Arc<Engine>, arn: &Arn) -> std::result::Result<(), Failure> {
    let (resource, known) = engine
        .catalog
        .read(|connection| Ok((resources::rows::get(connection, arn)?, source_roots::get(connection, arn)?)))?;
    let Some(resource) = resource else {
        return Err(Ending::failed(false, format!("Resource {arn} does not exist.")).into());
    };
    restore::target::open_source(&resource, &known).map_err(|why| Ending::failed(false, why))?;
    Ok(())
}

/// What a restore missed; what was written stays.
fn incomplete(outcome: &RestoreOutcome) -> Ending {
    let missing: Vec<MissingItem> = outcome
        .failures
        .iter()
        .map(|failure| MissingItem { path: failure.path.clone(), reason: failure.reason.clone() })
        .collect();
    Ending::incomplete_restore(&missing, outcome.failed)
}

/// The one transaction: the job is COMPLETED, the new resource is registered, the point knows when it was restored.
fn complete(engine: &Arc<Engine>, record: &RestoreRecord, origin: &Origin, outcome: &RestoreOutcome) -> Result<()> {
    let now = engine.clock.now();
    let message = message(outcome, engine.data_dir.is_writable());
    let ending = Ending { state: JobState::Completed, category: SUCCESS, message };
    engine.catalog.note(|tx| {
        if !store::end_restore(tx, &record.job.id, &ending, Some(outcome.bytes as i64), now)? {
            return Ok(());
        }
        let made = match &record.new_resource_id {
            None => origin.point.resource_arn.clone(),
            Some(id) => register(tx, record, origin, id)?,
        };
        restores::set_created_resource(tx, &record.job.id, &made)?;
        points::rows::set_last_restore(tx, &origin.point.arn, now)?;
        engine.clock.save_in(tx)
    })
}

/// What a restore that missed nothing says all the same. `kept` is whether the job and what it made are remembered.
fn message(outcome: &RestoreOutcome, kept: bool) -> Option<String> {
    let skipped = outcome.ownership_skipped;
    let owners =
        (skipped > 0).then(|| format!("Owners or attributes of {skipped} items were not restored: that needs root."));
    let forgotten = (!kept).then(|| {
        "The data directory is read-only: this job and the file system that it made are forgotten when the engine ends."
            .to_owned()
    });
    let parts: Vec<String> = [owners, forgotten].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(" "))
}

/// Registers the new file system; without tags unless they were asked for, so that no plan picks it up.
fn register(connection: &Connection, record: &RestoreRecord, origin: &Origin, id: &str) -> Result<Arn> {
    let scope = &record.job.scope;
    let base = origin.point.resource_name.as_deref().unwrap_or("file-system");
    let resource = Resource {
        arn: Arn::file_system(scope, id),
        scope: scope.clone(),
        resource_type: origin.point.resource_type.clone(),
        name: format!("{base}-restored-{}", &id[id.len().saturating_sub(8)..]),
        path: record.target.to_string_lossy().into_owned(),
        tags: if record.copy_tags { origin.tags.clone() } else { Tags::new() },
    };
    let permit = authorize(connection, Doing::Outcome, AddResource, &Anything(resource.arn.as_str()))?;
    resources::rows::insert(connection, &permit, &resource)?;
    Ok(resource.arn)
}
