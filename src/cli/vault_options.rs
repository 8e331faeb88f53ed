//! What `vault create` and `vault shares` take.

use super::change_options::ChangeOptions;
use super::format::PlainFormat;
use super::place::{ContextOptions, ScopeOptions};
use crate::domain::tags;
use clap::Args;

/// What `vault create` takes.
#[derive(Debug, Args)]
pub(super) struct CreateOptions {
    #[command(flatten)]
    pub(super) vault: ChangeOptions,
    /// Logically air-gapped: locked for good from the beginning, and shared with other accounts for restores alone
    #[arg(long, requires_all = ["min_days", "max_days"])]
    pub(super) air_gapped: bool,
    /// The shortest time for which anything is kept in it, 7 days at least; for good
    #[arg(long, value_name = "DAYS", requires = "air_gapped")]
    pub(super) min_days: Option<i64>,
    /// The longest time for which anything is kept in it; for good
    #[arg(long, value_name = "DAYS", requires = "air_gapped")]
    pub(super) max_days: Option<i64>,
    /// The KMS key that wraps its data key, by its ARN, for good; AWS Backup's own without
    #[arg(long, value_name = "ARN")]
    pub(super) key: Option<String>,
    /// A tag, may be given more than once
    #[arg(long = "tag", value_name = "KEY=VALUE", value_parser = tags::parse_pair)]
    pub(super) tags: Vec<(String, String)>,
}

/// What `vault shares` takes.
#[derive(Debug, Args)]
pub(super) struct SharesOptions {
    /// The vault
    pub(super) name: String,
    #[command(flatten)]
    pub(super) scope: ScopeOptions,
    #[command(flatten)]
    pub(super) place: ContextOptions,
    /// How to print them
    #[arg(long, value_enum, default_value_t)]
    pub(super) output: PlainFormat,
}
