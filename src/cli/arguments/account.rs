//! The options of `vaultdeck account`.

use super::{BackupPolicyCommand, PlainFormat, RowOptions};
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
        /// The unit that it is put into: its id, or the names down to it such as Workloads/Production [default: the root]
        #[arg(long)]
        unit: Option<String>,
        /// How to print it
        #[arg(long, value_enum, default_value_t)]
        output: PlainFormat,
    },
    /// List the accounts
    List {
        #[command(flatten)]
        rows: RowOptions,
    },
    /// Backup policies: plans that the organization makes in its accounts
    #[command(subcommand)]
    Policy(BackupPolicyCommand),
    /// Show the organization: the root, the units below it, and which account lies where
    Tree {
        /// How to print it
        #[arg(long, value_enum, default_value_t)]
        output: PlainFormat,
    },
    /// Move an account to another place in the organization
    Move {
        /// Its 12 digits
        account: AccountId,
        /// The unit's id, the names down to it such as Workloads/Production, or / for the root
        unit: String,
    },
    /// Organizational units
    #[command(subcommand)]
    Unit(UnitCommand),
    /// Let an account administer AWS Backup for the organization: it sees the jobs of all accounts
    Delegate {
        /// Its 12 digits
        account: AccountId,
    },
    /// No longer let an account administer AWS Backup for the organization
    Undelegate {
        /// Its 12 digits
        account: AccountId,
    },
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum UnitCommand {
    /// Make a unit and print its id
    Add {
        /// Its name
        name: String,
        /// The unit that it lies in: its id, or the names down to it such as Workloads/Production [default: the root]
        #[arg(long = "in", value_name = "UNIT")]
        parent: Option<String>,
        /// How to print it
        #[arg(long, value_enum, default_value_t)]
        output: PlainFormat,
    },
    /// List the units
    List {
        #[command(flatten)]
        rows: RowOptions,
    },
    /// Give a unit another name
    Rename {
        /// Its id, or the names down to it
        unit: String,
        /// Its name from now on
        name: String,
    },
    /// Delete a unit in which neither accounts nor units lie
    Delete {
        /// Its id, or the names down to it
        unit: String,
    },
}
