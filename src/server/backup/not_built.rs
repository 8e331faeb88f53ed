//! Operations of AWS Backup that would change something and that this engine does not carry out: refused by name, for nothing
//! is accepted that nothing carries out.

use crate::server::call::{Answer, Call};
use crate::server::failure::Failure;

/// Refuses by name.
pub(super) fn refuse(call: &Call<'_>) -> Answer {
    Err(Failure::refused(format!("{} is not supported by this engine", call.operation.name)))
}
