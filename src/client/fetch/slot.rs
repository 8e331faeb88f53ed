//! What the fetcher knows of one key.

use super::Visibility;
use crate::client::Answer;
use tokio::task::AbortHandle;
use tokio::time::Instant;

/// A key and what is known of it.
pub(super) struct Slot {
    pub(super) visibility: Visibility,
    pub(super) generation: u64,
    pub(super) in_flight: Option<AbortHandle>,
    /// The call that waits for the one in flight.
    pub(super) waiting: Option<Extent>,
    pub(super) failures: u32,
    /// Whether the last call did not reach the other side.
    pub(super) lost: bool,
    /// Whether the last call had no usable credentials.
    pub(super) void: bool,
    /// When it is asked again by itself.
    pub(super) next: Instant,
    pub(super) answered: Instant,
    pub(super) last: Option<Answer>,
    pub(super) read_whole: Instant,
}

/// How much a call asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Extent {
    /// What changed, where the question knows how.
    Changes,
    /// All.
    Whole,
}

impl Slot {
    pub(super) fn new(visibility: Visibility) -> Self {
        let now = Instant::now();
        Self {
            visibility,
            generation: 0,
            in_flight: None,
            waiting: None,
            failures: 0,
            lost: false,
            void: false,
            next: now,
            answered: now,
            last: None,
            read_whole: now,
        }
    }

    /// Remembers an answer. One that says the same again is given as the same allocation.
    pub(super) fn keep(&mut self, answer: Answer, extent: Extent, now: Instant) -> Answer {
        self.answered = now;
        if extent == Extent::Whole {
            self.read_whole = now;
        }
        match &self.last {
            Some(last) if last.says_the_same(&answer) => last.clone(),
            _ => self.last.insert(answer).clone(),
        }
    }

    pub(super) fn stop(&self) {
        if let Some(call) = &self.in_flight {
            call.abort();
        }
    }
}
