//! What the examples of several changes share.

use crate::domain::{Arn, Tags};

pub(super) fn tags() -> Tags {
    [("env".to_owned(), "it's prod".to_owned()), ("team".to_owned(), String::new())].into()
}

/// The id of a KMS key.
pub(super) const KEY: &str = "1234abcd-12ab-34cd-56ef-1234567890ab";

pub(super) fn recovery_point() -> Arn {
    "arn:aws:backup:us-east-1:123456789012:recovery-point:1eb3b5e7-9eb0-435a-a80b-108b488b0d45".parse().unwrap()
}
