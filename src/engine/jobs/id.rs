//! The ids of jobs.

use crate::domain::Time;
use crate::domain::names::JobId;
use crate::engine::catalog::ordered_id::ordered_id;
use crate::engine::error::Result;

/// The id of a job that is created at a time, in AWS's form.
pub fn new_job_id(created: Time) -> Result<JobId> {
    Ok(ordered_id(created).to_string().to_uppercase().parse()?)
}
