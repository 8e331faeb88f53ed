//! Access policies of vaults.

use crate::server::call::{Answer, Call};
use crate::server::failure::Failure;
use serde_json::json;

/// PutBackupVaultAccessPolicy.
pub(super) fn put(call: &Call<'_>) -> Answer {
    let mut body = call.body()?;
    let policy = body.string("Policy")?.ok_or_else(|| Failure::missing("Policy"))?;
    body.finish()?;
    call.engine.put_vault_access_policy(call.caller, call.segment(0), &policy)?;
    call.done()
}

/// GetBackupVaultAccessPolicy: the text, as it was put.
pub(super) fn get(call: &Call<'_>) -> Answer {
    call.nothing_else()?;
    let (vault, policy) = call.engine.vault_access_policy(call.caller, call.segment(0))?;
    let arn = vault.arn.as_str();
    call.answer(&json!({ "BackupVaultName": vault.name, "BackupVaultArn": arn, "Policy": policy }))
}

/// DeleteBackupVaultAccessPolicy.
pub(super) fn delete(call: &Call<'_>) -> Answer {
    call.nothing_else()?;
    call.engine.delete_vault_access_policy(call.caller, call.segment(0))?;
    call.done()
}
