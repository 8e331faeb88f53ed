//! What backups stored anew, and how well it compressed: the engine's own route.

use crate::domain::extension::{NewDataOfBackup, NewDataOfBackups};
use crate::domain::names::JobId;
use crate::engine::Engine;
use crate::engine::authorize::boundary;
use crate::engine::caller::Caller;
use crate::engine::error::Result;
use crate::engine::jobs::backup::ops::unknown;
use crate::engine::jobs::backup::rows::{self, new_data};
use chrono::Duration;

/// So far back is looked: an older backup is no news.
const NEWS: Duration = Duration::days(8);

impl Engine {
    /// The newest backups of the caller's account and region that stored much anew of which hardly anything compressed, each with
    /// what is usual of its resource and rule.
    pub fn incompressible_backups(&self, caller: &Caller) -> Result<NewDataOfBackups> {
        let (scope, since) = (caller.scope(), self.clock.now() - NEWS);
        let backups = self.catalog.read(|connection| new_data::incompressible(connection, &scope, since))?;
        Ok(NewDataOfBackups { backups })
    }

    /// What a backup job that the caller may see stored anew; nothing where that is not known.
    pub fn new_data_of_backup(&self, caller: &Caller, id: &JobId) -> Result<NewDataOfBackups> {
        let told = self.catalog.read(|connection| -> Result<Option<NewDataOfBackup>> {
            let job = rows::get(connection, id)?.ok_or_else(|| unknown(id))?;
            if !boundary::sees(connection, caller, &job.scope)? {
                return Err(unknown(id));
            }
            new_data::of_job(connection, id)
        })?;
        Ok(NewDataOfBackups { backups: told.into_iter().collect() })
    }
}
