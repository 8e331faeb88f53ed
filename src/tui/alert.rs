//! A bell and a note of the terminal for what is found while the dashboard runs.
//!
//! What is found with the first answer to a question was there before anybody asked, and is no news. What is found later is, once;
//! and again when it was over in between.

use crate::client::{Key, Query, survey};
use crate::domain::Scope;
use crate::domain::finding::Finding;
use crate::tui::msg::Effect;
use crate::tui::screens::problems;
use crate::tui::world::World;
use std::collections::{BTreeMap, BTreeSet};

/// No more of a note's text is sent.
const LONGEST: usize = 200;

/// How a user wants to be told of new findings; not at all unless they say so.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Alerts {
    /// By the terminal's bell.
    pub bell: bool,
    /// By a note of the terminal's desktop, which it shows for OSC 9.
    pub osc9: bool,
}

/// What was found before.
#[derive(Debug, Default)]
pub struct Alert {
    wanted: Alerts,
    known: BTreeMap<String, Known>,
    /// Where a question was answered for the first time since the last look.
    first: BTreeSet<Option<Scope>>,
    /// Whether copy jobs were told somewhere for the first time: what is found of copies follows from all scopes together.
    first_copies: bool,
}

/// What is kept of a finding.
#[derive(Debug)]
struct Known {
    scope: Scope,
    is_of_copies: bool,
}

impl Alert {
    /// Of which nothing is known yet.
    pub fn new(wanted: Alerts) -> Self {
        Self { wanted, ..Self::default() }
    }

    /// A question was answered for the first time.
    pub fn answered_first(&mut self, key: &Key) {
        // Who is there says nothing of what is wrong.
        if !matches!(key.query, Query::Scopes | Query::Accounts | Query::Organization) {
            self.first.insert(key.scope.clone());
            self.first_copies |= key.query == Query::CopyJobs;
        }
    }

    /// Compares what is found with what was found before, and says what the terminal is to do about it.
    pub fn look(&mut self, world: &World) -> Vec<Effect> {
        let (first, first_copies) = (std::mem::take(&mut self.first), std::mem::take(&mut self.first_copies));
        if self.wanted == Alerts::default() {
            return Vec::new();
        }
        let found = problems::speaking(world);
        let keys: BTreeSet<String> = found.iter().map(Finding::telling_key).collect();
        let knows_copies = survey::knows_copies(world, &world.shown);
        // What is not looked at now may go on there.
        let is_unseen = |known: &Known| !world.shown.contains(&known.scope) || known.is_of_copies && !knows_copies;
        self.known.retain(|key, known| keys.contains(key) || is_unseen(known));
        let is_first = |finding: &Finding| {
            let of_scope = first.contains(&Some(finding.scope.clone())) || first.contains(&None);
            of_scope || first_copies && finding.is_of_copies()
        };
        let mut news = Vec::new();
        for finding in &found {
            let known = Known { scope: finding.scope.clone(), is_of_copies: finding.is_of_copies() };
            if self.known.insert(finding.telling_key(), known).is_none() && !is_first(finding) {
                news.push(finding.title.as_str());
            }
        }
        self.tell(&news)
    }

    fn tell(&self, news: &[&str]) -> Vec<Effect> {
        let Some(first) = news.first() else { return Vec::new() };
        let more = match news.len() {
            1 => String::new(),
            number => format!(" and {} more", number - 1),
        };
        let mut effects = Vec::new();
        if self.wanted.bell {
            effects.push(Effect::Bell);
        }
        if self.wanted.osc9 {
            let title: String = first.chars().take(LONGEST).collect();
            effects.push(Effect::Note(format!("vaultdeck: {title}{more}")));
        }
        effects
    }
}
