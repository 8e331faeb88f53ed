//! The work of a copy job: what the destination lacks of a snapshot goes there. What comes of it is in [`stored`](super::stored).

use crate::domain::continuous::Wanted;
use crate::domain::{Nesting, Time};
use crate::engine::Engine;
use crate::engine::catalog::Connection;
use crate::engine::error::{Error, Result};
use crate::engine::jobs::adopt::adopt;
use crate::engine::jobs::commit::keep_if_held;
use crate::engine::jobs::copy::rows::CopyRecord;
use crate::engine::jobs::copy::stored::{Data, Made, StoredCopy};
use crate::engine::jobs::entered::Entered;
use crate::engine::jobs::finish::{Finish, TAG};
use crate::engine::jobs::live::LiveJob;
use crate::engine::jobs::outcome::Ending;
use crate::engine::jobs::work::{Failure, Worked};
use crate::engine::points::manifest::Manifest;
use crate::engine::points::rows::{chains, owed_manifests};
use crate::repository::{self, Control, Id, ItemPath, Repository, RestoreRequest, TransferRequest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Does the work of a job that copies a snapshot.
pub(super) fn run(
    engine: &Arc<Engine>,
    live: &LiveJob,
    record: &CopyRecord,
    entered: Entered,
) -> std::result::Result<Worked, Failure> {
    let Entered { vault, pass, from } = entered;
    let from = from.ok_or_else(|| Error::Internal("a copy entered no vault to read".to_owned()))?;
    if record.was_begun {
        if let Some(manifest) = adopt(&record.job.id, &record.point_id, &vault)? {
            let stored = StoredCopy { record: record.clone(), vault, made: Made::Before(Box::new(manifest)) };
            return Ok(Worked { bytes: 0, finish: Finish::Together(Box::new(stored)), pass });
        }
        // A snapshot without a manifest is nobody's: the collection looks for it.
        engine.jobs.litter(&record.destination);
    }
    // What an earlier attempt left whole needs no room; what is stored anew does.
    engine.data_dir.reserve().admits_backup().map_err(|standing| Ending::disk_full(&standing))?;
    let source = engine.catalog.read(|connection| source(connection, record))??;
    let (only, source) = of_one_moment(source, record.job.created.unwrap_or(live.started))?;
    let (snapshot, tags) = (source.snapshot_id()?, vec![format!("{TAG}{}", record.point_id)]);
    // What it cannot read, its recovery point and others lack.
    let look = || engine.look_again(&record.source_vault, &from.vault);
    let size_bytes = match &only {
        Some(base) => size_of(&from.vault.repository, snapshot, base, &live.control).inspect_err(|_| look())?,
        None => source.size_bytes,
    };
    let request = TransferRequest { snapshot, only, tags };
    let transferred =
        vault.repository.transfer(&from.vault.repository, &request, &live.control).inspect_err(|_| look())?;
    drop(from);
    let (outcome, file) = (transferred.outcome().clone(), BASE64.encode(transferred.snapshot_file()));
    let manifest = copied(source, record, live);
    let manifest = Manifest {
        snapshot: outcome.snapshot.to_hex(),
        snapshot_file: Some(file),
        bytes_read: outcome.bytes,
        size_bytes,
        ..manifest
    };
    let data = if keep_if_held(engine, &vault, &transferred)? {
        Data::Snapshot(outcome.tree)
    } else {
        let tree = outcome.tree;
        Data::New(Box::new(transferred), tree)
    };
    let made = Made::Now { data, manifest: Box::new(manifest) };
    let stored = StoredCopy { record: record.clone(), vault, made };
    Ok(Worked { bytes: outcome.bytes, finish: Finish::Together(Box::new(stored)), pass })
}

/// What is known of the source.
pub(super) fn source(connection: &Connection, record: &CopyRecord) -> Result<std::result::Result<Manifest, Ending>> {
    let arn = &record.source_point;
    let gone = || Ending::failed(false, format!("Cannot find recovery point {arn}."));
    // What moves on while nothing happens is told by the chain's row alone.
    let continuous = chains::get(connection, arn)?.and_then(|row| row.chain);
    let manifest = owed_manifests::of(connection, arn)?.map(|kept| Manifest { continuous, ..kept.manifest });
    Ok(manifest.ok_or_else(gone))
}

/// What is copied of a continuous recovery point: its newest base with the log behind it, which is a snapshot of the last moment
/// that it can be restored to.
fn of_one_moment(source: Manifest, created: Time) -> std::result::Result<(Option<String>, Manifest), Failure> {
    let Some(chain) = source.continuous else { return Ok((None, source)) };
    let outside = |rule| Ending::failed(false, format!("The moment {rule}."));
    let (base, moment) = chain.restore_to(Wanted::Latest).map_err(outside)?;
    let base = base.folder.clone();
    let of_now = Manifest {
        root: Path::new("/").join(&base),
        continuous: None,
        moment: Some(moment),
        // Its days count from the run of the rule, and not from when the continuous one was begun.
        created,
        ..source
    };
    Ok((Some(base), of_now))
}

/// How many bytes there are in a folder of the root.
fn size_of(repository: &Repository, snapshot: Id, folder: &str, control: &Control) -> repository::Result<u64> {
    let strip = ItemPath::root().join(folder.as_bytes());
    let all = RestoreRequest { snapshot, strip, items: Vec::new(), target: PathBuf::new(), merge: false };
    Ok(repository.measure(&all, control)?.bytes)
}

/// What there is to say of the copy: what its source says, but for what is its own.
pub(super) fn copied(source: Manifest, record: &CopyRecord, live: &LiveJob) -> Manifest {
    // A copy is a recovery point of its own, or nested in the copy of what its source is nested in.
    let member = record.job.member.clone();
    let nesting = record.parent_point.clone().map(|parent| Nesting::Child { parent, member });
    Manifest {
        recovery_point_id: record.point_id.clone(),
        job_id: record.job.id.to_string(),
        vault_arn: record.destination.clone(),
        source_vault_arn: Some(record.source_vault.clone()),
        iam_role_arn: Some(record.role.clone()),
        created_by: record.job.created_by.as_deref().cloned(),
        initiated: Some(live.started),
        lifecycle: record.job.lifecycle,
        nesting: nesting.unwrap_or_default(),
        ..source
    }
}
