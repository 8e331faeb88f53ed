//! Small objects that are asked for before they are opened.
//!
//! Who reads one object after the other waits for the answer to each. Told which ones come next, some of them are asked for meanwhile,
//! in that order; who opens one takes what came of it, be it a fault. An object that was not told, or is opened before its turn, is
//! asked for when it is opened. So each is asked for once, and nothing depends on what was told.

use super::bucket::Bucket;
use super::object::{Came, ask};
use parking_lot::Mutex;
use std::collections::{HashMap, VecDeque};
use tokio::task::JoinHandle;

/// How many objects are asked for, or came and wait to be opened.
pub(super) const MOST: usize = 16;
/// How many may wait to be asked for. More than a backup tells ahead; what is told beyond them is forgotten.
const MOST_TOLD: usize = 1024;

/// The objects of one bucket that are opened next.
#[derive(Default)]
pub(super) struct Ahead {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The keys of those that are still to be asked for, in the order in which they are opened.
    told: VecDeque<String>,
    asked: HashMap<String, JoinHandle<Came>>,
}

impl Ahead {
    /// The object of this key is opened soon, and is a small one.
    pub(super) fn expect(&self, bucket: &Bucket, key: &str) {
        let mut state = self.state.lock();
        if state.told.len() < MOST_TOLD && !state.asked.contains_key(key) {
            state.told.push_back(key.to_owned());
            state.ask(bucket);
        }
    }

    /// What came of the object of this key, which is waited for. Nothing where it was not asked for, and then it will not be.
    pub(super) fn take(&self, bucket: &Bucket, key: &str) -> Option<Came> {
        let asked = self.state.lock().take(bucket, key)?;
        bucket.client.wait(asked).ok()
    }
}

impl State {
    fn take(&mut self, bucket: &Bucket, key: &str) -> Option<JoinHandle<Came>> {
        let asked = self.asked.remove(key);
        if asked.is_none()
            && let Some(at) = self.told.iter().position(|told| told == key)
        {
            self.told.remove(at);
        }
        self.ask(bucket);
        asked
    }

    /// Asks for as many as may be.
    fn ask(&mut self, bucket: &Bucket) {
        while self.asked.len() < MOST
            && let Some(key) = self.told.pop_front()
        {
            let asked = ask(bucket, &key);
            self.asked.insert(key, asked);
        }
    }
}
