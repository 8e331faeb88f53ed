//! Where the findings are that a user has muted.

use super::Session;
use crate::client::connect::Connection;
use crate::client::mutes::MutesFile;

/// The file, and in it the part of the connection's context; `who` names who mutes.
pub(super) fn mutes(session: &Session, connection: &Connection, who: &str) -> MutesFile {
    let is_local = connection.is_local();
    let context = if is_local { session.data_dir.display().to_string() } else { connection.label() };
    MutesFile::new(session.places.state_dir.join("mutes.json"), context, who)
}
