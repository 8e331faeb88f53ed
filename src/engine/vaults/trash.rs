//! The trash: where the folders of deleted vaults lie for thirty days of engine time, in case the deletion was a mistake.
//!
//! The name of a folder there says whose it was and when it came: `ACCOUNT_REGION_NAME_20261125T050000Z_1a2b3c4d`.

use crate::domain::{Scope, Time};
use crate::engine::Engine;
use crate::engine::error::{Error, Result};
use crate::engine::jobs::Turn;
use chrono::{Duration, NaiveDateTime};
use std::fs;

/// How many days a folder stays in the trash.
pub(crate) const KEEP_DAYS: i64 = 30;
/// How often the trash is looked through.
const EVERY: Duration = Duration::days(1);
/// How a folder's name tells when it came.
const FORMAT: &str = "%Y%m%dT%H%M%SZ";

/// The name that a vault's folder gets in the trash. Two vaults of one name may be deleted at one moment of a simulated
/// clock, so it ends with something that is only its own.
pub(crate) fn name(scope: &Scope, vault: &str, now: Time) -> String {
    let unique = uuid::Uuid::new_v4().simple().to_string();
    format!("{}_{}_{vault}_{}_{}", scope.account, scope.region, now.format(FORMAT), &unique[..8])
}

/// When a folder of that name came into the trash; none where the name is not one that the engine gave.
fn came(name: &str) -> Option<Time> {
    let (before, _) = name.rsplit_once('_')?;
    let (_, when) = before.rsplit_once('_')?;
    Some(NaiveDateTime::parse_from_str(when, FORMAT).ok()?.and_utc())
}

impl Engine {
    /// Deletes what has lain in the trash for its days, once a day, in the background: a vault's folder may be large.
    pub(crate) fn empty_trash(self: &std::sync::Arc<Self>, turn: &mut Turn, now: Time) -> Result<()> {
        if !self.options.scheduler || !self.clock.is_trusted() || turn.next_emptying.is_some_and(|at| at > now) {
            return Ok(());
        }
        turn.next_emptying = Some(now + EVERY);
        let engine = std::sync::Arc::clone(self);
        self.jobs.in_background("trash", move || {
            if let Err(error) = engine.delete_old_trash(now - Duration::days(KEEP_DAYS)) {
                tracing::warn!(%error, "the trash could not be emptied; it is tried again in a day");
            }
        })
    }

    fn delete_old_trash(&self, before: Time) -> Result<()> {
        let trash = self.data_dir.trash();
        let failed = |e| Error::io(format!("list {}", trash.display()), e);
        for entry in fs::read_dir(&trash).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let old = entry.file_name().to_str().and_then(came).is_some_and(|came| came <= before);
            if !old || self.jobs.is_stopping() {
                continue;
            }
            let path = entry.path();
            fs::remove_dir_all(&path).map_err(|e| Error::io(format!("delete {}", path.display()), e))?;
            tracing::info!(folder = %path.display(), days = KEEP_DAYS, "a deleted vault has lain in the trash for its days: it is gone");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_tells_when_it_came_whatever_the_vault_is_called() {
        let scope = Engine::first_scope().unwrap();
        let now: Time = "2026-12-01T05:00:07Z".parse().unwrap();
        for vault in ["nightly", "a_b_20200101T000000Z_c", "x-y"] {
            assert_eq!(came(&name(&scope, vault, now)), Some(now), "{vault}");
        }
        for other in ["", "lost+found", "my_own_folder", "20261201T050007Z"] {
            assert_eq!(came(other), None, "{other}");
        }
    }
}
