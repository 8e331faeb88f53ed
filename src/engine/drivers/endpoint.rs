//! Where a restore goes that makes something new at a service.

use crate::domain::Invalid;
use crate::engine::caller::RestoreRoots;
use crate::engine::drivers::{Fault, RestoreAsk};

/// The URL of the service that a restore writes to: what its metadata gives with `key`, else that of what was backed up, if this
/// is registered still.
pub(super) fn of_restore(
    ask: &RestoreAsk<'_>,
    key: &str,
    given: Option<&str>,
    of_source: Option<&str>,
) -> Result<String, Fault> {
    match (given, of_source) {
        (Some(given), source) => {
            stay(ask, key, "endpoint of what was backed up", given, source).map(|()| given.to_owned())
        }
        (None, Some(source)) => Ok(source.to_owned()),
        (None, None) => Err(wrong(key, "must be given, since what was backed up is not registered any more")),
    }
}

/// Refuses a restore that a caller over the network would have go elsewhere than to what was backed up: whoever names a server there
/// would be told its data and its password.
pub(super) fn stay(
    ask: &RestoreAsk<'_>,
    key: &str,
    what: &str,
    url: &str,
    of_source: Option<&str>,
) -> Result<(), Fault> {
    if matches!(ask.roots, RestoreRoots::Any) || of_source == Some(url) {
        return Ok(());
    }
    Err(wrong(key, &format!("over the network, restores go only to the {what}")))
}

fn wrong(key: &str, rule: &str) -> Fault {
    Fault::Invalid(Invalid::value(format!("Metadata.{key}"), rule))
}
