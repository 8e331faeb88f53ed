//! Where a command looks: a context, an account, a region.

use crate::domain::{AccountId, Region, Scope};
use clap::Args;

/// Where to look: an engine or AWS.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct ContextOptions {
    /// An engine elsewhere
    #[arg(long, value_name = "URL", conflicts_with = "context")]
    pub(super) endpoint_url: Option<String>,
    /// AWS, by a profile; with --endpoint-url the profile of the keys
    #[arg(long, value_name = "NAME", conflicts_with = "context")]
    pub(super) profile: Option<String>,
    /// A context of the config file
    #[arg(long, value_name = "NAME")]
    pub(super) context: Option<String>,
}

impl ContextOptions {
    /// Whether another place is meant than the engine of the data directory.
    pub(super) fn names_a_place(&self) -> bool {
        self.endpoint_url.is_some() || self.profile.is_some() || self.context.is_some()
    }
}

/// An account and a region.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct ScopeOptions {
    /// The account's 12 digits [default: the first account]
    #[arg(long, value_name = "ID")]
    pub(super) account: Option<AccountId>,
    /// The region [default: the first region]
    #[arg(long, value_name = "REGION")]
    pub(super) region: Option<Region>,
}

impl ScopeOptions {
    /// The account and region that are named, and `home`'s where none is.
    pub(super) fn or(self, home: Scope) -> Scope {
        Scope::new(self.account.unwrap_or(home.account), self.region.unwrap_or(home.region))
    }
}

/// Which accounts and regions are listed.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct WithinOptions {
    /// Only this account [default: all]
    #[arg(long, value_name = "ID")]
    pub(super) account: Option<AccountId>,
    /// Only this region [default: all of the context]
    #[arg(long, value_name = "REGION")]
    pub(super) region: Option<Region>,
}
