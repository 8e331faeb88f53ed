//! A resource: whether it is protected, how its last job ended, and its newest recovery points.

use super::{Sheet, moment};
use crate::client::query::SelectableResource;
use crate::client::{Key, Query};
use crate::domain::job::BackupJob;
use crate::domain::resource::ProtectedResource;
use crate::domain::{Arn, KnownPoint, Scope};
use crate::tui::fmt;
use crate::tui::screens::details::Detail;
use crate::tui::screens::status;
use crate::tui::table::Cell;
use crate::tui::theme::Role;
use crate::tui::world::World;
use std::sync::Arc;

/// So many of the newest recovery points are named.
const NEWEST: usize = 8;

/// What is known of a resource, by each list that may have it.
struct Facts<'a> {
    registered: Option<&'a SelectableResource>,
    protected: Option<&'a ProtectedResource>,
    points: Option<&'a [Arc<KnownPoint>]>,
    last_job: Option<&'a BackupJob>,
}

/// A resource.
pub fn sheet(scope: &Scope, arn: &Arn, world: &World) -> Sheet {
    let store = &world.store;
    let jobs = store.backup_jobs(scope).into_iter().flat_map(|jobs| jobs.iter());
    let known = Facts {
        registered: store.resources(scope).and_then(|all| all.iter().find(|one| one.arn == *arn)).map(AsRef::as_ref),
        protected: store.protected(scope).and_then(|all| all.iter().find(|one| one.arn == *arn)).map(AsRef::as_ref),
        points: store.points_of(scope, arn).map(AsRef::as_ref),
        last_job: jobs.filter(|job| job.resource_arn == *arn).max_by_key(|job| job.created).map(AsRef::as_ref),
    };
    let is_known = known.registered.is_some() || known.protected.is_some() || known.points.is_some();
    Sheet {
        kind: "Resource",
        name: world.resource_name(scope, arn),
        keys: vec![Key::scoped(scope.clone(), Query::RecoveryPointsOfResource { resource: arn.clone() })],
        facts: is_known.then(|| facts(scope, arn, &known, world)),
        absent: &["There is no such resource any more."],
    }
}

fn facts(scope: &Scope, arn: &Arn, known: &Facts<'_>, world: &World) -> Vec<Detail> {
    let now = world.now();
    let last = known.protected.and_then(|protected| protected.last_backup_time);
    let mut facts = vec![Detail::cell(
        "Protected",
        match last {
            Some(at) => Cell::new(format!("{} last backup {}", world.glyphs.good, moment(at, now)), Role::Good),
            None => Cell::new(format!("{} never backed up: :start-backup", world.glyphs.warning), Role::Warning),
        },
    )];
    if let Some(job) = known.last_job {
        let state = status::backup_job(job, world.glyphs);
        let said = format!("{} {}", state.text, fmt::relative(now, job.created));
        facts.push(Detail::cell("Last job", Cell::new(said, state.role)));
        facts.extend(Detail::maybe("Message", job.status_message.clone()));
    }
    let vault = known.protected.and_then(|protected| protected.last_backup_vault_arn.as_ref()?.vault_name());
    facts.extend(Detail::maybe("Into vault", vault));
    let kind = known.registered.map(|one| &one.resource_type).or(known.protected.map(|one| &one.resource_type));
    facts.extend(Detail::maybe("Type", kind.map(|kind| kind.as_str())));
    let path = known.registered.and_then(|one| one.path.clone().known()).filter(|path| !path.is_empty());
    facts.extend(Detail::maybe("Location", path));
    let tags = known.registered.into_iter().flat_map(|one| &one.tags);
    let tags: Vec<String> = tags.map(|(key, value)| format!("{key}={value}")).collect();
    facts.extend(Detail::maybe("Tags", Some(tags.join("\n")).filter(|tags| !tags.is_empty())));
    facts.extend(known.points.into_iter().flat_map(|points| newest(points, world)));
    facts.push(Detail::heading("Identity"));
    facts.push(Detail::new("Account, region", world.scope_name(scope)));
    facts.push(Detail::new("ARN", arn.to_string()));
    facts
}

/// The newest recovery points, each with where it lies.
fn newest(points: &[Arc<KnownPoint>], world: &World) -> Vec<Detail> {
    let mut sorted: Vec<&KnownPoint> = points.iter().map(AsRef::as_ref).collect();
    sorted.sort_by(|a, b| (b.created, &b.arn).cmp(&(a.created, &a.arn)));
    let total = fmt::grouped(points.len() as u64);
    let one = |point: &KnownPoint| {
        let state = status::point(point, world.glyphs);
        let size = fmt::maybe_bytes(point.size_bytes);
        let said = format!("{} {size} {}", state.text, point.vault_name);
        Detail::cell(&fmt::short(point.created), Cell::new(said, state.role))
    };
    let heading = std::iter::once(Detail::heading(&format!("Recovery points, {total} in all")));
    let none = sorted.is_empty().then(|| Detail::cell("", Cell::dim("none yet")));
    heading.chain(none).chain(sorted.into_iter().take(NEWEST).map(one)).collect()
}
