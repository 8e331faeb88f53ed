//! `vaultdeck demo`: the sample organization.

use super::Session;
use super::arguments::DemoOptions;
use super::failure::{Exit, Failure};

pub(super) async fn run(_session: &Session, _options: &DemoOptions) -> Result<Exit, Failure> {
    Err(Failure::failed("the demo is not built yet"))
}
