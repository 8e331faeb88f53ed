//! Who can delete from a vault, and do whatever else loses or brings out what it holds.

use crate::client::{Feature, Key, Query};
use crate::domain::extension::Standing;
use crate::domain::policy::{COPY_INTO_VAULT, Policy, standings};
use crate::domain::vault::Vault;
use crate::tui::command::Command;
use crate::tui::dialogs::modal::{Input, Modal};
use crate::tui::msg::Act;
use crate::tui::paint::{Painter, Segments, segment};
use crate::tui::screens::details::{self, Detail, Scroll};
use crate::tui::screens::pane;
use crate::tui::table::Cell;
use crate::tui::theme::Role;
use crate::tui::world::World;
use crossterm::event::KeyCode;
use ratatui::layout::Rect;
use std::sync::Arc;

/// The actions that are asked about, and how a question names each.
const ACTIONS: [(&str, &str); 9] = [
    ("backup:DeleteRecoveryPoint", "delete recovery points from"),
    ("backup:UpdateRecoveryPointLifecycle", "change how long points are kept in"),
    ("backup:DeleteBackupVault", "delete the vault"),
    ("backup:StartRestoreJob", "restore from"),
    ("backup:StartBackupJob", "back up into"),
    (COPY_INTO_VAULT, "copy into"),
    ("backup:PutBackupVaultAccessPolicy", "change the access policy of"),
    ("backup:DeleteBackupVaultLockConfiguration", "take the lock off"),
    ("vaultdeck:MakeRecoveryKey", "make a key for restic of"),
];

/// Everybody who is known, and the answer for each.
#[derive(Debug)]
pub struct WhoCan {
    vault: Arc<Vault>,
    at: usize,
    scroll: Scroll,
    /// What is shown, where it is known: made when an answer comes or the action changes, not in every frame.
    rows: Option<Vec<Detail>>,
}

impl WhoCan {
    /// Of this vault.
    pub fn new(vault: Arc<Vault>) -> Self {
        Self { vault, at: 0, scroll: Scroll::default(), rows: None }
    }

    /// Goes on by so many actions.
    fn turn(&mut self, by: usize, world: &World) {
        (self.at, self.scroll) = ((self.at + by) % ACTIONS.len(), Scroll::default());
        self.rows = self.rows(world);
    }

    /// The engine says it itself where it can be asked; else the vault's policy is looked at here.
    fn key(&self, world: &World) -> Key {
        let vault = self.vault.name.clone();
        let query = if asks_engine(world) {
            Query::WhoCan { vault, action: self.action().to_owned() }
        } else {
            Query::AccessPolicy { vault }
        };
        Key::scoped(self.vault.scope.clone(), query)
    }

    fn action(&self) -> &'static str {
        ACTIONS[self.at].0
    }

    /// The rows, where they are known.
    fn rows(&self, world: &World) -> Option<Vec<Detail>> {
        let (scope, name) = (&self.vault.scope, &self.vault.name);
        if asks_engine(world) {
            let told = world.store.who_can(scope, name, self.action())?;
            return Some(together(told));
        }
        let text = world.store.access_policy(scope, name)?;
        let policy = match text.as_ref().as_ref().map(|text| Policy::parse(text)).transpose() {
            Ok(policy) => policy,
            Err(invalid) => return Some(vec![Detail::new("?", format!("the policy cannot be read: {invalid}"))]),
        };
        let told = standings(policy.as_ref(), &self.vault.arn, self.action());
        let rows = told.iter().flat_map(|one| row(one.allowed, &one.principal, &one.because));
        let unknown = "What users' and roles' own policies, locks and holds say is not known here.";
        Some(rows.chain([Detail::cell(" ", Cell::dim(unknown))]).collect())
    }
}

fn asks_engine(world: &World) -> bool {
    world.store.capabilities.allows(Feature::Status).is_ok()
}

/// Those who can, then the others: who cannot for the same reason stands in one row.
fn together(told: &[Standing]) -> Vec<Detail> {
    let can = told.iter().filter(|one| one.allowed);
    let mut rows: Vec<Detail> = can.flat_map(|one| row(Some(true), &one.principal, &one.because)).collect();
    let mut reasons: Vec<(&str, Vec<&str>)> = Vec::new();
    for one in told.iter().filter(|one| !one.allowed) {
        match reasons.iter_mut().find(|(because, _)| *because == one.because) {
            Some((_, principals)) => principals.push(&one.principal),
            None => reasons.push((&one.because, vec![&one.principal])),
        }
    }
    for (because, principals) in reasons {
        let more = principals.len() - 1;
        let first = principals.first().copied().unwrap_or_default();
        let who = if more == 0 { first.to_owned() } else { format!("{first} and {more} more") };
        rows.extend(row(Some(false), &who, because));
    }
    rows
}

fn row(allowed: Option<bool>, principal: &str, because: &str) -> [Detail; 2] {
    let (answer, role) = match allowed {
        Some(true) => ("yes", Role::Warning),
        Some(false) => ("no", Role::Good),
        None => ("depends", Role::Text),
    };
    [Detail::cell(answer, Cell::new(principal.to_owned(), role)), Detail::cell("", Cell::dim(because.to_owned()))]
}

impl Modal for WhoCan {
    fn title(&self, _: &World) -> String {
        format!("Who can {} {}?", ACTIONS[self.at].1, self.vault.name)
    }
    fn keys(&self, world: &World) -> Vec<Key> {
        vec![self.key(world)]
    }
    fn sync(&mut self, world: &World) {
        self.rows = self.rows(world);
    }
    fn handle(&mut self, input: Input, world: &mut World) -> Vec<Act> {
        let Input::Key(key) = input else { return Vec::new() };
        match key.code {
            KeyCode::Esc | KeyCode::Char('q') | KeyCode::Enter => return vec![Act::Close],
            KeyCode::Right | KeyCode::Tab | KeyCode::Char('l') => self.turn(1, world),
            KeyCode::Left | KeyCode::BackTab | KeyCode::Char('h') => self.turn(ACTIONS.len() - 1, world),
            KeyCode::Down | KeyCode::Char('j') => _ = self.scroll.handle(Command::Down),
            KeyCode::Up | KeyCode::Char('k') => _ = self.scroll.handle(Command::Up),
            KeyCode::PageDown => _ = self.scroll.handle(Command::PageDown),
            KeyCode::PageUp => _ = self.scroll.handle(Command::PageUp),
            _ => {}
        }
        Vec::new()
    }
    fn size(&self, _: &World) -> (u16, u16) {
        (96, self.rows.as_ref().map_or(8, |rows| rows.len() as u16 + 3))
    }
    fn view(&self, world: &World, area: Rect, painter: &mut Painter<'_>) {
        let Some(rows) = &self.rows else {
            pane::view_nothing(&world.store.freshness(&[self.key(world)]), &[], world, area, painter);
            return;
        };
        let said = format!("{} {} of {}, left and right turn", self.action(), self.at + 1, ACTIONS.len());
        painter.put(area.x, area.y, area.width, &said, Role::Dim);
        let below = Rect::new(area.x, area.y + 2, area.width, area.height.saturating_sub(2));
        details::view(rows, &self.scroll, below, painter);
    }
    fn hints(&self, _: &World) -> Segments<'static> {
        vec![
            segment("left right", Role::Key),
            segment(" other action  ", Role::Dim),
            segment("j k", Role::Key),
            segment(" scroll  ", Role::Dim),
            segment("esc", Role::Key),
            segment(" close", Role::Dim),
        ]
    }
}
