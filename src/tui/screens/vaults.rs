//! Screen 2: the vaults.

use crate::client::attributes::{Attribute, vault};
use crate::client::{Answer, Key, Query};
use crate::domain::vault::Vault;
use crate::domain::vault_lock::LockMode;
use crate::tui::msg::Act;
use crate::tui::route::Route;
use crate::tui::screens::list::Listed;
use crate::tui::screens::pane;
use crate::tui::store::{Freshness, Line};
use crate::tui::subject::Subject;
use crate::tui::table::{Cell, Column, Record, by_text};
use crate::tui::text::Elide;
use crate::tui::theme::Role;
use crate::tui::world::World;
use crate::tui::{fmt, keys};
use std::borrow::Cow;
use std::sync::Arc;

/// The list of vaults.
#[derive(Debug)]
pub struct Vaults;

static COLUMNS: &[Column<Vault>] = &[
    Column::of(&vault::NAME, 20, 60)
        .shown(|vault, world| {
            let owner = vault.shared_by().map(|owner| format!("  shared by {}", world.account(&owner)));
            Cell::new(format!("{}{}", vault.name, owner.unwrap_or_default()), Role::Accent)
        })
        .sorted(|a, b| by_text(&a.name, &b.name)),
    Column::of(&vault::POINTS, 6, 9).sorted(|a, b| b.recovery_points.cmp(&a.recovery_points)),
    Column::of(&vault::LOCKED, 10, 11)
        .titled("LOCK")
        .shown(|vault, world| match vault.lock.map(|lock| lock.mode(world.now())) {
            None => Cell::dim(world.glyphs.none),
            Some(LockMode::Governance) => Cell::new("governance", Role::Good),
            Some(LockMode::Compliance(_)) if vault.vault_type.is_air_gapped() => Cell::new("air-gapped", Role::Good),
            Some(LockMode::Compliance(_)) => Cell::new("compliance", Role::Good),
            Some(LockMode::CoolingOff(date)) => Cell::new(fmt::relative(world.now(), date), Role::Warning),
        })
        .priority(3),
    Column::account(12, 20).by_account().priority(1),
    Column::region(12, 14).by_region().priority(2),
    Column::<Vault>::new("RETENTION", 9, 14, |vault, _| {
        Cell::dim(vault.lock.map(|lock| lock.to_string()).unwrap_or_default())
    })
    .priority(6),
    Column::<Vault>::new("RECOVERY KEY", 12, 12, |vault, world| {
        let missing = world.store.status().is_some_and(|status| {
            status.without_recovery_key().any(|(scope, name)| scope == vault.scope && vault.named() == name.into())
        });
        if missing { Cell::new("none yet", Role::Warning) } else { Cell::dim("") }
    })
    .priority(4),
    Column::of(&vault::CREATED, 8, 10)
        .shown(|vault, world| Cell::dim(fmt::age(world.now(), vault.created)))
        .right()
        .sorted(|a, b| b.created.cmp(&a.created))
        .priority(7),
    Column::of(&vault::KEY, 24, 40)
        .shown(|vault, world| match (keys::trouble(vault, world), vault.encryption_key_arn.as_deref()) {
            (Some(trouble), Some(key)) => Cell::new(format!("{trouble}: {key}"), Role::Bad),
            (_, key) => Cell::dim(key.unwrap_or_default().to_owned()),
        })
        .grows()
        .elide(Elide::Middle)
        .priority(8),
];

impl Record for Vault {
    fn id(&self) -> Cow<'_, str> {
        match self.shared_by() {
            None => Cow::Borrowed(self.arn.as_str()),
            // Its owner may be in the list as well.
            Some(_) => Cow::Owned(format!("{} {}", self.arn, self.scope)),
        }
    }
    fn columns() -> &'static [Column<Self>] {
        COLUMNS
    }
    fn attributes() -> &'static [&'static Attribute<Self>] {
        vault::ALL
    }
    fn words(&self, words: &mut String) {
        words.push_str(&self.name);
        words.push(' ');
        words.push_str(self.scope.account.as_str());
        words.push(' ');
        words.push_str(self.scope.region.as_str());
        if let Some(owner) = self.shared_by() {
            words.push_str(" shared by ");
            words.push_str(owner.as_str());
        }
    }
}

const EMPTY: pane::Empty<'_> = &[
    "No vault here yet.",
    "",
    "A vault holds recovery points. Make one with:",
    "$ :create-vault",
    "",
    "Then register a folder, a database, a bucket, and back it up:",
    "$ :add-resource",
    "$ :start-backup",
];

/// What the scopes that are shown have, and what is shared with them.
fn lists(world: &World) -> Vec<Key> {
    [Query::Vaults, Query::SharedVaults].iter().flat_map(|query| world.everywhere(query)).collect()
}

impl Listed for Vaults {
    type Row = Vault;

    fn title(&self, _: &World) -> String {
        "Vaults".to_owned()
    }
    fn keys(&self, world: &World) -> Vec<Key> {
        lists(world).into_iter().chain(keys::keys_of_shown(world)).collect()
    }
    fn freshness(&self, world: &World) -> Freshness {
        // A place whose own vaults are out of reach is told of once.
        let fault = |key: &Key| world.store.slot(key).fault.is_some();
        let own = world.everywhere(&Query::Vaults);
        let out_of_reach = |key: &Key| own.iter().any(|own| own.scope == key.scope && fault(own));
        let shared = world.everywhere(&Query::SharedVaults);
        let more = shared.iter().filter(|key| fault(key) && !out_of_reach(key));
        world.store.freshness(own.iter().chain(more))
    }
    fn rows(&mut self, world: &World) -> Vec<Line<Vault>> {
        let gather = |query| world.store.gather(&world.shown, &query, Answer::vaults);
        gather(Query::Vaults).into_iter().chain(gather(Query::SharedVaults)).collect()
    }
    fn empty(&self, _: &World) -> pane::Empty<'static> {
        EMPTY
    }
    fn open(&self, vault: &Vault, _: &World) -> Option<Vec<Act>> {
        Some(vec![Act::Open(Route::Vault(vault.scope.clone(), vault.named()))])
    }
    fn takes_several(&self) -> bool {
        true
    }
    fn subject(&self, vault: &Arc<Vault>, _: &World) -> Subject {
        Subject::Vault(Arc::clone(vault))
    }
}
