//! The end of a follower: the service need not keep its log any more.

use crate::engine::Engine;
use crate::engine::error::Result;
use crate::engine::points::rows::chains::{self, ChainRow};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// When a service that could not be told is asked again.
const AGAIN: Duration = Duration::from_secs(60);

impl Engine {
    /// Tells a service that it need not keep its log for a point any more, in a thread of its own, and not too often.
    pub(super) fn release_in_background(self: &Arc<Self>, row: ChainRow) -> Result<()> {
        let now = Instant::now();
        let mut releases = self.followers.releases.lock();
        if releases.get(&row.point).is_some_and(|at| *at > now) {
            return Ok(());
        }
        releases.insert(row.point.clone(), now + AGAIN);
        drop(releases);
        let engine = Arc::clone(self);
        self.jobs.in_background("release", move || {
            if let Err(error) = engine.release(&row) {
                tracing::warn!(point = %row.point, hold = %row.hold, %error, "a service still keeps its log in vain; it is told again");
            }
        })
    }

    pub(super) fn release(&self, row: &ChainRow) -> Result<()> {
        let of = self.catalog.read(|connection| self.registered(connection, &row.resource))?;
        if let Some(of) = of {
            let driver = self.driver_of(&of.resource.resource_type)?;
            let released = driver.continuous(&of.resource.location).map_or(Ok(()), |log| log.release(&of, &row.hold));
            // Whatever is gone, the service may be there and keep its log: a database or a user that is asked with is not the service.
            released?;
        } else {
            tracing::warn!(
                resource = %row.resource, hold = %row.hold,
                "the resource is not registered any more: if its service still keeps its log under this name, drop that there"
            );
        }
        // What has come and is not stored is no part of the point, and lies there in the clear.
        let _ = std::fs::remove_dir_all(self.spool_of(&row.point));
        self.catalog.write(|tx| chains::settle(tx, &row.point))?;
        self.jobs.wake();
        Ok(())
    }
}
