//! What is known of a recovery point.

use super::{Subject, Touched};
use crate::domain::Arn;
use crate::domain::recovery_point::{RecoveryPoint, RecoveryPointStatus};
use crate::engine::authorize::principal::Belongs;
use crate::engine::error::{Error, Result};

/// A recovery point that was asked for.
#[derive(Debug, Clone, Copy)]
pub struct PointNamed<'a> {
    /// The ARN that was asked for.
    pub arn: &'a Arn,
    /// The point in the vault that was asked for, where there is one.
    pub found: Option<&'a RecoveryPoint>,
}

impl<'a> PointNamed<'a> {
    fn owner(&self) -> Option<Belongs<'a>> {
        self.found.map(|point| Belongs::To(&point.scope))
    }

    /// Refuses a point whose state is not one of those that `may` accepts, in the words that `end` the sentence.
    fn require(&self, may: impl Fn(&RecoveryPointStatus) -> bool, end: &str) -> Result<()> {
        match self.found {
            Some(point) if !may(&point.status) => {
                let state = point.status.as_str();
                Err(Error::invalid_state(format!("Recovery point {} is in state {state}{end}", self.arn)))
            }
            _ => Ok(()),
        }
    }
}

macro_rules! points {
    ($($(#[$doc:meta])* $subject:ident: $may:expr, $end:literal, $touches:expr;)+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy)]
        pub struct $subject<'a>(pub PointNamed<'a>);

        impl Subject for $subject<'_> {
            fn name(&self) -> String {
                self.0.arn.to_string()
            }

            fn owner(&self) -> Option<Belongs<'_>> {
                self.0.owner()
            }

            fn missing(&self) -> Error {
                Error::no_such_recovery_point(self.0.arn)
            }

            fn vault(&self) -> Option<&Arn> {
                self.0.found.map(|point| &point.vault_arn)
            }

            fn touches(&self) -> Option<Touched<'_>> {
                let touches: fn(&RecoveryPoint) -> Option<Touched<'_>> = $touches;
                self.0.found.and_then(touches)
            }

            fn protection(&self) -> Result<()> {
                self.0.require($may, $end)?;
                match self.touches() {
                    Some(Touched::Deletion(point)) if point.held => Err(Error::invalid_request(
                        "The recovery point cannot be deleted because it has active legal hold(s).",
                    )),
                    _ => Ok(()),
                }
            }
        }
    )+};
}

fn is_restorable(status: &RecoveryPointStatus) -> bool {
    is_whole(status) || matches!(status, RecoveryPointStatus::Available | RecoveryPointStatus::Stopped)
}

fn is_whole(status: &RecoveryPointStatus) -> bool {
    matches!(status, RecoveryPointStatus::Completed | RecoveryPointStatus::Partial)
}

points! {
    /// A recovery point that is read.
    PointToRead: |_| true, "", |_| None;
    /// A recovery point that is to be deleted: not one that is just being made, which goes with its job, and none that a legal
    /// hold is on.
    PointToDelete: |status| *status != RecoveryPointStatus::Creating, " and cannot be deleted.",
        |point| Some(Touched::Deletion(point));
    /// A recovery point that AWS Backup is to let go of, which is as good as deleted here.
    PointToDisassociate: |_| true, "", |point| Some(Touched::Deletion(point));
    /// A recovery point whose lifecycle is to change: one that is whole.
    PointToChange: is_whole, "; its lifecycle cannot be changed.", |point| Some(Touched::Lifecycle(point));
    /// A recovery point that is to be copied: one that is whole, or a continuous one that is live, of which rules have snapshots copied.
    PointToCopy: |status| is_whole(status) || *status == RecoveryPointStatus::Available, " and cannot be copied.", |_| None;
    /// A recovery point that is to be restored: one that is whole, or a continuous one.
    PointToRestore: is_restorable, " and cannot be restored.", |_| None;
}
