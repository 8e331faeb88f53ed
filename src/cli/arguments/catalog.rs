//! The options of `vaultdeck catalog`.

use super::RowOptions;
use clap::Subcommand;
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum CatalogCommand {
    /// Make a copy now, beside those of every day, and print its path
    Copy,
    /// List the copies, the oldest first
    Copies {
        #[command(flatten)]
        rows: RowOptions,
    },
    /// Put a copy back as the catalog; the one before is kept aside
    Restore {
        /// Its name or path; the newest good one when absent
        copy: Option<PathBuf>,
    },
}
