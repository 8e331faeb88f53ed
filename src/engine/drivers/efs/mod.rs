//! EFS: a file system is a folder of this machine.
//!
//! A recovery point holds the folder's tree at the folder's own path. With `--snapshot` it is a snapshot of the file system below
//! that is read; without one, a file that does not stay still while it is read is stored as it was read, and told.

mod target;
#[cfg(test)]
mod tests;

use crate::domain::proof::Check;
use crate::domain::types::efs::FACTS;
use crate::domain::types::location::Location;
use crate::domain::types::{Metadata, TypeFacts};
use crate::domain::{Arn, PointDetails};
use crate::engine::drivers::{
    BackupCx, Driver, Fault, ProbeCx, Probed, Proof, ProofCx, RestoreAsk, RestoreCx, RestorePlan, Source, Target,
    folder, proof,
};

/// The driver of folders.
pub struct Efs;

impl Driver for Efs {
    fn facts(&self) -> &'static TypeFacts {
        &FACTS
    }

    fn probe(&self, cx: &ProbeCx<'_>) -> Result<Probed, Fault> {
        folder::probe(cx)
    }

    /// `fs-` and 17 hexadecimal digits, as AWS's.
    fn new_id(&self, _: &str, _: &Location) -> Result<String, Fault> {
        folder::new_id("fs")
    }

    fn source(&self, cx: &BackupCx<'_>) -> Result<Box<dyn Source>, Fault> {
        folder::source::open(cx, PointDetails::new())
    }

    fn proposal(&self, resource: &Arn, _: &PointDetails) -> Metadata {
        let mut metadata: Metadata =
            FACTS.restore_keys.iter().filter_map(|key| Some((key.name.to_owned(), key.default?.to_owned()))).collect();
        let ours = [
            ("file-system-id", file_system_id(resource).to_owned()),
            ("newFileSystem", "true".to_owned()),
            // What a plain folder is; the table's defaults are those of AWS.
            ("Encrypted", "false".to_owned()),
            ("PerformanceMode", "generalPurpose".to_owned()),
            ("CreationToken", uuid::Uuid::new_v4().to_string()),
        ];
        metadata.extend(ours.map(|(key, value)| (key.to_owned(), value)));
        metadata
    }

    fn plan(&self, ask: &RestoreAsk<'_>) -> Result<RestorePlan, Fault> {
        target::plan(ask)
    }

    fn target<'a>(&self, cx: &RestoreCx<'a>) -> Result<Box<dyn Target + 'a>, Fault> {
        target::open(cx)
    }

    fn proof(&self, _: &PointDetails) -> Option<&dyn Proof> {
        Some(self)
    }
}

impl Proof for Efs {
    fn target<'a>(&self, cx: &RestoreCx<'a>) -> Result<Box<dyn Target + 'a>, Fault> {
        target::open(cx)
    }

    fn prove(&self, cx: &ProofCx<'_>) -> Result<Vec<Check>, Fault> {
        proof::compare(cx, "files, folders and links")
    }
}

/// `fs-…` of a file system's ARN.
fn file_system_id(arn: &Arn) -> &str {
    arn.resource().strip_prefix("file-system/").unwrap_or_else(|| arn.resource())
}
