//! Continuous recovery points: what they hold, and which moments they can be restored to.
//!
//! Such a point is a chain: bases, each the resource as it was at one moment, and the service's log from the oldest base on. A
//! restore takes the newest base that is not after the moment that is asked for, and lets the service run through the log.

use crate::domain::lifecycle::Lifecycle;
use crate::domain::{PointDetails, Time};
use chrono::{Duration, SecondsFormat};
use serde::{Deserialize, Serialize};

/// What the ends of the window are called among the details of a recovery point.
pub const EARLIEST: &str = "EarliestRestorableTime";
/// See [`EARLIEST`].
pub const LATEST: &str = "LatestRestorableTime";

/// What the moment that a snapshot of a continuous recovery point is of is called among its details.
pub const TAKEN: &str = "SnapshotTime";

/// How many days a continuous recovery point reaches back where its rule says nothing: the most that there are.
const LONGEST_DAYS: i64 = 35;

/// The resource as it was at one moment, with the log from there on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Base {
    /// The folder that it is in the snapshot, as a name in the root.
    pub folder: String,
    /// The first moment that it can be restored to.
    pub from: Time,
    /// The last change that the log in its folder has. That ends where the next base has it, and tells nothing for the newest
    /// base: its log goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub newest_change: Option<Time>,
    /// What the driver said of it; nothing of a base from before that was kept.
    #[serde(default, skip_serializing_if = "PointDetails::is_empty")]
    pub details: PointDetails,
}

impl Base {
    /// A base whose log goes on.
    pub fn new(folder: String, from: Time, details: PointDetails) -> Self {
        Self { folder, from, newest_change: None, details }
    }
}

/// All that is known of a continuous recovery point beyond what every recovery point has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Chain {
    /// The name under which the service keeps its log for it.
    pub hold: String,
    /// The oldest first; never empty.
    pub bases: Vec<Base>,
    /// The last moment that it can be restored to, in the service's own time.
    pub latest: Time,
    /// The last change that the log of the newest base has. A restore to a moment behind that runs to the end of the log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub newest_change: Option<Time>,
    /// Where the log goes on: the driver's own words.
    pub log: serde_json::Value,
    /// Why nothing follows the log any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped: Option<String>,
}

/// Where in the log a restore ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Moment {
    /// The moment that is restored to.
    pub at: Time,
    /// Whether the log has a change after it, before which the service has to stop.
    pub is_followed: bool,
}

impl Moment {
    /// What a snapshot of this moment says of itself.
    pub fn detail(&self) -> (String, String) {
        (TAKEN.to_owned(), exactly(self.at))
    }
}

/// Which moment a restore is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// This one.
    At(Time),
    /// The last that there is.
    Latest,
}

impl Chain {
    /// A chain of one base and no log. Not even its first moment can be restored to before the log has come up to there: what was
    /// committed between the end of the base and that moment lies in the log alone.
    pub fn begun(hold: String, base: Base, log: serde_json::Value) -> Self {
        let latest = base.from - Duration::seconds(1);
        Self { hold, latest, bases: vec![base], newest_change: None, log, stopped: None }
    }

    /// The first moment that it can be restored to.
    pub fn earliest(&self) -> Time {
        self.bases.first().map_or(self.latest, |base| base.from)
    }

    /// Whether not even its newest base can be restored yet: the log has not come up to there.
    pub fn awaits_log(&self) -> bool {
        self.bases.last().is_some_and(|base| self.latest < base.from)
    }

    /// The window of moments that it can be restored to, in whole seconds that can be asked for.
    pub fn window(&self) -> String {
        let earliest = self.earliest();
        let part = Duration::nanoseconds(i64::from(earliest.timestamp_subsec_nanos()));
        let up = if part.is_zero() { earliest } else { earliest - part + Duration::seconds(1) };
        format!("{} to {}", shown(up), shown(self.latest))
    }

    /// What it says of itself beside what the driver said.
    pub fn details(&self) -> [(String, String); 2] {
        [(EARLIEST, self.earliest()), (LATEST, self.latest)].map(|(name, time)| (name.to_owned(), exactly(time)))
    }

    /// The last change that is in the log before a moment, where what is noted tells it: behind it the log of that base has none.
    pub fn last_change_by(&self, at: Time) -> Option<Time> {
        let place = self.bases.iter().rposition(|base| base.from <= at)?;
        let newest =
            if place + 1 == self.bases.len() { self.newest_change } else { self.bases.get(place)?.newest_change };
        newest.filter(|newest| *newest <= at)
    }

    /// The base that a restore begins with, and where in the log it ends; with the rule that the moment breaks otherwise.
    pub fn restore_to(&self, wanted: Wanted) -> Result<(&Base, Moment), String> {
        let at = match wanted {
            Wanted::At(at) => at,
            Wanted::Latest => self.latest,
        };
        if self.latest < self.earliest() {
            let first = exactly(self.earliest());
            return Err(format!("has to wait: the log has not come up to the first moment yet, which is {first}"));
        }
        let place = self.bases.iter().rposition(|base| base.from <= at).filter(|_| at <= self.latest);
        let (place, base) = place.and_then(|place| Some((place, self.bases.get(place)?))).ok_or_else(|| {
            format!("must lie within what can be restored, which is {}; it is {}", self.window(), exactly(at))
        })?;
        let is_newest = place + 1 == self.bases.len();
        let newest_change = if is_newest { self.newest_change } else { base.newest_change };
        Ok((base, Moment { at, is_followed: newest_change.is_some_and(|newest| newest > at) }))
    }

    /// From now on the log goes on with this base, and ends for the one before.
    pub fn add(&mut self, base: Base) {
        if let Some(before) = self.bases.last_mut() {
            before.newest_change = self.newest_change;
        }
        self.bases.push(base);
    }

    /// The folders of the bases that nothing within these days needs: all that are followed by one from before.
    pub fn outlived(&self, days: i64, now: Time) -> Vec<String> {
        let oldest = now - Duration::days(days);
        let needed = self.bases.iter().rposition(|base| base.from <= oldest).unwrap_or(0);
        self.bases[..needed].iter().map(|base| base.folder.clone()).collect()
    }

    /// The name of the next base's folder.
    pub fn next_folder(&self, first: &str) -> String {
        let number = |folder: &str| folder.strip_prefix(first)?.strip_prefix('-')?.parse::<u64>().ok();
        let last = self.bases.iter().filter_map(|base| number(&base.folder)).max().unwrap_or(1);
        format!("{first}-{}", last + 1)
    }
}

/// How many days a continuous recovery point of this lifecycle reaches back.
pub fn days(lifecycle: Option<&Lifecycle>) -> i64 {
    lifecycle.and_then(Lifecycle::delete_days).unwrap_or(LONGEST_DAYS)
}

/// In whole seconds.
fn shown(time: Time) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

fn exactly(time: Time) -> String {
    time.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Time {
        chrono::DateTime::from_timestamp(second, 0).unwrap()
    }

    fn chain(bases: &[i64], latest: i64, newest_change: Option<i64>) -> Chain {
        let newest_change = newest_change.map(at);
        let base =
            |from: &i64| Base { newest_change, ..Base::new(format!("data-{from}"), at(*from), PointDetails::new()) };
        let log = serde_json::Value::Null;
        let bases = bases.iter().map(base).collect();
        Chain { hold: "h".to_owned(), bases, latest: at(latest), newest_change, log, stopped: None }
    }

    #[test]
    fn a_moment_is_restored_from_the_newest_base_before_it() {
        let chain = chain(&[100, 200], 300, Some(250));
        let to = |second| {
            let (base, moment) = chain.restore_to(Wanted::At(at(second))).unwrap();
            (base.folder.as_str(), moment.at.timestamp(), moment.is_followed)
        };
        assert_eq!(to(100), ("data-100", 100, true));
        assert_eq!(to(199), ("data-100", 199, true));
        assert_eq!(to(200), ("data-200", 200, true));
        assert_eq!(to(249), ("data-200", 249, true));
        // Behind the last change there is nothing to stop before.
        assert_eq!(to(250), ("data-200", 250, false));
        assert_eq!(to(300), ("data-200", 300, false));
        let latest = chain.restore_to(Wanted::Latest).unwrap().1;
        assert_eq!((latest.at, latest.is_followed), (at(300), false));
    }

    /// The log in the folder of a base ends where the next one has it, whatever changes later.
    #[test]
    fn a_change_that_only_the_log_of_a_later_base_has_is_nothing_to_stop_before() {
        let day = chain(&[100], 500, Some(200));
        let mut next = day.clone();
        next.add(Base::new("data-500".to_owned(), at(500), PointDetails::new()));
        next.latest = at(900);
        next.newest_change = Some(at(800));
        let to = |second| {
            let (base, moment) = next.restore_to(Wanted::At(at(second))).unwrap();
            (base.folder.as_str(), moment.is_followed)
        };
        assert_eq!(to(150), ("data-100", true));
        assert_eq!(to(300), ("data-100", false));
        assert_eq!(to(600), ("data-500", true));
        assert_eq!(to(850), ("data-500", false));
    }

    #[test]
    fn a_moment_outside_of_the_window_is_refused_with_the_window() {
        let chain = chain(&[100], 300, None);
        for second in [99, 301] {
            let rule = chain.restore_to(Wanted::At(at(second))).unwrap_err();
            assert!(rule.contains("1970-01-01T00:01:40Z to 1970-01-01T00:05:00Z"), "{rule}");
        }
    }

    #[test]
    fn a_base_that_is_nothing_without_its_log_is_not_restored_before_that_has_come() {
        let base = || Base::new("data".to_owned(), at(100), PointDetails::new());
        let mut chain = Chain::begun("h".to_owned(), base(), serde_json::Value::Null);
        for wanted in [Wanted::At(at(100)), Wanted::At(at(99)), Wanted::Latest] {
            let rule = chain.restore_to(wanted).unwrap_err();
            assert!(rule.contains("has to wait") && rule.contains("1970-01-01T00:01:40Z"), "{rule}");
        }
        chain.latest = at(100);
        assert!(chain.restore_to(Wanted::Latest).is_ok());
    }

    #[test]
    fn the_base_that_the_oldest_second_needs_stays() {
        let day = 86_400;
        let chain = chain(&[0, day, 2 * day, 3 * day], 4 * day, None);
        let outlived = |days, now: i64| chain.outlived(days, at(now)).len();
        assert_eq!(outlived(2, 4 * day), 2);
        assert_eq!(outlived(2, 4 * day - 1), 1);
        assert_eq!(outlived(35, 4 * day), 0);
        // However little is asked for, one stays.
        assert_eq!(outlived(1, 400 * day), 3);
    }

    #[test]
    fn each_base_has_a_folder_of_its_own() {
        let mut chain = chain(&[100], 300, None);
        chain.bases[0].folder = "data".to_owned();
        assert_eq!(chain.next_folder("data"), "data-2");
        chain.bases.push(Base::new("data-7".to_owned(), at(200), PointDetails::new()));
        chain.bases.remove(0);
        assert_eq!(chain.next_folder("data"), "data-8");
    }
}
