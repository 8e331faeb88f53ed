//! Files in a vault's folder that do not tell of a hold what the catalog does.

use crate::domain::Arn;
use crate::engine::Engine;
use crate::engine::error::{Error, Result};
use crate::engine::holds::files::{self, HoldFile};
use crate::engine::holds::rows;
use std::collections::BTreeSet;

/// A file that does not tell of a hold.
pub(crate) struct HoldFault {
    /// The hold's id, by the name of the file.
    pub(crate) hold: String,
    /// Its name among the side files of the vault.
    pub(crate) file: String,
    /// What is wrong.
    pub(crate) what: String,
    /// Whether the catalog knows what it is to say.
    pub(crate) is_known: bool,
}

impl Engine {
    /// Which files of a vault's folder do not tell of the holds. One that the catalog does not know and that can be read is no
    /// fault: it is taken up.
    pub(crate) fn hold_faults(&self, vault: &Arn) -> Result<Vec<HoldFault>> {
        let scope = files::scope_of(vault)?;
        // What is on disk first: a hold that is made meanwhile is no fault.
        let there = self.holds_on_disk(vault)?;
        let expected = self.catalog.read(|connection| {
            let known = rows::files::known(connection, vault)?;
            let content = |hold: &String| rows::files::content(connection, &scope, hold, vault);
            known.iter().map(|hold| Ok((hold.clone(), content(hold)?))).collect::<Result<Vec<_>>>()
        })?;
        let known: BTreeSet<&str> = expected.iter().map(|(hold, _)| hold.as_str()).collect();
        let mut faults = Vec::new();
        for hold in there.iter().filter(|hold| !known.contains(hold.as_str())) {
            faults.extend(self.fault_of(vault, hold, |_| None, false)?);
        }
        // One that was released has its file only until somebody comes to remove it.
        for (hold, points) in expected.iter().filter_map(|(hold, content)| Some((hold, &content.as_ref()?.1))) {
            let lacks = |file: &HoldFile| {
                let lacks = points.iter().filter(|point| !file.recovery_points.contains(point)).count();
                (lacks > 0).then(|| format!("it does not tell of {lacks} recovery points that are under it"))
            };
            faults.extend(self.fault_of(vault, hold, lacks, true)?);
        }
        Ok(faults)
    }

    /// What is wrong with the file of one hold, if anything; `lacks` says what it does not tell.
    fn fault_of(
        &self,
        vault: &Arn,
        hold: &str,
        lacks: impl Fn(&HoldFile) -> Option<String>,
        is_known: bool,
    ) -> Result<Option<HoldFault>> {
        let what = match self.read_hold(vault, hold) {
            Ok(None) if is_known => Some("it is missing".to_owned()),
            Ok(None) => None,
            Ok(Some(file)) => lacks(&file),
            Err(Error::Damaged { what, .. }) => Some(what),
            Err(error) => return Err(error),
        };
        Ok(what.map(|what| HoldFault { hold: hold.to_owned(), file: files::name(hold), what, is_known }))
    }

    /// Makes a vault's folder tell of the holds what the catalog does. What lies in the place of a file and is none is moved
    /// aside.
    pub(crate) fn write_holds_again(&self, vault: &Arn) -> Result<()> {
        let faults: Vec<HoldFault> = self.hold_faults(vault)?.into_iter().filter(|fault| fault.is_known).collect();
        let files = self.vault_store.files_of(vault)?;
        for fault in &faults {
            files.set_side_aside(&fault.file)?;
            self.catalog.write(|tx| rows::files::owe(tx, &fault.hold, vault))?;
        }
        if faults.is_empty() { Ok(()) } else { self.write_holds_of(vault) }
    }
}
