//! What comes next, by the schedules of the plans.

use crate::client::query::PlanDetail;
use crate::client::{Key, Query};
use crate::domain::{Scope, Time};
use crate::tui::fmt;
use crate::tui::paint::{Painter, segment};
use crate::tui::screens::pane;
use crate::tui::screens::sheets::plan;
use crate::tui::store::Freshness;
use crate::tui::theme::Role;
use crate::tui::world::World;
use ratatui::layout::Rect;

/// A run to come.
#[derive(Debug)]
pub struct Next {
    at: Time,
    plan: String,
    rule: String,
    scope: Scope,
}

/// The next runs of every plan, and the keys of the plans.
pub fn gather(world: &World) -> (Vec<Next>, Vec<Key>) {
    let now = world.now();
    let (mut next, mut keys) = (Vec::new(), Vec::new());
    for scope in &world.shown {
        for summary in world.store.plans(scope).into_iter().flat_map(|plans| plans.iter()) {
            keys.push(Key::scoped(scope.clone(), Query::Plan { id: summary.id.clone() }));
            if let Some(detail) = world.store.plan(scope, &summary.id) {
                next.extend(runs(detail, scope, now));
            }
        }
    }
    next.sort_by_key(|run| run.at);
    (next, keys)
}

fn runs(detail: &PlanDetail, scope: &Scope, now: Time) -> Vec<Next> {
    let document = &detail.plan.document;
    let rule_name = |id: &str| {
        let rule = document.rules.iter().find(|rule| rule.rule_id.as_deref() == Some(id));
        rule.map(|rule| rule.rule_name.clone()).unwrap_or_default()
    };
    if detail.selections.as_ref().is_ok_and(|selections| selections.is_empty()) {
        return Vec::new();
    }
    plan::next_runs(detail, now, 3)
        .into_iter()
        .map(|run| Next {
            at: run.at,
            plan: document.backup_plan_name.clone(),
            rule: rule_name(&run.rule_id),
            scope: scope.clone(),
        })
        .collect()
}

/// Draws them, as many as fit.
pub fn view(next: &[Next], fresh: &Freshness, world: &World, area: Rect, painter: &mut Painter<'_>) {
    if area.height == 0 {
        return;
    }
    painter.rule(
        Rect::new(area.x, area.y, area.width, 1),
        &pane::title("Next runs", "", world),
        &pane::freshness(fresh, world),
    );
    let inner = Rect::new(area.x + 2, area.y + 1, area.width.saturating_sub(2), area.height - 1);
    if next.is_empty() {
        let said = match (fresh.is_waiting(), fresh.oldest) {
            (true, _) => "loading",
            (false, None) => "not known yet",
            (false, Some(_)) => "no plan runs next: :create-plan makes one",
        };
        painter.put(inner.x, inner.y, inner.width, said, Role::Dim);
    }
    for (nth, run) in next.iter().take(usize::from(inner.height)).enumerate() {
        let mut line = vec![
            segment(format!("{:<11}", fmt::relative(world.now(), run.at)), Role::Text),
            segment(format!("{}  ", fmt::short(run.at)), Role::Dim),
            segment(run.plan.clone(), Role::Accent),
            segment(format!(" {} {}", painter.glyphs.crumb, run.rule), Role::Dim),
        ];
        if world.many_accounts() {
            line.push(segment(format!("  {}", world.account(&run.scope.account)), Role::Dim));
        }
        painter.line(inner.x, inner.y + nth as u16, inner.width, &line);
    }
}
