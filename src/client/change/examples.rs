//! What the examples of several changes share.

use crate::domain::{Arn, Tags};

pub(super) fn tags() -> Tags {
    [("env".to_owned(), "it's prod".to_owned()), ("team".to_owned(), String::new())].into()
}

pub(super) fn recovery_point() -> Arn {
    "arn:aws:backup:us-east-1:123456789012:recovery-point:1eb3b5e7-9eb0-435a-a80b-108b488b0d45".parse().unwrap()
}
