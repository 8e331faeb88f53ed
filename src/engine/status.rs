//! What the engine tells of itself.

use crate::domain::extension::Status;
use crate::engine::catalog::Catalog;
use crate::engine::clock::ClockKind;
use crate::engine::error::Result;
use crate::engine::{Engine, FIRST_REGION};
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
            vaults_without_recovery_key: without_recovery_key(&self.catalog)?,
            problems: self.health().problems,
        })
    }

    /// Tells other processes where this engine is reached; they read it beside the lock that proves it alive.
    pub fn announce(&self, url: Option<String>, socket: Option<PathBuf>) -> Result<()> {
        self.data_dir.announce(url, socket)
    }

    /// Every region in which something lives, the first one first.
    pub fn regions(&self) -> Result<Vec<String>> {
        self.catalog.read(|c| {
            let mut statement = c.prepare_cached(
                "SELECT region FROM (SELECT region FROM vaults UNION SELECT region FROM resources
                 UNION SELECT region FROM plans WHERE deleted IS NULL) ORDER BY region <> ?1, region",
            )?;
            let rows = statement.query_map([FIRST_REGION], |row| row.get(0))?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }
}

fn without_recovery_key(catalog: &Catalog) -> Result<Vec<String>> {
    catalog.read(|c| {
        let mut statement = c.prepare_cached(
            "SELECT account || '/' || region || '/' || name FROM vaults v
             WHERE NOT EXISTS (SELECT 1 FROM recovery_keys WHERE vault_arn = v.arn)
               AND EXISTS (SELECT 1 FROM recovery_points WHERE vault_arn = v.arn AND status <> 'CREATING')
             ORDER BY account, region, name",
        )?;
        let rows = statement.query_map([], |row| row.get(0))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    })
}
