//! Whether backup policies are enabled, in what the engine remembers of itself.

use crate::engine::authorize::Permit;
use crate::engine::authorize::action::{DisablePolicyType, EnablePolicyType};
use crate::engine::catalog::state;
use crate::engine::error::Result;
use rusqlite::Connection;

/// Under which name it stands.
const ENABLED: &str = "backup-policies-enabled";

/// Whether they are.
pub fn is_enabled(connection: &Connection) -> Result<bool> {
    Ok(state::get(connection, ENABLED)?.as_deref() == Some("true"))
}

/// They are from now on.
pub fn enable(connection: &Connection, _permit: &Permit<'_, EnablePolicyType>) -> Result<()> {
    state::set(connection, ENABLED, "true")
}

/// They are not any more, and none is attached to anything.
pub fn disable(connection: &Connection, _permit: &Permit<'_, DisablePolicyType>) -> Result<()> {
    connection.prepare_cached("DELETE FROM policy_attachments")?.execute([])?;
    state::set(connection, ENABLED, "false")
}
