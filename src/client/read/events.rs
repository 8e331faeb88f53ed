//! The feed of events: the engine's own route, signed as AWS Backup's are.

use crate::client::connect::Connection;
use crate::client::control::checked;
use crate::client::wire::OPERATION_LIMIT;
use crate::client::{Fault, FaultKind, Feature};
use crate::domain::event::{EVENTS, EventPage};
use crate::domain::{AccountId, Region};
use std::sync::Arc;
use std::time::Duration;

/// Events a page.
const PAGE: u32 = 1000;

/// The longest that an engine lets a reader wait.
const WAIT: Duration = Duration::from_secs(20);

/// Which events are asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventsQuery {
    /// Behind this position; from the oldest event that is kept when there is none.
    pub after: Option<u64>,
    /// Of this account only.
    pub account: Option<AccountId>,
    /// Of this region only.
    pub region: Option<Region>,
}

impl Connection {
    /// A page of the feed, in the order of positions. An empty one is its end for now; with `follow` it comes only after a
    /// while in which nothing happened.
    pub async fn events(self: &Arc<Self>, query: &EventsQuery, follow: bool) -> Result<EventPage, Fault> {
        let unsupported = |why| Fault::new(FaultKind::NotSupported { operation: "the feed of events" }, why);
        // The first answer tells whether an engine is there.
        let scope = self.home_scope().await?;
        self.capabilities().allows(Feature::Events).map_err(unsupported)?;
        let base = self.base_url().ok_or_else(|| Fault::not_supported("the feed of events"))?;
        let mut url = format!("{base}{EVENTS}?limit={PAGE}");
        let texts = [
            ("after", query.after.map(|after| after.to_string())),
            ("account", query.account.as_ref().map(ToString::to_string)),
            ("region", query.region.as_ref().map(ToString::to_string)),
            ("wait", follow.then(|| WAIT.as_secs().to_string())),
        ];
        for (name, text) in texts {
            url.extend(text.map(|text| format!("&{name}={text}")));
        }
        let request = self.signed_get(&scope, &url).await?;
        let limit = if follow { WAIT + OPERATION_LIMIT } else { OPERATION_LIMIT };
        let response = self.wire().ask(request, limit).await.map_err(|error| Fault::from(&error))?;
        serde_json::from_slice(&checked(response)?)
            .map_err(|error| Fault::new(FaultKind::Other, format!("the events cannot be read: {error}")))
    }
}
