//! How far several changes have come that were said yes to: a few at a time are under way, and each ends by itself.

use crate::client::{Approved, Fault, Mutation};
use crate::domain::{Scope, cause};
use crate::tui::proposal::{LeftOut, Proposal, Proposed};
use crate::tui::route::Route;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// So many are under way at a time.
const AT_ONCE: usize = 4;

/// A change that was said yes to, and what it is of.
#[derive(Debug)]
pub struct Step {
    /// The rows that stand for it.
    pub rows: Vec<String>,
    /// What people call it.
    pub name: String,
    /// The change.
    pub approved: Approved,
}

/// A change that was sent.
#[derive(Debug)]
struct Sent {
    rows: Vec<String>,
    name: String,
    scope: Scope,
    mutation: Mutation,
}

/// A change that did not end well, with why.
#[derive(Debug)]
struct Failed {
    sent: Sent,
    why: String,
    /// What all have alike that failed for one cause.
    pattern: String,
}

/// Why some did not end well.
#[derive(Debug, PartialEq, Eq)]
pub struct Reason {
    /// In the words of the first of them.
    pub why: String,
    /// Which.
    pub names: Vec<String>,
}

/// Several changes on their way.
#[derive(Debug)]
pub struct Course {
    /// What they do: `Delete 3 recovery points`.
    pub title: String,
    notes: Vec<String>,
    /// The screen on which they were marked.
    pub route: Option<Route>,
    waiting: VecDeque<Step>,
    under_way: BTreeMap<u64, Sent>,
    /// How many ended well.
    done: usize,
    failed: Vec<Failed>,
    /// The accounts and regions in which something ended.
    touched: BTreeSet<Scope>,
    stopped: bool,
}

impl Course {
    /// Of these, which were marked on a screen; `notes` is what was said of all of them together.
    pub fn new(title: String, notes: Vec<String>, route: Option<Route>, steps: Vec<Step>) -> Self {
        Self {
            title,
            notes,
            route,
            waiting: steps.into(),
            under_way: BTreeMap::new(),
            done: 0,
            failed: Vec::new(),
            touched: BTreeSet::new(),
            stopped: false,
        }
    }

    /// The next one to send under a number; none while enough are under way, and once it was stopped.
    pub fn send(&mut self, ticket: u64) -> Option<Approved> {
        if self.stopped || self.under_way.len() >= AT_ONCE {
            return None;
        }
        let Step { rows, name, approved } = self.waiting.pop_front()?;
        let (scope, mutation) = (approved.scope().clone(), approved.pending().mutation().clone());
        self.under_way.insert(ticket, Sent { rows, name, scope, mutation });
        Some(approved)
    }

    /// The one of a number ended: the rows of which it went well. None where the number is none of these.
    pub fn ended(&mut self, ticket: u64, outcome: Result<(), &Fault>) -> Option<Vec<String>> {
        let sent = self.under_way.remove(&ticket)?;
        self.touched.insert(sent.scope.clone());
        Some(match outcome {
            Ok(()) => {
                self.done += 1;
                sent.rows
            }
            Err(fault) => {
                let why = fault.to_string();
                let pattern = cause::pattern(&why, &sent.name);
                self.failed.push(Failed { sent, why, pattern });
                Vec::new()
            }
        })
    }

    /// No further one is sent; what is under way ends.
    pub fn stop(&mut self) {
        self.stopped = true;
    }

    /// Whether no further one is sent though some wait.
    pub fn is_stopped(&self) -> bool {
        self.stopped
    }

    /// Whether none is under way and none will be.
    pub fn is_over(&self) -> bool {
        self.under_way.is_empty() && (self.stopped || self.waiting.is_empty())
    }

    /// How many there are.
    pub fn all(&self) -> usize {
        self.done + self.failed.len() + self.under_way.len() + self.waiting.len()
    }

    /// How many ended well.
    pub fn done(&self) -> usize {
        self.done
    }

    /// How many failed.
    pub fn failed(&self) -> usize {
        self.failed.len()
    }

    /// How many are under way.
    pub fn under_way(&self) -> usize {
        self.under_way.len()
    }

    /// How many were not sent.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// The accounts and regions in which something ended.
    pub fn touched(&self) -> impl Iterator<Item = &Scope> {
        self.touched.iter()
    }

    /// Why some failed, each cause once, the most frequent first.
    pub fn reasons(&self) -> Vec<Reason> {
        let mut reasons: Vec<(&str, Reason)> = Vec::new();
        for Failed { sent, why, pattern } in &self.failed {
            match reasons.iter_mut().find(|(known, _)| known == pattern) {
                Some((_, reason)) => reason.names.push(sent.name.clone()),
                None => reasons.push((pattern.as_str(), Reason { why: why.clone(), names: vec![sent.name.clone()] })),
            }
        }
        reasons.sort_by_key(|(_, reason)| std::cmp::Reverse(reason.names.len()));
        reasons.into_iter().map(|(_, reason)| reason).collect()
    }

    /// The same changes once more that failed or were not sent; none where all went well. They have the same tokens: what was
    /// made though its answer was lost is not made twice.
    pub fn again(&self) -> Option<Proposal> {
        let failed = self.failed.iter().map(|failed| {
            let Sent { rows, name, scope, mutation } = &failed.sent;
            (rows, name, scope, mutation)
        });
        let unsent = self.waiting.iter().map(|step| {
            let pending = step.approved.pending();
            (&step.rows, &step.name, &pending.scope, pending.mutation())
        });
        let proposed = |(rows, name, scope, mutation): (&Vec<String>, &String, &Scope, &Mutation)| Proposed {
            rows: rows.clone(),
            name: name.clone(),
            place: String::new(),
            scope: scope.clone(),
            mutation: mutation.clone(),
            told: String::new(),
        };
        let changes: Vec<Proposed> = failed.chain(unsent).map(proposed).collect();
        let count = changes.len();
        (count > 0).then(|| Proposal {
            title: format!("Once more, {count} of: {}", self.title.trim_start_matches("Once more, ")),
            changes,
            left_out: LeftOut::default(),
            marked: (count, 0),
            route: self.route.clone(),
            notes: self.notes.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::approve::{Batch, approve_all};
    use crate::client::change::StopBackup;
    use crate::client::{Capabilities, CommandLine, FaultKind, Pending};
    use crate::tui::route::Tab;

    fn course(count: usize) -> Course {
        let scope = Scope::new("123456789012".parse().unwrap(), "us-east-1".parse().unwrap());
        let capabilities = Capabilities { engine: None, control: false, write: true };
        let stop = |nth: usize| StopBackup { id: format!("job-{nth}").parse().unwrap() };
        let line = CommandLine::default();
        let pending = |nth| Pending::new(scope.clone(), stop(nth), &capabilities, &line).unwrap();
        let batch = Batch::of((0..count).map(pending).collect()).unwrap();
        let steps = approve_all(batch, "y").unwrap().into_iter().enumerate();
        let step = |(nth, approved)| Step { rows: vec![format!("row-{nth}")], name: format!("job-{nth}"), approved };
        Course::new(format!("Stop {count} jobs"), Vec::new(), Some(Route::Tab(Tab::Jobs)), steps.map(step).collect())
    }

    fn fault(message: &str) -> Fault {
        Fault::new(FaultKind::Refused, message)
    }

    #[test]
    fn a_few_are_under_way_and_each_that_ends_makes_room_for_one() {
        let mut course = course(6);
        assert!((1..=4).all(|ticket| course.send(ticket).is_some()) && course.send(5).is_none());
        assert_eq!(course.ended(2, Ok(())), Some(vec!["row-1".to_owned()]), "its mark goes");
        assert!(course.send(5).is_some() && course.send(6).is_none());
        assert_eq!(course.ended(99, Ok(())), None, "another change is none of these");
        assert_eq!(course.ended(1, Err(&fault("no"))), Some(Vec::new()), "its mark stays");
        assert!(course.send(6).is_some());
        for ticket in [3, 4, 5, 6] {
            assert!(!course.is_over());
            course.ended(ticket, Ok(())).unwrap();
        }
        assert!(course.is_over());
        assert_eq!((course.done(), course.failed(), course.waiting(), course.all()), (5, 1, 0, 6));
    }

    #[test]
    fn once_stopped_none_is_sent_and_what_was_not_sent_can_be_tried_with_what_failed() {
        let mut course = course(6);
        assert!((1..=4).all(|ticket| course.send(ticket).is_some()));
        course.stop();
        course.ended(1, Err(&fault("no"))).unwrap();
        assert!(course.send(5).is_none() && !course.is_over());
        for ticket in [2, 3, 4] {
            course.ended(ticket, Ok(())).unwrap();
        }
        assert!(course.is_over());
        let again = course.again().unwrap();
        let names: Vec<&str> = again.changes.iter().map(|change| change.name.as_str()).collect();
        assert_eq!(names, ["job-0", "job-4", "job-5"]);
        assert_eq!(again.title, "Once more, 3 of: Stop 6 jobs");
    }

    #[test]
    fn one_cause_is_told_once_whatever_ids_its_messages_have() {
        let mut course = course(4);
        assert!((1..=4).all(|ticket| course.send(ticket).is_some()));
        course.ended(1, Err(&fault("the disk is full"))).unwrap();
        course.ended(2, Err(&fault("job job-1 has ended"))).unwrap();
        course.ended(3, Err(&fault("job job-2 has ended"))).unwrap();
        course.ended(4, Ok(())).unwrap();
        let told: Vec<_> = course.reasons().into_iter().map(|reason| (reason.why, reason.names)).collect();
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert_eq!(
            told,
            [
                ("refused: job job-1 has ended".to_owned(), names(&["job-1", "job-2"])),
                ("refused: the disk is full".to_owned(), names(&["job-0"])),
            ]
        );
    }

    #[test]
    fn where_all_went_well_there_is_nothing_to_try_again() {
        let mut course = course(2);
        assert!((1..=2).all(|ticket| course.send(ticket).is_some()));
        assert!((1..=2).all(|ticket| course.ended(ticket, Ok(())).is_some()));
        assert!(course.again().is_none() && course.reasons().is_empty());
    }
}
