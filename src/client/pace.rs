//! How often is asked: refresh classes, backing off, and the token bucket of an account and region.

use crate::client::{Answer, Fault, FaultKind, Query};
use crate::domain::job::JobState;
use parking_lot::Mutex;
use std::time::Duration;
use tokio::time::Instant;

/// How much less often a pane is asked that nobody sees.
const HIDDEN_FACTOR: u32 = 4;
/// No pause between tries is longer.
pub(crate) const BACKOFF_CAP: Duration = Duration::from_secs(60);
/// An engine that restarts is back in seconds, and nobody throttles there.
const ENGINE_CAP: Duration = Duration::from_secs(5);
/// No pause between tries is shorter.
const BACKOFF_FLOOR: Duration = Duration::from_millis(250);

/// How long an answer stays fresh on an engine and on AWS.
struct Class {
    engine: Duration,
    aws: Duration,
}

const fn class(engine_seconds: u64, aws_seconds: u64) -> Class {
    Class { engine: Duration::from_secs(engine_seconds), aws: Duration::from_secs(aws_seconds) }
}

/// Something is moving.
const RUNNING: Class = class(2, 10);
/// Lists that grow by themselves.
const LISTS: Class = class(5, 30);
/// What changes when somebody changes it.
const SETTINGS: Class = class(15, 300);
/// What hardly ever changes.
const ORGANIZATION: Class = class(60, 3600);
/// What changes only where the lists tell it sooner, and costs money: counts of past days.
const COUNTS: Class = class(600, 6 * 3600);
/// What never changes: what a recovery point holds.
const FROZEN: Class = class(600, 3600);

/// Whether any of the states is one that will change by itself.
fn any_open<'a>(mut states: impl Iterator<Item = &'a JobState>) -> bool {
    states.any(|state| !state.is_final())
}

fn class_of(query: &Query, answer: Option<&Answer>) -> Class {
    let grows = matches!(answer, Some(Answer::Items(items)) if !items.bases.is_empty());
    let open = match answer {
        Some(Answer::BackupJobs(jobs)) => any_open(jobs.iter().map(|job| &job.state)),
        Some(Answer::RestoreJobs(jobs)) => any_open(jobs.iter().map(|job| &job.state)),
        Some(Answer::CopyJobs(jobs)) => any_open(jobs.iter().map(|job| &job.state)),
        Some(Answer::BackupJob(job)) => !job.state.is_final(),
        Some(Answer::CopyJob(job)) => !job.state.is_final(),
        Some(Answer::RestoreJob(job)) => !job.state.is_final(),
        _ => false,
    };
    match query {
        Query::BackupJobs | Query::RestoreJobs | Query::CopyJobs => {
            if open {
                RUNNING
            } else {
                LISTS
            }
        }
        // Of those of a scope the next backup tells more.
        Query::NewData { job: None } => LISTS,
        Query::NewData { job: Some(_) } => SETTINGS,
        Query::BackupJob { .. } | Query::CopyJob { .. } | Query::RestoreJob { .. } => {
            if open {
                RUNNING
            } else {
                SETTINGS
            }
        }
        Query::Status
        | Query::Health
        | Query::RecoveryPoints { .. }
        | Query::RecoveryPointsOfResource { .. }
        | Query::RecoveryPoint { .. } => LISTS,
        Query::Vaults
        | Query::SharedVaults
        | Query::Vault { .. }
        | Query::Plans
        | Query::Plan { .. }
        | Query::ProtectedResources
        | Query::ProtectedResource { .. }
        | Query::ApiCalls
        | Query::LegalHolds
        | Query::LegalHold { .. }
        | Query::HeldPoints { .. }
        | Query::Resources
        | Query::Tags { .. }
        | Query::AccessPolicy { .. }
        | Query::VaultShares { .. }
        | Query::Notifications { .. }
        | Query::KmsKeys
        | Query::KmsKey { .. }
        | Query::WhoCan { .. } => SETTINGS,
        Query::Scopes
        | Query::Accounts
        | Query::Organization
        | Query::BackupPolicies
        | Query::Units
        | Query::RegionSettings
        | Query::GlobalSettings
        | Query::SupportedResourceTypes => ORGANIZATION,
        Query::JobCounts => COUNTS,
        // The end of a continuous recovery point moves.
        Query::Items { .. } if grows => LISTS,
        // Of a moment near that end more is known once more of its log is stored.
        Query::Sight { .. } => LISTS,
        Query::Items { .. }
        | Query::RestoreMetadata { .. }
        | Query::Changes { .. }
        | Query::Find { .. }
        | Query::Denial { .. } => FROZEN,
    }
}

/// How long the answer of a question stays fresh.
pub(crate) fn interval(query: &Query, answer: Option<&Answer>, engine: bool, hidden: bool) -> Duration {
    let class = class_of(query, answer);
    let interval = if engine { class.engine } else { class.aws };
    if hidden { interval * HIDDEN_FACTOR } else { interval }
}

/// How long to wait after a fault; `failures` counts those in a row, `chance` lies in 0..1.
pub(crate) fn pause_after(fault: &Fault, failures: u32, chance: f64, fresh: Duration, engine: bool) -> Duration {
    match fault.kind {
        FaultKind::Network if engine => backoff(failures, chance).min(ENGINE_CAP),
        FaultKind::Throttled | FaultKind::Network | FaultKind::Other => backoff(failures, chance),
        // Somebody may log in meanwhile, in another window.
        FaultKind::Expired => Duration::from_secs(15),
        FaultKind::NotSupported { .. } => Duration::from_secs(300),
        FaultKind::Denied | FaultKind::NotFound | FaultKind::Refused => {
            fresh.clamp(Duration::from_secs(30), Duration::from_secs(300))
        }
    }
}

/// Full jitter: anything up to an exponentially growing bound, which itself never passes the cap.
fn backoff(failures: u32, chance: f64) -> Duration {
    let bound = Duration::from_secs(1 << failures.min(6)).min(BACKOFF_CAP);
    bound.mul_f64(chance.clamp(0.0, 1.0)).max(BACKOFF_FLOOR)
}

/// A source of chance for jitter. Not for secrets.
#[derive(Debug)]
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn seeded(seed: u64) -> Self {
        Self(seed | 1)
    }

    /// The next number in 0..1 (xorshift).
    pub(crate) fn next(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// A token bucket: calls may come in a burst, but not faster than the rate in the long run.
#[derive(Debug)]
pub(crate) struct Bucket {
    state: Mutex<(f64, Instant)>,
    rate: f64,
    burst: f64,
}

impl Bucket {
    /// AWS Backup throttles by account and region; an engine on this machine needs no more than a guard against a storm.
    pub(crate) fn of(engine: bool) -> Self {
        if engine { Self::new(200.0, 200.0) } else { Self::new(5.0, 10.0) }
    }

    fn new(rate: f64, burst: f64) -> Self {
        Self { state: Mutex::new((burst, Instant::now())), rate, burst }
    }

    /// Takes a token; the answer is how long to wait until it counts.
    fn take(&self, now: Instant) -> Duration {
        let mut state = self.state.lock();
        let (tokens, at) = *state;
        let tokens = (tokens + now.duration_since(at).as_secs_f64() * self.rate).min(self.burst) - 1.0;
        *state = (tokens, now);
        if tokens >= 0.0 { Duration::ZERO } else { Duration::from_secs_f64(-tokens / self.rate) }
    }

    /// Waits for the turn of one call.
    pub(crate) async fn turn(&self) {
        let wait = self.take(Instant::now());
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backing_off_grows_but_never_beyond_the_cap() {
        for failures in 0..1000 {
            assert!(backoff(failures, 1.0) <= BACKOFF_CAP, "after {failures} failures");
            assert!(backoff(failures, 0.0) >= BACKOFF_FLOOR, "after {failures} failures");
        }
        assert_eq!(backoff(0, 1.0), Duration::from_secs(1));
        assert_eq!(backoff(3, 1.0), Duration::from_secs(8));
        assert_eq!(backoff(3, 0.5), Duration::from_secs(4));
        assert_eq!(backoff(6, 1.0), BACKOFF_CAP);
        assert_eq!(backoff(u32::MAX, 1.0), BACKOFF_CAP);
    }

    #[test]
    fn chance_is_spread_over_zero_to_one() {
        let mut chance = Chance::seeded(7);
        let numbers: Vec<f64> = (0..1000).map(|_| chance.next()).collect();
        assert!(numbers.iter().all(|n| (0.0..1.0).contains(n)));
        assert!(numbers.iter().any(|n| *n < 0.1) && numbers.iter().any(|n| *n > 0.9));
    }

    #[test]
    fn hidden_panes_are_asked_four_times_less_often() {
        let interval = |query: &Query, engine, hidden| interval(query, None, engine, hidden).as_secs();
        assert_eq!(interval(&Query::BackupJobs, true, false), 5);
        assert_eq!(interval(&Query::BackupJobs, false, false), 30);
        assert_eq!(interval(&Query::BackupJobs, true, true), 20);
        assert_eq!(interval(&Query::Vaults, true, false), 15);
        assert_eq!(interval(&Query::Vaults, false, false), 300);
        assert_eq!(interval(&Query::Accounts, false, false), 3600);
        // Near the end of a recovery point that grows, more is known a little later.
        let point = "arn:aws:backup:us-east-1:123456789012:recovery-point:p".parse().unwrap();
        assert_eq!(
            interval(&Query::Sight { recovery_point: point, at: crate::domain::Time::default() }, true, false),
            5
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_bucket_lets_a_burst_pass_and_then_keeps_the_rate() {
        let bucket = Bucket::new(5.0, 10.0);
        let start = Instant::now();
        for _ in 0..10 {
            bucket.turn().await;
        }
        assert_eq!(start.elapsed(), Duration::ZERO);
        for _ in 0..10 {
            bucket.turn().await;
        }
        let elapsed = start.elapsed().as_secs_f64();
        assert!((1.9..2.1).contains(&elapsed), "10 more calls at 5 a second took {elapsed} s");
    }
}
