//! What was used lately: a few values, of which the one goes that was not asked for longest.

use std::collections::HashMap;
use std::hash::Hash;

/// See the module.
pub(super) struct Lately<K, V> {
    most: usize,
    asked: u64,
    kept: HashMap<K, (u64, V)>,
}

impl<K: Hash + Eq + Clone, V: Clone> Lately<K, V> {
    /// Room for so many.
    pub(super) fn new(most: usize) -> Self {
        Self { most, asked: 0, kept: HashMap::new() }
    }

    pub(super) fn get(&mut self, key: &K) -> Option<V> {
        self.asked += 1;
        let (when, value) = self.kept.get_mut(key)?;
        *when = self.asked;
        Some(value.clone())
    }

    pub(super) fn keep(&mut self, key: K, value: V) {
        while self.kept.len() >= self.most {
            let oldest = self.kept.iter().min_by_key(|(_, (when, _))| *when).map(|(key, _)| key.clone());
            let Some(oldest) = oldest else { break };
            self.kept.remove(&oldest);
        }
        self.asked += 1;
        self.kept.insert(key, (self.asked, value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_asked_for_longest_goes_first() {
        let mut lately = Lately::new(2);
        lately.keep(1, 'a');
        lately.keep(2, 'b');
        assert_eq!(lately.get(&1), Some('a'));
        lately.keep(3, 'c');
        assert_eq!((lately.get(&1), lately.get(&2), lately.get(&3)), (Some('a'), None, Some('c')));
    }
}
