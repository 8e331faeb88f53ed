//! What was damaged and set aside goes once nothing can need it any more.
//!
//! A damaged file lies in its vault's `vaultdeck/damaged/` in case it is of use after all. It goes when it has lain there as
//! long as a deleted vault lies in the trash, *and* a reading of all of the vault that began after it was seen there has found
//! every recovery point whole: the scrub's, which takes its thirty days, or that of a check. As long as anything is lost,
//! all of it stays.

use crate::domain::{Arn, StorageClass, Time};
use crate::engine::Engine;
use crate::engine::check::damage::Look;
use crate::engine::error::Result;
use crate::engine::points::rows::damage;
use crate::engine::points::tiers::Tiers;
use crate::engine::upkeep::rows;
use crate::engine::vaults::trash::KEEP_DAYS;
use chrono::Duration;
use std::collections::BTreeSet;

/// The folder of damaged files among a vault's side files.
const DAMAGED: &str = "damaged";

impl Engine {
    /// Deletes what has lain long enough among the damaged files of a vault that does without it.
    pub(super) fn empty_damaged(&self, arn: &Arn, tiers: &Tiers, now: Time) -> Result<()> {
        let present = set_aside_in(tiers)?;
        let (known, whole_since) = self.catalog.read(|connection| {
            Ok((rows::set_aside::known(connection, arn)?, rows::set_aside::whole_since(connection, arn)?))
        })?;
        if !known.keys().eq(&present) {
            self.catalog.write(|tx| rows::set_aside::note(tx, arn, &present, now))?;
        }
        let long_enough = |seen: Time| seen <= now - Duration::days(KEEP_DAYS);
        let old: Vec<String> = known
            .into_iter()
            .filter(|(name, seen)| present.contains(name) && long_enough(*seen) && whole_since >= Some(*seen))
            .map(|(name, _)| name)
            .collect();
        if old.is_empty() || !self.clock.is_trusted() || !self.is_whole(arn, tiers)? {
            return Ok(());
        }
        for vault in &tiers.open {
            let own = old.iter().filter_map(|name| vault.own_subject(name));
            let files: Vec<String> = own.map(|name| format!("{DAMAGED}/{name}")).collect();
            vault.repository.storage().remove_side_all(&files)?;
        }
        for file in old {
            tracing::info!(
                vault = %arn,
                file,
                days = KEEP_DAYS,
                "a damaged file that was set aside has lain there for its days, and the vault is whole without it: it is gone"
            );
        }
        let present = set_aside_in(tiers)?;
        self.catalog.write(|tx| rows::set_aside::note(tx, arn, &present, now))
    }

    /// All of a vault was read, beginning at `began`; that is noted where nothing is lost. Nothing hangs on a failure but that
    /// some files stay longer.
    pub(crate) fn note_whole(&self, arn: &Arn, tiers: &Tiers, began: Time) {
        let damaged = self.catalog.read(|connection| {
            StorageClass::ALL.iter().map(|class| damage::count(connection, (arn, *class))).sum::<Result<i64>>()
        });
        let noted = damaged.and_then(|damaged| {
            if damaged > 0 || tiers.is_wounded() {
                return Ok(());
            }
            self.catalog.write(|tx| rows::set_aside::is_whole(tx, arn, began))
        });
        if let Err(error) = noted {
            tracing::warn!(vault = %arn, %error, "that the vault is whole could not be noted");
        }
    }

    /// Whether nothing is known to be lost in a vault, and every recovery point can be walked to its last folder now.
    fn is_whole(&self, arn: &Arn, tiers: &Tiers) -> Result<bool> {
        if tiers.is_wounded() {
            return Ok(false);
        }
        for vault in &tiers.open {
            if self.look_for_damage(arn, vault, Look::AtAll)?.iter().any(|(_, lost)| lost.is_some()) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// The names of a vault's damaged files that were set aside, those of cold storage marked as such: each repository has its own.
fn set_aside_in(tiers: &Tiers) -> Result<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    for vault in &tiers.open {
        let found = vault.repository.storage().list_side(DAMAGED)?.into_iter().flatten();
        names.extend(found.map(|name| vault.subject(&name)));
    }
    Ok(names)
}
