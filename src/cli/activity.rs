//! `vaultdeck activity`: who changed what.

use super::Session;
use super::arguments::ListOptions;
use super::backup::audit_file;
use super::failure::{Exit, Failure};
use super::lists::{Found, open};
use super::output::Column;
use super::sieve::Known;
use crate::client::activity::gather;
use crate::client::attributes::deed;
use crate::client::audit::newest;
use crate::client::lists::Listed;
use std::sync::Arc;

const COLUMNS: [Column; 6] = [
    Column::of(&deed::WHEN),
    Column::of(&deed::RESULT),
    Column::of(&deed::WHO),
    Column::of(&deed::WHAT),
    Column::of(&deed::ACCOUNT),
    Column::of(&deed::WHY),
];

pub(super) async fn run(session: &Session, options: &ListOptions) -> Result<Exit, Failure> {
    let (sieve, reached) = open(session, Known::records(deed::ALL), options).await?;
    let within = options.within.within();
    // Who is behind a context is known once it has answered.
    let is_engine = reached.connection.home_scope().await.map(|_| reached.connection.capabilities().engine.is_some());
    let listed = match is_engine {
        Ok(true) => reached.connection.list_api_calls(&within).await,
        Ok(false) => Ok(Listed { rows: Vec::new(), faults: Vec::new() }),
        Err(fault) => Err(fault),
    };
    reached.close().await;
    let Listed { rows, faults } = listed?;
    let logged = newest(&audit_file(session)).map_err(|error| Failure::failed(error.to_string()))?;
    let mut deeds = gather(&logged, rows.iter().map(AsRef::as_ref));
    deeds.retain(|deed| within.takes(&deed.scope));
    let mut found = Found::default();
    found.add(Listed { rows: deeds.into_iter().map(Arc::new).collect(), faults }, deed::ALL);
    found.tell(&COLUMNS, &sieve, options)
}
