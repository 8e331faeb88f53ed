//! The recovery points of a vault, or of a resource.

use crate::client::attributes::{Attribute, point};
use crate::client::{Answer, Key, Query};
use crate::domain::value::Unit;
use crate::domain::vault::{Vault, VaultRef};
use crate::domain::vault_lock::LockMode;
use crate::domain::{AccountId, Arn, Known, KnownPoint, Scope};
use crate::tui::fmt::resource_name;
use crate::tui::msg::Act;
use crate::tui::route::Route;
use crate::tui::screens::list::Listed;
use crate::tui::screens::{pane, status};
use crate::tui::store::{Freshness, Line};
use crate::tui::subject::{Part, Subject};
use crate::tui::table::{Cell, Column, Record, When, by_text};
use crate::tui::text::Elide;
use crate::tui::theme::Role;
use crate::tui::world::World;
use crate::tui::{fmt, holds, keys};
use std::borrow::Cow;
use std::sync::Arc;

/// Whose recovery points they are.
#[derive(Debug)]
enum Of {
    Vault(VaultRef),
    Resource(Arn),
}

/// The list of recovery points.
#[derive(Debug)]
pub struct Points {
    scope: Scope,
    of: Of,
    /// The resource's name, as a point of it tells it.
    told: Option<String>,
}

impl Points {
    /// Those of a vault.
    pub fn of_vault(scope: Scope, vault: VaultRef) -> Self {
        Self { scope, of: Of::Vault(vault), told: None }
    }

    /// Those of a resource, in all vaults.
    pub fn of_resource(scope: Scope, arn: Arn) -> Self {
        Self { scope, of: Of::Resource(arn), told: None }
    }

    /// What the points are of, as people call it.
    fn name(&self, world: &World) -> String {
        match &self.of {
            Of::Vault(vault) => vault.name.clone(),
            Of::Resource(arn) => self.told.clone().unwrap_or_else(|| world.resource_name(&self.scope, arn)),
        }
    }

    /// The vault, where it is known.
    fn vault<'a>(&self, world: &'a World) -> Option<&'a Arc<Vault>> {
        let Of::Vault(vault) = &self.of else { return None };
        world.store.find_vault(&self.scope, vault)
    }

    /// Who shares the vault, where another account does.
    fn shared_by(&self) -> Option<&AccountId> {
        match &self.of {
            Of::Vault(vault) => vault.owner.as_ref(),
            Of::Resource(_) => None,
        }
    }

    /// Why the vault's key cannot be used, where it cannot.
    fn key(&self, world: &World) -> String {
        let trouble = self.vault(world).and_then(|vault| keys::trouble(vault, world));
        trouble.map_or_else(String::new, |trouble| format!(", {trouble}"))
    }

    /// How the vault is locked, where it is.
    fn locked(&self, world: &World) -> String {
        let vault = self.vault(world);
        let air_gapped = vault.is_some_and(|vault| vault.vault_type.is_air_gapped());
        match vault.and_then(|vault| vault.lock).map(|lock| lock.mode(world.now())) {
            None => String::new(),
            Some(LockMode::Governance) => ", locked".to_owned(),
            Some(LockMode::CoolingOff(date)) => format!(", locks {}", fmt::relative(world.now(), date)),
            Some(LockMode::Compliance(_)) if air_gapped => ", air-gapped, locked for good".to_owned(),
            Some(LockMode::Compliance(_)) => ", locked for good".to_owned(),
        }
    }

    fn query(&self) -> Query {
        match &self.of {
            Of::Vault(vault) => Query::RecoveryPoints { vault: vault.clone() },
            Of::Resource(resource) => Query::RecoveryPointsOfResource { resource: resource.clone() },
        }
    }
}

/// What no answer has told yet: another thing than none.
fn not_known(world: &World) -> Cell {
    Cell::dim(world.glyphs.none)
}

static COLUMNS: &[Column<KnownPoint>] = &[
    Column::of(&point::CREATED, 11, 11).sorted(|a, b| b.created.cmp(&a.created)),
    Column::<KnownPoint>::new("AGE", 7, 8, |point, world| Cell::dim(fmt::coarse(world.now() - point.created)))
        .measured(Unit::Seconds, |point, world| (world.now() - point.created).num_seconds().into())
        .right()
        .priority(4),
    Column::of(&point::RESOURCE, 14, 28)
        .role(Role::Accent)
        .when(When::ManyResources)
        .once(|a, b| a.resource_arn == b.resource_arn)
        .sorted(|a, b| {
            by_text(
                &resource_name(a.resource_name.as_ref(), &a.resource_arn),
                &resource_name(b.resource_name.as_ref(), &b.resource_arn),
            )
        }),
    Column::of(&point::VAULT, 12, 20)
        .role(Role::Accent)
        .when(When::ManyVaults)
        .once(|a, b| a.vault_name == b.vault_name)
        .sorted(|a, b| by_text(&a.vault_name, &b.vault_name)),
    Column::of(&point::TYPE, 4, 9)
        .when(When::ManyResources)
        .once(|a, b| a.resource_type == b.resource_type)
        .priority(6),
    Column::of(&point::STATUS, 11, 12)
        .shown(|point, world| status::point(point, world.glyphs))
        .says(&[status::DAMAGED])
        .sorted(|a, b| a.status.as_str().cmp(b.status.as_str())),
    Column::of(&point::SIZE, 8, 9).sorted(|a, b| b.size_bytes.cmp(&a.size_bytes)).priority(3),
    Column::of(&point::DELETED, 7, 12)
        .titled("DELETED")
        .shown(|point, world| match point.delete_at() {
            // Its day does not count as long as a legal hold is on it.
            _ if !holds::on(point, world).is_empty() => Cell::new("held", Role::Accent),
            Known::Unknown => not_known(world),
            Known::Known(None) => Cell::dim("never"),
            Known::Known(Some(at)) => Cell::plain(fmt::relative(world.now(), at)),
        })
        .right()
        .priority(2)
        .sorted(|a, b| a.delete_at().told().cmp(&b.delete_at().told())),
    Column::of(&point::STORAGE, 7, 13)
        // Lists do not tell the class: then the day of the move tells all that is known.
        .shown(|point, world| match (point.is_cold(), point.cold_at()) {
            (Known::Known(true), _) => Cell::plain("cold"),
            (_, Known::Known(Some(at))) => Cell::plain(format!("cold {}", fmt::relative(world.now(), at))),
            (Known::Known(false), _) | (_, Known::Known(None)) => Cell::dim("warm"),
            (Known::Unknown, Known::Unknown) => not_known(world),
        })
        .once(|a, b| a.is_cold() == b.is_cold() && a.cold_at() == b.cold_at())
        .priority(7)
        .sorted(|a, b| a.cold_at().told().cmp(&b.cold_at().told())),
    Column::<KnownPoint>::new("PLAN", 9, 24, |point, world| match &point.created_by {
        Known::Unknown => not_known(world),
        Known::Known(None) => Cell::dim("on demand"),
        Known::Known(Some(creator)) if creator.backup_plan_name.is_empty() => {
            Cell::plain(creator.backup_plan_id.clone())
        }
        Known::Known(Some(creator)) => Cell::plain(creator.backup_plan_name.clone()),
    })
    .each(|point, _| match &point.created_by {
        Known::Unknown => vec![String::new()],
        // No plan, whatever is shown in its place.
        Known::Known(None) => vec![String::new(), "on demand".to_owned()],
        Known::Known(Some(creator)) => vec![creator.backup_plan_name.clone(), creator.backup_plan_id.clone()],
    })
    .once(|a, b| plan_of(a) == plan_of(b))
    .priority(5),
    Column::of(&point::MESSAGE, 20, 32).role(Role::Dim).grows().priority(1),
    Column::of(&point::ARN, 14, 24)
        .shown(|point, _| Cell::dim(point.arn.last_part().to_owned()))
        .grows()
        .elide(Elide::Middle)
        .priority(8),
];

fn plan_of(point: &KnownPoint) -> Known<Option<&str>> {
    point.created_by.as_ref().map(|creator| creator.as_ref().map(|creator| creator.backup_plan_name.as_str()))
}

impl Record for KnownPoint {
    fn id(&self) -> Cow<'_, str> {
        Cow::Borrowed(self.arn.as_str())
    }
    fn columns() -> &'static [Column<Self>] {
        COLUMNS
    }
    fn attributes() -> &'static [&'static Attribute<Self>] {
        point::ALL
    }
    fn words(&self, words: &mut String) {
        let plan = match &self.created_by {
            Known::Unknown => "",
            Known::Known(None) => "on demand",
            Known::Known(Some(creator)) => creator.backup_plan_name.as_str(),
        };
        for word in [
            self.arn.as_str(),
            self.resource_arn.as_str(),
            self.resource_name.as_deref().unwrap_or_default(),
            self.resource_type.as_str(),
            self.status.as_str(),
            plan,
            self.status_message.as_deref().unwrap_or_default(),
            &fmt::exact(self.created),
        ] {
            words.push_str(word);
            words.push(' ');
        }
    }
    fn is_problem(&self) -> bool {
        use crate::domain::recovery_point::RecoveryPointStatus as Status;
        matches!(self.status, Status::Partial | Status::Expired | Status::Stopped) || self.status_message.is_some()
    }
}

const EMPTY_VAULT: pane::Empty<'_> = &[
    "This vault holds no recovery point yet.",
    "",
    "Back a resource up into it now:",
    "$ :start-backup",
    "or let a plan do it every night:",
    "$ :create-plan",
];

const EMPTY_SHARED: pane::Empty<'_> = &["This vault holds no recovery point yet."];

const EMPTY_RESOURCE: pane::Empty<'_> =
    &["This resource was never backed up.", "", "Back it up now:", "$ :start-backup"];

impl Listed for Points {
    type Row = KnownPoint;

    fn title(&self, world: &World) -> String {
        let of = if matches!(self.of, Of::Vault(_)) { "in" } else { "of" };
        let shared = self.shared_by().map(|owner| format!(", shared by {} for restores", world.account(owner)));
        let (key, locked) = (self.key(world), self.locked(world));
        format!("Recovery points {of} {}{}{key}{locked}", self.name(world), shared.unwrap_or_default())
    }
    fn titled(&self) -> Option<When> {
        Some(if matches!(self.of, Of::Vault(_)) { When::ManyVaults } else { When::ManyResources })
    }
    fn crumb(&self, world: &World) -> String {
        self.name(world)
    }
    fn keys(&self, world: &World) -> Vec<Key> {
        let vaults = if self.shared_by().is_some() { Query::SharedVaults } else { Query::Vaults };
        let own = [self.query(), vaults].map(|query| Key::scoped(self.scope.clone(), query));
        let key = self.vault(world).filter(|_| self.shared_by().is_none());
        let key = key.and_then(|vault| vault.encryption_key_arn.clone());
        let key = key.map(|name| Key::scoped(self.scope.clone(), Query::KmsKey { name }));
        own.into_iter().chain(key).chain(holds::keys(&self.scope, world)).collect()
    }
    fn rows(&mut self, world: &World) -> Vec<Line<KnownPoint>> {
        let scopes = std::slice::from_ref(&self.scope);
        let lines = world.store.gather(scopes, &self.query(), Answer::recovery_points);
        self.told = lines.iter().find_map(|line| line.record.resource_name.clone());
        lines
    }
    fn freshness(&self, world: &World) -> Freshness {
        world.store.freshness(&[Key::scoped(self.scope.clone(), self.query())])
    }
    fn empty(&self, _: &World) -> pane::Empty<'static> {
        match &self.of {
            Of::Vault(_) if self.shared_by().is_some() => EMPTY_SHARED,
            Of::Vault(_) => EMPTY_VAULT,
            Of::Resource(_) => EMPTY_RESOURCE,
        }
    }
    fn open(&self, point: &KnownPoint, _: &World) -> Option<Vec<Act>> {
        let route = Route::Point(point.scope.clone(), point.vault(), point.arn.clone());
        Some(vec![Act::Open(route)])
    }
    fn takes_several(&self) -> bool {
        true
    }
    fn subject(&self, point: &Arc<KnownPoint>, _: &World) -> Subject {
        Subject::Point(Arc::clone(point), Part::Whole)
    }
    fn owner(&self, world: &World) -> Subject {
        match &self.of {
            Of::Resource(arn) => Subject::Resource(self.scope.clone(), arn.clone()),
            Of::Vault(named) => match self.vault(world) {
                Some(vault) => Subject::Vault(Arc::clone(vault)),
                None if named.owner.is_some() => Subject::Nothing,
                None => Subject::VaultName(self.scope.clone(), named.name.clone()),
            },
        }
    }
}
