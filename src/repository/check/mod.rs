//! Checking a repository: is everything there, does everything fit together, and is every byte what it was.

mod packs;
mod structure;

use parking_lot::Mutex;
use std::collections::{BTreeMap, BTreeSet};

use super::{Control, FileKind, Id, Problem, Repository, Result};

/// How many problems are kept by name; beyond it they are only counted.
const KEPT: usize = 10_000;

/// What a check found.
#[derive(Debug, Clone, Default)]
pub struct CheckOutcome {
    /// What is wrong; at most ten thousand are listed.
    pub problems: Vec<Problem>,
    /// How many problems there are, listed or not.
    pub problem_count: u64,
    /// What is worth knowing and harmless.
    pub notes: Vec<String>,
    /// Snapshots that cannot be restored completely.
    pub affected: BTreeSet<Id>,
    /// Snapshots that were walked.
    pub snapshots: u64,
    /// Different folders that were walked.
    pub trees: u64,
    /// Packs that the index names.
    pub packs: u64,
    /// Blobs that the index names.
    pub blobs: u64,
    /// Bytes of packs that were read and verified.
    pub bytes_read: u64,
}

impl CheckOutcome {
    /// Whether nothing is wrong.
    pub fn is_whole(&self) -> bool {
        self.problem_count == 0
    }
}

/// What is known about the repository while it is checked.
#[derive(Default)]
struct Findings {
    outcome: Mutex<CheckOutcome>,
}

impl Findings {
    /// A file of the repository is at fault.
    fn problem(&self, what: impl Into<String>, problem: impl std::fmt::Display, advice: &'static str) {
        self.push(Problem { what: what.into(), problem: problem.to_string(), advice, inside: false });
    }

    /// Something inside a file, or in a folder of a snapshot, is at fault.
    fn problem_inside(&self, what: impl Into<String>, problem: impl std::fmt::Display, advice: &'static str) {
        self.push(Problem { what: what.into(), problem: problem.to_string(), advice, inside: true });
    }

    fn push(&self, problem: Problem) {
        let mut outcome = self.outcome.lock();
        outcome.problem_count += 1;
        if outcome.problems.len() < KEPT {
            outcome.problems.push(problem);
        }
    }

    /// Adds what was found when the repository was opened; what the check found itself is not said twice.
    fn add(&self, problems: Vec<Problem>) {
        let known: BTreeSet<String> = self.outcome.lock().problems.iter().map(|problem| problem.what.clone()).collect();
        problems.into_iter().filter(|problem| !known.contains(&problem.what)).for_each(|problem| self.push(problem));
    }

    fn change(&self, change: impl FnOnce(&mut CheckOutcome)) {
        change(&mut self.outcome.lock());
    }
}

impl Repository {
    /// Checks that all index files, packs, snapshots and folders are there and fit together; with `read_data` also every
    /// byte of every pack.
    ///
    /// What is wrong is in the outcome; an error says only that the check itself could not go on. What cannot be read is
    /// remembered, and what was lost and can be read again counts from then on.
    pub fn check(&self, read_data: bool, control: &Control) -> Result<CheckOutcome> {
        let findings = Findings::default();
        // What was told since the last check is told by this one; what is well by then, by no later one.
        let earlier = self.integrity.take_problems();
        self.integrity.look_at_file(self.storage().as_ref(), self.key());
        self.check_config()?;
        self.reload_index()?;
        self.examine_lost()?;
        let indexed = self.check_index(&findings)?;
        let sizes: BTreeMap<Id, u64> = self.storage().list(FileKind::Pack)?.into_iter().collect();
        Self::check_packs_are_there(&indexed, &sizes, &findings);
        if read_data {
            self.check_packs(&indexed, &sizes, &findings, control)?;
        }
        self.check_locks(&findings)?;
        self.check_snapshots(&findings, control)?;
        self.try_to_save_integrity();
        findings.add(self.integrity.take_problems());
        findings.add(earlier);
        let mut outcome = findings.outcome.into_inner();
        outcome.notes.extend(self.integrity.take_notes());
        outcome.problems.sort();
        outcome.notes.sort();
        Ok(outcome)
    }
}
