//! `vaultdeck demo`: the sample organization.

use super::Session;
use super::arguments::DemoOptions;
use super::failure::{Exit, Failure};

pub(super) async fn run(session: &Session, _options: &DemoOptions) -> Result<Exit, Failure> {
    let folder = if session.data_dir_named { &session.data_dir } else { &session.places.demo_dir };
    Err(Failure::failed(format!("the demo is not built yet; it would live in {}", folder.display())))
}
