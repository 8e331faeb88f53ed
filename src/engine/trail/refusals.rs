//! How many refused calls of an account are recorded.

use crate::domain::AccountId;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// So many of an account in [`SPAN`].
const MOST: u32 = 60;
/// Counted anew after so long.
const SPAN: Duration = Duration::from_secs(60);

/// What was recorded lately.
#[derive(Debug, Default)]
pub(crate) struct Refusals(Mutex<HashMap<AccountId, (Instant, u32)>>);

impl Refusals {
    /// Whether one more of an account is recorded.
    pub(super) fn takes(&self, account: &AccountId) -> bool {
        let (mut counts, now) = (self.0.lock(), Instant::now());
        let (since, count) = counts.entry(account.clone()).or_insert((now, 0));
        if now.duration_since(*since) >= SPAN {
            (*since, *count) = (now, 0);
        }
        *count = count.saturating_add(1);
        *count <= MOST
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_has_so_many_recorded_and_takes_none_from_another() {
        let refusals = Refusals::default();
        let [one, other] = ["111122223333", "444455556666"].map(|id| id.parse::<AccountId>().unwrap());
        assert_eq!((0..2 * MOST).filter(|_| refusals.takes(&one)).count(), MOST as usize);
        assert!(refusals.takes(&other));
    }
}
