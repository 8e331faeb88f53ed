//! What commands take that change what protects a vault.

use super::place::{ContextOptions, ScopeOptions};
use clap::Args;

/// What changes of a vault's lock and of its access policy have in common.
#[derive(Debug, Args)]
pub(super) struct ChangeOptions {
    /// The vault
    pub(super) name: String,
    #[command(flatten)]
    pub(super) scope: ScopeOptions,
    #[command(flatten)]
    pub(super) place: ContextOptions,
    /// Allow the change on AWS
    #[arg(long)]
    pub(super) write: bool,
    /// Do it without asking
    #[arg(long)]
    pub(super) yes: bool,
    /// The vault's name once more, where nobody can undo it
    #[arg(long, value_name = "NAME")]
    pub(super) confirm: Option<String>,
}
