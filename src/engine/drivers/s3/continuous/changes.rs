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
///
/// A store may list a version before it makes it the newest one. Such a one is left until it rises, as long as it may, and what has
/// risen above the one that was the newest came now, also where it was listed before.
pub(super) fn changes_of(before: &[Version], now: &[Version], look: Look) -> Vec<Entry> {
    let is_known = |version: &Version| before.iter().any(|known| known.is(version));
    let is_first = |version: &Version| before.first().is_some_and(|was| was.is(version));
    let stands = now.iter().any(is_first);
    let came = now.iter().take_while(|version| if stands { !is_first(version) } else { !is_known(version) });
    let (was, is) = (before.first(), now.first());
    let may_rise = |version: &Version| {
        let is_newer = is.is_some_and(|is| version.modified > is.modified && is.modified > look.since - MARGIN);
        is_newer && version.modified > look.at - MARGIN
    };
    // Known, and not the newest now: it was that in between only if it is newer than the one that was, and could not rise before.
    let was_passed = |version: &Version| {
        let is_newer = was.is_none_or(|was| version.modified > was.modified);
        is_known(version)
            && !is.is_some_and(|is| is.is(version))
            && !(is_newer && version.modified > look.since - MARGIN)
    };
    // An older one that was known shines through since the store has lost that there is a newer one.
    let shines = |version: &Version| is_known(version) && was.is_some_and(|was| version.modified < was.modified);
    let since = |version: &Version| if shines(version) { Some(look.at) } else { since(version, look) };
    let came = came.filter(|version| !may_rise(version) && !was_passed(version));
    let mut entries: Vec<Entry> = came.map(|version| Entry::of(version, since(version))).collect();
    entries.reverse();
    match (was, is) {
        (Some(_), Some(is)) if entries.is_empty() && !stands => vec![Entry::of(is, Some(look.at))],
        (Some(was), None) if !was.is_marker => vec![Entry::removed(&was.key, look.at)],
        _ => entries,
    }
}

/// Whether the entries say that something was removed or has fallen behind, which a store's listing may only have missed.
pub(super) fn is_removal(before: &[Version], now: &[Version], entries: &[Entry]) -> bool {
    let stands = before.first().is_some_and(|was| now.iter().any(|version| version.is(was)));
    let is_known = |entry: &Entry| before.iter().any(|known| entry.version_id.as_deref() == Some(&known.id));
    let was = before.first().map(|was| was.modified);
    let fell = entries.last().is_some_and(|entry| is_known(entry) && entry.last_modified <= was);
    fell || !stands && entries.iter().any(|entry| entry.change == Change::Removed || is_known(entry))
}

/// From when on a version counts, if not from the time on that it bears: the listing before should have shown it.
fn since(version: &Version, look: Look) -> Option<Time> {
    (version.modified <= look.since - MARGIN).then_some(look.since)
}
