//! What is told of a backup policy of the organization.

use super::Attribute;
use crate::domain::extension::PolicyView;
use crate::domain::value::Value;

/// Its name.
pub const NAME: Attribute<PolicyView> = Attribute::text("POLICY", "Name", |record| (&record.name).into());
/// Its id.
pub const ID: Attribute<PolicyView> = Attribute::text("ID", "PolicyId", |record| (&record.policy_id).into());
/// What it is for.
pub const DESCRIPTION: Attribute<PolicyView> =
    Attribute::text("DESCRIPTION", "Description", |record| (&record.description).into());
/// What it is attached to, by name and id.
pub const TARGETS: Attribute<PolicyView> = Attribute::text("ATTACHED TO", "Targets", |record| {
    let targets: Vec<String> =
        record.targets.iter().map(|target| format!("{} ({})", target.name, target.target_id)).collect();
    Value::Text(targets.join(", ").into())
});

/// What CSV tells, in this order; JSON tells the document as well.
pub const ALL: &[&Attribute<PolicyView>] = &[&NAME, &ID, &TARGETS, &DESCRIPTION];
