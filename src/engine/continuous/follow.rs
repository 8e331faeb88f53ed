//! Following one log.

use crate::domain::Arn;
use crate::domain::recovery_point::RecoveryPointStatus;
use crate::engine::Engine;
use crate::engine::drivers::{Broken, Continuous, Elsewhere, Fault, FollowCx, Follower, Mark};
use crate::engine::error::{Error, Result};
use crate::engine::jobs::uses;
use crate::engine::points::chains::{Came, IsRead};
use crate::engine::points::rows::chains::{self, ChainRow};
use crate::repository::Control;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

/// How often it is looked what has come.
const EVERY: Duration = if cfg!(test) { Duration::from_millis(50) } else { Duration::from_secs(15) };

/// When what failed is tried again.
const AGAIN: Duration = if cfg!(test) { Duration::from_millis(50) } else { Duration::from_secs(10) };

/// How long a thread sleeps before it looks whether it is still wanted.
const NAP: Duration = if cfg!(test) { Duration::from_millis(10) } else { Duration::from_millis(100) };

/// A log that is followed as long as the point is live.
#[derive(Default)]
pub(super) struct Followed {
    follower: Option<Box<dyn Follower>>,
    /// How it went the last time, as its point says it; nothing until that says anything.
    told: Option<Told>,
    /// How long it is waited, where the follower says it.
    pause: Option<Duration>,
}

/// How a log is followed, as its point says it.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Told {
    Fine,
    Trouble(String),
}

/// Whoever follows a point's log, until this is dropped: also where it panics.
struct Following<'a>(&'a Weak<Engine>, &'a Arn);

impl Drop for Following<'_> {
    fn drop(&mut self) {
        if let Some(engine) = self.0.upgrade() {
            engine.followers.threads.lock().remove(self.1);
            engine.jobs.wake();
        }
    }
}

/// Whether there is anything to follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Goes {
    On,
    NoMore,
}

/// The thread of a follower: until its point is not live any more, or the engine ends.
pub(super) fn run(weak: &Weak<Engine>, point: &Arn, control: &Arc<Control>) {
    // Dropped last: the program ends before anybody believes that nothing follows any more.
    let _following = Following(weak, point);
    let mut followed = Followed::default();
    while let Some(engine) = weak.upgrade() {
        if control.is_cancelled() {
            break;
        }
        let pause = match engine.follow_once(point, &mut followed, control) {
            Ok(Goes::On) if followed.told == Some(Told::Fine) => followed.pause.unwrap_or(EVERY),
            Ok(Goes::On) => AGAIN,
            Ok(Goes::NoMore) => break,
            Err(error) => {
                tracing::warn!(%point, %error, "what came of a log could not be stored; it is tried again");
                AGAIN
            }
        };
        drop(engine);
        let until = Instant::now() + pause;
        while Instant::now() < until && !control.is_cancelled() && weak.strong_count() > 0 {
            std::thread::sleep(NAP);
        }
    }
}

impl Engine {
    /// Looks once what has come of a point's log, and stores it.
    pub(super) fn follow_once(&self, point: &Arn, followed: &mut Followed, control: &Control) -> Result<Goes> {
        let row = self.catalog.read(|connection| chains::get(connection, point))?;
        let Some(row) = row.filter(|row| row.status == Some(RecoveryPointStatus::Available) && !row.released) else {
            return Ok(Goes::NoMore);
        };
        match self.look(&row, followed, control) {
            Ok(goes) => {
                self.tell_trouble(&row, followed, None)?;
                Ok(goes)
            }
            Err(Stopped::Error(error)) => {
                // What was told and not kept is told again by a new one.
                followed.follower = None;
                // A collection is over soon.
                if !control.is_cancelled() && !matches!(error, Error::Busy(_)) {
                    self.tell_trouble(&row, followed, Some(error.to_string()))?;
                }
                Err(error)
            }
            Err(Stopped::Broken(Broken::Gap(why))) => {
                followed.follower = None;
                tracing::warn!(%point, %why, "a continuous backup was interrupted");
                self.stop_chain(point, why.trim_end_matches('.'))?;
                Ok(Goes::NoMore)
            }
            Err(Stopped::Broken(Broken::For(fault))) => {
                followed.follower = None;
                if !control.is_cancelled() {
                    self.tell_trouble(&row, followed, Some(fault.meaning().message))?;
                }
                Ok(Goes::On)
            }
        }
    }

    fn look(&self, row: &ChainRow, followed: &mut Followed, control: &Control) -> std::result::Result<Goes, Stopped> {
        let of = self.catalog.read(|connection| self.registered(connection, &row.resource))?;
        let of = of.ok_or_else(|| Fault::Failed(format!("{} is not registered any more.", row.resource)))?;
        let driver = self.driver_of(&of.resource.resource_type)?;
        let log: &dyn Continuous = driver
            .continuous(&of.resource.location)
            .ok_or_else(|| Fault::Failed("Its log cannot be followed.".to_owned()))?;
        let mut follower = match followed.follower.take() {
            Some(follower) => follower,
            None => {
                self.admits_log(row)?;
                let chain = row.chain.as_ref().ok_or_else(|| Fault::Failed("It has no base.".to_owned()))?;
                let (mark, spool) = (Mark::of(&chain.log), self.spool_of(&row.point));
                log.follow(&FollowCx { of: &of, hold: &row.hold, log: &mark, spool: &spool })?
            }
        };
        let progress = follower.look(control)?;
        let elsewhere = follower.elsewhere();
        let (log_folder, is_read) = (log.log_folder(), uses::needs_point as IsRead);
        let came = Came { progress: &progress, elsewhere, log_folder, is_read };
        let kept = self.keep_log(row, &came, control).map_err(|error| {
            // Why the service did not give it tells more than that it could not be stored.
            elsewhere.and_then(Elsewhere::broken).map_or(Stopped::Error(error), Stopped::Broken)
        });
        if !kept? {
            return Ok(Goes::NoMore);
        }
        follower.kept(&progress);
        followed.pause = follower.pause();
        followed.follower = Some(follower);
        Ok(Goes::On)
    }

    /// Says of a point why its log cannot be followed for now, or nothing any more.
    fn tell_trouble(&self, row: &ChainRow, followed: &mut Followed, trouble: Option<String>) -> Result<()> {
        let told = trouble.as_ref().map_or(Told::Fine, |why| Told::Trouble(why.clone()));
        if followed.told.as_ref() == Some(&told) {
            return Ok(());
        }
        if let Some(why) = &trouble {
            tracing::warn!(point = %row.point, %why, "a log cannot be followed for now; it is tried again");
        }
        self.catalog.write(|tx| chains::tell(tx, &row.point, trouble.as_deref()))?;
        followed.told = Some(told);
        Ok(())
    }
}

/// Why nothing was stored.
enum Stopped {
    Broken(Broken),
    Error(Error),
}

impl From<Broken> for Stopped {
    fn from(broken: Broken) -> Self {
        Self::Broken(broken)
    }
}

impl From<Fault> for Stopped {
    fn from(fault: Fault) -> Self {
        Self::Broken(Broken::For(fault))
    }
}

impl From<Error> for Stopped {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}
