//! The recovery points that are under a legal hold.

use crate::client::{Key, Query};
use crate::domain::Scope;
use crate::domain::legal_hold::{HeldPoint, HoldSummary};
use crate::tui::msg::Act;
use crate::tui::route::Route;
use crate::tui::screens::list::Listed;
use crate::tui::screens::pane;
use crate::tui::store::{Freshness, Line};
use crate::tui::subject::{Part, Subject};
use crate::tui::table::{Cell, Column, Record, by_text};
use crate::tui::text::Elide;
use crate::tui::theme::Role;
use crate::tui::world::World;
use std::borrow::Cow;
use std::sync::Arc;

/// The list of a hold's points.
#[derive(Debug)]
pub struct HeldPoints {
    scope: Scope,
    hold: String,
}

static COLUMNS: &[Column<HeldPoint>] = &[
    Column::<HeldPoint>::new("RESOURCE", 20, 50, |point, _| {
        Cell::new(point.resource_arn.last_part().to_owned(), Role::Accent)
    })
    .once(|a, b| a.resource_arn == b.resource_arn)
    .sorted(|a, b| by_text(a.resource_arn.last_part(), b.resource_arn.last_part())),
    Column::<HeldPoint>::new("TYPE", 6, 12, |point, _| Cell::dim(point.resource_type.as_str().to_owned()))
        .once(|a, b| a.resource_type == b.resource_type)
        .priority(2),
    Column::<HeldPoint>::new("VAULT", 12, 30, |point, _| Cell::plain(point.vault_name.clone()))
        .once(|a, b| a.vault_name == b.vault_name)
        .sorted(|a, b| by_text(&a.vault_name, &b.vault_name))
        .priority(1),
    Column::<HeldPoint>::new("RECOVERY POINT", 20, 40, |point, _| Cell::dim(point.arn.last_part().to_owned()))
        .grows()
        .elide(Elide::Middle),
];

impl Record for HeldPoint {
    fn id(&self) -> Cow<'_, str> {
        Cow::Borrowed(self.arn.as_str())
    }
    fn columns() -> &'static [Column<Self>] {
        COLUMNS
    }
    fn words(&self, words: &mut String) {
        for word in [self.arn.as_str(), self.resource_arn.as_str(), self.resource_type.as_str(), &self.vault_name] {
            words.push_str(word);
            words.push(' ');
        }
    }
}

const EMPTY: pane::Empty<'_> = &["Nothing is under this hold: it caught nothing, or it was released."];

impl HeldPoints {
    /// Of this hold.
    pub fn new(scope: Scope, hold: String) -> Self {
        Self { scope, hold }
    }

    fn summary<'a>(&self, world: &'a World) -> Option<&'a Arc<HoldSummary>> {
        world.store.legal_holds(&self.scope)?.iter().find(|hold| hold.id == self.hold)
    }

    fn points(&self) -> Key {
        Key::scoped(self.scope.clone(), Query::HeldPoints { hold: self.hold.clone() })
    }
}

impl Listed for HeldPoints {
    type Row = HeldPoint;

    fn title(&self, world: &World) -> String {
        format!("Under legal hold {}", self.crumb(world))
    }
    fn crumb(&self, world: &World) -> String {
        self.summary(world).map_or_else(|| self.hold.clone(), |hold| hold.title.clone())
    }
    fn keys(&self, _: &World) -> Vec<Key> {
        vec![self.points(), Key::scoped(self.scope.clone(), Query::LegalHolds)]
    }
    fn rows(&mut self, world: &World) -> Vec<Line<HeldPoint>> {
        let stale = world.store.slot(&self.points()).fault.is_some();
        let rows = world.store.held_points(&self.scope, &self.hold).into_iter().flat_map(|points| points.iter());
        rows.map(|point| Line { record: Arc::clone(point), stale }).collect()
    }
    fn freshness(&self, world: &World) -> Freshness {
        world.store.freshness(&[self.points()])
    }
    fn empty(&self, _: &World) -> pane::Empty<'static> {
        EMPTY
    }
    fn open(&self, point: &HeldPoint, _: &World) -> Option<Vec<Act>> {
        Some(vec![Act::Open(Route::Point(self.scope.clone(), point.vault_name.clone().into(), point.arn.clone()))])
    }
    fn subject(&self, point: &Arc<HeldPoint>, world: &World) -> Subject {
        let known = world.store.find_point(&self.scope, &point.arn);
        known.map_or_else(|| self.owner(world), |point| Subject::Point(Arc::clone(point), Part::Whole))
    }
    fn owner(&self, world: &World) -> Subject {
        self.summary(world).map_or(Subject::Nothing, |hold| Subject::LegalHold(Arc::clone(hold)))
    }
}
