//! The work of a restore job: see that there is room, write, and register what was made.

use crate::domain::StorageClass;
use crate::domain::continuous::Moment;
use crate::domain::extension::MissingItem;
use crate::domain::job::JobState;
use crate::domain::recovery_point::{RecoveryPoint, RecoveryPointStatus};
use crate::domain::types::keys;
use crate::domain::{Arn, Resource, ResourceType, Scope, Tags};
use crate::engine::authorize::action::AddResource;
use crate::engine::authorize::subject::Anything;
use crate::engine::authorize::{Doing, authorize};
use crate::engine::catalog::{Connection, creation_tokens};
use crate::engine::drivers::{Fault, Inside, Registered, RestoreCx, Restored, Sink};
use crate::engine::error::{Error, Result};
use crate::engine::jobs::entered::Entered;
use crate::engine::jobs::finish::{Finish, Verdict};
use crate::engine::jobs::live::LiveJob;
use crate::engine::jobs::outcome::{Ending, SUCCESS};
use crate::engine::jobs::restore::rows::{self, RestoreRecord};
use crate::engine::jobs::restore::scratch::Scratch;
use crate::engine::jobs::work::{Failure, Worked};
use crate::engine::points::rows::{chains, owed_manifests};
use crate::engine::resources;
use crate::engine::{Engine, points, tags};
use crate::repository::{Id, ItemPath, RestoreOutcome, RestoreRequest, Wanted, crash_point};
use std::path::Path;
use std::sync::Arc;

/// What is restored.
pub(super) struct Origin {
    pub(super) point: RecoveryPoint,
    pub(super) snapshot: Id,
    /// In which of the vault's repositories it lies.
    pub(super) class: StorageClass,
    pub(super) root: ItemPath,
    /// To which moment, if it is a continuous one.
    pub(super) moment: Option<Moment>,
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
    // Before anything is made.
    if let Some(taken) = engine.catalog.note(|tx| creation_tokens::claim(tx, &record.job, &record.metadata))? {
        return Err(Ending::failed(false, taken).into());
    }
    let Entered { vault, pass, .. } = entered;
    let vault = match origin.class {
        StorageClass::Warm => vault,
        class @ StorageClass::Cold => engine.vault_store.get_class(&origin.point.vault_arn, class)?,
    };
    let source = engine.catalog.read(|connection| engine.registered(connection, &origin.point.resource_arn))?;
    // A copy may be of another account's resource: its data came here, and neither its secret nor what is remembered of it.
    let source = source.filter(|source| source.resource.scope.account == record.job.scope.account);
    let there = engine.catalog.read(|connection| registered_at(engine, connection, record))?;
    let details = engine.catalog.read(|connection| owed_manifests::details(connection, &origin.point.arn))?;
    let lend = |device, bytes| engine.data_dir.reserve().lend(device, bytes);
    // Before what works in it, which is dropped first.
    let scratch = Scratch::of_restore(engine, &record.job.id);
    let make_scratch = || scratch.make_empty().map_err(|error| Fault::Failed(error.to_string()));
    let cx = RestoreCx {
        metadata: &record.metadata,
        target: &record.target,
        resource_arn: &origin.point.resource_arn,
        source: source.as_ref().filter(|_| record.new_resource_id.is_none()),
        secret: there.as_ref().or(source.as_ref()).and_then(|resource| resource.secret.as_ref()),
        details: &details,
        scratch: &make_scratch,
        content: &Inside { repository: &vault.repository, snapshot: origin.snapshot, root: &origin.root },
        makes_new: record.new_resource_id.is_some(),
        moment: origin.moment,
        lend: &lend,
    };
    let driver = engine.driver_of(restored_as(record, &origin))?;
    let mut target = driver.target(&cx)?;
    let request = RestoreRequest {
        snapshot: origin.snapshot,
        strip: origin.root.clone(),
        items: target.items().to_vec(),
        target: record.target.path().map(Path::to_owned).unwrap_or_default(),
        // What an earlier attempt wrote is written over.
        merge: record.begun.is_some(),
    };
    // What it cannot read, its recovery point and others lack.
    let look = || engine.look_again(&origin.point.vault_arn, &vault);
    crash_point::reached("before-restore-opens");
    match &record.begun {
        Some(before) => target.resume(before)?,
        None => {
            let size = match target.measure(&live.control) {
                Some(size) => size,
                None => vault.repository.measure(&request, &live.control),
            };
            let size = size.inspect_err(|_| look())?;
            let mark = target.begin(&size)?;
            engine.catalog.note(|tx| rows::remember_target(tx, &record.job.id, &mark))?;
        }
    }
    crash_point::reached("before-restore-writes");
    let restored = match target.sink()? {
        Sink::Folder(into) => vault.repository.restore_into(&request, into, &live.control),
        Sink::InOrder(sink) => {
            let wanted = Wanted { snapshot: request.snapshot, strip: &request.strip, items: &request.items };
            vault.repository.restore_stream(wanted, sink, &live.control)
        }
        Sink::Own(extraction) => extraction.extract(&live.control),
    };
    let outcome = restored.inspect_err(|_| look())?;
    if outcome.failed > 0 {
        look();
        return Err(incomplete(&outcome).into());
    }
    let restored = target.finish(&outcome)?;
    let record = record.clone();
    Ok(Worked {
        bytes: outcome.bytes,
        finish: Finish::Alone(Box::new(move |engine, verdict| match verdict {
            Verdict::Complete => complete(engine, &record, &origin, &outcome, &restored),
            Verdict::Expired | Verdict::Stopped => Ok(()),
        })),
        pass,
    })
}

/// Looks up what is restored.
pub(super) fn origin(connection: &Connection, record: &RestoreRecord) -> Result<std::result::Result<Origin, Ending>> {
    let Some(arn) = &record.job.recovery_point_arn else {
        return Ok(Err(Ending::failed(false, "The job names no recovery point.")));
    };
    let gone = || Ending::failed(false, format!("Cannot find recovery point {arn}."));
    let Some(point) = points::rows::get(connection, arn)? else { return Ok(Err(gone())) };
    if !matches!(
        point.status,
        RecoveryPointStatus::Completed
            | RecoveryPointStatus::Partial
            | RecoveryPointStatus::Deleting
            | RecoveryPointStatus::Available
            | RecoveryPointStatus::Stopped
    ) {
        return Ok(Err(Ending::failed(false, format!("Recovery point {arn} is in state {}.", point.status.as_str()))));
    }
    let Some((snapshot, path, class)) = points::rows::content(connection, arn)? else { return Ok(Err(gone())) };
    let Ok(snapshot) = snapshot.parse::<Id>() else { return Ok(Err(gone())) };
    let (mut path, mut moment) = (path, owed_manifests::moment(connection, arn)?);
    if let (Some(wanted), Some(chain)) =
        (keys::moment(&record.metadata)?, chains::get(connection, arn)?.and_then(|row| row.chain))
    {
        // What was there when the job was made may have outlived its days.
        let (base, to) = match chain.restore_to(wanted) {
            Ok(found) => found,
            Err(rule) => return Ok(Err(Ending::failed(false, format!("The moment {rule}.")))),
        };
        (path, moment) = (format!("/{}", base.folder), Some(to));
    }
    let root = ItemPath::from_path(Path::new(&path)).map_err(|e| Error::Internal(e.to_string()))?;
    Ok(Ok(Origin { snapshot, class, root, moment, tags: tags::rows::get(connection, arn.as_str())?, point }))
}

/// The resource that is written into, where it is not the one that was backed up and is registered too: whoever has access to
/// that is let in there.
fn registered_at(engine: &Engine, connection: &Connection, record: &RestoreRecord) -> Result<Option<Registered>> {
    match resources::rows::at(connection, &record.job.scope, &record.target)? {
        Some(arn) => engine.registered(connection, &arn),
        None => Ok(None),
    }
}

/// The type of what is made: the recovery point's, or another that was asked for.
fn restored_as<'r>(record: &'r RestoreRecord, origin: &'r Origin) -> &'r ResourceType {
    record.job.resource_type.as_ref().unwrap_or(&origin.point.resource_type)
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
fn complete(
    engine: &Arc<Engine>,
    record: &RestoreRecord,
    origin: &Origin,
    outcome: &RestoreOutcome,
    restored: &Restored,
) -> Result<()> {
    crash_point::reached("before-restore-completes");
    let now = engine.clock.now();
    let message = message(outcome, restored, engine.data_dir.is_writable());
    let ending = Ending { state: JobState::Completed, category: SUCCESS, message };
    engine.catalog.note(|tx| {
        if rows::get(tx, &record.job.id)?.is_none_or(|job| job.state != JobState::Running) {
            return Ok(());
        }
        let made = match &record.new_resource_id {
            None => written_into(engine, record, origin, restored)?,
            Some(id) => Some(register(tx, engine, record, origin, restored, id)?),
        };
        // Before the end, whose event names it.
        if let Some(made) = made {
            rows::set_created_resource(tx, &record.job.id, &made)?;
        }
        rows::end(tx, &record.job.id, &ending, Some(outcome.bytes as i64), now)?;
        points::rows::set_last_restore(tx, &origin.point.arn, now)?;
        engine.clock.save_in(tx)
    })
}

/// What a restore wrote into that made nothing new; nothing where that is no resource.
fn written_into(engine: &Engine, record: &RestoreRecord, origin: &Origin, restored: &Restored) -> Result<Option<Arn>> {
    if restored.is_of_no_resource {
        return Ok(None);
    }
    Ok(Some(match &restored.into {
        None => origin.point.resource_arn.clone(),
        Some(id) => engine.driver_of(restored_as(record, origin))?.facts().arn(&record.job.scope, id)?,
    }))
}

/// What a restore that missed nothing says all the same. `kept` is whether the job and what it made are remembered.
fn message(outcome: &RestoreOutcome, restored: &Restored, kept: bool) -> Option<String> {
    let skipped = outcome.ownership_skipped;
    let owners =
        (skipped > 0).then(|| format!("Owners or attributes of {skipped} items were not restored: that needs root."));
    let forgotten = (!kept).then(|| {
        "The data directory is read-only: this job and what it made are forgotten when the engine ends.".to_owned()
    });
    let parts: Vec<String> = owners.into_iter().chain(restored.notes.iter().cloned()).chain(forgotten).collect();
    (!parts.is_empty()).then(|| parts.join(" "))
}

/// The end of an id, as a part of a name.
fn end_of(id: &str) -> &str {
    let last = id.rsplit(|letter: char| !letter.is_ascii_alphanumeric()).next().unwrap_or_default();
    &last[last.len().saturating_sub(8)..]
}

/// The name that is wanted for a new resource, or one like it: others may have taken it meanwhile, and what was restored is worth
/// more than its name.
fn free_name(connection: &Connection, scope: &Scope, kind: &str, wanted: &str, id: &str) -> Result<String> {
    let with_end = format!("{wanted}-{}", end_of(id));
    let (mut name, mut tried) = (wanted.to_owned(), 0);
    while resources::rows::named(connection, scope, kind, &name)?.is_some() {
        tried += 1;
        name = if tried == 1 { with_end.clone() } else { format!("{with_end}-{tried}") };
    }
    Ok(name)
}

/// Registers the new resource; without tags unless they were asked for, so that no plan picks it up.
fn register(
    connection: &Connection,
    engine: &Engine,
    record: &RestoreRecord,
    origin: &Origin,
    restored: &Restored,
    id: &str,
) -> Result<Arn> {
    let scope = &record.job.scope;
    let facts = engine.driver_of(restored_as(record, origin))?.facts();
    let base = origin.point.resource_name.clone().unwrap_or_else(|| facts.noun.replace(' ', "-"));
    let wanted = match &restored.name {
        None => format!("{base}-restored-{}", end_of(id)),
        Some(name) => name.clone(),
    };
    let resource = Resource {
        arn: facts.arn(scope, id)?,
        scope: scope.clone(),
        resource_type: facts.resource_type(),
        name: free_name(connection, scope, facts.name, &wanted, id)?,
        location: record.target.clone(),
        tags: if record.copy_tags { origin.tags.clone() } else { Tags::new() },
    };
    let permit = authorize(connection, Doing::Outcome, AddResource, &Anything(resource.arn.as_str()))?;
    resources::rows::insert(connection, &permit, &resource)?;
    if restored.shares_secret {
        engine.share_secret(connection, &permit, &origin.point.resource_arn)?;
    }
    Ok(resource.arn)
}
