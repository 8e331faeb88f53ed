//! Damaged packs of which nothing that is needed is lost, or not any more.

use super::Repair;
use crate::domain::extension::{CheckKind, CheckReport};
use crate::engine::error::Result;
use crate::engine::points::rows::packs::refer;
use crate::engine::points::rows::{damage, packs};
use crate::repository::Id;
use std::collections::BTreeSet;

impl Repair<'_> {
    /// Takes packs out of use whose damage costs nothing: what is good in them is written to new ones.
    pub(super) fn packs(&mut self, report: &CheckReport) -> Result<()> {
        let files = report.problems.iter().filter(|problem| problem.kind == CheckKind::File);
        let damaged: BTreeSet<Id> = files
            .filter_map(|problem| self.vault.own_subject(&problem.subject)?.strip_prefix("pack ")?.parse().ok())
            .collect();
        if damaged.is_empty() {
            return Ok(());
        }
        let damaged: Vec<Id> = damaged.into_iter().collect();
        for pack in self.vault.repository.retirable_packs(&damaged, &self.engine.jobs.housekeeping)? {
            let action = "write what is needed of it to a new pack, and move the damaged one away";
            let subject = self.vault.subject(&format!("pack {pack}"));
            self.step(subject, action, |repair| repair.retire(&[pack]));
        }
        Ok(())
    }

    /// Retires packs, and tells the catalog which points need the new ones.
    fn retire(&self, damaged: &[Id]) -> Result<()> {
        let repository = &self.vault.repository;
        let written: BTreeSet<Id> =
            repository.retire_packs(damaged, &self.engine.jobs.housekeeping)?.into_iter().collect();
        if written.is_empty() {
            return Ok(());
        }
        let mut needing = Vec::new();
        for point in self.engine.catalog.read(|connection| damage::points(connection, (self.arn, self.vault.class)))? {
            // Of a point that is damaged itself not all packs can be told; its snapshot speaks for it at a collection.
            let all = point.snapshot.parse::<Id>().ok().and_then(|id| repository.packs_of(&id).ok());
            let needs: BTreeSet<Id> = all.unwrap_or_default().intersection(&written).copied().collect();
            needing.push((point.arn, needs));
        }
        let now = self.engine.clock.now();
        self.engine.catalog.write(|tx| {
            packs::remember(tx, (self.arn, self.vault.class), &written, now)?;
            needing.iter().try_for_each(|(point, needs)| refer(tx, self.arn, point, needs))
        })
    }
}
