//! Reads of things that nothing here can make: they answer what AWS answers where there is none, so that inventories go on.

use crate::engine::authorize::action;
use crate::server::call::{Answer, Call, arn};
use crate::server::failure::Failure;
use serde_json::json;

/// What each operation reads, in the words of the answer.
const WHAT: [(&str, &str); 10] = [
    ("DescribeBackupAccessPoint", "Backup access point"),
    ("DescribeFramework", "Framework"),
    ("DescribeReportJob", "Report job"),
    ("DescribeReportPlan", "Report plan"),
    ("DescribeScanJob", "Scan job"),
    ("GetBackupPlanFromTemplate", "Backup plan template"),
    ("GetRestoreTestingPlan", "Restore testing plan"),
    ("GetRestoreTestingSelection", "Restore testing plan"),
    ("GetTieringConfiguration", "Tiering configuration"),
    ("ListRestoreTestingSelections", "Restore testing plan"),
];

fn none_there(message: impl Into<String>) -> Failure {
    crate::engine::Error::not_found(message).into()
}

fn missing(call: &Call<'_>) -> Failure {
    let what =
        WHAT.iter().find(|(operation, _)| *operation == call.operation.name).map_or("Resource", |(_, what)| what);
    none_there(format!("{what} {} does not exist.", call.segment(0)))
}

/// A read of one thing by its name.
pub(super) fn absent(call: &Call<'_>) -> Answer {
    call.nothing_else()?;
    Err(missing(call))
}

/// A list of what belongs to such a thing.
pub(super) fn absent_list(call: &Call<'_>) -> Answer {
    super::empty_lists::checked_page(call)?;
    Err(missing(call))
}

/// ListRestoreAccessBackupVaults: a vault that is there has none.
pub(super) fn restore_access_vaults(call: &Call<'_>) -> Answer {
    super::empty_lists::checked_page(call)?;
    call.engine.look_at_vault(call.caller, action::ListRestoreAccessBackupVaults, call.segment(0))?;
    call.answer(&json!({ "RestoreAccessBackupVaults": [] }))
}

/// GetRecoveryPointIndexDetails.
pub(super) fn index_details(call: &Call<'_>) -> Answer {
    call.nothing_else()?;
    let arn = call.arn(1, "RecoveryPointArn")?;
    call.engine.look_at_recovery_point(call.caller, action::GetRecoveryPointIndexDetails, call.segment(0), &arn)?;
    Err(none_there(format!("Recovery point {arn} has no backup index.")))
}

/// GetPITRMalwareScanResults.
pub(super) fn scan_results(call: &Call<'_>) -> Answer {
    let mut query = call.query()?;
    let vault = query.required_string("BackupVaultName")?;
    let arn = arn("RecoveryPointArn", &query.required_string("RecoveryPointArn")?)?;
    query.time("ScanEndTime")?;
    query.one_of("MalwareScanner", &["GUARDDUTY"])?;
    query.finish()?;
    call.engine.look_at_recovery_point(call.caller, action::GetPITRMalwareScanResults, vault.as_str(), &arn)?;
    Err(none_there(format!("Recovery point {arn} was not scanned.")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::backup::operations::OPERATIONS;

    #[test]
    fn each_is_an_operation_that_only_reads() {
        for (name, _) in WHAT {
            let operation = OPERATIONS.iter().find(|operation| operation.name == name).unwrap();
            assert_eq!(operation.method, "GET", "{name}");
        }
    }
}
