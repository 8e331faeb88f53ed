//! Neptune clusters. Their ARNs look like those of Aurora, which is taken where only the ARN is known.

use crate::domain::types::documentdb;
use crate::domain::types::facts::{ArnForm, TypeFacts};

/// What is known of the type.
pub static FACTS: TypeFacts = TypeFacts {
    arns: &[ArnForm { service: "rds", resource: "cluster:*" }],
    restore_keys: documentdb::KEYS,
    can_stop: false,
    ..TypeFacts::named("Neptune")
};
