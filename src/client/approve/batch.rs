//! Several changes under one answer.

use super::{Approval, Approved, NotApproved, Pending, check};
use crate::client::{Ask, Danger};

/// Changes that wait for one answer together: all that one answer lets out was in view before it.
#[derive(Debug, Clone, PartialEq)]
pub struct Batch {
    changes: Vec<Pending>,
    /// How much harm the worst of them can do.
    pub danger: Danger,
    /// What must be answered: of one change what that asks for. Of several, where any cannot be undone, how many they are.
    pub ask: Ask,
}

impl Batch {
    /// These together; none where there is no change.
    pub fn of(changes: Vec<Pending>) -> Option<Self> {
        let danger = changes.iter().map(|change| change.danger).max()?;
        let ask = match changes.as_slice() {
            [only] => only.ask.clone(),
            _ if changes.iter().any(|change| matches!(change.ask, Ask::Type(_))) => {
                Ask::Type(changes.len().to_string())
            }
            _ => Ask::Yes,
        };
        Some(Self { changes, danger, ask })
    }

    /// The changes, in the order in which they are sent.
    pub fn changes(&self) -> &[Pending] {
        &self.changes
    }
}

/// Checks the typed answer, which approves each of them.
pub fn approve_all(batch: Batch, typed: &str) -> Result<Vec<Approved>, NotApproved> {
    check(&batch.ask, typed)?;
    Ok(batch.changes.into_iter().map(|pending| Approved { pending, by: Approval::Typed }).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::change::{DeleteRecoveryPoint, StopBackup};
    use crate::client::{Capabilities, CommandLine, Mutation};
    use crate::domain::{Arn, Scope};

    fn pending(change: impl Into<Mutation>) -> Pending {
        let scope = Scope::new("123456789012".parse().unwrap(), "us-east-1".parse().unwrap());
        let capabilities = Capabilities { engine: None, control: false, write: true };
        Pending::new(scope, change, &capabilities, &CommandLine::default()).unwrap()
    }

    fn deletion(id: &str) -> Pending {
        let scope = Scope::new("123456789012".parse().unwrap(), "us-east-1".parse().unwrap());
        pending(DeleteRecoveryPoint { vault: "prod".to_owned(), recovery_point: Arn::recovery_point(&scope, id) })
    }

    fn stop(id: &str) -> Pending {
        pending(StopBackup { id: id.parse().unwrap() })
    }

    #[test]
    fn what_cannot_be_undone_asks_for_how_many_and_for_nothing_else() {
        let batch = Batch::of(vec![deletion("aaaaaaaa-1"), stop("job-1"), deletion("bbbbbbbb-2")]).unwrap();
        assert_eq!((batch.danger, &batch.ask), (Danger::High, &Ask::Type("3".to_owned())));
        for wrong in ["y", "yes", "", "2", "aaaaaaaa"] {
            let refused = approve_all(batch.clone(), wrong).unwrap_err();
            assert_eq!(refused, NotApproved::Type("3".to_owned()), "{wrong}");
        }
        let shown = batch.changes().to_vec();
        let approved = approve_all(batch, " 3 ").unwrap();
        assert_eq!(approved.iter().map(|one| one.pending().clone()).collect::<Vec<_>>(), shown, "as it was shown");
    }

    #[test]
    fn what_can_be_undone_or_is_one_asks_as_it_does_alone() {
        let stops = Batch::of(vec![stop("job-1"), stop("job-2")]).unwrap();
        assert_eq!((stops.danger, &stops.ask), (Danger::Medium, &Ask::Yes));
        assert!(approve_all(stops.clone(), "2").is_err() && approve_all(stops, "y").is_ok());
        let one = Batch::of(vec![deletion("aaaaaaaa-1")]).unwrap();
        assert_eq!(one.ask, Ask::Type("aaaaaaaa".to_owned()), "not 1, which is typed too easily");
        assert_eq!(Batch::of(Vec::new()), None);
    }
}
