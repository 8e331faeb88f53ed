//! The work of a backup job: open the source and store it. What comes of it is in [`stored`](super::stored).

use crate::domain::tags::MAX_TAGS;
use crate::engine::catalog::Connection;
use crate::engine::drivers::{BackupCx, Before};
use crate::engine::error::Result;
use crate::engine::jobs::MAX_ATTEMPTS;
use crate::engine::jobs::adopt::adopt;
use crate::engine::jobs::backup::rows::record::BackupRecord;
use crate::engine::jobs::backup::stored::{Attempt, Data, Made, Plan, StoredBackup, point_id};
use crate::engine::jobs::backup::{continuous, divide};
use crate::engine::jobs::commit::keep_if_held;
use crate::engine::jobs::composite::conclude;
use crate::engine::jobs::entered::Entered;
use crate::engine::jobs::finish::{Finish, TAG};
use crate::engine::jobs::live::LiveJob;
use crate::engine::jobs::outcome::Ending;
use crate::engine::jobs::work::{Failure, Worked};
use crate::engine::{Engine, points};
use crate::repository::BackupRequest;
use std::ffi::OsStr;
use std::sync::Arc;
use std::time::SystemTime;

/// Does the work of a job.
pub(super) fn run(
    engine: &Arc<Engine>,
    live: &LiveJob,
    record: &BackupRecord,
    entered: Entered,
) -> std::result::Result<Worked, Failure> {
    let job = &record.job;
    let Entered { vault, pass, .. } = entered;
    if job.is_parent && record.children.is_empty() {
        return divide::run(engine, live, record, pass);
    }
    let renews = record.continuous && engine.catalog.read(|connection| continuous::renews(connection, record))??;
    if !renews
        && record.was_begun
        && let Some(manifest) = adopt(&record.job.id, point_id(record), &vault)?
    {
        let stored = StoredBackup { record: record.clone(), vault, made: Made::Before(Box::new(manifest)) };
        return Ok(Worked { bytes: 0, finish: Finish::Together(Box::new(stored)), pass });
    }
    // What an earlier attempt left whole needs no room; what is stored anew does.
    engine.data_dir.reserve().admits_backup().map_err(|standing| Ending::disk_full(&standing))?;
    let plan = engine.catalog.read(|connection| plan(engine, connection, record))??;
    let driver = engine.driver_of(&plan.of.resource.resource_type)?;
    let base =
        if renews { engine.catalog.read(|connection| continuous::base_before(connection, record))? } else { None };
    let moved = base.as_ref().filter(|_| continuous::takes_over(driver, &plan.of));
    let parent = moved.map(|(snapshot, _)| *snapshot).or(plan.parent);
    let repository = &vault.repository;
    let before = match &base {
        Some((snapshot, folder)) => Some(Before { repository, snapshot: *snapshot, folder: Some(folder) }),
        None => plan.parent.map(|snapshot| Before { repository, snapshot, folder: None }),
    };
    let cx = BackupCx {
        of: &plan.of,
        options: &job.backup_options,
        before,
        line: &BackupCx::line_of(&job.vault_arn, record.continuous),
        is_last: record.attempts + 1 >= MAX_ATTEMPTS,
        control: &live.control,
    };
    // Before the source is opened, which may hold it still: what changed from here on is read again by the next backup.
    let started = SystemTime::now();
    if record.continuous {
        continuous::hold(engine, driver, record, &plan.of)?;
        if !renews {
            continuous::begin(engine, driver, record, &plan.of, &live.control)?;
        }
    }
    let look = || engine.catalog.read(|connection| conclude::look(connection, &record.as_parent()));
    let children = job.is_parent.then(look).transpose()?;
    let source = match &children {
        Some(children) => children.source(),
        None => driver.source(&cx)?,
    };
    let root = source.root().to_owned();
    let request = BackupRequest {
        paths: vec![root.clone()],
        parent,
        time: job.created.fixed_offset(),
        started,
        hostname: plan.of.resource.name.clone(),
        username: "vaultdeck".to_owned(),
        tags: vec![format!("{TAG}{}", point_id(record))],
        chunker: vault.chunker,
    };
    let prepared = match moved {
        Some((_, folder)) => {
            vault.repository.prepare_moved(source.items(), &request, OsStr::new(folder), &live.control)
        }
        None => vault.repository.prepare(source.items(), &request, &live.control),
    };
    let prepared = prepared.map_err(|error| match source.fault() {
        // A source that was told to stop broke off by that.
        Some(fault) if !error.is_cancelled() => Failure::from(fault),
        _ => Failure::from(error),
    })?;
    // Whether all of it was there is known only now, and nothing that a recovery point could be made of is durable yet.
    let facts = source.finish(prepared.outcome())?;
    if renews {
        let bytes = prepared.outcome().bytes_read;
        let (log_folder, needed) = continuous::log_of(driver, &plan.of, &facts)?;
        let record = record.clone();
        let base = continuous::Renewal { record, vault, prepared, facts, root, log_folder, needed };
        base.await_log(engine, &live.control)?;
        let finish = Finish::Alone(Box::new(move |engine, verdict| base.finish(engine, verdict)));
        return Ok(Worked { bytes, finish, pass });
    }
    let data = if keep_if_held(engine, &vault, &prepared)? {
        Data::Snapshot(prepared.outcome().clone())
    } else {
        Data::Prepared(prepared)
    };
    let bytes = data.outcome().bytes_read;
    let chain =
        record.continuous.then(|| continuous::first(engine, driver, record, &plan.of, &facts, &root)).transpose()?;
    let made = Made::Now(Box::new(Attempt {
        plan,
        root,
        facts,
        chain,
        partial: children.and_then(|children| children.partial),
        data,
    }));
    let stored = StoredBackup { record: record.clone(), vault, made };
    Ok(Worked { bytes, finish: Finish::Together(Box::new(stored)), pass })
}

/// Looks up the resource, its tags and the parent of the new snapshot.
fn plan(engine: &Engine, connection: &Connection, record: &BackupRecord) -> Result<std::result::Result<Plan, Ending>> {
    let job = &record.job;
    // Some ARNs name no account: another one may have registered what this job was made for.
    let of = engine.registered(connection, &job.resource_arn)?.filter(|of| of.resource.scope == job.scope);
    let Some(of) = of else {
        return Ok(Err(Ending::failed(false, format!("Resource {} does not exist.", job.resource_arn))));
    };
    let mut all = of.resource.tags.clone();
    all.extend(record.recovery_point_tags.clone());
    if all.len() > MAX_TAGS {
        let message =
            format!("The recovery point would have {} tags, and More than 50 tags are not allowed.", all.len());
        return Ok(Err(Ending::failed(false, message)));
    }
    let parent = points::rows::newest_snapshot(connection, &job.vault_arn, &job.resource_arn)?;
    Ok(Ok(Plan { of, tags: all, parent: parent.and_then(|text| text.parse().ok()) }))
}
