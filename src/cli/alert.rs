//! Looks for new findings and lets the engine tell them to whoever wants to know.

use super::watch::{Found, Watch};
use crate::domain::finding::Finding;
use crate::engine::findings::Seen;
use crate::server::Shutdown;
use chrono::Utc;
use std::sync::Arc;
use std::time::Duration;

/// How often is looked; a look that finds nothing to do costs nothing.
const LOOK: Duration = Duration::from_secs(1);

/// Looks until a stop is asked for.
pub(super) fn start(watch: &Arc<Watch>, shutdown: &Shutdown) {
    if !watch.engine().data_dir().is_writable() {
        tracing::warn!("new findings are told to nobody: what was told cannot be written down");
        return;
    }
    let (watch, shutdown) = (Arc::clone(watch), shutdown.clone());
    tokio::spawn(async move {
        let mut told = 0;
        let mut fails = false;
        loop {
            tokio::select! {
                () = shutdown.requested() => return,
                () = tokio::time::sleep(LOOK) => {}
            }
            match look(&watch, told).await {
                Ok(number) => {
                    told = number;
                    fails = false;
                }
                Err(error) if !fails => {
                    tracing::warn!(error, "new findings could not be looked for; it is tried again");
                    fails = true;
                }
                Err(_) => {}
            }
        }
    });
}

/// Tells what was found by a later look than the one of this number; that look's number.
async fn look(watch: &Arc<Watch>, told: u64) -> Result<u64, String> {
    let found = watch.look().await?;
    if found.number != told {
        let engine = Arc::clone(watch.engine());
        let now_found = Arc::clone(&found);
        let noted = tokio::task::spawn_blocking(move || {
            let (muted, speaking) = split(&now_found);
            engine.note_findings(&Seen { speaking: &speaking, muted: &muted, unread: now_found.unread.as_deref() })
        });
        noted.await.map_err(|ended| ended.to_string())?.map_err(|error| error.to_string())?;
    }
    Ok(found.number)
}

/// What is open of what was found, and did not happen long ago: what is muted now, and what is not.
fn split(found: &Found) -> (Vec<&Finding>, Vec<&Finding>) {
    let open = found.findings.iter().filter(|finding| finding.is_open() && finding.is_current(found.now));
    open.partition(|finding| found.mutes.of(&finding.key(), Utc::now()).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::finding::fixture::{at, job, scope};
    use crate::domain::finding::{Facts, FindingKind, Uncovered, findings};
    use crate::domain::job::JobState;

    #[test]
    fn what_failed_more_than_a_week_ago_is_not_told_and_what_lasts_is() {
        let (now, scope) = (at("2026-11-24T12:00:00Z"), scope());
        let jobs =
            ["2026-11-17T11:00:00Z", "2026-11-17T13:00:00Z"].map(|created| job(created, JobState::Failed, created));
        let arn = jobs[0].resource_arn.clone();
        let alone = Uncovered { scope: &scope, arn: &arn, name: None };
        let facts = Facts { now, backup_jobs: jobs.iter().collect(), unprotected: vec![alone], ..Facts::default() };
        let found = Found { findings: findings(&facts), now, ..Found::default() };
        let (muted, speaking) = split(&found);
        let told: Vec<_> = speaking.iter().map(|finding| (finding.kind, finding.subject.as_str())).collect();
        assert!(muted.is_empty());
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(told.contains(&(FindingKind::Failed, "2026-11-17T13:00:00Z")));
        assert!(told.iter().any(|(kind, _)| *kind == FindingKind::Unprotected));
    }
}
