//! What lies on the line of time of a continuous recovery point: what can be restored, its bases, the jobs of its resource, and the gaps
//! between it and the others of that.

use crate::client::{Feature, Key, Query};
use crate::domain::continuous::{EARLIEST, LATEST};
use crate::domain::job::JobState;
use crate::domain::recovery_point::RecoveryPointStatus;
use crate::domain::{Arn, KnownPoint, Scope, Time};
use crate::tui::world::World;
use chrono::{Duration, Timelike as _};

/// How many other recovery points of the resource are looked into.
const MOST_OTHERS: usize = 8;

/// Moments from the first to the last, both whole seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// The first.
    pub from: Time,
    /// The last.
    pub to: Time,
}

/// The line of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timeline {
    /// What this recovery point can be restored to.
    pub own: Window,
    /// The moments from which its bases can be restored, the oldest first.
    pub bases: Vec<Time>,
    /// What other recovery points of the resource can be restored to; between them lies what nothing has.
    pub others: Vec<(Window, Arn)>,
    /// The backup jobs of the resource, the oldest first.
    pub jobs: Vec<(Time, JobState)>,
}

impl Window {
    /// Whether a moment lies in it.
    pub fn holds(&self, at: Time) -> bool {
        self.from <= at && at <= self.to
    }

    /// The nearest moment in it.
    pub fn clamp(&self, at: Time) -> Time {
        at.max(self.from).min(self.to)
    }

    /// What its recovery point says, in whole seconds that can be asked for.
    fn of(scope: &Scope, point: &Arn, world: &World) -> Option<Self> {
        let details = &world.store.items(scope, point, "/")?.details;
        let time = |name: &str| details.get(name)?.parse::<Time>().ok();
        let (from, to) = (time(EARLIEST)?, time(LATEST)?);
        let up = if from.nanosecond() == 0 { from } else { whole(from) + Duration::seconds(1) };
        // One that lasts no second has one moment all the same.
        Some(Self { from: up, to: whole(to).max(up) })
    }
}

fn whole(at: Time) -> Time {
    at.with_nanosecond(0).unwrap_or(at)
}

fn items_key(scope: &Scope, point: &Arn) -> Key {
    Key::scoped(scope.clone(), Query::Items { recovery_point: point.clone(), path: "/".to_owned() })
}

/// The recovery points of a resource that are continuous, or were, as far as the list of them is known.
fn continuous<'a>(scope: &Scope, resource: &Arn, world: &'a World) -> impl Iterator<Item = &'a Arn> {
    let all = world.store.points_of(scope, resource).into_iter().flat_map(|points| points.iter());
    let is_continuous =
        |point: &RecoveryPointStatus| matches!(point, RecoveryPointStatus::Stopped | RecoveryPointStatus::Available);
    all.filter(move |point| is_continuous(&point.status)).map(|point| &point.arn)
}

/// The others than one of them.
fn others<'a>(point: &'a KnownPoint, world: &'a World) -> impl Iterator<Item = &'a Arn> {
    let all = continuous(&point.scope, &point.resource_arn, world);
    all.filter(move |other| **other != point.arn).take(MOST_OTHERS)
}

/// What has to be known for [`windows`]: an engine tells what such a point can be restored to beside its files.
pub fn window_keys(scope: &Scope, resource: &Arn, world: &World) -> Vec<Key> {
    let told = world.store.capabilities.allows(Feature::Items).is_ok();
    let points = continuous(scope, resource, world).filter(|_| told).take(MOST_OTHERS);
    points.map(|arn| items_key(scope, arn)).collect()
}

/// What a resource can be restored to any second of, and out of which recovery point.
pub fn windows(scope: &Scope, resource: &Arn, world: &World) -> Vec<(Window, Arn)> {
    let points = continuous(scope, resource, world).take(MOST_OTHERS);
    points.filter_map(|arn| Some((Window::of(scope, arn, world)?, arn.clone()))).collect()
}

impl Timeline {
    /// What has to be known for it.
    pub fn keys(point: &KnownPoint, world: &World) -> Vec<Key> {
        let resource = point.resource_arn.clone();
        let of_resource = [Query::RecoveryPointsOfResource { resource }, Query::BackupJobs];
        let items = std::iter::once(&point.arn).chain(others(point, world)).map(|arn| items_key(&point.scope, arn));
        of_resource.map(|query| Key::scoped(point.scope.clone(), query)).into_iter().chain(items).collect()
    }

    /// The key of what tells its ends.
    pub fn own_key(point: &KnownPoint) -> Key {
        items_key(&point.scope, &point.arn)
    }

    /// What is known of it; none while its ends are not, or for a recovery point that has none.
    pub fn of(point: &KnownPoint, world: &World) -> Option<Self> {
        let own = Window::of(&point.scope, &point.arn, world)?;
        let bases =
            world.store.items(&point.scope, &point.arn, "/").map(|items| items.bases.clone()).unwrap_or_default();
        let mut others: Vec<(Window, Arn)> =
            others(point, world).filter_map(|arn| Some((Window::of(&point.scope, arn, world)?, arn.clone()))).collect();
        others.sort_by_key(|(window, _)| window.from);
        let jobs = world.store.backup_jobs(&point.scope).into_iter().flat_map(|jobs| jobs.iter());
        let own_jobs = jobs.filter(|job| job.resource_arn == point.resource_arn);
        let mut jobs: Vec<(Time, JobState)> = own_jobs.map(|job| (job.created, job.state.clone())).collect();
        jobs.sort_by_key(|(at, _)| *at);
        Some(Self { own, bases, others, jobs })
    }

    /// From the first to the last second that any of the recovery points has.
    pub fn whole(&self) -> Window {
        let windows = self.others.iter().map(|(window, _)| window);
        windows.fold(self.own, |all, window| Window { from: all.from.min(window.from), to: all.to.max(window.to) })
    }

    /// The other recovery point that has a moment which this one has not.
    pub fn elsewhere(&self, at: Time) -> Option<&Arn> {
        self.others.iter().find(|(window, _)| window.holds(at)).map(|(_, arn)| arn)
    }

    /// The base that a restore to a moment begins with.
    pub fn base_before(&self, at: Time) -> Option<Time> {
        self.bases.iter().copied().rfind(|base| *base <= at)
    }

    /// The bases as moments that can be chosen.
    pub fn stops(&self) -> impl Iterator<Item = Time> {
        self.bases.iter().map(|base| self.own.clamp(whole(*base)))
    }
}
