//! Copy jobs: no operation of this engine makes one yet, so their list is truly empty. A wrong question is still told so.

use crate::domain::job::CopyJob;
use crate::engine::Engine;
use crate::engine::authorize::boundary;
use crate::engine::caller::Caller;
use crate::engine::catalog::paging;
use crate::engine::error::Result;
use crate::engine::page::{Page, PageRequest, check_one_of};

/// The states of a copy job that the API knows.
const STATES: [&str; 5] = ["CREATED", "RUNNING", "COMPLETED", "FAILED", "PARTIAL"];

/// The filters of ListCopyJobs that can be wrong; the list itself is truly empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CopyJobFilter {
    /// Of this account; `*` for all, both for the management account only.
    pub account_id: Option<String>,
    /// In this state.
    pub state: Option<String>,
}

impl Engine {
    /// ListCopyJobs.
    pub fn list_copy_jobs(&self, caller: &Caller, filter: &CopyJobFilter, page: &PageRequest) -> Result<Page<CopyJob>> {
        boundary::job_accounts(caller, filter.account_id.as_deref())?;
        check_one_of("State", filter.state.as_deref(), &STATES)?;
        paging::page_of(Vec::new(), "copy-jobs", page)
    }
}
