//! DisassociateRecoveryPoint and DisassociateRecoveryPointFromParent: what of a recovery point AWS Backup lets go of.
//!
//! The first is for continuous recovery points, the second for what is nested in composite ones. A continuous point that is let go
//! of stays, and can be restored as far as its log had come: its service is not followed any more. One that was nested stays too, by
//! itself, and what it was nested in is PARTIAL from then on. What protects a point is asked first: whoever may not delete it does not
//! learn more.

use crate::domain::Arn;
use crate::engine::Engine;
use crate::engine::authorize::action::{DisassociateRecoveryPoint, DisassociateRecoveryPointFromParent};
use crate::engine::authorize::subject::{PointNamed, PointToDisassociate};
use crate::engine::authorize::{Action, authorize};
use crate::engine::caller::Caller;
use crate::engine::error::{Error, Result};
use crate::engine::points::ops::point_in;
use crate::engine::points::rows::{chains, composite};

impl Engine {
    /// DisassociateRecoveryPoint.
    pub fn disassociate_recovery_point(&self, caller: &Caller, vault_name: &str, arn: &Arn) -> Result<()> {
        self.ask_to_disassociate(caller, DisassociateRecoveryPoint, vault_name, arn)?;
        if self.catalog.read(|connection| chains::get(connection, arn))?.is_some() {
            if self.stop_chain(arn, "it was disassociated")? {
                return Ok(());
            }
            return Err(Error::invalid_request(format!("Recovery point {arn} is disassociated already.")));
        }
        Err(Error::invalid_request(format!(
            "Recovery point {arn} is not a continuous backup: only those can be disassociated."
        )))
    }

    /// DisassociateRecoveryPointFromParent.
    pub fn disassociate_recovery_point_from_parent(&self, caller: &Caller, vault_name: &str, arn: &Arn) -> Result<()> {
        self.heed_protection(&caller.scope(), vault_name)?;
        let now = self.now();
        let vault = self.catalog.write(|tx| {
            let found = point_in(tx, vault_name, arn)?;
            let subject = PointToDisassociate(PointNamed { arn, found: found.as_ref() });
            let permit = authorize(tx, caller, DisassociateRecoveryPointFromParent, &subject)?;
            let point = found.ok_or_else(|| Error::no_such_recovery_point(arn))?;
            let alone = || Error::invalid_request(format!("Recovery point {arn} has no parent recovery point."));
            let parent = point.nesting.parent().ok_or_else(alone)?;
            composite::leave(tx, &permit)?;
            composite::lessen(tx, parent, &format!("Recovery point {arn} was disassociated from it."), now)?;
            Ok(point.vault_arn)
        })?;
        // The change is made; the manifests follow now, or later when that fails.
        self.write_owed_manifests(&vault);
        Ok(())
    }

    fn ask_to_disassociate<A>(&self, caller: &Caller, action: A, vault_name: &str, arn: &Arn) -> Result<()>
    where
        A: for<'a> Action<On<'a> = PointToDisassociate<'a>>,
    {
        self.heed_protection(&caller.scope(), vault_name)?;
        self.catalog.read(|connection| {
            let found = point_in(connection, vault_name, arn)?;
            let subject = PointToDisassociate(PointNamed { arn, found: found.as_ref() });
            authorize(connection, caller, action, &subject).map(drop)
        })
    }
}
