//! `detail` of a new finding, which is no event of AWS: something that somebody should look at, found for the first time.

use crate::domain::finding::{Finding, Subject};
use serde::Serialize;

/// The members, in AWS's spelling of members.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FindingDetail<'a> {
    /// How bad it is: `CRITICAL` or `WARNING`.
    pub severity: &'static str,
    /// What kind, as `vaultdeck findings` names it.
    pub kind: &'static str,
    /// When it happened, or was due.
    pub found_at: String,
    /// What is wrong with what.
    pub title: &'a str,
    /// Why, as far as it is known.
    pub why: &'a str,
    /// What it is about: the id of a job or a plan, an ARN, or a name.
    pub subject: &'a str,
    /// By what rule it is found.
    pub rule: &'static str,
    /// The same however often it is found again, but another for another rule whose backups fail and for each restore: whoever
    /// gets it twice knows it by that and the event's id.
    pub key: String,
}

impl<'a> FindingDetail<'a> {
    /// The members of a finding.
    pub fn of(finding: &'a Finding) -> Self {
        Self {
            severity: finding.severity.as_str(),
            kind: finding.kind.name(),
            found_at: finding.at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true),
            title: &finding.title,
            why: &finding.detail,
            subject: finding.subject.as_str(),
            rule: finding.kind.rule(),
            key: finding.telling_key(),
        }
    }
}

/// The ARNs that a finding is about.
pub fn resources(finding: &Finding) -> Vec<&str> {
    match &finding.subject {
        Subject::RecoveryPoint { arn, .. } | Subject::Resource(arn) => vec![arn.as_str()],
        _ => Vec::new(),
    }
}
