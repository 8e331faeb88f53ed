//! Storage Gateway: a volume of a gateway is what an EBS volume is, and has a gateway besides. What its iSCSI target serves
//! is registered by the target's URL, or as the file or device that it is.

use crate::domain::proof::Check;
use crate::domain::types::location::Location;
use crate::domain::types::storage_gateway::{self, FACTS};
use crate::domain::types::{Metadata, TypeFacts};
use crate::domain::{Arn, PointDetails};
use crate::engine::drivers::{
    BackupCx, Browse, Driver, Fault, Mark, ProbeCx, Probed, Proof, ProofCx, RestoreAsk, RestoreCx, RestorePlan, Source,
    Target, volume,
};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::path::Path;

/// The driver of volumes of Storage Gateway.
pub struct StorageGateway;

impl Driver for StorageGateway {
    fn facts(&self) -> &'static TypeFacts {
        &FACTS
    }

    fn probe(&self, cx: &ProbeCx<'_>) -> Result<Probed, Fault> {
        volume::probe(cx)
    }

    fn told(&self, mark: &Mark) -> BTreeMap<String, String> {
        volume::told(mark)
    }

    /// Volumes of one folder, or of one server, are one gateway's.
    fn new_id(&self, _: &str, at: &Location) -> Result<String, Fault> {
        let place =
            at.path().and_then(Path::parent).map_or_else(|| server(&at.to_string()), |at| at.display().to_string());
        let gateway = hex::encode_upper(&Sha256::digest(place.as_bytes())[..4]);
        Ok(id(&format!("sgw-{gateway}"), &volume::new_id()?))
    }

    fn source(&self, cx: &BackupCx<'_>) -> Result<Box<dyn Source>, Fault> {
        volume::source(cx)
    }

    fn proposal(&self, resource: &Arn, _: &PointDetails) -> Metadata {
        let gateway = resource.as_str().split_once("/volume/").map_or(resource.as_str(), |(gateway, _)| gateway);
        let volume = resource.last_part();
        let proposed = [
            ("gatewayArn", gateway.to_owned()),
            ("gatewayType", "BACKUP_VM".to_owned()),
            ("targetName", format!("restored-{volume}")),
        ];
        proposed.map(|(key, value)| (key.to_owned(), value)).into()
    }

    fn plan(&self, ask: &RestoreAsk<'_>) -> Result<RestorePlan, Fault> {
        let restore = storage_gateway::read(ask.metadata)?;
        storage_gateway::supported_by_engine(ask.metadata)?;
        let volume = volume::new_id()?;
        let made = id(&restore.gateway, &volume);
        volume::plan(ask, &restore.volume, &volume, made)
    }

    fn target<'a>(&self, cx: &RestoreCx<'a>) -> Result<Box<dyn Target + 'a>, Fault> {
        volume::target(cx, storage_gateway::read(cx.metadata)?.volume)
    }

    fn proof(&self, _: &PointDetails) -> Option<&dyn Proof> {
        Some(self)
    }

    fn browse(&self) -> Option<&dyn Browse> {
        Some(&volume::FilesOfVolume)
    }
}

impl Proof for StorageGateway {
    fn place(&self, scratch: &Path) -> Location {
        volume::scratch_place(scratch)
    }

    fn target<'a>(&self, cx: &RestoreCx<'a>) -> Result<Box<dyn Target + 'a>, Fault> {
        volume::target(cx, storage_gateway::read(cx.metadata)?.volume)
    }

    fn prove(&self, cx: &ProofCx<'_>) -> Result<Vec<Check>, Fault> {
        volume::prove(cx)
    }
}

/// What stands for the stars in the form of a volume's ARN.
fn id(gateway: &str, volume: &str) -> String {
    format!("{gateway}/{volume}")
}

/// All of a URL but the export.
fn server(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let server = rest.split('/').next().unwrap_or_default();
    // Not as whom it is asked.
    format!("{scheme}://{}", server.rsplit('@').next().unwrap_or_default())
}
