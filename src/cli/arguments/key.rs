//! What `vaultdeck key` takes.

use super::hold::PlaceOptions;
use super::{ListOptions, PlainFormat, ScopeOptions};
use crate::domain::tags;
use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum KeyCommand {
    /// List the KMS keys
    List(ListOptions),
    /// Make a KMS key, under which vaults can be made, and print its ARN
    Add(AddOptions),
    /// Let nobody use a key until it is enabled: backups, copies and restores of the vaults under it fail, nothing is lost
    Disable(KeyOptions),
    /// Let a key be used again
    Enable(KeyOptions),
    /// Delete a key after 7 to 30 days; says first which vaults it strands, and asks
    Delete {
        /// How many days the deletion waits, 7 to 30; until then it can be cancelled
        #[arg(long, value_name = "DAYS")]
        days: i64,
        /// Do it without asking
        #[arg(long)]
        yes: bool,
        #[command(flatten)]
        key: KeyOptions,
    },
    /// Keep a key whose deletion waits; it is disabled then
    CancelDeletion(KeyOptions),
    /// Tell what the root of the key ring is, from which all in the data directory is wrapped; or move it
    Root(RootOptions),
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(in crate::cli) struct RootOptions {
    #[command(subcommand)]
    pub(in crate::cli) command: Option<RootCommand>,
    /// How to print it
    #[arg(long, value_enum, default_value_t)]
    pub(in crate::cli) output: PlainFormat,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum RootCommand {
    /// Move to another root, or change the passphrase or the KMS key; no engine may run meanwhile
    Move(MoveOptions),
}

#[derive(Debug, Args)]
pub(in crate::cli) struct MoveOptions {
    /// Where the root's secret is kept from now on
    #[arg(value_enum)]
    pub(in crate::cli) to: RootKind,
    /// A file with the new passphrase [default: it is asked for]
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) new_passphrase_file: Option<PathBuf>,
    /// The ARN of the key in AWS KMS, or of an alias [default: kms_key of the config]
    #[arg(long, value_name = "ARN")]
    pub(in crate::cli) kms_key: Option<String>,
    /// How to print the root afterwards
    #[arg(long, value_enum, default_value_t)]
    pub(in crate::cli) output: PlainFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum RootKind {
    /// keys/local.key in the data directory
    File,
    /// A passphrase
    Passphrase,
    /// A key in AWS KMS
    Kms,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct AddOptions {
    /// What it is for
    #[arg(long, default_value = "")]
    pub(in crate::cli) description: String,
    /// Another name of it, as alias/backups
    #[arg(long, value_name = "alias/NAME")]
    pub(in crate::cli) alias: Option<String>,
    /// A tag of the key, may be given more than once
    #[arg(long = "tag", value_name = "KEY=VALUE", value_parser = tags::parse_pair)]
    pub(in crate::cli) tags: Vec<(String, String)>,
    #[command(flatten)]
    pub(in crate::cli) scope: ScopeOptions,
    #[command(flatten)]
    pub(in crate::cli) place: PlaceOptions,
    /// How to print it
    #[arg(long, value_enum, default_value_t)]
    pub(in crate::cli) output: PlainFormat,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct KeyOptions {
    /// Its id, its ARN or an alias
    pub(in crate::cli) key: String,
    #[command(flatten)]
    pub(in crate::cli) scope: ScopeOptions,
    #[command(flatten)]
    pub(in crate::cli) place: PlaceOptions,
    /// How to print the key afterwards
    #[arg(long, value_enum)]
    pub(in crate::cli) output: Option<PlainFormat>,
}
