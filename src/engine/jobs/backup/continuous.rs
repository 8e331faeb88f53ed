//! The backup jobs of continuous rules: the first makes the recovery point, each later one gives it another base.

use crate::domain::continuous::{Base, Chain};
use crate::domain::job::JobState;
use crate::domain::recovery_point::RecoveryPointStatus;
use crate::domain::{Arn, Time};
use crate::engine::Engine;
use crate::engine::catalog::Connection;
use crate::engine::drivers::{Continuous, Driver, Fault, Needed, PointFacts, Registered};
use crate::engine::error::Result;
use crate::engine::jobs::backup::rows::record::{self, BackupRecord, Moved};
use crate::engine::jobs::copy;
use crate::engine::jobs::finish::Verdict;
use crate::engine::jobs::outcome::{Ending, SUCCESS};
use crate::engine::jobs::uses;
use crate::engine::jobs::work::Failure;
use crate::engine::points::chains::NewBase;
use crate::engine::points::rows::{self as points, chains};
use crate::engine::vaults::store::OpenVault;
use crate::repository::{Control, Id, Prepared};
use chrono::Duration;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

/// How long a base waits for the log to come on towards its end.
const WAIT: std::time::Duration = std::time::Duration::from_secs(60);

/// How often it is looked meanwhile.
const GLANCE: std::time::Duration = std::time::Duration::from_millis(200);

/// Whether a job gives its point another base. Otherwise it makes the point.
pub(super) fn renews(connection: &Connection, record: &BackupRecord) -> Result<std::result::Result<bool, Ending>> {
    let Some(arn) = &record.job.recovery_point_arn else { return Ok(Ok(false)) };
    let status = points::get(connection, arn)?.map(|point| point.status);
    Ok(match status {
        None | Some(RecoveryPointStatus::Creating) => Ok(false),
        Some(RecoveryPointStatus::Available) => Ok(true),
        Some(other) => Err(Ending::failed(
            false,
            format!(
                "Recovery point {arn} became {} before this job began: the next run of its rule opens a new one.",
                other.as_str()
            ),
        )),
    })
}

/// Has the service keep its log from now on, under the name that the catalog knows already.
pub(super) fn hold(
    engine: &Engine,
    driver: &'static dyn Driver,
    record: &BackupRecord,
    of: &Registered,
) -> std::result::Result<(), Failure> {
    let (name, log) = (hold_of(engine, record)?, part(driver, of)?);
    log.hold(of, &name)?;
    // It may have been stopped or deleted since the job was looked at: whoever let go of its log then did so before this.
    let arn = record.job.recovery_point_arn.as_ref();
    let row = arn.map_or(Ok(None), |arn| engine.catalog.read(|connection| chains::get(connection, arn)))?;
    let is_held = |row: &chains::ChainRow| {
        !row.released && !matches!(row.status, Some(RecoveryPointStatus::Stopped | RecoveryPointStatus::Deleting))
    };
    if row.as_ref().is_some_and(is_held) {
        return Ok(());
    }
    log.release(of, &name)?;
    let why = "The continuous recovery point was deleted or interrupted when this job began: the next run of its rule opens \
               a new one.";
    Err(Ending::failed(false, why.to_owned()).into())
}

/// Has the driver note what a follower has to know from before the first base.
pub(super) fn begin(
    engine: &Engine,
    driver: &'static dyn Driver,
    record: &BackupRecord,
    of: &Registered,
    control: &Control,
) -> std::result::Result<(), Failure> {
    let unknown = || Fault::Failed("The job names no recovery point.".to_owned());
    let point = record.job.recovery_point_arn.as_ref().ok_or_else(unknown)?;
    Ok(part(driver, of)?.begin(of, &engine.spool_of(point), control)?)
}

/// The newest base of the point that a job renews: its snapshot, and its folder there.
pub(super) fn base_before(connection: &Connection, record: &BackupRecord) -> Result<Option<(Id, String)>> {
    let Some(point) = &record.job.recovery_point_arn else { return Ok(None) };
    let chain = chains::get(connection, point)?.and_then(|row| row.chain);
    let folder = chain.and_then(|chain| chain.bases.last().map(|base| base.folder.clone()));
    let snapshot = points::content(connection, point)?.and_then(|(snapshot, ..)| snapshot.parse().ok());
    Ok(snapshot.zip(folder))
}

/// Whether the next base of a resource takes over what did not change since the one before.
pub(super) fn takes_over(driver: &'static dyn Driver, of: &Registered) -> bool {
    driver.continuous(&of.resource.location).is_some_and(Continuous::takes_over)
}

/// What a new point holds.
pub(super) fn first(
    engine: &Engine,
    driver: &'static dyn Driver,
    record: &BackupRecord,
    of: &Registered,
    facts: &PointFacts,
    root: &Path,
) -> std::result::Result<Chain, Failure> {
    let followed = part(driver, of)?;
    let base = Base::new(folder(root)?.to_owned(), from(facts)?, facts.details.clone());
    let log = followed.behind(&facts.details)?.read().unwrap_or_default();
    Ok(Chain::begun(hold_of(engine, record)?, base, log))
}

/// In which folder of a base of this resource its log lies, and what a base of which this was said needs of the log before.
pub(super) fn log_of(
    driver: &'static dyn Driver,
    of: &Registered,
    facts: &PointFacts,
) -> std::result::Result<(&'static str, Needed), Failure> {
    let log = part(driver, of)?;
    Ok((log.log_folder(), log.needed(&facts.details)))
}

/// Another base of a point that is live, stored and not committed.
pub(super) struct Renewal {
    pub(super) record: BackupRecord,
    pub(super) vault: Arc<OpenVault>,
    pub(super) prepared: Prepared,
    pub(super) facts: PointFacts,
    pub(super) root: PathBuf,
    /// See [`Continuous::log_folder`].
    pub(super) log_folder: &'static str,
    /// See [`Continuous::needed`].
    pub(super) needed: Needed,
}

impl Renewal {
    fn point(&self) -> std::result::Result<&Arn, Fault> {
        let arn = self.record.job.recovery_point_arn.as_ref();
        arn.ok_or_else(|| Fault::Failed("The job names no recovery point.".to_owned()))
    }

    /// Waits until the log that the base before needs is stored up to where this one begins.
    pub(super) fn await_log(&self, engine: &Engine, control: &Control) -> std::result::Result<(), Failure> {
        let (point, from) = (self.point()?, from(&self.facts)?);
        let (mut until, mut latest) = (Instant::now() + WAIT, None);
        loop {
            let row = engine.catalog.read(|connection| chains::get(connection, point))?;
            let now = row.and_then(|row| row.chain).map(|chain| chain.latest);
            if now.is_some_and(|now| now >= from) {
                return Ok(());
            }
            // As long as it comes on, it will come to there.
            if now > latest {
                (until, latest) = (Instant::now() + WAIT, now);
            }
            control.check()?;
            if Instant::now() > until {
                let why = "The log has not come up to the end of this base yet.".to_owned();
                return Err(Failure::Later { why, after: Duration::minutes(1) });
            }
            std::thread::sleep(GLANCE);
        }
    }

    /// Adds it to its point, and ends the job.
    pub(super) fn finish(&self, engine: &Engine, verdict: Verdict) -> Result<()> {
        if verdict != Verdict::Complete {
            return Ok(());
        }
        let job = &self.record.job;
        let base = NewBase {
            stored: &self.prepared,
            folder: folder(&self.root)?,
            from: from(&self.facts)?,
            details: &self.facts.details,
            log_folder: self.log_folder,
            needed: &self.needed,
        };
        let stored = self.prepared.outcome();
        let bytes = stored.bytes_read as i64;
        let ending = Ending { state: JobState::Completed, category: SUCCESS, message: None };
        let ending = ending.with_issue(self.facts.issue.as_deref());
        let now = engine.clock.now();
        let moved = Moved { size: bytes, bytes, new_data: Some(stored.new_data) };
        let end = |tx: &Connection| {
            if !record::end(tx, &job.id, &ending, moved, now)? {
                return Ok(false);
            }
            copy::create::scheduled(tx, job, &self.record.copy_actions, now)?;
            Ok(true)
        };
        let _pass = self.vault.reenter()?;
        let control = Control::new();
        if engine.keep_base(&self.vault, self.point()?, &base, uses::needs_point, &control, &end)? {
            engine.jobs.litter(&job.vault_arn);
            return Ok(());
        }
        let stopped = Ending::failed(
            false,
            "The continuous recovery point was deleted or interrupted while its new base was made.",
        );
        engine.catalog.write(|tx| {
            let aborted = record::end(tx, &job.id, &Ending::stopped(), moved, now)?;
            if aborted { Ok(true) } else { record::end(tx, &job.id, &stopped, moved, now) }
        })?;
        Ok(())
    }
}

fn hold_of(engine: &Engine, record: &BackupRecord) -> std::result::Result<String, Failure> {
    let arn = record.job.recovery_point_arn.as_ref();
    let row = arn.map_or(Ok(None), |arn| engine.catalog.read(|connection| chains::get(connection, arn)))?;
    let unknown = || Fault::Failed("It is not known under which name the service keeps its log.".to_owned());
    Ok(row.map(|row| row.hold).ok_or_else(unknown)?)
}

fn part(driver: &'static dyn Driver, of: &Registered) -> std::result::Result<&'static dyn Continuous, Fault> {
    let name = driver.facts().name;
    driver
        .continuous(&of.resource.location)
        .ok_or_else(|| Fault::Failed(format!("{name} has no log that can be followed.")))
}

fn from(facts: &PointFacts) -> std::result::Result<Time, Fault> {
    facts
        .restorable_from
        .ok_or_else(|| Fault::Failed("The base does not say from when on it can be restored.".to_owned()))
}

/// The folder of a base in the root of its snapshot.
fn folder(root: &Path) -> std::result::Result<&str, Fault> {
    let name =
        root.strip_prefix("/").ok().and_then(Path::to_str).filter(|name| !name.is_empty() && !name.contains('/'));
    name.ok_or_else(|| Fault::Failed(format!("{} is no folder in a root.", root.display())))
}
