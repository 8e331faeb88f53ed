//! The objects that are being written: none at the same time as one whose key is its folder.
//!
//! S3 knows no folders, but some stores keep objects as files in folders. SeaweedFS, given `a` and `a/b` at once, may keep one of the
//! two though it says that it took both; one after the other, it keeps both.
//!
//! Only the call that makes an object waits, with all of its content sent or in memory: who waited with content still to come would
//! hold what is read ahead, and those that are waited for might never get theirs.

use parking_lot::{Condvar, Mutex};

/// The keys that are being written.
#[derive(Debug, Default)]
pub(super) struct InFlight {
    keys: Mutex<Vec<String>>,
    landed: Condvar,
}

impl InFlight {
    /// Waits until nothing is being written that is in the way of a key, which is written until the guard is dropped.
    pub(super) fn enter<'a>(&'a self, key: &'a str) -> Writing<'a> {
        let mut keys = self.keys.lock();
        while keys.iter().any(|other| is_folder_of(other, key) || is_folder_of(key, other)) {
            self.landed.wait(&mut keys);
        }
        keys.push(key.to_owned());
        Writing { of: self, key }
    }
}

fn is_folder_of(folder: &str, key: &str) -> bool {
    key.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

/// A key that is being written.
pub(super) struct Writing<'a> {
    of: &'a InFlight,
    key: &'a str,
}

impl Drop for Writing<'_> {
    fn drop(&mut self) {
        let mut keys = self.of.keys.lock();
        if let Some(at) = keys.iter().position(|key| key == self.key) {
            keys.swap_remove(at);
        }
        self.of.landed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicBool, Ordering};

    #[test]
    fn a_key_waits_for_its_folder_and_for_what_is_in_it_and_for_nothing_else() {
        let in_flight = InFlight::default();
        for (first, second) in [("a", "a/b/c"), ("a/b", "a")] {
            let has_landed = AtomicBool::new(false);
            let writing = in_flight.enter(first);
            std::thread::scope(|scope| {
                scope.spawn(|| {
                    let _second = in_flight.enter(second);
                    assert!(has_landed.load(Ordering::Acquire), "{second} was written beside {first}");
                });
                let _others = ["a-b", "ab", "b/a", "c"].map(|other| in_flight.enter(other));
                std::thread::sleep(std::time::Duration::from_millis(50));
                has_landed.store(true, Ordering::Release);
                drop(writing);
            });
        }
        assert!(in_flight.keys.lock().is_empty());
    }
}
