//! What `vaultdeck hold` takes.

use super::{ContextOptions, ListOptions, PlainFormat, ScopeOptions};
use crate::domain::legal_hold::{parse_begin, parse_end};
use crate::domain::{Time, tags};
use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum HoldCommand {
    /// Put a hold on recovery points that are there now, and print its id; without an option to choose by, on all
    Create(CreateOptions),
    /// List the holds, active and released
    List(ListOptions),
    /// Show a hold and the recovery points that are under it
    Show(ShowOptions),
    /// Release a hold: what has outlived its days is gone within 24 hours
    Cancel(CancelOptions),
}

#[derive(Debug, Args)]
pub(in crate::cli) struct CreateOptions {
    /// Its title
    #[arg(long)]
    pub(in crate::cli) title: String,
    /// What it is for
    #[arg(long)]
    pub(in crate::cli) description: String,
    /// Only what this vault holds; may be given more than once
    #[arg(long = "vault", value_name = "NAME")]
    pub(in crate::cli) vaults: Vec<String>,
    /// Only what is of this resource (its ARN) or of this type (EFS); may be given more than once
    #[arg(long = "resource", value_name = "ARN|TYPE")]
    pub(in crate::cli) resources: Vec<String>,
    /// Only what was created at this time or later, as 2026-01-31 or 2026-01-31T12:00:00Z
    #[arg(long, value_name = "TIME", value_parser = parse_begin, requires = "to")]
    pub(in crate::cli) from: Option<Time>,
    /// Only what was created at this time or earlier; a day counts to its end
    #[arg(long, value_name = "TIME", value_parser = parse_end, requires = "from")]
    pub(in crate::cli) to: Option<Time>,
    /// A tag of the hold, may be given more than once
    #[arg(long = "tag", value_name = "KEY=VALUE", value_parser = tags::parse_pair)]
    pub(in crate::cli) tags: Vec<(String, String)>,
    #[command(flatten)]
    pub(in crate::cli) scope: ScopeOptions,
    #[command(flatten)]
    pub(in crate::cli) place: PlaceOptions,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ShowOptions {
    /// Its id
    pub(in crate::cli) id: String,
    #[command(flatten)]
    pub(in crate::cli) scope: ScopeOptions,
    #[command(flatten)]
    pub(in crate::cli) place: ContextOptions,
    /// How to print it
    #[arg(long, value_enum, default_value_t)]
    pub(in crate::cli) output: PlainFormat,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct CancelOptions {
    /// Its id
    pub(in crate::cli) id: String,
    /// Why; the record of the hold keeps it
    #[arg(long)]
    pub(in crate::cli) reason: String,
    /// For how many days the record is kept [default: 180]
    #[arg(long, value_name = "DAYS")]
    pub(in crate::cli) retain_record_days: Option<i64>,
    /// Do it without asking
    #[arg(long)]
    pub(in crate::cli) yes: bool,
    #[command(flatten)]
    pub(in crate::cli) scope: ScopeOptions,
    #[command(flatten)]
    pub(in crate::cli) place: PlaceOptions,
}

/// Where a change is made.
#[derive(Debug, Args)]
pub(in crate::cli) struct PlaceOptions {
    #[command(flatten)]
    pub(in crate::cli) place: ContextOptions,
    /// Allow the change on AWS
    #[arg(long)]
    pub(in crate::cli) write: bool,
}
