//! Checking a vault: the catalog, the manifests, the recovery keys and the repository held against each other.
//!
//! The repository proves its files ([`Repository::check`](crate::repository::Repository::check)); what that means for the
//! recovery points is found here: `points` says what of each cannot be restored, `manifests` and `keys` look at the
//! engine's own files. What is told are recovery points, paths and files, never blobs.

pub mod damage;
mod keys;
mod manifests;
mod points;
mod rows;

use crate::domain::extension::{CheckKind, CheckProblem, CheckReport};
use crate::domain::{Arn, Scope, VaultName};
use crate::engine::Engine;
use crate::engine::check::damage::Look;
use crate::engine::error::Result;
use crate::repository::{CheckOutcome, Problem};
pub(crate) use points::subject;
use std::collections::BTreeSet;

/// Whether what can be mended on the way may be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mend {
    /// Manifests are written again from the catalog.
    Manifests,
    /// Nothing.
    Nothing,
}

impl Engine {
    /// Reads a vault, with every byte of it, and tells what is damaged. Manifests are written again on the way, where the data
    /// directory can be written.
    pub fn check_vault(&self, scope: &Scope, name: &VaultName) -> Result<CheckReport> {
        let mend = if self.data_dir.is_writable() { Mend::Manifests } else { Mend::Nothing };
        self.check_and_mend(scope, name, mend)
    }

    /// The same; what may be written is up to the caller.
    pub(crate) fn check_and_mend(&self, scope: &Scope, name: &VaultName, mend: Mend) -> Result<CheckReport> {
        let arn = Arn::vault(scope, name);
        let vault = self.existing_vault(&arn)?;
        let _pass = vault.enter()?;
        let began = self.clock.now();
        vault.look_at_own_files(&self.keys)?;
        let outcome = vault.repository.check(true, &self.jobs.housekeeping)?;
        let points = self.look_for_damage(&arn, &vault, Look::AtAll)?;
        self.upkeep.note_losses(&arn, vault.repository.wounded_packs());
        let mut problems = points::of_points(&points, name);
        let snapshots: BTreeSet<&str> = points.iter().map(|(point, _)| point.snapshot.as_str()).collect();
        let mut notes = Vec::new();
        points::of_snapshots(self, &arn, &vault, &outcome, &snapshots, &mut problems, &mut notes)?;
        problems.extend(manifests::check(self, &vault, &points, mend, &mut notes)?);
        problems.extend(keys::check(self, &arn, &vault)?);
        problems.extend(of_files(&outcome));
        problems.sort_by(|a, b| (a.kind, &a.subject).cmp(&(b.kind, &b.subject)));
        notes.extend(outcome.notes);
        if mend == Mend::Manifests && problems.iter().all(|problem| problem.repaired) {
            self.note_whole(&arn, &vault, began);
        }
        Ok(CheckReport {
            recovery_points: points.len() as u64,
            snapshots: outcome.snapshots,
            packs: outcome.packs,
            blobs: outcome.blobs,
            bytes: outcome.bytes_read,
            problems,
            notes,
        })
    }
}

/// Damaged files, each once. Snapshots are told of as the recovery points that they are.
fn of_files(outcome: &CheckOutcome) -> Vec<CheckProblem> {
    let mut seen = BTreeSet::new();
    let files = outcome.problems.iter().filter(|problem| !problem.inside && !problem.what.starts_with("snapshot "));
    let told = files.filter(|problem| seen.insert(problem.what.as_str()));
    told.map(of_file).collect()
}

fn of_file(problem: &Problem) -> CheckProblem {
    CheckProblem {
        kind: CheckKind::File,
        subject: problem.what.clone(),
        message: without_advice(&problem.problem),
        recovery_point_arn: None,
        item_count: None,
        items: Vec::new(),
        repaired: false,
        advice: Some(problem.advice.to_owned()),
    }
}

/// The errors of the repository say what to do; a check says it once, at its end.
pub(crate) fn without_advice(text: &str) -> String {
    let text = text.split(". Nothing was changed").next().unwrap_or(text);
    text.trim_end_matches('.').to_owned()
}
