//! Screen 5: the organization's accounts and how each of them is doing.

use crate::client::{Answer, Fault, Key, Query};
use crate::domain::job::{BackupJob, JobState};
use crate::domain::{Account, AccountId};
use crate::tui::command::Command;
use crate::tui::fmt;
use crate::tui::msg::Act;
use crate::tui::screens::list::Listed;
use crate::tui::screens::pane;
use crate::tui::store::{Freshness, Line};
use crate::tui::subject::Subject;
use crate::tui::table::{Cell, Column, Record, by_text};
use crate::tui::theme::Role;
use crate::tui::world::World;
use chrono::Duration;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

/// An account with what is known of its last day.
#[derive(Debug)]
pub struct Row {
    account: Account,
    vaults: usize,
    points: i64,
    jobs: usize,
    failed: usize,
    running: usize,
    last: Option<crate::domain::Time>,
    regions: usize,
    fault: Option<Fault>,
}

/// The list of accounts.
#[derive(Debug)]
pub struct Accounts;

static COLUMNS: &[Column<Row>] = &[
    Column::<Row>::new("ACCOUNT", 12, 28, |row, _| Cell::new(row.account.name.clone(), Role::Accent))
        .sorted(|a, b| by_text(&a.account.name, &b.account.name)),
    Column::<Row>::new("ID", 12, 12, |row, _| Cell::plain(row.account.id.to_string())).priority(9),
    Column::<Row>::new("HEALTH", 16, 24, |row, world| match (&row.fault, row.failed) {
        (Some(fault), _) => Cell::new(format!("{} {}", world.glyphs.warning, fault.label()), Role::Warning),
        (None, 0) if row.jobs == 0 => Cell::dim(format!("{} no job in 24 h", world.glyphs.none)),
        (None, 0) => Cell::new(format!("{} ok", world.glyphs.good), Role::Good),
        (None, failed) => Cell::new(format!("{} {failed} failed", world.glyphs.bad), Role::Bad),
    })
    .sorted(|a, b| b.failed.cmp(&a.failed)),
    Column::<Row>::new("JOBS 24 H", 9, 9, |row, _| Cell::plain(row.jobs.to_string()))
        .right()
        .sorted(|a, b| b.jobs.cmp(&a.jobs))
        .priority(2),
    Column::<Row>::new("RUNNING", 7, 7, |row, _| {
        Cell::plain(if row.running == 0 { String::new() } else { row.running.to_string() })
    })
    .right()
    .priority(4),
    Column::<Row>::new("VAULTS", 6, 6, |row, _| Cell::plain(row.vaults.to_string())).right().priority(5),
    Column::<Row>::new("POINTS", 7, 9, |row, _| Cell::plain(fmt::grouped(row.points.max(0) as u64)))
        .right()
        .priority(3),
    Column::<Row>::new("LAST GOOD BACKUP", 16, 16, |row, world| match row.last {
        Some(at) => Cell::plain(fmt::relative(world.now(), at)),
        None => Cell::dim("none known"),
    })
    .right()
    .sorted(|a, b| a.last.cmp(&b.last))
    .priority(1),
    Column::<Row>::new("REGIONS", 7, 7, |row, _| Cell::dim(row.regions.to_string())).right().priority(6),
    Column::<Row>::new("STATUS", 9, 12, |row, _| Cell::dim(row.account.status.clone())).priority(7),
    Column::<Row>::new("EMAIL", 12, 30, |row, _| Cell::dim(row.account.email.clone())).grows().priority(8),
];

impl Record for Row {
    fn id(&self) -> Cow<'_, str> {
        Cow::Borrowed(self.account.id.as_str())
    }
    fn columns() -> &'static [Column<Self>] {
        COLUMNS
    }
    fn words(&self, words: &mut String) {
        for word in [self.account.name.as_str(), self.account.id.as_str(), self.account.email.as_str()] {
            words.push_str(word);
            words.push(' ');
        }
    }
    fn is_problem(&self) -> bool {
        self.failed > 0 || self.fault.is_some()
    }
}

/// The accounts that are known: the organization's, and those of scopes that it does not tell of.
fn known(world: &World) -> BTreeMap<AccountId, Account> {
    let mut accounts: BTreeMap<AccountId, Account> = BTreeMap::new();
    for scope in &world.scopes {
        accounts.entry(scope.account.clone()).or_insert_with(|| Account {
            id: scope.account.clone(),
            name: scope.account.to_string(),
            email: String::new(),
            management: false,
            status: String::new(),
            joined: None,
            unit: None,
        });
    }
    for account in world.store.accounts().into_iter().flat_map(|accounts| accounts.iter()) {
        accounts.insert(account.id.clone(), Account::clone(account));
    }
    accounts
}

fn row(account: Account, world: &World) -> Row {
    let mut row =
        Row { account, vaults: 0, points: 0, jobs: 0, failed: 0, running: 0, last: None, regions: 0, fault: None };
    let since = world.now() - Duration::hours(24);
    let id = row.account.id.clone();
    for scope in world.scopes.iter().filter(|scope| scope.account == id) {
        row.regions += 1;
        for vault in world.store.vaults(scope).into_iter().flat_map(|vaults| vaults.iter()) {
            row.vaults += 1;
            row.points += vault.recovery_points;
        }
        for job in world.store.backup_jobs(scope).into_iter().flat_map(|jobs| jobs.iter()) {
            count(&mut row, job, since);
        }
        let slot = world.store.slot(&Key::scoped(scope.clone(), Query::BackupJobs));
        row.fault = row.fault.take().or_else(|| slot.fault.clone());
    }
    if row.fault.is_none()
        && let Some(scopes) = world.store.scopes()
    {
        let faulty = scopes.iter().find(|view| view.scope.account == row.account.id && view.fault.is_some());
        row.fault = faulty.and_then(|view| view.fault.clone());
    }
    row
}

fn count(row: &mut Row, job: &BackupJob, since: crate::domain::Time) {
    if job.state == JobState::Completed {
        row.last = row.last.max(job.completed);
    }
    row.running += usize::from(job.state == JobState::Running);
    if job.created >= since {
        row.jobs += 1;
        row.failed += usize::from(matches!(job.state, JobState::Failed | JobState::Expired));
    }
}

const EMPTY: pane::Empty<'_> =
    &["No account is known.", "", "On an engine, add one in another shell:", "$ vaultdeck account add --name staging"];

impl Listed for Accounts {
    type Row = Row;

    fn title(&self, _: &World) -> String {
        "Accounts".to_owned()
    }
    fn keys(&self, world: &World) -> Vec<Key> {
        let mut keys = vec![Key::context(Query::Accounts), Key::context(Query::Scopes)];
        for query in [Query::BackupJobs, Query::Vaults] {
            keys.extend(world.scopes.iter().map(|scope| Key::scoped(scope.clone(), query.clone())));
        }
        keys
    }
    fn rows(&mut self, world: &World) -> Vec<Line<Row>> {
        let stale = world.store.slot(&Key::context(Query::Accounts)).fault.is_some();
        let mut accounts: Vec<Account> = known(world).into_values().collect();
        accounts.sort_by_key(|account| !account.management);
        accounts.into_iter().map(|account| Line { record: Arc::new(row(account, world)), stale }).collect()
    }
    fn freshness(&self, world: &World) -> Freshness {
        let accounts = Key::context(Query::Accounts);
        match world.store.slot(&accounts).answer {
            Some(Answer::Accounts(_)) => world.store.freshness(&self.keys(world)),
            _ => world.store.freshness(&[accounts]),
        }
    }
    fn empty(&self, _: &World) -> pane::Empty<'static> {
        EMPTY
    }
    fn open(&self, row: &Row, world: &World) -> Option<Vec<Act>> {
        let scope = world.scopes.iter().find(|scope| scope.account == row.account.id).cloned()?;
        Some(vec![Act::Narrow(Some(scope)), Act::Run(Command::Jobs)])
    }
    fn subject(&self, row: &Arc<Row>, _: &World) -> Subject {
        Subject::Account(row.account.id.clone())
    }
}
