//! From child jobs to a composite recovery point: a document that says what it is made of.

use crate::domain::job::JobState;
use crate::domain::recovery_point::{RecoveryPoint, RecoveryPointStatus};
use crate::domain::{Arn, PointDetails};
use crate::engine::catalog::Connection;
use crate::engine::drivers::{Source, documents};
use crate::engine::error::{Error, Result};
use crate::engine::jobs::composite::{Parent, names};
use crate::engine::jobs::outcome::Ending;
use crate::engine::jobs::rows::children::{self, Child};
use crate::engine::points;
use crate::engine::points::manifest::Manifest;
use serde_json::json;

/// Where the document lies in a snapshot.
const ROOT: &str = "/composite";

/// What it is called.
const DOCUMENT: &str = "composite.json";

/// What became of the children of a job.
pub(in crate::engine::jobs) struct Outcome {
    document: Vec<u8>,
    nested: usize,
    /// Why the composite is only a part of what it should be.
    pub(in crate::engine::jobs) partial: Option<String>,
}

/// Looks at the children, which are all over.
pub(in crate::engine::jobs) fn look(connection: &Connection, parent: &Parent<'_>) -> Result<Outcome> {
    let all = children::of(connection, parent.table, parent.id)?;
    let lacking = lacking(connection, parent, &all)?;
    Ok(Outcome {
        document: document(parent, &all)?,
        nested: all.len() - lacking.len(),
        partial: said(parent, &all, &lacking),
    })
}

/// The manifest of a composite that lacks something by now of which the one that is written says nothing: what is nested may
/// have been deleted, or taken out, since.
pub(in crate::engine::jobs) fn seen_now(
    connection: &Connection,
    parent: &Parent<'_>,
    written: &Manifest,
) -> Result<Option<Manifest>> {
    let all = children::of(connection, parent.table, parent.id)?;
    let lacking = lacking(connection, parent, &all)?;
    let unsaid = |why: &String| !written.partial || written.status_message.as_ref() != Some(why);
    Ok(said(parent, &all, &lacking).filter(unsaid).map(|why| partial(written.clone(), why)))
}

/// The manifest of a composite that lacks something.
pub(in crate::engine::jobs) fn partial(manifest: Manifest, why: String) -> Manifest {
    let Ending { category, message, .. } = Ending::partial(why);
    Manifest { partial: true, status_message: message, message_category: category.to_owned(), ..manifest }
}

/// The children that have no recovery point in the composite.
fn lacking<'c>(connection: &Connection, parent: &Parent<'_>, all: &'c [Child]) -> Result<Vec<&'c Child>> {
    let mut lacking = Vec::new();
    for child in all {
        if !is_there(connection, parent.point.as_ref(), child)? {
            lacking.push(child);
        }
    }
    Ok(lacking)
}

/// What is missing, in words: children, and members that have none.
fn said(parent: &Parent<'_>, all: &[Child], lacking: &[&Child]) -> Option<String> {
    let names = || names(lacking.iter().copied());
    let missing = || format!("{} of {} nested recovery points are missing: {}", lacking.len(), all.len(), names());
    let missing = (!lacking.is_empty()).then(missing);
    let all: Vec<String> = missing.into_iter().chain(parent.issue.clone()).collect();
    (!all.is_empty()).then(|| all.join(". "))
}

/// Whether a child completed, and its recovery point is whole and still belongs to the composite.
fn is_there(connection: &Connection, parent: Option<&Arn>, child: &Child) -> Result<bool> {
    if child.state != JobState::Completed {
        return Ok(false);
    }
    let point = child.point.as_ref().map_or(Ok(None), |arn| points::rows::get(connection, arn))?;
    let is_whole = |point: &RecoveryPoint| point.status == RecoveryPointStatus::Completed;
    Ok(point.filter(is_whole).is_some_and(|point| point.nesting.parent() == parent))
}

fn document(parent: &Parent<'_>, all: &[Child]) -> Result<Vec<u8>> {
    let nested = all.iter().map(|child| {
        let point = child.point.as_ref().filter(|_| child.state == JobState::Completed);
        json!({
            "CompositeMemberIdentifier": child.member,
            "ResourceArn": child.resource_arn.as_str(),
            "ResourceName": child.resource_name,
            "ResourceType": child.resource_type.as_str(),
            "RecoveryPointArn": point.map(Arn::as_str),
            "State": child.state.as_str(),
        })
    });
    let document = json!({
        "ResourceArn": parent.resource.as_str(),
        "RecoveryPointArn": parent.point.as_ref().map(Arn::as_str),
        "NestedRecoveryPoints": nested.collect::<Vec<_>>(),
    });
    let text = serde_json::to_string_pretty(&document).map_err(|error| Error::Internal(error.to_string()))?;
    Ok(format!("{text}\n").into_bytes())
}

impl Outcome {
    /// What the composite recovery point is made of, as what a backup reads.
    pub(in crate::engine::jobs) fn source(&self) -> Box<dyn Source> {
        let details = PointDetails::from([("NestedRecoveryPoints".to_owned(), self.nested.to_string())]);
        documents::source(ROOT, vec![(DOCUMENT.to_owned(), self.document.clone())], details)
    }
}
