//! What the resource of a continuous recovery point looked like at a moment.

use crate::domain::continuous::{Chain, Wanted};
use crate::domain::extension::Sight;
use crate::domain::recovery_point::RecoveryPoint;
use crate::domain::{Arn, PointDetails, StorageClass, Time};
use crate::engine::caller::Caller;
use crate::engine::clock::ClockKind;
use crate::engine::drivers::{Fault, Glimpse, Inside, SightCx};
use crate::engine::error::{Error, Result};
use crate::engine::points::ops::to_look_into;
use crate::engine::points::rows::owed_manifests;
use crate::engine::{Engine, points};
use crate::repository::{Id, ItemPath};
use chrono::SecondsFormat;
use std::path::Path;

/// How often it is looked: what a live point holds is replaced every few seconds, and the snapshot before goes.
const TRIES: u32 = 3;

/// The detail that tells when the last change was before the moment.
const LAST_CHANGE: &str = "LastChangeTime";

/// A point as it is now.
struct Standing {
    point: RecoveryPoint,
    chain: Chain,
    details: PointDetails,
    snapshot: Id,
    class: StorageClass,
}

impl Engine {
    /// What a continuous recovery point tells of a moment that it can be restored to. One is looked at at a time: while it is, another
    /// is unavailable, and the same succeeds a little later.
    pub fn recovery_point_at(&self, caller: &Caller, arn: &Arn, at: Time) -> Result<Sight> {
        let mut standing = self.standing_of(caller, arn)?;
        // A base and its log may be large, and somebody who moves on asks of the next moment before this one is told.
        let Some(_alone) = self.looking.try_lock() else {
            return Err(Error::unavailable("Another moment is being looked at; ask again in a second."));
        };
        let mut tries_left = TRIES;
        loop {
            tries_left -= 1;
            let (base, _) = standing.chain.restore_to(Wanted::At(at)).map_err(|rule| {
                Error::invalid_parameter(format!("Invalid at: a moment of this recovery point {rule}"))
            })?;
            let path = Path::new("/").join(&base.folder);
            let root = ItemPath::from_path(&path).map_err(|error| Error::Internal(error.to_string()))?;
            let seen = self.see(&standing, &root, &base.details, at);
            if seen.is_err() {
                let now = self.standing_of(caller, arn)?;
                if tries_left > 0 && now.snapshot != standing.snapshot {
                    standing = now;
                    continue;
                }
            }
            let Glimpse { at_base, then } = seen?;
            let noted = standing.chain.last_change_by(at);
            let noted = noted.map(|time| (LAST_CHANGE.to_owned(), time.to_rfc3339_opts(SecondsFormat::AutoSi, true)));
            let details = noted.into_iter().chain(then).collect();
            return Ok(Sight { at, base: base.from, at_base, details });
        }
    }

    fn standing_of(&self, caller: &Caller, arn: &Arn) -> Result<Standing> {
        self.catalog.read(|connection| {
            let not_found = || Error::no_such_recovery_point(arn);
            let point = to_look_into(connection, caller, arn)?;
            let (snapshot, _, class) = points::rows::content(connection, arn)?.ok_or_else(not_found)?;
            let chain = points::rows::chains::get(connection, arn)?.and_then(|row| row.chain);
            let chain = chain.ok_or_else(|| {
                Error::invalid_parameter(format!("Recovery point {arn} is not continuous: it has no moments"))
            })?;
            let details = owed_manifests::of(connection, arn)?.map(|kept| kept.manifest.details).unwrap_or_default();
            let snapshot = snapshot.parse().map_err(|_| not_found())?;
            Ok(Standing { point, chain, details, snapshot, class })
        })
    }

    fn see(&self, standing: &Standing, root: &ItemPath, base: &PointDetails, at: Time) -> Result<Glimpse> {
        let driver = self.driver_of(&standing.point.resource_type)?;
        let vault = self.vault_store.get_class(&standing.point.vault_arn, standing.class)?;
        let content = Inside { repository: &vault.repository, snapshot: standing.snapshot, root };
        let are_stored_times_true = self.clock.kind() == ClockKind::System;
        let cx = SightCx { content: &content, details: &standing.details, base, at, are_stored_times_true };
        driver.sight(&cx).map_err(|fault: Fault| Error::unavailable(fault.meaning().message))
    }
}
