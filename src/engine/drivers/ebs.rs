//! EBS: a volume is a raw image file, a block device of this machine, or an export of an NBD server.

use crate::domain::proof::Check;
use crate::domain::types::ebs::{self, FACTS};
use crate::domain::types::location::Location;
use crate::domain::types::{Metadata, TypeFacts};
use crate::domain::{Arn, PointDetails};
use crate::engine::drivers::{
    BackupCx, Browse, Driver, Fault, Mark, ProbeCx, Probed, Proof, ProofCx, RestoreAsk, RestoreCx, RestorePlan, Source,
    Target, volume,
};
use std::collections::BTreeMap;
use std::path::Path;

/// The driver of EBS volumes.
pub struct Ebs;

impl Driver for Ebs {
    fn facts(&self) -> &'static TypeFacts {
        &FACTS
    }

    fn probe(&self, cx: &ProbeCx<'_>) -> Result<Probed, Fault> {
        volume::probe(cx)
    }

    fn told(&self, mark: &Mark) -> BTreeMap<String, String> {
        volume::told(mark)
    }

    fn new_id(&self, _: &str, _: &Location) -> Result<String, Fault> {
        volume::new_id()
    }

    fn source(&self, cx: &BackupCx<'_>) -> Result<Box<dyn Source>, Fault> {
        volume::source(cx)
    }

    fn proposal(&self, resource: &Arn, _: &PointDetails) -> Metadata {
        let proposed = [
            ("availabilityZone", format!("{}a", resource.region())),
            ("encrypted", "false".to_owned()),
            ("volumeId", resource.last_part().to_owned()),
        ];
        proposed.map(|(key, value)| (key.to_owned(), value)).into()
    }

    fn plan(&self, ask: &RestoreAsk<'_>) -> Result<RestorePlan, Fault> {
        let restore = ebs::read(ask.metadata)?;
        ebs::supported_by_engine(ask.metadata)?;
        let id = volume::new_id()?;
        volume::plan(ask, &restore, &id, id.clone())
    }

    fn target<'a>(&self, cx: &RestoreCx<'a>) -> Result<Box<dyn Target + 'a>, Fault> {
        volume::target(cx, ebs::read(cx.metadata)?)
    }

    fn proof(&self, _: &PointDetails) -> Option<&dyn Proof> {
        Some(self)
    }

    fn browse(&self) -> Option<&dyn Browse> {
        Some(&volume::FilesOfVolume)
    }
}

impl Proof for Ebs {
    fn place(&self, scratch: &Path) -> Location {
        volume::scratch_place(scratch)
    }

    fn target<'a>(&self, cx: &RestoreCx<'a>) -> Result<Box<dyn Target + 'a>, Fault> {
        volume::target(cx, ebs::read(cx.metadata)?)
    }

    fn prove(&self, cx: &ProofCx<'_>) -> Result<Vec<Check>, Fault> {
        volume::prove(cx)
    }
}
