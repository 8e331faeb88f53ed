//! What things are and the rules that they obey: no I/O, no clock, no async.
//!
//! The names are AWS Backup's. The records ([`vault::Vault`], [`job::BackupJob`], [`recovery_point::RecoveryPoint`] …)
//! are what the engine keeps and what the dashboard shows; documents that travel in request bodies ([`plan::PlanDocument`],
//! [`selection::SelectionDocument`], [`lifecycle::Lifecycle`]) serialize with AWS's member names, so that there is one
//! type for each from the wire to the screen. The engine runs schedules, selections and lifecycles with the same
//! functions with which the dashboard previews them.

pub mod account;
pub mod air_gap;
pub mod arn;
pub mod backup_policy;
pub mod cause;
pub mod composite;
pub mod continuous;
pub mod copies;
pub mod damage;
pub mod day;
pub mod deed;
pub mod denial;
pub mod details;
pub mod due;
pub mod error;
pub mod event;
pub mod extension;
pub mod filter;
pub mod finding;
pub mod frequency;
pub mod job;
mod json;
pub mod kms;
pub mod known;
pub mod legal_hold;
pub mod lifecycle;
pub mod metric;
pub mod names;
pub mod notification;
pub mod organization;
pub mod pattern;
pub mod plan;
pub mod plan_rules;
pub mod plan_runs;
pub mod policy;
pub mod proof;
pub mod recovery_point;
pub mod region_names;
pub mod resource;
pub mod restore;
pub mod schedule;
pub mod secret;
pub mod selection;
pub mod selection_rules;
pub mod sharing;
pub mod sizes;
pub mod tags;
pub mod trail;
pub mod tree_ids;
pub mod types;
pub mod value;
pub mod vault;
pub mod vault_lock;

pub use account::{Account, AccountId, Region, Scope};
pub use arn::Arn;
pub use composite::Nesting;
pub use details::{Consistency, PointDetails};
pub use error::Invalid;
pub use known::Known;
pub use lifecycle::{CalculatedLifecycle, Lifecycle, Retention};
pub use names::{PlanId, PlanName, RuleName, SelectionId, SelectionName, VaultName};
pub use recovery_point::{KnownPoint, StorageClass};
pub use resource::Resource;
pub use secret::Secret;
pub use tree_ids::{ParentId, RootId, UnitId};
pub use types::ResourceType;
pub use vault_lock::VaultLock;

/// Time as the whole program keeps it.
pub type Time = chrono::DateTime<chrono::Utc>;

/// Tags of a resource, vault, plan or recovery point, sorted by key.
pub type Tags = std::collections::BTreeMap<String, String>;
