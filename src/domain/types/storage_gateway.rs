//! Storage Gateway volumes.

use crate::domain::types::ebs::{self, ITEMS, LOCATIONS, LOOKS, TO, VolumeRestore};
use crate::domain::types::facts::{ArnForm, TypeFacts};
use crate::domain::types::keys::Kind::{Number, Text};
use crate::domain::types::keys::{Asked, KeyFact, Metadata, may, must, refused, value};
use crate::domain::{Arn, Invalid, lifecycle::unsupported};

/// What is known of the type.
pub static FACTS: TypeFacts = TypeFacts {
    arns: &[ArnForm { service: "storagegateway", resource: "gateway/*/volume/*" }],
    point_id: Some(ebs::snapshot_id),
    noun: "gateway volume",
    tagged_as: &["storagegateway"],
    locations: LOCATIONS,
    looks: LOOKS,
    restore_keys: KEYS,
    also_restored_as: &["EBS"],
    check_restore: |metadata| read(metadata).map(drop),
    outcome: Some(ebs::outcome),
    is_tree_on_engine: true,
    refuses_tags: ebs::refuses_tags,
    ..TypeFacts::named("Storage Gateway")
};

const KEYS: &[KeyFact] = &[
    must("gatewayArn", Text, "the gateway that the new volume is of"),
    must("gatewayType", Text, "its type"),
    must("targetName", Text, "the iSCSI target's name").asked(Asked::ByAws),
    may("diskId", Text, "the disk, for stored volumes").asked(Asked::ByAws),
    may("volumeSizeInBytes", Number, "its size, if it is to be larger than what was backed up"),
    may("volumeSize", Number, "the size in GiB").asked(Asked::ByAws),
    may("kmsKey", Text, "the key").asked(Asked::ByAws),
    ITEMS,
    TO,
];

/// The form of a gateway's ARN.
const GATEWAY: ArnForm = ArnForm { service: "storagegateway", resource: "gateway/*" };

/// A restore of a recovery point of a gateway's volume, read from its metadata.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GatewayRestore {
    /// The id of the gateway that the new volume is of: `sgw-…`.
    pub gateway: String,
    /// The volume.
    pub volume: VolumeRestore,
}

/// Reads and checks the metadata of a restore of Storage Gateway.
pub fn read(metadata: &Metadata) -> Result<GatewayRestore, Invalid> {
    FACTS.refuse_unknown_keys(metadata)?;
    FACTS.check_keys(metadata)?;
    let text = value(metadata, "gatewayArn").unwrap_or_default();
    let gateway = text.parse::<Arn>().ok().filter(|arn| GATEWAY.fits(arn) && arn.scope().is_some());
    let gateway = gateway.ok_or_else(|| {
        let form = "arn:aws:storagegateway:REGION:ACCOUNT:gateway/sgw-…";
        refused("gatewayArn", format_args!("gatewayArn must have the form {form}, it is {text:?}"))
    })?;
    let (bytes, gib) = (ebs::size(metadata, "volumeSizeInBytes", 1)?, ebs::size(metadata, "volumeSize", 1 << 30)?);
    if bytes.is_some() && gib.is_some() {
        return Err(refused("volumeSize", "volumeSize and volumeSizeInBytes exclude each other"));
    }
    let (path, items) = (ebs::path(metadata), ebs::items(metadata)?);
    let volume = VolumeRestore { path, items, size: bytes.or(gib) }.checked()?;
    Ok(GatewayRestore { gateway: gateway.last_part().to_owned(), volume })
}

/// Refuses by name what AWS would do and an engine does not.
pub fn supported_by_engine(metadata: &Metadata) -> Result<(), Invalid> {
    let given = |name: &&str| value(metadata, name).is_some_and(|text| !text.is_empty());
    ["diskId", "kmsKey"].into_iter().find(given).map_or(Ok(()), |name| Err(unsupported(name)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::types::keys::key_of;

    fn metadata(pairs: &[(&str, &str)]) -> Metadata {
        [
            ("gatewayArn", "arn:aws:storagegateway:us-east-1:123456789012:gateway/sgw-12A3456B"),
            ("gatewayType", "BACKUP_VM"),
            ("targetName", "restored"),
        ]
        .iter()
        .chain(pairs)
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect()
    }

    #[test]
    fn a_restore_names_the_gateway_of_the_new_volume() {
        let restore = read(&metadata(&[("volumeSizeInBytes", "1073741824")])).unwrap();
        assert_eq!(
            (restore.gateway.as_str(), restore.volume.size),
            ("sgw-12A3456B", Some(("volumeSizeInBytes", 1 << 30)))
        );
        for (key, wrong) in [
            ("gatewayArn", "sgw-1"),
            ("gatewayArn", "arn:aws:storagegateway:us-east-1:123456789012:gateway/sgw-1/volume/vol-1"),
            ("gatewayArn", "arn:aws:ec2:us-east-1:123456789012:gateway/sgw-1"),
            ("volumeSizeInBytes", "0"),
        ] {
            assert_eq!(key_of(&read(&metadata(&[(key, wrong)])).unwrap_err()), Some(key), "{wrong}");
        }
        assert!(read(&metadata(&[("volumeSizeInBytes", "1"), ("volumeSize", "1")])).is_err());
    }

    #[test]
    fn what_an_engine_does_not_do_is_refused_by_name() {
        assert_eq!(supported_by_engine(&metadata(&[])), Ok(()));
        for key in ["diskId", "kmsKey"] {
            assert!(supported_by_engine(&metadata(&[(key, "x")])).unwrap_err().message.contains(key));
        }
    }
}
