//! Trying again what failed for the time being.

use crate::engine::drivers::Fault;
use crate::engine::keys::random;
use crate::repository::Control;
use std::time::{Duration, Instant};

/// How long somebody waits who sits before it.
pub(in crate::engine::drivers) const BRIEF: Duration = Duration::from_secs(2);
/// How long a job waits.
pub(in crate::engine::drivers) const LONG: Duration = Duration::from_secs(3 * 60);
/// The longest first pause; each later one may be twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// No pause is longer.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// How often a thread that pauses looks whether it is to stop.
const TICK: Duration = Duration::from_millis(50);

/// Does something until it succeeds, cannot succeed, or was tried for so long, with growing pauses of a random length.
pub(in crate::engine::drivers) fn patiently<T>(
    limit: Duration,
    stop: Option<&Control>,
    mut attempt: impl FnMut() -> Result<T, Fault>,
) -> Result<T, Fault> {
    let (until, mut tried) = (Instant::now() + limit, 1);
    loop {
        match attempt() {
            Err(Fault::Temporary { .. }) if Instant::now() < until => pause(tried, stop)?,
            done => return done,
        }
        tried += 1;
    }
}

/// Waits before attempt number `tried + 1`.
fn pause(tried: u32, stop: Option<&Control>) -> Result<(), Fault> {
    let longest = FIRST_PAUSE.saturating_mul(1 << tried.saturating_sub(1).min(16)).min(LONGEST_PAUSE);
    let mut dice = [0; 4];
    random(&mut dice).map_err(|error| Fault::Failed(error.to_string()))?;
    let until = Instant::now() + longest.mul_f64(f64::from(u32::from_le_bytes(dice)) / f64::from(u32::MAX));
    while let Some(left) = until.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) {
        stopped(stop)?;
        std::thread::sleep(left.min(TICK));
    }
    stopped(stop)
}

/// A fault where it is to stop.
pub(in crate::engine::drivers) fn stopped(stop: Option<&Control>) -> Result<(), Fault> {
    if stop.is_some_and(Control::is_cancelled) {
        return Err(Fault::Failed("The job was stopped.".to_owned()));
    }
    Ok(())
}
