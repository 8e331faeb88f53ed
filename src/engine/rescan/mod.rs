//! What the vaults' folders know and the catalog does not: after an older copy of the catalog was put back, or with none.
//!
//! A folder says which account, region and vault it is by its place and its `key.json`, and which recovery points it holds by
//! their manifests and snapshots. At the start of an engine the folders are only listed, and those opened in which something
//! unknown lies; a rescan opens them all.
//!
//! A deletion takes the snapshot first and then the manifest, before the row goes. So a manifest without its snapshot makes
//! no recovery point, and a row with neither is that of a point that was deleted after the catalog was copied: it is not
//! called COMPLETED any more.

mod folders;
mod standing;
use crate::domain::extension::RescanReport;
use crate::domain::{AccountId, Arn};
use crate::engine::authorize::action::CreateBackupVault;
use crate::engine::authorize::subject::NewThing;
use crate::engine::authorize::{Doing, authorize};
use crate::engine::error::{Error, Result};
use crate::engine::organization::accounts;
use crate::engine::vaults::rows::NewRow;
use crate::engine::{Engine, clock, points, vaults};
use folders::VaultFolder;
pub(crate) use folders::vaults_on_disk;
use std::sync::Arc;

/// How much is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Depth {
    /// What the folders' listings show; only vaults are taken up that hold recovery points.
    Listing,
    /// Every snapshot of every vault.
    All,
}

impl Engine {
    /// Brings in what the vaults know and the catalog does not; of one vault, or of all. What cannot be brought in is told
    /// in the report and keeps nobody else out.
    pub fn rescan(&self, only: Option<&Arn>) -> Result<RescanReport> {
        self.data_dir.require_write()?;
        let report = self.look_through(only, Depth::All)?;
        self.settle_policies_of(&report);
        Ok(report)
    }

    /// What the organization's backup policies make holds in accounts that came back, too.
    fn settle_policies_of(&self, report: &RescanReport) {
        if !report.accounts.is_empty() {
            self.settle_backup_policies();
        }
    }

    /// The same at the start of an engine, in the background and by the folders' listings.
    pub(crate) fn survey_vaults(self: &Arc<Self>) -> Result<()> {
        let engine = Arc::clone(self);
        self.jobs.in_background("survey", move || match engine.look_through(None, Depth::Listing) {
            Err(error) => tracing::warn!(%error, "the vaults' folders could not be looked through"),
            Ok(report) => {
                engine.settle_policies_of(&report);
                for problem in report.problems {
                    tracing::warn!("{problem}");
                }
            }
        })
    }

    /// Brings in what the folder of one vault shows and the catalog does not know, what protects it first. A vault without a
    /// folder has nothing to show.
    pub(crate) fn survey_vault(&self, vault: &Arn) -> Result<()> {
        if self.vault_store.places().find(&vaults::store::place_of(vault)?)?.is_none() {
            return Ok(());
        }
        self.settle_records(vault)?;
        let report = self.look_through(Some(vault), Depth::Listing)?;
        match report.problems.into_iter().next() {
            None => Ok(()),
            Some(problem) => Err(Error::invalid_request(format!(
                "Backup vault cannot be deleted because it could not be looked through: {problem}"
            ))),
        }
    }

    fn look_through(&self, only: Option<&Arn>, depth: Depth) -> Result<RescanReport> {
        let _alone = self.rescanning.lock();
        let only_at = only.map(vaults::store::place_of).transpose()?;
        let (found, problems) = folders::all(self.vault_store.places(), only_at.as_ref())?;
        let mut report = RescanReport { problems, ..RescanReport::default() };
        if let Some(arn) = only.filter(|_| found.is_empty()) {
            return Err(Error::not_found(format!("There is no folder of a backup vault {arn}.")));
        }
        for folder in &found {
            if self.jobs.is_stopping() {
                break;
            }
            if let Err(error) = self.look_into(folder, depth, &mut report) {
                report.problems.push(format!("{}: {error}", folder.arn));
            }
        }
        Ok(report)
    }

    fn look_into(&self, folder: &VaultFolder, depth: Depth, report: &mut RescanReport) -> Result<()> {
        let name_lock = self.vault_store.name_lock(&folder.arn);
        // Somebody may be making, or deleting, a vault of that name at this moment.
        let name = name_lock.lock();
        let known = self.catalog.read(|connection| vaults::rows::exists(connection, &folder.arn))?;
        if !known {
            if depth == Depth::Listing && !folder.holds_points()? {
                // What an interrupted creation or deletion left; the name's next use deals with it.
                return Ok(());
            }
            self.take_up_vault(folder, report)?;
        }
        drop(name);
        // Before its points: none of them comes back without the holds that are on it.
        report.problems.extend(self.take_up_holds(&folder.arn)?);
        // Read before the folder is listed: whatever is committed in between has its files and no row here, never the other
        // way round.
        let rows = self.catalog.read(|connection| points::rows::standings(connection, &folder.arn))?;
        let listing = folder.listing()?;
        let is_unknown = listing.manifests.iter().any(|id| !rows.contains_key(id));
        if depth == Depth::All || !known || is_unknown || standing::has_grown(&rows, &listing) {
            let vault = self.vault_store.get(&folder.arn)?;
            let _gate = vault.enter();
            for tier in self.vault_store.tiers_on_disk(&folder.arn)? {
                let points = self.reconcile(&folder.arn, &tier)?;
                report.recovery_points.extend(points.iter().map(ToString::to_string));
            }
        }
        let changes = standing::changes(&rows, &listing);
        if !changes.is_empty() {
            self.catalog.write(|tx| standing::apply(tx, &changes, self.now()))?;
            for change in &changes {
                tracing::warn!(point = %change.arn(), "{}", change.told());
            }
        }
        report.gone.extend(changes.iter().filter(|change| change.is_gone()).map(|change| change.arn().to_string()));
        Ok(())
    }

    /// Adds the row of a vault that only its folder tells of, and of its account where that is unknown too.
    fn take_up_vault(&self, folder: &VaultFolder, report: &mut RescanReport) -> Result<()> {
        // Before it is believed: a folder whose key this directory cannot unwrap would be a vault of no use. One whose KMS key
        // is disabled is taken up: what is protected in it keeps that key from being deleted.
        let (_, key) = self.vault_store.data_key_of(&folder.arn)?;
        // A deletion in this same run must find the folder to be this vault's.
        let id = self.vault_store.identify(&folder.arn)?;
        let vault_type = self.vault_store.told_type(&folder.arn)?;
        let now = self.clock.now();
        let created = folder.created.unwrap_or(now);
        let account: AccountId = folder.scope.account.clone();
        let key_told = vaults::ops::key_told(&vault_type, key.under.as_ref(), &folder.scope);
        let new_account = self.catalog.write(|tx| {
            let new = accounts::take_up(tx, &account, now)?;
            let row = NewRow {
                scope: &folder.scope,
                name: &folder.name,
                vault_type: &vault_type,
                encryption_key_arn: key_told.as_deref(),
                creator_request_id: None,
                created,
                id: &id,
            };
            let subject = NewThing { scope: &folder.scope, arn: &folder.arn };
            let permit = authorize(tx, Doing::Rescan, CreateBackupVault, &subject)?;
            vaults::rows::insert(tx, &permit, &row)?;
            Ok(new)
        })?;
        self.vault_store.own(&folder.arn, id);
        self.compare_records(&folder.arn)?;
        if new_account {
            report.accounts.push(account.to_string());
        }
        tracing::warn!(vault = %folder.arn, "a vault that the catalog did not know was found: it is back");
        report.vaults.push(folder.arn.to_string());
        Ok(())
    }

    /// Fills a catalog that was just made from the vaults alone; what came back.
    pub(crate) fn rebuild(&self) -> Result<RescanReport> {
        let report = self.look_through(None, Depth::All)?;
        self.catalog.write(|tx| {
            // A simulated clock had run ahead, and must not stand before what it has shown.
            let latest = points::rows::latest_completion(tx)?;
            latest.map_or(Ok(()), |latest| clock::remember_at_least(tx, latest))
        })?;
        Ok(report)
    }
}
