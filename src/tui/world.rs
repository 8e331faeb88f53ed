//! What screens and dialogs may know when they draw or decide.

use crate::client::audit::Logged;
use crate::client::history::Past;
use crate::client::mutes::Mutes;
use crate::client::survey::Answers;
use crate::client::views::Views;
use crate::client::{Answer, CommandLine, Key};
use crate::domain::extension::read_only_directory;
use crate::domain::{AccountId, Scope, Time};
use crate::tui::course::Course;
use crate::tui::glyph::Glyphs;
use crate::tui::keymap::Keymap;
use crate::tui::store::Store;
use crate::tui::theme::{Theme, Themes};
use chrono_tz::Tz;
use std::collections::BTreeSet;
use std::sync::Arc;

/// The state that all share; only the app changes it.
#[derive(Debug)]
pub struct World {
    /// What is known.
    pub store: Store,
    /// This machine's clock, as the last tick told it: the ages of data count from here.
    pub wall: Time,
    /// The scopes of the context, the home scope first; those that cannot be entered too.
    pub scopes: Vec<Scope>,
    /// The scopes that are shown: all, or the one that was chosen.
    pub shown: Vec<Scope>,
    /// Whether only one was chosen.
    pub narrowed: bool,
    /// The time zone of whoever looks, for moments that are typed.
    pub zone: Tz,
    /// The looks.
    pub theme: Theme,
    /// The looks that can be chosen.
    pub themes: Themes,
    /// Which key does what.
    pub keymap: Keymap,
    /// The signs.
    pub glyphs: Glyphs,
    /// Where the dashboard is connected to, for the header: `this machine`, a URL, a profile.
    pub place: String,
    /// How the context is told to the `aws` command line.
    pub command_line: CommandLine,
    /// Whether the engine lives in this process, so that quitting ends its jobs.
    pub embedded: bool,
    /// Whether the detail of the selected row stands beside lists: there is room, and nobody put it away.
    pub beside: bool,
    /// How wide somebody made it.
    pub beside_width: Option<u16>,
    /// Whether refreshing is paused.
    pub paused: bool,
    /// What was changed from here, oldest first.
    pub activity: Vec<Activity>,
    /// What this user's sessions changed from this machine, as the audit log has it, or why it cannot be read.
    pub logged: Result<Arc<[Logged]>, String>,
    /// What tells this session's lines of it from others.
    pub session: String,
    /// How far several changes have come that were said yes to.
    pub course: Option<Course>,
    /// The findings that nobody wants to be reminded of.
    pub mutes: Mutes,
    /// What lists were saved under a name.
    pub views: Views,
    /// Counts the tokens that were given out.
    pub tokens: Tokens,
}

/// Gives out idempotency tokens: random in life, counted in tests.
pub struct Tokens(pub Box<dyn FnMut() -> String + Send>);

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tokens")
    }
}

/// Something that was changed from this dashboard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activity {
    /// Its number.
    pub ticket: u64,
    /// When it was asked for.
    pub at: Time,
    /// Where.
    pub scope: Scope,
    /// What.
    pub summary: String,
    /// The operations, in their order.
    pub operations: String,
    /// How it ended; none while it is under way.
    pub outcome: Option<Result<String, String>>,
}

impl World {
    /// The service's clock: this machine's, unless an engine lives in simulated time.
    pub fn now(&self) -> Time {
        self.store.service_time(self.wall)
    }

    /// Whether rows of several accounts are shown.
    pub fn many_accounts(&self) -> bool {
        self.shown.iter().map(|scope| &scope.account).collect::<BTreeSet<_>>().len() > 1
    }

    /// Whether rows of several regions are shown.
    pub fn many_regions(&self) -> bool {
        self.shown.iter().map(|scope| &scope.region).collect::<BTreeSet<_>>().len() > 1
    }

    /// An account as people call it: its name, else its id.
    pub fn account(&self, id: &AccountId) -> String {
        self.store.account_name(id).map_or_else(|| id.to_string(), str::to_owned)
    }

    /// A scope as people call it: only the parts that tell it from the others.
    pub fn scope_name(&self, scope: &Scope) -> String {
        format!("{}/{}", self.account(&scope.account), scope.region)
    }

    /// A resource as people call it: by the name that the lists of resources or its jobs know, else the end of its ARN.
    pub fn resource_name(&self, scope: &Scope, arn: &crate::domain::Arn) -> String {
        let listed =
            self.store.resources(scope).and_then(|all| all.iter().find(|one| one.arn == *arn)?.name.clone().known());
        let named = || {
            let jobs = self.store.backup_jobs(scope)?;
            jobs.iter().find(|job| job.resource_arn == *arn && job.resource_name.is_some())?.resource_name.clone()
        };
        let protected = || {
            let protected = self.store.protected(scope)?;
            protected.iter().find(|one| one.arn == *arn)?.name.clone()
        };
        listed.or_else(protected).or_else(named).unwrap_or_else(|| arn.last_part().to_owned())
    }

    /// A question to every scope that is shown; while none is known, the question which there are.
    pub fn everywhere(&self, query: &crate::client::Query) -> Vec<Key> {
        if self.shown.is_empty() {
            return vec![Key::context(crate::client::Query::Scopes)];
        }
        self.shown.iter().map(|scope| Key::scoped(scope.clone(), query.clone())).collect()
    }

    /// What the engine says of its data directory where that cannot be written.
    pub fn read_only_directory(&self) -> Option<&str> {
        read_only_directory(self.store.engine_problems()?).map(|problem| problem.message.as_str())
    }

    /// Whether the context is an engine, as far as known.
    pub fn is_engine(&self) -> bool {
        self.store.capabilities.engine.is_some()
    }

    /// The scope that something new is made in when nothing else says so: the chosen one, else the home scope.
    pub fn default_scope(&self) -> Option<&Scope> {
        self.shown.first()
    }
}

impl Answers for World {
    fn answer(&self, key: &Key) -> Option<&Answer> {
        self.store.slot(key).answer.as_ref()
    }
    fn past(&self, scope: &Scope) -> Option<&Past> {
        self.store.past(scope)
    }
    fn told_at(&self, key: &Key, now: Time) -> Time {
        let slot = self.store.slot(key);
        let old = slot.at.filter(|_| slot.fault.is_some()).map(|at| self.wall - at);
        now - old.unwrap_or_default()
    }
    fn is_engine(&self) -> bool {
        World::is_engine(self)
    }
}
