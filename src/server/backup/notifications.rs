//! Notifications of vaults.

use crate::server::call::{Answer, Call};
use crate::server::failure::Failure;
use serde_json::json;

/// PutBackupVaultNotifications.
pub(super) fn put(call: &Call<'_>) -> Answer {
    let mut body = call.body()?;
    let topic = body.required_string("SNSTopicArn")?;
    let events = body.strings("BackupVaultEvents")?.ok_or_else(|| Failure::missing("BackupVaultEvents"))?;
    body.finish()?;
    call.engine.put_vault_notifications(call.caller, call.segment(0), &topic, &events)?;
    call.done()
}

/// GetBackupVaultNotifications.
pub(super) fn get(call: &Call<'_>) -> Answer {
    call.nothing_else()?;
    let (vault, notifications) = call.engine.vault_notifications(call.caller, call.segment(0))?;
    call.answer(&json!({
        "BackupVaultName": vault.name,
        "BackupVaultArn": vault.arn.as_str(),
        "SNSTopicArn": notifications.topic.as_str(),
        "BackupVaultEvents": notifications.events,
    }))
}

/// DeleteBackupVaultNotifications.
pub(super) fn delete(call: &Call<'_>) -> Answer {
    call.nothing_else()?;
    call.engine.delete_vault_notifications(call.caller, call.segment(0))?;
    call.done()
}
