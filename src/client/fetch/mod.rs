//! Keeps answers fresh.
//!
//! One task owns all of it. For each wanted [`Key`] there is at most one call in flight and one waiting; when an answer has
//! become old it is asked again, less often while nobody sees it; after a failure it is asked again later, by chance and at
//! most a minute later, for ever. Every call counts the key's generation up; what an older generation still says is
//! dropped.

mod slot;

use crate::client::connect::Connection;
use crate::client::pace::{self, Bucket};
use crate::client::read::{Asker, Question, SoFar};
use crate::client::{Answer, Capabilities, Event, Fault, FaultKind, Key, Reply};
use crate::domain::{Scope, Time};
use slot::{Extent, Slot};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::time::Instant;

/// How many questions are asked at the same time, over all scopes.
const AT_ONCE: usize = 32;
/// Job lists are asked for what changed; after this long they are read as a whole again.
const WHOLE_EVERY: Duration = Duration::from_secs(600);

/// Whether a key's pane is on the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Visibility {
    /// Somebody sees it.
    Shown,
    /// It is kept fresh a little, for when it is shown again.
    Hidden,
}

/// The handle of the fetching task. Cheap to clone; no method waits. When the last one is dropped, the task ends.
#[derive(Debug, Clone)]
pub struct Fetcher {
    orders: mpsc::UnboundedSender<Order>,
}

#[derive(Debug)]
enum Order {
    Want(Key, Visibility),
    Refresh(Key),
    RefreshScope(Scope),
    Forget(Key),
    Pause(bool),
}

impl Fetcher {
    /// Starts the task on the current runtime; it tells what happens through `events`.
    pub fn new(connection: Arc<Connection>, events: mpsc::UnboundedSender<Event>) -> Self {
        let capabilities = connection.watch_capabilities();
        let mut seed = [0; 8];
        // Without randomness all that is lost is the jitter.
        let _ = getrandom::fill(&mut seed);
        Self::with(connection, capabilities, events, u64::from_le_bytes(seed))
    }

    fn with(
        asker: Arc<dyn Asker>,
        capabilities: watch::Receiver<Capabilities>,
        events: mpsc::UnboundedSender<Event>,
        seed: u64,
    ) -> Self {
        let (orders, received) = mpsc::unbounded_channel();
        let (done, finished) = mpsc::unbounded_channel();
        let task = Task {
            asker,
            engine: capabilities.borrow().engine.is_some(),
            events,
            done,
            slots: HashMap::new(),
            buckets: HashMap::new(),
            at_once: Arc::new(Semaphore::new(AT_ONCE)),
            generation: 0,
            paused: false,
            chance: pace::Chance::seeded(seed),
        };
        tokio::spawn(task.run(received, finished, capabilities));
        Self { orders }
    }

    /// Keeps the key's answer fresh from now on; asks at once when there is none yet.
    pub fn want(&self, key: Key, visibility: Visibility) {
        self.order(Order::Want(key, visibility));
    }

    /// Asks now, all of it anew.
    pub fn refresh(&self, key: Key) {
        self.order(Order::Refresh(key));
    }

    /// Asks every wanted key of a scope, and of the context as a whole, now: after a mutation there.
    pub fn refresh_scope(&self, scope: &Scope) {
        self.order(Order::RefreshScope(scope.clone()));
    }

    /// Asks the key no more, and drops the answer that is under way.
    pub fn forget(&self, key: &Key) {
        self.order(Order::Forget(key.clone()));
    }

    /// While paused nothing is asked but what is refreshed or wanted for the first time.
    pub fn pause(&self, paused: bool) {
        self.order(Order::Pause(paused));
    }

    fn order(&self, order: Order) {
        // The task ends with the runtime only: then nobody is left to tell.
        let _ = self.orders.send(order);
    }
}

/// How a call ended.
struct Finished {
    key: Key,
    generation: u64,
    extent: Extent,
    result: Result<Answer, Fault>,
}

struct Task {
    asker: Arc<dyn Asker>,
    engine: bool,
    events: mpsc::UnboundedSender<Event>,
    done: mpsc::UnboundedSender<Finished>,
    slots: HashMap<Key, Slot>,
    buckets: HashMap<Option<Scope>, Arc<Bucket>>,
    at_once: Arc<Semaphore>,
    generation: u64,
    paused: bool,
    chance: pace::Chance,
}

impl Task {
    async fn run(
        mut self,
        mut orders: mpsc::UnboundedReceiver<Order>,
        mut finished: mpsc::UnboundedReceiver<Finished>,
        mut capabilities: watch::Receiver<Capabilities>,
    ) {
        let mut told = true;
        let known = capabilities.borrow_and_update().clone();
        self.learn(known);
        loop {
            let next = self.next_due();
            tokio::select! {
                biased;
                order = orders.recv() => match order {
                    Some(order) => self.obey(order),
                    None => break,
                },
                Some(finished) = finished.recv() => self.finish(finished),
                changed = capabilities.changed(), if told => match changed {
                    Ok(()) => {
                        let known = capabilities.borrow_and_update().clone();
                        self.learn(known);
                    }
                    Err(_) => told = false,
                },
                () = sleep_until(next) => self.start_due(),
            }
        }
        for slot in self.slots.values() {
            slot.stop();
        }
    }

    fn learn(&mut self, capabilities: Capabilities) {
        if self.engine != capabilities.engine.is_some() {
            self.engine = capabilities.engine.is_some();
            self.buckets.clear();
        }
        self.tell(Event::Capabilities(capabilities));
    }

    fn tell(&self, event: Event) {
        // Nobody listens any more: the dashboard is closing.
        let _ = self.events.send(event);
    }

    fn next_due(&self) -> Option<Instant> {
        if self.paused {
            return None;
        }
        self.slots.values().filter(|slot| slot.in_flight.is_none()).map(|slot| slot.next).min()
    }

    fn start_due(&mut self) {
        let now = Instant::now();
        let due = |slot: &Slot| slot.in_flight.is_none() && slot.next <= now;
        let mut keys: Vec<Key> = self.slots.iter().filter(|(_, slot)| due(slot)).map(|(key, _)| key.clone()).collect();
        // What is on the screen goes first; the rest in an order that does not change from run to run.
        keys.sort_by_key(|key| {
            (self.slots.get(key).is_none_or(|slot| slot.visibility == Visibility::Hidden), key.clone())
        });
        for key in keys {
            let whole = self.slots.get(&key).is_none_or(|slot| slot.read_whole.elapsed() >= WHOLE_EVERY);
            self.start(&key, if whole { Extent::Whole } else { Extent::Changes });
        }
    }

    fn obey(&mut self, order: Order) {
        match order {
            Order::Want(key, visibility) => self.want(key, visibility),
            Order::Refresh(key) => self.start(&key, Extent::Whole),
            Order::RefreshScope(scope) => {
                let concerned = |key: &&Key| key.scope.is_none() || key.scope.as_ref() == Some(&scope);
                let keys: Vec<Key> = self.slots.keys().filter(concerned).cloned().collect();
                for key in keys {
                    self.start(&key, Extent::Changes);
                }
            }
            Order::Forget(key) => {
                if let Some(slot) = self.slots.remove(&key) {
                    slot.stop();
                }
            }
            Order::Pause(paused) => self.paused = paused,
        }
    }

    fn want(&mut self, key: Key, visibility: Visibility) {
        let engine = self.engine;
        if let Some(slot) = self.slots.get_mut(&key) {
            slot.visibility = visibility;
            if slot.failures == 0 && slot.last.is_some() {
                let hidden = visibility == Visibility::Hidden;
                slot.next = slot.answered + pace::interval(&key.query, slot.last.as_ref(), engine, hidden);
            }
            return;
        }
        self.slots.insert(key.clone(), Slot::new(visibility));
        self.start(&key, Extent::Whole);
    }

    /// Starts a call, or lets it wait for the one in flight.
    fn start(&mut self, key: &Key, extent: Extent) {
        let bucket = self.bucket(key.scope.as_ref());
        let Some(slot) = self.slots.get_mut(key) else { return };
        if slot.in_flight.is_some() {
            slot.waiting = slot.waiting.max(Some(extent));
            return;
        }
        self.generation += 1;
        let generation = self.generation;
        slot.generation = generation;
        let question = Question {
            key: key.clone(),
            previous: slot.last.clone(),
            whole: extent == Extent::Whole,
            bucket,
            told: told(self.events.clone(), key.clone(), generation),
        };
        let (asker, done, at_once) = (self.asker.clone(), self.done.clone(), self.at_once.clone());
        let key = key.clone();
        let asked = Event::Asked { key: key.clone(), generation };
        let call = tokio::spawn(async move {
            // The semaphore is never closed; were it, asking without it is the better choice.
            let _permit = at_once.acquire().await.ok();
            let result = asker.ask(question).await;
            let _ = done.send(Finished { key, generation, extent, result });
        });
        slot.in_flight = Some(call.abort_handle());
        self.tell(asked);
    }

    fn bucket(&mut self, scope: Option<&Scope>) -> Arc<Bucket> {
        let engine = self.engine;
        self.buckets.entry(scope.cloned()).or_insert_with(|| Arc::new(Bucket::of(engine))).clone()
    }

    fn finish(&mut self, finished: Finished) {
        let Finished { key, generation, extent, result } = finished;
        let chance = self.chance.next();
        let Some(slot) = self.slots.get_mut(&key).filter(|slot| slot.generation == generation) else { return };
        slot.in_flight = None;
        let now = Instant::now();
        let result = result.map(|answer| slot.keep(answer, extent, now));
        let hidden = slot.visibility == Visibility::Hidden;
        let fresh = pace::interval(&key.query, slot.last.as_ref(), self.engine, hidden);
        slot.failures = if result.is_ok() { 0 } else { slot.failures.saturating_add(1) };
        let pause = match &result {
            Ok(_) => fresh,
            Err(fault) => pace::pause_after(fault, slot.failures - 1, chance, fresh, self.engine),
        };
        let reached = result.is_ok();
        slot.lost = matches!(&result, Err(fault) if fault.kind == FaultKind::Network);
        let is_void = matches!(&result, Err(fault) if fault.kind == FaultKind::Expired);
        let signed_in = std::mem::replace(&mut slot.void, is_void) && reached;
        slot.next = now + pause;
        let waiting = slot.waiting.take();
        let at = chrono::Utc::now();
        let reply = Reply { key: key.clone(), generation, at, result, next_try: later(at, pause) };
        self.tell(Event::Answered(reply));
        if reached {
            self.found_again(now);
        }
        if signed_in {
            self.signed_in_again(now);
        }
        if let Some(extent) = waiting {
            self.start(&key, extent);
        }
    }
}

impl Task {
    /// The other side answers: what could not reach it is asked now and not when its pause is over.
    fn found_again(&mut self, now: Instant) {
        for slot in self.slots.values_mut().filter(|slot| slot.lost) {
            slot.lost = false;
            slot.next = slot.next.min(now);
        }
    }

    /// Somebody signed in again: what had no credentials either is asked now, and not when its own pause is over.
    fn signed_in_again(&mut self, now: Instant) {
        for slot in self.slots.values_mut().filter(|slot| slot.void) {
            slot.next = slot.next.min(now);
        }
    }
}

/// A moment on the wall clock, `pause` after `at`.
fn later(at: Time, pause: Duration) -> Option<Time> {
    chrono::TimeDelta::from_std(pause).ok().and_then(|pause| at.checked_add_signed(pause))
}

/// Passes on what comes before an answer is whole.
fn told(events: mpsc::UnboundedSender<Event>, key: Key, generation: u64) -> Arc<dyn Fn(SoFar) + Send + Sync> {
    Arc::new(move |so_far| {
        let key = key.clone();
        let _ = events.send(match so_far {
            SoFar::Records(records) => Event::Progress { key, generation, records },
            SoFar::Begun(answer) => Event::Begun { key, generation, answer },
        });
    })
}

async fn sleep_until(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests;
