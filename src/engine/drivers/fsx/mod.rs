//! FSx: a file system, or a volume of ONTAP, is a folder of this machine.
//!
//! A recovery point holds the folder's tree at the folder's own path, with all extended attributes: those in which Samba keeps what
//! Windows asks of a file (`security.NTACL`, `user.DOSATTRIB`, streams) among them. Of which kind it is, is said beside it.
//! `--snapshot` is as for EFS.

mod target;
#[cfg(test)]
mod tests;

use crate::domain::proof::Check;
use crate::domain::types::fsx::{FACTS, FsxKind, TYPE_KEY, engine_proposal};
use crate::domain::types::location::{Location, Part};
use crate::domain::types::{Metadata, TypeFacts};
use crate::domain::{Arn, Invalid, PointDetails};
use crate::engine::drivers::{
    BackupCx, Driver, Fault, ProbeCx, Probed, Proof, ProofCx, RestoreAsk, RestoreCx, RestorePlan, Source, Target,
    folder, proof,
};

/// The driver of folders that stand for FSx.
pub struct Fsx;

impl Driver for Fsx {
    fn facts(&self) -> &'static TypeFacts {
        &FACTS
    }

    fn probe(&self, cx: &ProbeCx<'_>) -> Result<Probed, Fault> {
        let kind = kind_of(cx.at)?;
        let Probed { location, mark } = folder::probe(cx)?;
        Ok(Probed { location: location.with(Part::Kind, Some(kind.as_str())), mark })
    }

    /// `fs-…`, and for ONTAP `fs-…/fsvol-…`, with 17 hexadecimal digits each, as AWS's.
    fn new_id(&self, _: &str, at: &Location) -> Result<String, Fault> {
        new_id(kind_of(at)?)
    }

    fn source(&self, cx: &BackupCx<'_>) -> Result<Box<dyn Source>, Fault> {
        let kind = kind_of(&cx.of.resource.location)?;
        folder::source::open(cx, [(TYPE_KEY.to_owned(), kind.as_str().to_owned())].into())
    }

    fn proposal(&self, resource: &Arn, details: &PointDetails) -> Metadata {
        engine_proposal(resource, kind_in(details))
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

impl Proof for Fsx {
    fn target<'a>(&self, cx: &RestoreCx<'a>) -> Result<Box<dyn Target + 'a>, Fault> {
        target::open(cx)
    }

    fn prove(&self, cx: &ProofCx<'_>) -> Result<Vec<Check>, Fault> {
        proof::compare(cx, "files, folders and links")
    }
}

fn new_id(kind: FsxKind) -> Result<String, Fault> {
    let file_system = folder::new_id("fs")?;
    match kind {
        FsxKind::Ontap => Ok(format!("{file_system}/{}", folder::new_id("fsvol")?)),
        FsxKind::Lustre | FsxKind::Windows | FsxKind::OpenZfs => Ok(file_system),
    }
}

/// The kind that a location says.
fn kind_of(location: &Location) -> Result<FsxKind, Invalid> {
    let text = location.part(Part::Kind).ok_or_else(|| Invalid::missing("Kind"))?;
    let names = || FsxKind::ALL.map(FsxKind::as_str).join(", ");
    FsxKind::named(text)
        .ok_or_else(|| Invalid::value("Kind", format_args!("must be one of {}, it is {text:?}", names())))
}

/// The kind that was said of a recovery point.
fn kind_in(details: &PointDetails) -> Option<FsxKind> {
    details.get(TYPE_KEY).and_then(|text| FsxKind::named(text))
}
