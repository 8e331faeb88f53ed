//! Resources are taken off the register when none of their jobs is under way.

use crate::domain::Arn;
use crate::engine::authorize::action::RemoveResource;
use crate::engine::authorize::subject::Anything;
use crate::engine::authorize::{Principal, authorize};
use crate::engine::error::{Error, Result};
use crate::engine::jobs::uses;
use crate::engine::points::rows::chains;
use crate::engine::{Engine, resources};

impl Engine {
    /// Takes a resource off the register. Its data and its recovery points stay.
    pub fn remove_resource(&self, arn: &Arn) -> Result<()> {
        self.remove(arn, false)
    }

    /// The same for one whose service is gone for good: nobody needs to have told it that it need not keep its log any more. Under
    /// which name it keeps it, if it is there after all, stands in the engine's log.
    pub fn remove_lost_resource(&self, arn: &Arn) -> Result<()> {
        self.remove(arn, true)
    }

    fn remove(&self, arn: &Arn, is_lost: bool) -> Result<()> {
        self.catalog.write(|tx| {
            if uses::needs_resource(tx, arn)? {
                return Err(Error::invalid_request(format!("{arn} is being backed up; stop the job or wait for it")));
            }
            if let Some(live) = chains::live_of(tx, arn)? {
                return Err(Error::invalid_request(format!(
                    "{arn} is backed up continuously into {}: delete that recovery point, or disassociate it, so that its service need \
                     not keep its log any more",
                    live.point
                )));
            }
            let held = chains::held_of(tx, arn)?;
            if let Some(held) = held.as_ref().filter(|_| is_lost) {
                tracing::warn!(
                    resource = %arn, name = %held.hold, point = %held.point,
                    "the service of a resource that is removed keeps its log under this name, if it is there after all"
                );
            }
            if let Some(held) = held.filter(|_| !is_lost) {
                return Err(Error::invalid_request(format!(
                    "the service of {arn} still keeps its log, under the name {}, for {}, which needs it no more: it is told so every minute \
                     until it knows; see that it can be reached, and remove the resource then, or with --force if the service is gone for good",
                    held.hold, held.point
                )));
            }
            let permit = authorize(tx, Principal::Owner, RemoveResource, &Anything(arn.as_str()))?;
            if !resources::rows::remove(tx, &permit)? {
                return Err(Error::not_found(format!(
                    "There is no resource {arn}; `vaultdeck resource list` shows all"
                )));
            }
            Ok(())
        })
    }
}
