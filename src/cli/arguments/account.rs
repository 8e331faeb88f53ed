//! The options of `vaultdeck account`.

use super::{BackupPolicyCommand, Format, PlainFormat};
use crate::domain::AccountId;
use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum AccountCommand {
    /// Add a member account
    Add {
        /// Its name in the organization
        name: String,
        /// Its 12 digits [default: drawn]
        #[arg(long, value_name = "ID")]
        id: Option<AccountId>,
        /// Its address [default: made from the name]
        #[arg(long)]
        email: Option<String>,
        /// How to print it
        #[arg(long, value_enum, default_value_t)]
        output: PlainFormat,
    },
    /// List the accounts
    List {
        /// How to print them
        #[arg(long, value_enum, default_value_t)]
        output: Format,
    },
    /// Backup policies: plans that the organization makes in its accounts
    #[command(subcommand)]
    Policy(BackupPolicyCommand),
}
