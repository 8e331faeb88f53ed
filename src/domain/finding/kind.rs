//! What a finding is.

use crate::domain::names::JobId;
use crate::domain::{Arn, PlanId, ResourceType, Scope, Time};
use chrono::Duration;

/// How bad it is; the worst is the greatest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing.
    Notice,
    /// Data is protected less than promised.
    Warning,
    /// Data is not protected, or did not come back.
    Critical,
}

impl Severity {
    /// Its name where a program reads it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Notice => "NOTICE",
            Self::Warning => "WARNING",
            Self::Critical => "CRITICAL",
        }
    }
}

/// Writes the kinds and what there is to know of each from one list.
macro_rules! kinds {
    ($($kind:ident $name:literal $what:literal $rule:literal;)+) => {
        /// What kind of problem it is.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum FindingKind { $(#[doc = $what] $kind),+ }

        impl FindingKind {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$kind),+];

            /// By what rule it is found, in one sentence.
            pub fn rule(self) -> &'static str {
                match self { $(Self::$kind => $rule),+ }
            }

            /// Its name where a program reads it.
            pub fn name(self) -> &'static str {
                match self { $(Self::$kind => $name),+ }
            }
        }
    };
}

kinds! {
    Failed "failed" "A job failed."
        "A backup, restore or copy job ended as FAILED or PARTIAL.";
    Expired "expired" "A job missed its window."
        "A backup job did not start within its start window, or did not end within its completion window.";
    MissingRun "missing-run" "A run was due, and no job came of it."
        "A plan with a selection was due, and fifteen minutes later no job tells of it.";
    RoleUnusable "role-unusable" "A role could not be assumed."
        "A job failed because AWS Backup could not assume the role of its selection.";
    ObjectiveMissed "objective-missed" "A resource's last backup is older than its objective."
        "A resource's newest recovery point is older than the configured objective.";
    WindowAtRisk "window-at-risk" "A job will miss its window as it goes."
        "A job that has not started has used three quarters of its start window, or one that runs would end behind its completion window if it takes as long as its lane's median.";
    CompletedWithIssues "completed-with-issues" "A backup job completed, but not without issues."
        "A backup job ended as COMPLETED with a message category that is not SUCCESS.";
    DamagedRecoveryPoint "damaged-recovery-point" "Something in a recovery point cannot be restored any more."
        "A check or a restore found that something in a recovery point cannot be read any more.";
    KeyUnusable "key-unusable" "A vault lets nothing in or out, since its KMS key cannot be used."
        "A vault's KMS key is disabled, pending deletion or gone.";
    StuckRecoveryPoint "stuck-recovery-point" "A recovery point is past its life, partial, or stuck while it is deleted."
        "A recovery point is EXPIRED or PARTIAL, or DELETING for a day longer than its life.";
    ContinuousStopped "continuous-stopped" "A continuous backup was interrupted."
        "A continuous recovery point is STOPPED: it holds the seconds before, and no new ones.";
    CopyLags "copy-lags" "A copy is not where a plan wants it."
        "The newest backup of a rule that is a day old is not in a vault that the rule copies into.";
    OptedOut "opted-out" "A resource type is not opted in."
        "A region is opted out of a resource type that it has resources of: plans make no jobs of them.";
    Unprotected "unprotected" "No plan selects a resource."
        "A resource that can be backed up is selected by no plan.";
    LockCoolingOff "lock-cooling-off" "A lock can be taken off for some time still."
        "A vault's lock in compliance mode is in its cooling-off time; after its lock date nobody can remove it.";
    KeptForEver "kept-for-ever" "Something can never be deleted any more."
        "A vault is locked in compliance mode and holds recovery points without a day of deletion.";
    UnusualChange "unusual-change" "Far more changed than in the history of a resource, it shrank, or what is new does not compress."
        "The newest backup moved at least ten times the median of those before, or is less than half as large, or what an engine stored anew of it hardly compressed (95 % or more is left) where 70 % or less is usual; at least five before it are known.";
    NeverProven "never-proven" "No restore test proved a resource of late."
        "No restore job whose validation was SUCCESSFUL is known of a resource that has recovery points.";
    Stopped "stopped" "Someone stopped a job."
        "A job ended as ABORTED.";
    Engine "engine" "The engine itself does not do all that it is there for."
        "The engine says of itself that something is wrong.";
}

/// What it is about, so that it can be opened.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Subject {
    /// A backup job.
    BackupJob(JobId),
    /// A restore job.
    RestoreJob(JobId),
    /// A copy job.
    CopyJob(JobId),
    /// A plan.
    Plan(PlanId),
    /// A recovery point in a vault.
    RecoveryPoint {
        /// The vault's name.
        vault: String,
        /// The point.
        arn: Arn,
    },
    /// A vault, by its name.
    Vault(String),
    /// A resource.
    Resource(Arn),
    /// A resource type.
    Type(ResourceType),
    /// The engine itself: the problem's code.
    Engine(String),
}

impl Subject {
    /// As other commands and the API name it.
    pub fn as_str(&self) -> &str {
        match self {
            Self::BackupJob(id) | Self::RestoreJob(id) | Self::CopyJob(id) => id.as_str(),
            Self::Plan(id) => id.as_str(),
            Self::RecoveryPoint { arn, .. } | Self::Resource(arn) => arn.as_str(),
            Self::Vault(name) => name,
            Self::Type(resource_type) => resource_type.as_str(),
            Self::Engine(code) => code,
        }
    }
}

/// One problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// What kind it is.
    pub kind: FindingKind,
    /// Where it happened.
    pub scope: Scope,
    /// What it is about.
    pub subject: Subject,
    /// When it happened, or was due.
    pub at: Time,
    /// One line: what is wrong with what.
    pub title: String,
    /// Why, as far as it is known; may be empty.
    pub detail: String,
    /// Whether a later job of the same resource and rule went well.
    pub recovered: bool,
    /// What goes on however often it is found again: the resource whose backups fail, the point that is damaged. Two findings of
    /// one kind with the same are the same thing.
    pub identity: String,
    /// Which of the things of one identity it is, where a new one is news though an older one is open still: the rule whose
    /// backups fail, the job that restored.
    pub occasion: Option<String>,
}

/// What happened needs a look for so long when nothing made it good.
const OPEN: Duration = Duration::days(7);
/// What a later run made good, and what someone stopped, needs one for so long.
const PASSED: Duration = Duration::hours(24);

impl Finding {
    /// What tells it from others, however often it is found again, in one context.
    pub fn key(&self) -> String {
        format!("{} {} {} {}", self.kind.name(), self.scope.account, self.scope.region, self.identity)
    }

    /// What tells it from others that are told of, each once: its key, and the occasion.
    pub fn telling_key(&self) -> String {
        match &self.occasion {
            Some(occasion) => format!("{} {occasion}", self.key()),
            None => self.key(),
        }
    }

    /// Whether it goes on, or happened not long before `now`, the service's time.
    pub fn is_current(&self, now: Time) -> bool {
        self.is_state() || now - self.at <= if self.is_open() { OPEN } else { PASSED }
    }

    /// Whether it follows from copy jobs.
    pub fn is_of_copies(&self) -> bool {
        matches!(self.subject, Subject::CopyJob(_)) || self.kind == FindingKind::CopyLags
    }

    /// Whether something is to be done about it.
    pub fn is_open(&self) -> bool {
        !self.recovered && self.severity != Severity::Notice
    }

    /// Whether it is a state that lasts until somebody changes it, and no event that passes.
    pub fn is_state(&self) -> bool {
        !matches!(self.subject, Subject::BackupJob(_) | Subject::RestoreJob(_) | Subject::CopyJob(_) | Subject::Plan(_))
            && self.kind != FindingKind::ObjectiveMissed
    }
}
