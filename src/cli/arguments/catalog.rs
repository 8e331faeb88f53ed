//! The options of `vaultdeck catalog`.

use super::Format;
use clap::Subcommand;
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum CatalogCommand {
    /// Make a copy now, beside those of every day, and print its path
    Copy,
    /// List the copies, the oldest first
    Copies {
        /// How to print them
        #[arg(long, value_enum, default_value_t)]
        output: Format,
    },
    /// Put a copy back as the catalog; the one before is kept aside
    Restore {
        /// Its name or path; the newest good one when absent
        copy: Option<PathBuf>,
    },
}
