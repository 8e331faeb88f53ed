//! What changed between two answers: rows that did not change are the same allocations.

use crate::domain::Arn;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

/// Whether two lists have the same records.
pub(super) fn same<T>(a: &[Arc<T>], b: &[Arc<T>]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| Arc::ptr_eq(a, b))
}

/// What one list has and the other has not, both ways: what is gone, and what is new.
pub(super) fn differences<T>(old: &[Arc<T>], new: &[Arc<T>]) -> (Vec<Arc<T>>, Vec<Arc<T>>) {
    let equal = |(a, b): &(&Arc<T>, &Arc<T>)| Arc::ptr_eq(a, b);
    let front = old.iter().zip(new).take_while(equal).count();
    let (old, new) = (&old[front..], &new[front..]);
    let back = old.iter().rev().zip(new.iter().rev()).take_while(equal).count();
    let (old, new) = (&old[..old.len() - back], &new[..new.len() - back]);
    let without = |all: &[Arc<T>], others: &[Arc<T>]| {
        let others: HashSet<*const T> = others.iter().map(Arc::as_ptr).collect();
        all.iter().filter(|one| !others.contains(&Arc::as_ptr(one))).cloned().collect()
    };
    (without(old, new), without(new, old))
}

/// What came, went, or is told of otherwise than before.
pub(super) fn told_anew<T: PartialEq>(before: &HashMap<Arn, Arc<T>>, now: &HashMap<Arn, Arc<T>>) -> BTreeSet<Arn> {
    let is_new =
        |(arn, one): &(&Arn, &Arc<T>)| !before.get(arn).is_some_and(|old| Arc::ptr_eq(old, one) || old == *one);
    let new = now.iter().filter(is_new).map(|(arn, _)| arn);
    new.chain(before.keys().filter(|arn| !now.contains_key(arn))).cloned().collect()
}
