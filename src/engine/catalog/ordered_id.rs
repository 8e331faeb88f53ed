//! Ids of what is made all the time.
//!
//! Rows lie in the catalog in the order of their ids, and so do their entries in most indexes. Ids that are random alone
//! scatter what is made together over all of them: with a hundred thousand recovery points each new one changes a page of its
//! own in each tree, and each of these pages goes through the log. These ids begin with their hour, so that what is made
//! together, and expires together, lies together. That is all of their order, and nobody else may rely on it: the letters
//! behind it are random, for people know a job or a recovery point by its first ones.

use crate::domain::Time;
use uuid::Uuid;

/// A new id of what is made at a time: 16 bits of its hour, which come round again after seven years, and 106 random bits.
pub fn ordered_id(at: Time) -> Uuid {
    let mut bytes = Uuid::new_v4().into_bytes();
    let hour = at.timestamp().div_euclid(3600).rem_euclid(1 << 16);
    let [first, second] = u16::try_from(hour).unwrap_or_default().to_be_bytes();
    (bytes[0], bytes[1]) = (first, second);
    Uuid::from_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::catalog::sample::at;
    use std::collections::BTreeSet;

    #[test]
    fn ids_sort_by_their_hour_as_texts_and_are_told_apart_by_their_first_letters() {
        let ids: Vec<String> = (0..100).map(|number| ordered_id(at(number / 10)).to_string()).collect();
        let hours: Vec<&[String]> = ids.chunks(10).collect();
        assert!(hours.windows(2).all(|pair| pair[0].iter().max() < pair[1].iter().min()));
        let short: BTreeSet<&str> = ids.iter().map(|id| &id[..8]).collect();
        assert!(short.len() >= 98, "{short:?}");
        assert!(ids.iter().all(|id| id.parse::<Uuid>().is_ok_and(|id| id.get_version_num() == 4)));
    }
}
