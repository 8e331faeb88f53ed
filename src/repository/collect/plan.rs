//! Which packs are repacked: the rule, apart from the doing.
//!
//! As `restic prune --max-unused`: those of which the most is unused go first, until what stays unused is little enough.
//! Packs that are far too small are merged once together they fill one, so that many small backups do not leave many small
//! files.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use super::usage::{PackUse, Usage};
use crate::repository::Id;

/// So many packs that are far too small are merged although they do not fill one.
const MANY: usize = 50;

/// Which packs are repacked, and how much of that at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RepackRule {
    /// How much may stay unused in the packs that are in use, in percent of what is needed.
    pub unused_percent: u64,
    /// About how many bytes one collection copies at most, so that it does not keep others out for long. One pack is
    /// repacked in any case.
    pub bytes: u64,
    /// About how many bytes are copied before the packs that held them are deleted: so much more room is taken for a while.
    pub bytes_at_once: u64,
}

impl Default for RepackRule {
    /// 5 %, 4 GiB and 256 MiB.
    fn default() -> Self {
        Self { unused_percent: 5, bytes: 4 << 30, bytes_at_once: 256 << 20 }
    }
}

/// What is to be repacked.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    /// The packs, in steps: those of one are deleted before the next begins.
    pub(super) steps: Vec<BTreeSet<Id>>,
    /// Packs that would be repacked and are not eligible.
    pub(super) guarded: BTreeSet<Id>,
    /// Whether more is to be repacked than one collection does.
    pub(super) unfinished: bool,
}

/// A pack that may be repacked.
type Candidate<'a> = (Id, &'a PackUse);

/// Chooses the packs that are repacked now. `is_eligible` says which may be.
pub(super) fn choose(usage: &Usage, rule: &RepackRule, pack_size: u64, is_eligible: impl Fn(&Id) -> bool) -> Plan {
    // Of a pack that is damaged nothing is decided here: it may be the only evidence of what is lost.
    let candidates = || usage.packs.iter().filter(|(_, pack)| pack.held > 0 && pack.size > 0 && !pack.wounded);
    let needed: u64 = candidates().map(|(_, pack)| pack.needed).sum();
    let wasted = by_waste(candidates().map(|(id, pack)| (*id, pack)), needed * rule.unused_percent / 100);
    let (wasted, young): (Vec<_>, Vec<_>) = wasted.into_iter().partition(|(id, _)| is_eligible(id));
    let chosen: BTreeSet<Id> = wasted.iter().map(|(id, _)| *id).collect();
    let rest = || candidates().filter(|(id, _)| !chosen.contains(id) && is_eligible(id)).map(|(id, pack)| (*id, pack));
    let small = [false, true].map(|trees| small(rest().filter(|(_, pack)| pack.trees == trees), pack_size));
    let mut plan = within(rule, wasted.into_iter().chain(small.into_iter().flatten()));
    plan.guarded = young.into_iter().map(|(id, _)| id).collect();
    plan
}

/// The packs that must go so that no more than `limit` bytes stay unused, and all of which nothing is to stay.
fn by_waste<'a>(candidates: impl Iterator<Item = Candidate<'a>>, limit: u64) -> Vec<Candidate<'a>> {
    let mut candidates: Vec<Candidate<'_>> = candidates.filter(|(_, pack)| pack.unused() > 0).collect();
    candidates
        .sort_by_key(|(id, pack)| (Reverse(u128::from(pack.unused()) * 1_000_000 / u128::from(pack.size.max(1))), *id));
    let mut unused: u64 = candidates.iter().map(|(_, pack)| pack.unused()).sum();
    candidates.retain(|(_, pack)| {
        let goes = pack.needed == 0 || unused > limit;
        unused -= if goes { pack.unused() } else { 0 };
        goes
    });
    candidates
}

/// The packs that are far too small, if merging them is worth it.
fn small<'a>(candidates: impl Iterator<Item = Candidate<'a>>, pack_size: u64) -> Vec<Candidate<'a>> {
    let small: Vec<Candidate<'_>> = candidates.filter(|(_, pack)| pack.size < pack_size / 4).collect();
    let bytes: u64 = small.iter().map(|(_, pack)| pack.needed).sum();
    if bytes >= pack_size || small.len() >= MANY { small } else { Vec::new() }
}

/// As much of it as one collection does, in steps.
fn within<'a>(rule: &RepackRule, packs: impl Iterator<Item = Candidate<'a>>) -> Plan {
    let mut plan = Plan::default();
    let (mut all, mut step) = (0, 0);
    for (id, pack) in packs {
        if all > 0 && all + pack.held > rule.bytes {
            plan.unfinished = true;
            break;
        }
        match plan.steps.last_mut().filter(|_| step + pack.held <= rule.bytes_at_once) {
            Some(last) => drop(last.insert(id)),
            None => {
                plan.steps.push(BTreeSet::from([id]));
                step = 0;
            }
        }
        all += pack.held;
        step += pack.held;
    }
    plan
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
