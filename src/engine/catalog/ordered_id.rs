//! Ids of what is made all the time.
//!
//! Rows lie in the catalog in the order of their ids, and so do their entries in most indexes. Ids that are random alone
//! scatter what is made together over all of them: with a hundred thousand recovery points each new one changes a page of its
//! own in each tree, and each of these pages goes through the log. These ids begin with their time, so that what is made
//! together, and expires together, lies together.

use crate::domain::Time;
use uuid::{Builder, Uuid};

/// A new id that sorts behind those of earlier times: a UUID of version 7, with 74 random bits.
pub fn ordered_id(at: Time) -> Uuid {
    // Of a UUID of version 4 all but two bytes are random throughout.
    let random = Uuid::new_v4().into_bytes();
    let tail = [0, 1, 2, 3, 4, 5, 9, 10, 11, 12].map(|place: usize| random[place]);
    Builder::from_unix_timestamp_millis(u64::try_from(at.timestamp_millis()).unwrap_or_default(), &tail).into_uuid()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::catalog::sample::at;
    use std::collections::BTreeSet;

    #[test]
    fn ids_sort_by_their_time_as_texts_and_are_never_the_same() {
        let ids: Vec<String> = (0..1000).map(|number| ordered_id(at(number / 100)).to_string()).collect();
        let hours: Vec<&[String]> = ids.chunks(100).collect();
        assert!(hours.windows(2).all(|pair| pair[0].iter().max() < pair[1].iter().min()));
        assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), 1000);
        assert!(ids.iter().all(|id| id.parse::<Uuid>().is_ok_and(|id| id.get_version_num() == 7)));
    }
}
