//! What `vaultdeck vault policy` takes.

use super::{ContextOptions, PlainFormat, ScopeOptions};
use crate::cli::change_options::ChangeOptions;
use clap::Subcommand;
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum PolicyCommand {
    /// Show the policy, in plain words or as it was put
    Show {
        /// The vault
        name: String,
        #[command(flatten)]
        scope: ScopeOptions,
        #[command(flatten)]
        place: ContextOptions,
        /// How to print it: in plain words, or the document as it was put
        #[arg(long, value_enum, default_value_t)]
        output: PlainFormat,
    },
    /// Set the policy, after it was shown what would change
    Put {
        #[command(flatten)]
        change: ChangeOptions,
        /// The file with the policy as JSON; - for the standard input
        file: PathBuf,
    },
    /// Take the policy away, after it was shown what would change
    Delete {
        #[command(flatten)]
        change: ChangeOptions,
    },
}
