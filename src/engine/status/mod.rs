//! What the engine tells of itself.

mod rows;

use crate::domain::extension::Status;
use crate::engine::clock::ClockKind;
use crate::engine::error::Result;
use crate::engine::{Engine, vaults};
use std::path::PathBuf;

impl Engine {
    /// The engine's version, process, time, and what it wants its owner to know.
    pub fn status(&self) -> Result<Status> {
        Ok(Status {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            pid: std::process::id(),
            clock: match self.clock.kind() {
                ClockKind::System => "system".to_owned(),
                ClockKind::Simulated => "simulated".to_owned(),
            },
            now: self.now(),
            endpoint_url: self.data_dir.announcement().and_then(|announcement| announcement.url),
            regions: self.regions()?,
            active_jobs: self.active_jobs()?,
            vaults_without_recovery_key: self.catalog.read(vaults::rows::without_recovery_key)?,
            deliveries: self.delivery_status()?,
            problems: self.health().problems,
        })
    }

    /// Tells other processes where this engine is reached; they read it beside the lock that proves it alive.
    pub fn announce(&self, url: Option<String>, socket: Option<PathBuf>) -> Result<()> {
        self.data_dir.announce(url, socket)
    }

    /// Every region in which something lives, the first one first.
    pub fn regions(&self) -> Result<Vec<String>> {
        self.catalog.read(rows::regions)
    }
}
