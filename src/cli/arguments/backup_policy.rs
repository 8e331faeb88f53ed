//! The arguments of `vaultdeck account policy`.

use super::{PlainFormat, RowOptions};
use crate::domain::AccountId;
use clap::Subcommand;
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum BackupPolicyCommand {
    /// List the policies and what each is attached to
    List {
        #[command(flatten)]
        rows: RowOptions,
    },
    /// Make a policy, or change it; the plans in the accounts that it is attached to follow at once
    Put {
        /// Its name
        name: String,
        /// The file with its document, in AWS Organizations' language; - reads standard input
        file: PathBuf,
        /// What it is for [default: as before]
        #[arg(long)]
        description: Option<String>,
        /// How to print what came of it
        #[arg(long, value_enum, default_value_t)]
        output: PlainFormat,
    },
    /// Attach a policy to the root, a unit or an account: all accounts below get its plans
    Attach {
        /// Its name or id
        policy: String,
        /// The id of a unit or an account, or root
        target: String,
        /// How to print what came of it
        #[arg(long, value_enum, default_value_t)]
        output: PlainFormat,
    },
    /// Detach a policy: the plans that it alone made go, and their recovery points stay
    Detach {
        /// Its name or id
        policy: String,
        /// The id of a unit or an account, or root
        target: String,
        /// How to print what came of it
        #[arg(long, value_enum, default_value_t)]
        output: PlainFormat,
    },
    /// Delete a policy that is attached to nothing
    Delete {
        /// Its name or id
        policy: String,
    },
    /// Show what holds in an account, the plans that it makes, and why others are not made
    Effective {
        /// The account's 12 digits
        account: AccountId,
        /// How to print it
        #[arg(long, value_enum, default_value_t)]
        output: PlainFormat,
    },
}
