//! What is told of changes, put together from where it is known.

use crate::client::activity::gather;
use crate::client::audit::Logged;
use crate::client::{Key, Query, Rows};
use crate::domain::deed::Deed;
use crate::domain::trail::ApiCall;
use crate::tui::store::Line;
use crate::tui::world::{Activity, World};
use std::collections::HashSet;
use std::sync::Arc;

/// Who changed what is changed from here.
const YOU: &str = "you";
/// By which way that was done.
const HERE: &str = "this dashboard";

/// What other sessions and other callers changed, and what that was made of: it is made anew only when one of these is another.
#[derive(Debug, Default)]
pub(super) struct Told {
    logged: Option<Arc<[Logged]>>,
    calls: Vec<Rows<ApiCall>>,
    deeds: Vec<Arc<Deed>>,
}

impl Told {
    /// All rows, the newest first.
    pub(super) fn rows(&mut self, world: &World) -> Vec<Line<Deed>> {
        self.sync(world);
        let of_scope = |deed: &Arc<Deed>| !world.narrowed || world.shown.contains(&deed.scope);
        let others = self.deeds.iter().filter(|deed| of_scope(deed)).cloned();
        let mut rows: Vec<Arc<Deed>> =
            world.activity.iter().rev().map(|entry| Arc::new(own(entry))).chain(others).collect();
        rows.sort_by_key(|deed| std::cmp::Reverse(deed.at));
        rows.into_iter().map(|record| Line { record, stale: false }).collect()
    }

    fn sync(&mut self, world: &World) {
        let logged = world.logged.as_ref().ok();
        let answer = |scope: &crate::domain::Scope| {
            world.store.slot(&Key::scoped(scope.clone(), Query::ApiCalls)).answer.as_ref()?.api_calls().cloned()
        };
        let calls: Vec<Rows<ApiCall>> = world.shown.iter().filter_map(answer).collect();
        let same_calls =
            calls.len() == self.calls.len() && calls.iter().zip(&self.calls).all(|(a, b)| Arc::ptr_eq(a, b));
        let same_log = match (logged, &self.logged) {
            (Some(now), Some(then)) => Arc::ptr_eq(now, then),
            (None, None) => true,
            _ => false,
        };
        if same_calls && same_log {
            return;
        }
        // What this dashboard changed it knows better, but a call of it in the trail is told by the log's line all the same.
        let all = logged.map_or(&[][..], |logged| logged);
        let own = all.iter().filter(|one| one.session.as_deref() == Some(&world.session));
        let own: HashSet<&str> = own.map(|one| one.id.as_str()).collect();
        let deeds = gather(all, calls.iter().flat_map(|rows| rows.iter().map(AsRef::as_ref)));
        self.deeds = deeds.into_iter().filter(|deed| !own.contains(deed.id.as_str())).map(Arc::new).collect();
        (self.logged, self.calls) = (logged.cloned(), calls);
    }
}

fn own(entry: &Activity) -> Deed {
    Deed {
        id: entry.ticket.to_string(),
        at: entry.at,
        scope: entry.scope.clone(),
        who: YOU.to_owned(),
        by: HERE.to_owned(),
        summary: entry.summary.clone(),
        operations: entry.operations.clone(),
        outcome: entry.outcome.clone(),
        request: String::new(),
        caller: String::new(),
    }
}
