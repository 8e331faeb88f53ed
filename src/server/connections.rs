//! How many connections there are, and which gives way.
//!
//! A stranger can open connections and say nothing. So a new connection is never turned away for the sake of one on which
//! nothing happens: when all places are taken, the one that has waited longest for a request gives way, those that never
//! brought a signed request first. A connection whose request is being answered is never touched.

use parking_lot::Mutex;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tokio::sync::Notify;

/// The places, shared by the listener and its connections.
#[derive(Debug, Clone)]
pub(super) struct Connections(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    limit: usize,
    places: Mutex<Places>,
    freed: Notify,
}

#[derive(Debug, Default)]
struct Places {
    next: u64,
    taken: BTreeMap<u64, Occupant>,
    /// The places whose connections wait for a request, those first that give way first.
    waiting: BTreeSet<Rank>,
}

/// When a connection gives way: strangers first, and of these the one that has waited longest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    known: bool,
    waits_since: u64,
    id: u64,
}

#[derive(Debug)]
struct Occupant {
    /// A request is being answered.
    busy: bool,
    /// It has brought a request that somebody who is known here signed.
    known: bool,
    /// Grows with each beginning of a wait: the least has waited longest.
    waits_since: u64,
    /// Wakes the connection so that it ends.
    evict: Arc<Notify>,
}

/// A connection's place, given back when it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    shared: Arc<Shared>,
    id: u64,
    evict: Arc<Notify>,
}

/// What a request knows of its connection, among its extensions.
#[derive(Debug, Clone)]
pub(super) struct Standing {
    shared: Arc<Shared>,
    id: u64,
}

/// A request that is being answered: while it lives, its connection is not touched.
#[derive(Debug)]
pub(super) struct Busy(Standing);

impl Connections {
    /// None yet, and at most `limit`.
    pub(super) fn new(limit: usize) -> Self {
        Self(Arc::new(Shared { limit, places: Mutex::default(), freed: Notify::new() }))
    }

    /// A place for a new connection. Waits only while every other one is at work.
    pub(super) async fn take(&self) -> Place {
        loop {
            // Before the look, so that a place that becomes free in between is not missed.
            let freed = self.0.freed.notified();
            if let Some(place) = self.0.try_take() {
                return place;
            }
            freed.await;
        }
    }
}

impl Shared {
    fn places(&self) -> parking_lot::MutexGuard<'_, Places> {
        self.places.lock()
    }

    fn try_take(self: &Arc<Self>) -> Option<Place> {
        let mut places = self.places();
        if places.taken.len() >= self.limit {
            let first = places.waiting.first()?.id;
            if let Some(gone) = places.remove(first) {
                gone.evict.notify_one();
            }
        }
        let id = places.number();
        let evict = Arc::new(Notify::new());
        places.put(id, Occupant { busy: false, known: false, waits_since: id, evict: Arc::clone(&evict) });
        Some(Place { shared: Arc::clone(self), id, evict })
    }

    fn change(&self, id: u64, change: impl FnOnce(&mut Occupant, u64)) -> bool {
        let mut places = self.places();
        let number = places.number();
        let Some(mut occupant) = places.remove(id) else { return false };
        change(&mut occupant, number);
        places.put(id, occupant);
        true
    }
}

impl Places {
    fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    fn put(&mut self, id: u64, occupant: Occupant) {
        self.waiting.extend(occupant.rank(id));
        self.taken.insert(id, occupant);
    }

    fn remove(&mut self, id: u64) -> Option<Occupant> {
        let occupant = self.taken.remove(&id)?;
        if let Some(rank) = occupant.rank(id) {
            self.waiting.remove(&rank);
        }
        Some(occupant)
    }
}

impl Occupant {
    /// Its place in the line of those that give way; none while a request is being answered.
    fn rank(&self, id: u64) -> Option<Rank> {
        (!self.busy).then_some(Rank { known: self.known, waits_since: self.waits_since, id })
    }
}

impl Place {
    /// What requests of this connection know of it.
    pub(super) fn standing(&self) -> Standing {
        Standing { shared: Arc::clone(&self.shared), id: self.id }
    }

    /// Waits until the connection must end for another.
    pub(super) async fn evicted(&self) {
        self.evict.notified().await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.shared.places().remove(self.id);
        self.shared.freed.notify_one();
    }
}

impl Standing {
    /// A request has come; none when the connection was told to end at the same moment.
    pub(super) fn begin(&self) -> Option<Busy> {
        self.shared.change(self.id, |occupant, _| occupant.busy = true).then(|| Busy(self.clone()))
    }

    /// The request was signed by somebody who is known here.
    pub(super) fn is_known(&self) {
        self.shared.change(self.id, |occupant, _| occupant.known = true);
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.shared.change(self.0.id, |occupant, number| {
            occupant.busy = false;
            occupant.waits_since = number;
        });
        // Whoever waits for a place may take this one now.
        self.0.shared.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt as _;

    fn is_evicted(place: &Place) -> bool {
        place.evicted().now_or_never().is_some()
    }

    #[tokio::test]
    async fn the_one_that_waited_longest_gives_way() {
        let connections = Connections::new(3);
        let (first, second, third) = (connections.take().await, connections.take().await, connections.take().await);
        // The first has just been served, so the second waits longest now.
        drop(first.standing().begin().unwrap());
        let fourth = connections.take().await;
        assert_eq!([&first, &second, &third, &fourth].map(is_evicted), [false, true, false, false]);
    }

    #[tokio::test]
    async fn who_brought_a_signed_request_gives_way_last() {
        let connections = Connections::new(2);
        let (known, stranger) = (connections.take().await, connections.take().await);
        known.standing().is_known();
        let next = connections.take().await;
        assert_eq!([&known, &stranger].map(is_evicted), [false, true]);
        next.standing().is_known();
        let _last = connections.take().await;
        assert!(is_evicted(&known), "when all are known, the oldest goes");
    }

    #[tokio::test]
    async fn a_request_under_way_is_never_cut_off_and_a_new_connection_waits_for_it() {
        let connections = Connections::new(1);
        let place = connections.take().await;
        let busy = place.standing().begin().unwrap();
        assert!(connections.take().now_or_never().is_none());
        assert!(!is_evicted(&place));
        drop(busy);
        let _next = connections.take().await;
        assert!(is_evicted(&place));
        assert!(place.standing().begin().is_none(), "a request that comes at that moment is not begun");
    }

    #[tokio::test]
    async fn a_place_that_is_given_back_wakes_who_waits() {
        let connections = Connections::new(1);
        let place = connections.take().await;
        let _busy = place.standing().begin().unwrap();
        let waiting = tokio::spawn({
            let connections = connections.clone();
            async move { drop(connections.take().await) }
        });
        tokio::task::yield_now().await;
        drop(place);
        waiting.await.unwrap();
    }
}
