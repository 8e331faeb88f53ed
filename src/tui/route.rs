//! Where one is, and where one was.

use crate::client::query::Place;
use crate::domain::day::{DayState, Owner};
use crate::domain::job::BackupJob;
use crate::domain::names::JobId;
use crate::domain::vault::VaultRef;
use crate::domain::{Arn, PlanId, Scope, Time};
use crate::tui::command::Command;

/// Writes the tabs and what there is to know of each from one list. A tab is opened by the command of its name.
macro_rules! tabs {
    ($($tab:ident $title:literal $short:literal;)+) => {
        /// The screens that a key of their own opens.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Tab { $(#[doc = $title] $tab),+ }

        impl Tab {
            /// All, in the order of their keys.
            pub const ALL: &[Self] = &[$(Self::$tab),+];

            /// Its name.
            pub fn title(self) -> &'static str {
                match self { $(Self::$tab => $title),+ }
            }

            /// Its name where the screen is narrow.
            pub fn short(self) -> &'static str {
                match self { $(Self::$tab => $short),+ }
            }

            /// The command that opens it.
            pub fn command(self) -> Command {
                match self { $(Self::$tab => Command::$tab),+ }
            }

            /// The tab that a command opens; none for any other command.
            pub fn of(command: Command) -> Option<Self> {
                match command { $(Command::$tab => Some(Self::$tab),)+ _ => None }
            }
        }
    };
}
tabs! {
    Overview "Overview" "Overview";
    Vaults "Vaults" "Vaults";
    Plans "Plans" "Plans";
    Jobs "Jobs" "Jobs";
    Accounts "Accounts" "Acc";
    Resources "Resources" "Res";
    Findings "Findings" "Find";
    Activity "Activity" "Act";
}

/// A part of the backup jobs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Slice {
    /// Whose; none is everybody's.
    pub owner: Option<Owner>,
    /// The first moment at which they were created, where that matters.
    pub from: Option<Time>,
    /// The first moment at which they were not any more.
    pub until: Option<Time>,
    /// The first moment at which they ended, where that matters: a job that failed today may be yesterday's.
    pub ended: Option<Time>,
    /// What became of them, where that matters.
    pub state: Option<DayState>,
}

impl Slice {
    /// Whether a job is of it.
    pub fn has(&self, job: &BackupJob) -> bool {
        self.from.is_none_or(|from| job.created >= from)
            && self.until.is_none_or(|until| job.created < until)
            && self.ended.is_none_or(|ended| job.ended_or_created() >= ended)
            && self.owner.as_ref().is_none_or(|owner| owner.has(job))
            && self.state.is_none_or(|state| DayState::of(job) == state)
    }
}

/// What problems of one cause have in common.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Cause {
    /// One word: `FAILED`.
    pub what: &'static str,
    /// Whether a later run made them good.
    pub recovered: bool,
    /// Their messages without what is different each time.
    pub pattern: String,
}

/// Two recovery points of a resource, by which they are asked for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Pair {
    /// The account and region.
    pub scope: Scope,
    /// The vault of the newer one.
    pub vault: VaultRef,
    /// The newer one.
    pub newer: Arn,
    /// The vault of the older one.
    pub older_vault: VaultRef,
    /// The older one.
    pub older: Arn,
}

/// What is looked for, and where.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Sought {
    /// The account and region.
    pub scope: Scope,
    /// The resource or the vault.
    pub place: Place,
    /// The glob or regular expression.
    pub name: String,
    /// Whether it is a regular expression.
    pub is_regex: bool,
}

/// A place.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Route {
    /// A screen that a key of its own opens.
    Tab(Tab),
    /// The recovery points of a vault.
    Vault(Scope, VaultRef),
    /// The legal holds.
    LegalHolds,
    /// The recovery points under a legal hold: scope, id.
    LegalHold(Scope, String),
    /// The recovery points of a resource.
    Resource(Scope, Arn),
    /// One recovery point and its files: scope, vault, ARN.
    Point(Scope, VaultRef, Arn),
    /// One plan.
    Plan(Scope, PlanId),
    /// One backup job.
    BackupJob(Scope, JobId),
    /// One restore job.
    RestoreJob(Scope, JobId),
    /// One copy job.
    CopyJob(Scope, JobId),
    /// What is different between two recovery points.
    Changes(Pair),
    /// Where something is in all recovery points of a resource or a vault.
    Found(Sought),
    /// A part of the backup jobs.
    Jobs(Slice),
    /// The findings of one cause.
    Findings(Cause),
}

/// The way from a screen to what is open in it; never empty.
pub type Trail = Vec<Route>;

/// Where one was, and where one went back from.
#[derive(Debug)]
pub struct History {
    trails: Vec<Trail>,
    at: usize,
}

impl Default for History {
    fn default() -> Self {
        Self { trails: vec![vec![Route::Tab(Tab::Overview)]], at: 0 }
    }
}

impl History {
    /// How many places are remembered.
    const LENGTH: usize = 100;

    /// Where one is.
    pub fn trail(&self) -> &[Route] {
        &self.trails[self.at]
    }

    /// The last part of it.
    pub fn here(&self) -> &Route {
        self.trail().last().unwrap_or(&Route::Tab(Tab::Overview))
    }

    /// Goes to a place; what one went back from is forgotten.
    pub fn go(&mut self, trail: Trail) {
        if self.trail() == trail.as_slice() {
            return;
        }
        self.trails.truncate(self.at + 1);
        self.trails.push(trail);
        if self.trails.len() > Self::LENGTH {
            self.trails.remove(0);
        }
        self.at = self.trails.len() - 1;
    }

    /// Goes one step into something; where that is open already, one is there.
    pub fn open(&mut self, route: Route) {
        if *self.here() == route {
            return;
        }
        let mut trail = self.trail().to_vec();
        trail.push(route);
        self.go(trail);
    }

    /// Goes one step out; false at a screen's root.
    pub fn up(&mut self) -> bool {
        let trail = self.trail();
        if trail.len() < 2 {
            return false;
        }
        let trail = trail[..trail.len() - 1].to_vec();
        self.go(trail);
        true
    }

    /// Goes to where one was before; false when there is nothing.
    pub fn back(&mut self) -> bool {
        let can = self.at > 0;
        self.at -= usize::from(can);
        can
    }

    /// Undoes going back; false when there is nothing.
    pub fn forward(&mut self) -> bool {
        let can = self.at + 1 < self.trails.len();
        self.at += usize::from(can);
        can
    }

    /// Whether a place is still remembered.
    pub fn remembers(&self, route: &Route) -> bool {
        self.trails.iter().any(|trail| trail.contains(route))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::command::COMMANDS;

    #[test]
    fn back_and_forward_retrace_the_way() {
        let mut history = History::default();
        history.go(vec![Route::Tab(Tab::Jobs)]);
        history.go(vec![Route::Tab(Tab::Vaults)]);
        assert!(history.back());
        assert_eq!(history.here(), &Route::Tab(Tab::Jobs));
        assert!(history.forward());
        assert_eq!(history.here(), &Route::Tab(Tab::Vaults));
        assert!(!history.forward());
        assert!(!history.up());
    }

    #[test]
    fn every_tab_is_opened_by_the_key_of_its_place() {
        for (nth, tab) in Tab::ALL.iter().enumerate() {
            let key = (nth + 1).to_string();
            let info = COMMANDS.iter().find(|info| Tab::of(info.command) == Some(*tab)).unwrap();
            assert_eq!((info.keys, info.title), (&[key.as_str()][..], tab.title()));
        }
    }
}
