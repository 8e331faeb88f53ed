//! S3 buckets.

use crate::domain::types::facts::{ArnForm, TypeFacts, never};
use crate::domain::types::keys::Kind::{Bool, Choice, List, Text, Time};
use crate::domain::types::keys::{Asked, KeyFact, may, must};

/// What is known of the type.
pub static FACTS: TypeFacts = TypeFacts {
    arns: &[ArnForm { service: "s3", resource: "*" }],
    tagged_as: &["s3"],
    restore_keys: KEYS,
    can_be_continuous: true,
    backup_options: &["BackupACLs", "BackupObjectTags"],
    refuses_tags: never,
    ..TypeFacts::named("S3")
};

const KEYS: &[KeyFact] = &[
    must("DestinationBucketName", Text, "the bucket; it must keep versions"),
    may("NewBucket", Bool, "whether it is made anew").or("true"),
    may("Encrypted", Bool, "whether objects are encrypted"),
    may("EncryptionType", Choice(&["original", "SSE-S3", "SSE-KMS"]), "how").or("SSE-S3"),
    may("KMSKey", Text, "the key, for SSE-KMS"),
    may("RestoreACLs", Bool, "whether access lists come back"),
    may("ItemsToRestore", List, "at most five prefixes or objects; all when empty").asked(Asked::Never),
    may("RestoreLatestVersionsUpTo", Text, "1, a number, or all"),
    may("RestoreTime", Time, "a moment; required for a continuous backup"),
];
