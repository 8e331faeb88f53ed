//! Holds in the folders of the vaults: `vaultdeck/holds/ID.json` tells of a hold and of which of the vault's recovery points
//! are under it.
//!
//! The catalog counts, and the folders follow: a hold is created and released in one transaction, which notes in which
//! folders it is owed to be written, or removed. Writing may fail; then it is tried again, and no answer hangs on it. A hold
//! that a folder tells of and the catalog does not know is one that the catalog has lost: it holds again. So an older copy of
//! the catalog holds more than it should at the worst, and never less than the folders know.

use crate::domain::legal_hold::{HoldSelection, HoldStatus, HoldSummary, LegalHold};
use crate::domain::{Arn, Scope, Tags, Time};
use crate::engine::Engine;
use crate::engine::authorize::action::CreateLegalHold;
use crate::engine::authorize::subject::NewThing;
use crate::engine::authorize::{Doing, authorize};
use crate::engine::catalog::Transaction;
use crate::engine::error::{Error, Result};
use crate::engine::holds::rows;
use crate::engine::keys::sealed_file::{self, Form};
use crate::engine::{tags, vaults};
use crate::repository::{MasterKey, Storage};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The folder of holds among a vault's side files.
const HOLDS: &str = "holds";

/// The version that this program writes, and the newest that it reads.
const VERSION: u32 = 1;

/// What is said of a hold in the folder of a vault.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct HoldFile {
    legal_hold_id: String,
    title: String,
    description: String,
    selection: HoldSelection,
    created: Time,
    tags: Tags,
    /// The points of this vault that are under it.
    pub(super) recovery_points: Vec<Arn>,
}

/// The name of a hold's file among the side files of a vault.
pub(super) fn name(hold: &str) -> String {
    format!("{HOLDS}/{hold}.json")
}

fn form(files: &dyn Storage, hold: &str) -> Form {
    Form {
        what: format!("the record of a legal hold {}", files.side_location(&name(hold))),
        context: format!("vaultdeck legal hold {VERSION} {hold}"),
        version: VERSION,
        advice: "Put back your copy of it: until then this vault does not know what the hold holds; nothing was deleted",
    }
}

impl Engine {
    /// Makes the folder of each vault say of the holds what the catalog says. What fails is told in the log, stays owed, and is
    /// tried again.
    pub(crate) fn write_owed_holds(&self) {
        if !self.wrote_owed_holds() {
            self.upkeep.poke();
        }
    }

    /// The same; whether nothing is owed any more.
    pub(crate) fn wrote_owed_holds(&self) -> bool {
        let owing = self.catalog.read(rows::files::vaults_that_owe);
        let owing =
            owing.inspect_err(|error| tracing::warn!(%error, "which folders do not tell of their holds is not known"));
        let Ok(vaults) = owing else { return false };
        let write = |vault: &Arn| {
            let written = self.write_holds_of(vault);
            written
                .inspect_err(|error| {
                    tracing::warn!(%vault, %error, "the vault's folder does not tell of a legal hold yet; the catalog does");
                })
                .is_ok()
        };
        vaults.iter().filter(|vault| !write(vault)).count() == 0
    }

    pub(super) fn write_holds_of(&self, vault: &Arn) -> Result<()> {
        let scope = scope_of(vault)?;
        let files = self.vault_store.files_of(vault)?;
        for hold in self.catalog.read(|connection| rows::files::owed(connection, vault))? {
            // In the transaction, so that of two changes the later one is what the folder says in the end.
            self.catalog.write(|tx| match rows::files::content(tx, &scope, &hold, vault)? {
                Some((found, points)) => {
                    let (_, key) = self.vault_store.key_of(vault)?;
                    files.prepare_side(HOLDS)?;
                    files.write_side(&name(&hold), &seal(tx, files.as_ref(), &key, found, points)?)?;
                    rows::files::settle(tx, &hold, vault)
                }
                None => {
                    files.remove_side_all(&[name(&hold)])?;
                    rows::files::forget(tx, &hold, vault)
                }
            })?;
        }
        Ok(())
    }

    /// At the start, before anything is deleted, and at each turn of the upkeep: the holds that the vaults' folders tell of and the catalog does not know hold
    /// again. What cannot be read is told, and keeps no other vault out.
    pub(crate) fn know_holds(&self) -> Result<()> {
        for vault in self.catalog.read(vaults::rows::arns)? {
            match self.take_up_holds(&vault) {
                Ok(problems) => problems.iter().for_each(|problem| tracing::error!("{problem}")),
                Err(error) => {
                    tracing::warn!(%vault, %error, "which legal holds the vault's folder tells of could not be read");
                }
            }
        }
        Ok(())
    }

    /// The same of one vault; what could not be read.
    pub(crate) fn take_up_holds(&self, vault: &Arn) -> Result<Vec<String>> {
        let there = self.holds_on_disk(vault)?;
        let known = self.catalog.read(|connection| rows::files::known(connection, vault))?;
        let gone: Vec<&String> = known.difference(&there).collect();
        if !gone.is_empty() {
            // Somebody took the files away, or a release removed them and did not come to note it: they follow the catalog.
            self.catalog.write(|tx| gone.iter().try_for_each(|hold| rows::files::owe(tx, hold, vault)))?;
            self.write_owed_holds();
        }
        let mut problems = Vec::new();
        for hold in there.difference(&known) {
            let taken_up = self.take_up(vault, hold);
            problems.extend(taken_up.err().map(|error| error.to_string()));
        }
        Ok(problems)
    }

    /// The holds of which the folder of a vault tells, by their files' names.
    pub(super) fn holds_on_disk(&self, vault: &Arn) -> Result<BTreeSet<String>> {
        let names = self.vault_store.files_of(vault)?.list_side(HOLDS)?.unwrap_or_default();
        Ok(names.iter().filter_map(|name| name.strip_suffix(".json")).map(str::to_owned).collect())
    }

    /// What the folder of a vault tells of a hold; none where it has no file of it.
    pub(super) fn read_hold(&self, vault: &Arn, hold: &str) -> Result<Option<HoldFile>> {
        let (files, key) = self.vault_store.key_of(vault)?;
        let Some(bytes) = files.read_side(&name(hold))? else { return Ok(None) };
        sealed_file::open(key.to_bytes().as_slice(), &form(files.as_ref(), hold), &bytes).map(Some)
    }

    fn take_up(&self, vault: &Arn, hold: &str) -> Result<()> {
        let Some(found) = self.read_hold(vault, hold)? else { return Ok(()) };
        let scope = scope_of(vault)?;
        self.catalog.write(|tx| {
            match rows::get(tx, &scope, hold)? {
                // It was released, and the file is what was left of it.
                Some(known) if !known.summary.status.holds() => return rows::files::owe(tx, hold, vault),
                known => bring_back(tx, &scope, found, known.is_some())?,
            }
            rows::files::settle(tx, hold, vault)
        })?;
        tracing::warn!(hold, %vault, "a legal hold that the catalog did not know was found in a vault: it holds again");
        Ok(())
    }
}

/// The account and region of a vault.
pub(super) fn scope_of(vault: &Arn) -> Result<Scope> {
    vault.scope().ok_or_else(|| Error::Internal(format!("{vault} is not a vault's")))
}

/// The bytes of the file that tells of a hold.
fn seal(
    tx: &Transaction<'_>,
    files: &dyn Storage,
    key: &MasterKey,
    hold: LegalHold,
    recovery_points: Vec<Arn>,
) -> Result<Vec<u8>> {
    let LegalHold { summary, selection, .. } = hold;
    let form = form(files, &summary.id);
    let created = summary.created.ok_or_else(|| Error::Internal(format!("{} was never created", summary.arn)))?;
    let file = HoldFile {
        tags: tags::rows::get(tx, summary.arn.as_str())?,
        legal_hold_id: summary.id,
        title: summary.title,
        description: summary.description,
        selection,
        created,
        recovery_points,
    };
    sealed_file::seal(key.to_bytes().as_slice(), &form, &file)
}

/// A hold holds again what a vault's folder says; another vault may have told of it already.
fn bring_back(tx: &Transaction<'_>, scope: &Scope, file: HoldFile, is_known: bool) -> Result<()> {
    let arn = Arn::legal_hold(scope, &file.legal_hold_id);
    let permit = authorize(tx, Doing::Rescan, CreateLegalHold, &NewThing { scope, arn: &arn })?;
    if !is_known {
        let hold = LegalHold {
            summary: HoldSummary {
                id: file.legal_hold_id,
                arn: arn.clone(),
                scope: scope.clone(),
                title: file.title,
                description: file.description,
                status: HoldStatus::Active,
                created: Some(file.created),
                cancelled: None,
            },
            selection: file.selection,
            cancel_description: None,
            retain_record_until: None,
        };
        rows::insert(tx, &permit, &hold, file.created)?;
        tags::rows::put_at_creation(tx, &permit, arn.as_str(), &file.tags)?;
    }
    rows::hold(tx, &permit, &file.recovery_points)
}
