//! `vaultdeck`: the dashboard.

use super::Session;
use super::arguments::DashboardOptions;
use super::failure::{Exit, Failure};

pub(super) async fn run(_session: &Session, _options: &DashboardOptions) -> Result<Exit, Failure> {
    Err(Failure::failed("the dashboard is not built yet"))
}
