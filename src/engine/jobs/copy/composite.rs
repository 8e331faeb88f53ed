//! The job that copies a composite recovery point: what its child jobs copied becomes a composite again, which needs nothing of the
//! vault that they came from.

use crate::domain::{Arn, Nesting};
use crate::engine::Engine;
use crate::engine::error::Result;
use crate::engine::jobs::adopt::adopt;
use crate::engine::jobs::commit::keep_if_held;
use crate::engine::jobs::composite::{self, Parent, conclude};
use crate::engine::jobs::copy::admission;
use crate::engine::jobs::copy::rows::{CopyRecord, TABLE};
use crate::engine::jobs::copy::run::{copied, source};
use crate::engine::jobs::copy::stored::{Data, Made, StoredCopy};
use crate::engine::jobs::entered::{Entered, Use};
use crate::engine::jobs::finish::{Finish, TAG};
use crate::engine::jobs::kind::{Chance, Decision};
use crate::engine::jobs::live::LiveJob;
use crate::engine::jobs::outcome::{Ending, SUCCESS};
use crate::engine::jobs::turn::Turn;
use crate::engine::jobs::work::{Failure, Worked};
use crate::engine::points::manifest::Manifest;
use crate::repository::{BackupRequest, crash_point};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use std::sync::Arc;
use std::time::SystemTime;

impl CopyRecord {
    /// As a job that stands for others; nothing of one that does not.
    pub(super) fn as_parent(&self) -> Option<Parent<'_>> {
        let source = self.job.resource_arn.as_ref().unwrap_or(&self.source_point);
        self.job.is_parent.then(|| Parent {
            table: &TABLE,
            id: &self.job.id,
            children: &self.children,
            attempts: self.attempts,
            told: self.job.status_message.as_deref(),
            resource: source,
            point: Some(Arn::recovery_point(&self.destination_scope, &self.point_id)),
            issue: self.issue.clone(),
        })
    }
}

/// What becomes of a parent: once its children are over it begins as any copy does, if its vault still lets it in.
pub(super) fn decide(
    record: &CopyRecord,
    parent: &Parent<'_>,
    engine: &Arc<Engine>,
    turn: &mut Turn,
    chance: Chance,
) -> Result<Decision> {
    if let Some(decision) = composite::decide(engine, parent, chance)? {
        return Ok(decision);
    }
    if let Some(ending) = engine.catalog.read(|connection| admission::refusal(connection, record))? {
        return Ok(Decision::End(ending));
    }
    engine.start_again(turn, parent.id, &record.destination, Use::Writing, chance.now)
}

/// Stores what became of the children as a composite recovery point.
pub(super) fn run(
    engine: &Arc<Engine>,
    live: &LiveJob,
    record: &CopyRecord,
    parent: &Parent<'_>,
    entered: Entered,
) -> std::result::Result<Worked, Failure> {
    let Entered { vault, pass, .. } = entered;
    if record.was_begun
        && let Some(manifest) = adopt(&record.job.id, &record.point_id, &vault)?
    {
        let stored = StoredCopy { record: record.clone(), vault, made: Made::Before(Box::new(manifest)) };
        return Ok(Worked { bytes: 0, finish: Finish::Together(Box::new(stored)), pass });
    }
    engine.data_dir.reserve().admits_backup().map_err(|standing| Ending::disk_full(&standing))?;
    let of_source = engine.catalog.read(|connection| source(connection, record))??;
    let outcome = engine.catalog.read(|connection| conclude::look(connection, parent))?;
    crash_point::reached("before-composite-copy");
    let tree = outcome.source();
    let request = BackupRequest {
        paths: vec![tree.root().to_owned()],
        parent: None,
        time: of_source.created.fixed_offset(),
        started: SystemTime::now(),
        hostname: record.job.resource_name.clone().unwrap_or_default(),
        username: "vaultdeck".to_owned(),
        tags: vec![format!("{TAG}{}", record.point_id)],
        chunker: vault.chunker,
    };
    let root = tree.root().to_owned();
    let prepared = vault.repository.prepare(tree.items(), &request, &live.control)?;
    let stored = prepared.outcome().clone();
    let facts = tree.finish(&stored)?;
    let manifest = Manifest {
        snapshot: stored.snapshot.to_hex(),
        snapshot_file: Some(BASE64.encode(prepared.snapshot_file())),
        storage_class: None,
        root,
        bytes_read: stored.bytes_read,
        size_bytes: stored.bytes_total,
        details: facts.details,
        nesting: Nesting::Parent,
        partial: false,
        status_message: None,
        message_category: SUCCESS.to_owned(),
        ..copied(of_source, record, live)
    };
    let manifest = match outcome.partial {
        Some(why) => conclude::partial(manifest, why),
        None => manifest,
    };
    let data = if keep_if_held(engine, &vault, &prepared)? {
        Data::Snapshot(stored.tree)
    } else {
        Data::New(Box::new(prepared), stored.tree)
    };
    let made = Made::Now { data, manifest: Box::new(manifest) };
    let finished = StoredCopy { record: record.clone(), vault, made };
    Ok(Worked { bytes: stored.bytes_read, finish: Finish::Together(Box::new(finished)), pass })
}
