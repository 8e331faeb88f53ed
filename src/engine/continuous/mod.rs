//! Continuous backup: for each live continuous recovery point somebody follows the log of its service.
//!
//! The conductor sees to it ([`Engine::follow_logs`]): it starts a thread for each point that is live, and has the service told that
//! it need not keep its log any more for each that is not. A thread asks the service's driver every few seconds what has come
//! and stores it; the latest moment that the point can be restored to moves only then. What cannot be reached is tried again, and
//! the service keeps its log meanwhile. What is gone for good stops the point, and the next run of its rule opens a new one.
//!
//! | what | where |
//! | --- | --- |
//! | what a point holds, which moments it can be restored to | `domain::continuous` |
//! | how its snapshot gets more, is stopped | `points::chains` |
//! | its first and its later bases | `jobs::backup::continuous` |
//! | the log of a service | `drivers::Continuous` |

mod follow;
mod release;
#[cfg(test)]
mod tests;

use crate::domain::Arn;
use crate::domain::recovery_point::RecoveryPointStatus;
use crate::engine::Engine;
use crate::engine::error::{Error, Result};
use crate::engine::jobs::uses;
use crate::engine::points::rows::chains::{self, ChainRow};
use crate::repository::Control;
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Who follows which point's log, and whose service is told to let go of it.
#[derive(Default)]
pub struct Followers {
    threads: Mutex<BTreeMap<Arn, Arc<Control>>>,
    /// When it is tried again to have a service let go.
    releases: Mutex<BTreeMap<Arn, Instant>>,
}

impl Followers {
    /// Asks all of them to stop.
    pub(crate) fn stop_all(&self) {
        self.threads.lock().values().for_each(|control| control.cancel());
    }

    /// Waits for those that were asked to stop. Whether all of them have.
    pub(crate) fn rest(&self, limit: Duration) -> bool {
        let until = Instant::now() + limit;
        while !self.threads.lock().is_empty() {
            if Instant::now() > until {
                return false;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        true
    }
}

/// What is to be done about a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Due {
    Nothing,
    /// Its log is to be followed.
    Follow,
    /// The service need not keep its log any more.
    Release,
    /// Nothing is left of it.
    Forget,
}

/// `is_made` is whether a job that is not over makes or renews the point.
fn due(row: &ChainRow, is_made: bool) -> Due {
    match (&row.status, row.released) {
        (Some(RecoveryPointStatus::Available), false) => Due::Follow,
        (Some(RecoveryPointStatus::Creating), false) => Due::Nothing,
        (None, false) if is_made => Due::Nothing,
        (_, false) => Due::Release,
        (None, true) => Due::Forget,
        (Some(_), true) => Due::Nothing,
    }
}

impl Engine {
    /// Sees to it that the log of each live continuous recovery point is followed, and that no service keeps its log in vain.
    pub(crate) fn follow_logs(self: &Arc<Self>) -> Result<()> {
        if !self.options.scheduler || self.jobs.is_stopping() {
            return Ok(());
        }
        let rows = self.catalog.read(|connection| {
            let with_use = |row: ChainRow| Ok((uses::makes_point(connection, row.point.point_id())?, row));
            chains::all(connection)?.into_iter().map(with_use).collect::<Result<Vec<_>>>()
        })?;
        for (is_made, row) in rows {
            let due = due(&row, is_made);
            let follower = self.followers.threads.lock().get(&row.point).cloned();
            match (due, follower) {
                (Due::Follow, None) => self.start_following(row.point)?,
                (Due::Follow, Some(_)) => {}
                // Its connection ends first.
                (_, Some(follower)) => follower.cancel(),
                (Due::Release, None) => self.release_in_background(row)?,
                (Due::Forget, None) => {
                    let _ = std::fs::remove_dir_all(self.spool_of(&row.point));
                    self.catalog.write(|tx| chains::forget(tx, &row.point))?;
                }
                (Due::Nothing, None) => {}
            }
        }
        Ok(())
    }

    /// Starts the thread that follows a point's log.
    fn start_following(self: &Arc<Self>, point: Arn) -> Result<()> {
        let control = Arc::new(Control::new());
        self.followers.threads.lock().insert(point.clone(), Arc::clone(&control));
        let (weak, of) = (Arc::downgrade(self), point.clone());
        let started =
            std::thread::Builder::new().name("follower".to_owned()).spawn(move || follow::run(&weak, &of, &control));
        started.map(drop).map_err(|error| {
            self.followers.threads.lock().remove(&point);
            Error::io("start a thread", error)
        })
    }

    /// Where what has come of a point's log waits to be stored.
    pub(crate) fn spool_of(&self, point: &Arn) -> PathBuf {
        self.data_dir.root().join("continuous").join(point.point_id().replace(':', "-"))
    }
}
