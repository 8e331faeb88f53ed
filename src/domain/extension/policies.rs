//! Backup policies, for whoever owns the data directory.

use crate::domain::Time;
use serde::{Deserialize, Serialize};

/// A policy and what it is attached to; `GET /_vaultdeck/policies` answers `{"Policies": […]}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct PolicyView {
    /// Its id.
    pub policy_id: String,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Its document, as it was put.
    pub content: String,
    /// What it is attached to.
    pub targets: Vec<PolicyTargetView>,
}

/// Something that a policy is attached to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct PolicyTargetView {
    /// The id of a root, a unit or an account.
    pub target_id: String,
    /// Its name.
    pub name: String,
    /// `ROOT`, `ORGANIZATIONAL_UNIT` or `ACCOUNT`.
    pub r#type: String,
}

/// The answer of `GET /_vaultdeck/policies`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Policies {
    /// In the order in which they were made.
    pub policies: Vec<PolicyView>,
}

/// `POST /_vaultdeck/policies`: makes the policy of this name, or changes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct PutPolicy {
    /// Its name.
    pub name: String,
    /// What it is for; as before when absent.
    #[serde(default)]
    pub description: Option<String>,
    /// Its document.
    pub content: String,
}

/// `POST` and `DELETE /_vaultdeck/policies/POLICY/targets/TARGET`, and what came of [`PutPolicy`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct PolicyChanged {
    /// The policy as it is now.
    pub policy: PolicyView,
    /// Why plans that it speaks of are not made.
    pub problems: Vec<PolicyProblem>,
}

/// Why a plan is not made in an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct PolicyProblem {
    /// The account.
    pub account_id: String,
    /// AWS's code.
    pub error_code: String,
    /// Where, in what holds there.
    pub path_to_error: String,
    /// What is wrong.
    pub error_message: String,
}

/// What holds in an account; `GET /_vaultdeck/policies/effective/ACCOUNT`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct EffectivePolicyView {
    /// The account.
    pub account_id: String,
    /// The document, without operators, as a text.
    pub policy_content: String,
    /// When it last changed.
    pub last_updated_timestamp: Time,
    /// The plans that it makes.
    pub plans: Vec<PolicyPlanView>,
    /// Why others are not made.
    pub problems: Vec<PolicyProblem>,
}

/// A plan that a policy makes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct PolicyPlanView {
    /// Where.
    pub region: String,
    /// Its name.
    pub backup_plan_name: String,
    /// Its id.
    pub backup_plan_id: String,
}
