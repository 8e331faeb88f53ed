//! EBS volumes.

use crate::domain::types::facts::{ArnForm, TypeFacts};
use crate::domain::types::keys::Kind::{Bool, Choice, Number, Text};
use crate::domain::types::keys::{KeyFact, may, must};

/// What is known of the type.
pub static FACTS: TypeFacts = TypeFacts {
    arns: &[ArnForm { service: "ec2", resource: "volume/*" }],
    tagged_as: &["ec2:volume"],
    restore_keys: KEYS,
    can_go_cold: true,
    ..TypeFacts::named("EBS")
};

const KEYS: &[KeyFact] = &[
    must("availabilityZone", Text, "the zone of the new volume"),
    may("volumeType", Choice(&["gp2", "gp3", "io1", "io2", "st1", "sc1"]), "the volume's type"),
    may("volumeSize", Number, "its size in GiB"),
    may("iops", Number, "operations per second"),
    may("throughput", Number, "MiB per second"),
    may("encrypted", Bool, "whether it is encrypted"),
    may("kmsKeyId", Text, "the key"),
    may("temporaryRestoreDays", Number, "days, of an archived snapshot"),
    may("volumeId", Text, "for information"),
];
