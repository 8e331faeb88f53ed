//! Reading the feed: a page from a position on, at once or as soon as there is something to read.

use crate::domain::event::EventPage;
use crate::domain::{AccountId, Invalid, Region};
use crate::engine::Engine;
use crate::engine::authorize::boundary::is_management;
use crate::engine::caller::Caller;
use crate::engine::catalog::Connection;
use crate::engine::error::{Error, Result};
use crate::engine::events::rows::{self, Whose};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// How many events a page has when nobody says.
const DEFAULT_LIMIT: u64 = 100;
/// The most that a page has.
pub const MAX_LIMIT: u64 = 1000;
/// The longest that a reader waits for something to read, in seconds.
pub const MAX_WAIT: u64 = 20;
/// How many positions are looked through at a time: of a member's few events among many, a page ends with these.
const WINDOW: u64 = 10_000;
/// How many readers may wait at a time: each holds a thread. Whoever comes then is answered at once.
const WAITERS: usize = 64;
/// How often a reader that waits looks whether anybody still wants to know.
const LOOK: Duration = Duration::from_secs(1);

/// The readers that wait.
#[derive(Default)]
pub struct Waiters(AtomicUsize);

/// The place of a reader that waits, given back when it is dropped.
struct Place<'a>(&'a Waiters);

impl Waiters {
    fn enter(&self) -> Option<Place<'_>> {
        let entered = self.0.fetch_update(Ordering::AcqRel, Ordering::Acquire, |n| (n < WAITERS).then_some(n + 1));
        entered.ok().map(|_| Place(self))
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// What a reader asks for.
#[derive(Debug, Clone, Default)]
pub struct EventsRequest {
    /// Behind this position; from the oldest event that is kept when there is none.
    pub after: Option<u64>,
    /// How many events at most, 1 to [`MAX_LIMIT`].
    pub limit: Option<i64>,
    /// How long to wait where there is nothing to read, 0 to [`MAX_WAIT`] seconds.
    pub wait: Option<i64>,
    /// Of this account only. Another than one's own may be named by the management account.
    pub account: Option<AccountId>,
    /// Of this region only. Another than that of the call may be named by the management account.
    pub region: Option<Region>,
}

/// A checked request.
struct Wanted {
    whose: Whose,
    after: Option<u64>,
    limit: usize,
}

impl Engine {
    /// A page of the feed. An account sees its own events in the region of the call, the management account all of them. It
    /// waits no longer once `is_wanted` says that nobody does.
    pub fn events(&self, caller: &Caller, request: &EventsRequest, is_wanted: impl Fn() -> bool) -> Result<EventPage> {
        let wait = checked("wait", request.wait, 0, 0, MAX_WAIT)?;
        let limit = checked("limit", request.limit, DEFAULT_LIMIT, 1, MAX_LIMIT)? as usize;
        let wanted = Wanted { whose: whose(caller, request)?, after: request.after, limit };
        let deadline = Instant::now() + Duration::from_secs(wait);
        let mut place = None;
        loop {
            let seen = self.catalog.commits().count();
            let page = self.catalog.read(|connection| page(connection, &wanted))?;
            let left = deadline.saturating_duration_since(Instant::now());
            if !page.events.is_empty() || left.is_zero() || !is_wanted() || self.jobs.is_stopping() {
                return Ok(page);
            }
            place = place.or_else(|| self.event_readers.enter());
            if place.is_none() {
                return Ok(page);
            }
            self.catalog.commits().wait_for_more(seen, left.min(LOOK));
        }
    }
}

fn checked(field: &str, given: Option<i64>, default: u64, least: u64, most: u64) -> Result<u64> {
    let Some(given) = given else { return Ok(default) };
    let number = u64::try_from(given).ok().filter(|number| (least..=most).contains(number));
    let refused = || Invalid::value(field, format!("it must lie between {least} and {most}, not {given}")).into();
    number.ok_or_else(refused)
}

/// Whose events the caller may see of what it asks for.
fn whose(caller: &Caller, request: &EventsRequest) -> Result<Whose> {
    if is_management(&caller.account) {
        return Ok(Whose { account: request.account.clone(), region: request.region.clone() });
    }
    let own = request.account.as_ref().is_none_or(|account| *account == caller.account)
        && request.region.as_ref().is_none_or(|region| *region == caller.region);
    if !own {
        return Err(Error::insufficient_privileges());
    }
    Ok(Whose { account: Some(caller.account.clone()), region: Some(caller.region.clone()) })
}

/// A page, and behind which position to ask next. It is empty only where there is nothing more to read.
fn page(connection: &Connection, wanted: &Wanted) -> Result<EventPage> {
    let Some((oldest, last)) = rows::bounds(connection)? else {
        return match wanted.after {
            None | Some(0) => Ok(EventPage { events: Vec::new(), next: 0 }),
            Some(after) => Err(beyond_the_end(after, 0)),
        };
    };
    let mut after = match wanted.after {
        None => oldest - 1,
        Some(after) if after > last => return Err(beyond_the_end(after, last)),
        Some(after) if after + 1 < oldest => return Err(gone(after, oldest)),
        Some(after) => after,
    };
    while after < last {
        let until = last.min(after + WINDOW);
        let events = rows::read(connection, &wanted.whose, after, until, wanted.limit)?;
        if let Some(newest) = events.last().map(|event| event.position) {
            let next = if events.len() < wanted.limit { until } else { newest };
            return Ok(EventPage { events, next });
        }
        after = until;
    }
    Ok(EventPage { events: Vec::new(), next: after })
}

/// What was asked for is older than what is kept.
fn gone(after: u64, oldest: u64) -> Error {
    let last = oldest - 1;
    Error::not_found(format!(
        "The events after {after} up to {last} are not kept any more; ask for those after {last}, the oldest that are"
    ))
}

/// No event has that position yet: the reader knows another feed than this.
fn beyond_the_end(after: u64, last: u64) -> Error {
    Error::invalid_parameter(format!(
        "Invalid after: {after} lies behind the last event, which has position {last}; the catalog may have been put back \
         from a copy, or made anew"
    ))
}
