//! Resources are taken off the register when none of their jobs is under way.

use crate::domain::Arn;
use crate::engine::error::{Error, Result};
use crate::engine::jobs::rows::backups;
use crate::engine::{Engine, resources};

impl Engine {
    /// Takes a resource off the register. Its data and its recovery points stay.
    pub fn remove_resource(&self, arn: &Arn) -> Result<()> {
        self.catalog.write(|tx| {
            if backups::is_backing_up(tx, arn)? {
                return Err(Error::invalid_request(format!("{arn} is being backed up; stop the job or wait for it")));
            }
            if !resources::rows::remove(tx, arn)? {
                return Err(Error::not_found(format!(
                    "There is no resource {arn}; `vaultdeck resource list` shows all"
                )));
            }
            Ok(())
        })
    }
}
