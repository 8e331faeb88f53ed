//! The options of `vaultdeck copy`.

use super::{OrderOptions, ScopeOptions};
use crate::domain::Arn;
use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum CopyCommand {
    /// Copy a recovery point and follow the job
    Start(CopyOptions),
}

#[derive(Debug, Args)]
pub(in crate::cli) struct CopyOptions {
    /// The recovery point: its ARN, or the part behind the last colon
    pub(in crate::cli) point: String,
    /// The vault to copy into, in any region and account of the organization
    #[arg(long, value_name = "VAULT ARN")]
    pub(in crate::cli) to: Arn,
    /// Delete the copy so many days after the creation of its source [default: when the source is]
    #[arg(long, value_name = "DAYS")]
    pub(in crate::cli) delete_after: Option<i64>,
    /// The role that the job runs under [default: the account's AWSBackupDefaultServiceRole]
    #[arg(long, value_name = "ARN")]
    pub(in crate::cli) role: Option<Arn>,
    #[command(flatten)]
    pub(in crate::cli) scope: ScopeOptions,
    #[command(flatten)]
    pub(in crate::cli) order: OrderOptions,
}
