//! What many rows have in common is kept once: a plan makes thousands of jobs of a few resources into a few vaults.

use crate::domain::Arn;
use crate::domain::recovery_point::Creator;
use parking_lot::Mutex;
use std::collections::HashSet;
use std::hash::Hash;
use std::sync::{Arc, LazyLock};

/// Of so many values it is known that they were told before. Then it begins anew, so that nothing is kept for good that nobody
/// has any more.
const MOST: usize = 20_000;

static ARNS: LazyLock<Mutex<HashSet<Arn>>> = LazyLock::new(Mutex::default);
static CREATORS: LazyLock<Mutex<HashSet<Arc<Creator>>>> = LazyLock::new(Mutex::default);

/// The value as it was told before, where it was.
fn known<T: Clone + Eq + Hash>(told: &Mutex<HashSet<T>>, value: T) -> T {
    let mut told = told.lock();
    if let Some(before) = told.get(&value) {
        return before.clone();
    }
    if told.len() >= MOST {
        told.clear();
    }
    told.insert(value.clone());
    value
}

/// An ARN that many rows tell: of a resource, a vault, a role.
pub(super) fn shared_arn(arn: Arn) -> Arn {
    known(&ARNS, arn)
}

/// A plan and rule behind many rows.
pub(super) fn shared_creator(creator: Creator) -> Arc<Creator> {
    known(&CREATORS, Arc::new(creator))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_again_is_the_same_allocation() {
        let tell = |name: &str| shared_creator(Creator { backup_plan_name: name.to_owned(), ..Creator::default() });
        let first = tell("nightly");
        assert!(Arc::ptr_eq(&first, &tell("nightly")));
        assert!(!Arc::ptr_eq(&first, &tell("weekly")));
        let arn = || shared_arn("arn:aws:backup:us-east-1:123456789012:backup-vault:v".parse().unwrap());
        assert!(std::ptr::eq(arn().as_str(), arn().as_str()));
    }

    #[test]
    fn no_more_is_remembered_than_is_worth_it() {
        let told = Mutex::new(HashSet::new());
        for number in 0..MOST + 10 {
            known(&told, number);
        }
        assert!(told.lock().len() <= MOST);
    }
}
