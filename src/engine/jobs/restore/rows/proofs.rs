//! What restore tests found, beside their jobs.

use crate::domain::Arn;
use crate::domain::job::{JobState, Validation};
use crate::domain::names::JobId;
use crate::domain::proof::{Check, Proof};
use crate::engine::catalog::query;
use crate::engine::catalog::values::{Columns as _, to_json};
use crate::engine::error::Result;
use rusqlite::{Connection, Row};
use serde::{Deserialize, Serialize};

/// What a test found, as it is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Tested {
    /// What was compared.
    pub checks: Vec<Check>,
    /// How long the test took, in seconds.
    pub seconds: f64,
    /// Why what was restored for it could not be deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left: Option<String>,
}

impl Tested {
    /// The same, of a recovery point.
    pub fn proof(self, point: Arn) -> Proof {
        Proof::of(point, self.checks, self.seconds)
    }
}

/// What became of a job that is a test.
pub(super) fn validation(row: &Row<'_>) -> Result<Option<Validation>> {
    if !row.column::<bool>("is_test")? {
        return Ok(None);
    }
    let state = JobState::from(row.column::<String>("state")?.as_str());
    let begun =
        Validation { status: Validation::VALIDATING.to_owned(), message: None, deletion: None, deletion_message: None };
    let tested: Option<Tested> = row.json_option("proof")?;
    let Some(tested) = tested else { return Ok((state == JobState::Running).then_some(begun)) };
    let Tested { checks, left, .. } = tested;
    let faults: Vec<String> = checks.iter().filter(|check| !check.holds()).map(ToString::to_string).collect();
    let is_proven = faults.is_empty() && !checks.is_empty();
    let word = |good: bool| if good { Validation::SUCCESSFUL } else { Validation::FAILED }.to_owned();
    Ok(Some(Validation {
        status: word(is_proven),
        message: (!is_proven).then(|| faults.join("; ")),
        deletion: Some(word(left.is_none())),
        deletion_message: left,
    }))
}

/// What a test found; nothing of jobs that are none, and of tests that found nothing.
pub fn get(connection: &Connection, id: &JobId) -> Result<Option<Tested>> {
    let sql = "SELECT proof FROM restore_jobs WHERE id = ?1";
    Ok(query::first(connection, sql, [id.as_str()], |row| row.json_option("proof"))?.flatten())
}

/// A test has found this.
pub fn set_proof(connection: &Connection, id: &JobId, tested: &Tested) -> Result<()> {
    connection
        .prepare_cached("UPDATE restore_jobs SET proof = ?2 WHERE id = ?1")?
        .execute([id.as_str(), &to_json(tested)?])?;
    Ok(())
}
