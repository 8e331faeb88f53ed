//! The trail: who asked for which change through an API, and what came of it, as AWS CloudTrail keeps it.
//!
//! A call is recorded when its answer is known and before that is given: what somebody was told was done is in the trail. One whose
//! process was killed in between was answered to nobody; what it changed shows in the [events](crate::engine::events). What cannot be
//! recorded, on a full disk, is carried out all the same: who cannot delete cannot make room. Of refused calls an account has so many
//! recorded a minute (`Refusals`): nobody fills the trail, or the disk, with what is not allowed.

mod refusals;
pub(crate) mod rows;

pub(crate) use refusals::Refusals;

use crate::domain::Time;
use crate::domain::trail::ApiCall;
use crate::engine::Engine;
use crate::engine::caller::Caller;
use crate::engine::error::Result;
use chrono::Duration;
use uuid::Uuid;

/// How many days of engine time calls are kept, as CloudTrail keeps those that can be looked up.
pub const DAYS: i64 = 90;
/// How many are kept at most: some 100 MB, and the tenfold where each request is as large as is recorded.
pub const COUNT: u64 = 100_000;

/// Which calls are looked for; all where nothing is said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CallFilter {
    /// Not before this moment.
    pub from: Option<Time>,
    /// Not after this moment.
    pub to: Option<Time>,
    /// The one of this id.
    pub id: Option<Uuid>,
    /// Of this operation.
    pub name: Option<String>,
    /// Of this service, `backup.amazonaws.com`.
    pub source: Option<String>,
    /// By this user, as [`ApiCall::user`] has it.
    pub username: Option<String>,
    /// Whose request names this ARN.
    pub resource: Option<String>,
}

/// A part of the trail.
#[derive(Debug, Clone, PartialEq)]
pub struct CallsPage {
    /// The calls, the newest first.
    pub calls: Vec<ApiCall>,
    /// Ask again for those before this position for more.
    pub next: Option<i64>,
}

impl Engine {
    /// Records a call whose answer is known. Nothing else is another by it.
    pub(crate) fn record_call(&self, call: &ApiCall) -> Result<()> {
        if call.error.is_some() && !self.refusals.takes(&call.scope.account) {
            tracing::debug!(account = %call.scope.account, name = call.name, "one refused call of too many is not recorded");
            return Ok(());
        }
        self.catalog.keep(|tx| {
            rows::append(tx, call)?;
            rows::keep_newest(tx, COUNT)
        })
    }

    /// The calls that were made in the caller's account and region, the newest first: at most `limit` of those before the position
    /// `before`.
    pub fn api_calls(
        &self,
        caller: &Caller,
        filter: &CallFilter,
        before: Option<i64>,
        limit: usize,
    ) -> Result<CallsPage> {
        let scope = caller.scope();
        let mut found =
            self.catalog.read(|connection| rows::read(connection, &scope, filter, before, limit.saturating_add(1)))?;
        let more = found.len() > limit;
        found.truncate(limit);
        let next = found.last().filter(|_| more).map(|(position, _)| *position);
        Ok(CallsPage { calls: found.into_iter().map(|(_, call)| call).collect(), next })
    }

    /// Removes the calls that are old enough to be forgotten.
    pub(crate) fn forget_old_calls(&self, now: Time) -> Result<()> {
        let before = now - Duration::days(DAYS);
        if let Some(up_to) = self.catalog.read(|connection| rows::forgettable(connection, before, COUNT))? {
            let gone = self.catalog.keep(|tx| rows::forget(tx, up_to))?;
            tracing::debug!(gone, up_to, "old calls are forgotten");
        }
        Ok(())
    }
}
