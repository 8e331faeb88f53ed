//! Repairing a vault: doing now what backups would do over time, and what only this engine can, since it knows more than one
//! vault holds.
//!
//! A repair checks, says what it will do, and does it: the config and the index from what the packs themselves say, manifests
//! from the catalog, snapshots from their manifests, lost blobs from other vaults that hold the same content. What is damaged
//! is moved into the vault's `vaultdeck/damaged/`; nothing is deleted. What cannot be brought back is said.

mod blobs;
mod packs;
mod snapshots;

use crate::domain::extension::{CheckKind, CheckProblem, CheckReport, RepairReport, RepairRequest, RepairStep};
use crate::domain::{Arn, Scope, StorageClass, VaultName};
use crate::engine::Engine;
use crate::engine::check::Mend;
use crate::engine::check::damage::Look;
use crate::engine::error::Result;
use crate::engine::points::rows::damage;
use crate::engine::vaults::store::OpenVault;
use crate::repository::{self, FileKind, Id};

/// What a repair is about.
struct Repair<'a> {
    engine: &'a Engine,
    arn: &'a Arn,
    vault: &'a OpenVault,
    /// Whether something is to be changed, or only said.
    really: bool,
    steps: Vec<RepairStep>,
}

impl Engine {
    /// Repairs a vault as far as that is possible, or only tells what that would be.
    pub fn repair_vault(&self, scope: &Scope, name: &VaultName, request: &RepairRequest) -> Result<RepairReport> {
        self.data_dir.require_write()?;
        let before = self.check_and_mend(scope, name, Mend::Nothing)?;
        let arn = Arn::vault(scope, name);
        let tiers = self.tiers(&arn)?.open;
        let mut steps = Vec::new();
        for vault in &tiers {
            let mut repair = Repair { engine: self, arn: &arn, vault, really: !request.dry_run, steps };
            repair.files(&before);
            if vault.class == StorageClass::Warm {
                repair.manifests(&before);
                repair.protection(&before);
            }
            repair.keys()?;
            repair.snapshots()?;
            repair.packs(&before)?;
            repair.blobs()?;
            if repair.really {
                // A lock of our own may have been among what was moved away.
                vault.may_write()?;
            }
            steps = repair.steps;
        }
        let left = if request.dry_run { before.problems } else { self.check_vault(scope, name)?.problems };
        let left = left.into_iter().filter(|problem| !request.dry_run || is_beyond(problem, &steps)).collect();
        Ok(RepairReport { dry_run: request.dry_run, steps, left })
    }
}

/// Whether no step of a repair is about a problem.
fn is_beyond(problem: &CheckProblem, steps: &[RepairStep]) -> bool {
    !steps.iter().any(|step| step.subject == problem.subject)
}

impl Repair<'_> {
    /// Says what is done, and does it. A step that fails is told and does not keep others from being done.
    fn step(&mut self, subject: String, what: &str, work: impl FnOnce(&Self) -> Result<()>) {
        let error = if self.really { work(self).err().map(|error| error.to_string()) } else { None };
        self.steps.push(RepairStep { subject, action: what.to_owned(), done: self.really && error.is_none(), error });
    }

    /// The small files of which all that they say is known from elsewhere, and locks.
    fn files(&mut self, report: &CheckReport) {
        const INDEX: &str = "write it again from the packs' own headers, and move the damaged file away";
        let settle = |repair: &Self| Ok(repair.vault.repository.settle()?);
        for problem in report.problems.iter().filter(|problem| problem.kind == CheckKind::File) {
            let Some(name) = self.vault.own_subject(&problem.subject) else { continue };
            let subject = problem.subject.clone();
            match name {
                "the config file" => self.step(subject, "write it again", settle),
                "the copy of the config file" => self.step(subject, "write it again from the config file", settle),
                "the record of the packs that were read" => {
                    self.step(subject, "write it again", |repair| Ok(repair.vault.repository.save_integrity()?));
                }
                _ if name.starts_with("index file ") => self.step(subject, INDEX, settle),
                _ if self.vault.is_own_file(name) => {
                    self.step(subject, "write it again from its copy", |repair| repair.vault.mend());
                }
                _ => {
                    if let Some(id) = name.strip_prefix("lock ").and_then(|id| id.parse::<Id>().ok()) {
                        self.step(subject, "move it away: nobody can read it", |repair| {
                            repair.set_aside(FileKind::Lock, &id)
                        });
                    }
                }
            }
        }
        let strays = report.notes.iter().filter(|note| note.contains("is in no index")).count();
        if strays > 0 {
            let packs = if strays == 1 { "1 pack".to_owned() } else { format!("{strays} packs") };
            self.step(format!("the index: {packs} in no index file"), "name them in a new index file", settle);
        }
    }

    /// Moves a damaged file away; one that is gone by now is fine.
    fn set_aside(&self, kind: FileKind, id: &Id) -> Result<()> {
        match self.vault.repository.storage().set_aside(kind, id) {
            Err(repository::Error::Storage { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => Ok(()),
            other => Ok(other?),
        }
    }

    /// Key files on which no password can be tried: restic stops at them.
    fn keys(&mut self) -> Result<()> {
        for (id, _) in self.vault.repository.storage().list(FileKind::Key)? {
            if let Err(repository::Error::Damaged { .. }) = self.vault.repository.key_file(&id) {
                let action = "move it away: no password opens it, and restic stops at it";
                self.step(format!("keys/{id}"), action, |repair| repair.set_aside(FileKind::Key, &id));
            }
        }
        Ok(())
    }

    /// Manifests, from the catalog.
    fn manifests(&mut self, report: &CheckReport) {
        for problem in report.problems.iter().filter(|problem| problem.kind == CheckKind::Manifest) {
            let Some(point) = problem.recovery_point_arn.as_ref().and_then(|arn| arn.parse::<Arn>().ok()) else {
                continue;
            };
            self.step(problem.subject.clone(), "write it again from the catalog", |repair| {
                repair.engine.write_manifest_again(repair.vault, &point)
            });
        }
    }

    /// The records of what protects the vault, from the catalog.
    fn protection(&mut self, report: &CheckReport) {
        for problem in report.problems.iter().filter(|problem| problem.kind == CheckKind::Protection) {
            self.step(problem.subject.clone(), "write it again from the catalog", |repair| {
                repair.engine.write_protection_again(repair.arn)
            });
        }
    }

    /// The points that are damaged now.
    fn damaged_points(&self) -> Result<Vec<damage::PointData>> {
        let looked_at = self.engine.look_for_damage(self.arn, self.vault, Look::AtSuspects)?;
        Ok(looked_at.into_iter().filter(|(_, damage)| damage.is_some()).map(|(point, _)| point).collect())
    }
}
