//! What restore tests found, what backups stored anew, and what is told of a recovery point beside AWS's members: the engine's own routes, signed as AWS Backup's are.

use crate::client::connect::Connection;
use crate::client::control::{checked, segment};
use crate::client::text::clean;
use crate::client::wire::OPERATION_LIMIT;
use crate::client::{Fault, FaultKind, Feature};
use crate::domain::extension::{NEW_DATA, NewDataOfBackup, NewDataOfBackups, RECOVERY_POINTS, Sight};
use crate::domain::names::JobId;
use crate::domain::proof::{Proof, RESTORE_JOBS};
use crate::domain::{Arn, PointDetails, Scope, Time};
use chrono::SecondsFormat;
use serde::de::DeserializeOwned;

impl Connection {
    /// What a restore test found; not found where it found nothing.
    pub async fn restore_proof(&self, scope: &Scope, id: &JobId) -> Result<Proof, Fault> {
        let mut proof: Proof = self.told(scope, &format!("{RESTORE_JOBS}{}/proof", segment(id.as_str()))).await?;
        for check in &mut proof.checks {
            for text in [&mut check.name, &mut check.expected, &mut check.found] {
                *text = clean(text);
            }
        }
        Ok(proof)
    }

    /// What an engine tells of a recovery point: what its driver said of it, and when it was last proven.
    pub async fn point_details(&self, scope: &Scope, point: &Arn) -> Result<PointDetails, Fault> {
        let told: PointDetails =
            self.told(scope, &format!("{RECOVERY_POINTS}{}/details", segment(point.as_str()))).await?;
        Ok(cleaned(&told))
    }

    /// What the resource of a continuous recovery point looked like at a moment.
    pub(super) async fn sight(&self, scope: &Scope, point: &Arn, at: Time) -> Result<Sight, Fault> {
        let at = at.to_rfc3339_opts(SecondsFormat::AutoSi, true);
        let route = format!("{RECOVERY_POINTS}{}/moment?at={}", segment(point.as_str()), segment(&at));
        let told: Sight = self.told(scope, &route).await?;
        Ok(Sight { at_base: cleaned(&told.at_base), details: cleaned(&told.details), ..told })
    }

    /// What the newest backups stored anew of which hardly anything compressed, or what one job stored. An engine of before this was
    /// told knows nothing of it.
    pub(super) async fn new_data(&self, scope: &Scope, job: Option<&JobId>) -> Result<Vec<NewDataOfBackup>, Fault> {
        let of = job.map(|job| format!("?job={}", segment(job.as_str()))).unwrap_or_default();
        let told: NewDataOfBackups = match self.told(scope, &format!("{NEW_DATA}{of}")).await {
            Err(fault) if matches!(fault.kind, FaultKind::NotSupported { .. } | FaultKind::NotFound) => {
                return Ok(Vec::new());
            }
            told => told?,
        };
        let clean_name = |backup: NewDataOfBackup| NewDataOfBackup {
            resource_name: backup.resource_name.as_deref().map(clean),
            ..backup
        };
        Ok(told.backups.into_iter().map(clean_name).collect())
    }

    /// What an engine's own route about recovery points tells.
    pub(super) async fn told<T: DeserializeOwned>(&self, scope: &Scope, route: &str) -> Result<T, Fault> {
        const WHAT: &str = "what a recovery point holds";
        let unsupported = |why| Fault::new(FaultKind::NotSupported { operation: WHAT }, why);
        self.capabilities().allows(Feature::Items).map_err(unsupported)?;
        let base = self.base_url().ok_or_else(|| Fault::not_supported(WHAT))?;
        let request = self.signed_get(scope, &format!("{base}{route}")).await?;
        let response = self.wire().ask(request, OPERATION_LIMIT).await.map_err(|error| Fault::from(&error))?;
        let unreadable = |error| Fault::new(FaultKind::Other, format!("the engine's answer cannot be read: {error}"));
        serde_json::from_slice(&checked(response)?).map_err(unreadable)
    }
}

fn cleaned(told: &PointDetails) -> PointDetails {
    told.iter().map(|(name, value)| (clean(name), clean(value))).collect()
}
