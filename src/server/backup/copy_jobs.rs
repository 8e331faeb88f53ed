//! Copy jobs: none can be made yet, so their list is truly empty.

use crate::engine::CopyJobFilter;
use crate::server::call::{Answer, Call, arn};
use serde::Serialize;

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct List {
    copy_jobs: [(); 0],
}

/// ListCopyJobs. The filters are read all the same: a wrong one is an error, as anywhere.
pub(super) fn list(call: &Call<'_>) -> Answer {
    let mut query = call.query()?;
    let filter = CopyJobFilter { account_id: query.string("accountId"), state: query.string("state") };
    for (parameter, name) in [
        ("resourceArn", "ResourceArn"),
        ("destinationVaultArn", "DestinationVaultArn"),
        ("sourceRecoveryPointArn", "SourceRecoveryPointArn"),
    ] {
        query.string(parameter).map(|text| arn(name, &text)).transpose()?;
    }
    for parameter in ["createdBefore", "createdAfter", "completeBefore", "completeAfter"] {
        query.time(parameter)?;
    }
    for parameter in ["resourceType", "parentJobId", "messageCategory"] {
        query.string(parameter);
    }
    let page = query.camel_page()?;
    query.finish()?;
    call.engine.list_copy_jobs(call.caller, &filter, &page)?;
    call.answer(&List { copy_jobs: [] })
}
