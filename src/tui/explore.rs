//! Which recovery points are compared, and where something is looked for, of what is selected.

use crate::client::Feature;
use crate::client::query::Place;
use crate::domain::KnownPoint;
use crate::tui::dialog::Dialog;
use crate::tui::fmt::resource_name;
use crate::tui::msg::{Act, Tone};
use crate::tui::route::{Pair, Route};
use crate::tui::several::Marked;
use crate::tui::subject::Subject;
use crate::tui::world::World;
use std::sync::Arc;

/// Opens the recovery points of the resource that the selected thing is about.
pub fn points(subject: &Subject) -> Vec<Act> {
    match subject.resource() {
        Some((scope, arn)) => vec![Act::Open(Route::Resource(scope, arn))],
        None => vec![Act::Say(Tone::Plain, "select a resource, a job or a recovery point first".to_owned())],
    }
}

/// Compares two marked recovery points of one resource, the older one first; where none or one is marked, the selected one with
/// the one before it.
pub fn compare(subject: &Subject, marked: &Marked, world: &World) -> Vec<Act> {
    let compared = || {
        world.store.capabilities.allows(Feature::Items).map_err(str::to_owned)?;
        if marked.are_several() {
            return of_marked(marked);
        }
        let (Subject::Point(point, _) | Subject::Path(point, ..)) = subject else {
            return Err("select a recovery point first (2, enter), or mark two".to_owned());
        };
        let older = before(point, world).ok_or("no older recovery point of its resource is known here")?;
        Ok(pair(older, point))
    };
    match compared() {
        Ok(pair) => vec![Act::Open(Route::Changes(pair))],
        Err(why) => vec![Act::Say(Tone::Plain, why)],
    }
}

/// The two that are marked, or why they are not compared.
fn of_marked(marked: &Marked) -> Result<Pair, String> {
    let [(_, one), (_, other)] = marked.rows.as_slice() else {
        return Err(format!("mark two recovery points to compare: {} rows are marked", marked.rows.len()));
    };
    let (Subject::Point(one, _), Subject::Point(other, _)) = (one, other) else {
        return Err("mark two recovery points to compare".to_owned());
    };
    if one.resource_arn != other.resource_arn {
        let name = |point: &KnownPoint| resource_name(point.resource_name.as_ref(), &point.resource_arn);
        return Err(format!(
            "one is of {} and one of {}: only points of one resource are compared",
            name(one),
            name(other)
        ));
    }
    if one.scope != other.scope {
        return Err("they are of two accounts or regions: only points of one are compared".to_owned());
    }
    let (older, newer) =
        if (one.created, &one.arn) <= (other.created, &other.arn) { (one, other) } else { (other, one) };
    Ok(pair(older, newer))
}

fn pair(older: &KnownPoint, newer: &KnownPoint) -> Pair {
    Pair {
        scope: newer.scope.clone(),
        vault: newer.vault(),
        newer: newer.arn.clone(),
        older_vault: older.vault(),
        older: older.arn.clone(),
    }
}

/// The newest recovery point of the same resource that is older, of those that are known: in the same vault where there is one.
fn before<'a>(point: &KnownPoint, world: &'a World) -> Option<&'a Arc<KnownPoint>> {
    let store = &world.store;
    let of_vault = store.points(&point.scope, &point.vault()).into_iter().flat_map(|points| points.iter());
    let of_resource = store.points_of(&point.scope, &point.resource_arn).into_iter().flat_map(|points| points.iter());
    let older = |known: &&Arc<KnownPoint>| known.resource_arn == point.resource_arn && known.created < point.created;
    let in_vault = |known: &&Arc<KnownPoint>| known.vault_arn == point.vault_arn;
    let near = of_vault.chain(of_resource.clone()).filter(older).filter(in_vault).max_by_key(|known| known.created);
    near.or_else(|| of_resource.filter(older).max_by_key(|known| known.created))
}

/// Asks for a name, to find it in all recovery points of the selected resource or vault.
pub fn find(subject: &Subject, world: &World) -> Vec<Act> {
    if let Err(why) = world.store.capabilities.allows(Feature::Items) {
        return vec![Act::Say(Tone::Plain, why.to_owned())];
    }
    let place = match subject {
        Subject::Vault(vault) => Some((vault.scope.clone(), Place::Vault(vault.name.clone()))),
        Subject::VaultName(scope, name) => Some((scope.clone(), Place::Vault(name.clone()))),
        other => other.resource().map(|(scope, arn)| (scope, Place::Resource(arn))),
    };
    match place {
        Some((scope, place)) => vec![Act::Show(Dialog::Find(scope, place))],
        None => vec![Act::Say(Tone::Plain, "select a resource, a vault or a recovery point first".to_owned())],
    }
}
