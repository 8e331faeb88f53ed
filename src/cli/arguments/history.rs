//! What `vaultdeck history` takes.

use super::{ContextOptions, PlainFormat};
use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum HistoryCommand {
    /// Print where it is, how large it is, and how many jobs it has of each account and region, and since when
    Show {
        /// How to print it
        #[arg(long, value_enum, default_value_t)]
        output: PlainFormat,
    },
    /// Forget all of it, or one context, after telling what that is; what AWS lists comes back, what is older does not
    Clear(ClearOptions),
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ClearOptions {
    /// Do it without asking
    #[arg(long)]
    pub(in crate::cli) yes: bool,
    #[command(flatten)]
    pub(in crate::cli) place: ContextOptions,
}
