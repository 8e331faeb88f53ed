//! Several changes that are shown together and asked for once, as data.

use crate::client::approve::Batch;
use crate::client::{Mutation, Pending};
use crate::domain::Scope;
use crate::tui::route::Route;
use std::collections::BTreeMap;

/// How many are left out, and why.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LeftOut(BTreeMap<String, usize>);

impl LeftOut {
    /// One more.
    pub fn add(&mut self, why: String) {
        *self.0.entry(why).or_default() += 1;
    }

    /// The reasons, those of the most first.
    pub fn reasons(&self) -> Vec<(&str, usize)> {
        let mut reasons: Vec<(&str, usize)> = self.0.iter().map(|(why, count)| (why.as_str(), *count)).collect();
        reasons.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        reasons
    }

    /// Why nothing is done where all are left out: the reason of the most.
    pub fn why_none(&self) -> String {
        self.reasons().first().map_or("there is nothing to change", |(why, _)| *why).to_owned()
    }

    /// How many they are.
    pub fn count(&self) -> usize {
        self.0.values().sum()
    }
}

/// A change of one target.
#[derive(Debug, Clone, PartialEq)]
pub struct Proposed {
    /// The rows that stand for it.
    pub rows: Vec<String>,
    /// What people call it.
    pub name: String,
    /// Where in its account and region: the vault's name; empty where that says nothing.
    pub place: String,
    /// Its account and region.
    pub scope: Scope,
    /// The change.
    pub mutation: Mutation,
    /// What it would mean here, in whole sentences; may be empty.
    pub told: String,
}

/// Changes that are to be shown together and asked for once.
#[derive(Debug, Clone, PartialEq)]
pub struct Proposal {
    /// What they do: `Delete 3 recovery points`.
    pub title: String,
    /// The changes.
    pub changes: Vec<Proposed>,
    /// What is left out.
    pub left_out: LeftOut,
    /// How many rows are marked, and how many of those a filter hides.
    pub marked: (usize, usize),
    /// The screen on which they were marked: their marks go there.
    pub route: Option<Route>,
    /// What all of them together mean here, and what may go wrong: each in whole sentences.
    pub notes: Vec<String>,
}

/// What is asked before any of them is sent.
#[derive(Debug)]
pub struct Asked {
    /// The changes as they would be sent.
    pub batch: Batch,
    /// What they are of, in the same order.
    pub proposal: Proposal,
}

impl Asked {
    /// Each change with what it is of.
    pub fn changes(&self) -> impl Iterator<Item = (&Proposed, &Pending)> {
        self.proposal.changes.iter().zip(self.batch.changes())
    }
}
