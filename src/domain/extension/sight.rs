//! What a resource looked like at a moment.

use crate::domain::{PointDetails, Time};
use serde::{Deserialize, Serialize};

/// `GET /_vaultdeck/recovery-points/{arn}/moment?at=TIME`: what a continuous recovery point tells of a moment that it can be
/// restored to, as far as that is cheap to say. Nothing of what was backed up is read for it but lists of names and sizes,
/// and no more than a bound of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Sight {
    /// The moment.
    pub at: Time,
    /// From when on the base can be restored with which a restore to the moment begins.
    pub base: Time,
    /// What there is to say of the resource at the base: how large it was, its databases.
    #[serde(default, skip_serializing_if = "PointDetails::is_empty")]
    pub at_base: PointDetails,
    /// What there is to say of it at the moment: its objects, how much of a log is to be run through, the last change before.
    #[serde(default, skip_serializing_if = "PointDetails::is_empty")]
    pub details: PointDetails,
}
