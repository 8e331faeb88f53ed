//! The ids of jobs.

use crate::domain::names::JobId;
use crate::engine::error::Result;

/// A new job's id, in AWS's form.
pub fn new_job_id() -> Result<JobId> {
    Ok(uuid::Uuid::new_v4().to_string().to_uppercase().parse()?)
}
