//! The operations on restore jobs: what a recovery point can be restored with, start, describe, list.

use crate::domain::job::{JobState, RestoreJob};
use crate::domain::names::JobId;
use crate::domain::recovery_point::RecoveryPoint;
use crate::domain::types::cloudformation;
use crate::domain::types::keys::{self, LATEST_KEY, PATH_KEY, TIME_KEYS};
use crate::domain::types::location::Location;
use crate::domain::{Arn, ResourceType, Time};
use crate::engine::authorize::action::{GetRecoveryPointRestoreMetadata, StartRestoreJob};
use crate::engine::authorize::boundary;
use crate::engine::authorize::subject::{PointNamed, PointToRestore};
use crate::engine::authorize::{Permit, authorize};
use crate::engine::caller::Caller;
use crate::engine::catalog::{Connection, idempotency};
use crate::engine::data_dir::Access;
use crate::engine::drivers::{Driver, Fault, RestoreAsk, RestorePlan};
use crate::engine::error::{Error, Result};
use crate::engine::jobs::id::new_job_id;
use crate::engine::jobs::live::LiveJobs;
use crate::engine::jobs::restore::rows::{self, RestoreJobFilter, RestoreRecord, TABLE, Taken};
use crate::engine::jobs::summaries::{ALL, ANY, JobSummary, Summarized, SummaryFilter};
use crate::engine::organization::roles;
use crate::engine::page::{Page, PageRequest, check_one_of};
use crate::engine::points::rows::{chains, composite, owed_manifests};
use crate::engine::vaults::ops::VaultAt;
use crate::engine::{Engine, points, resources};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The states of a restore job that the API knows.
const STATES: [&str; 5] = ["PENDING", "RUNNING", "COMPLETED", "ABORTED", "FAILED"];

/// How many recovery points a refusal names that are nested in a composite one.
const NESTED_NAMED: usize = 10;

/// How these jobs are counted.
const SUMMARIZED: Summarized = Summarized {
    table: &TABLE,
    states: &["CREATED", "PENDING", "RUNNING", "ABORTED", "COMPLETED", "FAILED", ANY, ALL],
    categories: false,
};

/// StartRestoreJob.
#[derive(Debug, Clone, Serialize)]
pub struct StartRestore {
    /// What is restored.
    pub recovery_point_arn: Arn,
    /// The keys of the resource type, see [`restore_keys`](crate::domain::types::TypeFacts::restore_keys).
    pub metadata: BTreeMap<String, String>,
    /// The role to run under.
    pub iam_role_arn: Option<Arn>,
    /// The same token gives the same job.
    pub idempotency_token: Option<String>,
    /// The type, when given, must be the recovery point's, or one as which that can be restored too.
    pub resource_type: Option<String>,
    /// Whether the new resource takes the tags of the backed up one.
    pub copy_source_tags: bool,
}

impl Engine {
    /// Metadata with which StartRestoreJob restores a recovery point into a new file system, as it stands.
    pub fn recovery_point_restore_metadata<'v>(
        &self,
        caller: &Caller,
        vault: impl Into<VaultAt<'v>>,
        arn: &Arn,
    ) -> Result<BTreeMap<String, String>> {
        let point = self.look_at_recovery_point(caller, GetRecoveryPointRestoreMetadata, vault, arn)?;
        self.restore_proposal(&point)
    }

    /// Metadata with which a recovery point that was looked at can be restored.
    pub fn restore_proposal(&self, point: &RecoveryPoint) -> Result<BTreeMap<String, String>> {
        self.catalog.read(|connection| refuse_composite(connection, point))?;
        let details = self.catalog.read(|connection| owed_manifests::details(connection, &point.arn))?;
        let mut proposal = self.driver_of(&point.resource_type)?.proposal(&point.resource_arn, &details);
        if self.catalog.read(|connection| chains::get(connection, &point.arn))?.is_some() {
            proposal.insert(LATEST_KEY.to_owned(), "true".to_owned());
        }
        Ok(proposal)
    }

    /// Makes a restore job, which begins as soon as it may.
    pub fn start_restore_job(&self, caller: &Caller, request: StartRestore) -> Result<JobId> {
        const OPERATION: &str = "StartRestoreJob";
        let scope = caller.scope();
        let now = self.clock.now();
        let fingerprint = idempotency::Fingerprint::of(&request)?;
        let id = self.catalog.note(|tx| {
            if let Some(token) = &request.idempotency_token
                && let Some(before) = idempotency::find(tx, &scope, OPERATION, token, &fingerprint)?
            {
                return Ok(before.parse::<JobId>()?);
            }
            let (permit, point) = restorable(tx, caller, &request)?;
            let record = self.draft_restore(tx, caller, &request, &point)?;
            let id = record.job.id.clone();
            rows::insert(tx, &permit, &record)?;
            if let Some(token) = &request.idempotency_token {
                idempotency::remember(tx, &scope, OPERATION, token, &fingerprint, id.as_str(), now)?;
            }
            Ok(id)
        })?;
        self.jobs.note_asked(&id);
        self.jobs.resume();
        self.jobs.wake();
        Ok(id)
    }

    /// The job that a request asks for, after all checks.
    fn draft_restore(
        &self,
        connection: &Connection,
        caller: &Caller,
        request: &StartRestore,
        point: &RecoveryPoint,
    ) -> Result<RestoreRecord> {
        if let Some(role) = &request.iam_role_arn {
            roles::pass(connection, caller, role.as_str())?;
        }
        if keys::is_test(&request.metadata)? {
            judge_moment(connection, self.driver_of(&point.resource_type)?, request, point)?;
            return self.draft_test(connection, caller, request, point);
        }
        let plan = self.plan_restore(connection, caller, request, point)?;
        let restored_as = restored_as(request, point);
        if let (true, Some(why)) = (request.copy_source_tags, refuses_tags(&restored_as, &request.metadata)) {
            return Err(Error::invalid_parameter(format!("CopySourceTagsToRestoredResource {why}")));
        }
        if let Some(id) = &plan.makes {
            refuse_taken(connection, caller, &plan.target)?;
            let arn = self.driver_of(&restored_as)?.facts().arn(&caller.scope(), id)?;
            // What belongs to others is not told by name.
            if resources::rows::get(connection, &arn)?.is_some() {
                return Err(Error::invalid_parameter(format!("Invalid Metadata: {arn} is registered already")));
            }
        } else if plan.target.path().is_none() {
            refuse_others(connection, caller, &plan.target)?;
        } else if !is_of_source(connection, &plan.target, point)? {
            refuse_taken(connection, caller, &plan.target)?;
        }
        let created = self.clock.now();
        let job = RestoreJob {
            id: new_job_id(created)?,
            scope: caller.scope(),
            recovery_point_arn: Some(point.arn.clone()),
            recovery_point_created: Some(point.created),
            source_resource_arn: Some(point.resource_arn.clone()),
            vault_arn: Some(point.vault_arn.clone()),
            created,
            completed: None,
            state: JobState::Pending,
            status_message: None,
            percent_done: Some(0.0),
            size_bytes: if plan.is_whole { point.size_bytes } else { None },
            iam_role_arn: request.iam_role_arn.clone(),
            expected_minutes: None,
            created_resource_arn: None,
            resource_type: Some(restored_as),
            validation: None,
        };
        Ok(RestoreRecord {
            job,
            metadata: request.metadata.clone(),
            target: plan.target,
            new_resource_id: plan.makes,
            copy_tags: request.copy_source_tags,
            attempts: 0,
            begun: None,
            is_test: false,
        })
    }

    /// Where restores that name no folder go.
    fn restored_folder(&self) -> std::result::Result<PathBuf, Fault> {
        match self.data_dir.access() {
            Access::Write => Ok(self.data_dir.restored()),
            Access::Read(why) => Err(Fault::Failed(format!(
                "Invalid Metadata: vaultdeck:path must name the folder to restore into, since the data directory, where it \
                 would be else, is read-only ({})",
                why.reason()
            ))),
        }
    }

    /// What the driver makes of a request.
    fn plan_restore(
        &self,
        connection: &Connection,
        caller: &Caller,
        request: &StartRestore,
        point: &RecoveryPoint,
    ) -> Result<RestorePlan> {
        let driver = self.driver_of(&restored_as(request, point))?;
        let is_continuous = judge_moment(connection, driver, request, point)?;
        let source = self.registered(connection, &point.resource_arn)?;
        let ask = RestoreAsk {
            metadata: &request.metadata,
            resource_arn: &point.resource_arn,
            details: &owed_manifests::details(connection, &point.arn)?,
            is_continuous,
            source: source.as_ref().filter(|source| source.resource.scope == caller.scope()),
            roots: &caller.restore_roots,
            data_dir: self.data_dir.root(),
            restored: &|| self.restored_folder(),
            now: self.clock.now(),
        };
        Ok(driver.plan(&ask)?)
    }

    /// A restore job that the caller may see.
    pub fn describe_restore_job(&self, caller: &Caller, id: &JobId) -> Result<RestoreJob> {
        let mut job = self.catalog.read(|connection| {
            let job = rows::get(connection, id)?.ok_or_else(|| unknown(id))?;
            if boundary::sees(connection, caller, &job.scope)? { Ok(job) } else { Err(unknown(id)) }
        })?;
        lay_over(&mut job, &self.jobs.live, self.clock.now());
        Ok(job)
    }

    /// Restore jobs, the newest first.
    pub fn list_restore_jobs(
        &self,
        caller: &Caller,
        filter: &RestoreJobFilter,
        request: &PageRequest,
    ) -> Result<Page<RestoreJob>> {
        check_one_of("Status", filter.status.as_deref(), &STATES)?;
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

    /// ListRestoreJobSummaries.
    pub fn restore_job_summaries(
        &self,
        caller: &Caller,
        filter: &SummaryFilter,
        page: &PageRequest,
    ) -> Result<Page<JobSummary>> {
        self.summarize(&SUMMARIZED, caller, filter, page)
    }

    /// ListRestoreJobsByProtectedResource: the restores of what was backed up of a resource, the newest first.
    pub fn list_restore_jobs_of_resource(
        &self,
        caller: &Caller,
        filter: &RestoreJobFilter,
        request: &PageRequest,
    ) -> Result<Page<RestoreJob>> {
        filter.source_resource_arn.as_ref().map_or(Ok(()), resources::ops::check_supported)?;
        self.list_restore_jobs(caller, filter, request)
    }

    /// The metadata that a restore job was started with, but for values that may be secrets.
    pub fn restore_job_metadata(&self, caller: &Caller, id: &JobId) -> Result<BTreeMap<String, String>> {
        self.describe_restore_job(caller, id)?;
        let metadata = self.catalog.read(|connection| rows::metadata(connection, id))?;
        Ok(cloudformation::told(&metadata))
    }
}

/// Whether a recovery point is restored to a moment of a log. The request has to name one of a continuous point, and of no other it
/// may: a snapshot of a continuous one has the one that it is of.
fn judge_moment(
    connection: &Connection,
    driver: &dyn Driver,
    request: &StartRestore,
    point: &RecoveryPoint,
) -> Result<bool> {
    let key = TIME_KEYS.iter().copied().find(|key| driver.facts().restore_key(key).is_some()).unwrap_or(TIME_KEYS[0]);
    let Some(chain) = chains::get(connection, &point.arn)?.and_then(|row| row.chain) else {
        if driver.facts().can_be_continuous && keys::moment(&request.metadata)?.is_some() {
            let rule = format!("{key} is for continuous backups: recovery point {} has one moment only", point.arn);
            return Err(keys::refused(key, rule).into());
        }
        return Ok(owed_manifests::moment(connection, &point.arn)?.is_some());
    };
    match keys::moment(&request.metadata)? {
        Some(wanted) => {
            chain.restore_to(wanted).map_err(|rule| keys::refused(key, format_args!("{key} {rule}")))?;
            Ok(true)
        }
        None => {
            let rule = format!("name a moment with {key}, from {}, or {LATEST_KEY}=true", chain.window());
            Err(keys::refused(key, rule).into())
        }
    }
}

/// Lays over a job from the catalog how far it is.
fn lay_over(job: &mut RestoreJob, live: &LiveJobs, now: Time) {
    if let Some(progress) = live.progress(&job.id, &job.state, now) {
        job.percent_done = Some(progress.percent);
        job.expected_minutes = progress.expected.map(|at| (at - progress.started).num_minutes().max(1));
    }
}

/// The recovery point of a request, if it can be restored and the caller may do so.
fn restorable<'tx>(
    connection: &'tx Connection,
    caller: &Caller,
    request: &StartRestore,
) -> Result<(Permit<'tx, StartRestoreJob>, RecoveryPoint)> {
    let arn = &request.recovery_point_arn;
    let found = points::rows::get(connection, arn)?;
    let subject = PointToRestore(PointNamed { arn, found: found.as_ref() });
    let permit = authorize(connection, caller, StartRestoreJob, &subject)?;
    let point = found.ok_or_else(|| Error::no_such_recovery_point(arn))?;
    refuse_composite(connection, &point)?;
    if let Some(given) = &request.resource_type
        && given != point.resource_type.as_str()
        && !point.resource_type.facts().is_some_and(|facts| facts.also_restored_as.contains(&given.as_str()))
    {
        return Err(Error::invalid_parameter(format!(
            "Invalid ResourceType: {given}. The recovery point is of {}.",
            point.resource_type
        )));
    }
    Ok((permit, point))
}

/// What is nested in a composite recovery point is restored, one by one, and not that itself.
fn refuse_composite(connection: &Connection, point: &RecoveryPoint) -> Result<()> {
    if !point.nesting.is_parent() {
        return Ok(());
    }
    let nested = composite::nested(connection, &point.arn)?;
    let one = |nested: &RecoveryPoint| format!("{} {}", nested.nesting.member().unwrap_or("the template"), nested.arn);
    let mut named: Vec<String> = nested.iter().take(NESTED_NAMED).map(one).collect();
    if nested.len() > NESTED_NAMED {
        named.push("…".to_owned());
    }
    Err(Error::invalid_request(format!(
        "Recovery point {} is a composite recovery point and cannot be restored as a whole. Restore what is nested in it one by one: {}.",
        point.arn,
        named.join(", ")
    )))
}

/// The type of what a restore makes.
fn restored_as(request: &StartRestore, point: &RecoveryPoint) -> ResourceType {
    request.resource_type.clone().map_or_else(|| point.resource_type.clone(), ResourceType::from)
}

/// Why a restore cannot give the tags of its recovery point to what it makes.
fn refuses_tags(restored_as: &ResourceType, metadata: &BTreeMap<String, String>) -> Option<&'static str> {
    restored_as.facts().and_then(|facts| (facts.refuses_tags)(metadata))
}

/// A restore into what is there already, and is no folder, goes into nothing that another account has.
fn refuse_others(connection: &Connection, caller: &Caller, target: &Location) -> Result<()> {
    let others = |taken: &Taken| taken.location == *target && taken.account != caller.account.as_str();
    if rows::taken(connection)?.iter().any(others) {
        let message = format!("Invalid Metadata: the target, {}, is that of another account", target.described());
        return Err(Error::invalid_parameter(message));
    }
    Ok(())
}

/// Whether a folder lies in what was backed up.
fn is_of_source(connection: &Connection, target: &Location, point: &RecoveryPoint) -> Result<bool> {
    let source = resources::rows::get(connection, &point.resource_arn)?;
    let folder = source.as_ref().and_then(|source| source.location.path());
    Ok(folder.zip(target.path()).is_some_and(|(source, target)| target.starts_with(source)))
}

/// A restore makes what is nobody's yet. Its folder is neither inside nor above what is registered or being restored, in
/// whatever account, for its files would be in the other one's backups, or the other way round; and what is no folder is no
/// other's.
fn refuse_taken(connection: &Connection, caller: &Caller, target: &Location) -> Result<()> {
    for Taken { location, owner, account } in rows::taken(connection)? {
        // What belongs to others is not told by name.
        let whose = || if account == caller.account.as_str() { owner } else { "another account".to_owned() };
        let (Some(target), Some(path)) = (target.path(), location.path()) else {
            if location == *target {
                let message = format!("Invalid Metadata: the target, {}, is that of {}", target.described(), whose());
                return Err(Error::invalid_parameter(message));
            }
            continue;
        };
        if !target.starts_with(path) && !path.starts_with(target) {
            continue;
        }
        let relation = if target == path {
            "is"
        } else if target.starts_with(path) {
            "lies inside"
        } else {
            "lies above"
        };
        let shown = target.display();
        return Err(Error::invalid_parameter(format!(
            "Invalid Metadata: {PATH_KEY} {shown} {relation} a folder of {}",
            whose()
        )));
    }
    Ok(())
}

fn unknown(id: &JobId) -> Error {
    Error::not_found(format!("Restore job {id} does not exist."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::types::location::Part;
    use crate::domain::types::s3::FACTS;
    use crate::domain::{Resource, Scope, Tags};
    use crate::engine::authorize::Doing;
    use crate::engine::authorize::action::AddResource;
    use crate::engine::authorize::subject::Anything;
    use crate::engine::caller::RestoreRoots;
    use crate::engine::catalog::sample;

    #[test]
    fn a_bucket_that_another_account_has_is_no_target_and_is_not_told_by_name() {
        let bucket = Location::of([(Part::Endpoint, "http://h".to_owned()), (Part::Bucket, "b".to_owned())]);
        let caller = |account: &str| Caller {
            account: account.parse().unwrap(),
            region: "us-east-1".parse().unwrap(),
            user_arn: format!("arn:aws:iam::{account}:user/test").parse().unwrap(),
            user_id: None,
            restore_roots: RestoreRoots::Any,
        };
        let (owner, other) = (caller("210987654321"), caller("123456789012"));
        let folder = tempfile::tempdir().unwrap();
        let judge = |tx: &Connection| -> Result<()> {
            let resource = Resource {
                arn: "arn:aws:s3:::b".parse()?,
                scope: Scope::new(owner.account.clone(), owner.region.clone()),
                resource_type: FACTS.resource_type(),
                name: "secret plans".to_owned(),
                location: bucket.clone(),
                tags: Tags::new(),
            };
            let permit = authorize(tx, Doing::Outcome, AddResource, &Anything(resource.arn.as_str()))?;
            resources::rows::insert(tx, &permit, &resource)?;
            refuse_others(tx, &owner, &bucket)?;
            for refused in [refuse_others(tx, &other, &bucket), refuse_taken(tx, &other, &bucket)] {
                let refused = refused.unwrap_err().to_string();
                assert!(refused.contains("another account") && !refused.contains("secret plans"), "{refused}");
            }
            Ok(())
        };
        sample::catalog(&folder).write(|tx| judge(tx)).unwrap();
    }
}
