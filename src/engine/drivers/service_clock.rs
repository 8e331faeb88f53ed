//! Whether a service's clock goes as time does while its log is followed.
//!
//! The moments of a continuous recovery point are of the service's clock. Were one of the far future stored, all that comes until
//! then would be taken for older than that, and no moment could be told from another: so a clock is judged at each look, before
//! anything of that is stored. It is compared with this machine's, whatever time the engine takes it to be.

use crate::domain::Time;
use crate::engine::drivers::{Broken, Fault};
use chrono::{DateTime, Duration};
use std::time::{Instant, SystemTime};

/// How much more than the time that passed a clock may go on from one look to the next, and how much it may be set back.
const SLACK: Duration = Duration::seconds(60);

/// How far a clock may be ahead of this machine's.
const AHEAD: Duration = Duration::hours(1);

/// The clock of a service that is followed.
pub(super) struct ServiceClock {
    /// What tells the service, as "the server at db:3306".
    of: String,
    /// The latest time that it told.
    newest: Option<Time>,
    last: Option<Told>,
}

/// What it told at a look, and when that was here.
#[derive(Debug, Clone, Copy)]
struct Told {
    time: Time,
    /// What nobody sets, but which may rest while a machine sleeps.
    steady: Instant,
    machine: Time,
}

impl ServiceClock {
    /// That of a service, which told this time when it was followed before.
    pub(super) fn new(of: String, newest: Option<Time>) -> Self {
        Self { of, newest, last: None }
    }

    /// The latest time that it told.
    pub(super) fn newest(&self) -> Option<Time> {
        self.newest
    }

    /// Judges what it tells now.
    pub(super) fn look(&mut self, time: Time) -> Result<(), Broken> {
        self.judge(Told { time, steady: Instant::now(), machine: DateTime::from(SystemTime::now()) })
    }

    fn judge(&mut self, told: Told) -> Result<(), Broken> {
        let of = &self.of;
        if let Some(last) = &self.last {
            let steady = told.steady.saturating_duration_since(last.steady);
            // A machine that slept knows by its own clock how long that was.
            let passed = Duration::from_std(steady).unwrap_or(Duration::MAX).max(told.machine - last.machine);
            let jump = told.time - last.time - passed;
            if jump > SLACK {
                return Err(Broken::Gap(format!(
                    "the clock of {of} jumped ahead by {} seconds, to {}: moments before and behind that cannot be told apart",
                    jump.num_seconds(),
                    told.time
                )));
            }
        }
        if told.time - told.machine > AHEAD {
            return Err(Broken::For(Fault::Failed(format!(
                "The clock of {of} is {} seconds ahead of this machine's, which may be {} at most: set the one that is wrong",
                (told.time - told.machine).num_seconds(),
                AHEAD.num_seconds()
            ))));
        }
        if let Some(newest) = self.newest.filter(|newest| *newest - told.time > SLACK) {
            return Err(Broken::For(Fault::Failed(format!(
                "The clock of {of} was set back to {}, and what is stored of it goes up to {newest}: its log is followed again from \
                 then on",
                told.time
            ))));
        }
        self.newest = self.newest.max(Some(told.time));
        self.last = Some(told);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is told when so many seconds have passed: by a clock that is so many ahead, while this machine's is that many ahead.
    fn told(begin: Instant, passed: u64, ahead: i64, machine_ahead: i64) -> Told {
        let real = DateTime::from_timestamp(1_800_000_000 + passed as i64, 0).unwrap();
        Told {
            time: real + Duration::seconds(ahead),
            steady: begin + std::time::Duration::from_secs(passed),
            machine: real + Duration::seconds(machine_ahead),
        }
    }

    #[test]
    fn a_clock_that_jumps_ahead_is_a_gap_unless_this_machine_slept() {
        let begin = Instant::now();
        let clock = || {
            let mut clock = ServiceClock::new("the server".to_owned(), None);
            clock.judge(told(begin, 0, 5, 0)).unwrap();
            clock
        };
        // Late looks, small corrections, and a sleep of this machine, which only its own clock knows of.
        for fine in
            [told(begin, 15, 5, 0), told(begin, 9000, 5, 0), told(begin, 15, 40, 0), told(begin, 15, 9000, 9000)]
        {
            assert_eq!(clock().judge(fine), Ok(()), "{fine:?}");
        }
        for jumped in [told(begin, 15, 300, 0), told(begin, 15, 300_000_000, 0)] {
            let mut clock = clock();
            let Err(Broken::Gap(why)) = clock.judge(jumped) else { panic!("{jumped:?} is no gap") };
            assert!(why.contains("the clock of the server jumped ahead"), "{why}");
            // Nothing of it counts.
            assert_eq!(clock.newest(), Some(told(begin, 0, 5, 0).time));
            assert_eq!(clock.judge(told(begin, 30, 5, 0)), Ok(()));
        }
    }

    #[test]
    fn a_clock_that_is_far_ahead_or_was_set_back_is_trouble_for_as_long_as_that_lasts() {
        let begin = Instant::now();
        let mut clock = ServiceClock::new("the server".to_owned(), Some(told(begin, 0, 300, 0).time));
        for (strange, expected) in
            [(told(begin, 0, 4000, 0), "ahead of this machine's"), (told(begin, 0, 0, 0), "set back")]
        {
            let Err(Broken::For(fault)) = clock.judge(strange) else { panic!("{strange:?} is no trouble") };
            assert!(fault.to_string().contains(expected), "{fault}");
        }
        assert_eq!(clock.judge(told(begin, 300, 0, 0)), Ok(()));
    }
}
