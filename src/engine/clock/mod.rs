//! The engine's one clock: the system's, or a simulated one.
//!
//! Engine time is in API bodies, schedules, lifecycles and snapshots. A data directory remembers which kind of clock it
//! lives by, and the last time that it believed. The system's wall clock is believed as far as [`trust`] says; while it is
//! doubted, engine time goes on by the boot clock, and nothing is done that cannot be undone.

mod jumps;
mod rows;
mod sources;
pub mod trust;

pub(crate) use jumps::Jumps;
pub use sources::{Clocks, MachineClocks};

use crate::domain::Time;
use crate::engine::catalog::{Catalog, Connection, state};
use crate::engine::error::{Error, Result};
use chrono::{DateTime, Duration, SubsecRound as _};
use parking_lot::{Mutex, MutexGuard};
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use trust::{Change, Moment, Trust};

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

/// Where an engine's time comes from.
enum Source {
    System(Mutex<System>),
    Simulated(Mutex<Time>),
}

/// The system's clock, as far as it is believed.
struct System {
    trust: Trust,
    /// What changed and nobody has dealt with yet.
    changes: VecDeque<Change>,
}

/// What the clock shows and should show, while it is doubted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Doubt {
    /// What the system's clock shows.
    pub shown: Time,
    /// What it should show, by the boot clock or the last time that was believed.
    pub expected: Time,
    /// When the shown time will count by itself, if it goes on evenly.
    pub until: Time,
}

/// The clock of an engine.
pub struct EngineClock {
    source: Source,
    clocks: Arc<dyn Clocks>,
    /// The last believed time that is in the catalog, in milliseconds.
    saved: AtomicI64,
}

const KIND: &str = "clock-kind";
const SEEN: &str = "clock-seen";
/// When the wall clock was believed, by the boot clock of which start: so that a restart of the engine doubts no less.
const ANCHOR: &str = "clock-anchor";

/// How far the clock may run ahead of what the catalog remembers of it.
const UNSAVED_MILLISECONDS: i64 = 60_000;

impl EngineClock {
    /// The clock of a data directory. A fresh directory takes `kind` and, if simulated, starts at the real now or at
    /// `start`; any other must be opened by the kind that it was made with.
    pub fn open(catalog: &Catalog, clocks: Arc<dyn Clocks>, kind: ClockKind, start: Option<Time>) -> Result<Self> {
        let start = start.filter(|_| kind == ClockKind::Simulated);
        let real = start.unwrap_or_else(|| clocks.wall()).trunc_subsecs(3);
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
        refuse_other_kind(kept, kind)?;
        let anchor =
            catalog.read(|connection| Ok(anchor(state::get(connection, ANCHOR)?.as_deref(), clocks.as_ref())))?;
        Ok(Self::new(kind, clocks, seen, anchor))
    }

    /// The clock for a command that only looks or registers: that of the directory, whatever its kind. A simulated one
    /// stands still, and a fresh directory is not bound to any kind yet.
    pub fn glance(catalog: &Catalog, clocks: Arc<dyn Clocks>) -> Result<Self> {
        let ((kept, seen), anchor) = catalog.read(|connection| {
            Ok((remembered(connection)?, anchor(state::get(connection, ANCHOR)?.as_deref(), clocks.as_ref())))
        })?;
        let seen = seen.unwrap_or_else(|| clocks.wall());
        Ok(Self::new(kept.unwrap_or(ClockKind::System), clocks, seen, anchor))
    }

    /// The same for an engine that serves a directory which it cannot write: the kind must be the directory's.
    pub fn glance_as(catalog: &Catalog, clocks: Arc<dyn Clocks>, kind: ClockKind) -> Result<Self> {
        let clock = Self::glance(catalog, clocks)?;
        refuse_other_kind(clock.kind(), kind)?;
        Ok(clock)
    }

    fn new(kind: ClockKind, clocks: Arc<dyn Clocks>, seen: Time, anchor: Option<Moment>) -> Self {
        let source = match kind {
            ClockKind::System => {
                Source::System(Mutex::new(System { trust: Trust::new(seen, anchor), changes: VecDeque::new() }))
            }
            ClockKind::Simulated => Source::Simulated(Mutex::new(seen)),
        };
        Self { source, clocks, saved: AtomicI64::new(seen.timestamp_millis()) }
    }

    /// Engine time, in whole milliseconds as the API and the catalog keep it.
    pub fn now(&self) -> Time {
        match &self.source {
            Source::Simulated(now) => *lock(now),
            Source::System(system) => {
                let mut system = lock(system);
                let (time, change) = system.trust.observe(self.moment());
                system.changes.extend(change);
                time.trunc_subsecs(3)
            }
        }
    }

    /// The last time that the directory has believed, as far as it was kept.
    pub fn last_seen(&self) -> Time {
        DateTime::from_timestamp_millis(self.saved.load(Ordering::Acquire)).unwrap_or_else(|| self.now())
    }

    /// Which clock it is.
    pub fn kind(&self) -> ClockKind {
        match self.source {
            Source::System(_) => ClockKind::System,
            Source::Simulated(_) => ClockKind::Simulated,
        }
    }

    /// How long the process has been awake, from any beginning: for what is no matter of engine time.
    pub fn awake(&self) -> std::time::Duration {
        self.clocks.awake()
    }

    /// What is wrong with the clock: while this is something, nothing may expire, be purged or be collected, and no run of
    /// a plan counts as missed.
    pub fn doubt(&self) -> Option<Doubt> {
        let Source::System(system) = &self.source else { return None };
        let mut system = lock(system);
        let now = self.moment();
        let (_, change) = system.trust.observe(now);
        system.changes.extend(change);
        let since = system.trust.doubted_since()?;
        Some(Doubt {
            shown: now.wall,
            expected: system.trust.expected(now).trunc_subsecs(3),
            until: since.wall + trust::PROBATION,
        })
    }

    /// A person says that the system's clock is right. Whether it was doubted.
    pub fn confirm(&self) -> bool {
        let Source::System(system) = &self.source else { return false };
        let mut system = lock(system);
        let change = system.trust.confirm(self.moment());
        system.changes.extend(change);
        change.is_some()
    }

    /// Whether what the clock shows counts, and all that follows from it is noted: only then is done what cannot be
    /// undone.
    pub fn is_trusted(&self) -> bool {
        self.doubt().is_none() && self.next_change().is_none()
    }

    /// What became of the trust in the clock and nobody has dealt with yet, the oldest of it.
    pub(crate) fn next_change(&self) -> Option<Change> {
        match &self.source {
            Source::System(system) => lock(system).changes.front().copied(),
            Source::Simulated(_) => None,
        }
    }

    /// The oldest change was dealt with.
    pub(crate) fn change_is_settled(&self) {
        if let Source::System(system) = &self.source {
            lock(system).changes.pop_front();
        }
    }

    /// Moves a simulated clock forward.
    pub(crate) fn set(&self, to: Time) -> Result<()> {
        let Source::Simulated(now) = &self.source else {
            return Err(Error::invalid_request("the engine's clock is the system's: it cannot be moved"));
        };
        let mut now = lock(now);
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

    /// Lets the catalog remember the time in a transaction that has other reasons to be. A doubted time is not remembered.
    pub(crate) fn save_in(&self, connection: &Connection) -> Result<()> {
        let now = self.now();
        let (seen, anchor) = match &self.source {
            Source::Simulated(_) => (now, None),
            Source::System(system) => lock(system).trust.remembered(),
        };
        state::set(connection, SEEN, &seen.timestamp_millis().to_string())?;
        if let Some((anchor, start)) = anchor.and_then(|anchor| Some((anchor, self.clocks.boot_id()?))) {
            let text = format!("{start} {} {}", anchor.boot.num_milliseconds(), anchor.wall.timestamp_millis());
            state::set(connection, ANCHOR, &text)?;
        }
        Ok(())
    }

    /// Lets the catalog remember the time, if it moved enough since it last did, or in any case when `now_or_never`.
    pub(crate) fn save(&self, catalog: &Catalog, now_or_never: bool) -> Result<()> {
        let now = self.now().timestamp_millis();
        let saved = self.saved.load(Ordering::Acquire);
        if self.doubt().is_some() || now == saved || (!now_or_never && (now - saved).abs() < UNSAVED_MILLISECONDS) {
            return Ok(());
        }
        if now_or_never {
            catalog.write(|tx| self.save_in(tx))?;
        } else {
            // Whoever waits for changes need not hear of each minute.
            catalog.keep(|tx| self.save_in(tx))?;
        }
        self.saved.store(now, Ordering::Release);
        Ok(())
    }

    fn moment(&self) -> Moment {
        let boot = Duration::from_std(self.clocks.boot()).unwrap_or(Duration::MAX / 2);
        Moment { wall: self.clocks.wall(), boot }
    }
}

fn refuse_other_kind(kept: ClockKind, kind: ClockKind) -> Result<()> {
    if kept == kind {
        return Ok(());
    }
    Err(Error::DataDir(format!(
        "this data directory lives by a {} clock and cannot be opened with the {} one",
        kept.as_str(),
        kind.as_str()
    )))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock()
}

/// Lets a directory whose catalog was made anew remember a time that it had shown, in milliseconds since 1970.
pub(crate) fn remember_at_least(connection: &Connection, time: i64) -> Result<()> {
    let seen = remembered(connection)?.1.map_or(time, |seen| seen.timestamp_millis().max(time));
    state::set(connection, SEEN, &seen.to_string())
}

/// Lets a directory live by a kind of clock from its next start on.
pub(crate) fn bind(connection: &Connection, kind: ClockKind) -> Result<()> {
    state::set(connection, KIND, kind.as_str())
}

/// Another time counts from now on: what was noted for later by the old one is put right.
pub(crate) fn adopt(connection: &Connection, from: Time, to: Time, by_person: bool) -> Result<()> {
    let millis = to.timestamp_millis();
    rows::none_later_than(connection, millis)?;
    let jumps =
        if by_person { Jumps::default() } else { Jumps::of(connection)?.followed_by(from.timestamp_millis(), millis) };
    jumps.remember(connection)
}

/// The kind of a directory's clock and the last time that it believed.
fn remembered(connection: &Connection) -> Result<(Option<ClockKind>, Option<Time>)> {
    let kind = match state::get(connection, KIND)?.as_deref() {
        None => None,
        Some("simulated") => Some(ClockKind::Simulated),
        Some(_) => Some(ClockKind::System),
    };
    let seen = state::get(connection, SEEN)?.and_then(|text| text.parse().ok());
    Ok((kind, seen.and_then(DateTime::from_timestamp_millis)))
}

/// The last time that a directory believed; none in a fresh one.
pub(crate) fn last_believed(connection: &Connection) -> Result<Option<Time>> {
    Ok(remembered(connection)?.1)
}

/// When the wall clock was believed in this start of the machine, if it was.
fn anchor(text: Option<&str>, clocks: &dyn Clocks) -> Option<Moment> {
    let mut words = text?.split(' ');
    let (start, boot, wall) = (words.next()?, words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    let boot = Duration::milliseconds(boot);
    // A boot clock that has gone back is another one, whatever it is called: that of a container, say.
    let same = clocks.boot_id()? == start && Duration::from_std(clocks.boot()).is_ok_and(|now| now >= boot);
    Some(Moment { wall: DateTime::from_timestamp_millis(wall)?, boot }).filter(|_| same)
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::Utc;

    fn catalog() -> (tempfile::TempDir, Catalog) {
        let folder = tempfile::tempdir().unwrap();
        let catalog = Catalog::open(&folder.path().join("catalog.sqlite")).unwrap();
        (folder, catalog)
    }

    fn machine() -> Arc<dyn Clocks> {
        Arc::new(MachineClocks)
    }

    /// A machine of which a test says what its clocks show.
    struct Told {
        wall: Time,
        boot: u64,
        start: &'static str,
    }

    impl Clocks for Told {
        fn wall(&self) -> Time {
            self.wall
        }

        fn boot(&self) -> std::time::Duration {
            std::time::Duration::from_secs(self.boot)
        }

        fn boot_id(&self) -> Option<String> {
            Some(self.start.to_owned())
        }

        fn awake(&self) -> std::time::Duration {
            self.boot()
        }
    }

    fn told(wall: &str, boot: u64, start: &'static str) -> Arc<dyn Clocks> {
        Arc::new(Told { wall: wall.parse().unwrap(), boot, start })
    }

    #[test]
    fn a_simulated_clock_starts_at_the_real_now_stands_still_and_never_goes_back() {
        let (_folder, catalog) = catalog();
        let before = Utc::now().trunc_subsecs(3);
        let clock = EngineClock::open(&catalog, machine(), ClockKind::Simulated, None).unwrap();
        let start = clock.now();
        assert!(start >= before && start <= Utc::now());
        clock.set(start + Duration::days(400)).unwrap();
        assert_eq!(clock.now(), start + Duration::days(400));
        let refused = clock.set(start).unwrap_err();
        assert!(refused.to_string().contains("does not go back"), "{refused}");
    }

    #[test]
    fn a_simulated_clock_is_remembered_and_never_doubted() {
        let (_folder, catalog) = catalog();
        let clock = EngineClock::open(&catalog, machine(), ClockKind::Simulated, None).unwrap();
        let later = clock.now() + Duration::days(3000);
        clock.set(later).unwrap();
        assert_eq!(clock.doubt(), None);
        clock.save(&catalog, true).unwrap();
        assert_eq!(EngineClock::open(&catalog, machine(), ClockKind::Simulated, None).unwrap().now(), later);
    }

    #[test]
    fn a_directory_remembers_its_kind_and_a_glance_binds_it_to_none() {
        let (_folder, catalog) = catalog();
        assert_eq!(EngineClock::glance(&catalog, machine()).unwrap().kind(), ClockKind::System);
        EngineClock::open(&catalog, machine(), ClockKind::Simulated, None).unwrap();
        assert!(EngineClock::open(&catalog, machine(), ClockKind::System, None).is_err());
        assert_eq!(EngineClock::glance(&catalog, machine()).unwrap().kind(), ClockKind::Simulated);
    }

    #[test]
    fn a_restart_of_the_engine_doubts_no_less_and_a_restart_of_the_machine_knows_only_the_last_time() {
        let (_folder, catalog) = catalog();
        let open = |clocks| EngineClock::open(&catalog, clocks, ClockKind::System, None).unwrap();
        open(told("2026-11-23T05:00:00Z", 100, "first")).save(&catalog, true).unwrap();
        catalog.write(|tx| open_saved(tx)).unwrap();

        let doubted = open(told("2026-11-23T15:00:00Z", 160, "first"));
        assert_eq!(doubted.now(), "2026-11-23T05:01:00Z".parse::<Time>().unwrap(), "ten hours in a minute");
        assert!(doubted.doubt().is_some());
        doubted.save(&catalog, true).unwrap();

        let believed = open(told("2026-11-23T15:00:00Z", 60, "second"));
        assert_eq!(believed.now(), "2026-11-23T15:00:00Z".parse::<Time>().unwrap(), "it was off for ten hours");
        assert_eq!(believed.doubt(), None);

        let container = open(told("2026-11-23T15:00:00Z", 10, "first"));
        assert_eq!(container.doubt(), None, "a boot clock that has gone back is another one");

        let doubted = open(told("2027-11-23T15:00:00Z", 60, "second"));
        let doubt = doubted.doubt().unwrap();
        assert_eq!(doubt.shown, "2027-11-23T15:00:00Z".parse::<Time>().unwrap());
        assert_eq!(doubt.expected, "2026-11-23T05:00:00Z".parse::<Time>().unwrap(), "the last time that was believed");
        assert_eq!(doubt.until - doubt.shown, Duration::hours(1));
    }

    /// The time of the first start, whether or not it moved since.
    fn open_saved(tx: &Connection) -> Result<()> {
        EngineClock::new(
            ClockKind::System,
            told("2026-11-23T05:00:00Z", 100, "first"),
            "2026-11-23T05:00:00Z".parse().unwrap(),
            None,
        )
        .save_in(tx)
    }

    #[test]
    fn a_doubted_time_is_not_remembered_also_not_by_a_commit() {
        let (_folder, catalog) = catalog();
        catalog.write(|tx| open_saved(tx)).unwrap();
        catalog.write(|tx| bind(tx, ClockKind::System)).unwrap();
        let wrong = EngineClock::open(&catalog, told("2036-01-01T00:00:00Z", 160, "first"), ClockKind::System, None);
        let wrong = wrong.unwrap();
        catalog.write(|tx| wrong.save_in(tx)).unwrap();
        wrong.save(&catalog, true).unwrap();
        let (_, seen) = catalog.read(remembered).unwrap();
        assert_eq!(seen, Some("2026-11-23T05:00:00Z".parse().unwrap()));
    }

    #[test]
    fn a_confirmed_time_counts_and_is_remembered_even_when_it_lies_back() {
        let (_folder, catalog) = catalog();
        catalog.write(|tx| open_saved(tx)).unwrap();
        catalog.write(|tx| bind(tx, ClockKind::System)).unwrap();
        let back: Time = "2025-11-23T05:00:00Z".parse().unwrap();
        let clock = EngineClock::open(&catalog, told("2025-11-23T05:00:00Z", 160, "first"), ClockKind::System, None);
        let clock = clock.unwrap();
        assert_eq!(clock.now(), "2026-11-23T05:01:00Z".parse::<Time>().unwrap());
        assert!(clock.confirm());
        assert_eq!((clock.now(), clock.doubt()), (back, None));
        assert!(!clock.confirm(), "once is enough");
        let before = catalog.commits().count();
        clock.save(&catalog, false).unwrap();
        assert_eq!(catalog.read(remembered).unwrap().1, Some(back));
        assert_eq!(catalog.commits().count(), before, "time that goes by is no change");
    }
}
