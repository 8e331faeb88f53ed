//! A vault: what is in it, how it is locked, who may do what, and under which key it lies.

use super::{Sheet, moment};
use crate::client::{Key, Query};
use crate::domain::vault::{Vault, VaultRef};
use crate::domain::vault_lock::LockMode;
use crate::domain::{KnownPoint, Scope, Time};
use crate::tui::screens::details::Detail;
use crate::tui::screens::status;
use crate::tui::table::Cell;
use crate::tui::theme::Role;
use crate::tui::world::World;
use crate::tui::{fmt, keys, text};
use chrono::Duration;
use std::sync::Arc;

/// So many of the newest recovery points are named.
const NEWEST: usize = 8;
/// So many weeks are looked back.
const WEEKS: usize = 6;

/// A vault. Its points are asked for where that costs nothing, which is on an engine; on AWS those are told that were listed.
pub fn sheet(scope: &Scope, named: &VaultRef, world: &World) -> Sheet {
    let vault = world.store.find_vault(scope, named);
    let mut queries = Vec::new();
    if named.owner.is_none() {
        let name = named.name.clone();
        queries.extend([Query::AccessPolicy { vault: name.clone() }, Query::Notifications { vault: name }]);
        if world.is_engine() {
            queries.push(Query::RecoveryPoints { vault: named.clone() });
        }
        let key = vault.and_then(|vault| vault.encryption_key_arn.clone());
        queries.extend(key.map(|name| Query::KmsKey { name }));
    }
    Sheet {
        kind: "Vault",
        name: named.name.clone(),
        keys: queries.into_iter().map(|query| Key::scoped(scope.clone(), query)).collect(),
        facts: vault.map(|vault| facts(vault, world)),
        absent: &["There is no such vault any more."],
    }
}

fn facts(vault: &Vault, world: &World) -> Vec<Detail> {
    let now = world.now();
    let points = world.store.points(&vault.scope, &vault.named());
    let mut facts = vec![Detail::new("Recovery points", fmt::grouped(vault.recovery_points.max(0) as u64))];
    if let Some(points) = points.filter(|points| !points.is_empty()) {
        facts.extend(contents(points, world));
    }
    facts.extend(protection(vault, world));
    facts.extend(Detail::maybe(
        "Shared by",
        vault.shared_by().map(|owner| format!("{}, for restores alone", world.account(&owner))),
    ));
    facts.extend(Detail::maybe("Created", vault.created.map(|at| moment(at, now))));
    facts.push(Detail::new("Account, region", world.scope_name(&vault.scope)));
    if let Some(points) = points.filter(|points| !points.is_empty()) {
        facts.extend(growth(points, now));
        facts.push(Detail::heading("Newest recovery points"));
        facts.extend(newest(points).map(|point| {
            let state = status::point(point, world.glyphs);
            let name = fmt::resource_name(point.resource_name.as_ref(), &point.resource_arn);
            Detail::cell(&fmt::short(point.created), Cell::new(format!("{} {name}", state.text), state.role))
        }));
    }
    facts.push(Detail::heading("Identity"));
    facts.extend(Detail::maybe("Key", vault.encryption_key_arn.clone()));
    facts.push(Detail::new("ARN", vault.arn.to_string()));
    facts
}

/// How much there is, and how new.
fn contents(points: &[Arc<KnownPoint>], world: &World) -> Vec<Detail> {
    let sizes = points.iter().filter_map(|point| point.size_bytes).fold(0, i64::saturating_add);
    let mut facts =
        vec![Detail::new("Their sizes", format!("{} in all, before deduplication", fmt::maybe_bytes(Some(sizes))))];
    let newest = points.iter().map(|point| point.created).max();
    facts.extend(Detail::maybe("Newest", newest.map(|at| moment(at, world.now()))));
    facts
}

/// What each of the last weeks added, as bars: of what is there still, before deduplication.
fn growth(points: &[Arc<KnownPoint>], now: Time) -> Vec<Detail> {
    let mut weeks = [(0_usize, 0_i64); WEEKS];
    for point in points {
        let back = usize::try_from((now - point.created).num_weeks()).unwrap_or_default();
        if let Some((count, bytes)) = weeks.get_mut(back) {
            *count += 1;
            *bytes = bytes.saturating_add(point.size_bytes.unwrap_or_default().max(0));
        }
    }
    let most = weeks.iter().map(|(_, bytes)| *bytes).max().unwrap_or_default().max(1);
    let said = |(count, bytes): &(usize, i64)| {
        format!("{:>9} in {}", fmt::maybe_bytes(Some(*bytes)), text::count(*count, "point", "points"))
    };
    let widest = weeks.iter().map(|week| text::width(&said(week))).max().unwrap_or_default();
    let bars = weeks.iter().zip(1..).map(|(week, back)| {
        let begins = (now - Duration::weeks(back)).format("from %m-%d").to_string();
        let told = format!("{:<widest$}", said(week));
        Detail::bar(&begins, week.1 as f64 / most as f64, Role::Text, Cell::plain(told))
    });
    std::iter::once(Detail::heading("Added week by week, before deduplication")).chain(bars).collect()
}

/// What keeps what is in it: the lock, the policy, the keys.
fn protection(vault: &Vault, world: &World) -> Vec<Detail> {
    let now = world.now();
    let lock = match vault.lock.map(|lock| lock.mode(now)) {
        None => Cell::dim("none: who may delete, can"),
        Some(LockMode::Governance) => Cell::new("governance: whoever is allowed to can take it off", Role::Good),
        Some(LockMode::Compliance(_)) => Cell::new("compliance: nobody can take it off", Role::Good),
        Some(LockMode::CoolingOff(at)) => Cell::new(format!("final {}", fmt::relative(now, at)), Role::Warning),
    };
    let mut facts = vec![Detail::cell("Lock", lock)];
    facts.extend(Detail::maybe("Keeps", vault.lock.map(|lock| lock.to_string()).filter(|text| !text.is_empty())));
    if vault.vault_type.is_air_gapped() {
        facts.push(Detail::new("Kind", "logically air-gapped"));
    }
    if let Some(policy) = world.store.access_policy(&vault.scope, &vault.name) {
        facts
            .push(Detail::new("Access policy", if policy.is_some() { "yes: :access-policy shows it" } else { "none" }));
    }
    if let Some(told) = world.store.notifications(&vault.scope, &vault.name) {
        facts
            .push(Detail::new("Notifies", if told.is_some() { "yes: :notifications shows of what" } else { "nobody" }));
    }
    let trouble = keys::trouble(vault, world).map(|trouble| Detail::cell("Key", Cell::new(trouble, Role::Bad)));
    facts.extend(trouble);
    let missing = world.store.status().is_some_and(|status| {
        status.without_recovery_key().any(|(scope, name)| scope == vault.scope && vault.named() == name.into())
    });
    if missing {
        let said = format!("none yet: vaultdeck vault recovery-key {}", vault.name);
        facts.push(Detail::cell("Recovery key", Cell::new(said, Role::Warning)));
    }
    facts
}

/// The newest points, the newest first.
fn newest(points: &[Arc<KnownPoint>]) -> impl Iterator<Item = &KnownPoint> {
    let mut sorted: Vec<&KnownPoint> = points.iter().map(AsRef::as_ref).collect();
    sorted.sort_by(|a, b| (b.created, &b.arn).cmp(&(a.created, &a.arn)));
    sorted.into_iter().take(NEWEST)
}
