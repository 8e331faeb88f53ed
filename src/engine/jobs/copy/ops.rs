//! The operations on copy jobs: start, describe, list, count.

use crate::domain::copies::{self, Obstacle};
use crate::domain::job::CopyJob;
use crate::domain::names::JobId;
use crate::domain::recovery_point::{RecoveryPoint, RecoveryPointStatus};
use crate::domain::{Arn, Lifecycle, Scope, Time};
use crate::engine::authorize::action::{CopyFromBackupVault, StartCopyJob};
use crate::engine::authorize::subject::{PointNamed, PointToCopy, VaultToLeave};
use crate::engine::authorize::{Permit, authorize, boundary};
use crate::engine::caller::Caller;
use crate::engine::catalog::{Connection, idempotency};
use crate::engine::error::{Error, Result};
use crate::engine::jobs::copy::create::{self, Draft};
use crate::engine::jobs::copy::rows::{self, CopyJobFilter, TABLE};
use crate::engine::jobs::rows::children::{self, States};
use crate::engine::jobs::summaries::{ALL, ANY, JobSummary, Summarized, SummaryFilter};
use crate::engine::organization::roles;
use crate::engine::page::{Page, PageRequest, check_one_of};
use crate::engine::points::ops::point_in;
use crate::engine::points::rows::composite;
use crate::engine::{Engine, resources, vaults};
use serde::Serialize;

/// The states of a copy job that the API knows.
const STATES: [&str; 5] = ["CREATED", "RUNNING", "COMPLETED", "FAILED", "PARTIAL"];

/// How these jobs are counted.
const SUMMARIZED: Summarized = Summarized {
    table: &TABLE,
    states: &[
        "CREATED",
        "RUNNING",
        "ABORTING",
        "ABORTED",
        "COMPLETING",
        "COMPLETED",
        "FAILING",
        "FAILED",
        "PARTIAL",
        ANY,
        ALL,
    ],
    categories: true,
};

/// StartCopyJob.
#[derive(Debug, Clone, Serialize)]
pub struct StartCopy {
    /// What is copied.
    pub recovery_point_arn: Arn,
    /// The name of the vault that it lies in.
    pub source_vault_name: String,
    /// The vault that it is copied into, in any region and account of the organization.
    pub destination_vault_arn: Arn,
    /// The role to run under.
    pub iam_role_arn: Arn,
    /// The same token gives the same job.
    pub idempotency_token: Option<String>,
    /// How long the copy lives; as long as the source when absent.
    pub lifecycle: Option<Lifecycle>,
}

impl Engine {
    /// Makes a copy job, which begins as soon as it may. What the caller cannot know of the destination, as it is another
    /// account's, fails the job and not the call.
    pub fn start_copy_job(&self, caller: &Caller, request: StartCopy) -> Result<CopyJob> {
        const OPERATION: &str = "StartCopyJob";
        let scope = caller.scope();
        let now = self.clock.now();
        let destination = copies::destination(request.destination_vault_arn.as_str())?;
        if let Some(lifecycle) = &request.lifecycle {
            lifecycle.validate()?;
        }
        let fingerprint = idempotency::Fingerprint::of(&request)?;
        let id = self.catalog.write(|tx| {
            if let Some(token) = &request.idempotency_token
                && let Some(before) = idempotency::find(tx, &scope, OPERATION, token, &fingerprint)?
            {
                return Ok(before.parse::<JobId>()?);
            }
            let (permit, point) = source(tx, caller, &request, &destination, now)?;
            let id = create::insert(tx, &permit, draft(&point, &request, &destination, now))?;
            if let Some(token) = &request.idempotency_token {
                idempotency::remember(tx, &scope, OPERATION, token, &fingerprint, id.as_str(), now)?;
            }
            Ok(id)
        })?;
        self.jobs.resume();
        self.jobs.wake();
        self.describe_copy_job(caller, &id)
    }

    /// A copy job that the caller may see: its own, or one that copies to it.
    pub fn describe_copy_job(&self, caller: &Caller, id: &JobId) -> Result<CopyJob> {
        let unknown = || Error::not_found(format!("Copy job {id} does not exist."));
        self.catalog.read(|connection| {
            let (job, destination) = rows::get(connection, id)?.ok_or_else(unknown)?;
            let sees = |scope: &Scope| boundary::sees(connection, caller, scope);
            if sees(&job.scope)? || sees(&destination)? { Ok(job) } else { Err(unknown()) }
        })
    }

    /// The child jobs of a copy job by their states; none of one that has none.
    pub fn child_copy_jobs(&self, id: &JobId) -> Result<States> {
        self.catalog.read(|connection| children::states(connection, &TABLE, id))
    }

    /// ListCopyJobs, the newest first.
    pub fn list_copy_jobs(
        &self,
        caller: &Caller,
        filter: &CopyJobFilter,
        request: &PageRequest,
    ) -> Result<Page<CopyJob>> {
        check_one_of("State", filter.state.as_deref(), &STATES)?;
        filter.resource_arn.as_ref().map_or(Ok(()), resources::ops::check_supported)?;
        self.catalog.read(|connection| {
            let account = boundary::job_accounts(connection, caller, filter.account_id.as_deref())?;
            rows::list(connection, account.as_ref(), caller.region.as_str(), filter, request)
        })
    }

    /// ListCopyJobSummaries.
    pub fn copy_job_summaries(
        &self,
        caller: &Caller,
        filter: &SummaryFilter,
        page: &PageRequest,
    ) -> Result<Page<JobSummary>> {
        self.summarize(&SUMMARIZED, caller, filter, page)
    }
}

/// The point that a request asks for, after all checks that need the catalog.
fn source<'tx>(
    tx: &'tx Connection,
    caller: &Caller,
    request: &StartCopy,
    destination: &Arn,
    now: Time,
) -> Result<(Permit<'tx, StartCopyJob>, RecoveryPoint)> {
    let arn = &request.recovery_point_arn;
    let found = point_in(tx, &request.source_vault_name, arn)?;
    let subject = PointToCopy(PointNamed { arn, found: found.as_ref() });
    let permit = authorize(tx, caller, StartCopyJob, &subject)?;
    let point = found.ok_or_else(|| Error::no_such_recovery_point(arn))?;
    let (into, key) = (vaults::rows::kind(tx, destination)?, vaults::rows::vault_key(tx, &point.vault_arn)?.flatten());
    let own = destination.account() == caller.account.as_str();
    let from = VaultToLeave {
        arn: &point.vault_arn,
        scope: &point.scope,
        vault_type: &point.vault_type,
        key: key.as_deref(),
        into: into.as_ref().map(|(vault_type, _)| vault_type).filter(|_| own),
    };
    authorize(tx, caller, CopyFromBackupVault, &from)?;
    if point.status == RecoveryPointStatus::Available {
        return Err(Error::invalid_state(format!(
            "Recovery point {arn} is in state AVAILABLE and cannot be copied on demand: a rule with EnableContinuousBackup and \
             CopyActions has snapshots of it copied."
        )));
    }
    if point.nesting.is_parent() && composite::nested(tx, arn)?.is_empty() {
        return Err(Error::invalid_request(format!(
            "Recovery point {arn} is a composite recovery point in which nothing is nested any more: there is nothing to copy."
        )));
    }
    if destination == &point.vault_arn {
        return Err(Error::invalid_request(Obstacle::OwnVault.to_string()));
    }
    if point.is_cold() {
        return Err(Error::invalid_request(Obstacle::Cold(arn.clone()).to_string()));
    }
    if own && into.is_none() {
        return Err(Error::no_such_vault(destination));
    }
    roles::pass(tx, caller, request.iam_role_arn.as_str())?;
    // What was asked for and what the source adds to it must go together. What nobody asked for is as the point is.
    let lifecycle = draft(&point, request, destination, now).record()?.job.lifecycle;
    if let Some(lifecycle) = lifecycle.filter(|_| request.lifecycle.is_some()) {
        lifecycle.validate()?;
    }
    Ok((permit, point))
}

/// The job that a request asks for.
fn draft<'a>(point: &'a RecoveryPoint, request: &'a StartCopy, destination: &'a Arn, now: Time) -> Draft<'a> {
    let (lifecycle, role) = (request.lifecycle, &request.iam_role_arn);
    Draft { point, destination, lifecycle, role, created: now, by: None, parent: None }
}
