//! The operations on backup jobs: start, describe, list, stop.

use crate::domain::job::{BackupJob, JobState};
use crate::domain::names::JobId;
use crate::domain::plan_rules::validate_windows;
use crate::domain::vault::VaultType;
use crate::domain::{Arn, Invalid, Lifecycle, Resource, ResourceType, Scope, Tags, Time, VaultName, air_gap, tags};
use crate::engine::authorize::action::{StartBackupJob, StopBackupJob};
use crate::engine::authorize::boundary;
use crate::engine::authorize::subject::{JobToStop, VaultNamed};
use crate::engine::authorize::{Permit, authorize};
use crate::engine::caller::Caller;
use crate::engine::catalog::{Connection, idempotency};
use crate::engine::error::{Error, Result};
use crate::engine::jobs::backup::create::{COMPLETE_WINDOW, Draft, START_WINDOW};
use crate::engine::jobs::backup::rows::record::{self, BackupRecord, Moved};
use crate::engine::jobs::backup::rows::{self, BackupJobFilter, TABLE, children};
use crate::engine::jobs::live::{LiveJobs, StopCause};
use crate::engine::jobs::outcome::Ending;
use crate::engine::jobs::rows::children::{self as child_jobs, States};
use crate::engine::jobs::summaries::{ALL, ANY, JobSummary, Summarized, SummaryFilter};
use crate::engine::organization::roles;
use crate::engine::page::{Page, PageRequest, check_one_of};
use crate::engine::{Engine, resources, vaults};
use serde::Serialize;
use std::collections::BTreeMap;

/// The member that names an air-gapped vault.
const AIR_GAPPED: &str = "LogicallyAirGappedBackupVaultArn";

/// How these jobs are counted.
const SUMMARIZED: Summarized = Summarized {
    table: &TABLE,
    states: &[
        "CREATED",
        "PENDING",
        "RUNNING",
        "ABORTING",
        "ABORTED",
        "COMPLETED",
        "FAILED",
        "EXPIRED",
        "PARTIAL",
        ANY,
        ALL,
    ],
    categories: true,
};

/// StartBackupJob.
#[derive(Debug, Clone, Serialize)]
pub struct StartBackup {
    /// The vault that will hold the recovery point, unless an air-gapped one is named.
    pub vault_name: String,
    /// The logically air-gapped vault that will hold it instead, of the same account and region.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub air_gapped_vault: Option<Arn>,
    /// What is backed up.
    pub resource_arn: Arn,
    /// The role to run under.
    pub iam_role_arn: Arn,
    /// The same token gives the same job.
    pub idempotency_token: Option<String>,
    /// Minutes in which it must start; 480 when absent.
    pub start_window_minutes: Option<i64>,
    /// Minutes in which it must be done; 10080 when absent.
    pub complete_window_minutes: Option<i64>,
    /// How long the recovery point lives.
    pub lifecycle: Option<Lifecycle>,
    /// The recovery point's own tags, over the resource's.
    pub recovery_point_tags: Tags,
    /// Options of the resource type.
    pub backup_options: BTreeMap<String, String>,
}

impl Engine {
    /// Engine time.
    pub fn now(&self) -> Time {
        self.clock.now()
    }

    /// Makes a backup job, which begins as soon as it may.
    pub fn start_backup_job(&self, caller: &Caller, request: StartBackup) -> Result<BackupJob> {
        const OPERATION: &str = "StartBackupJob";
        let scope = caller.scope();
        let now = self.clock.now();
        check(&request)?;
        let fingerprint = idempotency::Fingerprint::of(&request)?;
        let id = self.catalog.write(|tx| {
            if let Some(token) = &request.idempotency_token
                && let Some(before) = idempotency::find(tx, &scope, OPERATION, token, &fingerprint)?
            {
                return Ok(before.parse::<JobId>()?);
            }
            let (permit, vault, vault_type) = destination(tx, caller, &request)?;
            let record = draft(tx, caller, (&vault, vault_type), &request, now)?;
            record::insert(tx, &permit, &record)?;
            if let Some(token) = &request.idempotency_token {
                idempotency::remember(tx, &scope, OPERATION, token, &fingerprint, record.job.id.as_str(), now)?;
            }
            Ok(record.job.id)
        })?;
        self.jobs.resume();
        self.jobs.wake();
        self.describe_backup_job(caller, &id)
    }

    /// A backup job that the caller may see.
    pub fn describe_backup_job(&self, caller: &Caller, id: &JobId) -> Result<BackupJob> {
        let mut job = self.catalog.read(|connection| {
            let job = rows::get(connection, id)?.ok_or_else(|| unknown(id))?;
            if boundary::sees(connection, caller, &job.scope)? { Ok(job) } else { Err(unknown(id)) }
        })?;
        lay_over(&mut job, &self.jobs.live, self.clock.now());
        Ok(job)
    }

    /// Backup jobs, the newest first.
    pub fn list_backup_jobs(
        &self,
        caller: &Caller,
        filter: &BackupJobFilter,
        request: &PageRequest,
    ) -> Result<Page<BackupJob>> {
        check_one_of("State", filter.state.as_deref(), &JobState::KNOWN.each_ref().map(JobState::as_str))?;
        filter.resource_arn.as_ref().map_or(Ok(()), resources::ops::check_supported)?;
        let page = self.catalog.read(|connection| {
            let account = boundary::job_accounts(connection, caller, filter.account_id.as_deref())?;
            rows::list(connection, account.as_ref(), &caller.region, filter, request)
        })?;
        let now = self.clock.now();
        Ok(page.map(|mut job| {
            lay_over(&mut job, &self.jobs.live, now);
            job
        }))
    }

    /// ListBackupJobSummaries.
    pub fn backup_job_summaries(
        &self,
        caller: &Caller,
        filter: &SummaryFilter,
        page: &PageRequest,
    ) -> Result<Page<JobSummary>> {
        self.summarize(&SUMMARIZED, caller, filter, page)
    }

    /// Stops a backup job that is not over.
    pub fn stop_backup_job(&self, caller: &Caller, id: &JobId) -> Result<()> {
        let now = self.clock.now();
        let stopped = self.catalog.write(|tx| {
            let job = rows::get(tx, id)?;
            let permit = authorize(tx, caller, StopBackupJob, &JobToStop { id, found: job.as_ref() })?;
            let children = children::to_stop(tx, &permit, id)?;
            let mut stopped = Vec::new();
            // A child that runs and that AWS Backup cannot stop runs on, and its parent waits for it.
            let can_stop = |job: &BackupJob| job.state != JobState::Running || job.resource_type.can_stop_backup();
            for job in job.into_iter().chain(children.into_iter().filter(can_stop)) {
                match job.state {
                    JobState::Created | JobState::Pending => {
                        record::end(tx, &job.id, &Ending::stopped(), Moved::default(), now)?;
                    }
                    JobState::Running => {
                        record::begin_abort(tx, &permit, &job.id)?;
                    }
                    // It is being stopped already.
                    _ => {}
                }
                stopped.push(job.id);
            }
            Ok(stopped)
        })?;
        for live in stopped.iter().filter_map(|id| self.jobs.live.get(id)) {
            live.stop(StopCause::User);
        }
        self.jobs.wake();
        Ok(())
    }

    /// The child jobs of a backup job by their states; none of one that has none.
    pub fn child_jobs(&self, id: &JobId) -> Result<States> {
        self.catalog.read(|connection| child_jobs::states(connection, &TABLE, id))
    }
}

/// Lays over a job from the catalog how far it is.
fn lay_over(job: &mut BackupJob, live: &LiveJobs, now: Time) {
    if let Some(progress) = live.progress(&job.id, &job.state, now) {
        job.percent_done = Some(progress.percent);
        job.bytes_transferred = Some(progress.bytes as i64);
        job.expected_completion = progress.expected;
    }
}

/// What can be checked without looking anything up.
fn check(request: &StartBackup) -> Result<()> {
    let start = request.start_window_minutes.unwrap_or(START_WINDOW);
    let complete = request.complete_window_minutes.unwrap_or_else(|| COMPLETE_WINDOW.max(start.saturating_add(60)));
    validate_windows("CompleteWindowMinutes", start, complete)?;
    if let Some(lifecycle) = &request.lifecycle {
        lifecycle.validate()?;
    }
    tags::validate("RecoveryPointTags", &request.recovery_point_tags)?;
    check_options(request)
}

/// Options are those that the type has, switched on or off.
fn check_options(request: &StartBackup) -> Result<()> {
    let facts = ResourceType::of_arn(&request.resource_arn).and_then(|of| of.facts());
    let allowed = facts.map_or(&[][..], |facts| facts.backup_options);
    for (option, value) in &request.backup_options {
        if !allowed.contains(&option.as_str()) {
            let rule = format_args!("{option} is not an option of this resource type").to_string();
            return Err(Invalid::value("BackupOptions", rule).into());
        }
        if !matches!(value.as_str(), "enabled" | "disabled") {
            let rule = format_args!("{option} can be enabled or disabled, it is {value:?}").to_string();
            return Err(Invalid::value("BackupOptions", rule).into());
        }
    }
    Ok(())
}

/// The vault that a request's backup goes into, with leave to write into each that it names.
fn destination<'tx>(
    tx: &'tx Connection,
    caller: &Caller,
    request: &StartBackup,
) -> Result<(Permit<'tx, StartBackupJob>, VaultName, VaultType)> {
    let scope = caller.scope();
    let named: VaultName = request.vault_name.parse()?;
    let (permit, vault_type) = writable(tx, caller, &Arn::vault(&scope, &named))?;
    if vault_type.is_air_gapped() {
        let rule = format!("{named} is a logically air-gapped backup vault, which only {AIR_GAPPED} can name");
        return Err(Invalid::value("BackupVaultName", rule).into());
    }
    let Some(air_gapped) = &request.air_gapped_vault else { return Ok((permit, named, vault_type)) };
    let air_gapped = air_gap::target(AIR_GAPPED, air_gapped.as_str(), &scope)?;
    let (permit, vault_type) = writable(tx, caller, &air_gapped)?;
    if !vault_type.is_air_gapped() {
        let rule = format_args!("{air_gapped} is not a logically air-gapped backup vault").to_string();
        return Err(Invalid::value(AIR_GAPPED, rule).into());
    }
    Ok((permit, air_gapped.vault_name().unwrap_or_default().parse()?, vault_type))
}

/// Leave to write a backup into a vault, and its kind.
fn writable<'tx>(
    tx: &'tx Connection,
    caller: &Caller,
    vault: &Arn,
) -> Result<(Permit<'tx, StartBackupJob>, VaultType)> {
    let (found, scope) = (vaults::rows::kind(tx, vault)?, caller.scope());
    let subject = VaultNamed { arn: vault, scope: found.is_some().then_some(&scope) };
    let permit = authorize(tx, caller, StartBackupJob, &subject)?;
    Ok((permit, found.map(|(vault_type, _)| vault_type).unwrap_or_default()))
}

/// The job that a request asks for, after all checks that need the catalog.
fn draft(
    connection: &Connection,
    caller: &Caller,
    (vault, vault_type): (&VaultName, VaultType),
    request: &StartBackup,
    now: Time,
) -> Result<BackupRecord> {
    let scope = &caller.scope();
    let resource = resource(connection, scope, &request.resource_arn)?;
    if vault_type.is_air_gapped() && !air_gap::takes_directly(&resource.resource_type) {
        let kind = &resource.resource_type;
        let rule = format!("this engine cannot write backups of type {kind} directly into an air-gapped vault");
        return Err(Invalid::value(AIR_GAPPED, rule).into());
    }
    roles::pass(connection, caller, request.iam_role_arn.as_str())?;
    let start_window = request.start_window_minutes.unwrap_or(START_WINDOW);
    Draft {
        scope,
        vault,
        vault_type,
        resource: &resource,
        role: &request.iam_role_arn,
        created: now,
        start_window,
        complete_window: request
            .complete_window_minutes
            .unwrap_or_else(|| COMPLETE_WINDOW.max(start_window.saturating_add(60))),
        lifecycle: request.lifecycle,
        tags: request.recovery_point_tags.clone(),
        creator: None,
        copies: Vec::new(),
        // There is none on demand, as in AWS.
        continuous: false,
        options: request.backup_options.clone(),
        parent: None,
    }
    .record(connection)
}

/// The registered resource of that ARN, in the caller's account and region.
fn resource(connection: &Connection, scope: &Scope, arn: &Arn) -> Result<Resource> {
    if !arn.region().is_empty() && arn.region() != scope.region.as_str() {
        return Err(Error::invalid_parameter(format!("Invalid ARN: {arn}. Expected region is {}", scope.region)));
    }
    // What is registered has a driver, whatever its ARN looks like.
    if let Some(resource) = resources::rows::get(connection, arn)?.filter(|resource| &resource.scope == scope) {
        return Ok(resource);
    }
    resources::ops::check_supported(arn)?;
    Err(Error::not_found(format!("Resource {arn} does not exist in account {}.", scope.account)))
}

pub(super) fn unknown(id: &JobId) -> Error {
    Error::not_found(format!("Backup job {id} does not exist."))
}

#[cfg(test)]
mod tests {
    use crate::engine::catalog::sample::{Job, insert};
    use crate::engine::{Caller, ClockKind, Engine, EngineOptions, ErrorKind, RestoreRoots};

    #[test]
    fn a_job_of_a_type_that_aws_backup_cannot_stop_is_not_stopped() {
        let folder = tempfile::tempdir().unwrap();
        let engine = Engine::open(EngineOptions {
            data_dir: folder.path().to_owned(),
            clock: ClockKind::Simulated,
            scheduler: false,
            simulated_rate: None,
            cold: std::collections::BTreeMap::new(),
        })
        .unwrap();
        let scope = Engine::first_scope().unwrap();
        let user_arn = format!("arn:aws:iam::{}:user/test", scope.account).parse().unwrap();
        let caller = Caller {
            user_arn,
            account: scope.account,
            region: scope.region,
            user_id: None,
            restore_roots: RestoreRoots::Any,
        };
        // The conductor, which would carry out the stop, has no turn meanwhile.
        let _turn = engine.jobs.turn();
        for (id, kind, stoppable) in
            [("a", "RDS", false), ("b", "Aurora", false), ("c", "FSx", false), ("d", "S3", true)]
        {
            let job = Job { id, resource_type: kind, state: "RUNNING", ..Job::default() };
            engine
                .catalog
                .write(|tx| {
                    insert(tx, &job);
                    Ok(())
                })
                .unwrap();
            let id = id.parse().unwrap();
            let stopped = engine.stop_backup_job(&caller, &id);
            let state = engine.describe_backup_job(&caller, &id).unwrap().state;
            if stoppable {
                assert_eq!((stopped.is_ok(), state.as_str()), (true, "ABORTING"), "{kind}");
            } else {
                let refused = stopped.unwrap_err();
                assert_eq!((refused.kind(), state.as_str()), (ErrorKind::InvalidRequest, "RUNNING"), "{kind}");
                assert!(refused.to_string().contains(kind), "{refused}");
            }
        }
    }
}
