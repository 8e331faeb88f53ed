//! What `vaultdeck delete` takes.

use super::{ContextOptions, ScopeOptions};
use crate::domain::Arn;
use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum DeleteCommand {
    /// Delete an empty vault, after telling which rules of plans name it
    Vault {
        /// Its name
        name: String,
        #[command(flatten)]
        options: DeleteOptions,
    },
    /// Delete a recovery point for good, after telling what is left of its resource
    Point {
        /// Its ARN
        arn: Arn,
        #[command(flatten)]
        options: DeleteOptions,
    },
    /// Delete a plan with its selections, after telling which of its jobs are under way
    Plan {
        /// Its id
        id: String,
        #[command(flatten)]
        options: DeleteOptions,
    },
}

#[derive(Debug, Args)]
pub(in crate::cli) struct DisassociateOptions {
    /// The nested recovery point: its ARN, or what is behind the last colon or slash of it
    pub(in crate::cli) point: String,
    #[command(flatten)]
    pub(in crate::cli) change: DeleteOptions,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct DeleteOptions {
    /// Do it without asking
    #[arg(long)]
    pub(in crate::cli) yes: bool,
    #[command(flatten)]
    pub(in crate::cli) scope: ScopeOptions,
    #[command(flatten)]
    pub(in crate::cli) place: ContextOptions,
    /// Allow the change on AWS
    #[arg(long)]
    pub(in crate::cli) write: bool,
}
