//! New findings, as events of the feed: what somebody should look at is told once, whoever restarts what in between.
//!
//! The engine finds nothing itself: findings are drawn by whoever looks at it, from what it tells ([`Engine::note_findings`]). It
//! remembers which ones it has told. That and the event are one transaction, and events get to their targets as all do
//! ([`notifications`](crate::engine::notifications)): whatever the process comes to, a finding is told at least once.

pub(crate) mod rows;

use crate::domain::Scope;
use crate::domain::event::Change;
use crate::domain::event::detail::Detail;
use crate::domain::event::finding::{FindingDetail, resources};
use crate::domain::finding::Finding;
use crate::engine::Engine;
use crate::engine::error::Result;
use crate::engine::events::record::record;
use crate::repository::crash_point;
use std::collections::BTreeSet;

/// What is found now.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'a> {
    /// Everything that is to be told if it was not yet.
    pub speaking: &'a [&'a Finding],
    /// What is muted: told later, if it is found still when it is not muted any more.
    pub muted: &'a [&'a Finding],
    /// The scopes that did not tell all: nobody knows what is over there. None where that is known of no scope.
    pub unread: Option<&'a [Scope]>,
}

impl Engine {
    /// Tells what is found and was not told yet, and forgets what is over, so that it is told when it comes again. How many were
    /// new.
    pub fn note_findings(&self, seen: &Seen<'_>) -> Result<usize> {
        let speaking: Vec<(String, &Finding)> =
            seen.speaking.iter().map(|finding| (finding.telling_key(), *finding)).collect();
        let muted = seen.muted.iter().map(|finding| finding.telling_key());
        let found: BTreeSet<String> = speaking.iter().map(|(key, _)| key.clone()).chain(muted).collect();
        let known = self.catalog.read(rows::all)?;
        // A scope that is not there any more tells nothing, and is not unread.
        let is_read = |scope: &Scope| seen.unread.is_some_and(|unread| !unread.contains(scope));
        let over: Vec<&String> =
            (known.iter()).filter(|(key, scope)| is_read(scope) && !found.contains(*key)).map(|(key, _)| key).collect();
        let new: Vec<&(String, &Finding)> = speaking.iter().filter(|(key, _)| !known.contains_key(key)).collect();
        if new.is_empty() && over.is_empty() {
            return Ok(0);
        }
        crash_point::reached("before-findings-are-noted");
        let now = self.clock.now();
        self.catalog.write(|tx| {
            over.iter().try_for_each(|key| rows::forget(tx, key))?;
            let mut told = 0;
            for (key, finding) in new {
                if rows::know(tx, key, &finding.scope)? {
                    let detail = Detail::Finding(Box::new(FindingDetail::of(finding)));
                    record(tx, &Change { scope: &finding.scope, at: now, resources: resources(finding), detail })?;
                    told += 1;
                }
            }
            Ok(told)
        })
    }
}
