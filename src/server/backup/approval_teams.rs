//! Restore-access vaults and the teams that approve them. A recovery account gets one when a team of AWS's multi-party approval
//! has said so, and here is no such team: what needs one is refused by that reason. Accounts of the organization restore from an
//! air-gapped vault that is shared with them.

use crate::server::call::{Answer, Call};
use crate::server::failure::Failure;

/// Refuses what an approval team would have to approve.
pub(super) fn refuse(call: &Call<'_>) -> Answer {
    Err(Failure::refused(format!(
        "{} is not supported by this engine: it needs a multi-party approval team, which this engine does not have. Share a \
         logically air-gapped vault with an account of the organization instead",
        call.operation.name
    )))
}
