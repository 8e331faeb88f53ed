//! What `vaultdeck key` takes.

use super::hold::PlaceOptions;
use super::{ListOptions, PlainFormat, ScopeOptions};
use crate::domain::tags;
use clap::{Args, Subcommand};

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
