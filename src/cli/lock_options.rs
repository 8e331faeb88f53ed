//! What `vault lock` and `vault unlock` take.

use super::place::{ContextOptions, ScopeOptions};
use clap::Args;

/// What changes of a vault's lock have in common.
#[derive(Debug, Args)]
pub(super) struct LockOptions {
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
    /// The vault's name once more, where nobody can take the lock off again
    #[arg(long, value_name = "NAME")]
    pub(super) confirm: Option<String>,
}
