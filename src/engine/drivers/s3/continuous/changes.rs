//! Which changes of a key two lists of its versions tell.

use super::MARGIN;
use super::log::{Change, Entry};
use super::versions::Version;
use crate::domain::Time;

/// A listing, by the store's clock.
#[derive(Debug, Clone, Copy)]
pub(super) struct Look {
    /// When the one before began.
    pub(super) since: Time,
    /// When it began itself.
    pub(super) at: Time,
}

/// What happened to a key between two listings, of which each tells the newest version first: in its order, the newest last.
///
/// Only what came above all that was known counts: whatever a store puts below it never was what a reader of the key got. If
/// nothing came and the newest is gone, somebody removed it for good, and what is the newest now counts from this listing on.
pub(super) fn changes_of(before: &[Version], now: &[Version], look: Look) -> Vec<Entry> {
    let is_known = |version: &Version| before.iter().any(|known| known.is(version));
    let came: Vec<&Version> = now.iter().take_while(|version| !is_known(version)).collect();
    if !came.is_empty() {
        return came.into_iter().rev().map(|version| Entry::of(version, since(version, look))).collect();
    }
    match (before.first(), now.first()) {
        (Some(was), Some(is)) if !was.is(is) => vec![Entry::of(is, Some(look.at))],
        (Some(was), None) if !was.is_marker => vec![Entry::removed(&was.key, look.at)],
        _ => Vec::new(),
    }
}

/// Whether the entries say that something was removed, which a store's listing may only have missed.
pub(super) fn is_removal(before: &[Version], entries: &[Entry]) -> bool {
    entries.iter().any(|entry| {
        entry.change == Change::Removed || before.iter().any(|known| entry.version_id.as_deref() == Some(&known.id))
    })
}

/// From when on a version counts, if not from the time on that it bears: the listing before should have shown it.
fn since(version: &Version, look: Look) -> Option<Time> {
    (version.modified <= look.since - MARGIN).then_some(look.since)
}
