//! Checking a vault: the catalog, the manifests, the recovery keys and the repository held against each other.
//!
//! The repository proves its files ([`Repository::check`](crate::repository::Repository::check)); what that means for the
//! recovery points is found here: `points` says what of each cannot be restored, `manifests`, `protection` and `keys` look at
//! the engine's own files. What is told are recovery points, paths and files, never blobs.

pub mod damage;
mod keys;
mod manifests;
mod points;
mod protection;
mod rows;

use crate::domain::damage::Damage;
use crate::domain::extension::{CheckKind, CheckProblem, CheckReport};
use crate::domain::{Arn, Scope, VaultName};
use crate::engine::Engine;
use crate::engine::check::damage::Look;
use crate::engine::error::{Error, Result};
use crate::engine::points::rows::damage::PointData;
use crate::engine::vaults::store::OpenVault;
use crate::repository::{CheckOutcome, Problem};
pub(crate) use points::subject;
use std::collections::BTreeSet;

/// Whether what can be mended on the way may be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mend {
    /// Manifests, and the records of what protects the vault, are written again from the catalog.
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
        let tiers = self.tiers(&arn)?;
        let mut report = CheckReport::default();
        let mut points = Vec::new();
        for tier in &tiers.open {
            points.extend(self.check_tier(&arn, tier, name, &mut report)?);
        }
        report.recovery_points = points.len() as u64;
        report.problems.extend(tiers.away.as_ref().map(out_of_reach));
        report.problems.extend(protection::check(self, &arn, mend));
        let manifests = manifests::check(self, &vault, &points, mend, &mut report.notes)?;
        report.problems.extend(manifests);
        report.problems.sort_by(|a, b| (a.kind, &a.subject).cmp(&(b.kind, &b.subject)));
        if mend == Mend::Manifests && report.problems.iter().all(|problem| problem.repaired) {
            self.note_whole(&arn, &tiers, began);
        }
        Ok(report)
    }

    /// Reads one of a vault's repositories; the points that lie in it.
    fn check_tier(
        &self,
        arn: &Arn,
        vault: &OpenVault,
        name: &VaultName,
        report: &mut CheckReport,
    ) -> Result<Vec<(PointData, Option<Damage>)>> {
        let outcome = vault.repository.check(true, &self.jobs.housekeeping)?;
        let points = self.look_for_damage(arn, vault, Look::AtAll)?;
        self.upkeep.note_losses(arn, vault.class, vault.repository.wounded_packs());
        report.problems.extend(points::of_points(&points, name));
        let snapshots: BTreeSet<&str> = points.iter().map(|(point, _)| point.snapshot.as_str()).collect();
        points::of_snapshots(self, arn, vault, &outcome, &snapshots, &mut report.problems, &mut report.notes)?;
        report.problems.extend(keys::check(self, arn, vault)?);
        report.problems.extend(of_files(&outcome, vault));
        report.notes.extend(outcome.notes);
        report.snapshots += outcome.snapshots;
        report.packs += outcome.packs;
        report.blobs += outcome.blobs;
        report.bytes += outcome.bytes_read;
        Ok(points)
    }
}

/// Damaged files, each once. Snapshots are told of as the recovery points that they are.
fn of_files(outcome: &CheckOutcome, vault: &OpenVault) -> Vec<CheckProblem> {
    let mut seen = BTreeSet::new();
    let files = outcome.problems.iter().filter(|problem| !problem.inside && !problem.what.starts_with("snapshot "));
    let told = files.filter(|problem| seen.insert(problem.what.as_str()));
    told.map(|problem| of_file(problem, vault)).collect()
}

fn of_file(problem: &Problem, vault: &OpenVault) -> CheckProblem {
    CheckProblem {
        kind: CheckKind::File,
        subject: vault.subject(&problem.what),
        message: without_advice(&problem.problem),
        recovery_point_arn: None,
        item_count: None,
        items: Vec::new(),
        repaired: false,
        advice: Some(problem.advice.to_owned()),
    }
}

/// Of what lies in cold storage nothing can be told while it is away.
fn out_of_reach(error: &Error) -> CheckProblem {
    CheckProblem {
        kind: CheckKind::File,
        subject: "cold storage".to_owned(),
        message: without_advice(&error.to_string()),
        recovery_point_arn: None,
        item_count: None,
        items: Vec::new(),
        repaired: false,
        advice: Some(
            "Put its disk or folder back, then check again; the recovery points in it can be restored from then on"
                .to_owned(),
        ),
    }
}

/// The errors of the repository say what to do; a check says it once, at its end.
pub(crate) fn without_advice(text: &str) -> String {
    let text = text.split(". Nothing was changed").next().unwrap_or(text);
    text.trim_end_matches('.').to_owned()
}
