//! Waiting for the log of a continuous recovery point.

use crate::domain::{Arn, Time};
use crate::engine::Engine;
use crate::engine::jobs::work::Failure;
use crate::engine::points::rows::chains;
use crate::repository::Control;
use std::time::{Duration, Instant};

/// How long it is waited for the log to come on towards a moment.
const WAIT: Duration = Duration::from_secs(60);

/// How often it is looked meanwhile.
const GLANCE: Duration = Duration::from_millis(200);

/// Waits until the log of a point is stored up to a moment. The service's time goes by as it does, whatever the engine's clock is.
pub(super) fn await_log(
    engine: &Engine,
    point: &Arn,
    moment: Time,
    control: &Control,
) -> std::result::Result<(), Failure> {
    let (mut until, mut latest) = (Instant::now() + WAIT, None);
    loop {
        let row = engine.catalog.read(|connection| chains::get(connection, point))?;
        let now = row.and_then(|row| row.chain).map(|chain| chain.latest);
        if now.is_some_and(|now| now >= moment) {
            return Ok(());
        }
        // As long as it comes on, it will come to there.
        if now > latest {
            (until, latest) = (Instant::now() + WAIT, now);
        }
        control.check()?;
        if Instant::now() > until {
            let why = "The log of the continuous recovery point has not come up to the end of its base yet.".to_owned();
            return Err(Failure::Later { why, after: chrono::Duration::minutes(1) });
        }
        std::thread::sleep(GLANCE);
    }
}
