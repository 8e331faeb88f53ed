//! The scrub: every vault is read through in the background, so that damage is found while a copy of the data may still be
//! somewhere.
//!
//! A vault's packs are read in the order of their ids, which are hashes: a thirtieth of their range each day, all of it in
//! thirty days, and more at once after days on which the engine was off. It reads at a limited rate, gives way to jobs at the
//! next pack, and how far it came is in the catalog.

use crate::domain::{Arn, Time};
use crate::engine::Engine;
use crate::engine::check::damage::Look;
use crate::engine::clock::ClockKind;
use crate::engine::error::Result;
use crate::engine::points::tiers::Tiers;
use crate::engine::upkeep::rows::scrubs::Scrub;
use crate::engine::upkeep::{AGAIN, rows};
use crate::engine::vaults::store::OpenVault;
use crate::repository::{Examined, Id};
use chrono::Duration;
use std::time::Instant;

/// In so many days every pack is read.
const DAYS: i64 = 30;
/// How often a part is read.
const EVERY: Duration = Duration::days(1);
/// How many bytes are read in a second at most; a vault of 2.5 TiB is read in 30 days at this rate.
const RATE: u64 = 32 << 20;
/// How long it sleeps at a time to keep to its rate.
const NAP: std::time::Duration = std::time::Duration::from_millis(50);
/// So many packs may be read again after a crash.
const NOTED_EVERY: usize = 16;

/// How a day's part ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// All of it was read.
    Read,
    /// A job wants the machine, or the engine stops: the rest is read later.
    GaveWay,
}

impl Engine {
    /// Reads the parts that are due; when to come again. Nothing is due in an engine that runs no plans.
    pub(super) fn scrub_due(&self, now: Time) -> Result<Option<Time>> {
        if !self.options.scheduler {
            return Ok(None);
        }
        let mut next: Option<Time> = None;
        for (arn, last) in self.catalog.read(rows::scrubs::last_parts)? {
            // It is due at once when the vault's KMS key is enabled.
            if self.is_key_unusable(&arn)? {
                continue;
            }
            // A time that is still to come was noted by a clock that was wrong.
            let due = if last > now { now } else { last + EVERY };
            let again = if due > now { due } else { self.scrub_part(&arn, now) };
            next = Some(next.map_or(again, |earlier| earlier.min(again)));
        }
        Ok(next)
    }

    /// Reads a part of one vault; when to come again.
    fn scrub_part(&self, arn: &Arn, now: Time) -> Time {
        match self.try_to_scrub(arn, now) {
            Ok(Part::Read) => now + EVERY,
            Ok(Part::GaveWay) => now + AGAIN,
            Err(error) => {
                tracing::warn!(vault = %arn, %error, "the vault could not be scrubbed");
                now + Duration::hours(1)
            }
        }
    }

    fn try_to_scrub(&self, arn: &Arn, now: Time) -> Result<Part> {
        if self.must_give_way() {
            return Ok(Part::GaveWay);
        }
        let tiers = self.tiers(arn)?;
        let known = self.catalog.read(|connection| rows::scrubs::get(connection, arn))?;
        let mut scrub = known.unwrap_or(Scrub { cycle_began: now, position: None, part_done: now });
        if scrub.cycle_began > now + EVERY {
            scrub.cycle_began = now;
        }
        let day = (now - scrub.cycle_began).num_days().clamp(0, DAYS - 1);
        let mut packs: Vec<(Id, &OpenVault)> = Vec::new();
        for vault in &tiers.open {
            packs.extend(vault.repository.index().packs().map(|pack| (pack, vault.as_ref())));
        }
        packs.sort_unstable_by_key(|(pack, _)| *pack);
        packs.retain(|(pack, _)| scrub.position.is_none_or(|position| *pack > position) && is_in_part(pack, day));
        let part = self.read_packs(arn, &tiers, &packs, &mut scrub)?;
        save_integrity(&tiers)?;
        for vault in &tiers.open {
            self.look_again(arn, vault);
        }
        if part == Part::Read {
            // Once a day also without any loss of data: a snapshot may be gone.
            for vault in &tiers.open {
                self.look_for_damage(arn, vault, Look::AtSuspects)?;
            }
            scrub.part_done = now;
            if day == DAYS - 1 {
                self.note_whole(arn, &tiers, scrub.cycle_began);
                scrub = Scrub { cycle_began: now + EVERY, position: None, part_done: now };
            }
        }
        self.catalog.write(|tx| rows::scrubs::set(tx, arn, &scrub))?;
        if part == Part::Read
            && let Err(error) = self.empty_damaged(arn, &tiers, now)
        {
            tracing::warn!(vault = %arn, %error, "what was damaged and set aside stays for another day");
        }
        Ok(part)
    }

    /// Reads packs until all are read or something else wants the machine.
    fn read_packs(&self, arn: &Arn, tiers: &Tiers, packs: &[(Id, &OpenVault)], scrub: &mut Scrub) -> Result<Part> {
        let limited = self.clock.kind() == ClockKind::System;
        for (number, (pack, vault)) in packs.iter().enumerate() {
            if self.must_give_way() {
                return Ok(Part::GaveWay);
            }
            let started = Instant::now();
            let bytes = {
                let Ok(_pass) = vault.enter() else { return Ok(Part::GaveWay) };
                examine(arn, vault, pack)?
            };
            scrub.position = Some(*pack);
            if number % NOTED_EVERY == NOTED_EVERY - 1 {
                save_integrity(tiers)?;
                self.catalog.write(|tx| rows::scrubs::set(tx, arn, scrub))?;
            }
            if limited {
                self.rest(started, bytes);
            }
        }
        Ok(Part::Read)
    }

    /// Whether jobs want the machine, or the engine stops. A simulated clock stands still while jobs work.
    fn must_give_way(&self) -> bool {
        self.jobs.is_stopping() || (self.clock.kind() == ClockKind::System && self.jobs.live.working(None) > 0)
    }

    /// Sleeps as long as the rate asks for, and not longer than nothing else wants the machine.
    fn rest(&self, started: Instant, bytes: u64) {
        let until = started + time_for(bytes);
        while Instant::now() < until && !self.must_give_way() {
            std::thread::sleep(NAP.min(until.saturating_duration_since(Instant::now())));
        }
    }
}

/// Makes durable what was found, before it is noted how far the scrub is: the packs of all tiers are read in one order.
fn save_integrity(tiers: &Tiers) -> Result<()> {
    tiers.open.iter().try_for_each(|vault| Ok(vault.repository.save_integrity()?))
}

/// Reads one pack; how many bytes that were.
fn examine(arn: &Arn, vault: &OpenVault, pack: &Id) -> Result<u64> {
    match vault.repository.examine_pack(pack)? {
        Examined::Sound { bytes } => return Ok(bytes),
        Examined::Damaged { lost, problem } => {
            tracing::warn!(vault = %arn, %pack, lost = lost.len(), "the scrub found damage: {problem}");
        }
        // Collected since the index was looked at, or lost.
        Examined::Missing if vault.repository.index().contains_pack(pack) => {
            tracing::warn!(vault = %arn, %pack, "the scrub found a pack missing");
        }
        Examined::Missing => {}
    }
    Ok(0)
}

/// How long reading so many bytes takes at the limited rate.
fn time_for(bytes: u64) -> std::time::Duration {
    std::time::Duration::from_millis(bytes.saturating_mul(1000) / RATE)
}

/// Whether a pack is to be read by the end of a day of the cycle; the first day is 0.
fn is_in_part(pack: &Id, day: i64) -> bool {
    let mut first = [0; 8];
    first.copy_from_slice(&pack.as_bytes()[..8]);
    let place = u128::from(u64::from_be_bytes(first));
    place * (DAYS as u128) < (u128::from(u64::MAX) + 1) * (day as u128 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_day_reads_a_thirtieth_and_the_last_one_all() {
        let packs: Vec<Id> = (0..3000_u32).map(|number| Id::of(&number.to_le_bytes())).collect();
        let by_day: Vec<usize> =
            (0..DAYS).map(|day| packs.iter().filter(|pack| is_in_part(pack, day)).count()).collect();
        assert_eq!(by_day[29], packs.len());
        assert!(by_day.windows(2).all(|days| days[1] > days[0] && days[1] - days[0] < 200), "{by_day:?}");
        assert!(is_in_part(&Id::from_bytes([0; 32]), 0) && !is_in_part(&Id::from_bytes([0xff; 32]), 28));
    }

    #[test]
    fn the_rate_is_a_time_for_each_pack() {
        assert_eq!(time_for(RATE), std::time::Duration::from_secs(1));
        assert_eq!(time_for(RATE / 4), std::time::Duration::from_millis(250));
        assert_eq!(time_for(0), std::time::Duration::ZERO);
    }
}
