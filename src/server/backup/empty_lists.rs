//! Lists of things that nothing here can make. They are truly empty, and a wrong question is told all the same.

use super::summaries;
use crate::domain::AccountId;
use crate::engine::catalog::paging::page_of;
use crate::server::call::{Answer, Call, arn};
use crate::server::failure::Failure;
use crate::server::query::Query;
use serde_json::json;

/// What a filter's value must be.
#[derive(Clone, Copy)]
enum Filter {
    Text,
    Time,
    Arn,
    /// An account's id, or one of the words by which summaries mean all.
    Account,
    OneOf(&'static [&'static str]),
}
use Filter::{Account, Arn, OneOf, Text, Time};

struct List {
    operation: &'static str,
    /// The member of the answer that holds the rows.
    member: &'static str,
    /// Beside the two of paging.
    filters: &'static [(&'static str, Filter)],
}

/// All of them, with the filters of AWS's model.
#[rustfmt::skip]
const LISTS: [List; 12] = [
    List { operation: "ListBackupAccessPoints", member: "BackupAccessPoints", filters: &[] },
    List { operation: "ListBackupAccessPointsByRecoveryPoint", member: "BackupAccessPoints", filters: &[] },
    List { operation: "ListBackupAccessPointsByResource", member: "BackupAccessPoints", filters: &[] },
    List { operation: "ListBackupPlanTemplates", member: "BackupPlanTemplatesList", filters: &[] },
    List { operation: "ListFrameworks", member: "Frameworks", filters: &[] },
    List { operation: "ListIndexedRecoveryPoints", member: "IndexedRecoveryPoints", filters: &[("sourceResourceArn", Arn), ("createdBefore", Time), ("createdAfter", Time), ("resourceType", Text), ("indexStatus", OneOf(&["PENDING", "ACTIVE", "FAILED", "DELETING"]))] },
    List { operation: "ListReportJobs", member: "ReportJobs", filters: &[("ReportPlanName", Text), ("CreationBefore", Time), ("CreationAfter", Time), ("Status", Text)] },
    List { operation: "ListReportPlans", member: "ReportPlans", filters: &[] },
    List { operation: "ListRestoreTestingPlans", member: "RestoreTestingPlans", filters: &[] },
    List { operation: "ListScanJobSummaries", member: "ScanJobSummaries", filters: &[("AccountId", Account), ("ResourceType", Text), ("MalwareScanner", OneOf(&["GUARDDUTY"])), ("ScanResultStatus", OneOf(&["NO_THREATS_FOUND", "THREATS_FOUND", "UNKNOWN"])), ("State", OneOf(&["CREATED", "COMPLETED", "COMPLETED_WITH_ISSUES", "RUNNING", "FAILED", "CANCELED", "AGGREGATE_ALL", "ANY"])), ("AggregationPeriod", OneOf(&["ONE_DAY", "SEVEN_DAYS", "FOURTEEN_DAYS"]))] },
    List { operation: "ListScanJobs", member: "ScanJobs", filters: &[("ByAccountId", Text), ("ByBackupVaultName", Text), ("ByCompleteAfter", Time), ("ByCompleteBefore", Time), ("ByMalwareScanner", OneOf(&["GUARDDUTY"])), ("ByRecoveryPointArn", Arn), ("ByResourceArn", Arn), ("ByResourceType", OneOf(&["EBS", "EC2", "S3"])), ("ByScanResultStatus", OneOf(&["NO_THREATS_FOUND", "THREATS_FOUND", "UNKNOWN"])), ("ByState", OneOf(&["CANCELED", "COMPLETED", "COMPLETED_WITH_ISSUES", "CREATED", "FAILED", "RUNNING"]))] },
    List { operation: "ListTieringConfigurations", member: "TieringConfigurations", filters: &[] },
];

/// The most rows that a page of access points may ask for; all other lists allow the usual number.
const ACCESS_POINTS: i64 = 100;

/// Answers any of these lists.
pub(super) fn answer(call: &Call<'_>) -> Answer {
    let Some(list) = LISTS.iter().find(|list| list.operation == call.operation.name) else {
        return super::not_built::refuse(call);
    };
    let mut query = call.query()?;
    for (name, filter) in list.filters {
        check(&mut query, name, *filter)?;
    }
    page(call, query)?;
    if call.operation.path.contains("{RecoveryPointArn}") || call.operation.path.contains("{ResourceArn}") {
        call.arn(0, "ResourceArn")?;
    }
    if list.operation == "ListScanJobSummaries" {
        return call.answer(&json!({ list.member: [], "AggregationPeriod": summaries::DEFAULT_PERIOD }));
    }
    call.answer(&json!({ list.member: [] }))
}

/// Checks the query of a list that has no filters.
pub(super) fn checked_page(call: &Call<'_>) -> Result<(), Failure> {
    page(call, call.query()?)
}

/// Checks the two parameters of paging, in the spelling that is there, and that nothing else is.
fn page(call: &Call<'_>, mut query: Query) -> Result<(), Failure> {
    let request = query.page_in_either_spelling()?;
    query.finish()?;
    if call.operation.name.starts_with("ListBackupAccessPoints") && request.max_results > Some(ACCESS_POINTS) {
        return Err(Failure::invalid(format!("Invalid MaxResults: must be between 1 and {ACCESS_POINTS}")));
    }
    page_of(Vec::<()>::new(), call.operation.name, &request)?;
    Ok(())
}

fn check(query: &mut Query, name: &str, filter: Filter) -> Result<(), Failure> {
    match filter {
        Text => drop(query.string(name)),
        Time => drop(query.time(name)?),
        Arn => drop(query.string(name).map(|text| arn(name, &text)).transpose()?),
        OneOf(known) => query.one_of(name, known)?,
        Account => match query.string(name) {
            Some(text) if !["ANY", "AGGREGATE_ALL"].contains(&text.as_str()) => drop(text.parse::<AccountId>()?),
            _ => {}
        },
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::backup::operations::OPERATIONS;

    #[test]
    fn every_empty_list_is_an_operation_that_only_reads() {
        for list in &LISTS {
            let operation = OPERATIONS.iter().find(|operation| operation.name == list.operation).unwrap();
            assert!(operation.name.starts_with("List") && operation.method != "PUT", "{}", list.operation);
        }
    }
}
