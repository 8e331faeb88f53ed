//! The settings of the organization, in what the engine remembers of itself.

use crate::domain::Time;
use crate::engine::authorize::Permit;
use crate::engine::authorize::action::UpdateGlobalSettings;
use crate::engine::catalog::state;
use crate::engine::catalog::values::{millis, time};
use crate::engine::error::Result;
use rusqlite::Connection;
use std::collections::BTreeMap;

/// Under which name it stands when they were last changed.
const CHANGED: &str = "global-settings-changed";

fn name_of(setting: &str) -> String {
    format!("global-setting-{setting}")
}

/// The value of a setting, if it was ever set.
pub fn get(connection: &Connection, setting: &str) -> Result<Option<String>> {
    state::get(connection, &name_of(setting))
}

/// When any was last set.
pub fn changed(connection: &Connection) -> Result<Option<Time>> {
    let at = state::get(connection, CHANGED)?.and_then(|text| text.parse().ok());
    at.map(time).transpose()
}

/// Sets these; the others stay as they are.
pub fn set(
    connection: &Connection,
    _permit: &Permit<'_, UpdateGlobalSettings>,
    settings: &BTreeMap<String, String>,
    now: Time,
) -> Result<()> {
    for (setting, value) in settings {
        state::set(connection, &name_of(setting), value)?;
    }
    state::set(connection, CHANGED, &millis(now).to_string())
}
