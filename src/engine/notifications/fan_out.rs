//! Who is to be told what: reads the feed from a durable cursor, and notes for each target the events that it takes.

use crate::domain::event::Event;
use crate::domain::notification::vault_of;
use crate::engine::Engine;
use crate::engine::error::Result;
use crate::engine::events;
use crate::engine::events::rows::Whose;
use crate::engine::notifications::lane;
use crate::engine::notifications::rows::{self, Delivery, Since};
use crate::engine::notifications::target::{Takes, Target};
use crate::repository::crash_point;
use std::collections::BTreeMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

/// How many events are looked at together.
const PAGE: usize = 500;
/// How many events are read that nobody is told of before that is written down: as many are read again at most.
const UNWRITTEN: u64 = 1000;
/// The longest that nobody looks.
const LOOK: Duration = Duration::from_secs(1);
/// How long nobody looks after a failure.
const AFTER_FAILURE: Duration = Duration::from_secs(5);

/// A target, and from which position on it is told.
struct Told {
    name: String,
    takes: Takes,
    since: u64,
}

impl Engine {
    /// From now on the targets are told, each by a thread of its own: those that were known before also of what waits for them
    /// and of what happened while there were no deliveries, new ones from now on. Called once, by whoever opened the engine.
    pub fn start_deliveries(self: &Arc<Self>, targets: Vec<Target>) -> Result<()> {
        let topics = targets.iter().any(|target| target.takes == Takes::Topics);
        self.deliveries.begin(targets.iter().map(|target| target.name.clone()).collect(), topics);
        if targets.is_empty() || !self.data_dir.is_writable() {
            return Ok(());
        }
        let told = self.catalog.write(|tx| {
            let last = events::rows::bounds(tx)?.map_or(0, |(_, last)| last);
            if rows::noted(tx)?.is_none() {
                rows::set_noted(tx, last)?;
            }
            let told = |target: &Target| {
                let since = rows::know_target(tx, &target.name, last)?;
                Ok(Told { name: target.name.clone(), takes: target.takes.clone(), since })
            };
            targets.iter().map(told).collect::<Result<Vec<Told>>>()
        })?;
        for target in targets {
            lane::start(self, target)?;
        }
        let weak = Arc::downgrade(self);
        lane::thread("notifications", move || run(&weak, &told))
    }
}

/// Notes deliveries as long as the engine lives.
fn run(engine: &Weak<Engine>, told: &[Told]) {
    let mut read = 0;
    loop {
        let Some(engine) = engine.upgrade() else { return };
        if engine.jobs.is_stopping() {
            return;
        }
        let seen = engine.catalog.commits().count();
        match note(&engine, told, &mut read) {
            Ok(true) => {}
            Ok(false) => engine.catalog.commits().wait_for_more(seen, LOOK),
            Err(error) => {
                tracing::warn!(%error, "what is to be delivered could not be noted");
                engine.catalog.commits().wait_for_more(u64::MAX, AFTER_FAILURE);
            }
        }
    }
}

/// Notes one page's deliveries, and with that how far the feed was read; `read` is what this process has read beyond. Whether
/// there was anything to read.
fn note(engine: &Engine, told: &[Told], read: &mut u64) -> Result<bool> {
    let (events, vaults, noted) = engine.catalog.read(|connection| {
        let noted = rows::noted(connection)?.unwrap_or(0);
        let Some((oldest, last)) = events::rows::bounds(connection)? else {
            return Ok((Vec::new(), BTreeMap::new(), noted));
        };
        // A catalog that was put back from a copy has fewer events than were read once.
        let after = noted.max(*read).min(last).max(oldest - 1);
        let events = events::rows::read(connection, &Whose::default(), after, last, PAGE)?;
        // Nobody is told of nothing: what vaults notify of is not read then.
        let vaults = if events.is_empty() { BTreeMap::new() } else { rows::all(connection)? };
        Ok((events, vaults, noted))
    })?;
    let Some(last) = events.last().map(|event| event.position) else { return Ok(false) };
    let deliveries: Vec<Delivery> =
        events.iter().flat_map(|event| told.iter().filter_map(|told| told.delivery(event, &vaults))).collect();
    if !deliveries.is_empty() || last >= noted + UNWRITTEN {
        crash_point::reached("before-notes");
        engine.catalog.write(|tx| {
            rows::queue(tx, &deliveries)?;
            rows::set_noted(tx, last)
        })?;
    }
    *read = last;
    Ok(true)
}

impl Told {
    /// What this target is to be told of an event, if anything.
    fn delivery(&self, event: &Event, vaults: &BTreeMap<String, Since>) -> Option<Delivery> {
        let queue = match &self.takes {
            Takes::Events(pattern) => pattern.takes(event).then(String::new)?,
            Takes::Topics => {
                let vault = vault_of(event)?;
                let (notifications, since) = vaults.get(vault)?;
                (event.position > *since && notifications.take(event)).then(|| vault.to_owned())?
            }
        };
        let new = event.position > self.since;
        new.then(|| Delivery { target: self.name.clone(), queue, position: event.position })
    }
}
