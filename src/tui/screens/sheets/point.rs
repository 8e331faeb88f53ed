//! A recovery point: what it is, how long it is kept, where it was copied to, and what of it cannot be restored.

use super::{Sheet, moment};
use crate::client::{Answer, Feature, Key, Query};
use crate::domain::extension::MissingItem;
use crate::domain::job::JobState;
use crate::domain::proof::{LAST_DISPROVEN, LAST_PROVEN};
use crate::domain::vault::VaultRef;
use crate::domain::{Arn, KnownPoint, Scope, Time};
use crate::tui::fmt::{self, resource_name};
use crate::tui::screens::details::Detail;
use crate::tui::screens::status;
use crate::tui::table::Cell;
use crate::tui::theme::Role;
use crate::tui::world::World;
use crate::tui::{holds, said};
use std::sync::Arc;

/// Which recovery point.
#[derive(Debug, Clone)]
pub struct PointOf {
    /// Where it is listed.
    pub scope: Scope,
    /// The vault that it lies in.
    pub vault: VaultRef,
    /// Its ARN.
    pub arn: Arn,
}

impl PointOf {
    /// The recovery point of this ARN.
    pub fn new(scope: Scope, vault: VaultRef, arn: Arn) -> Self {
        Self { scope, vault, arn }
    }

    /// What is asked of it alone.
    pub fn key(&self) -> Key {
        let query = Query::RecoveryPoint { vault: self.vault.clone(), recovery_point: self.arn.clone() };
        Key::scoped(self.scope.clone(), query)
    }

    /// A folder in it.
    pub fn items_key(&self, path: &str) -> Key {
        let query = Query::Items { recovery_point: self.arn.clone(), path: path.to_owned() };
        Key::scoped(self.scope.clone(), query)
    }

    /// The other points of its resource, once it is known of which it is: with the one before it it is compared.
    pub fn siblings_key(&self, world: &World) -> Option<Key> {
        let resource = self.known(world)?.resource_arn.clone();
        Some(Key::scoped(self.scope.clone(), Query::RecoveryPointsOfResource { resource }))
    }

    /// What is known of it: what it told itself, else what any list tells, and the state that was told last.
    pub fn known<'a>(&self, world: &'a World) -> Option<&'a Arc<KnownPoint>> {
        world.store.newest_point(&self.scope, &self.vault, &self.arn)
    }

    /// What is asked for all that is told of it.
    pub fn keys(&self, world: &World) -> Vec<Key> {
        let mut keys = vec![self.key()];
        if world.store.capabilities.allows(Feature::Items).is_ok() {
            keys.push(self.items_key("/"));
        }
        keys.push(self.copies_key());
        if self.is_composite(world) {
            keys.push(self.nested_key());
        }
        keys.extend(holds::keys(&self.scope, world));
        keys
    }

    /// What is told of it.
    pub fn sheet(&self, world: &World) -> Sheet {
        let point = self.known(world);
        Sheet {
            kind: "Recovery point",
            name: point.map_or_else(String::new, |point| {
                format!(
                    "{} {}",
                    resource_name(point.resource_name.as_ref(), &point.resource_arn),
                    fmt::short(point.created)
                )
            }),
            keys: self.keys(world),
            facts: point.map(|point| self.facts(point, world)),
            absent: &["There is no such recovery point any more."],
        }
    }

    /// Whether it holds no data of its own, but other recovery points.
    pub fn is_composite(&self, world: &World) -> bool {
        self.known(world).is_some_and(|point| point.nesting.is_parent())
    }

    fn nested_key(&self) -> Key {
        Key::scoped(self.scope.clone(), Query::RecoveryPoints { vault: self.vault.clone() })
    }

    /// What is nested in a composite recovery point: each is restored by itself. Of a nested one, what it is nested in.
    fn nested(&self, world: &World) -> Vec<Detail> {
        let parent = self.known(world).and_then(|point| point.nesting.parent());
        if !self.is_composite(world) {
            return Detail::maybe("Nested in", parent.map(Arn::to_string)).into_iter().collect();
        }
        let scopes = std::slice::from_ref(&self.scope);
        let query = Query::RecoveryPoints { vault: self.vault.clone() };
        let lines = world.store.gather(scopes, &query, Answer::recovery_points);
        let of_this = lines.iter().filter(|line| line.record.nesting.parent() == Some(&self.arn));
        let mut nested: Vec<&KnownPoint> = of_this.map(|line| line.record.as_ref()).collect();
        nested.sort_by_key(|point| (point.nesting.member().map(str::to_owned), point.arn.clone()));
        let heading = "Nested recovery points: open one of them in the vault to restore it";
        let one = |point: &KnownPoint| {
            let (name, state) = (point.nesting.member().unwrap_or("template"), status::point(point, world.glyphs));
            Detail::cell(name, Cell::new(format!("{} {} {}", point.resource_type, state.text, point.arn), state.role))
        };
        std::iter::once(Detail::heading(heading)).chain(nested.into_iter().map(one)).collect()
    }

    fn copies_key(&self) -> Key {
        Key::scoped(self.scope.clone(), Query::CopyJobs)
    }

    /// Where it was copied to, and when that was done: the copy may be gone since.
    fn copies(&self, world: &World) -> Vec<Detail> {
        let jobs = world.store.copy_jobs(&self.scope).into_iter().flat_map(|jobs| jobs.iter());
        let of_this = jobs.filter(|job| job.source_recovery_point_arn.as_ref() == Some(&self.arn));
        let done = of_this.filter_map(|job| Some((job.destination_vault_arn.as_ref()?, job.completed?, &job.state)));
        done.filter(|(.., state)| matches!(state, JobState::Completed | JobState::Partial))
            .enumerate()
            .map(|(nth, (vault, at, state))| {
                let name = vault.vault_name().unwrap_or_else(|| vault.as_str());
                let place = vault.scope().map(|scope| format!(" in {}", world.scope_name(&scope))).unwrap_or_default();
                let part = if *state == JobState::Partial { ", in part" } else { "" };
                Detail::new(if nth == 0 { "Copied to" } else { "" }, format!("{name}{place}, {}{part}", fmt::exact(at)))
            })
            .collect()
    }

    fn facts(&self, point: &KnownPoint, world: &World) -> Vec<Detail> {
        let now = world.now();
        let moment = |time| moment(time, now);
        let items = world.store.items(&self.scope, &self.arn, "/");
        let mut facts = vec![
            Detail::cell("Status", status::point(point, world.glyphs)),
            Detail::new("Resource", resource_name(point.resource_name.as_ref(), &point.resource_arn)),
            Detail::new("Type", point.resource_type.as_str()),
            Detail::new("Vault", point.vault_name.clone()),
            Detail::new("Created", moment(point.created)),
        ];
        let owner = point.shared_by().map(|owner| format!("{}, for restores alone", world.account(&owner)));
        facts.extend(Detail::maybe("Shared by", owner));
        let source = point.source_vault_arn.as_ref().map(Option::as_ref).told();
        facts.extend(Detail::maybe("Copied from", source.map(Arn::to_string)));
        facts.extend(self.copies(world));
        facts.extend(Detail::maybe("Completed", point.completed.told().map(moment)));
        facts.extend(Detail::maybe("Size", point.size_bytes.map(|size| fmt::maybe_bytes(Some(size)))));
        let time = |value: &str| value.parse::<Time>().map_or_else(|_| value.to_owned(), moment);
        facts.extend(items.iter().flat_map(|items| &items.details).map(|(name, value)| match name.as_str() {
            LAST_PROVEN => Detail::cell("Restore proven", Cell::new(time(value), Role::Good)),
            LAST_DISPROVEN => Detail::cell("Restore failed", Cell::new(time(value), Role::Bad)),
            _ => Detail::new(&said::label(name), said::value(name, value)),
        }));
        facts.extend(Detail::maybe("Message", point.status_message.clone()));
        facts.extend(Detail::maybe("Files", items.and_then(|items| items.note.clone())));
        facts.extend(
            holds::named(point, world).map(|titles| Detail::cell("Legal hold", Cell::new(titles, Role::Accent))),
        );
        let never = || "never".to_owned();
        facts.push(Detail::known("Deleted", point.delete_at().map(|at| at.map_or_else(never, moment))));
        facts.extend(Detail::maybe("Storage", point.storage_class.clone().told()));
        let moved = point.is_cold().known() == Some(true);
        let title = if moved { "Cold since" } else { "To cold storage" };
        facts.extend(Detail::maybe(title, point.cold_at().told().map(moment)));
        facts.push(Detail::known(
            "Made by",
            point.created_by.as_ref().map(|creator| match creator {
                None => "on demand".to_owned(),
                Some(creator) => format!("plan {}, rule {}", creator.backup_plan_name, creator.backup_rule_name),
            }),
        ));
        facts.extend(Detail::maybe("Last restored", point.last_restore.told().map(moment)));
        facts.push(Detail::new("Account, region", world.scope_name(&point.scope)));
        facts.extend(self.nested(world));
        let items = items.map(AsRef::as_ref);
        let (lost, missing) = items.map_or((&[][..], &[][..]), |items| (&items.lost[..], &items.missing[..]));
        let lists = [
            ("What cannot be restored any more", lost, Role::Bad),
            ("What could not be read when it was made", missing, Role::Warning),
        ];
        for (heading, items, role) in lists.into_iter().filter(|(_, items, _)| !items.is_empty()) {
            facts.push(Detail::heading(heading));
            let told = |item: &MissingItem| Cell::new(format!("{}: {}", item.path, item.reason), role);
            facts.extend(items.iter().map(|item| Detail::cell("", told(item))));
        }
        facts.push(Detail::heading("Identity"));
        facts.push(Detail::new("ARN", point.arn.to_string()));
        facts.push(Detail::new("Resource ARN", point.resource_arn.to_string()));
        facts.extend(Detail::maybe("Role", point.iam_role_arn.as_ref().map(Option::as_ref).told().map(Arn::to_string)));
        facts.extend(Detail::maybe("Encryption key", point.encryption_key_arn.clone()));
        facts
    }
}
