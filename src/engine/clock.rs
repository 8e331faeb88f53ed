//! The engine's one clock (design §11, Time): the system's, or a simulated one.
//!
//! Engine time is in API bodies, schedules, lifecycles and snapshots. A data directory remembers which kind of clock it
//! lives by, and the highest time that it has seen: nothing expires while the clock stands before that.

use crate::domain::Time;
use crate::engine::catalog::{Catalog, state};
use crate::engine::error::{Error, Result};
use chrono::{DateTime, SubsecRound as _, Utc};
use rusqlite::Connection;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};

/// Which clock an engine lives by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClockKind {
    /// The machine's.
    System,
    /// One that only moves when it is told to.
    Simulated,
}

impl ClockKind {
    /// The name that the data directory and the status show.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Simulated => "simulated",
        }
    }
}

/// A source of time.
trait TimeSource: Send + Sync {
    /// The time now, in whole milliseconds as the API and the catalog keep it.
    fn now(&self) -> Time;
    /// Moves to `to`; only a simulated source can.
    fn set(&self, to: Time) -> Result<()>;
}

struct SystemSource;

struct SimulatedSource(Mutex<Time>);

impl TimeSource for SystemSource {
    fn now(&self) -> Time {
        Utc::now().trunc_subsecs(3)
    }

    fn set(&self, _to: Time) -> Result<()> {
        Err(Error::invalid_request("the engine's clock is the system's: it cannot be moved"))
    }
}

impl TimeSource for SimulatedSource {
    fn now(&self) -> Time {
        *self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn set(&self, to: Time) -> Result<()> {
        let mut now = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if to < *now {
            return Err(Error::invalid_request(format!(
                "the simulated clock stands at {} and does not go back to {}",
                now.to_rfc3339(),
                to.to_rfc3339()
            )));
        }
        *now = to.trunc_subsecs(3);
        Ok(())
    }
}

/// The clock of an engine.
pub struct EngineClock {
    kind: ClockKind,
    source: Box<dyn TimeSource>,
    /// The highest time that is in the catalog, in milliseconds.
    seen: AtomicI64,
}

const KIND: &str = "clock-kind";
const SEEN: &str = "clock-seen";

/// How far the clock may run ahead of what the catalog remembers of it.
const UNSAVED_MILLISECONDS: i64 = 60_000;

impl EngineClock {
    /// The clock of a data directory. A fresh directory takes `kind` and, if simulated, starts at the real now; any other
    /// must be opened by the kind that it was made with.
    pub fn open(catalog: &Catalog, kind: ClockKind) -> Result<Self> {
        Self::open_from(catalog, kind, None)
    }

    /// The same, but that the simulated time of a fresh directory begins at `start`.
    pub fn open_from(catalog: &Catalog, kind: ClockKind, start: Option<Time>) -> Result<Self> {
        let start = start.filter(|_| kind == ClockKind::Simulated);
        let real = start.unwrap_or_else(Utc::now).trunc_subsecs(3);
        let (kept, seen) = catalog.write(|tx| {
            let (kept, seen) = remembered(tx)?;
            let seen = seen.unwrap_or(real);
            if kept.is_none() {
                state::set(tx, KIND, kind.as_str())?;
                state::set(tx, SEEN, &seen.max(real).timestamp_millis().to_string())?;
                return Ok((kind, seen.max(real)));
            }
            Ok((kept.unwrap_or(kind), seen))
        })?;
        if kept != kind {
            return Err(Error::DataDir(format!(
                "this data directory lives by a {} clock and cannot be opened with the {} one",
                kept.as_str(),
                kind.as_str()
            )));
        }
        Ok(Self::new(kind, seen))
    }

    /// The clock for a command that only looks or registers: that of the directory, whatever its kind. A simulated one
    /// stands still, and a fresh directory is not bound to any kind yet.
    pub fn glance(catalog: &Catalog) -> Result<Self> {
        let (kept, seen) = catalog.read(remembered)?;
        let seen = seen.unwrap_or_else(|| Utc::now().trunc_subsecs(3));
        Ok(Self::new(kept.unwrap_or(ClockKind::System), seen))
    }

    fn new(kind: ClockKind, seen: Time) -> Self {
        let source: Box<dyn TimeSource> = match kind {
            ClockKind::System => Box::new(SystemSource),
            ClockKind::Simulated => Box::new(SimulatedSource(Mutex::new(seen))),
        };
        Self { kind, source, seen: AtomicI64::new(seen.timestamp_millis()) }
    }

    /// Engine time.
    pub fn now(&self) -> Time {
        self.source.now()
    }

    /// The highest time that the directory has shown, as far as it was kept.
    pub fn last_seen(&self) -> Time {
        DateTime::from_timestamp_millis(self.seen.load(Ordering::Acquire)).unwrap_or_else(|| self.now())
    }

    /// Which clock it is.
    pub fn kind(&self) -> ClockKind {
        self.kind
    }

    /// Whether the clock stands before a time that it has shown already: somebody set it back, and nothing may expire.
    pub fn was_set_back(&self) -> bool {
        self.now().timestamp_millis() < self.seen.load(Ordering::Acquire)
    }

    /// Moves a simulated clock forward.
    pub(crate) fn set(&self, to: Time) -> Result<()> {
        self.source.set(to)
    }

    /// Lets the catalog remember the time in a transaction that has other reasons to be.
    pub(crate) fn save_in(&self, connection: &Connection) -> Result<()> {
        let seen = self.seen.load(Ordering::Acquire).max(self.now().timestamp_millis());
        state::set(connection, SEEN, &seen.to_string())
    }

    /// Lets the catalog remember the time, if it moved enough since it last did, or in any case when `now_or_never`.
    pub(crate) fn save(&self, catalog: &Catalog, now_or_never: bool) -> Result<()> {
        let now = self.now().timestamp_millis();
        let seen = self.seen.load(Ordering::Acquire);
        if now <= seen || (!now_or_never && now - seen < UNSAVED_MILLISECONDS) {
            return Ok(());
        }
        catalog.write(|tx| state::set(tx, SEEN, &now.to_string()))?;
        self.seen.fetch_max(now, Ordering::AcqRel);
        Ok(())
    }
}

/// Lets a directory live by a kind of clock from its next start on.
pub(crate) fn bind(connection: &Connection, kind: ClockKind) -> Result<()> {
    state::set(connection, KIND, kind.as_str())
}

/// The kind of a directory's clock and the highest time that it has shown.
fn remembered(connection: &Connection) -> Result<(Option<ClockKind>, Option<Time>)> {
    let kind = match state::get(connection, KIND)?.as_deref() {
        None => None,
        Some("simulated") => Some(ClockKind::Simulated),
        Some(_) => Some(ClockKind::System),
    };
    let seen = state::get(connection, SEEN)?.and_then(|text| text.parse().ok());
    Ok((kind, seen.and_then(DateTime::from_timestamp_millis)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn catalog() -> (tempfile::TempDir, Catalog) {
        let folder = tempfile::tempdir().unwrap();
        let catalog = Catalog::open(&folder.path().join("catalog.sqlite")).unwrap();
        (folder, catalog)
    }

    #[test]
    fn a_simulated_clock_starts_at_the_real_now_stands_still_and_never_goes_back() {
        let (_folder, catalog) = catalog();
        let before = Utc::now().trunc_subsecs(3);
        let clock = EngineClock::open(&catalog, ClockKind::Simulated).unwrap();
        let start = clock.now();
        assert!(start >= before && start <= Utc::now());
        clock.set(start + chrono::Duration::days(400)).unwrap();
        assert_eq!(clock.now(), start + chrono::Duration::days(400));
        let refused = clock.set(start).unwrap_err();
        assert!(refused.to_string().contains("does not go back"), "{refused}");
    }

    #[test]
    fn a_simulated_clock_is_remembered() {
        let (_folder, catalog) = catalog();
        let clock = EngineClock::open(&catalog, ClockKind::Simulated).unwrap();
        let later = clock.now() + chrono::Duration::days(3);
        clock.set(later).unwrap();
        clock.save(&catalog, true).unwrap();
        assert_eq!(EngineClock::open(&catalog, ClockKind::Simulated).unwrap().now(), later);
    }

    #[test]
    fn a_directory_remembers_its_kind_and_a_glance_binds_it_to_none() {
        let (_folder, catalog) = catalog();
        assert_eq!(EngineClock::glance(&catalog).unwrap().kind(), ClockKind::System);
        EngineClock::open(&catalog, ClockKind::Simulated).unwrap();
        assert!(EngineClock::open(&catalog, ClockKind::System).is_err());
        assert_eq!(EngineClock::glance(&catalog).unwrap().kind(), ClockKind::Simulated);
    }

    #[test]
    fn a_clock_that_was_set_back_is_noticed() {
        let (_folder, catalog) = catalog();
        let ahead = (Utc::now() + chrono::Duration::hours(1)).timestamp_millis().to_string();
        EngineClock::open(&catalog, ClockKind::System).unwrap();
        catalog.write(|tx| state::set(tx, SEEN, &ahead)).unwrap();
        assert!(EngineClock::open(&catalog, ClockKind::System).unwrap().was_set_back());
    }
}
