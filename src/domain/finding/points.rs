//! Of recovery points: what is past its life, partial or damaged.

use super::{Finding, FindingKind, Severity, Subject, name_of};
use crate::domain::recovery_point::RecoveryPointStatus;
use crate::domain::{KnownPoint, Time};
use chrono::Duration;

pub(super) fn of_recovery_point(point: &KnownPoint, now: Time) -> Option<Finding> {
    let delete_at = point.delete_at().told();
    let overdue = delete_at.is_some_and(|at| now - at > Duration::days(1));
    let what = match point.status {
        RecoveryPointStatus::Expired => "Recovery point could not be deleted",
        RecoveryPointStatus::Stopped => "Continuous backup is stopped",
        RecoveryPointStatus::Deleting if overdue => "Recovery point is stuck while it is deleted",
        RecoveryPointStatus::Partial if !point.is_damaged() => "Recovery point is partial",
        RecoveryPointStatus::Completed | RecoveryPointStatus::Partial if point.is_damaged() => {
            return Some(of_damaged(point, now));
        }
        _ => return None,
    };
    Some(Finding {
        severity: Severity::Warning,
        kind: match point.status {
            RecoveryPointStatus::Stopped => FindingKind::ContinuousStopped,
            _ => FindingKind::StuckRecoveryPoint,
        },
        scope: point.scope.clone(),
        subject: Subject::RecoveryPoint { vault: point.vault_name.clone(), arn: point.arn.clone() },
        at: delete_at.unwrap_or(point.created),
        title: format!("{what}: {}", name_of(point.resource_name.as_deref(), &point.resource_arn)),
        detail: point.status_message.clone().unwrap_or_default(),
        identity: point.arn.to_string(),
        occasion: None,
        recovered: false,
    })
}

/// It holds now, whenever it happened: its message counts what is lost.
fn of_damaged(point: &KnownPoint, now: Time) -> Finding {
    Finding {
        severity: Severity::Critical,
        kind: FindingKind::DamagedRecoveryPoint,
        scope: point.scope.clone(),
        subject: Subject::RecoveryPoint { vault: point.vault_name.clone(), arn: point.arn.clone() },
        at: now,
        title: format!("Recovery point is damaged: {}", name_of(point.resource_name.as_deref(), &point.resource_arn)),
        detail: point.status_message.clone().unwrap_or_default(),
        identity: point.arn.to_string(),
        occasion: None,
        recovered: false,
    }
}
