//! Which metrics there are: `ListMetrics`.

use super::{Series, rows};
use crate::engine::Engine;
use crate::engine::caller::Caller;
use crate::engine::catalog::paging::{self, Digest};
use crate::engine::error::Result;
use crate::engine::page::{Page, PageRequest};
use chrono::Duration;
use std::collections::BTreeSet;

/// How many a page has.
const PAGE: i64 = 500;

/// Which metrics are listed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListRequest {
    /// Of this name.
    pub name: Option<String>,
    /// Those with the dimension of the vault's name; inside, of this one.
    pub vault: Option<Option<String>>,
    /// Those with the dimension of the resource type; inside, of this one.
    pub resource_type: Option<Option<String>>,
    /// Only those with data of the last three hours. Those with none for two weeks are never listed.
    pub recent: bool,
    /// The token of the page before.
    pub next_token: Option<String>,
}

/// A page of metrics.
pub type Listed = Page<Series>;

impl Engine {
    /// The metrics of the caller's account and region: each by itself, by vault, by type, and by both.
    pub fn metrics(&self, caller: &Caller, request: &ListRequest) -> Result<Listed> {
        let mut digest = Digest::of("metrics");
        digest.add(&(&request.name, &request.vault, &request.resource_type, request.recent));
        let since = self.now() - if request.recent { Duration::hours(3) } else { Duration::days(14) };
        let scope = caller.scope();
        let found = self.catalog.read(|connection| rows::active(connection, &scope, request.name.as_deref(), since))?;
        let all: BTreeSet<Series> =
            found.into_iter().flat_map(combined).filter(|series| fits(series, request)).collect();
        let page = PageRequest { max_results: Some(PAGE), next_token: request.next_token.clone() };
        paging::page_of(all.into_iter().collect(), &digest.finish(), &page)
    }
}

/// The combinations of dimensions under which one vault's count of one type is published.
fn combined(series: Series) -> [Series; 4] {
    let Series { name, vault, resource_type } = series;
    let of = |vault: Option<&String>, resource_type: Option<&String>| Series {
        name: name.clone(),
        vault: vault.cloned(),
        resource_type: resource_type.cloned(),
    };
    [
        of(None, None),
        of(vault.as_ref(), None),
        of(None, resource_type.as_ref()),
        of(vault.as_ref(), resource_type.as_ref()),
    ]
}

fn fits(series: &Series, request: &ListRequest) -> bool {
    let has = |wanted: &Option<Option<String>>, value: &Option<String>| match wanted {
        None => true,
        Some(None) => value.is_some(),
        Some(wanted) => wanted == value,
    };
    has(&request.vault, &series.vault) && has(&request.resource_type, &series.resource_type)
}
