//! Whether the wall clock can be believed.
//!
//! A wall clock is set by people, by NTP, by a battery that ran out, by a virtual machine that was asleep. The boot clock
//! is set by nobody, but it tells only how much time went by, and nothing of the time in which the machine was off. Held
//! against each other, and against the last time that was remembered, they show a jump. What such a jump would have the
//! engine do cannot be undone, so the new time counts only when a person confirms it, or when it has gone on evenly for an
//! hour: a wrong clock is mostly set right before that.

use crate::domain::Time;
use chrono::Duration;

/// How far the two clocks may part within an hour: NTP slews a clock by less, and what lives for days does not mind.
const TOLERANCE: Duration = Duration::minutes(5);
/// How long a machine may be off before the time at its start is doubted.
const LONGEST_ABSENCE: Duration = Duration::days(1);
/// How long a new time must go on evenly before it counts by itself.
pub const PROBATION: Duration = Duration::hours(1);

/// What both clocks show at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// The wall clock.
    pub wall: Time,
    /// The boot clock.
    pub boot: Duration,
}

impl Moment {
    /// What the wall clock will show when the boot clock shows `boot`, if nobody sets it.
    fn expected(&self, boot: Duration) -> Time {
        self.wall.checked_add_signed(boot - self.boot).unwrap_or(self.wall)
    }

    /// Whether the clocks went on evenly from here to `now`.
    fn leads_to(&self, now: Moment) -> bool {
        (now.wall - self.expected(now.boot)).abs() <= TOLERANCE
    }
}

/// What became of the trust in the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// The clock shows a time that nothing confirms.
    Doubted {
        /// What it should show, as far as that is known.
        expected: Time,
        /// What it shows.
        shown: Time,
    },
    /// It shows the right time again.
    Righted,
    /// The time that it shows counts from now on.
    Adopted {
        /// The time that counted until now.
        from: Time,
        /// The time that counts now.
        to: Time,
        /// Whether a person said so; otherwise it went on evenly for long enough.
        by_person: bool,
    },
}

/// What is known of a clock.
#[derive(Debug, Clone)]
pub struct Trust {
    /// When the clock was last believed, in this start of the machine.
    anchor: Option<Moment>,
    /// The last time that was believed, also in earlier starts.
    seen: Time,
    /// Since when a time is shown that nothing confirms.
    doubted: Option<Moment>,
}

impl Trust {
    /// With what was remembered: the last time that was believed, and when that was in this start of the machine.
    pub fn new(seen: Time, anchor: Option<Moment>) -> Self {
        Self { anchor, seen, doubted: None }
    }

    /// The time that counts now, and what changed.
    pub fn observe(&mut self, now: Moment) -> (Time, Option<Change>) {
        if self.is_plausible(now) {
            let change = self.doubted.take().map(|_| Change::Righted);
            self.believe(now);
            return (now.wall, change);
        }
        let Some(since) = self.doubted.filter(|since| since.leads_to(now)) else {
            let expected = self.expected(now);
            let first = self.doubted.replace(now).is_none();
            return (self.counting(now), first.then_some(Change::Doubted { expected, shown: now.wall }));
        };
        if now.boot - since.boot >= PROBATION {
            let change = self.adopt(now, false);
            return (now.wall, Some(change));
        }
        (self.counting(now), None)
    }

    /// A person says that the clock is right.
    pub fn confirm(&mut self, now: Moment) -> Option<Change> {
        self.observe(now);
        self.doubted.is_some().then(|| self.adopt(now, true))
    }

    /// Since when the time that the clock shows is doubted; none when it is believed.
    pub fn doubted_since(&self) -> Option<Moment> {
        self.doubted
    }

    /// What the clock should show.
    pub fn expected(&self, now: Moment) -> Time {
        self.anchor.map_or(self.seen, |anchor| anchor.expected(now.boot))
    }

    /// When the clock was last believed, and the last time that was.
    pub fn remembered(&self) -> (Time, Option<Moment>) {
        (self.seen, self.anchor)
    }

    /// What counts while the clock is doubted: the time by the boot clock. Where the machine was off in between that is
    /// not known, and what the clock shows has to do.
    fn counting(&self, now: Moment) -> Time {
        self.anchor.map_or(now.wall, |anchor| anchor.expected(now.boot))
    }

    fn is_plausible(&self, now: Moment) -> bool {
        match self.anchor {
            Some(anchor) => anchor.leads_to(now),
            None => now.wall >= self.seen - TOLERANCE && now.wall - self.seen <= LONGEST_ABSENCE,
        }
    }

    /// The anchor moves once an hour only: a clock that is set by a few minutes again and again is noticed.
    fn believe(&mut self, now: Moment) {
        if self.anchor.is_none_or(|anchor| now.boot - anchor.boot >= PROBATION) {
            self.anchor = Some(now);
        }
        self.seen = now.wall;
    }

    fn adopt(&mut self, now: Moment, by_person: bool) -> Change {
        let from = self.expected(now);
        (self.anchor, self.seen, self.doubted) = (Some(now), now.wall, None);
        Change::Adopted { from, to: now.wall, by_person }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start() -> Time {
        "2026-11-23T05:00:00Z".parse().unwrap()
    }

    /// What is shown `minutes` after the start, when the wall clock is set `off` minutes wrong.
    fn at(minutes: i64, off: i64) -> Moment {
        let boot = Duration::minutes(minutes);
        Moment { wall: start() + boot + Duration::minutes(off), boot }
    }

    fn running() -> Trust {
        Trust::new(start(), Some(at(0, 0)))
    }

    const YEAR: i64 = 365 * 24 * 60;

    #[test]
    fn time_that_both_clocks_show_counts() {
        let mut trust = running();
        for minute in [1, 60, 61, 10_000, YEAR] {
            assert_eq!(trust.observe(at(minute, 0)), (at(minute, 0).wall, None));
        }
    }

    #[test]
    fn a_jump_is_doubted_once_and_the_time_by_the_boot_clock_counts() {
        for off in [YEAR, -YEAR, 6, -6] {
            let mut trust = running();
            let (time, change) = trust.observe(at(1, off));
            assert_eq!(time, at(1, 0).wall);
            assert_eq!(change, Some(Change::Doubted { expected: at(1, 0).wall, shown: at(1, off).wall }));
            assert_eq!(trust.observe(at(2, off)), (at(2, 0).wall, None), "told once");
            assert!(trust.doubted_since().is_some());
        }
    }

    #[test]
    fn a_clock_that_is_right_again_counts_at_once() {
        let mut trust = running();
        trust.observe(at(1, YEAR));
        assert_eq!(trust.observe(at(2, 0)), (at(2, 0).wall, Some(Change::Righted)));
        assert_eq!(trust.doubted_since(), None);
        assert_eq!(trust.remembered().0, at(2, 0).wall, "the wrong time is not remembered");
    }

    #[test]
    fn a_new_time_counts_after_an_hour_and_never_earlier() {
        let mut trust = running();
        trust.observe(at(1, YEAR));
        assert_eq!(trust.observe(at(60, YEAR)), (at(60, 0).wall, None));
        let (time, change) = trust.observe(at(61, YEAR));
        assert_eq!(time, at(61, YEAR).wall);
        assert_eq!(change, Some(Change::Adopted { from: at(61, 0).wall, to: time, by_person: false }));
        assert_eq!(trust.observe(at(62, YEAR)), (at(62, YEAR).wall, None));
    }

    #[test]
    fn a_clock_that_jumps_about_begins_its_hour_anew() {
        let mut trust = running();
        for minute in (1..400).step_by(50) {
            let (time, _) = trust.observe(at(minute, minute * 100));
            assert_eq!(time, at(minute, 0).wall, "{minute}");
        }
    }

    #[test]
    fn a_person_confirms_at_once() {
        let mut trust = running();
        trust.observe(at(1, -YEAR));
        let adopted = trust.confirm(at(2, -YEAR));
        assert_eq!(adopted, Some(Change::Adopted { from: at(2, 0).wall, to: at(2, -YEAR).wall, by_person: true }));
        assert_eq!(trust.observe(at(3, -YEAR)), (at(3, -YEAR).wall, None));
        assert_eq!(trust.confirm(at(4, -YEAR)), None, "there is nothing to confirm");
    }

    #[test]
    fn a_clock_that_is_slewed_counts_and_one_that_is_set_in_small_steps_does_not() {
        let mut slewed = running();
        for hour in 0..24 * 30 {
            // Half a minute an hour is a hundred times what NTP does.
            assert_eq!(slewed.observe(at(hour * 60, hour / 2)).1, None, "{hour}");
        }
        let mut stepped = running();
        stepped.observe(at(1, 4));
        assert!(matches!(stepped.observe(at(2, 8)).1, Some(Change::Doubted { .. })));
    }

    #[test]
    fn a_machine_that_was_off_is_believed_for_a_day_and_doubted_for_a_year() {
        let seen = start() - Duration::hours(20);
        assert_eq!(Trust::new(seen, None).observe(at(1, 0)), (at(1, 0).wall, None));
        let mut trust = Trust::new(start() - Duration::days(365), None);
        let (time, change) = trust.observe(at(1, 0));
        assert_eq!(time, at(1, 0).wall, "nothing else is known");
        assert!(matches!(change, Some(Change::Doubted { .. })));
        assert!(matches!(trust.observe(at(61, 0)).1, Some(Change::Adopted { by_person: false, .. })));
    }

    #[test]
    fn a_clock_that_starts_wrong_and_is_set_right_soon_counts_at_once() {
        let mut trust = Trust::new(start() - Duration::minutes(3), None);
        trust.observe(at(0, -YEAR));
        assert_eq!(trust.observe(at(1, 0)), (at(1, 0).wall, Some(Change::Righted)));
    }
}
