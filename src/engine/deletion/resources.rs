//! Resources are taken off the register when none of their jobs is under way.

use crate::domain::Arn;
use crate::engine::Engine;
use crate::engine::error::{Error, Result};
use crate::engine::jobs::store;

impl Engine {
    /// Takes a resource off the register. Its data and its recovery points stay.
    pub fn remove_resource(&self, arn: &Arn) -> Result<()> {
        self.catalog.write(|tx| {
            let busy: bool = tx
                .prepare_cached(&format!(
                    "SELECT EXISTS (SELECT 1 FROM backup_jobs WHERE resource_arn = ?1 AND state IN {})",
                    store::UNDER_WAY
                ))?
                .query_row([arn.as_str()], |row| row.get(0))?;
            if busy {
                return Err(Error::invalid_request(format!("{arn} is being backed up; stop the job or wait for it")));
            }
            let removed = tx.prepare_cached("DELETE FROM resources WHERE arn = ?1")?.execute([arn.as_str()])?;
            if removed == 0 {
                return Err(Error::not_found(format!(
                    "There is no resource {arn}; `vaultdeck resource list` shows all"
                )));
            }
            Ok(())
        })
    }
}
