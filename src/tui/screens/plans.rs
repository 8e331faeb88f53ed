//! Screen 3: the plans.

use crate::client::attributes::{Attribute, plan};
use crate::client::{Answer, Key, Query};
use crate::domain::Time;
use crate::domain::plan::PlanSummary;
use crate::domain::value::Unit;
use crate::tui::fmt;
use crate::tui::msg::Act;
use crate::tui::route::Route;
use crate::tui::screens::list::Listed;
use crate::tui::screens::{pane, sheets};
use crate::tui::store::{Freshness, Line};
use crate::tui::subject::Subject;
use crate::tui::table::{Cell, Column, Record, by_text};
use crate::tui::theme::Role;
use crate::tui::world::World;
use std::borrow::Cow;
use std::sync::Arc;

/// The list of plans.
#[derive(Debug, Default)]
pub struct Plans {
    /// The details of every plan: for the next runs, and so that a plan opens at once.
    details: Vec<Key>,
}

static COLUMNS: &[Column<PlanSummary>] = &[
    Column::of(&plan::NAME, 14, 36).role(Role::Accent).sorted(|a, b| by_text(&a.name, &b.name)),
    Column::<PlanSummary>::new("RULES", 5, 5, |plan, world| {
        let detail = world.store.plan(&plan.scope, &plan.id);
        Cell::plain(detail.map(|detail| detail.plan.document.rules.len().to_string()).unwrap_or_default())
    })
    .measured(Unit::Pieces, |plan, world| {
        let detail = world.store.plan(&plan.scope, &plan.id);
        detail.map(|detail| detail.plan.document.rules.len() as i64).into()
    })
    .right()
    .priority(6),
    Column::<PlanSummary>::new("SELECTIONS", 10, 10, |plan, world| match world.store.plan(&plan.scope, &plan.id) {
        Some(detail) => match &detail.selections {
            Ok(selections) if selections.is_empty() => Cell::new("none", Role::Warning),
            Ok(selections) => Cell::plain(selections.len().to_string()),
            Err(fault) => Cell::new(fault.label(), Role::Warning),
        },
        None => Cell::dim(""),
    })
    .right()
    .priority(3),
    Column::<PlanSummary>::new("NEXT RUN", 11, 14, |plan, world| {
        Cell::plain(next_run(plan, world).map(|at| fmt::relative(world.now(), at)).unwrap_or_default())
    })
    .measured(Unit::Moment, |plan, world| next_run(plan, world).into())
    .right()
    .priority(1),
    Column::of(&plan::LAST_RUN, 11, 14)
        .shown(|plan, world| match plan.last_execution {
            Some(at) => Cell::plain(fmt::relative(world.now(), at)),
            None => Cell::dim("never"),
        })
        .right()
        .sorted(|a, b| b.last_execution.cmp(&a.last_execution))
        .priority(4),
    Column::account(12, 20).by_account().priority(2),
    Column::region(12, 14).by_region().priority(5),
    Column::of(&plan::CREATED, 8, 10)
        .titled("CHANGED")
        .shown(|plan, world| Cell::dim(fmt::age(world.now(), plan.created)))
        .right()
        .sorted(|a, b| b.created.cmp(&a.created))
        .priority(7),
    Column::of(&plan::ID, 12, 38).role(Role::Dim).grows().priority(8),
];

/// When a plan makes its next job, as far as its rules are known.
fn next_run(plan: &PlanSummary, world: &World) -> Option<Time> {
    let detail = world.store.plan(&plan.scope, &plan.id)?;
    sheets::plan::next_runs(detail, world.now(), 1).into_iter().next().map(|run| run.at)
}

impl Record for PlanSummary {
    fn id(&self) -> Cow<'_, str> {
        Cow::Borrowed(self.arn.as_str())
    }
    fn columns() -> &'static [Column<Self>] {
        COLUMNS
    }
    fn attributes() -> &'static [&'static Attribute<Self>] {
        plan::ALL
    }
    fn words(&self, words: &mut String) {
        for word in [&self.name, self.id.as_str(), self.scope.account.as_str(), self.scope.region.as_str()] {
            words.push_str(word);
            words.push(' ');
        }
    }
}

const EMPTY: pane::Empty<'_> = &[
    "No backup plan here yet.",
    "",
    "A plan says what is backed up, when, into which vault, and how long it is kept. Make one with:",
    "$ :create-plan",
    "",
    "It can protect everything with a tag. Register what there is to protect:",
    "$ :add-resource",
];

impl Listed for Plans {
    type Row = PlanSummary;

    fn title(&self, _: &World) -> String {
        "Backup plans".to_owned()
    }
    fn crumb(&self, _: &World) -> String {
        "Plans".to_owned()
    }
    fn keys(&self, world: &World) -> Vec<Key> {
        let mut keys = world.everywhere(&Query::Plans);
        keys.extend(self.details.iter().cloned());
        keys
    }
    fn rows(&mut self, world: &World) -> Vec<Line<PlanSummary>> {
        let lines = world.store.gather(&world.shown, &Query::Plans, Answer::plans);
        let plans = lines.iter().map(|line| &line.record);
        let details = plans.map(|plan| Key::scoped(plan.scope.clone(), Query::Plan { id: plan.id.clone() }));
        self.details = details.collect();
        lines
    }
    fn freshness(&self, world: &World) -> Freshness {
        world.store.freshness(&world.everywhere(&Query::Plans))
    }
    fn empty(&self, _: &World) -> pane::Empty<'static> {
        EMPTY
    }
    fn open(&self, plan: &PlanSummary, _: &World) -> Option<Vec<Act>> {
        Some(vec![Act::Open(Route::Plan(plan.scope.clone(), plan.id.clone()))])
    }
    fn takes_several(&self) -> bool {
        true
    }
    fn subject(&self, plan: &Arc<PlanSummary>, _: &World) -> Subject {
        Subject::Plan(plan.scope.clone(), plan.id.clone(), plan.name.clone(), plan.arn.clone())
    }
}
