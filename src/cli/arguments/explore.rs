//! `vaultdeck find`, `vaultdeck point diff` and `vaultdeck decode`.

use super::{ContextOptions, PlainFormat, RowOptions, ScopeOptions};
use clap::Args;

#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("where").required(true)))]
pub(in crate::cli) struct FindOptions {
    /// A glob of its name (`*.toml`), or with a slash of its path (`conf/**/*.toml`)
    pub(in crate::cli) name: String,
    /// In the recovery points of this resource, by its ARN, or on an engine by its name
    #[arg(long, group = "where", value_name = "RESOURCE")]
    pub(in crate::cli) resource: Option<String>,
    /// In all recovery points of this vault
    #[arg(long, group = "where", value_name = "NAME")]
    pub(in crate::cli) vault: Option<String>,
    /// NAME is a regular expression
    #[arg(long)]
    pub(in crate::cli) regex: bool,
    #[command(flatten)]
    pub(in crate::cli) scope: ScopeOptions,
    #[command(flatten)]
    pub(in crate::cli) place: ContextOptions,
    #[command(flatten)]
    pub(in crate::cli) rows: RowOptions,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct DiffOptions {
    /// The recovery point, by its ARN or the part behind its last colon
    pub(in crate::cli) point: String,
    /// The one that it is compared with [default: the one before it]
    #[arg(long, value_name = "POINT")]
    pub(in crate::cli) since: Option<String>,
    #[command(flatten)]
    pub(in crate::cli) scope: ScopeOptions,
    #[command(flatten)]
    pub(in crate::cli) place: ContextOptions,
    #[command(flatten)]
    pub(in crate::cli) rows: RowOptions,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct DecodeOptions {
    /// The message with whatever stands around it, or - for standard input
    pub(in crate::cli) message: String,
    #[command(flatten)]
    pub(in crate::cli) scope: ScopeOptions,
    #[command(flatten)]
    pub(in crate::cli) place: ContextOptions,
    /// How to print it
    #[arg(long, value_enum, default_value_t)]
    pub(in crate::cli) output: PlainFormat,
}
