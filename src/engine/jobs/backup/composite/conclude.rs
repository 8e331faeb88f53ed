//! From child jobs to a composite recovery point: a document that says what it is made of.

use crate::domain::job::JobState;
use crate::domain::recovery_point::{RecoveryPoint, RecoveryPointStatus};
use crate::domain::{Arn, PointDetails};
use crate::engine::Engine;
use crate::engine::catalog::Connection;
use crate::engine::drivers::{Source, documents};
use crate::engine::error::{Error, Result};
use crate::engine::jobs::backup::composite::names;
use crate::engine::jobs::backup::rows::children::{self, Child};
use crate::engine::jobs::backup::rows::record::BackupRecord;
use crate::engine::points;
use serde_json::json;

/// Where the document lies in a snapshot.
const ROOT: &str = "/composite";

/// What it is called.
const DOCUMENT: &str = "composite.json";

/// What became of the children of a job.
pub(in crate::engine::jobs::backup) struct Outcome {
    document: Vec<u8>,
    nested: usize,
    /// Why the composite is only a part of what it should be.
    pub(in crate::engine::jobs::backup) partial: Option<String>,
}

/// Looks at the children, which are all over.
pub(in crate::engine::jobs::backup) fn look(engine: &Engine, record: &BackupRecord) -> Result<Outcome> {
    engine.catalog.read(|connection| {
        let all = children::of(connection, &record.job.id)?;
        let lacking = lacking(connection, record, &all)?;
        Ok(Outcome {
            document: document(record, &all)?,
            nested: all.len() - lacking.len(),
            partial: said(record, &all, &lacking),
        })
    })
}

/// Why the composite is only a part of what it should be, as of now.
pub(in crate::engine::jobs::backup) fn partial(
    connection: &Connection,
    record: &BackupRecord,
) -> Result<Option<String>> {
    let all = children::of(connection, &record.job.id)?;
    let lacking = lacking(connection, record, &all)?;
    Ok(said(record, &all, &lacking))
}

/// The children that have no recovery point in the composite.
fn lacking<'c>(connection: &Connection, record: &BackupRecord, all: &'c [Child]) -> Result<Vec<&'c Child>> {
    let mut lacking = Vec::new();
    for child in all {
        if !is_there(connection, record.job.recovery_point_arn.as_ref(), child)? {
            lacking.push(child);
        }
    }
    Ok(lacking)
}

/// What is missing, in words: children, and members that have none.
fn said(record: &BackupRecord, all: &[Child], lacking: &[&Child]) -> Option<String> {
    let names = || names(lacking.iter().copied());
    let missing = || format!("{} of {} nested recovery points are missing: {}", lacking.len(), all.len(), names());
    let missing = (!lacking.is_empty()).then(missing);
    let all: Vec<String> = missing.into_iter().chain(record.issue.clone()).collect();
    (!all.is_empty()).then(|| all.join(". "))
}

/// Whether a child completed, and its recovery point is whole and still belongs to the composite.
fn is_there(connection: &Connection, parent: Option<&Arn>, child: &Child) -> Result<bool> {
    if child.job.state != JobState::Completed {
        return Ok(false);
    }
    let arn = child.job.recovery_point_arn.as_ref();
    let point = arn.map_or(Ok(None), |arn| points::rows::get(connection, arn))?;
    let is_whole = |point: &RecoveryPoint| point.status == RecoveryPointStatus::Completed;
    Ok(point.filter(is_whole).is_some_and(|point| point.nesting.parent() == parent))
}

fn document(record: &BackupRecord, all: &[Child]) -> Result<Vec<u8>> {
    let nested = all.iter().map(|Child { job, member }| {
        let point = job.recovery_point_arn.as_ref().filter(|_| job.state == JobState::Completed);
        json!({
            "CompositeMemberIdentifier": member,
            "ResourceArn": job.resource_arn.as_str(),
            "ResourceName": job.resource_name,
            "ResourceType": job.resource_type.as_str(),
            "RecoveryPointArn": point.map(Arn::as_str),
            "State": job.state.as_str(),
        })
    });
    let document = json!({
        "ResourceArn": record.job.resource_arn.as_str(),
        "RecoveryPointArn": record.job.recovery_point_arn.as_ref().map(Arn::as_str),
        "NestedRecoveryPoints": nested.collect::<Vec<_>>(),
    });
    let text = serde_json::to_string_pretty(&document).map_err(|error| Error::Internal(error.to_string()))?;
    Ok(format!("{text}\n").into_bytes())
}

impl Outcome {
    /// What the composite recovery point is made of, as what a backup reads.
    pub(in crate::engine::jobs::backup) fn source(&self) -> Box<dyn Source> {
        let details = PointDetails::from([("NestedRecoveryPoints".to_owned(), self.nested.to_string())]);
        documents::source(ROOT, vec![(DOCUMENT.to_owned(), self.document.clone())], details)
    }
}
