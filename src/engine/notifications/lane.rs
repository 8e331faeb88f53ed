//! The way to one target: a thread that delivers what is noted for it, queue by queue, each in its order.

use crate::domain::Arn;
use crate::domain::event::Event;
use crate::domain::notification::message;
use crate::engine::Engine;
use crate::engine::error::{Error, Result};
use crate::engine::events;
use crate::engine::events::rows::Whose;
use crate::engine::notifications::rows;
use crate::engine::notifications::standing::Trouble;
use crate::engine::notifications::target::{Letter, Takes, Target};
use crate::repository::crash_point;
use std::collections::BTreeMap;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

/// How many events of a queue are delivered before the others have their turn, and at most delivered twice after a crash.
const TURN: usize = 20;
/// The longest pause after a first failure; it doubles with each more.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The longest pause of all.
const LONGEST_PAUSE: Duration = Duration::from_mins(5);
/// The longest that nobody looks.
const LOOK: Duration = Duration::from_secs(1);

/// A queue that rests after failures.
struct Resting {
    failures: u32,
    until: Instant,
}

/// What came of a queue's turn.
enum Turn {
    /// Something was delivered or there was nothing.
    Went,
    /// The target did not take one.
    Stuck {
        why: String,
        /// It took others before that.
        took: bool,
    },
}

/// Starts the thread of a target.
pub(super) fn start(engine: &Arc<Engine>, target: Target) -> Result<()> {
    let weak = Arc::downgrade(engine);
    thread(&format!("notify {}", target.name), move || run(&weak, &target))
}

/// A thread that nobody waits for: what it does not come to is done after the next start.
pub(super) fn thread(name: &str, work: impl FnOnce() + Send + 'static) -> Result<()> {
    let built = std::thread::Builder::new().name(name.to_owned()).spawn(work);
    built.map(drop).map_err(|error| Error::io("start a thread", error))
}

fn run(engine: &Weak<Engine>, target: &Target) {
    let mut resting: BTreeMap<String, Resting> = BTreeMap::new();
    loop {
        let Some(engine) = engine.upgrade() else { return };
        if engine.jobs.is_stopping() {
            return;
        }
        let seen = engine.catalog.commits().count();
        let queues = engine.catalog.read(|connection| rows::queues(connection, &target.name)).unwrap_or_default();
        let now = Instant::now();
        let mut went = false;
        for queue in queues {
            if resting.get(&queue).is_some_and(|resting| resting.until > now) || engine.jobs.is_stopping() {
                continue;
            }
            let turn = deliver(&engine, target, &queue)
                .unwrap_or_else(|error| Turn::Stuck { why: error.to_string(), took: false });
            went |= matches!(turn, Turn::Went);
            rest(&engine, target, queue, turn, &mut resting);
        }
        if !went {
            let first = resting.values().map(|resting| resting.until).min();
            let pause = first.map_or(LOOK, |until| until.saturating_duration_since(Instant::now()));
            engine.catalog.commits().wait_for_more(seen, pause.clamp(Duration::from_millis(10), LOOK));
        }
    }
}

/// Lets a queue rest that did not go, longer each time.
fn rest(engine: &Engine, target: &Target, queue: String, turn: Turn, resting: &mut BTreeMap<String, Resting>) {
    match turn {
        Turn::Went => {
            if resting.remove(&queue).is_some() {
                tracing::info!(target = target.name, queue, "notifications are delivered again");
            }
            engine.deliveries.note_delivered(&target.name, &queue);
        }
        Turn::Stuck { why, took } => {
            let before = resting.get(&queue).filter(|_| !took);
            let failures = before.map_or(1, |resting| resting.failures + 1);
            if failures == 1 {
                tracing::warn!(target = target.name, queue, why, "a notification was not delivered; it is tried again");
            }
            engine.deliveries.note_trouble(&target.name, &queue, Trouble { failures, why });
            resting.insert(queue, Resting { failures, until: Instant::now() + pause(failures) });
        }
    }
}

/// How long to pause after so many failures in a row: any time up to twice as long as before, so that not all who failed
/// together come back together.
fn pause(failures: u32) -> Duration {
    let longest = FIRST_PAUSE.saturating_mul(1 << failures.saturating_sub(1).min(16)).min(LONGEST_PAUSE);
    let part = (uuid::Uuid::new_v4().as_u128() % 1000) as u32;
    longest * part / 1000
}

/// Delivers the next events of a queue, as far as they are taken, and notes that.
fn deliver(engine: &Engine, target: &Target, queue: &str) -> Result<Turn> {
    let positions = engine.catalog.read(|connection| rows::next(connection, &target.name, queue, TURN))?;
    let (mut delivered, mut turn) = (None, Turn::Went);
    for position in positions {
        if engine.jobs.is_stopping() {
            break;
        }
        if let Err(why) = send(engine, target, queue, position)? {
            turn = Turn::Stuck { why, took: delivered.is_some() };
            break;
        }
        delivered = Some(position);
    }
    crash_point::reached("before-delivery-is-noted");
    if let Some(up_to) = delivered {
        engine.catalog.write(|tx| rows::settle(tx, &target.name, queue, up_to))?;
    }
    Ok(turn)
}

/// Sends one event. What nobody wants any more counts as sent; so does what happened before the vault notified whom it does
/// now, for that was another's.
fn send(engine: &Engine, target: &Target, queue: &str, position: u64) -> Result<std::result::Result<(), String>> {
    let (event, notifications) = engine.catalog.read(|connection| {
        let event: Option<Event> = events::rows::read(connection, &Whose::default(), position - 1, position, 1)?.pop();
        let notifications = match queue.parse::<Arn>() {
            Ok(vault) => rows::get_for(connection, &vault, position)?,
            Err(_) => None,
        };
        Ok((event, notifications))
    })?;
    Ok(match (event, &target.takes, notifications) {
        (Some(event), Takes::Events(_), _) => (target.send)(&Letter::Event(&event)),
        (Some(event), Takes::Topics, Some(notifications)) => {
            (target.send)(&Letter::Topic(&notifications.topic, &message(&event)))
        }
        _ => Ok(()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_five_minutes_and_spread() {
        let pauses: Vec<Duration> = (0..200).map(|_| pause(4)).collect();
        assert!(pauses.iter().all(|pause| *pause < Duration::from_secs(8)));
        assert!(pauses.iter().any(|pause| *pause < Duration::from_secs(2)), "full jitter begins at nothing");
        assert!(pauses.iter().any(|pause| *pause > Duration::from_secs(6)));
        assert!((0..200).all(|_| pause(u32::MAX) < LONGEST_PAUSE));
    }
}
