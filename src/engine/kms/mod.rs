//! KMS keys as AWS KMS has them, as far as vaults need them: made, named, disabled, enabled, deleted after some days.
//!
//! | the key is | backups, copies, restores, lists of files, checks | expiry, deletions, collection, scrub, moves to cold storage |
//! | --- | --- | --- |
//! | enabled | go | go |
//! | disabled | are refused, or fail as jobs, with the key's ARN and state | wait, and go on when it is enabled |
//! | pending deletion | the same | the same, and cancelling leaves it disabled, as in AWS |
//! | deleted | fail for good | recovery points can be deleted, unread, and then the vault |
//!
//! What the engine keeps of a vault's lock and legal holds is opened under a disabled key too: it protects all the same.
//!
//! A door is left open on purpose: a recovery key of the vault, made before, opens it with plain restic whatever becomes of
//! the KMS key. None is made while that key cannot be used.
//!
//! AWS KMS deletes a key whoever needs it. Here the deletion of a key is refused, and one that was scheduled is put off at its
//! day, as long as a vault under it is locked or has recovery points under a legal hold: both promise that nobody deletes
//! them, and without its key a recovery point is deleted.

pub(crate) mod deletion;
pub mod ops;
mod rows;
#[cfg(test)]
mod tests;
