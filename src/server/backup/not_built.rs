//! Operations of AWS Backup that this engine does not carry out.
//!
//! Lists of things that nothing here can make are truly empty and answer so. All else is refused by its name: nothing is
//! accepted that nothing carries out.

use crate::server::call::{Answer, Call};
use crate::server::failure::Failure;
use crate::server::query::Query;
use serde_json::json;

/// The lists of things that do not exist here, and the member of the answer that holds them.
const EMPTY_LISTS: [(&str, &str); 10] = [
    ("ListBackupAccessPoints", "BackupAccessPoints"),
    ("ListFrameworks", "Frameworks"),
    ("ListIndexedRecoveryPoints", "IndexedRecoveryPoints"),
    ("ListLegalHolds", "LegalHolds"),
    ("ListReportJobs", "ReportJobs"),
    ("ListReportPlans", "ReportPlans"),
    ("ListRestoreTestingPlans", "RestoreTestingPlans"),
    ("ListScanJobSummaries", "ScanJobSummaries"),
    ("ListScanJobs", "ScanJobs"),
    ("ListTieringConfigurations", "TieringConfigurations"),
];

/// Refuses by name.
pub(super) fn refuse(call: &Call<'_>) -> Answer {
    Err(Failure::refused(format!("{} is not supported by this engine", call.operation.name)))
}

/// A list of what cannot exist here: empty, whatever the filters.
pub(super) fn empty_list(call: &Call<'_>) -> Answer {
    Query::parse(call.query)?;
    match EMPTY_LISTS.iter().find(|(operation, _)| *operation == call.operation.name) {
        Some((_, member)) => call.answer(&json!({ *member: [] })),
        None => refuse(call),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::backup::operations::OPERATIONS;

    #[test]
    fn every_empty_list_is_an_operation_that_only_reads() {
        for (name, _) in EMPTY_LISTS {
            let operation = OPERATIONS.iter().find(|operation| operation.name == name).unwrap();
            assert_eq!(operation.method, "GET", "{name}");
        }
    }
}
