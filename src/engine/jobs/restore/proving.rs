//! Restore tests: a restore into a scratch folder, a comparison with what the backup noted, and a verdict that the recovery point keeps.
//!
//! What the recovery point itself makes fail is a check that does not hold: a damaged pack, a server that does not start on what was
//! restored. What keeps the test from being carried out (no room, a program that is missing) ends its job without a verdict.

use crate::domain::job::{JobState, RestoreJob};
use crate::domain::names::JobId;
use crate::domain::proof::{Check, Proof as Found};
use crate::domain::recovery_point::RecoveryPoint;
use crate::domain::types::keys::PATH_KEY;
use crate::domain::types::location::Location;
use crate::domain::{PointDetails, ResourceType, StorageClass};
use crate::engine::Engine;
use crate::engine::caller::Caller;
use crate::engine::catalog::Connection;
use crate::engine::drivers::{Fault, Inside, Proof, ProofCx, RestoreCx, Sink};
use crate::engine::error::{Error, Result};
use crate::engine::jobs::entered::Entered;
use crate::engine::jobs::finish::{Finish, Verdict};
use crate::engine::jobs::id::new_job_id;
use crate::engine::jobs::live::LiveJob;
use crate::engine::jobs::outcome::{Ending, SUCCESS};
use crate::engine::jobs::restore::ops::StartRestore;
use crate::engine::jobs::restore::rows::proofs::{self, Tested};
use crate::engine::jobs::restore::rows::{self, RestoreRecord};
use crate::engine::jobs::restore::run::{Origin, origin};
use crate::engine::jobs::restore::scratch::{self, Scratch};
use crate::engine::jobs::work::{Failure, Worked};
use crate::engine::points;
use crate::engine::points::rows::owed_manifests;
use crate::engine::vaults::store::OpenVault;
use crate::repository::{self, RestoreOutcome, RestoreRequest, Wanted, crash_point};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

/// How many items that did not come are named.
const NAMED: usize = 3;

impl Engine {
    /// The test that a request asks for, after all checks.
    pub(super) fn draft_test(
        &self,
        connection: &Connection,
        caller: &Caller,
        request: &StartRestore,
        point: &RecoveryPoint,
    ) -> Result<RestoreRecord> {
        self.data_dir.require_write()?;
        if request.copy_source_tags {
            let rule = "CopySourceTagsToRestoredResource is not for a restore test, which keeps nothing";
            return Err(Error::invalid_parameter(rule));
        }
        if request.resource_type.as_ref().is_some_and(|named| *named != point.resource_type.as_str()) {
            let rule =
                format!("Invalid ResourceType: a restore test is of the recovery point's own, {}", point.resource_type);
            return Err(Error::invalid_parameter(rule));
        }
        let details = owed_manifests::details(connection, &point.arn)?;
        let proof = self.proof_of(&point.resource_type, &details)?;
        proof.ready(&details)?;
        scratch::check_place()?;
        let created = self.clock.now();
        let id = new_job_id(created)?;
        let target = proof.place(Scratch::of(self, &id, proof).path());
        let job = RestoreJob {
            id,
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
            size_bytes: point.size_bytes,
            iam_role_arn: request.iam_role_arn.clone(),
            expected_minutes: None,
            created_resource_arn: None,
            resource_type: Some(point.resource_type.clone()),
            validation: None,
        };
        Ok(RestoreRecord {
            job,
            metadata: request.metadata.clone(),
            target,
            new_resource_id: None,
            copy_tags: false,
            attempts: 0,
            begun: None,
            is_test: true,
        })
    }

    /// How recovery points of a type are proven of which this was said.
    fn proof_of(&self, resource_type: &ResourceType, details: &PointDetails) -> Result<&'static dyn Proof> {
        let proof = self.driver_of(resource_type)?.proof(details);
        proof.ok_or_else(|| {
            Error::invalid_request(format!("Recovery points of {resource_type} cannot be tested by this engine."))
        })
    }

    /// What a restore test found.
    pub fn restore_proof(&self, caller: &Caller, id: &JobId) -> Result<Found> {
        let job = self.describe_restore_job(caller, id)?;
        let tested = self.catalog.read(|connection| proofs::get(connection, id))?;
        let found = tested.zip(job.recovery_point_arn).map(|(tested, point)| tested.proof(point));
        found.ok_or_else(|| {
            Error::not_found(format!("Restore job {id} has found nothing: it is no test, or did not come so far."))
        })
    }
}

/// Does the work of a test.
pub(super) fn run(
    engine: &Arc<Engine>,
    live: &LiveJob,
    record: &RestoreRecord,
    entered: Entered,
) -> std::result::Result<Worked, Failure> {
    let began = Instant::now();
    let origin = engine.catalog.read(|connection| origin(connection, record))??;
    let Entered { vault, pass, .. } = entered;
    let vault = match origin.class {
        StorageClass::Warm => vault,
        class @ StorageClass::Cold => engine.vault_store.get_class(&origin.point.vault_arn, class)?,
    };
    let details = engine.catalog.read(|connection| owed_manifests::details(connection, &origin.point.arn))?;
    let proof = engine.proof_of(&origin.point.resource_type, &details)?;
    let scratch = Scratch::of(engine, &record.job.id, proof);
    scratch.make(proof)?;
    crash_point::reached("before-test-restores");
    let test = Test { engine, live, origin: &origin, vault: &vault, details: &details, proof, scratch: scratch.path() };
    let found = test.carry_out();
    let left = scratch.remove().err().map(|error| error.to_string());
    let (checks, bytes) = found?;
    let tested = Tested { checks, seconds: began.elapsed().as_secs_f64(), left };
    let record = record.clone();
    Ok(Worked {
        bytes,
        finish: Finish::Alone(Box::new(move |engine, verdict| match verdict {
            Verdict::Complete => write_down(engine, &record, &origin, &tested),
            Verdict::Expired | Verdict::Stopped => Ok(()),
        })),
        pass,
    })
}

/// A test that runs.
struct Test<'t> {
    engine: &'t Engine,
    live: &'t LiveJob,
    origin: &'t Origin,
    vault: &'t OpenVault,
    details: &'t PointDetails,
    proof: &'t dyn Proof,
    scratch: &'t Path,
}

impl Test<'_> {
    /// Restores and compares: the checks, and how many bytes were restored.
    fn carry_out(&self) -> std::result::Result<(Vec<Check>, u64), Failure> {
        let Self { origin, vault, .. } = self;
        let target = self.proof.place(self.scratch);
        let content = Inside { repository: &vault.repository, snapshot: origin.snapshot, root: &origin.root };
        let request = RestoreRequest {
            snapshot: origin.snapshot,
            strip: origin.root.clone(),
            items: Vec::new(),
            target: target.path().map(Path::to_owned).unwrap_or_default(),
            merge: false,
        };
        let name = "All of the recovery point is restored";
        let refuted = |why: String| {
            self.engine.look_again(&origin.point.vault_arn, vault);
            Ok((vec![Check::new(name, "yes", why)], 0))
        };
        let outcome = match self.restore(&target, &content, &request)? {
            Ok(outcome) => outcome,
            Err(why) => return refuted(why),
        };
        if outcome.failed > 0 {
            let (_, bytes) = refuted(String::new())?;
            return Ok((vec![incomplete(&outcome)], bytes));
        }
        crash_point::reached("before-test-proves");
        let at = request.target;
        let cx = ProofCx {
            details: self.details,
            content: &content,
            scratch: self.scratch,
            at: &at,
            moment: origin.moment,
            has_owners: outcome.ownership_skipped == 0,
            control: &self.live.control,
        };
        let mut checks = vec![Check::new("Items that are restored", outcome.items, outcome.items)];
        let proven = self.proof.prove(&cx);
        self.live.control.check()?;
        checks.extend(proven?);
        Ok((checks, outcome.bytes))
    }

    /// The restore, in the way in which the type is restored. The inner error says why the recovery point cannot be.
    fn restore(
        &self,
        target: &Location,
        content: &Inside<'_>,
        request: &RestoreRequest,
    ) -> std::result::Result<std::result::Result<RestoreOutcome, String>, Failure> {
        let Self { engine, live, origin, vault, .. } = self;
        let driver = engine.driver_of(&origin.point.resource_type)?;
        let mut metadata = driver.proposal(&origin.point.resource_arn, self.details);
        metadata.insert(PATH_KEY.to_owned(), request.target.to_string_lossy().into_owned());
        // What is only tried takes nothing of what is kept for the engine itself.
        let lend = |_: u64, _: u64| false;
        let cx = RestoreCx {
            metadata: &metadata,
            target,
            resource_arn: &origin.point.resource_arn,
            source: None,
            secret: None,
            details: self.details,
            content,
            scratch: &|| Err(Fault::Failed("A test restores all of a recovery point.".to_owned())),
            makes_new: true,
            moment: origin.moment,
            lend: &lend,
        };
        let size = match vault.repository.measure(request, &live.control) {
            Ok(size) => size,
            Err(error) => return refutes(error).map(Err),
        };
        let mut target = self.proof.target(&cx)?;
        target.begin(&size)?;
        let restored = match target.sink()? {
            Sink::Folder(into) => vault.repository.restore_into(request, into, &live.control),
            Sink::InOrder(sink) => {
                let wanted = Wanted { snapshot: request.snapshot, strip: &request.strip, items: &request.items };
                vault.repository.restore_stream(wanted, sink, &live.control)
            }
            Sink::Own(extraction) => extraction.extract(&live.control),
        };
        let outcome = match restored {
            Ok(outcome) => outcome,
            Err(error) => return refutes(error).map(Err),
        };
        if outcome.failed > 0 {
            return Ok(Ok(outcome));
        }
        match target.finish(&outcome) {
            Ok(_) => Ok(Ok(outcome)),
            Err(fault) => disproves(fault).map(Err),
        }
    }
}

/// What an error of the repository says of the recovery point: nothing, unless the error is that something of it is not there or not
/// what it was. A disk that is full, a storage that does not answer, a lock of somebody else end the job without a verdict.
fn refutes(error: repository::Error) -> std::result::Result<String, Failure> {
    use repository::Error;
    let is_of_the_point = matches!(
        error,
        Error::Damaged { .. }
            | Error::BlobMissing { .. }
            | Error::NotFound { .. }
            | Error::NoSuchPath { .. }
            | Error::NotAFolder { .. }
    );
    if is_of_the_point { Ok(error.to_string()) } else { Err(error.into()) }
}

/// The same of a fault of what works on that which was restored.
fn disproves(fault: Fault) -> std::result::Result<String, Failure> {
    match fault {
        Fault::Failed(why) => Ok(why),
        fault => Err(fault.into()),
    }
}

/// What did not come.
fn incomplete(outcome: &RestoreOutcome) -> Check {
    let all = outcome.items + outcome.failed;
    let named = outcome.failures.iter().take(NAMED).map(|failure| format!("{} ({})", failure.path, failure.reason));
    let named = named.collect::<Vec<_>>().join(", ");
    let more = if outcome.failed > NAMED as u64 { ", …" } else { "" };
    Check::new("Items that are restored", all, format!("{} without {named}{more}", outcome.items))
}

/// The one transaction: the job says what it found, and the point when that was.
fn write_down(engine: &Arc<Engine>, record: &RestoreRecord, origin: &Origin, tested: &Tested) -> Result<()> {
    let now = engine.clock.now();
    let found = tested.clone().proof(origin.point.arn.clone());
    let ending = if found.proven {
        let message = format!("Proven: {} checks hold. What was restored for that is deleted.", found.checks.len());
        Ending { state: JobState::Completed, category: SUCCESS, message: Some(message) }
    } else {
        Ending::failed(false, format!("The restore test failed: {}", found.faults()))
    };
    engine.catalog.note(|tx| {
        if rows::get(tx, &record.job.id)?.is_none_or(|job| job.state != JobState::Running) {
            return Ok(());
        }
        proofs::set_proof(tx, &record.job.id, tested)?;
        points::rows::proofs::set_proven(tx, &origin.point.arn, found.proven, now)?;
        rows::end(tx, &record.job.id, &ending, None, now)?;
        engine.clock.save_in(tx)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repository::{Error, FileKind, Id};
    use std::io;

    #[test]
    fn what_is_not_there_or_not_what_it_was_disproves_and_trouble_of_the_machine_does_not() {
        let id = Id::of(b"x");
        for error in [Error::damaged("pack", "its hash"), Error::NotFound { kind: FileKind::Snapshot, id }] {
            assert!(refutes(error).is_ok());
        }
        let storage = |kind: io::ErrorKind| Error::Storage { action: "read", path: "/x".into(), source: kind.into() };
        let target = Error::Target { path: "/x".into(), source: io::ErrorKind::Other.into() };
        for error in [
            storage(io::ErrorKind::StorageFull),
            storage(io::ErrorKind::TimedOut),
            target,
            Error::Cancelled,
            Error::WrongKey,
            Error::Locked("somebody".to_owned()),
        ] {
            assert!(refutes(error).is_err());
        }
    }

    #[test]
    fn a_fault_disproves_only_where_what_was_restored_failed() {
        assert!(disproves(Fault::Failed("mariadb-backup failed".to_owned())).is_ok());
        let later = Fault::Temporary { why: "busy".to_owned(), after: chrono::Duration::seconds(5) };
        for kind in [io::ErrorKind::StorageFull, io::ErrorKind::PermissionDenied] {
            assert!(disproves(Fault::of_io("a file", &kind.into())).is_err());
        }
        assert!(disproves(later).is_err() && disproves(Fault::Denied("no".to_owned())).is_err());
    }
}
