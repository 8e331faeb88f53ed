//! Which regions this engine has: AWS's, those of the config, and those in which something lives already.
//!
//! A region comes to be when something is made in it, so a slip of the fingers would make one in silence, with a vault of
//! its own that nobody looks at.

use crate::domain::{Region, region_names};
use crate::engine::Engine;
use crate::engine::error::Result;
use parking_lot::RwLock;
use std::collections::BTreeSet;

/// The regions that the config names beyond AWS's. They can be read again while the engine lives.
#[derive(Debug, Default)]
pub(crate) struct OwnRegions(RwLock<BTreeSet<Region>>);

impl Engine {
    /// Allows these regions beside AWS's, in place of those that were allowed before. Backup policies may name them.
    pub fn set_own_regions(&self, regions: impl IntoIterator<Item = Region>) {
        *self.own_regions.0.write() = regions.into_iter().collect();
        if self.data_dir.is_writable() {
            self.settle_backup_policies();
        }
    }

    /// Refuses a region that nobody has, naming the nearest ones. One in which something lives already stays in reach
    /// whatever the config says now.
    pub fn require_region(&self, region: &Region) -> Result<()> {
        if self.has_region(region)? {
            return Ok(());
        }
        Err(region_names::refuse(region, self.own_regions.0.read().iter()).into())
    }

    /// Whether there is this region.
    pub(crate) fn has_region(&self, region: &Region) -> Result<bool> {
        let known = region_names::is_aws(region) || self.own_regions.0.read().contains(region);
        Ok(known || self.regions()?.iter().any(|used| used == region.as_str()))
    }
}
