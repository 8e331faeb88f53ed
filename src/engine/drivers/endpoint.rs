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
    let wrong = |rule: &str| Fault::Invalid(Invalid::value(format!("Metadata.{key}"), rule));
    match (given, of_source) {
        (Some(given), source) if matches!(ask.roots, RestoreRoots::Any) || source == Some(given) => {
            Ok(given.to_owned())
        }
        (Some(_), _) => Err(wrong("over the network, restores go only to the endpoint of what was backed up")),
        (None, Some(source)) => Ok(source.to_owned()),
        (None, None) => Err(wrong("must be given, since what was backed up is not registered any more")),
    }
}
