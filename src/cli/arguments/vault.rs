//! What `vaultdeck vault` takes.

use super::{PlainFormat, PolicyCommand, ScopeOptions};
use crate::cli::change_options::ChangeOptions;
use crate::cli::vault_options;
use crate::domain::sharing::SharePrincipal;
use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum VaultCommand {
    /// Make a vault
    Create(vault_options::CreateOptions),
    /// Let other accounts of the organization see and restore what lies in a logically air-gapped vault
    Share {
        #[command(flatten)]
        vault: ChangeOptions,
        /// The account's id, or the ARN of the organization or of a unit: then each account that lies in it
        #[arg(long = "with", value_name = "ACCOUNT")]
        with: SharePrincipal,
    },
    /// Stop that
    Unshare {
        #[command(flatten)]
        vault: ChangeOptions,
        /// The account's id, or the ARN of the organization or unit that is named
        #[arg(long = "with", value_name = "ACCOUNT")]
        with: String,
    },
    /// List with whom a logically air-gapped vault is shared
    Shares(vault_options::SharesOptions),
    /// Make the vault's recovery key and print its password once; a second call replaces the first key
    ///
    /// Also when the catalog is damaged or gone: keys/local.key and the vault's folder are enough.
    RecoveryKey {
        /// The vault
        #[arg(required_unless_present = "all")]
        name: Option<String>,
        /// Every vault of every account and region
        #[arg(long, conflicts_with_all = ["name", "account", "region"])]
        all: bool,
        #[command(flatten)]
        scope: ScopeOptions,
        /// How to print: the password alone (with --all ARN and password), or one JSON object from vault ARN to password
        #[arg(long, value_enum, default_value_t)]
        output: PlainFormat,
    },
    /// Bring in what the vaults' folders know and the catalog does not; makes the catalog anew when it is gone
    Rescan {
        /// The vault; all of them when none is named
        name: Option<String>,
        /// Every vault of every account and region
        #[arg(long, conflicts_with_all = ["name", "account", "region"])]
        all: bool,
        #[command(flatten)]
        scope: ScopeOptions,
        /// How to print the report
        #[arg(long, value_enum, default_value_t)]
        output: PlainFormat,
    },
    /// Say who can do something to the vault or its recovery points, and why: by which statement, or what else
    WhoCan {
        /// The vault
        name: String,
        /// The action, as DeleteRecoveryPoint
        action: String,
        #[command(flatten)]
        scope: ScopeOptions,
        /// How to print the answer
        #[arg(long, value_enum, default_value_t)]
        output: PlainFormat,
    },
    /// Show, set or take away the vault's access policy
    #[command(subcommand)]
    Policy(PolicyCommand),
    /// Lock the vault: nobody deletes its recovery points or changes how long they are kept (AWS Backup Vault Lock)
    Lock {
        #[command(flatten)]
        lock: ChangeOptions,
        /// Jobs that keep theirs for less fail
        #[arg(long, value_name = "DAYS")]
        min_days: Option<i64>,
        /// Jobs that keep theirs for longer, or for ever, fail
        #[arg(long, value_name = "DAYS")]
        max_days: Option<i64>,
        /// Compliance mode: after so many days, 3 at least, nobody can take the lock off; governance mode without
        #[arg(long, value_name = "DAYS")]
        changeable_for_days: Option<i64>,
    },
    /// Take the lock off the vault, as long as that can be done
    Unlock {
        #[command(flatten)]
        lock: ChangeOptions,
    },
    /// Read everything in the vault and prove it whole
    Check {
        /// The vault
        name: String,
        #[command(flatten)]
        scope: ScopeOptions,
        /// How to print the report
        #[arg(long, value_enum, default_value_t)]
        output: PlainFormat,
    },
    /// Bring back what is damaged in the vault as far as this engine can; says first what it will do, and deletes nothing
    Repair {
        /// The vault
        name: String,
        #[command(flatten)]
        scope: ScopeOptions,
        /// Only say what would be done
        #[arg(long)]
        dry_run: bool,
        /// Do it without asking
        #[arg(long, conflicts_with = "dry_run")]
        yes: bool,
        /// How to print the report
        #[arg(long, value_enum, default_value_t)]
        output: PlainFormat,
    },
}
